//! Targets other than this machine: which toolchain can build for them.
//!
//! Tried in this order: the active toolchain; a standard library built once from Debian's sources;
//! `rustup target add`.

use std::{
    env, fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process,
};

use super::apt;
use crate::{
    failure::{Failure, OrFail},
    program::{Program, is_ci, root},
    wasm_lint::DEBIAN_CLIPPY,
};

/// A target that core has to build for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// Sandboxes and browsers.
    Wasm32,
    /// A small processor: 32 bits, no operating system, no std.
    NoStd,
}

impl Target {
    pub(crate) const ALL: [Self; 2] = [Self::Wasm32, Self::NoStd];

    pub(crate) const fn triple(self) -> &'static str {
        match self {
            Self::Wasm32 => "wasm32-unknown-unknown",
            Self::NoStd => "thumbv7em-none-eabi",
        }
    }

    /// Finds or makes a way to build for this target.
    ///
    /// # Errors
    ///
    /// If `CI=true` and there is none, or if making one fails.
    pub(crate) fn ensure(self) -> Result<Build, Failure> {
        let triple = self.triple();
        if has_target(&active_sysroot()?, triple) {
            eprintln!("setup: the active toolchain builds for {triple}");
            return Ok(Build::Active);
        }
        if let Some(rustc) = self.by_debian()? {
            eprintln!("setup: Debian's compiler builds for {triple}");
            return Ok(Build::Rustc(rustc));
        }
        eprintln!("setup: trying `rustup target add {triple}`");
        if Program::new("rustup target add").arg(triple).succeeds() {
            return Ok(Build::Active);
        }
        let missing = format!(
            "no toolchain here builds for {triple}: run `rustup target add {triple}`, or on \
             Debian as root `apt-get install {}`, then `cargo xtask setup`",
            DEBIAN_PACKAGES.join(" ")
        );
        if is_ci() {
            return Err(Failure::new(missing));
        }
        eprintln!("setup: SKIPPED, {missing}");
        Ok(Build::Skipped(missing))
    }

    /// What `-Zbuild-std` has to build.
    const fn parts(self) -> &'static str {
        match self {
            // `test` is for tests that run in a browser.
            Self::Wasm32 => "std,panic_abort,test",
            Self::NoStd => "core,alloc",
        }
    }

    fn by_debian(self) -> Result<Option<PathBuf>, Failure> {
        if !debian_is_installed() {
            if !apt::is_usable() {
                return Ok(None);
            }
            apt::install(DEBIAN_PACKAGES)?;
        }
        if !debian_is_installed() || !debian_is_new_enough()? {
            return Ok(None);
        }
        // Not needed to build: without it only its step is skipped.
        if !Path::new(DEBIAN_CLIPPY).exists()
            && apt::is_usable()
            && let Err(failure) = apt::install(&["rust-web-clippy"])
        {
            eprintln!("setup: {failure}");
        }
        let sysroot = cache_folder()?.join(debian_key()?);
        let rustc = lay_out_sysroot(&sysroot)?;
        if !has_target(&sysroot, self.triple()) {
            eprintln!("setup: building {} for {} once", self.parts(), self.triple());
            self.build_std(&sysroot)?;
        }
        Ok(Some(rustc))
    }

    /// Builds the standard library and moves it into `sysroot` in one step.
    fn build_std(self, sysroot: &Path) -> Result<(), Failure> {
        let triple = self.triple();
        let work = sysroot.join(format!("work-{}", process::id()));
        let made = work.join("lib");
        fs::create_dir_all(work.join("src")).or_fail(work.display())?;
        fs::create_dir_all(&made).or_fail(made.display())?;
        fs::write(work.join("src/lib.rs"), "#![no_std]\n").or_fail(work.display())?;
        fs::write(work.join("Cargo.toml"), PROBE_MANIFEST).or_fail(work.display())?;
        Program::new("/usr/bin/cargo build --quiet --release --target")
            .arg(triple)
            .arg(format!("-Zbuild-std={}", self.parts()))
            .current_dir(&work)
            .without_env("RUSTUP_TOOLCHAIN")
            .without_env("RUSTC_WRAPPER")
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", DEBIAN_RUSTC)
            // Without bitcode a program cannot be optimised together with std.
            .env("RUSTFLAGS", "-Cembed-bitcode=yes")
            .env("CARGO_TARGET_DIR", work.join("target"))
            .run()?;
        let built = work.join("target").join(triple).join("release/deps");
        for file in fs::read_dir(&built).or_fail(built.display())? {
            let file = file.or_fail(built.display())?;
            let name = file.file_name().to_string_lossy().into_owned();
            if name.ends_with(".rlib") && !name.contains(PROBE) {
                fs::copy(file.path(), made.join(name)).or_fail(built.display())?;
            }
        }
        let place = sysroot.join("lib/rustlib").join(triple);
        fs::create_dir_all(&place).or_fail(place.display())?;
        if let Err(cause) = fs::rename(&made, place.join("lib")) {
            // Another setup at the same time was faster.
            if !has_target(sysroot, triple) {
                return Err(Failure::new(format!("cannot fill {}: {cause}", place.display())));
            }
        }
        fs::remove_dir_all(&work).or_fail(work.display())
    }
}

/// How core is built for a target.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Build {
    /// By the active toolchain.
    Active,
    /// By this compiler.
    Rustc(PathBuf),
    /// Not here; the sentence says what is missing.
    Skipped(String),
}

fn has_target(sysroot: &Path, triple: &str) -> bool {
    let libraries = sysroot.join("lib/rustlib").join(triple).join("lib");
    let Ok(mut files) = fs::read_dir(libraries) else { return false };
    files.any(|file| file.is_ok_and(|file| file.file_name().to_string_lossy().contains("libcore-")))
}

fn active_sysroot() -> Result<PathBuf, Failure> {
    Program::new("rustc --print sysroot").read().map(PathBuf::from)
}

fn debian_is_installed() -> bool {
    [DEBIAN_RUSTC, "/usr/bin/cargo", "/usr/lib/rustlib/src/rust/library"]
        .iter()
        .all(|path| Path::new(path).exists())
}

/// Tells whether Debian's compiler is at least the workspace's `rust-version`.
fn debian_is_new_enough() -> Result<bool, Failure> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).or_fail("Cargo.toml")?;
    let wanted = quoted_after(&manifest, "rust-version = ").or_fail("no rust-version")?;
    let found = Program::new(DEBIAN_RUSTC).arg("--version").read()?;
    let found = found.split_whitespace().nth(1).unwrap_or_default();
    Ok(numbers(found) >= numbers(&wanted))
}

fn quoted_after(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split('"').nth(1).map(str::to_owned)
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

/// A folder name that changes with every update of the compiler or its sources.
fn debian_key() -> Result<String, Failure> {
    let versions = Program::new("dpkg-query --show --showformat=${Version}-")
        .args(&["rustc-web", "rust-web-src"].map(str::to_owned))
        .read()?;
    let first = versions.split('-').next().unwrap_or_default();
    let sum: u64 = versions.bytes().fold(0, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    Ok(format!("rust-{first}-{sum:016x}").replace(['/', ' '], "_"))
}

fn cache_folder() -> Result<PathBuf, Failure> {
    let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || env::home_dir().map(|home| home.join(".cache"));
    let folder = named.filter(|path| path.is_absolute()).or_else(home);
    Ok(folder.or_fail("no home folder to cache a standard library in")?.join("markerbed"))
}

/// Makes a folder that the compiler takes for its own, and returns a compiler that does so.
///
/// Debian's folder belongs to root and to its packages: nothing is added to it.
fn lay_out_sysroot(sysroot: &Path) -> Result<PathBuf, Failure> {
    let host = host_triple()?;
    let own = sysroot.join("lib/rustlib").join(&host);
    fs::create_dir_all(sysroot.join("bin")).or_fail(sysroot.display())?;
    fs::create_dir_all(own.join("bin")).or_fail(own.display())?;
    let debian = Path::new("/usr/lib/rustlib").join(&host);
    link(&debian.join("lib"), &own.join("lib"))?;
    // Debian's compiler comes without the linker for wasm32; the active toolchain has one.
    let linker = active_sysroot()?.join("lib/rustlib").join(&host).join("bin/rust-lld");
    if linker.exists() {
        link(&linker, &own.join("bin/rust-lld"))?;
    }
    for name in ["rustc", "rustdoc"] {
        let script = sysroot.join("bin").join(name);
        let text =
            format!("#!/bin/sh\nexec /usr/bin/{name} --sysroot \"{}\" \"$@\"\n", sysroot.display());
        if fs::read_to_string(&script).is_ok_and(|found| found == text) {
            continue;
        }
        let new = sysroot.join("bin").join(format!("{name}-{}", process::id()));
        fs::write(&new, text).or_fail(new.display())?;
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).or_fail(new.display())?;
        fs::rename(&new, &script).or_fail(script.display())?;
    }
    Ok(sysroot.join("bin/rustc"))
}

fn host_triple() -> Result<String, Failure> {
    let text = Program::new("rustc -vV").read()?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).or_fail("`rustc -vV` names no host")
}

fn link(original: &Path, place: &Path) -> Result<(), Failure> {
    if fs::read_link(place).is_ok_and(|found| found == original) {
        return Ok(());
    }
    let new = place.with_extension(format!("new-{}", process::id()));
    symlink(original, &new).or_fail(new.display())?;
    fs::rename(&new, place).or_fail(place.display())
}

const DEBIAN_PACKAGES: &[&str] = &["rustc-web", "rust-web-src", "cargo-web"];

pub(crate) const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

const PROBE: &str = "standard_library_probe";

const PROBE_MANIFEST: &str = r#"[package]
name = "standard_library_probe"
version = "0.0.0"
edition = "2024"

[profile.release]
panic = "abort"

[workspace]
"#;
