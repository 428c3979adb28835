//! Trees that somebody made to do harm, and files that are not what they seem.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that fails must fail"
)]

mod trees;

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::{
        ffi::OsStrExt,
        fs::{FileExt, MetadataExt, PermissionsExt},
    },
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use markerbed_core::tree::GapReason;
use markerbed_host::{
    drive::blocking::wait,
    progress::Silent,
    restore::{RestoreError, RestoreOptions, Restored, restore},
    snapshot::{HashOnly, SnapOptions, take},
    store::Contents,
};
use markerbed_suites::{Random, cases, print_count, seed};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use trees::{Recorded, Scratch, WORKSPACE, as_nobody};

#[test]
fn a_file_that_grows_for_ever_is_a_gap_or_what_it_was_at_one_moment() {
    for already in [0, 3 << 20] {
        let scratch = Scratch::new();
        scratch.file("log", counted(0, already)).file("still", "x");
        let stop = AtomicBool::new(false);

        let recorded = thread::scope(|scope| {
            scope.spawn(|| grow(&scratch.at("log"), already, &stop));
            let recorded: Vec<Recorded> = (0..6).map(|_| scratch.take()).collect();
            stop.store(true, Ordering::Relaxed);
            recorded
        });

        for recorded in recorded {
            assert!(recorded.paths().contains(&"still".to_owned()));
            let Some(bytes) = content_of(&recorded, b"log") else {
                assert_eq!(recorded.gaps(), [("log".to_owned(), GapReason::Changed, 3)]);
                continue;
            };
            assert!(bytes == counted(0, bytes.len()), "it never held that");
        }
    }
}

/// Adds to a file until it is told to stop; not so much that it fills the memory.
fn grow(path: &Path, mut length: usize, stop: &AtomicBool) {
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    while !stop.load(Ordering::Relaxed) && length < 256 << 20 {
        file.write_all(&counted(length, 1_000)).unwrap();
        length += 1_000;
    }
}

/// What a file holds from `start` on whose words count up.
fn counted(start: usize, length: usize) -> Vec<u8> {
    (start..start + length).map(|at| (at / 251 + at % 251) as u8).collect()
}

/// What was recorded of a file; none if it was not.
fn content_of(recorded: &Recorded, path: &[u8]) -> Option<Vec<u8>> {
    let line = recorded.lines().remove(path)?;
    let id = line.rsplit(' ').next().unwrap().parse().unwrap();
    let stored = wait(recorded.store.fetch_contents(WORKSPACE, &[id])).unwrap().remove(0);
    Some(stored.unwrap().to_vec())
}

#[test]
fn files_that_hold_something_else_than_their_size_says_are_gaps() {
    let mut odd = 0;
    for place in ["/proc/sys/kernel/random", "/proc/sys/vm", "/sys/kernel/mm", "/proc/self/task"] {
        if fs::read_dir(place).is_err() {
            eprintln!("skipped: there is no {place}");
            continue;
        }
        let options = SnapOptions { one_file_system: true, ..SnapOptions::default() };

        let recorded = Recorded::of(Path::new(place), &options);

        for (path, line) in recorded.lines() {
            if let Some(rest) = line.strip_prefix("file ").or(line.strip_prefix("program ")) {
                let bytes = content_of(&recorded, &path).unwrap();
                let size = rest.split(' ').next().unwrap();
                assert_eq!(bytes.len().to_string(), size, "{place}/{}", path.escape_ascii());
                let held = fs::read(Path::new(place).join(OsStr::from_bytes(&path)));
                let is_still = place.starts_with("/proc/sys") || place.starts_with("/sys");
                let is_empty = held.map_or(bytes.is_empty(), |held| held.is_empty());
                assert!(!is_still || bytes.is_empty() == is_empty, "{place}: {path:?}");
            }
        }
        for (path, reason, _) in recorded.gaps() {
            let expected = [GapReason::Changed, GapReason::Unreadable];
            assert!(expected.contains(&reason), "{place}/{path}: {reason:?}");
            odd += 1;
        }
    }
    print_count("files_that_hold_something_else_than_their_size_says", odd, 10);
}

#[test]
fn a_sparse_file_of_a_gibibyte_is_recorded_piece_by_piece() {
    let scratch = Scratch::new();
    let file = File::create(scratch.at("sparse")).unwrap();
    file.set_len(1 << 30).unwrap();
    file.write_all_at(b"in the middle", 1 << 29).unwrap();
    let sink = HashOnly::default();
    let before = peak_bytes();

    let taken = take(scratch.path(), &SnapOptions::default(), &sink, &Silent).unwrap();

    let after = peak_bytes();
    assert_eq!(taken.statistics.bytes, 1 << 30);
    let grown = after - before;
    println!("{grown} bytes more at most");
    assert!(grown <= 32 << 20, "{grown} bytes more were in use");
    assert!(file.metadata().unwrap().blocks() * 512 < 1 << 20, "it was written to");
}

/// How much memory this process had in use at most.
fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1_024
}

#[test]
fn links_in_a_circle_are_recorded_as_links() {
    let scratch = Scratch::new();
    scratch.directory("a/b/c").link("a/b/c/up", "../../..").link("a/self", ".").link("x", "y");
    scratch.link("y", "x").link("a/b/long", "l/".repeat(2_000)).link("root", "/");
    scratch.link("a/proc", "/proc/self/root").link("z", scratch.path().as_os_str().as_bytes());

    let recorded = scratch.take();

    assert!(recorded.is_complete());
    assert_eq!(recorded.paths().len(), 11);
    let target = Scratch::new();
    restored(&recorded, &target.at("t"), false).unwrap();
    let again = Recorded::of(&target.at("t"), &SnapOptions::default());
    assert_eq!(again.taken.root, recorded.taken.root);
    for path in ["a/b/c/up", "a/self", "x", "y", "a/b/long", "root", "a/proc", "z"] {
        let [was, is] = [scratch.at(path), target.at(format!("t/{path}"))];
        assert_eq!(fs::read_link(is).unwrap(), fs::read_link(was).unwrap(), "{path}");
    }
}

fn restored(recorded: &Recorded, target: &Path, force: bool) -> Result<Restored, RestoreError> {
    let options = RestoreOptions { force, ..RestoreOptions::default() };
    restore(&recorded.store, WORKSPACE, recorded.taken.root, target, &options, &Silent)
}

#[test]
fn a_restore_into_what_somebody_has_planted_touches_nothing_outside() {
    let name = "a_restore_into_what_somebody_has_planted_touches_nothing_outside";
    let mut random = Random::new(seed(), name);
    let (mut planted, mut whole, mut refused) = (0, 0, 0);
    for case in 0..cases(60) {
        let source = Scratch::new();
        let paths = fill(&source, &mut random);
        let recorded = source.take();
        let scratch = Scratch::new();
        scratch.file("outside/a", "sentinel").file("outside/d/b", "sentinel");
        scratch.directory("outside/empty").mode("outside/a", 0o644).directory("target");
        planted += plant(&scratch, &paths, &mut random);
        let before = everything(&scratch.at("outside"));
        let as_root = random.below(2) == 0;
        if !as_root {
            scratch.mode("", 0o755).mode("target", 0o777);
        }

        let done = match as_root {
            true => restored(&recorded, &scratch.at("target"), true),
            false => as_nobody(|| restored(&recorded, &scratch.at("target"), true)),
        };

        let said = format!("case {case} of seed {}: {done:?}", seed());
        assert_eq!(everything(&scratch.at("outside")), before, "{said}");
        match done {
            Ok(done) if done.is_complete() => {
                check_restored(&recorded, &scratch.at("target"), &said);
                whole += 1;
            }
            // Something is in the way, or may not be written.
            Ok(_) | Err(RestoreError::NoAccess { .. } | RestoreError::System { .. }) => {
                refused += 1;
            }
            Err(error) => panic!("{said}: {error}"),
        }
    }
    println!("{whole} restored whole, {refused} in part or not");
    assert!(whole > 0 && refused > 0, "{whole} whole, {refused} refused");
    print_count(name, planted, 200);
}

/// Some files, directories and links at a few levels; their paths.
fn fill(scratch: &Scratch, random: &mut Random) -> Vec<String> {
    let mut directories = vec![String::new()];
    let mut paths = Vec::new();
    for number in 0..25 {
        let above = &directories[random.below(directories.len() as u64) as usize];
        let path = format!("{above}{number}");
        match random.below(5) {
            0 | 1 => {
                scratch.directory(&path);
                directories.push(format!("{path}/"));
            }
            2 => drop(scratch.link(&path, "../../a")),
            kind => {
                let size = if random.below(10) == 0 { 2 << 20 } else { random.below(500) };
                scratch.file(&path, vec![number as u8; size as usize]);
                scratch.mode(&path, if kind == 3 { 0o755 } else { 0o600 });
            }
        }
        paths.push(path);
    }
    paths
}

/// Plants something at some of the paths in `target`, in order; how many.
fn plant(scratch: &Scratch, paths: &[String], random: &mut Random) -> u64 {
    let outside = |name: &str| scratch.at(format!("outside/{name}"));
    let mut planted = 0;
    for path in paths {
        let path = format!("target/{path}");
        let place = scratch.at(&path);
        let above = place.parent().unwrap();
        // Fails where something is already: planted, or a directory.
        let _ = fs::create_dir(above);
        // Not below what is planted, which may lead outside.
        let real = above.canonicalize().unwrap_or_default();
        let is_inside = real.starts_with(scratch.at("target")) && real.is_dir();
        if !is_inside || random.below(3) > 0 {
            continue;
        }
        let link = |to: &Path| {
            scratch.link(&path, to.as_os_str().as_bytes());
        };
        match random.below(11) {
            0 => link(&outside("a")),
            1 => link(&outside("d")),
            2 => link(&outside("new")),
            3 => link(&outside("d/b")),
            4 => fs::hard_link(outside("a"), &place).unwrap(),
            5 => drop(scratch.file(&path, "old").mode(&path, 0o000)),
            6 => drop(scratch.directory(&path).mode(&path, 0o555)),
            7 => mknodat(CWD, &place, FileType::Fifo, Mode::RWXU, 0).unwrap(),
            8 => drop(scratch.file(&path, "old").mode(&path, 0o6777)),
            9 => link(Path::new("/dev/full")),
            _ => drop(scratch.directory(&path).mode(&path, 0o777)),
        }
        planted += 1;
    }
    planted
}

/// All that is known of a directory and what is below it; a file that came and went shows in the
/// times of its directory. Times of access are not looked at, nor is the count of hard links.
fn everything(directory: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut due = vec![directory.to_owned()];
    while let Some(path) = due.pop() {
        let found = fs::symlink_metadata(&path).unwrap();
        let held = if found.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        let times = format!("{}.{:09}", found.mtime(), found.mtime_nsec());
        let owner = format!("{} {}", found.uid(), found.gid());
        let mode = found.permissions().mode();
        let said = format!("{mode:o} {owner} {times} {}", held.escape_ascii());
        all.insert(path.display().to_string(), said);
        if found.is_dir() {
            due.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    all
}

/// Everything of the tree is there as it was recorded; other things may be there, too.
fn check_restored(recorded: &Recorded, target: &Path, said: &str) {
    let found = Recorded::of(target, &SnapOptions::default()).lines();
    for (path, line) in recorded.lines() {
        assert_eq!(found.get(&path), Some(&line), "{said}: {}", path.escape_ascii());
    }
}
