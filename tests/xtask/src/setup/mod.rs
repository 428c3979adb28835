//! What building and testing needs: checked first, installed where missing.
//!
//! As root on Debian everything can be installed; an ordinary user is told what is missing.

mod apt;
mod node;
mod python;
mod target;

pub(crate) use node::browsers;
pub(crate) use python::{Python, python};
pub(crate) use target::{Build, DEBIAN_RUSTC, Target};

use crate::{browser, cross_target, failure::Failure, npm, program::Program};

/// What `cargo xtask test` needs after a setup.
pub(crate) struct Tools {
    pub(crate) python: Python,
    /// How core is built for each target, in the order of [`Target::ALL`].
    pub(crate) builds: Vec<(Target, Build)>,
}

/// Checks everything and installs what is missing.
///
/// # Errors
///
/// If something cannot be had; targets are skipped by name instead, unless `CI=true`.
pub(crate) fn run() -> Result<Tools, Failure> {
    nextest()?;
    let python = python()?;
    programs_of_faults();
    browsers(cross_target::DRIVER)?;
    browsers(browser::DRIVER)?;
    for folder in npm::FOLDERS {
        browsers(folder)?;
    }
    let builds = Target::ALL
        .into_iter()
        .map(|target| Ok((target, target.ensure()?)))
        .collect::<Result<_, Failure>>()?;
    Ok(Tools { python, builds })
}

fn nextest() -> Result<(), Failure> {
    if Program::cargo("nextest --version").succeeds() {
        eprintln!("setup: cargo-nextest is there");
        return Ok(());
    }
    eprintln!("setup: cargo-nextest is missing; building it takes some minutes");
    Program::cargo("install --locked cargo-nextest --version").arg(NEXTEST_VERSION).run()
}

/// Power cuts and interrupted syncs need them; tests that miss one are skipped, and say so.
fn programs_of_faults() {
    for (program, package) in FAULT_PROGRAMS {
        if Program::new("which").arg(program).succeeds() {
            eprintln!("setup: {program} is there");
        } else if !apt::is_usable() || apt::install(&[package]).is_err() {
            eprintln!("setup: {program} is missing (on Debian: {package}); tests are skipped");
        }
    }
}

/// Each with Debian's package of it.
const FAULT_PROGRAMS: [(&str, &str); 3] =
    [("strace", "strace"), ("mkfs.ext4", "e2fsprogs"), ("perl", "perl-base")];

/// The newest that was tried; one that is there already may be another.
const NEXTEST_VERSION: &str = "0.9.143";
