//! Long runs of a suite: seed after seed, with the results kept in the repository.
//!
//! A run of one seed is one run of the suite's tests with `MARKERBED_SEED` and `MARKERBED_LONG`.
//! The file `tests/long-results/SUITE.json` says which seed comes next, so a run that was stopped
//! goes on where it stopped, and nobody has to trust that it was run at all.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::{
    failure::{Failure, OrFail},
    program::{Program, Show, Stream, root},
};

/// Run a suite seed after seed, going on where the last run stopped
///
/// Results are added to `tests/long-results/SUITE.json`. Stops at the first seed that fails.
#[derive(Args)]
pub(crate) struct Long {
    /// Which suite
    suite: Suite,
    /// Stop after so many minutes (the seed that is running is ended first)
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// How many times as many cases as in CI each test tries with one seed
    #[arg(long, default_value_t = 10)]
    times: u32,
}

/// The suites that can run long.
#[derive(Clone, Copy, ValueEnum)]
enum Suite {
    /// The laws of the map, trees, proofs and the ledger
    Properties,
    /// Decoders on mutated bytes
    Decoders,
    /// What power cuts leave of a directory store, and what they leave of its recovery
    Crash,
    /// Every bit and every length of small directory stores
    Damage,
    /// Random calls, faults and restarts against the memory store
    Model,
}

impl Suite {
    const fn name(self) -> &'static str {
        match self {
            Self::Properties => "properties",
            Self::Decoders => "decoders",
            Self::Crash => "crash",
            Self::Damage => "damage",
            Self::Model => "model",
        }
    }

    /// Which tests they are: what comes behind `cargo nextest run`.
    const fn tests(self) -> &'static str {
        match self {
            Self::Properties => "--package markerbed-suites --test properties",
            Self::Decoders => "--package markerbed-suites --test decoders",
            Self::Crash => "--package markerbed-host --test directory_store crash_states::",
            Self::Damage => "--package markerbed-host --test directory_store flips::",
            Self::Model => "--package markerbed-host --test directory_store model::",
        }
    }
}

impl Long {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let suite = self.suite.name();
        let file = root().join("tests/long-results").join(format!("{suite}.json"));
        let mut results = Results::read(&file, suite)?;
        // A suite that does not build is no failing seed.
        self.nextest().arg("--no-run").run()?;
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(60 * self.minutes) {
            let seed = results.next_seed;
            let round = self.run_seed(seed);
            results.add(seed, &self.repeat_line(seed), round.as_ref());
            results.write(&file)?;
            let round = round?;
            let cases: u64 = round.counts.values().sum();
            println!("{suite}: seed {seed}: {cases} cases in {} s", round.seconds);
        }
        println!("{suite}: {} seeds so far, the next is {}", results.seeds, results.next_seed);
        Ok(())
    }

    fn run_seed(&self, seed: u64) -> Result<Round, Failure> {
        let start = Instant::now();
        let mut counts = BTreeMap::new();
        // nextest shows what a test printed among its errors.
        self.nextest()
            .env("CARGO_TERM_COLOR", "never")
            .env("CI", "true")
            .env("MARKERBED_SEED", seed.to_string())
            .env("MARKERBED_LONG", self.times.to_string())
            .run_hearing(Stream::Errors, Show::IfItFails, |line| hear_count(line, &mut counts))?;
        if counts.is_empty() {
            return Err(Failure::new("the suite counted nothing"));
        }
        Ok(Round { counts, seconds: start.elapsed().as_secs() })
    }

    fn nextest(&self) -> Program {
        let tests = self.suite.tests();
        Program::cargo(&format!("nextest run --locked --release --profile long {tests}"))
    }

    fn repeat_line(&self, seed: u64) -> String {
        let Self { suite, times, .. } = self;
        let tests = suite.tests();
        format!(
            "CI=true MARKERBED_SEED={seed} MARKERBED_LONG={times} \
             cargo nextest run --release {tests}"
        )
    }
}

/// Hears `markerbed-count NAME NUMBER`, as `print_count` of the suites prints it.
fn hear_count(line: &str, counts: &mut BTreeMap<String, u64>) {
    let mut words = line.split_whitespace();
    let (mark, name, number) = (words.next(), words.next(), words.next());
    if let (Some("markerbed-count"), Some(name), Some(Ok(number))) =
        (mark, name, number.map(str::parse::<u64>))
    {
        *counts.entry(name.to_owned()).or_default() += number;
    }
}

/// What one seed gave.
struct Round {
    counts: BTreeMap<String, u64>,
    seconds: u64,
}

/// What all runs of a suite gave.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Results {
    suite: String,
    /// The seed that the next run begins with; all below were tried.
    next_seed: u64,
    /// Seeds that passed.
    seeds: u64,
    seconds: u64,
    /// Cases tried by each test over all seeds that passed.
    cases: BTreeMap<String, u64>,
    /// Seeds that failed, each with the line that repeats it. They stay when the fault is mended.
    failures: Vec<FailedSeed>,
}

#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct FailedSeed {
    seed: u64,
    repeat: String,
}

impl Results {
    fn read(file: &Path, suite: &str) -> Result<Self, Failure> {
        if !file.exists() {
            return Ok(Self { suite: suite.to_owned(), next_seed: 1, ..Self::default() });
        }
        let text = fs::read_to_string(file).or_fail(file.display())?;
        serde_json::from_str(&text).or_fail(file.display())
    }

    fn add(&mut self, seed: u64, repeat: &str, round: Result<&Round, &Failure>) {
        self.next_seed = seed + 1;
        match round {
            Ok(round) => {
                self.seeds += 1;
                self.seconds += round.seconds;
                for (name, count) in &round.counts {
                    *self.cases.entry(name.clone()).or_default() += count;
                }
            }
            Err(_) => {
                println!("seed {seed} failed; repeat it with: {repeat}");
                self.failures.push(FailedSeed { seed, repeat: repeat.to_owned() });
            }
        }
    }

    /// Replaces the file in one step, so that a stopped run leaves the results of the last seed.
    fn write(&self, file: &Path) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(self).or_fail("results")?;
        text.push('\n');
        let new: PathBuf = file.with_extension("new");
        fs::create_dir_all(file.parent().or_fail(file.display())?).or_fail(file.display())?;
        fs::write(&new, text).or_fail(new.display())?;
        fs::rename(&new, file).or_fail(file.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_all_tests_are_heard() {
        let mut counts = BTreeMap::new();

        hear_count("    markerbed-count map 10000\n", &mut counts);
        hear_count("markerbed-count map 1\n", &mut counts);
        hear_count("markerbed-count broken many\n", &mut counts);
        hear_count("        PASS [   1.2s] markerbed-suites", &mut counts);

        assert_eq!(counts, BTreeMap::from([("map".to_owned(), 10_001)]));
    }

    #[test]
    fn a_run_goes_on_where_the_last_one_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results/map.json");
        let round = Round { counts: BTreeMap::from([("map".to_owned(), 5)]), seconds: 2 };
        let mut first = Results::read(&file, "map").unwrap();
        first.add(1, "again", Ok(&round));
        first.add(2, "again", Err(&Failure::new("wrong")));
        first.write(&file).unwrap();

        let second = Results::read(&file, "map").unwrap();

        assert_eq!(second, first);
        assert_eq!((second.next_seed, second.seeds, second.failures.len()), (3, 1, 1));
    }
}
