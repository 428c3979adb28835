//! A clean clone of the newest commit, tested as CI does.

use std::{env, fs, process};

use crate::{
    failure::{Failure, OrFail},
    program::{Program, root},
};

/// Clones the newest commit into a temporary folder and runs its `.ci/run`.
///
/// What is not committed is not tested: that is the point.
///
/// # Errors
///
/// If the clone or its tests fail; the folder is then left for looking at.
pub(crate) fn run() -> Result<(), Failure> {
    let folder = env::temp_dir().join(format!("markerbed-ci-{}", process::id()));
    Program::new("git clone --quiet --no-hardlinks").arg(root()).arg(&folder).run()?;
    Program::new("bash .ci/run")
        .current_dir(&folder)
        .without_env("CARGO_TARGET_DIR")
        .env("CI", "true")
        .run()?;
    fs::remove_dir_all(&folder).or_fail(format!("cannot remove {}", folder.display()))
}
