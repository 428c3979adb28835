//! Writers that come at the same time share one batch.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::join_all;
use markerbed_core::{SnapshotId, WorkspaceId};
use markerbed_host::{
    drive::blocking::wait,
    store::{
        Batch, Contents, ContentsLayer, MemoryStore, Outcome, Records, RecordsLayer, Store,
        StoreError, Streams, StreamsLayer,
    },
    workspace::{Committed, RefOutcome, Stamp, When, Workspace},
};

use crate::support::{draft, label, place_of, recorded, stamp, workspace_in};

#[test]
fn writers_that_wait_share_one_batch() {
    let (workspace, slow) = slow();
    let snapshot = first(&workspace);
    let before = slow.commits();
    let names: Vec<_> = (0..WRITERS).map(|n| label(&format!("ref-{n}"))).collect();

    let stamps: Vec<Stamp> = names.iter().map(|_| stamp()).collect();
    let moves = names.iter().zip(&stamps);
    let moves = moves.map(|(name, stamp)| workspace.move_ref(name, None, snapshot, stamp));
    let outcomes = wait(join_all(moves));

    // The first one writes alone; everybody else comes while it does.
    assert_eq!(slow.commits() - before, 2);
    let numbers = outcomes.into_iter().map(Result::unwrap).map(number);
    assert_eq!(numbers.collect::<Vec<_>>(), (2..2 + WRITERS as u64).collect::<Vec<_>>());
    assert_eq!(wait(workspace.refs()).unwrap().len(), WRITERS + 1);
    let replay = wait(workspace.replay()).unwrap();
    assert_eq!(replay.state.entries(), 2 + WRITERS as u64);
    assert_eq!(replay.state.refs().len(), WRITERS + 1);
}

#[test]
fn each_of_a_group_is_answered_as_if_it_had_come_alone() {
    let (workspace, slow) = slow();
    let snapshot = first(&workspace);
    let before = slow.commits();
    let (a, b) = (label("a"), label("b"));
    let (once, other) = (stamp(), stamp());
    let drafts = [("1", "x"), ("2", "y"), ("3", "y")]
        .map(|(_, text)| draft(&workspace, "plans", &[("file", text)]));
    let unknown = SnapshotId::from_bytes([1; 32]);
    let stamps: Vec<Stamp> = (0..5).map(|_| stamp()).collect();

    let (_, refs, snapshots) = wait(async {
        let refs = [
            workspace.move_ref(&a, None, snapshot, &once),
            workspace.move_ref(&a, None, snapshot, &stamps[0]),
            workspace.move_ref(&a, None, snapshot, &once),
            workspace.move_ref(&b, None, snapshot, &once),
            workspace.move_ref(&b, None, unknown, &stamps[1]),
        ];
        let snapshots = [
            workspace.commit_snapshot(&drafts[0], When::Changed, &other),
            workspace.commit_snapshot(&drafts[1], When::Changed, &stamps[2]),
            workspace.commit_snapshot(&drafts[2], When::Changed, &stamps[3]),
        ];
        let first = workspace.move_ref(&b, None, snapshot, &stamps[4]);
        let (first, refs) = (Box::pin(first), join_all(refs));
        futures_util::future::join3(first, refs, join_all(snapshots)).await
    });

    assert_eq!(slow.commits() - before, 2);
    let codes = refs.into_iter().map(|outcome| outcome.map(number).map_err(|error| error.code()));
    assert_eq!(
        codes.collect::<Vec<_>>(),
        [Ok(3), Err("ref-moved"), Ok(3), Err("request-taken"), Err("ref-moved")]
    );
    let [one, two, three] = snapshots.try_into().unwrap_or_else(|_| panic!("three were asked"));
    let (one, two) = (recorded(one.unwrap()), recorded(two.unwrap()));
    assert_eq!((one.number, two.number, two.snapshot.parents.as_slice()), (4, 5, &[one.id][..]));
    assert_eq!(three.unwrap(), Committed::Unchanged(two.clone()));
    assert_eq!(place_of(&workspace, "plans"), Some(two.id));
    assert_eq!(wait(workspace.replay()).unwrap().state.entries(), 6);
}

#[test]
fn a_group_that_loses_against_another_handle_is_made_anew() {
    let (workspace, slow) = slow();
    let snapshot = first(&workspace);
    let rival = wait(Workspace::open_default(workspace.store().clone())).unwrap();
    let names: Vec<_> = (0..2 * WRITERS).map(|n| label(&format!("ref-{n}"))).collect();
    let stamps: Vec<Stamp> = names.iter().map(|_| stamp()).collect();

    let moves = names.iter().zip(&stamps).enumerate().map(|(at, (name, stamp))| {
        let handle = if at % 2 == 0 { &workspace } else { &rival };
        handle.move_ref(name, None, snapshot, stamp)
    });
    let outcomes = wait(join_all(moves));

    let mut numbers: Vec<u64> = outcomes.into_iter().map(Result::unwrap).map(number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (2..2 + 2 * WRITERS as u64).collect::<Vec<_>>());
    assert!(slow.lost() > 0, "no group lost");
    assert_eq!(wait(workspace.replay()).unwrap().state.refs().len(), 2 * WRITERS + 1);
}

#[test]
fn when_the_store_fails_each_of_a_group_hears_of_it_and_nothing_is_written() {
    let (workspace, slow) = slow();
    let snapshot = first(&workspace);
    let names: Vec<_> = (0..WRITERS).map(|n| label(&format!("ref-{n}"))).collect();
    let stamps: Vec<Stamp> = names.iter().map(|_| stamp()).collect();
    let move_all = || {
        let moves = names.iter().zip(&stamps);
        join_all(moves.map(|(name, stamp)| workspace.move_ref(name, None, snapshot, stamp)))
    };

    slow.fail(true);
    let failed = wait(move_all());
    let number_after = wait(workspace.number()).unwrap();
    slow.fail(false);
    let done = wait(move_all());

    let codes = failed.into_iter().map(|outcome| outcome.unwrap_err().code());
    assert!(codes.into_iter().all(|code| code == "store-full"));
    assert_eq!(number_after, 1);
    assert!(done.iter().all(Result::is_ok));
    assert_eq!(wait(workspace.refs()).unwrap().len(), WRITERS + 1);
}

#[test]
fn who_goes_away_while_it_writes_for_others_leaves_nobody_waiting() {
    let (workspace, _) = slow();
    let snapshot = first(&workspace);
    let names: Vec<_> = (0..4).map(|n| label(&format!("ref-{n}"))).collect();
    let stamps: Vec<Stamp> = names.iter().map(|_| stamp()).collect();
    let set = |n: usize| workspace.move_ref(&names[n], None, snapshot, &stamps[n]);
    let mut context = Context::from_waker(Waker::noop());

    let mut one = pin!(set(0));
    assert!(one.as_mut().poll(&mut context).is_pending());
    let mut two = Box::pin(set(1));
    assert!(two.as_mut().poll(&mut context).is_pending());
    let mut three = Box::pin(set(2));
    assert!(three.as_mut().poll(&mut context).is_pending());
    let first = wait(&mut one).map(number);
    // It leads the two that waited, and goes away in the middle of their commit.
    assert!(two.as_mut().poll(&mut context).is_pending());
    drop(two);
    let third = wait(three).map(number);
    let fourth = wait(set(3)).map(number);

    assert_eq!((first.unwrap(), third.unwrap(), fourth.unwrap()), (2, 3, 4));
    assert_eq!(place_of(&workspace, "ref-1"), None);
}

#[test]
fn who_goes_away_while_it_waits_asks_for_nothing() {
    let (workspace, _) = slow();
    let snapshot = first(&workspace);
    let names = [label("one"), label("two")];
    let stamps = [stamp(), stamp()];
    let mut context = Context::from_waker(Waker::noop());

    let mut one = Box::pin(workspace.move_ref(&names[0], None, snapshot, &stamps[0]));
    assert!(one.as_mut().poll(&mut context).is_pending());
    let mut two = Box::pin(workspace.move_ref(&names[1], None, snapshot, &stamps[1]));
    assert!(two.as_mut().poll(&mut context).is_pending());
    drop(two);
    wait(one).unwrap();

    assert_eq!(wait(workspace.number()).unwrap(), 2);
    assert_eq!(place_of(&workspace, "two"), None);
}

#[test]
fn a_hundred_threads_write_each_entry_once() {
    let (workspace, slow) = slow();
    let snapshot = first(&workspace);
    let before = slow.commits();
    slow.sync(true);

    let threads = (0..WRITERS).map(|writer| {
        let workspace = workspace.clone();
        thread::spawn(move || {
            (0..EACH)
                .map(|n| {
                    let name = label(&format!("ref-{writer}-{n}"));
                    let outcome = wait(workspace.move_ref(&name, None, snapshot, &stamp()));
                    number(outcome.unwrap())
                })
                .collect::<Vec<u64>>()
        })
    });
    let threads: Vec<_> = threads.collect();
    let answered: Vec<Vec<u64>> = threads.into_iter().map(|one| one.join().unwrap()).collect();

    assert!(answered.iter().all(|numbers| numbers.is_sorted()));
    let mut numbers: Vec<u64> = answered.into_iter().flatten().collect();
    numbers.sort_unstable();
    let total = (WRITERS * EACH) as u64;
    assert_eq!(numbers, (2..2 + total).collect::<Vec<_>>());
    let replay = wait(workspace.replay()).unwrap();
    assert_eq!(replay.state.refs().len() as u64, total + 1);
    let commits = u64::from(slow.commits() - before);
    println!("{total} entries of {WRITERS} threads in {commits} batches");
    assert!(commits < total / 4, "{commits} batches");
}

/// A workspace whose store lets others run before each commit.
fn slow() -> (Workspace, Arc<Slow>) {
    let slow = Arc::new(Slow::default());
    (workspace_in(Arc::new(Handle(slow.clone())) as Arc<dyn Store>), slow)
}

/// Records the snapshot that refs point at, as entry 1.
fn first(workspace: &Workspace) -> SnapshotId {
    let draft = draft(workspace, "notes", &[("a", "1")]);
    recorded(wait(workspace.commit_snapshot(&draft, When::Changed, &stamp())).unwrap()).id
}

fn number(outcome: RefOutcome) -> u64 {
    match outcome {
        RefOutcome::Moved { number } => number,
        RefOutcome::Unchanged => panic!("the ref was there"),
    }
}

#[derive(Default)]
struct Slow {
    memory: MemoryStore,
    commits: AtomicU32,
    lost: AtomicU32,
    fails: AtomicU32,
    syncs: AtomicU32,
}

impl Slow {
    fn commits(&self) -> u32 {
        self.commits.load(Ordering::SeqCst)
    }

    fn lost(&self) -> u32 {
        self.lost.load(Ordering::SeqCst)
    }

    fn sync(&self, syncs: bool) {
        self.syncs.store(syncs.into(), Ordering::SeqCst);
    }

    fn fail(&self, fails: bool) {
        self.fails.store(fails.into(), Ordering::SeqCst);
    }
}

struct Handle(Arc<Slow>);

#[async_trait]
impl RecordsLayer for Handle {
    fn below(&self) -> &dyn Records {
        &self.0.memory
    }

    async fn commit(&self, workspace: WorkspaceId, batch: Batch) -> Result<Outcome, StoreError> {
        yield_once().await;
        if self.0.fails.load(Ordering::SeqCst) == 1 {
            return Err(StoreError::Full { place: "memory".into() });
        }
        if self.0.syncs.load(Ordering::SeqCst) == 1 {
            // About as long as a disk needs: meanwhile the others come.
            thread::sleep(Duration::from_millis(2));
        }
        let outcome = self.0.memory.commit(workspace, batch).await?;
        match outcome {
            Outcome::Committed { .. } => self.0.commits.fetch_add(1, Ordering::SeqCst),
            _ => self.0.lost.fetch_add(1, Ordering::SeqCst),
        };
        Ok(outcome)
    }
}

#[async_trait]
impl ContentsLayer for Handle {
    fn below(&self) -> &dyn Contents {
        &self.0.memory
    }
}

impl StreamsLayer for Handle {
    fn below(&self) -> &dyn Streams {
        &self.0.memory
    }
}

async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

const WRITERS: usize = 100;
const EACH: usize = 20;
