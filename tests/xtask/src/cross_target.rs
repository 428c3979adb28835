//! The same vectors and programs on every target.

use crate::{
    components,
    failure::Failure,
    program::Program,
    setup::{self, Build, Python, Target},
};

/// Runs every target and compares its answers with this machine's, and the page with the run.
#[derive(clap::Args)]
pub(crate) struct CrossTarget {
    /// Write the table of docs/reference/determinism.md
    #[arg(long)]
    write: bool,
    /// How many programs each target runs
    #[arg(long, value_name = "COUNT", default_value_t = PROGRAMS)]
    programs: u64,
    /// The seed of the first program
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
}

impl CrossTarget {
    /// Builds what is missing and runs.
    ///
    /// # Errors
    ///
    /// If something cannot be built, or a target differs.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        setup::browsers(DRIVER)?;
        let build = Target::Wasm32.ensure()?;
        if let Build::Skipped(missing) = build {
            return Err(Failure::new(missing));
        }
        components::make(&build)?;
        let page = if self.programs == PROGRAMS { PAGE } else { NO_PAGE };
        let write: &[&str] = if self.write { &["--write"] } else { &[] };
        compare(&setup::python()?, self.seed, self.programs)
            .args(&owned(page))
            .args(&owned(write))
            .run()
    }
}

/// Compares all targets, and the page with the run, from the seed of this commit on.
///
/// # Errors
///
/// If a target differs, or the page says otherwise.
pub(crate) fn run_from(python: &Python, seed: u64) -> Result<(), Failure> {
    compare(python, seed, PROGRAMS).args(&owned(PAGE)).run()
}

fn compare(python: &Python, seed: u64, programs: u64) -> Program {
    Program::cargo(
        "run --locked --quiet --package markerbed-cross-target --features compare -- --components",
    )
    .arg(components::folder())
    .arg("--seed")
    .arg(seed.to_string())
    .arg("--programs")
    .arg(programs.to_string())
    .arg("--python")
    .arg(python.path())
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Where the packages are that drive the browsers.
pub(crate) const DRIVER: &str = "tests/cross-target/driver";

const PAGE: &[&str] = &["--page", "docs/reference/determinism.md"];
const NO_PAGE: &[&str] = &[];

/// The floor of CI.
const PROGRAMS: u64 = 2_000;
