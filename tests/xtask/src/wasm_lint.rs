//! Clippy on what is built for wasm32 alone: natively those crates are empty.

use std::path::Path;

use crate::{
    failure::Failure,
    program::Program,
    setup::{Build, Target},
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
        Build::Rustc(_) => (!Path::new(DEBIAN_CLIPPY).exists())
            .then(|| "clippy of Debian's compiler is missing (rust-web-clippy)".to_owned()),
    }
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

/// Guests have the profile in which they are shipped, so that its macros are built once.
const GUESTS: &[&str] = &[
    "--package markerbed-core --package markerbed-storage",
    "--package markerbed-web --all-targets",
    "--profile wasm --package markerbed-core --features wasm-simd",
    "--profile wasm --package markerbed-component",
    "--profile wasm --package markerbed-component --features engine,simd",
    "--profile wasm --package markerbed-cross-target --lib --features component,simd",
    "--profile wasm --package markerbed-cross-target --lib --features web,simd",
];
