//! Groups: who is in one, what its members are told, and what is left of it.

use std::{
    io::{self, ErrorKind},
    path::Path,
    sync::{
        Arc, Barrier, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use bytes::Bytes;
use markerbed_core::{Id16, WorkspaceId};
use markerbed_suites::{Random, print_count, seed};

use crate::{
    drive::blocking::wait,
    store::{
        Batch, Contents, DirectoryStore, Outcome, Records, RequestKey, RowChange, StoreError,
        StoredEntry, Streams,
        directory::{
            Access, Options,
            faulting::{Fault, FaultKind, FaultingFiles, Loss},
            layer::{FileKind, FileLayer, OpenMode, StoreFile},
            lock, scan,
        },
    },
};

fn root() -> &'static Path {
    Path::new("disk/store")
}

fn options(layer: impl FileLayer + 'static) -> Options {
    Options { layer: Arc::new(layer), ..Options::new(Access::Write) }
}

fn create(files: &FaultingFiles) -> DirectoryStore {
    DirectoryStore::create(root(), options(files.clone())).unwrap()
}

fn reopen(files: &FaultingFiles) -> DirectoryStore {
    DirectoryStore::open(root(), options(files.clone())).unwrap()
}

fn workspace(number: u64) -> WorkspaceId {
    let mut bytes = [0x11; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    WorkspaceId::from_bytes(bytes)
}

fn request(agent: u64, number: u64) -> RequestKey {
    let id = |number: u64| Id16::from_bytes(u128::from(number).to_be_bytes());
    RequestKey { agent: id(agent), request: id(number) }
}

/// Entry `number` by the `nth` request of an agent, which says who made it, and a row that says so.
fn batch(number: u64, agent: u64, nth: u64) -> Batch {
    let bytes = Bytes::from(format!("{agent} {nth}"));
    let entry =
        StoredEntry { number, request: request(agent, nth), operation_at: 0, bytes: bytes.clone() };
    let rows = vec![RowChange { key: "newest".into(), value: Some(bytes) }];
    Batch { expected: number.checked_sub(1), entries: vec![entry], rows }
}

/// Lets all of `batches` be committed in one group, in their order; says what they are told.
fn commit_together(
    store: &DirectoryStore,
    batches: Vec<(WorkspaceId, Batch)>,
) -> Vec<Result<Outcome, StoreError>> {
    let lead = store.0.queue.lead();
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for (workspace, batch) in batches {
            threads.push(scope.spawn(move || wait(store.commit(workspace, batch))));
            while store.0.queue.waiting() < threads.len() {
                thread::yield_now();
            }
        }
        drop(lead);
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn those_who_wait_share_one_sync() {
    let files = FaultingFiles::default();
    let store = create(&files);
    let mut tried = 0;
    for round in 0..10 {
        let before = files.syncs();

        let batches = (0..32).map(|agent| (workspace(agent), batch(round, agent, round)));
        let told = commit_together(&store, batches.collect());

        for outcome in told {
            assert_eq!(outcome.unwrap(), Outcome::Committed { number: Some(round) });
            tried += 1;
        }
        assert_eq!(files.syncs() - before, 1);
    }
    drop(store);
    let store = reopen(&files);
    for agent in 0..32 {
        assert_eq!(wait(store.number(workspace(agent))).unwrap(), Some(9));
        let rows = wait(store.fetch_rows(workspace(agent), &["newest".into()])).unwrap();
        assert_eq!(rows, [Some(format!("{agent} 9").into())]);
    }
    print_count("group_commits", tried, 320);
}

#[test]
fn of_rivals_in_one_group_exactly_one_wins_and_the_others_learn_the_number() {
    let store = create(&FaultingFiles::default());

    let rivals = (0..32).map(|agent| (workspace(0), batch(0, agent, 0)));
    let told = commit_together(&store, rivals.collect());

    let mut told = told.into_iter().map(Result::unwrap);
    assert_eq!(told.next(), Some(Outcome::Committed { number: Some(0) }));
    assert!(told.all(|outcome| outcome == Outcome::Lost { number: Some(0) }));
    assert_eq!(wait(store.fetch_entries(workspace(0), 0..9)).unwrap(), ["0 0"]);
}

#[test]
fn batches_that_follow_each_other_may_be_in_one_group() {
    let files = FaultingFiles::default();
    let store = create(&files);

    let chain = (0..20).map(|number| (workspace(0), batch(number, 0, number)));
    let told = commit_together(&store, chain.collect());

    for (number, outcome) in (0..).zip(told) {
        assert_eq!(outcome.unwrap(), Outcome::Committed { number: Some(number) });
    }
    drop(store);
    let entries = wait(reopen(&files).fetch_entries(workspace(0), 0..99)).unwrap();
    assert_eq!(entries.len(), 20);
}

#[test]
fn the_same_request_twice_in_a_group_makes_one_entry() {
    let store = create(&FaultingFiles::default());

    let other = StoredEntry { bytes: "another".into(), ..batch(1, 0, 0).entries.remove(0) };
    let told = commit_together(
        &store,
        vec![
            (workspace(0), batch(0, 0, 0)),
            (workspace(0), batch(0, 0, 0)),
            (workspace(0), Batch { expected: Some(0), entries: vec![other], rows: Vec::new() }),
            (workspace(1), batch(0, 0, 0)),
        ],
    );

    let [first, second, taken, elsewhere] = told.try_into().unwrap();
    assert_eq!(first.unwrap(), Outcome::Committed { number: Some(0) });
    assert_eq!(second.unwrap(), Outcome::Already { number: 0 });
    assert_eq!(taken.unwrap_err().code(), "request-taken");
    assert_eq!(elsewhere.unwrap(), Outcome::Committed { number: Some(0) });
    assert_eq!(wait(store.fetch_entries(workspace(0), 0..9)).unwrap().len(), 1);
}

#[test]
fn a_batch_that_cannot_be_is_refused_alone() {
    let store = create(&FaultingFiles::default());
    let wrong = Batch { expected: Some(7), ..batch(0, 1, 0) };

    let told = commit_together(
        &store,
        vec![(workspace(0), batch(0, 0, 0)), (workspace(0), wrong), (workspace(0), batch(1, 0, 1))],
    );

    let codes = told.iter().map(|outcome| outcome.as_ref().map_err(StoreError::code));
    let committed =
        [Outcome::Committed { number: Some(0) }, Outcome::Committed { number: Some(1) }];
    assert!(codes.eq([Ok(&committed[0]), Err("bad-batch"), Ok(&committed[1])]));
}

#[test]
fn a_group_is_bounded_and_nobody_is_left_out() {
    let files = FaultingFiles::default();
    let store = create(&files);
    let large = |agent| {
        let row = RowChange { key: "large".into(), value: Some(vec![7; 1 << 20].into()) };
        Batch { rows: vec![row; 3], ..batch(0, agent, 0) }
    };
    let before = files.syncs();
    let small = (0..100).map(|agent| (workspace(agent), batch(0, agent, 0)));
    let told = commit_together(&store, small.collect());
    assert!(told.iter().all(Result::is_ok));
    assert_eq!(files.syncs() - before, 2, "at most 64 share a sync");

    let before = files.syncs();
    let large = (200..205).map(|agent| (workspace(agent), large(agent)));
    let told = commit_together(&store, large.collect());

    assert!(told.iter().all(Result::is_ok));
    assert_eq!(files.syncs() - before, 3, "at most 8 MiB share a sync");
}

#[test]
fn a_write_that_fails_takes_back_the_whole_group_and_may_be_tried_again() {
    let files = FaultingFiles::default();
    let store = create(&files);
    let group = || (0..8).map(|agent| (workspace(agent % 3), batch(agent / 3, agent, 0))).collect();
    wait(store.put_contents(workspace(0), &["put before".into()])).unwrap();
    files.set_fault(Some(Fault { at: 1, kind: FaultKind::Once(ErrorKind::StorageFull) }));

    let told = commit_together(&store, group());

    assert!(told.iter().all(|told| told.as_ref().unwrap_err().code() == "store-full"));
    assert_eq!(wait(store.number(workspace(0))).unwrap(), None);
    files.set_fault(None);
    let told = commit_together(&store, group());
    assert!(told.iter().all(|told| matches!(told, Ok(Outcome::Committed { .. }))));
    drop(store);
    let report = scan(root(), Arc::new(files.clone()), &mut |damaged| panic!("{damaged:?}"));
    assert_eq!(report.unwrap().batches, 8);
    let store = reopen(&files);
    for agent in 0..3 {
        let entries = wait(store.fetch_entries(workspace(agent), 0..9)).unwrap();
        assert_eq!(entries.len(), if agent == 2 { 2 } else { 3 });
    }
}

#[test]
fn a_sync_that_fails_fails_all_of_the_group_and_breaks_the_handle() {
    let files = FaultingFiles::default();
    let store = create(&files);
    files.set_fault(Some(Fault { at: 2, kind: FaultKind::Once(ErrorKind::Other) }));

    let mut group: Vec<_> = (0..8).map(|agent| (workspace(agent), batch(0, agent, 0))).collect();
    group.push((workspace(0), batch(0, 9, 0)));
    let told = commit_together(&store, group);

    assert!(told.iter().all(|told| told.as_ref().unwrap_err().code() == "store-failed"));
    for agent in 0..8 {
        assert_eq!(wait(store.number(workspace(agent))).unwrap(), None);
    }
    let error = wait(store.commit(workspace(0), batch(0, 0, 1))).unwrap_err();
    assert!(error.to_string().contains("an earlier sync failed"), "{error}");
}

/// What 32 threads were told while they committed until all was done or the power went.
fn work(files: &FaultingFiles, workspaces: u64) -> Vec<(u64, u64, String)> {
    let store = create(files);
    let acknowledged = Mutex::new(Vec::new());
    let begin = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for agent in 0..THREADS {
            let (store, acknowledged, begin) = (&store, &acknowledged, &begin);
            scope.spawn(move || {
                begin.wait();
                for nth in 0..4 {
                    let mut number = 0;
                    loop {
                        let ours = workspace(agent % workspaces);
                        match wait(store.commit(ours, batch(number, agent, nth))) {
                            Ok(Outcome::Committed { number: Some(number) }) => {
                                let text = format!("{agent} {nth}");
                                lock(acknowledged).push((agent % workspaces, number, text));
                                break;
                            }
                            Ok(Outcome::Lost { number: now }) => {
                                number = now.map_or(0, |now| now + 1)
                            }
                            Ok(other) => panic!("{other:?}"),
                            Err(_) => return,
                        }
                    }
                }
            });
        }
    });
    lock(&acknowledged).clone()
}

#[test]
fn what_threads_were_told_is_there_after_a_power_cut() {
    let mut random = Random::new(seed(), "group_power_cut");
    let (mut tried, mut held) = (0, 0);
    for round in 0..100 {
        for workspaces in [1, 5, THREADS] {
            let files = FaultingFiles::default();
            files.set_fault(None);
            drop(create(&files));
            let begun = files.operations();
            let files = FaultingFiles::default();
            let at = begun + 1 + random.below(40 + 5 * round);
            let kind = FaultKind::PowerCut(ErrorKind::Other);
            files.set_fault(Some(Fault { at, kind }));
            let acknowledged = work(&files, workspaces);
            for loss in [Loss::DropAll, Loss::KeepAll, Loss::Prefix] {
                let cut = files.after_power_cut(loss, &mut |end| random.below(end));
                let case = format!("{loss:?} at {at}, {workspaces} workspaces, seed {}", seed());
                assert_holds(&cut, workspaces, &acknowledged, &case);
                tried += 1;
            }
            held += acknowledged.len() as u64;
        }
    }
    print_count("group_power_cuts", tried, 900);
    print_count("group_acknowledged_before_a_cut", held, 2_000);
}

/// Checks that all that was acknowledged is there, and that no number is missing.
fn assert_holds(
    files: &FaultingFiles,
    workspaces: u64,
    acknowledged: &[(u64, u64, String)],
    case: &str,
) {
    let store = DirectoryStore::open(root(), options(files.clone()))
        .unwrap_or_else(|error| panic!("{case}: {error}"));
    assert_eq!(store.damage(), [], "{case}");
    for number in 0..workspaces {
        let ours = workspace(number);
        let entries = wait(store.fetch_entries(ours, 0..4_096)).unwrap();
        let newest = wait(store.number(ours)).unwrap();
        assert_eq!(newest.map_or(0, |newest| newest + 1), entries.len() as u64, "{case}");
        let row = wait(store.fetch_rows(ours, &["newest".into()])).unwrap().remove(0);
        assert_eq!(row.as_ref(), entries.last(), "{case}");
        for (_, number, text) in acknowledged.iter().filter(|(of, ..)| *of == number) {
            let found = entries.get(*number as usize);
            assert_eq!(found, Some(&Bytes::from(text.clone())), "{case}: entry {number}");
        }
    }
}

/// Files whose syncs wait while a gate is closed.
#[derive(Clone, Default)]
struct Gated {
    files: FaultingFiles,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    is_closed: AtomicBool,
    waiting: Mutex<u64>,
    moved: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut waiting = lock(&self.waiting);
        *waiting += 1;
        self.moved.notify_all();
        while self.is_closed.load(Ordering::SeqCst) {
            waiting = self.moved.wait(waiting).unwrap();
        }
        *waiting -= 1;
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    fn open(&self) {
        let _waiting = lock(&self.waiting);
        self.is_closed.store(false, Ordering::SeqCst);
        self.moved.notify_all();
    }

    fn wait_for_one(&self) {
        let mut waiting = lock(&self.waiting);
        while *waiting == 0 {
            waiting = self.moved.wait(waiting).unwrap();
        }
    }
}

/// Opens the gate in the end, also when a test fails.
struct Closed<'a>(&'a Gate);

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        self.0.open();
    }
}

struct GatedFile(Arc<dyn StoreFile>, Arc<Gate>);

impl FileLayer for Gated {
    fn kind(&self, path: &Path) -> io::Result<Option<FileKind>> {
        self.files.kind(path)
    }

    fn network(&self, path: &Path) -> io::Result<Option<String>> {
        self.files.network(path)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.files.create_directory(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.files.list(directory)
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn StoreFile>> {
        Ok(Arc::new(GatedFile(self.files.open(path, mode)?, self.gate.clone())))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.files.rename(from, to)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.files.sync_directory(directory)
    }
}

impl StoreFile for GatedFile {
    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_at(bytes, offset)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.truncate(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.1.pass();
        self.0.sync()
    }

    fn try_lock(&self) -> io::Result<bool> {
        self.0.try_lock()
    }
}

#[test]
fn readers_go_on_during_a_sync_and_see_nothing_of_it() {
    let layer = Gated::default();
    let store = DirectoryStore::create(root(), options(layer.clone())).unwrap();
    let ours = workspace(0);
    let ids = wait(store.put_contents(ours, &["a content".into()])).unwrap();
    wait(store.commit(ours, batch(0, 0, 0))).unwrap();
    layer.gate.close();
    thread::scope(|scope| {
        let committing = scope.spawn(|| wait(store.commit(ours, batch(1, 0, 1))));
        layer.gate.wait_for_one();
        let gate = Closed(&layer.gate);

        assert_eq!(wait(store.number(ours)).unwrap(), Some(0));
        assert_eq!(wait(store.fetch_entries(ours, 0..9)).unwrap(), ["0 0"]);
        let row = wait(store.fetch_rows(ours, &["newest".into()])).unwrap();
        assert_eq!(row, [Some("0 0".into())]);
        let contents = wait(store.fetch_contents(ours, &ids)).unwrap();
        assert_eq!(contents, [Some("a content".into())]);
        assert_eq!(wait(store.find_requests(ours, &[request(0, 1)])).unwrap(), [None]);
        assert_eq!(wait(store.position(ours, "somebody")).unwrap(), None);
        // What is put goes on, too.
        let put = wait(store.put_contents(ours, &["another".into()])).unwrap();
        assert_eq!(wait(store.has_contents(ours, &put)).unwrap(), [true]);

        drop(gate);
        let outcome = committing.join().unwrap().unwrap();
        assert_eq!(outcome, Outcome::Committed { number: Some(1) });
    });
    assert_eq!(wait(store.number(ours)).unwrap(), Some(1));
}

const THREADS: u64 = 32;
