//! Portable snapshots: what a system that knows only names and bytes would record.
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
    collections::{BTreeMap, BTreeSet},
    thread::sleep,
    time::Duration,
};

use markerbed_core::{
    SnapshotId,
    hash::content_id,
    tree::{Child, File, GapReason, Name, NewChild, Node, build_directory},
};
use markerbed_host::{
    progress::Silent,
    snapshot::{HashOnly, Memory, SeenPlace, SnapOptions, StoreSink, Taken, take, take_again},
    store::MemoryStore,
};
use markerbed_suites::{Random, cases, print_count, seed};
use trees::{Recorded, Scratch, WORKSPACE};

fn portable() -> SnapOptions {
    SnapOptions { portable: true, ..SnapOptions::default() }
}

#[test]
fn modes_links_and_names_that_are_no_text_are_not_in_it() {
    let scratch = Scratch::new();
    scratch.file("run", "#!").mode("run", 0o755).file("d/f", "x").link("d/l", "f");
    scratch.link("up", "..").file(b"d/\xff/below", "x").file(b"\xc3", "x").directory("empty");
    scratch.link(b"\xfe", "x");

    let recorded = Recorded::of(scratch.path(), &portable());

    let gap = |path: &str, reason| (path.to_owned(), reason, 1);
    let expected = [
        gap("d/l", GapReason::Symlink),
        gap("d/\\xff", GapReason::Name),
        gap("up", GapReason::Symlink),
        gap("\\xc3", GapReason::Name),
        gap("\\xfe", GapReason::Name),
    ];
    assert_eq!(recorded.gaps(), expected);
    assert_eq!(recorded.paths(), ["d", "d/f", "empty", "run"]);
    assert!(recorded.lines()[&b"run"[..]].starts_with("file 2 "));
    assert!(recorded.taken.rules.portable);
    assert!(!scratch.take().taken.rules.portable);
}

#[test]
fn the_root_is_made_of_paths_and_bytes_alone() {
    let name = "the_root_is_made_of_paths_and_bytes_alone";
    let mut random = Random::new(seed(), name);
    let mut files = 0;
    for case in 0..cases(80) {
        let scratch = Scratch::new();
        let held = fill(&scratch, &mut random);
        files += held.values().filter(|held| held.is_some()).count() as u64;

        let taken = take(scratch.path(), &portable(), &HashOnly::default(), &Silent).unwrap();

        let root = root_of(&held);
        assert_eq!(taken.root, root.id(), "case {case} of seed {}", seed());
        assert_eq!(taken.directory.below(), root.as_directory().unwrap().below());
    }
    print_count(name, files, 600);
}

#[test]
fn what_was_seen_in_one_way_is_not_taken_for_what_is_seen_in_the_other() {
    let (source, home, store) = (Scratch::new(), Scratch::new(), MemoryStore::default());
    source.file("d/run", "#!").mode("d/run", 0o755).file("d/f", "x").link("d/l", "f");
    source.file(b"d/\xff", "x").file("e/f", "x");
    sleep(Duration::from_millis(150));
    let look = |options: &SnapOptions| {
        let place = SeenPlace::of(home.path(), WORKSPACE, source.path(), options);
        let place = place.unwrap().expect("scratch directories tell times");
        let seen = place.read();
        let memory = Memory { seen: seen.as_ref(), place: Some(&place), ..Memory::default() };
        let sink = StoreSink::new(&store, WORKSPACE);
        let (taken, new) = take_again(source.path(), options, &sink, &Silent, memory).unwrap();
        new.into_iter().for_each(|new| new.keep(SnapshotId::from_bytes([9; 32])));
        (taken, seen.is_some())
    };
    let afresh = |options: &SnapOptions| {
        take(source.path(), options, &HashOnly::default(), &Silent).unwrap()
    };

    for turn in 0..6 {
        if turn == 4 {
            source.file("d/new", "x").mode("e/f", 0o700).link("e/l", "f");
            sleep(Duration::from_millis(150));
        }
        for options in [SnapOptions::default(), portable()] {
            let (taken, was_seen) = look(&options);

            check_equal(&taken, &afresh(&options));
            assert_eq!(was_seen, turn > 0, "each way has what was seen in it");
        }
    }
    assert_ne!(afresh(&portable()).root, afresh(&SnapOptions::default()).root);
}

fn check_equal(taken: &Taken, afresh: &Taken) {
    assert_eq!(taken.root, afresh.root);
    assert_eq!(taken.gaps, afresh.gaps);
    assert_eq!(taken.rules, afresh.rules);
    assert_eq!(taken.statistics, afresh.statistics);
}

/// Fills a directory at random; gives each path that every system can tell, and its bytes if it is
/// a file.
fn fill(scratch: &Scratch, random: &mut Random) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
    let mut held = BTreeMap::new();
    let mut directories = vec![Vec::new()];
    let mut taken = BTreeSet::new();
    for _ in 0..40 {
        let above = directories[random.below(directories.len() as u64) as usize].clone();
        let name = NAMES[random.below(NAMES.len() as u64) as usize];
        let path = [above.as_slice(), name].concat();
        if !taken.insert(path.clone()) {
            continue;
        }
        let is_told = str::from_utf8(&path).is_ok();
        match random.below(5) {
            0 => drop(scratch.link(&path, "a")),
            1 => {
                scratch.directory(&path);
                directories.push([&path, &b"/"[..]].concat());
                held.extend(is_told.then_some((path, None)));
            }
            kind => {
                let length = random.below(3_000) as usize;
                let bytes = random.bytes(length);
                scratch.file(&path, &bytes).mode(&path, if kind == 2 { 0o755 } else { 0o600 });
                held.extend(is_told.then_some((path, Some(bytes))));
            }
        }
    }
    held
}

/// The root of a tree of these files and directories, without the pipeline: the deepest first.
fn root_of(held: &BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Node {
    let mut children: BTreeMap<Vec<u8>, Vec<NewChild>> = BTreeMap::new();
    let directory = |children: &mut BTreeMap<Vec<u8>, Vec<NewChild>>, path: &[u8]| {
        let children = children.remove(path).unwrap_or_default();
        Node::from(build_directory(children).unwrap().directory)
    };
    // What lies in a directory comes after it, so backwards before it.
    for (path, bytes) in held.iter().rev() {
        let node = match bytes {
            Some(bytes) => File::new(false, bytes.len() as u64, content_id(bytes)).unwrap().into(),
            None => directory(&mut children, path),
        };
        let slash = path.iter().rposition(|byte| *byte == b'/');
        let (above, name) = match slash {
            Some(slash) => (path[..slash].to_vec(), &path[slash + 1..]),
            None => (Vec::new(), path.as_slice()),
        };
        let child = NewChild {
            name: Name::new(name).unwrap(),
            child: Child::of(&node),
            adds: node.adds().unwrap(),
        };
        children.entry(above).or_default().insert(0, child);
    }
    directory(&mut children, b"")
}

const NAMES: &[&[u8]] =
    &[b"a", b"b", b"B", b"con", b"a.", b"a:b", b"\xff", b"\xc3\xa9", b"e\xcc\x81", b"\xc3", b" "];
