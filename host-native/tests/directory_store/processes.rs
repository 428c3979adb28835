//! Other processes: the lock, `kill -9`, and a disk that is really full.

use std::{
    io::{BufRead, BufReader, Lines, PipeReader, PipeWriter, pipe},
    path::Path,
    process::{Child, Command, Stdio},
};

use markerbed_host::{
    drive::blocking::wait,
    store::{
        Contents, DirectoryStore, Records, StoreError,
        directory::{Access, Options},
    },
};
use markerbed_suites::{Random, cases_in_ci, print_count, seed};
use tempfile::tempdir;

use crate::{mount::Mounted, support::*};

const STORE_VARIABLE: &str = "MARKERBED_TEST_CHILD_STORE";

/// Not a test: what a child process does. It commits until it is killed, and says each number.
#[test]
#[ignore = "run by other tests as a child process"]
fn child_that_commits() {
    let Some(root) = std::env::var_os(STORE_VARIABLE) else { return };
    let root = Path::new(&root);
    let store = match DirectoryStore::open(root, small_packs(Access::Write)) {
        Err(StoreError::NotFound { .. } | StoreError::NotAStore { .. }) => {
            DirectoryStore::create(root, small_packs(Access::Write))
        }
        opened => opened,
    };
    let store = store.unwrap();
    let first = wait(store.number(OURS)).unwrap().map_or(0, |number| number + 1);
    println!("\nready");
    for number in first.. {
        put_and_commit(&store, number).unwrap();
        println!("{number}");
    }
}

pub(crate) fn small_packs(access: Access) -> Options {
    Options { pack_bytes: 100_000, ..Options::new(access) }
}

/// A child process that commits, and what it says.
pub(crate) struct Writer {
    child: Child,
    pub(crate) lines: Lines<BufReader<PipeReader>>,
    /// Where it says it, and where others may say something between its lines.
    pub(crate) output: PipeWriter,
}

impl Writer {
    fn start(root: &Path) -> Self {
        let mut writer = Self::spawn(root);
        writer.wait_until_ready();
        writer
    }

    pub(crate) fn spawn(root: &Path) -> Self {
        let (lines, output) = pipe().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "processes::child_that_commits", "--ignored", "--nocapture"])
            .env(STORE_VARIABLE, root)
            .stdout(output.try_clone().unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, lines: BufReader::new(lines).lines(), output }
    }

    /// Waits until there is a store that it writes to.
    pub(crate) fn wait_until_ready(&mut self) {
        assert!(self.lines.any(|line| line.unwrap() == "ready"));
    }

    /// Ends it, and gives what it said last.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        drop(self.output);
        self.lines.map_while(Result::ok).collect()
    }

    fn kill_and_hear(self) -> Option<u64> {
        self.kill().iter().rev().find_map(|line| line.parse().ok())
    }
}

#[test]
fn whoever_is_killed_loses_nothing_that_was_acknowledged() {
    let scratch = tempdir().unwrap();
    let root = scratch.path().join("store");
    let mut random = Random::new(seed(), "kill");
    let mut acknowledged = None;

    let kills = u64::from(cases_in_ci(100));
    for kill in 0..kills {
        if kill % KILLS_PER_STORE == 0 {
            let _ = std::fs::remove_dir_all(&root);
            acknowledged = None;
        }
        let mut writer = Writer::start(&root);
        for _ in 0..random.below(20) {
            acknowledged = writer.lines.next().unwrap().unwrap().parse().ok().or(acknowledged);
        }
        acknowledged = writer.kill_and_hear().or(acknowledged);

        let store = DirectoryStore::open(&root, small_packs(Access::Write)).unwrap();
        assert_eq!(store.damage(), []);
        let number = wait(store.number(OURS)).unwrap();
        assert!(number >= acknowledged, "{number:?} {acknowledged:?}");
        assert!(number.unwrap_or(0) <= acknowledged.unwrap_or(0) + 1);
        assert_holds(&store, number.map_or(0, |number| number + 1));
        acknowledged = number;
    }
    print_count("directory_store_kills", kills, kills);
}

/// All that a store holds is read after each.
const KILLS_PER_STORE: u64 = 10;

#[test]
fn another_process_that_writes_is_named_and_leaves_no_lock_when_it_dies() {
    let scratch = tempdir().unwrap();
    let root = scratch.path().join("store");
    drop(DirectoryStore::create(&root, small_packs(Access::Write)).unwrap());
    let writer = Writer::start(&root);
    let id = writer.child.id();

    let error = DirectoryStore::open(&root, small_packs(Access::Write)).unwrap_err();
    let reader = DirectoryStore::open(&root, small_packs(Access::Read)).unwrap();
    let seen = wait(reader.number(OURS)).unwrap();
    let acknowledged = writer.kill_and_hear();
    let store = DirectoryStore::open(&root, small_packs(Access::Write)).unwrap();

    assert_eq!(error.code(), "store-busy");
    assert!(error.to_string().ends_with(&format!("(process {id})")), "{error}");
    assert_eq!(reader.damage(), []);
    assert_holds(&reader, seen.map_or(0, |number| number + 1));
    assert!(wait(store.number(OURS)).unwrap() >= acknowledged.max(seen));
}

#[test]
fn readers_beside_a_busy_writer_always_see_a_whole_store() {
    let scratch = tempdir().unwrap();
    let root = scratch.path().join("store");
    drop(DirectoryStore::create(&root, small_packs(Access::Write)).unwrap());
    let writer = Writer::start(&root);
    let mut last = None;

    for _ in 0..40 {
        let reader = DirectoryStore::open(&root, small_packs(Access::Read)).unwrap();
        assert_eq!(reader.damage(), []);
        let number = wait(reader.number(OURS)).unwrap();
        assert!(number >= last);
        assert_holds(&reader, number.map_or(0, |number| number + 1));
        last = number;
    }
    writer.kill();
}

#[test]
fn a_disk_that_is_really_full_is_named_and_the_store_works_when_there_is_room() {
    let scratch = tempdir().unwrap();
    let tmpfs = ["-t", "tmpfs", "-o", "size=1m", "tmpfs"];
    let Some(_disk) = Mounted::new(&tmpfs, scratch.path()) else { return };
    let ballast = scratch.path().join("ballast");
    let root = scratch.path().join("store");
    let store = DirectoryStore::create(&root, Options::new(Access::Write)).unwrap();
    std::fs::write(&ballast, vec![1; 400_000]).unwrap();

    let mut number = 0;
    let error = loop {
        let put = wait(store.put_contents(OURS, &[noise(&number.to_string(), 50_000)]));
        match put.map(drop).and_then(|()| put_and_commit(&store, number).map(drop)) {
            Ok(()) => number += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), "store-full");
    assert!(number > 3);
    assert_holds(&store, number);

    std::fs::remove_file(&ballast).unwrap();
    put_and_commit(&store, number).unwrap();
    assert_holds(&store, number + 1);
    drop(store);
    assert_holds(&DirectoryStore::open(&root, Options::new(Access::Write)).unwrap(), number + 1);
}
