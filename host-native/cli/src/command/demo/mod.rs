//! `markerbed demo`

mod script;
mod stage;

use std::{fs, io, path::PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use self::stage::Stage;
use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    output::{Colour, Report, Text},
    text::shown,
};

/// Show the main job on a scratch store: each command and what it really answers
///
/// Makes a small directory to work on, or reads DIR and changes nothing in it. Everything made is
/// removed at the end. Time and ids are the same each time, and modes, times and owners of files
/// are left out, so what is printed is the same, too. Exits with 4 if a command does not end as it
/// should.
#[derive(clap::Args)]
pub(crate) struct Demo {
    /// A directory of yours to try it on
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

/// What `markerbed demo --json` answers: one line for each step.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "demo")]
pub(crate) struct DemoAnswer {
    /// Why the step is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    /// The command, as a shell takes it.
    command: String,
    /// What it printed.
    output: String,
    /// How it ended.
    exit_code: u8,
    #[serde(skip)]
    is_first: bool,
}

impl Demo {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let directory = match &self.directory {
            Some(directory) => Some(
                fs::canonicalize(directory)
                    .map_err(|cause| Failure::system(shown(directory), &cause))?,
            ),
            None => None,
        };
        let mut stage = Stage::set(host)?;
        let played = match directory {
            None => script::play_sample(&mut stage),
            Some(directory) => script::play_directory(&mut stage, &directory),
        };
        stage.clear()?;
        played.map(|()| Exit::Done)
    }
}

impl Report for DemoAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        if let Some(about) = &self.about {
            if !self.is_first {
                text.line("")?;
            }
            text.line(text.paint(Colour::Dim, format_args!("# {about}")))?;
        }
        text.line(text.paint(Colour::Bold, format_args!("$ {}", self.command)))?;
        for line in self.output.lines() {
            text.line(line)?;
        }
        if self.exit_code != Exit::Done.number() {
            text.line(format_args!("(exit code {})", self.exit_code))?;
        }
        Ok(())
    }
}
