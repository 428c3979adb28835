//! What one run of a command costs: processor time, wall time and memory of all its processes.

use std::{
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use wait4::Wait4;

use crate::failure::{Failure, OrFail};

/// One run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// User and system seconds of the process and all that it waited for.
    pub(super) cpu_s: f64,
    pub(super) wall_s: f64,
    /// The largest resident memory of any of the processes.
    pub(super) peak_mib: f64,
}

/// Where commands run and what they see.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    /// What stands for `{ours}` in a line.
    pub(super) ours: PathBuf,
    pub(super) environment: Vec<(&'static str, OsString)>,
}

impl Place {
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Runs a line in silence.
    ///
    /// # Errors
    ///
    /// If it cannot be started or does not end with 0: with the last line of its complaints.
    pub(super) fn run(&self, line: &str) -> Result<Cost, Failure> {
        let said = self.at("complaints");
        let complaints = File::create(&said).or_fail(said.display())?;
        let mut command = self.command(line);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(complaints);
        let start = Instant::now();
        let child = command.spawn().or_fail(format!("cannot start `{line}`"))?;
        let used = child.wait4().or_fail(line)?;
        let wall_s = start.elapsed().as_secs_f64();
        if !used.status.success() {
            let why = last_line(&said);
            return Err(Failure::new(format!("`{line}` failed: {}: {why}", used.status)));
        }
        Ok(Cost {
            cpu_s: (used.rusage.utime + used.rusage.stime).as_secs_f64(),
            wall_s,
            peak_mib: used.rusage.maxrss as f64 / f64::from(1 << 20),
        })
    }

    /// Runs a line and gives what it printed, without the end of the last line.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub(super) fn read(&self, line: &str) -> Result<String, Failure> {
        let output = self.command(line).stdin(Stdio::null()).output();
        let output = output.or_fail(format!("cannot start `{line}`"))?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Failure::new(format!("`{line}` failed: {}: {why}", output.status)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// A shell's start would count, so there is one only for lines that need it.
    fn command(&self, line: &str) -> Command {
        let mut command = if line.contains(SHELL_SIGNS) {
            let mut command = Command::new("bash");
            command.args(["-e", "-o", "pipefail", "-c", &line.replace("{ours}", "\"$OURS\"")]);
            command
        } else {
            let mut words = line.split_whitespace().map(|word| match word {
                "{ours}" => self.ours.clone().into_os_string(),
                _ => OsString::from(word),
            });
            let mut command = Command::new(words.next().unwrap_or_default());
            command.args(words);
            command
        };
        command.current_dir(&self.folder).env("OURS", &self.ours);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Tells whether a program of this name can be found.
pub(super) fn is_installed(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

fn last_line(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.trim_end().lines().next_back().unwrap_or_default().to_owned()
}

const SHELL_SIGNS: [char; 5] = ['|', '&', ';', '<', '>'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_children_of_a_shell_use_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());

        let idle = place.run("sleep 0.2").unwrap();
        let busy = place.run("head -c 100000000 /dev/zero | cksum && sleep 0.1").unwrap();

        assert!(idle.wall_s >= 0.2);
        assert!(busy.cpu_s > idle.cpu_s);
        assert!(busy.wall_s >= 0.1);
        assert!(idle.peak_mib > 0.1);
    }

    #[test]
    fn a_command_that_fails_is_named_with_its_complaint() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());

        let direct = place.run("ls nothing-here").unwrap_err().to_string();
        let piped = place.run("ls nothing-here | cat").unwrap_err().to_string();
        let absent = place.run("no-such-program-at-all").unwrap_err().to_string();

        assert!(direct.contains("`ls nothing-here` failed") && direct.contains("No such file"));
        assert!(piped.contains("`ls nothing-here | cat` failed"), "{piped}");
        assert!(absent.contains("cannot start"), "{absent}");
    }

    #[test]
    fn our_program_stands_in_lines_with_and_without_a_shell() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());

        assert_eq!(place.read("{ours} said").unwrap(), "said");
        assert_eq!(place.read("{ours} said | cat").unwrap(), "said");
        assert!(is_installed("bash") && !is_installed("no-such-program-at-all"));
    }

    fn place(folder: &Path) -> Place {
        let ours = PathBuf::from("echo");
        Place { folder: folder.to_path_buf(), ours, environment: Vec::new() }
    }
}
