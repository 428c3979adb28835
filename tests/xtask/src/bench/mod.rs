//! How fast it is: the engine's own benches, and the program beside its peers.

mod compare;
mod contest;
mod cost;
mod generate;
mod groups;
// The same line as the benches of the engine print.
#[expect(unreachable_pub, reason = "it is public where it belongs")]
#[path = "../../../../benches/src/machine.rs"]
mod machine;
mod page;
mod plot;
mod results;
mod tables;
mod targets;

use clap::{Args, Subcommand};

use crate::{failure::Failure, program::Program};

/// Measure how fast the engine's operations are, or the program beside its peers
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Bench {
    #[command(subcommand)]
    what: Option<What>,
    /// What follows `--` is handed to the benches of the engine
    #[arg(last = true)]
    arguments: Vec<String>,
}

#[derive(Subcommand)]
enum What {
    Compare(compare::Compare),
    /// Make the tables and plots of docs/reference/performance.md anew from the results kept there
    Page,
    Make(generate::Make),
}

impl Bench {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.what {
            None => Program::cargo("bench --locked --package markerbed-benches --")
                .args(&self.arguments)
                .run(),
            Some(What::Compare(compare)) => compare.run(),
            Some(What::Page) => page::write(),
            Some(What::Make(make)) => make.run(),
        }
    }
}
