//! `markerbed man`

use std::path::PathBuf;

use clap::CommandFactory;

use crate::{arguments::Arguments, exit::Exit, failure::Failure, text::shown};

/// Write the manual pages into a directory
#[derive(clap::Args)]
pub(crate) struct Man {
    /// The directory, which must exist
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl Man {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let failed = |cause| Failure::system(shown(&self.directory), &cause);
        // Built, so that each page knows the options that are the same everywhere.
        let mut command = Arguments::command().disable_help_subcommand(true);
        command.build();
        clap_mangen::generate_to(command, &self.directory).map_err(failed)?;
        Ok(Exit::Done)
    }
}
