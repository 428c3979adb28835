//! Two processes that record into one store at once, and are killed now and then.

use std::{
    collections::HashSet,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use markerbed_suites::{Random, cases_in_ci, print_count, seed};
use serde_json::Value;

use crate::support::{Desk, Ran};

/// How the commands of one rival ended.
#[derive(Debug, Default)]
struct Tally {
    /// The snapshots that were answered for.
    recorded: Vec<String>,
    /// The other one was writing.
    locked: u64,
    killed: u64,
}

/// Changes a directory and records it again and again, until `end`.
fn snap_until(desk: &Desk, name: &str, end: Instant) -> Tally {
    let mut random = Random::new(seed(), name);
    let mut tally = Tally::default();
    for turn in 0_u64.. {
        if Instant::now() >= end {
            break;
        }
        desk.write(&format!("{name}/{}", turn % 7), turn.to_string().repeat(50));
        let mut program = desk.program();
        program.args(["snap", name, "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().unwrap();
        if random.below(3) == 0 {
            thread::sleep(Duration::from_micros(random.below(30_000)));
            child.kill().unwrap();
        }
        let ran = Ran::of(child.wait_with_output().unwrap());
        match ran.code {
            0 => {}
            11 => tally.locked += 1,
            -1 => tally.killed += 1,
            _ => panic!("{name}, turn {turn}, seed {}: {ran:?}", seed()),
        }
        // Who is killed may have answered before, if only that the other one was writing.
        let answer: Option<Value> = serde_json::from_str(&ran.out).ok();
        let snapshot = answer.as_ref().and_then(|answer| answer["snapshot"].as_str());
        assert!(ran.code != 0 || snapshot.is_some(), "{name}, turn {turn}: {ran:?}");
        tally.recorded.extend(snapshot.map(str::to_owned));
    }
    tally
}

#[test]
fn two_processes_that_record_at_once_and_are_killed_lose_nothing_they_answered_for() {
    let desk = Desk::with_store();
    let end = Instant::now() + Duration::from_secs(cases_in_ci(60).into());

    let tallies = thread::scope(|scope| {
        let desk = &desk;
        let start = |name| scope.spawn(move || snap_until(desk, name, end));
        ["one", "two"].map(start).map(|rival| rival.join().unwrap())
    });

    let (_, log) = desk.json("log", &["log", "--limit", "1000000"]);
    let logged: HashSet<&str> =
        log.iter().filter_map(|entry| entry["snapshot"]["id"].as_str()).collect();
    for Tally { recorded, locked, killed } in &tallies {
        println!("{} recorded, {locked} locked out, {killed} killed", recorded.len());
        assert!(recorded.iter().all(|snapshot| logged.contains(snapshot.as_str())));
        assert!(!recorded.is_empty() && *locked > 0 && *killed > 0);
    }
    desk.ok(&["check", "--read-data", "--index"]);
    let turns = tallies.map(|tally| tally.recorded.len() as u64 + tally.locked + tally.killed);
    print_count("cli_rivals", turns.iter().sum(), cases_in_ci(60).into());
}
