//! Debian's packages, for root on Debian.

use std::{path::Path, thread, time::Duration};

use crate::{failure::Failure, program::Program};

/// Tells whether packages can be installed here.
pub(super) fn is_usable() -> bool {
    Path::new("/usr/bin/apt-get").exists()
        && Program::new("id -u").read().is_ok_and(|user| user == "0")
}

/// Installs `packages`, without what they only recommend.
///
/// # Errors
///
/// If that fails twice.
pub(super) fn install(packages: &[&str]) -> Result<(), Failure> {
    eprintln!("setup: installing Debian's {}", packages.join(", "));
    let attempt = || {
        apt_get("update --quiet").run()?;
        let install = apt_get("install --quiet --yes --no-install-recommends");
        packages.iter().fold(install, Program::arg).run()
    };
    attempt().or_else(|failure| {
        eprintln!("setup: {failure}; trying once more");
        thread::sleep(RETRY_AFTER);
        attempt()
    })
}

fn apt_get(line: &str) -> Program {
    Program::new(&format!("apt-get -o DPkg::Lock::Timeout=300 {line}"))
        .env("DEBIAN_FRONTEND", "noninteractive")
}

/// Mirrors and locks are usually back by then.
const RETRY_AFTER: Duration = Duration::from_secs(10);
