//! The engine in each runtime, beside the bare hash function there and beside itself natively.

use serde::Deserialize;

use crate::{
    bench::{contest::Contest, results::Quantity},
    browser, components, cross_target,
    failure::{Failure, OrFail},
    npm,
    program::{Program, Show, Stream},
    setup::{Target, browsers},
};

pub(super) fn measure(contest: &mut Contest<'_>) -> Result<(), Failure> {
    browsers(cross_target::DRIVER)?;
    browsers(browser::DRIVER)?;
    browsers(npm::PACKAGE)?;
    let build = Target::Wasm32.ensure()?;
    components::make(&build)?;
    let rounds = contest.settings.rounds;
    let mut heard = Heard::default();
    for _ in 0..rounds {
        Program::cargo("bench --quiet --locked --package markerbed-host --bench component")
            .args(&["--features", "component"].map(str::to_owned))
            .env("MARKERBED_COMPONENTS", components::folder())
            .run_hearing(Stream::Output, Show::IfItFails, |line| heard.line(line))?;
    }
    Program::new("node tests/cross-target/driver/bench.mjs")
        .arg(components::folder().join("cross-target-web"))
        .arg(rounds.to_string())
        .run_hearing(Stream::Output, Show::IfItFails, |line| heard.line(line))?;
    browser::bench(&build, rounds, |line| heard.line(line))?;
    npm::build(&build)?;
    Program::new("node npm/bench/worker.mjs").arg(rounds.to_string()).run_hearing(
        Stream::Output,
        Show::IfItFails,
        |line| heard.line(line),
    )?;
    heard.add_to(contest)
}

/// What the programs that measure have said, line by line.
#[derive(Default)]
struct Heard {
    lines: Vec<Line>,
    runtimes: Vec<String>,
    not_understood: Option<String>,
}

impl Heard {
    fn line(&mut self, line: &str) {
        match serde_json::from_str(line) {
            Ok(Said::Value(line)) => self.lines.push(line),
            Ok(Said::Runtime { runtime }) => self.runtimes.push(runtime),
            Err(_) => self.not_understood = Some(line.trim_end().to_owned()),
        }
    }

    fn add_to(self, contest: &mut Contest<'_>) -> Result<(), Failure> {
        if let Some(line) = self.not_understood {
            return Err(Failure::new(format!("what is `{line}`?")));
        }
        let results = &mut contest.results;
        results.input = format!("{INPUT}; {}", self.runtimes.join(", "));
        for Line { operation, program, quantity, size, value } in &self.lines {
            results.add_at(*size, operation, program, *quantity, *value);
            if *size == Some(TARGET_SIZE) {
                results.add(operation, program, *quantity, *value);
            }
        }
        self.lines.first().map(drop).or_fail("nothing was measured")
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Value(Line),
    Runtime { runtime: String },
}

#[derive(Deserialize)]
struct Line {
    operation: String,
    program: String,
    quantity: Quantity,
    size: Option<u64>,
    value: f64,
}

const INPUT: &str = "64 MiB of one byte; trees of files of 100 bytes in one directory, in memory; \
    objects of 100 bytes";

/// The size that the targets are about.
const TARGET_SIZE: u64 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_runtimes_are_heard_and_others_found_out() {
        let mut heard = Heard::default();
        heard.line(r#"{"operation":"tree","program":"natively","quantity":"wall-s","value":2.5}"#);
        heard.line(r#"{"runtime":"Node v20"}"#);

        assert_eq!((heard.lines.len(), heard.runtimes.len()), (1, 1));
        assert_eq!(heard.lines[0].value, 2.5);
        assert_eq!(heard.not_understood, None);
        for wrong in [r#"{"operation":"tree"}"#, r#"{"quantity":"years"}"#, "hello\n"] {
            let mut heard = Heard::default();
            heard.line(wrong);
            assert_eq!(heard.not_understood.as_deref(), Some(wrong.trim_end()));
        }
    }
}
