//! `markerbed completions`

use clap::CommandFactory;
use clap_complete::Shell;

use crate::{arguments::Arguments, exit::Exit, failure::Failure, host::Host};

/// Print a script that completes commands and options in a shell
///
/// For bash: markerbed completions bash > ~/.local/share/bash-completion/completions/markerbed.
/// The script is printed as it is with --json, too.
#[derive(clap::Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "markerbed", &mut script);
        host.output.bytes(&script)?;
        Ok(Exit::Done)
    }
}
