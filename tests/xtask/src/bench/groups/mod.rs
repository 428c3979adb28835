//! What is measured, a file for each kind of input.

mod files;
mod large;
mod records;
mod runtimes;
mod tree;
mod watch;

use std::{thread, time::Duration};

use tempfile::TempDir;

pub(super) use tree::{BARE, UNMARKED};

use super::{
    contest::{Contender, Contest, OURS, Settings, contained, peer},
    results::{Group, Results},
    tables::{megabytes, thousands},
};
use crate::failure::Failure;

/// Measures a group in all its rounds; also gives the folder where that was, to be removed.
///
/// # Errors
///
/// If something fails that is measured.
pub(super) fn measure(group: Group, settings: &Settings) -> Result<(Results, TempDir), Failure> {
    let mut contest = Contest::new(group, settings)?;
    match group {
        Group::Tree => tree::measure_tree(&mut contest),
        Group::Small => tree::measure_small(&mut contest),
        Group::Large => large::measure(&mut contest),
        Group::Files => files::measure(&mut contest),
        Group::Extended => tree::measure_extended(&mut contest),
        Group::Watch => watch::measure(&mut contest),
        Group::Runtimes => runtimes::measure(&mut contest),
        Group::Records => records::measure_many(&mut contest),
        Group::Growth => records::measure_growth(&mut contest),
    }?;
    Ok(contest.end())
}

/// Removes what the round before left, and begins an empty store and repository of each.
fn begin(contest: &mut Contest<'_>) -> Result<(), Failure> {
    begin_ours(contest)?;
    contest.clear(&["borg", "restic"])?;
    contest.prepare("borg init -e none")?;
    contest.prepare("restic init -q --repository-version 2")
}

/// The same without the peers that have repositories of their own.
fn begin_ours(contest: &mut Contest<'_>) -> Result<(), Failure> {
    contest.clear(&["store", "tree.zst"])?;
    contest.prepare("{ours} --store store init")
}

/// The first snapshot of a tree, with all contents.
fn cold(contest: &mut Contest<'_>, contenders: &[Contender]) -> Result<(), Failure> {
    contest.run("cold", contenders)?;
    let stored = [(OURS, "store"), (ZSTD.name, "tree.zst"), ("borg", "borg"), ("restic", "restic")];
    for (program, name) in stored {
        if contenders.iter().any(|contender| contender.name == program) {
            contest.note_stored(program, name)?;
        }
    }
    Ok(())
}

/// Has git record the tree that is there, once.
fn begin_git(contest: &Contest<'_>) -> Result<(), Failure> {
    contest.prepare("git init -q --template=")?;
    contest.prepare("git config gc.auto 0")?;
    contest.prepare("git -C tree add -A -f .")
}

/// Says what is measured, and how much it is.
fn describe(contest: &mut Contest<'_>, what: &str) -> Result<(), Failure> {
    let found = contained(&contest.place.at("tree"))?;
    let (files, bytes) = (thousands(found.files as f64), megabytes(found.bytes as f64));
    contest.results.input = format!("{what}: {files} files, {bytes}");
    contest.results.add("input", "", super::results::Quantity::Files, found.files as f64);
    contest.results.add("input", "", super::results::Quantity::Bytes, found.bytes as f64);
    Ok(())
}

/// Lets what was just written grow old: a file that changed in this very moment has to be read
/// again by everybody, and that is another measurement.
fn wait_for_clock() {
    thread::sleep(CLOCK_STEP);
}

/// As fast as a tree can be packed and compressed; nothing is hashed.
const ZSTD: Contender =
    peer("tar | zstd -1", &["tar", "zstd"], "tar cf - tree | zstd -q -1 -T0 -f -o tree.zst");

/// git compares whole seconds.
const CLOCK_STEP: Duration = Duration::from_millis(1_200);
