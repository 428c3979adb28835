//! A tree, and threads that change it as fast as they can.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, symlink},
    },
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread::{self, Scope},
    time::Duration,
};

use markerbed_suites::Random;
use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};

use crate::{
    rewritten::{self, rewrite},
    trees::Scratch,
    version::Version,
};

/// Where every link leads that is in the tree.
pub(crate) const OUTSIDE: &[u8] = b"../../outside";

/// What a path of the tree may be.
#[derive(Default)]
pub(crate) struct Group {
    /// The files whose versions may be found there.
    pub(crate) files: Vec<u32>,
    pub(crate) may_be_empty: bool,
    pub(crate) may_be_link: bool,
    pub(crate) may_be_directory: bool,
    /// How much of the path names a directory that changes places as a whole.
    pub(crate) home_bytes: Option<usize>,
}

impl Group {
    /// Which of the directories that change places a file is in.
    pub(crate) fn home_of(&self, file: u32) -> u32 {
        (file - KEPT) / KEPT_FILES
    }
}

/// What may be at a path; none if nothing ever was.
pub(crate) fn group_of(path: &[u8]) -> Option<Group> {
    let path = str::from_utf8(path).ok()?;
    let names: Vec<&str> = path.split('/').collect();
    let number = |name: &str, count: u32| name.parse().ok().filter(|number: &u32| *number < count);
    let directory = || Some(Group { may_be_directory: true, ..Group::default() });
    let one = |file: u32| Some(Group { files: vec![file], ..Group::default() });
    match names.as_slice() {
        [
            "renamed" | "truncated" | "swapped" | "kept" | "linked" | "kinds" | "comes" | "still"
            | "moved" | "rewritten",
        ] => directory(),
        ["renamed", name] => one(RENAMED + number(name, RENAMED_COUNT)?),
        ["truncated", name] => {
            let group = one(TRUNCATED + number(name, TRUNCATED_COUNT)?)?;
            Some(Group { may_be_empty: true, ..group })
        }
        ["swapped", name] => {
            let first = SWAPPED + number(name, SWAPPED_COUNT)? / 2 * 2;
            Some(Group { files: vec![first, first + 1], ..Group::default() })
        }
        ["kept", "one" | "two"] | ["kept", "one" | "two", "sub"] => directory(),
        ["kept", "one" | "two", name] | ["kept", "one" | "two", "sub", name] => {
            let file = KEPT + number(name, KEPT_FILES / 2)?;
            let file = if names.len() == 4 { file + KEPT_FILES / 2 } else { file };
            let home_bytes = Some("kept/one".len());
            Some(Group { files: vec![file, file + KEPT_FILES], home_bytes, ..Group::default() })
        }
        ["linked", name] => {
            number(name, LINKED_COUNT)?;
            Some(Group { may_be_link: true, ..directory()? })
        }
        ["linked", above, name] => {
            one(LINKED + number(above, LINKED_COUNT)? * 10 + number(name, LINKED_FILES)?)
        }
        ["kinds", name] => {
            let group = one(KINDS + number(name, KINDS_COUNT)?)?;
            Some(Group { may_be_link: true, may_be_directory: true, ..group })
        }
        ["comes", name] => one(COMES + number(name, COMES_COUNT)?),
        ["rewritten", name] => one(REWRITTEN + number(name, REWRITTEN_COUNT)?),
        ["still", name] => one(STILL + number(name, STILL_COUNT)?),
        ["moved", "a" | "b"] | ["moved", "a" | "b", "d"] => directory(),
        ["moved", "a" | "b", "d", name] => one(MOVED + number(name, MOVED_COUNT)?),
        _ => None,
    }
}

/// A tree to be taken in, and what lies beside it.
pub(crate) struct Tree {
    scratch: Scratch,
    /// Of each file the version that was written last, and the one that is being written.
    whole: Vec<AtomicU64>,
    begun: Vec<AtomicU64>,
}

impl Tree {
    pub(crate) fn new() -> Self {
        let counters = || (0..FILES).map(|_| AtomicU64::new(1)).collect();
        let tree = Self { scratch: Scratch::new(), whole: counters(), begun: counters() };
        let scratch = &tree.scratch;
        scratch.directory("stage");
        for name in ["sentinel", "00", "01", "02", "03", "04"] {
            scratch.file(format!("outside/{name}"), "sentinel: this lies outside of the tree");
        }
        let file = |path: String, file: u32, length: usize| {
            scratch.file(format!("root/{path}"), Version { file, number: 1 }.bytes(length));
        };
        for number in 0..RENAMED_COUNT {
            let length = if number % 40 == 7 { 2 << 20 } else { number as usize * 37 };
            file(format!("renamed/{number:03}"), RENAMED + number, length);
        }
        for number in 0..TRUNCATED_COUNT {
            file(format!("truncated/{number:03}"), TRUNCATED + number, 500);
        }
        for number in 0..SWAPPED_COUNT {
            let length = if number < 4 { 1_300_000 } else { 3_000 };
            file(format!("swapped/{number:03}"), SWAPPED + number, length);
        }
        for (home, name) in (0..).zip(["one", "two"]) {
            for number in 0..KEPT_FILES / 2 {
                let id = KEPT + home * KEPT_FILES + number;
                file(format!("kept/{name}/{number:03}"), id, 100);
                file(format!("kept/{name}/sub/{number:03}"), id + KEPT_FILES / 2, 100);
            }
        }
        for number in 0..LINKED_COUNT {
            for below in 0..LINKED_FILES {
                let id = LINKED + number * 10 + below;
                file(format!("linked/{number:02}/{below:02}"), id, 300);
            }
            tree.stage_link(&format!("linked-{number}"), OUTSIDE);
        }
        for number in 0..KINDS_COUNT {
            file(format!("kinds/{number:02}"), KINDS + number, 300);
            let staged = format!("kinds-{number}");
            match number % 3 {
                0 => tree.stage_link(&staged, b"../../outside/sentinel"),
                1 => drop(scratch.directory(format!("stage/{staged}"))),
                _ => {
                    let path = scratch.at(format!("stage/{staged}"));
                    mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0).unwrap();
                }
            }
        }
        for number in 0..REWRITTEN_COUNT {
            let version = Version { file: REWRITTEN + number, number: 1 };
            let bytes = rewritten::bytes(version, rewritten_chunks(number));
            scratch.file(format!("root/rewritten/{number}"), bytes);
        }
        for number in 0..STILL_COUNT {
            file(format!("still/{number:03}"), STILL + number, 200);
        }
        for number in 0..MOVED_COUNT {
            file(format!("moved/a/d/{number:03}"), MOVED + number, 200);
        }
        scratch.directory("root/moved/b").directory("root/comes");
        tree
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.scratch.at("root")
    }

    /// Of each file, the version that is there at least.
    pub(crate) fn whole(&self) -> Vec<u64> {
        self.whole.iter().map(|number| number.load(Ordering::SeqCst)).collect()
    }

    /// Of each file, the version that is there at most.
    pub(crate) fn begun(&self) -> Vec<u64> {
        self.begun.iter().map(|number| number.load(Ordering::SeqCst)).collect()
    }

    fn stage_link(&self, name: &str, target: &[u8]) {
        symlink(std::ffi::OsStr::from_bytes(target), self.scratch.at(format!("stage/{name}")))
            .unwrap();
    }

    fn at(&self, path: &str) -> PathBuf {
        self.scratch.at(format!("root/{path}"))
    }

    fn stage(&self, name: &str) -> PathBuf {
        self.scratch.at(format!("stage/{name}"))
    }

    /// Writes the next version of a file with `write`.
    fn next(&self, file: u32, length: usize, write: impl FnOnce(&[u8])) {
        let number = self.begun[file as usize].fetch_add(1, Ordering::SeqCst) + 1;
        write(&Version { file, number }.bytes(length));
        self.whole[file as usize].store(number, Ordering::SeqCst);
    }

    /// In place of the one that is there, at once.
    fn rename(&self, path: &str, file: u32, length: usize) {
        let staged = self.stage(&format!("file-{file}"));
        self.next(file, length, |bytes| {
            fs::write(&staged, bytes).unwrap();
            fs::rename(&staged, self.at(path)).unwrap();
        });
    }

    /// In place, in many writes.
    fn rewrite(&self, path: &str, file: u32, chunks: usize) {
        let number = self.begun[file as usize].fetch_add(1, Ordering::SeqCst) + 1;
        let opened = OpenOptions::new().write(true).open(self.at(path)).unwrap();
        rewrite(&opened, Version { file, number }, chunks);
        self.whole[file as usize].store(number, Ordering::SeqCst);
    }

    /// Cut to nothing, and then written in one call.
    fn truncate(&self, path: &str, file: u32, length: usize) {
        self.next(file, length, |bytes| {
            let file = OpenOptions::new().write(true).truncate(true).open(self.at(path));
            assert_eq!(file.unwrap().write(bytes).unwrap(), bytes.len());
        });
    }
}

/// Threads that change a tree, each its own part of it.
pub(crate) struct Mutators<'a> {
    tree: &'a Tree,
    seed: u64,
    stop: AtomicBool,
    pub(crate) changes: AtomicU64,
}

/// Stops the threads when it goes, also if a test fails.
pub(crate) struct Stop<'a>(&'a AtomicBool);

impl<'a> Mutators<'a> {
    pub(crate) fn new(tree: &'a Tree, seed: u64) -> Self {
        Self { tree, seed, stop: AtomicBool::new(false), changes: AtomicU64::new(0) }
    }

    pub(crate) fn start<'s>(&'s self, scope: &'s Scope<'s, '_>) {
        let parts: [fn(&Tree, &mut Random); 5] = [rename, write, swap, swap_kinds, rewrite_one];
        for (number, part) in parts.into_iter().enumerate() {
            scope.spawn(move || {
                let mut random = Random::new(self.seed, &format!("mutator {number}"));
                while !self.stop.load(Ordering::Relaxed) {
                    part(self.tree, &mut random);
                    self.changes.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    }

    pub(crate) fn stop_at_the_end(&self) -> Stop<'_> {
        Stop(&self.stop)
    }
}

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Which one to change: most often one of the first few, so that these always move and the others
/// can be met in peace.
fn choose(random: &mut Random, hot: u32, count: u32) -> u32 {
    let of = if random.below(200) == 0 { count } else { hot };
    random.below(u64::from(of)) as u32
}

fn rename(tree: &Tree, random: &mut Random) {
    let number = choose(random, 5, RENAMED_COUNT);
    let length = match number % 40 {
        7 => (1 << 20) + random.below(1 << 20),
        _ => random.below(9_000),
    };
    tree.rename(&format!("renamed/{number:03}"), RENAMED + number, length as usize);
}

fn write(tree: &Tree, random: &mut Random) {
    if random.below(4) > 0 {
        let number = choose(random, 3, TRUNCATED_COUNT);
        // One page: what is longer can be met half-way.
        let length = random.below(4_096) as usize;
        return tree.truncate(&format!("truncated/{number:03}"), TRUNCATED + number, length);
    }
    let number = choose(random, 3, COMES_COUNT);
    let path = format!("comes/{number:03}");
    match tree.at(&path).exists() {
        true => fs::remove_file(tree.at(&path)).unwrap(),
        false => tree.rename(&path, COMES + number, 800),
    }
}

/// Rests about as long as who reads waits for a file to settle, so that both often meet.
fn rewrite_one(tree: &Tree, random: &mut Random) {
    let number = random.below(u64::from(REWRITTEN_COUNT)) as u32;
    tree.rewrite(&format!("rewritten/{number}"), REWRITTEN + number, rewritten_chunks(number));
    thread::sleep(Duration::from_micros(random.below(8_000)));
}

/// The first is larger than what is read at once.
fn rewritten_chunks(number: u32) -> usize {
    if number == 0 { 512 } else { 128 }
}

fn swap(tree: &Tree, random: &mut Random) {
    match random.below(8) {
        0..=3 => exchange(&tree.at("kept/one"), &tree.at("kept/two")),
        4 => {
            let pair = choose(random, 2, SWAPPED_COUNT / 2);
            let at = |number: u32| tree.at(&format!("swapped/{number:03}"));
            exchange(&at(2 * pair), &at(2 * pair + 1));
        }
        _ => {
            let [here, there] = ["moved/a/d", "moved/b/d"].map(|path| tree.at(path));
            match here.exists() {
                true => fs::rename(here, there).unwrap(),
                false => fs::rename(there, here).unwrap(),
            }
        }
    }
}

fn swap_kinds(tree: &Tree, random: &mut Random) {
    if random.below(2) == 0 {
        let number = choose(random, 3, LINKED_COUNT);
        let path = tree.at(&format!("linked/{number:02}"));
        exchange(&path, &tree.stage(&format!("linked-{number}")));
    } else {
        let number = choose(random, 3, KINDS_COUNT);
        let path = tree.at(&format!("kinds/{number:02}"));
        exchange(&path, &tree.stage(&format!("kinds-{number}")));
    }
}

fn exchange(one: &Path, other: &Path) {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
}

/// A target of a restore, whose directories become links to the outside and directories again.
pub(crate) struct Target {
    scratch: Scratch,
    directories: usize,
}

impl Target {
    pub(crate) fn new(directories: usize) -> Self {
        let scratch = Scratch::new();
        scratch.directory("stage").directory("target").directory("outside/z");
        for name in ["e/f00", "e/f05", "e/other", "f00", "link"] {
            scratch.file(format!("outside/{name}"), "sentinel");
        }
        scratch.mode("outside/e/f05", 0o444);
        for number in 0..directories {
            scratch.file(format!("target/d{number:02}/e/f00"), "old");
            scratch.directory(format!("target/d{number:02}/z"));
        }
        Self { scratch, directories }
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.scratch.at("target")
    }

    /// Everything that is known of the outside, the times of its directories too: a file that came
    /// and went would show in them.
    pub(crate) fn outside(&self) -> Vec<String> {
        let mut all = Vec::new();
        let mut due = vec![self.scratch.at("outside")];
        while let Some(path) = due.pop() {
            let found = fs::symlink_metadata(&path).unwrap();
            let held = if found.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            all.push(format!(
                "{} {:o} {} {}.{:09} {}",
                path.display(),
                found.mode(),
                found.ino(),
                found.mtime(),
                found.mtime_nsec(),
                held.escape_ascii()
            ));
            if found.is_dir() {
                due.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
        }
        all.sort();
        all
    }

    /// Does `work` while a thread swaps directories and files with links; how often it did.
    pub(crate) fn while_swapping(&self, work: impl FnOnce()) -> u64 {
        let (stop, swaps) = (AtomicBool::new(false), AtomicU64::new(0));
        thread::scope(|scope| {
            let stopping = Stop(&stop);
            scope.spawn(|| {
                let mut random = Random::new(0, "while_swapping");
                while !stop.load(Ordering::Relaxed) {
                    swaps.fetch_add(u64::from(self.swap(&mut random)), Ordering::Relaxed);
                }
            });
            work();
            drop(stopping);
        });
        swaps.into_inner()
    }

    /// Puts a link to the outside in the place of something, or that back; tells whether it could.
    fn swap(&self, random: &mut Random) -> bool {
        let number = random.below(self.directories as u64);
        let (below, outside) = match random.below(3) {
            0 => ("", "outside"),
            1 => ("/e", "outside/e"),
            _ => ("/e/f00", "outside/e/f00"),
        };
        let staged = self.scratch.at(format!("stage/{number}{}", below.replace('/', "-")));
        let path = self.scratch.at(format!("target/d{number:02}{below}"));
        // Below what is a link now lies the outside, which this thread must not change either.
        let real = path.parent().unwrap().canonicalize();
        if !real.is_ok_and(|real| real.starts_with(self.target())) {
            return false;
        }
        if !staged.is_symlink() && !path.is_symlink() {
            // The restore has put something in the place of the link.
            let _ = fs::remove_dir_all(&staged).or_else(|_| fs::remove_file(&staged));
            let _ = symlink(self.scratch.at(outside), &staged);
        }
        renameat_with(CWD, &path, CWD, &staged, RenameFlags::EXCHANGE).is_ok()
    }
}

const RENAMED: u32 = 0;
const RENAMED_COUNT: u32 = 200;
const TRUNCATED: u32 = 1_000;
const TRUNCATED_COUNT: u32 = 60;
const SWAPPED: u32 = 2_000;
const SWAPPED_COUNT: u32 = 40;
const KEPT: u32 = 3_000;
const KEPT_FILES: u32 = 200;
const LINKED: u32 = 4_000;
const LINKED_COUNT: u32 = 8;
const LINKED_FILES: u32 = 5;
const KINDS: u32 = 5_000;
const KINDS_COUNT: u32 = 9;
const COMES: u32 = 6_000;
const COMES_COUNT: u32 = 30;
const REWRITTEN: u32 = 6_500;
const REWRITTEN_COUNT: u32 = 4;
const STILL: u32 = 7_000;
const STILL_COUNT: u32 = 100;
const MOVED: u32 = 8_000;
const MOVED_COUNT: u32 = 20;
const FILES: u32 = 9_000;
