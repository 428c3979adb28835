//! Other programs: how they are started, shown and heard.

use std::{
    env,
    ffi::OsStr,
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::failure::{Failure, OrFail};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_path_buf()
}

/// Tells whether a missing thing must fail rather than be skipped.
pub(crate) fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true")
}

/// A program about to be started in the root of the repository.
pub(crate) struct Program {
    command: Command,
    shown: String,
}

impl Program {
    /// Names a program and the arguments in `line`, divided by blanks.
    pub(crate) fn new(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).current_dir(root()).stdin(Stdio::null());
        Self { command, shown: line.to_owned() }
    }

    /// Names a cargo command; what it builds is for one run, so nothing incremental is kept.
    pub(crate) fn cargo(line: &str) -> Self {
        Self::new(&format!("cargo {line}")).env("CARGO_INCREMENTAL", "0")
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.shown.push(' ');
        self.shown.push_str(&argument.as_ref().to_string_lossy());
        self.command.arg(argument);
        self
    }

    pub(crate) fn args(self, arguments: &[String]) -> Self {
        arguments.iter().fold(self, Self::arg)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn current_dir(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Shows the line, runs it and hears nothing.
    ///
    /// # Errors
    ///
    /// If it cannot be started or does not end with 0.
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        eprintln!("+ {}", self.shown);
        let status = self.command.status().or_fail(format!("cannot start `{}`", self.shown))?;
        if status.success() { Ok(()) } else { Err(self.failed(&status.to_string())) }
    }

    /// As [`Self::run`], handing each line of one of its streams to `hear`.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub(crate) fn run_hearing(
        mut self,
        stream: Stream,
        show: Show,
        mut hear: impl FnMut(&str),
    ) -> Result<(), Failure> {
        eprintln!("+ {}", self.shown);
        match stream {
            Stream::Output => self.command.stdout(Stdio::piped()),
            Stream::Errors => self.command.stderr(Stdio::piped()),
        };
        let mut child = self.command.spawn().or_fail(format!("cannot start `{}`", self.shown))?;
        let piped: Box<dyn Read> = match stream {
            Stream::Output => Box::new(child.stdout.take().or_fail("no output to hear")?),
            Stream::Errors => Box::new(child.stderr.take().or_fail("no errors to hear")?),
        };
        let mut lines = BufReader::new(piped);
        let mut line = Vec::new();
        let mut kept = Vec::new();
        while lines.read_until(b'\n', &mut line).or_fail(&self.shown)? > 0 {
            match show {
                Show::Always => stream.show(&line)?,
                Show::IfItFails => kept.extend_from_slice(&line),
            }
            hear(&String::from_utf8_lossy(&line));
            line.clear();
        }
        let status = child.wait().or_fail(&self.shown)?;
        if status.success() {
            return Ok(());
        }
        stream.show(&kept)?;
        Err(self.failed(&status.to_string()))
    }

    /// Runs it in silence and returns what it printed, without the last line's end.
    ///
    /// # Errors
    ///
    /// As [`Self::run`], with the last line of what it complained about.
    pub(crate) fn read(mut self) -> Result<String, Failure> {
        let output = self.command.output().or_fail(format!("cannot start `{}`", self.shown))?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            let last = errors.trim_end().lines().next_back().unwrap_or_default();
            return Err(self.failed(&format!("{}: {last}", output.status)));
        }
        let text = String::from_utf8(output.stdout).or_fail(&self.shown)?;
        Ok(text.trim_end().to_owned())
    }

    /// Runs it in silence and tells whether it ended with 0.
    pub(crate) fn succeeds(mut self) -> bool {
        self.command.stdout(Stdio::null()).stderr(Stdio::null());
        self.command.status().is_ok_and(|status| status.success())
    }

    fn failed(&self, how: &str) -> Failure {
        Failure::new(format!("`{}` failed: {how}", self.shown))
    }
}

/// Which stream of a program is heard.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Output,
    Errors,
}

impl Stream {
    fn show(self, text: &[u8]) -> Result<(), Failure> {
        let shown = match self {
            Self::Output => io::stdout().write_all(text),
            Self::Errors => io::stderr().write_all(text),
        };
        shown.or_fail("cannot show what a program says")
    }
}

/// When that stream is shown too.
#[derive(Clone, Copy)]
pub(crate) enum Show {
    Always,
    IfItFails,
}
