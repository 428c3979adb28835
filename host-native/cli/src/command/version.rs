//! `markerbed version`

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    output::{Report, Text},
};

/// Print the version of the program and of the format
#[derive(clap::Args)]
pub(crate) struct Version {}

/// What `markerbed version --json` answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "version")]
pub(crate) struct VersionAnswer {
    /// The version of the program.
    version: String,
    /// The number of the format: of ids, objects, entries and proofs.
    format: u32,
    /// What snapshots say they were made by.
    tool: String,
}

impl Version {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let answer = VersionAnswer {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            format: FORMAT,
            tool: TOOL.to_owned(),
        };
        host.output.conclude(&answer, Exit::Done)
    }
}

impl Report for VersionAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        text.line(format_args!("markerbed {}, format {}", self.version, self.format))
    }
}

/// What snapshots say they were made by (NAME-6).
pub(crate) const TOOL: &str = concat!("markerbed ", env!("CARGO_PKG_VERSION"));

const FORMAT: u32 = 1;
