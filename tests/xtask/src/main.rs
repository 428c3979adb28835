//! The tasks of the repository: `cargo xtask --help` lists them.
#![forbid(unsafe_code)]

mod bench;
mod browser;
mod ci;
mod components;
mod cross_target;
mod failure;
mod long;
mod npm;
mod program;
mod setup;
mod test;
mod tidy;
mod vectors;
mod wasm_lint;

use std::process::ExitCode;

use clap::Parser;

/// The tasks of the markerbed repository
#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Task {
    /// Check what building and testing needs, and install what is missing
    Setup,
    /// Run everything that a change has to pass; the README's test command
    Test,
    /// Run the tests on a clean clone of the newest commit, as CI does
    Ci,
    /// Run the tests of a browser, in Chromium and Firefox
    Browser,
    /// Check the invariants of the architecture in the sources
    Tidy,
    /// Make the golden vectors anew with the reference, then try the engine on them
    Vectors {
        /// Compare with the files instead of writing them
        #[arg(long)]
        check: bool,
    },
    /// Build the engine's components, and what browsers load
    Components,
    /// Build the npm package, and try it in projects that install it
    Npm,
    CrossTarget(cross_target::CrossTarget),
    Bench(bench::Bench),
    /// Run a suite seed after seed, going on where the last run stopped
    Long(long::Long),
}

fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Setup => setup::run().map(drop),
        Task::Test => test::run(),
        Task::Ci => ci::run(),
        Task::Browser => browser::run_alone(),
        Task::Tidy => tidy::run(),
        Task::Vectors { check } => vectors::run(check),
        Task::Components => components::run(),
        Task::Npm => npm::run_alone(),
        Task::CrossTarget(compare) => compare.run(),
        Task::Bench(bench) => bench.run(),
        Task::Long(long) => long.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
