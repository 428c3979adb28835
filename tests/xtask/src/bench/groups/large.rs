//! A few large files, and stretches of them changed.

use super::{ZSTD, begin, cold, describe, wait_for_clock};
use crate::{
    bench::{
        contest::{Contender, Contest, OURS, contained, ours, peer},
        generate::{Kind, insert, make, overwrite},
        results::Quantity,
    },
    failure::Failure,
};

pub(super) fn measure(contest: &mut Contest<'_>) -> Result<(), Failure> {
    let tree = contest.place.at("tree");
    make(Kind::Large, &tree, contest.settings.scale.choose(256 << 20, 8 << 20))?;
    describe(contest, "generated large files, half noise and half text by turns")?;
    wait_for_clock();
    for round in 0..contest.settings.rounds {
        contest.round = round;
        begin(contest)?;
        cold(contest, CONTENDERS)?;
        let changed = overwrite(&tree, round as u64)?;
        snapshot_again(contest, "overwritten", changed)?;
        let changed = insert(&tree, round as u64 + 1_000)?;
        snapshot_again(contest, "inserted", changed)?;
        contest.run("check", &[ours("{ours} --store store check --read-data")])?;
        contest.clear(&["out.ours"])?;
        contest.run("restore", &[ours("{ours} --store store restore @ out.ours")])?;
        contest.clear(&["out.ours"])?;
    }
    Ok(())
}

/// Records what changed, and notes how much more is stored for each byte that did.
fn snapshot_again(contest: &mut Contest<'_>, operation: &str, changed: u64) -> Result<(), Failure> {
    wait_for_clock();
    let stored = |contest: &Contest<'_>, name: &str| {
        let path = contest.place.at(name);
        if path.exists() { contained(&path).map(|found| Some(found.bytes)) } else { Ok(None) }
    };
    let programs = [(OURS, "store"), ("restic", "restic")];
    let before = [stored(contest, "store")?, stored(contest, "restic")?];
    contest.run(
        operation,
        &[
            ours("{ours} --store store snap --no-ignore tree"),
            peer("restic", &["restic"], "restic backup -q tree"),
        ],
    )?;
    for ((program, name), before) in programs.into_iter().zip(before) {
        if let (Some(before), Some(after)) = (before, stored(contest, name)?) {
            let times = after.saturating_sub(before) as f64 / changed as f64;
            contest.results.add(operation, program, Quantity::Times, times);
        }
    }
    Ok(())
}

/// Without borg, whose time nothing is held against here.
const CONTENDERS: &[Contender] = &[
    ours("{ours} --store store snap --no-ignore tree"),
    ZSTD,
    peer("restic", &["restic"], "restic backup -q tree"),
];
