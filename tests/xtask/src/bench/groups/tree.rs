//! Trees of files: what a user does day by day.

use super::{ZSTD, begin, begin_git, begin_ours, cold, describe, wait_for_clock};
use crate::{
    bench::{
        contest::{Contender, Contest, OURS, contained, ours, peer},
        generate::{Kind, append_to_every_hundredth, change_one, make, mark_each},
        results::Quantity,
    },
    failure::{Failure, OrFail},
    program::Program,
};

/// A source tree, generated or given.
pub(super) fn measure_tree(contest: &mut Contest<'_>) -> Result<(), Failure> {
    let tree = contest.place.at("tree");
    if let Some(given) = &contest.settings.tree {
        Program::new("cp -a").arg(given).arg(&tree).run()?;
        let name = given.file_name().unwrap_or_default().to_string_lossy().into_owned();
        describe(contest, &format!("a copy of {name}"))?;
    } else {
        make(Kind::Source, &tree, contest.settings.scale.choose(36_000, 1_800))?;
        describe(contest, "a generated tree like a large program's sources")?;
    }
    begin_git(contest)?;
    tag(contest, "after")?;
    wait_for_clock();
    for round in 0..contest.settings.rounds {
        contest.round = round;
        begin(contest)?;
        cold(contest, CONTENDERS)?;
        hashes(contest)?;
        unchanged(contest)?;
        changed(contest)?;
        contest.run(
            "diff",
            &[
                ours("{ours} --store store diff @- @"),
                peer("git diff-tree", &["git"], "git diff-tree -r --name-status before after"),
            ],
        )?;
        check(contest)?;
        restore(contest)?;
    }
    Ok(())
}

/// Very many small files.
pub(super) fn measure_small(contest: &mut Contest<'_>) -> Result<(), Failure> {
    let tree = contest.place.at("tree");
    make(Kind::Small, &tree, contest.settings.scale.choose(200_000, 2_000))?;
    describe(contest, "generated small files")?;
    wait_for_clock();
    for round in 0..contest.settings.rounds {
        contest.round = round;
        begin(contest)?;
        cold(contest, CONTENDERS)?;
        change_one(&tree, round as u64)?;
        wait_for_clock();
        contest.run("one changed", &[ours("{ours} --store store snap --no-ignore tree")])?;
        contest.run("diff of one", &[ours("{ours} --store store diff @- @")])?;
        check(contest)?;
        restore(contest)?;
    }
    Ok(())
}

/// A source tree of which each file has an extended attribute, beside itself without.
pub(super) fn measure_extended(contest: &mut Contest<'_>) -> Result<(), Failure> {
    let tree = contest.place.at("tree");
    make(Kind::Source, &tree, contest.settings.scale.choose(36_000, 1_800))?;
    describe(contest, "a generated tree like a large program's sources")?;
    contest.prepare("cp -a tree marked")?;
    mark_each(&contest.place.at("marked"))?;
    wait_for_clock();
    for round in 0..contest.settings.rounds {
        contest.round = round;
        begin_ours(contest)?;
        contest.clear(&["plain", "bare"])?;
        contest.prepare("{ours} --store plain init")?;
        contest.prepare("{ours} --store bare init")?;
        contest.run(
            "extended",
            &[
                ours("{ours} --store store snap --no-ignore marked"),
                peer(UNMARKED, &[], "{ours} --store plain snap --no-ignore tree"),
                peer(BARE, &[], "{ours} --store bare snap --no-ignore --no-attributes tree"),
            ],
        )?;
    }
    Ok(())
}

/// Ids of everything, and no contents stored.
fn hashes(contest: &mut Contest<'_>) -> Result<(), Failure> {
    if !contest.place.read("{ours} snap --help")?.contains("--no-contents") {
        let missing = "markerbed snap --no-contents is not there yet";
        contest.results.left_out.insert(missing.to_owned());
        return Ok(());
    }
    contest.clear(&["hashes"])?;
    contest.prepare("{ours} --store hashes init")?;
    contest.run(
        "hashes",
        &[
            ours("{ours} --store hashes snap --no-ignore --no-contents tree"),
            peer(
                "b3sum on two processes",
                &["b3sum"],
                "find tree -type f -print0 \
                 | xargs -0 -P2 -n 2000 b3sum --num-threads 1 --no-mmap",
            ),
        ],
    )
}

fn unchanged(contest: &mut Contest<'_>) -> Result<(), Failure> {
    let before = lasting_bytes(contest)?;
    contest.run(
        "unchanged",
        &[
            ours("{ours} --store store snap --no-ignore tree"),
            peer("git status", &["git"], "git status --porcelain"),
            peer("restic", &["restic"], "restic backup -q tree"),
        ],
    )?;
    let written = lasting_bytes(contest)?.saturating_sub(before);
    contest.results.add("written when unchanged", OURS, Quantity::Bytes, written as f64);
    Ok(())
}

/// Everything in the store but what it keeps as a hint for the next snapshot.
fn lasting_bytes(contest: &Contest<'_>) -> Result<u64, Failure> {
    let seen = contest.place.at("store/seen");
    let hints = if seen.exists() { contained(&seen)?.bytes } else { 0 };
    Ok(contained(&contest.place.at("store"))?.bytes.saturating_sub(hints))
}

fn changed(contest: &mut Contest<'_>) -> Result<(), Failure> {
    contest.prepare("git tag -f before after")?;
    append_to_every_hundredth(&contest.place.at("tree"), contest.round as u64)?;
    wait_for_clock();
    contest.run(
        "changed",
        &[
            ours("{ours} --store store snap --no-ignore tree"),
            peer("git add, write-tree", &["git"], "git -C tree add -A -f . && git write-tree"),
            peer("restic", &["restic"], "restic backup -q tree"),
        ],
    )?;
    tag(contest, "after")
}

fn check(contest: &mut Contest<'_>) -> Result<(), Failure> {
    contest.run(
        "check",
        &[
            ours("{ours} --store store check --read-data"),
            peer("restic", &["restic"], "restic check -q --read-data"),
        ],
    )
}

fn restore(contest: &mut Contest<'_>) -> Result<(), Failure> {
    contest.clear(&["out.ours", "out.cp", "out.restic"])?;
    contest.run(
        "restore",
        &[
            ours("{ours} --store store restore @ out.ours"),
            peer("cp -a", &["cp"], "cp -a tree out.cp"),
            peer("restic", &["restic"], "restic restore -q latest --target out.restic"),
        ],
    )?;
    let (restored, copied) = (contest.place.at("out.ours"), contest.place.at("tree"));
    let same = contained(&restored)? == contained(&copied)?;
    contest.clear(&["out.ours", "out.cp", "out.restic"])?;
    same.then_some(()).or_fail("what was restored is not as large as what was recorded")
}

/// Names the tree that git's index holds, if git is there.
fn tag(contest: &mut Contest<'_>, name: &str) -> Result<(), Failure> {
    if !contest.can_run(&peer("git", &["git"], "")) {
        return Ok(());
    }
    let tree = contest.place.read("git write-tree")?;
    contest.prepare(&format!("git tag -f {name} {tree}"))
}

/// The same tree without extended attributes.
pub(in crate::bench) const UNMARKED: &str = "without them";
/// The same without any attributes.
pub(in crate::bench) const BARE: &str = "--no-attributes";

const CONTENDERS: &[Contender] = &[
    ours("{ours} --store store snap --no-ignore tree"),
    ZSTD,
    peer("borg", &["borg"], "borg create ::one tree"),
    peer("restic", &["restic"], "restic backup -q tree"),
];
