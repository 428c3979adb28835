//! Clippy on what is built for wasm32 alone: natively those crates are empty.

use crate::{
    failure::Failure,
    program::Program,
    setup::{Build, DEBIAN_RUSTC, Target},
};

/// Runs clippy on every crate that wasm32 has, with each set of features that is built.
///
/// # Errors
///
/// If it complains about one.
pub(crate) fn run(build: &Build) -> Result<(), Failure> {
    GUESTS.iter().try_for_each(|line| {
        clippy(build)
            .args(&["--quiet", "--locked", "--target", Target::Wasm32.triple()].map(str::to_owned))
            .args(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .args(&["--", "--deny", "warnings"].map(str::to_owned))
            .run()
    })
}

/// What is missing for it, if anything.
pub(crate) fn missing(build: &Build) -> Option<String> {
    match build {
        Build::Active => None,
        Build::Skipped(missing) => Some(missing.clone()),
        Build::Rustc(_) => {
            let version = |program: Program| minor(&program.arg("--version").read().ok()?);
            let wanted = version(Program::new(DEBIAN_RUSTC));
            let found = version(Program::new(DEBIAN_DRIVER));
            (wanted.is_none() || wanted != found).then(|| {
                "clippy of Debian's compiler is missing, or of another version (rust-web-clippy)"
                    .to_owned()
            })
        }
    }
}

/// 96 of `rustc 1.96.0 (…)` and of `clippy 0.1.96 (…)`.
fn minor(version: &str) -> Option<u32> {
    let mut words = version.split_whitespace();
    let (name, version) = (words.next()?, words.next()?);
    let place = if name == "clippy" { 2 } else { 1 };
    version.split('.').nth(place)?.parse().ok()
}

/// Clippy of the compiler that builds: no other reads what that has built.
fn clippy(build: &Build) -> Program {
    let Build::Rustc(rustc) = build else { return Program::cargo("clippy") };
    let sysroot = rustc.ancestors().nth(2).unwrap_or(rustc);
    Program::new(DEBIAN_CLIPPY)
        .arg("clippy")
        .env("CARGO_INCREMENTAL", "0")
        .env("RUSTC", rustc)
        .env("SYSROOT", sysroot)
}

/// Debian's, of its own compiler.
pub(crate) const DEBIAN_CLIPPY: &str = "/usr/bin/cargo-clippy";

const DEBIAN_DRIVER: &str = "/usr/bin/clippy-driver";

/// Guests have the profile in which they are shipped, so that its macros are built once.
const GUESTS: &[&str] = &[
    "--package markerbed-core --package markerbed-storage --package markerbed-workspace",
    "--package markerbed-web --all-targets",
    "--package markerbed-conformance-web",
    "--profile wasm --package markerbed-core --features wasm-simd",
    "--profile wasm --package markerbed-component",
    "--profile wasm --package markerbed-component --features engine,simd",
    "--profile wasm --package markerbed-cross-target --lib --features component,simd",
    "--profile wasm --package markerbed-cross-target --lib --features web,simd",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_and_its_clippy_have_one_number() {
        assert_eq!(minor("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a tarball)"), Some(96));
        assert_eq!(minor("clippy 0.1.96 (ac68faa20c 2026-05-25)"), Some(96));
        assert_eq!(minor("clippy 0.1.63"), Some(63));
        assert_eq!(minor("what"), None);
    }
}
