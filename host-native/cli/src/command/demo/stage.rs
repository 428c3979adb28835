//! A scratch directory in which real commands are run and shown.

use std::{
    env,
    fs::{self, DirBuilder},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use clap::Parser;

use super::DemoAnswer;
use crate::{
    arguments::{Arguments, failure_of},
    exit::Exit,
    failure::Failure,
    host::Host,
    inputs::Inputs,
    interrupt,
    interrupt::Scratch,
    output::{Notes, Output, Style},
    text::{counted, shown},
};

/// Where the demo plays: in a scratch directory, which is this process's directory meanwhile.
pub(super) struct Stage<'a> {
    host: &'a mut Host,
    scratch: PathBuf,
    _care: Scratch,
    came_from: PathBuf,
    about: Option<String>,
    is_new: bool,
    commands: i64,
    randoms: u64,
}

impl<'a> Stage<'a> {
    /// Makes the scratch directory and goes there.
    pub(super) fn set(host: &'a mut Host) -> Result<Self, Failure> {
        let came_from = env::current_dir();
        let came_from = came_from.map_err(|cause| Failure::system("this directory", &cause))?;
        let random: [u8; 8] = host.inputs.random()?;
        let name = format!("markerbed-demo-{:016x}", u64::from_be_bytes(random));
        let path = env::temp_dir().join(name);
        let failed = |cause| Failure::system(shown(&path), &cause);
        DirBuilder::new().mode(0o700).create(&path).map_err(failed)?;
        let path = fs::canonicalize(&path).map_err(failed)?;
        let care = Scratch::new(path.clone());
        env::set_current_dir(&path).map_err(failed)?;
        Ok(Self {
            host,
            scratch: path,
            _care: care,
            came_from,
            about: None,
            is_new: true,
            commands: 0,
            randoms: 0,
        })
    }

    /// Goes back, and removes the scratch directory.
    pub(super) fn clear(self) -> Result<(), Failure> {
        let failed = |cause| Failure::system(shown(&self.came_from), &cause);
        env::set_current_dir(&self.came_from).map_err(failed)
    }

    /// Says why the next step is taken.
    pub(super) fn say(&mut self, about: &str) {
        self.about = Some(about.to_owned());
    }

    /// Runs a command of this program, and checks that it ends as it should.
    pub(super) fn run(&mut self, expected: Exit, arguments: &[&str]) -> Result<(), Failure> {
        self.run_shown(expected, arguments, usize::MAX)
    }

    /// As [`Self::run`]; no more lines than that are shown.
    pub(super) fn run_shown(
        &mut self,
        expected: Exit,
        arguments: &[&str],
        lines_max: usize,
    ) -> Result<(), Failure> {
        self.run_among(&[expected], arguments, lines_max)
    }

    /// As [`Self::run`]; whether something of the user's cannot be read is not for us to say.
    pub(super) fn run_any(&mut self, arguments: &[&str]) -> Result<(), Failure> {
        self.run_among(&[Exit::Done, Exit::Incomplete], arguments, usize::MAX)
    }

    fn run_among(
        &mut self,
        expected: &[Exit],
        arguments: &[&str],
        lines_max: usize,
    ) -> Result<(), Failure> {
        let heard = Heard::default();
        let exit = self.perform(arguments, heard.clone());
        let words: Vec<String> = arguments.iter().map(|word| quoted(word)).collect();
        let command = format!("markerbed {}", words.join(" "));
        self.show(&command, clipped(&heard.text(), lines_max), exit)?;
        if expected.contains(&exit) {
            return Ok(());
        }
        let message = format!("`{command}` ended with {}, which it should not", exit.number());
        Err(Failure::new(Exit::Failed, "demo-failed", message))
    }

    /// Does what a shell would do for `command`.
    pub(super) fn shell(
        &mut self,
        command: &str,
        action: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<(), Failure> {
        action(&self.scratch).map_err(|cause| Failure::system(command, &cause))?;
        self.show(command, String::new(), Exit::Done)
    }

    /// A host for a command, at the minute that the demo has come to.
    pub(super) fn host(&self, heard: Heard) -> Host {
        let now_ms = START_MS + self.commands * MINUTE_MS;
        let inputs = Inputs::Demo { now_ms, given: self.randoms };
        let output = Output::new(Box::new(heard), Style::Text, Notes::WithResults);
        let config_home = self.scratch.clone().into_os_string();
        Host::of_demo(output, inputs, config_home, self.host.computer.clone())
    }

    fn perform(&mut self, arguments: &[&str], heard: Heard) -> Exit {
        let words = ["markerbed"].iter().chain(arguments);
        self.commands += 1;
        let mut host = self.host(heard);
        let result = match Arguments::try_parse_from(words) {
            Ok(arguments) => {
                host.place.name(&arguments.everywhere);
                arguments.command.run(&mut host)
            }
            Err(error) => Err(failure_of(&error)),
        };
        if let Inputs::Demo { given, .. } = host.inputs {
            self.randoms = given;
        }
        let exit = crate::end(&mut host.output, result);
        interrupt::answered();
        exit
    }

    fn show(&mut self, command: &str, output: String, exit: Exit) -> Result<(), Failure> {
        let about = self.about.take();
        let command = command.to_owned();
        let is_first = std::mem::take(&mut self.is_new);
        let answer = DemoAnswer { about, command, output, exit_code: exit.number(), is_first };
        self.host.output.show(&answer)?;
        self.host.output.flush()
    }
}

/// What a command of the demo prints.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@,+".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn clipped(text: &str, lines_max: usize) -> String {
    let count = text.lines().count();
    let Some(more) = count.checked_sub(lines_max).filter(|more| *more > 0) else {
        return text.to_owned();
    };
    let mut lines: Vec<String> = text.lines().take(lines_max).map(str::to_owned).collect();
    lines.push(format!("(and {})", counted(more as u64, "more line", "more lines")));
    lines.join("\n")
}

/// 2026-11-21T12:00:00Z
const START_MS: i64 = 1_795_262_400_000;

const MINUTE_MS: i64 = 60_000;
