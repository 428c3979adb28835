//! Other processes: the lock, `kill -9`, and a disk that is really full.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use markerbed_host::{
    drive::blocking::wait,
    store::{
        Contents, DirectoryStore, Records,
        directory::{Access, Options},
    },
};
use markerbed_suites::{Random, print_count, seed};
use tempfile::tempdir;

use crate::support::*;

const STORE_VARIABLE: &str = "MARKERBED_TEST_CHILD_STORE";

/// Not a test: what a child process does. It commits until it is killed, and says each number.
#[test]
#[ignore = "run by other tests as a child process"]
fn child_that_commits() {
    let Some(root) = std::env::var_os(STORE_VARIABLE) else { return };
    let store = DirectoryStore::open(Path::new(&root), small_packs(Access::Write)).unwrap();
    let first = wait(store.number(OURS)).unwrap().map_or(0, |number| number + 1);
    println!("\nready");
    for number in first.. {
        put_and_commit(&store, number).unwrap();
        println!("{number}");
    }
}

fn small_packs(access: Access) -> Options {
    Options { pack_bytes: 100_000, ..Options::new(access) }
}

/// A child process that commits, and what it says.
struct Writer {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Writer {
    fn start(root: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "processes::child_that_commits", "--ignored", "--nocapture"])
            .env(STORE_VARIABLE, root)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "ready"));
        Self { child, lines }
    }

    fn kill(mut self) -> Option<u64> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.lines.filter_map(|line| line.unwrap().parse().ok()).last()
    }
}

#[test]
fn whoever_is_killed_loses_nothing_that_was_acknowledged() {
    let scratch = tempdir().unwrap();
    let root = scratch.path().join("store");
    drop(DirectoryStore::create(&root, small_packs(Access::Write)).unwrap());
    let mut random = Random::new(seed(), "kill");
    let mut acknowledged = None;

    for _ in 0..KILLS {
        let mut writer = Writer::start(&root);
        for _ in 0..random.below(20) {
            acknowledged = writer.lines.next().unwrap().unwrap().parse().ok().or(acknowledged);
        }
        acknowledged = writer.kill().or(acknowledged);

        let store = DirectoryStore::open(&root, small_packs(Access::Write)).unwrap();
        assert_eq!(store.damage(), []);
        let number = wait(store.number(OURS)).unwrap();
        assert!(number >= acknowledged, "{number:?} {acknowledged:?}");
        assert!(number.unwrap_or(0) <= acknowledged.unwrap_or(0) + 1);
        assert_holds(&store, number.map_or(0, |number| number + 1));
        acknowledged = number;
    }
    print_count("directory_store_kills", KILLS, 10);
}

const KILLS: u64 = 10;

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
    let acknowledged = writer.kill();
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

/// A file system of one mebibyte, where the machine lets one be made.
struct TinyDisk(PathBuf);

impl TinyDisk {
    fn mount(at: &Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(at).stderr(Stdio::null());
        mount.status().ok()?.success().then(|| Self(at.to_owned()))
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_disk_that_is_really_full_is_named_and_the_store_works_when_there_is_room() {
    let scratch = tempdir().unwrap();
    let Some(_disk) = TinyDisk::mount(scratch.path()) else {
        println!("skipped: no file system can be mounted here");
        return;
    };
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
