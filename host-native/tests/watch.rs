//! What a watcher hears is where something has changed: a look that goes only there sees the same.
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
    fs,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use markerbed_core::{NodeId, SnapshotId};
use markerbed_host::{
    progress::Silent,
    snapshot::{
        Attention, Expect, HashOnly, Memory, SeenPlace, SnapOptions, StoreSink, take, take_again,
    },
    store::MemoryStore,
    watch::{Hearing, WatchLimits, Watcher},
};
use markerbed_suites::{Random, cases, print_count, seed};
use trees::{Scratch, WORKSPACE};

/// A directory that is watched, and what is seen of it.
struct Watched {
    source: Scratch,
    home: Scratch,
    store: MemoryStore,
    watcher: Watcher,
}

/// Counts the directories that need not be looked at.
#[derive(Debug)]
struct Counting<'a>(&'a Watcher, AtomicU64);

impl Attention for Counting<'_> {
    fn expect(&self, directory: &[u8]) -> Expect {
        let expect = self.0.expect(directory);
        self.1.fetch_add(u64::from(expect == Expect::AsBefore), Ordering::Relaxed);
        expect
    }
}

impl Watched {
    fn new(source: Scratch, limits: WatchLimits) -> Self {
        let watcher = Watcher::new(source.path(), &[], limits);
        Self { source, home: Scratch::new(), store: MemoryStore::default(), watcher }
    }

    /// Looks where something was told of, and checks that a look at everything sees the same.
    /// Gives the root, and how many directories were not looked at.
    fn look(&self) -> (NodeId, u64) {
        let options = SnapOptions::default();
        let place = SeenPlace::of(self.home.path(), WORKSPACE, self.source.path(), &options);
        let place = place.unwrap().expect("scratch directories tell times");
        let seen = place.read();
        let attention = Counting(&self.watcher, AtomicU64::new(0));
        self.watcher.begin_look();
        let memory = Memory {
            seen: seen.as_ref(),
            place: Some(&place),
            attention: Some(&attention),
            ..Memory::default()
        };
        let sink = StoreSink::new(&self.store, WORKSPACE);

        let looked = take_again(self.source.path(), &options, &sink, &Silent, memory);

        let (taken, new) = looked.unwrap();
        self.watcher.end_look();
        if let Some(new) = new {
            new.keep(SnapshotId::from_bytes([9; 32]));
        }
        assert_eq!(place.read().unwrap().root(), taken.root, "it was kept");
        let sink = HashOnly::default();
        let whole = take(self.source.path(), &options, &sink, &Silent).unwrap();
        assert_eq!(taken.root, whole.root, "seed {}", seed());
        assert_eq!((taken.statistics, taken.left_out), (whole.statistics, whole.left_out));
        (taken.root, attention.1.into_inner())
    }

    /// Waits until the system has told what was changed, or there was nothing to tell.
    fn settle(&self) -> bool {
        self.watcher.wait(Duration::from_millis(60)).unwrap()
    }
}

const ALL: WatchLimits = WatchLimits { events_max: usize::MAX, watches_max: usize::MAX };

/// Makes a tree with directories of several depths.
fn tree() -> Scratch {
    let source = Scratch::new();
    for number in 0..40 {
        source.file(format!("{}/{}/{number}", number % 3, number % 5), format!("{number}"));
    }
    source
}

#[test]
fn a_look_where_something_was_told_of_sees_what_a_look_at_everything_sees() {
    let name = "a_look_where_something_was_told_of";
    let (floor, mut spared, mut changed) = (60, 0, 0);
    let mut random = Random::new(seed(), name);
    let watched = Watched::new(tree(), ALL);
    let mut root = watched.look().0;
    for _ in 0..cases(floor) {
        for _ in 0..1 + random.below(6) {
            mutate(&watched.source, &mut random);
        }
        watched.settle();
        let (after, quiet) = watched.look();
        changed += u64::from(after != root);
        spared += quiet;
        root = after;
    }
    print_count(name, u64::from(cases(floor)), u64::from(floor));
    assert!(changed > 30 && spared > 300, "{changed} changed, {spared} spared");
    assert!(matches!(watched.watcher.hearing(), Hearing::All { .. }));
}

/// Does one thing to the tree; what cannot be done is left.
fn mutate(source: &Scratch, random: &mut Random) {
    let name = |random: &mut Random| format!("{}", random.below(4));
    let directory = |random: &mut Random| {
        let depth = random.below(3);
        (0..depth).map(|_| name(random)).collect::<Vec<_>>().join("/")
    };
    let path = |random: &mut Random| {
        let (above, name) = (directory(random), name(random));
        if above.is_empty() { name } else { format!("{above}/{name}") }
    };
    let (one, other) = (source.at(path(random)), source.at(path(random)));
    let _ = match random.below(9) {
        0 | 1 => fs::write(&one, random.bytes(20)),
        2 => fs::create_dir(&one),
        3 => fs::create_dir_all(one.join("x/y")).and_then(|()| fs::write(one.join("x/y/z"), "z")),
        4 => fs::rename(&one, &other),
        5 => fs::remove_file(&one),
        6 if random.below(3) == 0 => fs::remove_dir_all(&one),
        7 => std::os::unix::fs::symlink("elsewhere", &one),
        8 => fs::rename(&one, source.at("away"))
            .and_then(|()| fs::rename(&other, &one))
            .and_then(|()| fs::rename(source.at("away"), &other)),
        _ => fs::write(one.join("inside"), random.bytes(5)),
    };
}

#[test]
fn directories_that_take_the_place_of_each_other_are_looked_into() {
    let watched = Watched::new(tree(), ALL);
    let at = |name: &str| watched.source.at(name);
    for (one, other) in [("0", "1"), ("0/0", "0/1"), ("2/3", "0")] {
        std::thread::sleep(Duration::from_millis(150));
        let before = watched.look().0;

        fs::rename(at(one), at("away")).unwrap();
        fs::rename(at(other), at(one)).unwrap();
        fs::rename(at("away"), at(other)).unwrap();
        assert!(watched.settle());

        assert_ne!(watched.look().0, before);
    }
}

#[test]
fn nothing_is_looked_at_where_nothing_was_told_of() {
    let watched = Watched::new(tree(), ALL);
    let (root, first) = watched.look();
    std::thread::sleep(Duration::from_millis(150));
    watched.look();
    assert!(!watched.settle());

    let (again, quiet) = watched.look();

    assert_eq!((again, first, quiet), (root, 0, 19), "15 directories, 3 above them, the root");
}

#[test]
fn too_many_events_make_it_look_at_everything() {
    let watched = Watched::new(tree(), WatchLimits { events_max: 5, ..ALL });
    watched.look();
    for number in 0..20 {
        watched.source.file(format!("0/0/new{number}"), "new");
    }
    assert!(watched.settle());

    let (_, quiet) = watched.look();

    assert_eq!(quiet, 0);
    watched.settle();
    assert!(watched.look().1 > 10);
}

#[test]
fn where_too_many_directories_would_be_watched_the_others_are_always_looked_at() {
    let watched = Watched::new(tree(), WatchLimits { watches_max: 3, ..ALL });
    watched.look();
    for number in 0..15 {
        watched.source.file(format!("{}/{}/new", number % 3, number % 5), "new");
    }

    let (_, quiet) = watched.look();

    let hearing = watched.watcher.hearing();
    assert!(matches!(hearing, Hearing::Partly { directories: 3, .. }), "{hearing:?}");
    assert!(quiet <= 3);
}

#[test]
fn a_root_that_is_another_directory_is_watched_anew() {
    let watched = Watched::new(tree(), ALL);
    let before = watched.look().0;
    let away = watched.source.path().with_extension("away");
    fs::rename(watched.source.path(), &away).unwrap();
    fs::create_dir(watched.source.path()).unwrap();
    watched.source.file("other", "other");
    assert!(watched.settle());

    let after = watched.look().0;

    watched.source.file("0/new", "new");
    assert_ne!(before, after);
    assert!(watched.settle());
    assert_ne!(watched.look().0, after);
    fs::remove_dir_all(away).unwrap();
}

#[test]
fn what_is_left_out_is_not_heard_of() {
    let source = tree();
    source.directory("own");
    let own = source.at("own");
    let watcher = Watcher::new(source.path(), std::slice::from_ref(&own), ALL);
    let watched = Watched { watcher, ..Watched::new(source, ALL) };
    let options = SnapOptions { leave_out: vec![own.clone()], ..SnapOptions::default() };
    watched.watcher.begin_look();
    let memory = Memory { attention: Some(&watched.watcher), ..Memory::default() };
    let sink = HashOnly::default();
    take_again(watched.source.path(), &options, &sink, &Silent, memory).unwrap();
    watched.watcher.end_look();

    fs::write(own.join("pack"), "written by the store").unwrap();
    let is_told = watched.settle();

    assert!(!is_told);
}
