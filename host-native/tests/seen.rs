//! What was seen before spares reading, and never changes what is recorded.
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
    fs::{self, File, FileTimes, OpenOptions},
    io::Write,
    os::unix::fs::{FileExt, MetadataExt, symlink},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread::sleep,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use markerbed_core::{ContentId, ObjectId, SnapshotId, hash::content_id};
use markerbed_host::{
    drive::blocking::wait,
    progress::Silent,
    snapshot::{
        HashOnly, Memory, PieceSink, Seen, SeenPlace, Sink, SnapOptions, StoreSink, Taken, take,
        take_again,
    },
    store::{Contents, MemoryStore, Records, StoreError},
};
use markerbed_suites::{Random, cases, print_count, seed};
use trees::{Scratch, WORKSPACE, attributes, lines, set_extended};

/// A source, a store, and the place in which the store keeps what was seen.
struct Watched {
    source: Scratch,
    home: Scratch,
    store: MemoryStore,
    options: SnapOptions,
}

/// One look at a source.
struct Looked {
    taken: Taken,
    /// How many files were read.
    read: u64,
}

impl Watched {
    fn new() -> Self {
        let (source, home) = (Scratch::new(), Scratch::new());
        Self { source, home, store: MemoryStore::default(), options: SnapOptions::default() }
    }

    fn place(&self) -> SeenPlace {
        let place = SeenPlace::of(self.home.path(), WORKSPACE, self.source.path(), &self.options);
        place.unwrap().expect("scratch directories are on a file system that tells times")
    }

    /// Takes the source in with what was seen before, and checks that this changes nothing.
    fn look(&self) -> Looked {
        self.look_into(&Counting::new(StoreSink::new(&self.store, WORKSPACE)))
    }

    fn look_into(&self, sink: &Counting<'_>) -> Looked {
        let place = self.place();
        let seen = place.read();
        let memory = Memory { seen: seen.as_ref(), place: Some(&place), ..Memory::default() };

        let (taken, new) =
            take_again(self.source.path(), &self.options, sink, &Silent, memory).unwrap();

        if let Some(new) = new {
            new.keep(SNAPSHOT);
        }
        self.check(&taken, sink);
        Looked { taken, read: sink.read.load(Ordering::Relaxed) }
    }

    /// Looks without writing down what is seen, as `status` does.
    fn glance(&self, seen: Option<&Seen>) -> Taken {
        let memory = Memory { seen, ..Memory::default() };
        let sink = HashOnly::default();
        take_again(self.source.path(), &self.options, &sink, &Silent, memory).unwrap().0
    }

    /// Compares with what is there, and with what is in the store.
    fn check(&self, taken: &Taken, sink: &Counting<'_>) {
        let everything = HashOnly::default();
        let read = take(self.source.path(), &self.options, &everything, &Silent).unwrap();
        assert_eq!(taken.root, read.root);
        assert_eq!(taken.directory, read.directory);
        assert_eq!(taken.attributes, read.attributes);
        if let Some(root) = taken.attributes {
            attributes(&self.store, root);
        }
        assert_eq!(taken.rules, read.rules);
        assert_eq!(taken.gaps, read.gaps);
        assert_eq!(taken.left_out, read.left_out);
        assert_eq!(taken.statistics, read.statistics);
        let objects: Vec<ObjectId> = everything.into_objects().into_keys().collect();
        let stored = wait(self.store.has_objects(WORKSPACE, &objects)).unwrap();
        assert!(stored.iter().all(|stored| *stored), "an object of the tree was not put");
        if sink.keeps {
            assert_eq!(self.lost(taken), [""; 0]);
        }
    }

    /// The paths of files whose contents are not in the store.
    fn lost(&self, taken: &Taken) -> Vec<String> {
        let lines = lines(&self.store, taken.root);
        let is_lost = |line: &str| {
            let content = line.strip_prefix("file ").or_else(|| line.strip_prefix("program "));
            content.and_then(|line| line.split(' ').nth(1)).is_some_and(|content| {
                let id: ContentId = content.parse().unwrap();
                !wait(self.store.has_contents(WORKSPACE, &[id])).unwrap()[0]
            })
        };
        let lost = lines.into_iter().filter(|(_, line)| is_lost(line));
        lost.map(|(path, _)| path.escape_ascii().to_string()).collect()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.source.at(name)
    }

    /// Gives a file other bytes of the same length, and its old modification time.
    fn forge(&self, name: &str, bytes: &[u8]) {
        let file = OpenOptions::new().write(true).open(self.at(name)).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        file.write_all_at(bytes, 0).unwrap();
        file.set_times(FileTimes::new().set_modified(modified)).unwrap();
    }
}

/// Counts the files that are read.
struct Counting<'a> {
    inner: StoreSink<'a>,
    keeps: bool,
    read: AtomicU64,
}

impl<'a> Counting<'a> {
    fn new(inner: StoreSink<'a>) -> Self {
        Self { inner, keeps: true, read: AtomicU64::new(0) }
    }

    /// Only hashes contents.
    fn hashing(inner: StoreSink<'a>) -> Self {
        Self { keeps: false, ..Self::new(inner) }
    }
}

impl Sink for Counting<'_> {
    fn put_contents(&self, contents: &[Bytes]) -> Result<Vec<ContentId>, StoreError> {
        self.read.fetch_add(contents.len() as u64, Ordering::Relaxed);
        if self.keeps {
            return self.inner.put_contents(contents);
        }
        Ok(contents.iter().map(|content| content_id(content)).collect())
    }

    fn write_content(&self) -> Result<Box<dyn PieceSink + '_>, StoreError> {
        self.read.fetch_add(1, Ordering::Relaxed);
        self.inner.write_content()
    }

    fn put_objects(&self, objects: Vec<(ObjectId, Bytes)>) -> Result<(), StoreError> {
        self.inner.put_objects(objects)
    }

    fn keeps_contents(&self) -> bool {
        self.keeps
    }

    fn has_contents(&self, ids: &[ContentId]) -> Result<Vec<bool>, StoreError> {
        self.inner.has_contents(ids)
    }
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let watched = Watched::new();
    watched.source.file("a", "1").file("d/b", "2").file("d/e/c", "3").link("d/l", "b");
    watched.source.file("large", vec![7; 3 << 20]).directory("empty");
    grow_old();

    let first = watched.look();
    watched.source.file("d/e/new", "4");
    grow_old();
    let second = watched.look();
    let third = watched.look();

    assert_eq!((first.read, second.read, third.read), (4, 1, 0));
    assert_eq!(watched.glance(watched.place().read().as_ref()).root, third.taken.root);
}

#[test]
fn nothing_is_written_if_nothing_new_was_seen() {
    let watched = Watched::new();
    watched.source.file("a", "1").file("d/b", "2");
    grow_old();
    watched.look();
    let file = only_file(watched.home.path());
    let before = fs::metadata(&file).unwrap();

    watched.look();

    assert_eq!(fs::metadata(only_file(watched.home.path())).unwrap().ino(), before.ino());
    assert_eq!(before.mode() & 0o777, 0o600);
}

#[test]
fn a_change_of_the_same_size_with_the_old_time_is_seen() {
    let watched = Watched::new();
    watched.source.file("a", "before").file("d/b", "2");
    grow_old();
    watched.look();

    watched.forge("a", b"after.");

    assert_eq!(watched.look().read, 1);
}

#[test]
fn a_file_that_is_young_when_it_is_seen_is_read_again() {
    let watched = Watched::new();
    watched.source.file("old", "1");
    grow_old();
    watched.source.file("young", "2");

    let reads: Vec<u64> = (0..2).map(|_| watched.look().read).collect();
    grow_old();
    let later: Vec<u64> = (0..2).map(|_| watched.look().read).collect();

    assert_eq!(reads, [2, 1]);
    assert_eq!(later, [1, 0]);
}

#[test]
fn a_time_in_the_future_is_not_trusted() {
    let watched = Watched::new();
    watched.source.file("a", "1");
    let future = SystemTime::now() + Duration::from_secs(3_600);
    let file = File::options().write(true).open(watched.at("a")).unwrap();
    file.set_times(FileTimes::new().set_modified(future)).unwrap();
    grow_old();

    let reads: Vec<u64> = (0..2).map(|_| watched.look().read).collect();

    assert_eq!(reads, [1, 1]);
}

#[test]
fn names_that_come_to_a_young_directory_are_found() {
    for attempt in 0..40 {
        let watched = Watched::new();
        watched.source.directory("d");
        watched.look();
        // Often within the same tick of the clock of file times.
        watched.source.file("d/a", "1");

        let looked = watched.look();

        assert_eq!(looked.taken.statistics.files, 1, "attempt {attempt}");
    }
}

#[test]
fn names_that_come_and_go_are_found_whatever_the_times_say() {
    let watched = Watched::new();
    watched.source.file("d/a", "1").file("d/b", "2");
    grow_old();
    watched.look();
    let directory = File::open(watched.at("d")).unwrap();
    let modified = directory.metadata().unwrap().modified().unwrap();

    fs::remove_file(watched.at("d/a")).unwrap();
    watched.source.file("d/c", "3");
    directory.set_times(FileTimes::new().set_modified(modified)).unwrap();

    assert_eq!(watched.look().read, 1);
}

#[test]
fn files_that_change_places_are_told_apart_by_their_inodes() {
    for _ in 0..1_000 {
        let watched = Watched::new();
        watched.source.directory("one").directory("two");
        watched.source.file("one/f", "1").file("two/f", "2");
        let stamps = ["one/f", "two/f"].map(|name| {
            let found = fs::metadata(watched.at(name)).unwrap();
            (found.len(), found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec())
        });
        if stamps[0] != stamps[1] {
            continue;
        }
        grow_old();
        watched.look();
        let moves = [("one", "three"), ("two", "one"), ("three", "two")];
        for (from, to) in moves {
            fs::rename(watched.at(from), watched.at(to)).unwrap();
        }

        let looked = watched.look();

        assert_eq!(looked.read, 2);
        return;
    }
    panic!("no two files were ever made within one tick of the clock");
}

#[test]
fn other_rules_are_obeyed_also_for_what_is_known() {
    let mut watched = Watched::new();
    watched.source.file(".markerbedignore", "*.o\n").file("a.c", "1").file("d/a.o", "2");
    watched.source.file("d/b.c", "3").file("e/b.o", "4");
    grow_old();

    let first = watched.look();
    watched.options.exclude = vec!["d".to_owned()];
    let without = watched.look();
    watched.options.exclude = Vec::new();
    watched.source.file(".markerbedignore", "*.c\n");
    let other = watched.look();
    watched.options.ignore = false;
    let all = watched.look();

    let files = [&first, &without, &other, &all].map(|looked| looked.taken.statistics.files);
    assert_eq!(files, [3, 2, 3, 5]);
}

#[test]
fn what_was_only_hashed_is_read_when_contents_are_kept() {
    let watched = Watched::new();
    watched.source.file("a", "1").file("d/b", "2");
    grow_old();
    let sink = || StoreSink::new(&watched.store, WORKSPACE);

    let hashed = watched.look_into(&Counting::hashing(sink()));
    let again = watched.look_into(&Counting::hashing(sink()));
    assert_eq!(watched.lost(&again.taken), ["a", "d/b"]);
    let kept = watched.look();
    let after = watched.look_into(&Counting::hashing(sink()));
    let last = watched.look();

    let reads = [hashed.read, again.read, kept.read, after.read, last.read];
    assert_eq!(reads, [2, 0, 2, 0, 0]);
}

#[test]
fn contents_that_were_removed_are_put_again_with_the_next_change() {
    let watched = Watched::new();
    watched.source.file("a", "1").file("d/b", "2").file("c", "3");
    grow_old();
    watched.look();
    wait(watched.store.remove_contents(WORKSPACE, &[content_id(b"2")])).unwrap();
    watched.source.file("new", "4");

    let looked = watched.look();

    // The new one is read twice: once before it shows that the other is lost.
    assert_eq!(looked.read, 3);
}

#[test]
fn a_damaged_seen_file_counts_for_nothing() {
    let watched = Watched::new();
    watched.source.file("a", "1").file("d/b", "2");
    grow_old();
    watched.look();
    let file = only_file(watched.home.path());
    let whole = fs::read(&file).unwrap();
    assert!(watched.place().read().is_some());

    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        fs::write(&file, &damaged).unwrap();
        assert!(watched.place().read().is_none(), "byte {at}");
        fs::write(&file, &whole[..at]).unwrap();
        assert!(watched.place().read().is_none(), "cut at {at}");
    }
    assert_eq!(watched.look().read, 2);
}

#[test]
fn what_was_seen_of_another_directory_counts_for_nothing() {
    let watched = Watched::new();
    watched.source.file("s/a", "1").file("t/a", "2");
    grow_old();
    let place = |name: &str| {
        let (home, options) = (watched.home.path(), &watched.options);
        SeenPlace::of(home, WORKSPACE, &watched.at(name), options).unwrap().unwrap()
    };
    let options = SnapOptions::default();
    let sink = StoreSink::new(&watched.store, WORKSPACE);
    let memory = Memory { place: Some(&place("s")), ..Memory::default() };
    let (_, new) = take_again(&watched.at("s"), &options, &sink, &Silent, memory).unwrap();
    new.unwrap().keep(SNAPSHOT);

    assert!(place("s").read().is_some());
    assert!(place("t").read().is_none());
    fs::rename(watched.at("s"), watched.at("u")).unwrap();
    fs::rename(watched.at("t"), watched.at("s")).unwrap();

    assert!(place("s").read().is_none(), "another directory under the same path");
}

/// The one file in the folder of what was seen.
fn only_file(home: &Path) -> PathBuf {
    let mut files = fs::read_dir(home.join("seen")).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none(), "nothing else is left there");
    file
}

/// Waits until what there is can be told from what comes.
fn grow_old() {
    sleep(Duration::from_millis(150));
}

const SNAPSHOT: SnapshotId = SnapshotId::from_bytes([1; 32]);

#[test]
fn random_trees_that_change_are_taken_as_they_are() {
    let name = "random_trees_that_change_are_taken_as_they_are";
    let floor = 12;
    let mut random = Random::new(seed(), name);
    let (mut files, mut read) = (0, 0);
    for case in 0..cases(floor) {
        println!("case {case} of seed {}", seed());
        let watched = Watched::new();
        let mut meddler = Meddler { random: &mut random, root: watched.source.path(), named: 0 };
        (0..60).for_each(|_| meddler.add());
        for _ in 0..6 {
            if meddler.random.below(4) > 0 {
                grow_old();
            }
            let looked = watched.look();
            files += looked.taken.statistics.files;
            read += looked.read;
            for _ in 0..meddler.random.below(6) {
                meddler.meddle();
            }
        }
    }
    print_count(name, u64::from(cases(floor)), u64::from(cases(floor).min(floor)));
    assert!(read < files / 2, "hardly anything was known again: {read} of {files} files read");
}

/// Changes a tree at random.
struct Meddler<'a> {
    random: &'a mut Random,
    root: &'a Path,
    named: u64,
}

impl Meddler<'_> {
    /// Adds a file, directory or symlink.
    fn add(&mut self) {
        self.named += 1;
        let path = self.any(Path::is_dir).unwrap_or_else(|| self.root.to_owned());
        let path = path.join(format!("n{}", self.named));
        match self.random.below(5) {
            0 | 1 => fs::create_dir(path).unwrap(),
            2 => symlink("somewhere", path).unwrap(),
            _ => {
                let length = self.random.below(40) as usize;
                fs::write(path, self.random.bytes(length)).unwrap();
            }
        }
    }

    fn meddle(&mut self) {
        let file = self.any(Path::is_file);
        let other = self.any(Path::is_file);
        match (self.random.below(12), file, other) {
            (0, Some(file), _) => {
                let length = fs::metadata(&file).unwrap().len() as usize;
                fs::write(file, self.random.bytes(length)).unwrap();
            }
            (1, Some(file), _) => {
                let mut file = OpenOptions::new().append(true).open(file).unwrap();
                let times = file.metadata().unwrap().modified().unwrap();
                file.write_all(b"more").unwrap();
                file.set_times(FileTimes::new().set_modified(times)).unwrap();
            }
            (2, Some(file), Some(other)) if file != other => {
                let aside = self.root.join("aside");
                fs::rename(&file, &aside).unwrap();
                fs::rename(&other, &file).unwrap();
                fs::rename(&aside, &other).unwrap();
            }
            (3, Some(file), _) => fs::remove_file(file).unwrap(),
            (4, Some(file), _) => {
                fs::remove_file(&file).unwrap();
                symlink("elsewhere", file).unwrap();
            }
            (5, Some(file), _) => {
                use std::os::unix::fs::PermissionsExt;
                let mode = [0o755, 0o644, 0o600, 0o4711][self.random.below(4) as usize];
                fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
            }
            (6 | 9, Some(file), _) => {
                self.named += 1;
                let directory = self.any(Path::is_dir).unwrap_or_else(|| self.root.to_owned());
                fs::hard_link(file, directory.join(format!("n{}", self.named))).unwrap();
            }
            (10, ..) => {
                let name = format!("user.{}", self.random.below(3));
                let length = self.random.below(400) as usize;
                if let Some(path) = self.any(|_| true) {
                    set_extended(&path, &name, &self.random.bytes(length));
                }
            }
            (11, ..) => {
                let time = UNIX_EPOCH + Duration::from_nanos(self.random.below(1 << 60));
                if let Some(path) = self.any(|_| true) {
                    let times = FileTimes::new().set_modified(time);
                    File::open(path).unwrap().set_times(times).unwrap();
                }
            }
            (7, ..) => {
                let root = self.root;
                if let Some(directory) = self.any(|path| path.is_dir() && path != root) {
                    self.named += 1;
                    let to = self.root.join(format!("n{}", self.named));
                    fs::rename(directory, to).unwrap();
                }
            }
            _ => self.add(),
        }
    }

    /// One of the paths that fit, the root too.
    fn any(&mut self, fits: impl Fn(&Path) -> bool) -> Option<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.root.to_owned()];
        while let Some(path) = open.pop() {
            let is_link = path.symlink_metadata().unwrap().is_symlink();
            if path.is_dir() && !is_link {
                open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
            if !is_link && fits(&path) {
                found.push(path);
            }
        }
        found.sort();
        let count = found.len() as u64;
        (count > 0).then(|| found.swap_remove(self.random.below(count) as usize))
    }
}
