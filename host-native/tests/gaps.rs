//! What a snapshot cannot record, and that the rest is recorded all the same.
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
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::{FileExt, PermissionsExt},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use bytes::Bytes;
use markerbed_core::{
    ContentId, ObjectId,
    tree::{Coverage, Gap, GapReason, Path},
};
use markerbed_host::{
    drive::blocking::wait,
    progress::{Progress, Silent},
    restore::{RestoreOptions, restore},
    snapshot::{HashOnly, PieceSink, Sink, SnapError, SnapOptions, StoreSink, take},
    store::{Contents, MemoryStore, StoreError, Written},
};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, mkdirat, openat};
use trees::{Recorded, Scratch, WORKSPACE, as_nobody};

#[test]
fn what_the_system_does_not_let_be_read_is_a_gap_by_name() {
    let scratch = Scratch::new();
    scratch.file("a/ok", "x").file("a/closed", "x").mode("a/closed", 0o000);
    scratch.file("locked/x", "x").mode("locked", 0o000);
    scratch.file("listed-only/x", "x").mode("listed-only", 0o444);
    scratch.file("searched-only/x", "x").mode("searched-only", 0o111);
    scratch.file("unruled/x", "x").file("unruled/.markerbedignore", "x");
    scratch.mode("unruled/.markerbedignore", 0o000).link("link", "a/closed").mode("", 0o755);

    let taken = as_nobody(|| scratch.take()).taken;

    let gaps: Vec<_> =
        taken.gaps.iter().map(|gap| (gap.path.as_slice(), gap.reason, gap.attempts)).collect();
    assert_eq!(
        gaps,
        [
            (&b"a/closed"[..], GapReason::Unreadable, 1),
            (b"listed-only/x", GapReason::Unreadable, 1),
            (b"locked", GapReason::Unreadable, 1),
            (b"searched-only", GapReason::Unreadable, 1),
            // What its rules leave out is not known.
            (b"unruled", GapReason::Unreadable, 1),
        ]
    );
    assert_eq!(taken.coverage(), Coverage::Partial);
    assert_eq!(taken.statistics.files, 1);
    assert_eq!(taken.statistics.symlinks, 1);
}

#[test]
fn a_root_that_may_not_be_read_is_an_error_and_no_gap() {
    let scratch = Scratch::new();
    scratch.directory("locked").mode("locked", 0o000).file("ruled/.markerbedignore", "x");
    scratch.mode("ruled/.markerbedignore", 0o000).mode("", 0o755);
    scratch.file("top/.git", "").file("top/.gitignore", "x").directory("top/d");
    scratch.mode("top/.gitignore", 0o000);
    let refused = |name: &str| {
        let path = scratch.at(name);
        let taken =
            as_nobody(|| take(&path, &SnapOptions::default(), &HashOnly::default(), &Silent));
        taken.unwrap_err()
    };

    assert!(matches!(refused("locked"), SnapError::NoAccess { .. }));
    assert!(matches!(refused("ruled"), SnapError::NoAccess { .. }));
    assert!(matches!(refused("top/d"), SnapError::IgnoreFile { .. }));
    assert!(refused("top/d").to_string().contains("top/.gitignore: cannot be read"));
}

#[test]
fn a_large_file_that_changes_each_time_is_a_gap_after_three_tries() {
    for grows in [false, true] {
        let scratch = Scratch::new();
        scratch.file("busy", vec![0; 5 << 20]).file("still", "x");
        let file = OpenOptions::new().append(grows).write(true).open(scratch.at("busy")).unwrap();
        let store = MemoryStore::default();
        let sink = Meddling { inner: StoreSink::new(&store, WORKSPACE), file, grows };

        let taken = take(scratch.path(), &SnapOptions::default(), &sink, &Silent).unwrap();

        let gap = Gap { path: b"busy".to_vec(), reason: GapReason::Changed, attempts: 3 };
        assert_eq!(taken.gaps, [gap]);
        assert_eq!(taken.statistics.files, 1);
        assert_eq!(scratch.take().gaps(), []);
    }
}

/// Writes to a file whenever a piece of it was read.
struct Meddling<'a> {
    inner: StoreSink<'a>,
    file: File,
    grows: bool,
}

struct MeddlingPieces<'a>(Box<dyn PieceSink + 'a>, &'a Meddling<'a>);

impl Sink for Meddling<'_> {
    fn put_contents(&self, contents: &[Bytes]) -> Result<Vec<ContentId>, StoreError> {
        self.inner.put_contents(contents)
    }

    fn write_content(&self) -> Result<Box<dyn PieceSink + '_>, StoreError> {
        Ok(Box::new(MeddlingPieces(self.inner.write_content()?, self)))
    }

    fn put_objects(&self, objects: Vec<(ObjectId, Bytes)>) -> Result<(), StoreError> {
        self.inner.put_objects(objects)
    }

    fn keeps_contents(&self) -> bool {
        self.inner.keeps_contents()
    }

    fn has_contents(&self, ids: &[ContentId]) -> Result<Vec<bool>, StoreError> {
        self.inner.has_contents(ids)
    }
}

impl PieceSink for MeddlingPieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let Meddling { file, grows, .. } = self.1;
        let mut file = file;
        if *grows {
            assert!(file.metadata().unwrap().len() < 200 << 20, "it is read without end");
            file.write_all(&vec![1; 2 << 20]).unwrap();
        } else {
            file.write_all_at(b"meddled with", 1_000).unwrap();
        }
        self.0.write(bytes)
    }

    fn finish(self: Box<Self>) -> Result<Written, StoreError> {
        self.0.finish()
    }
}

#[test]
fn a_small_file_is_recorded_as_it_was_around_one_write_or_not_at_all() {
    let scratch = Scratch::new();
    let content = |byte: u8| vec![byte; 1 << 18];
    scratch.file("busy", content(0));
    let file = OpenOptions::new().write(true).open(scratch.at("busy")).unwrap();

    let recorded: Vec<_> = while_repeating(
        |byte| file.write_all_at(&content(byte), 0).unwrap(),
        || {
            let mut recorded = Vec::new();
            // How often it is met in the middle of a write depends on the machine's load.
            while recorded.len() < 50
                || recorded.len() < 2_000 && recorded.iter().all(Recorded::is_complete)
            {
                recorded.push(scratch.take());
            }
            recorded
        },
    );

    let mut gaps = 0;
    for recorded in recorded {
        let Some(line) = recorded.lines().remove(&b"busy"[..]) else {
            assert_eq!(recorded.gaps(), [("busy".to_owned(), GapReason::Changed, 3)]);
            gaps += 1;
            continue;
        };
        let id = line.rsplit(' ').next().unwrap().parse().unwrap();
        let stored = wait(recorded.store.fetch_contents(WORKSPACE, &[id])).unwrap().remove(0);
        let stored = stored.unwrap();
        // The times of a file change when a write begins, so one that takes long can be met in its
        // middle, and be read in part before it and in part behind it; two writes cannot.
        let mut bytes = stored.to_vec();
        bytes.sort_unstable();
        bytes.dedup();
        let of_one_write = match bytes[..] {
            [_] => true,
            [low, high] => low == high.wrapping_add(1) || high == low.wrapping_add(1),
            _ => false,
        };
        assert!(of_one_write, "bytes of several writes: {bytes:?}");
    }
    assert!(gaps > 0, "it was never read while it changed");
}

#[test]
fn what_comes_and_goes_is_recorded_whole_or_named() {
    let scratch = Scratch::new();
    for number in 0..200 {
        scratch.file(format!("still/{number}"), "x");
    }
    let come_and_go = |_| {
        for number in 0..20 {
            scratch.file(format!("still/z{number}"), "come").directory(format!("go{number}"));
        }
        for number in 0..20 {
            fs::remove_file(scratch.at(format!("still/z{number}"))).unwrap();
            fs::remove_dir(scratch.at(format!("go{number}"))).unwrap();
        }
    };

    let taken: Vec<_> = while_repeating(come_and_go, || (0..20).map(|_| scratch.take()).collect());

    for recorded in taken {
        let named = |gap: &(String, GapReason, u32)| {
            (gap.0.starts_with("go") || gap.0.starts_with("still/z")) && gap.1 == GapReason::Changed
        };
        assert!(recorded.gaps().iter().all(named), "{:?}", recorded.gaps());
        let still = recorded.paths().iter().filter(|path| path.starts_with("still/")).count();
        assert!(still >= 200, "{still}");
    }
}

#[test]
fn a_tree_deeper_than_the_limit_is_recorded_down_to_it_and_restored() {
    let scratch = Scratch::new();
    let deepest = 4_097;
    make_deep(&scratch, deepest);
    let most_open = MostOpen::default();
    let store = MemoryStore::default();
    let target = Scratch::new();

    // A stack that recursion would overflow.
    let taken = thread::scope(|scope| {
        let work = || {
            let sink = StoreSink::new(&store, WORKSPACE);
            let taken = take(scratch.path(), &SnapOptions::default(), &sink, &most_open).unwrap();
            let options = RestoreOptions::default();
            let root = target.at("t");
            restore(&store, WORKSPACE, taken.root, &root, &options, &most_open).unwrap();
            taken
        };
        let builder = thread::Builder::new().stack_size(256 << 10);
        builder.spawn_scoped(scope, work).unwrap().join().unwrap()
    });

    let below = taken.directory.below();
    // In each of the directories with names below the limit: the next one, `f` and `z`.
    assert_eq!((below.nodes, below.files), (3 * 4_096, 4_096));
    let gaps: Vec<_> = taken.gaps.iter().map(|gap| (gap.reason, gap.path.len())).collect();
    let gap = (GapReason::TooDeep, 2 * 4_097 - 1);
    assert_eq!(gaps, [gap; 3]);
    assert!(most_open.0.into_inner() < 500, "too many files were open at once");
    let again = take(&target.at("t"), &SnapOptions::default(), &HashOnly::default(), &Silent);
    assert_eq!(again.unwrap().root, taken.root);
    let evidence = taken.evidence(None).unwrap().write().unwrap();
    assert!(evidence.len() > 3 * 8_193);
    assert!(Path::new(&taken.gaps[0].path).is_err());
}

/// Does `work` while another thread does `repeated` again and again, from before it begins.
fn while_repeating<T>(repeated: impl Fn(u8) + Sync, work: impl FnOnce() -> T) -> T {
    let (begun, stop) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0_u8;
            while !stop.load(Ordering::Relaxed) {
                number = number.wrapping_add(1);
                repeated(number);
                begun.store(true, Ordering::Relaxed);
            }
        });
        while !begun.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        let done = work();
        stop.store(true, Ordering::Relaxed);
        done
    })
}

/// Counts open files whenever something was read or written.
#[derive(Default)]
struct MostOpen(AtomicUsize);

impl Progress for MostOpen {
    fn advance(&self, _files: u64, _bytes: u64) {
        let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        self.0.fetch_max(open, Ordering::Relaxed);
    }
}

/// In each directory `d`, the next one; `f`, a file; and `z`, another directory, so that a walk has
/// to come back to each.
fn make_deep(scratch: &Scratch, levels: usize) {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut above = openat(CWD, scratch.path(), flags, Mode::empty()).unwrap();
    for _ in 0..levels {
        for name in ["d", "z"] {
            mkdirat(&above, name, Mode::RWXU).unwrap();
        }
        openat(&above, "f", OFlags::WRONLY | OFlags::CREATE, Mode::RUSR).unwrap();
        above = openat(&above, "d", flags, Mode::empty()).unwrap();
    }
    assert!(rustix::fs::statat(&above, "d", AtFlags::empty()).is_err());
}

#[test]
fn more_gaps_than_evidence_holds_are_an_error_that_names_the_first() {
    let scratch = Scratch::new();
    let long = "n".repeat(240);
    for directory in 0..70 {
        let directory = scratch.at(format!("{directory:02}"));
        fs::create_dir(&directory).unwrap();
        for number in 0..1_000 {
            let name = directory.join(format!("{long}{number:03}"));
            rustix::fs::mknodat(CWD, name, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        }
    }

    let taken = take(scratch.path(), &SnapOptions::default(), &HashOnly::default(), &Silent);

    let error = taken.unwrap_err();
    assert!(matches!(error, SnapError::TooManyGaps { gaps: 50_000..70_000, .. }), "{error}");
}

#[test]
fn a_restore_into_what_may_not_be_written_says_so() {
    let source = Scratch::new();
    source.file("a", "x");
    let recorded = source.take();
    let target = Scratch::new();
    target.mode("", 0o555);

    let error = as_nobody(|| {
        let (path, options) = (target.at("t"), RestoreOptions::default());
        restore(&recorded.store, WORKSPACE, recorded.taken.root, &path, &options, &Silent)
    });

    assert_eq!(error.unwrap_err().code(), "path-no-access");
    assert_eq!(fs::metadata(target.path()).unwrap().permissions().mode() & 0o777, 0o555);
    assert_eq!(Recorded::of(target.path(), &SnapOptions::default()).paths(), [""; 0]);
}
