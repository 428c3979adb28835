//! Node, the browsers that it drives, and the packages that do so.

use std::{fs, path::Path};

use super::apt;
use crate::{
    failure::{Failure, OrFail},
    program::{Program, is_ci, root},
};

/// Installs the browsers, and the packages of `folder` as its lock file says.
///
/// What is missing is told of; who needs it is skipped, unless `CI=true`.
///
/// # Errors
///
/// If `CI=true` and something cannot be had.
pub(crate) fn browsers(folder: &str) -> Result<(), Failure> {
    for (program, package) in BROWSERS {
        if Program::new("which").arg(program).succeeds() {
            eprintln!("setup: {program} is there");
        } else if !apt::is_usable() || apt::install(&[package]).is_err() {
            missing(&format!("{program} is missing (on Debian: {package})"))?;
        }
    }
    let packages = packages(&root().join(folder));
    packages.or_else(|failure| missing(&format!("{failure} (Node 20 or later is needed)")))
}

/// Makes `node_modules` unless it is what the lock file says.
///
/// # Errors
///
/// If there is no lock file, or npm fails.
fn packages(folder: &Path) -> Result<(), Failure> {
    let lock = folder.join("package-lock.json");
    let wanted = fs::read_to_string(&lock).or_fail(lock.display())?;
    let made_from = folder.join("node_modules/.made-from");
    if fs::read_to_string(&made_from).is_ok_and(|found| found == wanted) {
        eprintln!("setup: {} has its packages", folder.display());
        return Ok(());
    }
    Program::new("npm ci --ignore-scripts --no-audit --no-fund").current_dir(folder).run()?;
    // Written last: half a folder is made again.
    fs::write(&made_from, wanted).or_fail(made_from.display())
}

fn missing(what: &str) -> Result<(), Failure> {
    if is_ci() {
        return Err(Failure::new(what));
    }
    eprintln!("setup: {what}; what needs it is skipped");
    Ok(())
}

const BROWSERS: [(&str, &str); 2] = [("chromium", "chromium"), ("firefox-esr", "firefox-esr")];
