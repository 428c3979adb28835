//! A Python with what the reference needs, in `target/venv`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::apt;
use crate::{
    failure::{Failure, OrFail},
    program::{Program, root},
};

/// The interpreter of `target/venv`.
pub(crate) struct Python(PathBuf);

impl Python {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn program(&self) -> Program {
        let line = self.0.display().to_string();
        // No bytecode beside the sources, and text is UTF-8 whatever the locale says.
        Program::new(&line).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1")
    }
}

/// Makes `target/venv` unless it holds what `tests/reference/requirements.txt` asks for.
///
/// # Errors
///
/// If there is no Python, or the packages cannot be had.
pub(crate) fn python() -> Result<Python, Failure> {
    let requirements = root().join("tests/reference/requirements.txt");
    let wanted = fs::read_to_string(&requirements).or_fail("tests/reference/requirements.txt")?;
    let folder = root().join("target/venv");
    let interpreter = folder.join("bin/python");
    let made_from = folder.join("requirements.txt");
    let is_there = fs::read_to_string(&made_from).is_ok_and(|found| found == wanted);
    if is_there && Program::new(&interpreter.display().to_string()).arg("--version").succeeds() {
        eprintln!("setup: target/venv is there");
        return Ok(Python(interpreter));
    }

    eprintln!("setup: making target/venv");
    let create = || Program::new("python3 -m venv --clear").arg(&folder).run();
    if let Err(failure) = create() {
        if !apt::is_usable() {
            return Err(Failure::new(format!(
                "{failure}; install Python 3.9 or later with its venv module \
                 (on Debian: python3 and python3-venv)"
            )));
        }
        apt::install(&["python3", "python3-venv"])?;
        create()?;
    }
    Python(interpreter.clone())
        .program()
        .arg("-m")
        .args(
            &["pip", "install", "--quiet", "--disable-pip-version-check", "-r"].map(str::to_owned),
        )
        .arg(&requirements)
        .run()?;
    // Written last: a half-made folder is made again.
    fs::write(&made_from, wanted).or_fail("cannot write to target/venv")?;
    Ok(Python(interpreter))
}
