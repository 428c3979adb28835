//! Two hundred steps of real use: snapshots, refs, restores, rows, large contents, removals, and
//! closing and opening again.

mod expected;
mod journal;

use std::{fmt, fs, num::NonZeroUsize, sync::Arc};

use bytes::Bytes;
pub(crate) use expected::{Expected, Reading};
pub(crate) use journal::{End, Event, Events, Journal};
use markerbed_core::{
    Id16, NodeId, SnapshotId, WorkspaceId,
    hash::content_id,
    id::PublicKey,
    ledger::{Genesis, Nonce},
    tree::{Clock, Label, Tool},
};
use markerbed_host::{
    drive::blocking::wait,
    progress::Silent,
    restore::{RestoreOptions, restore},
    snapshot::{SnapOptions, StoreSink, take},
    store::{
        Batch, Contents, DirectoryStore, Outcome, RequestKey, RowChange, Store, StoreError,
        StoredEntry, Streams,
        directory::{Access, Options},
    },
    workspace::{Capture, Committed, Stamp, When, Workspace},
};
use tempfile::TempDir;

use crate::{
    files::FakeFiles,
    support::{OURS, noise, options, root, text},
};

/// How many steps there are.
pub(crate) const STEPS: u64 = 200;

/// A directory that changes, and a store that hears of it.
pub(crate) struct Workload {
    pub(crate) files: FakeFiles,
    pub(crate) events: Events,
    scratch: TempDir,
    /// None while the store is closed.
    journal: Option<Arc<Journal>>,
    workspace: WorkspaceId,
    newest: Option<(NodeId, SnapshotId)>,
    /// Where the ref is that is moved about.
    at: Option<SnapshotId>,
}

/// Why a step was not done.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) text: String,
}

impl Failure {
    fn new(code: &str, error: &dyn fmt::Display) -> Self {
        Self { code: code.to_owned(), text: error.to_string() }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(error.code(), &error)
    }
}

/// How the store of a workload is opened: packs are sealed now and then.
pub(crate) fn small_packs(files: &FakeFiles, access: Access) -> Options {
    Options { pack_bytes: 12_000, ..options(files, access) }
}

impl Workload {
    /// A small directory, and no store yet.
    pub(crate) fn new(files: FakeFiles) -> Self {
        let scratch = tempfile::Builder::new().tempdir_in("/dev/shm").or_else(|_| TempDir::new());
        let scratch = scratch.unwrap();
        for at in 0..24 {
            let path = scratch.path().join(format!("tree/{}/file {at}", at % 5));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text(&format!("file {at}"), 40 * at)).unwrap();
        }
        let (workspace, newest, at) = (genesis().id(), None, None);
        Self { files, events: Events::default(), scratch, journal: None, workspace, newest, at }
    }

    /// A copy with files of its own; the store is closed in it.
    pub(crate) fn fork(&self) -> Self {
        let events = self.events.lock().unwrap().clone();
        let mut fork = Self::new(self.files.after_kill());
        let (from, to) = (self.scratch.path().join("tree"), fork.scratch.path().join("tree"));
        for at in 0..24 {
            let file = format!("{}/file {at}", at % 5);
            fs::copy(from.join(&file), to.join(&file)).unwrap();
        }
        fork.events = Events::new(events.into());
        (fork.newest, fork.at) = (self.newest, self.at);
        fork
    }

    /// Makes or opens the store.
    pub(crate) fn open(&mut self) -> Result<(), Failure> {
        let sizes = || small_packs(&self.files, Access::Write);
        let store = match DirectoryStore::open(root(), sizes()) {
            Err(error) if matches!(error.code(), "no-store" | "not-a-store") => {
                DirectoryStore::create(root(), sizes())
            }
            opened => opened,
        }?;
        assert_eq!(store.damage(), []);
        let (files, events) = (self.files.clone(), self.events.clone());
        self.journal = Some(Arc::new(Journal { store, files, events }));
        Ok(())
    }

    /// Closes the store.
    pub(crate) fn close(&mut self) {
        self.journal = None;
    }

    /// Does a step. One that failed can be done again.
    pub(crate) fn step(&mut self, step: u64) -> Result<(), Failure> {
        if self.journal.is_none() {
            self.open()?;
        }
        match step {
            0 => self.begin(),
            _ => match step % 20 {
                9 | 19 => {
                    self.close();
                    self.open()
                }
                3 | 13 => self.move_ref(step),
                5 | 15 => self.change_rows(step),
                7 => self.remove(step),
                17 => self.put_large(step),
                11 => self.restore(step),
                1 => self.put_position(step),
                _ => self.snapshot(step),
            },
        }
    }

    fn journal(&self) -> Arc<Journal> {
        self.journal.clone().unwrap()
    }

    fn begin(&self) -> Result<(), Failure> {
        wait(Workspace::create(self.journal(), genesis(), "test", &stamp(0)))
            .map(drop)
            .map_err(|error| Failure::new(error.code(), &error))
    }

    fn workspace(&self) -> Result<Workspace, Failure> {
        wait(Workspace::open(self.journal(), self.workspace))
            .map_err(|error| Failure::new(error.code(), &error))
    }

    fn snapshot(&mut self, step: u64) -> Result<(), Failure> {
        for at in [step % 24, step * 7 % 24] {
            let path = self.scratch.path().join(format!("tree/{}/file {at}", at % 5));
            fs::write(path, noise(&format!("{step} {at}"), (step % 13 * 60) as usize)).unwrap();
        }
        let workspace = self.workspace()?;
        let store = self.journal();
        // A step that is done again is the same request, so it must find the same: no times.
        let threads = NonZeroUsize::new(1);
        let options = SnapOptions { threads, attributes: false, ..SnapOptions::default() };
        let sink = StoreSink::new(&*store, self.workspace);
        let taken = take(&self.scratch.path().join("tree"), &options, &sink, &Silent)
            .map_err(|error| Failure::new(error.code(), &error))?;
        let capture = Capture {
            run: Id16::from_bytes([3; 16]),
            captured_at_ms: stamp(step).time_ms,
            clock: Clock::Host,
            tool: Tool::new("markerbed test").unwrap(),
        };
        let draft = taken.draft(None, Label::new("tree").unwrap(), capture).unwrap();
        let committed = wait(workspace.commit_snapshot(&draft, When::Always, &stamp(step)))
            .map_err(|error| Failure::new(error.code(), &error))?;
        let Committed::Recorded(recorded) = committed else { panic!("it was recorded") };
        self.newest = Some((taken.root, recorded.id));
        Ok(())
    }

    fn move_ref(&mut self, step: u64) -> Result<(), Failure> {
        let Some((_, newest)) = self.newest else { return Ok(()) };
        let (workspace, name) = (self.workspace()?, Label::new("moved").unwrap());
        let moved = match self.at {
            Some(at) if step % 60 == 3 => {
                wait(workspace.remove_ref(&name, at, &stamp(step))).map(|_| None)
            }
            at => wait(workspace.move_ref(&name, at, newest, &stamp(step))).map(|_| Some(newest)),
        };
        self.at = moved.map_err(|error| Failure::new(error.code(), &error))?;
        Ok(())
    }

    fn restore(&self, step: u64) -> Result<(), Failure> {
        let Some((tree, _)) = self.newest else { return Ok(()) };
        let target = self.scratch.path().join(format!("restored {step}"));
        let options = RestoreOptions { force: true, ..RestoreOptions::default() };
        let store = self.journal();
        let restored = restore(&*store, self.workspace, tree, &target, &options, &Silent)
            .map_err(|error| Failure::new(error.code(), &error))?;
        assert!(restored.is_complete(), "{restored:?}");
        let bytes = |name: &str, at: u64| {
            fs::read(self.scratch.path().join(format!("{name}/{}/file {at}", at % 5))).unwrap()
        };
        let wanted = format!("restored {step}");
        assert!((0..24).all(|at| bytes("tree", at) == bytes(&wanted, at)));
        Ok(())
    }

    fn change_rows(&self, step: u64) -> Result<(), Failure> {
        let store = self.journal();
        let row = |key: u64, value| RowChange { key: key.to_string().into(), value };
        let rows = vec![
            row(step % 7, Some(text(&step.to_string(), step as usize))),
            row(step % 11, Some(noise(&step.to_string(), 50))),
            row(step % 5, None),
        ];
        self.append(&*store, step, rows)
    }

    /// Adds an entry to a ledger that is not of a workspace.
    fn append(&self, store: &dyn Store, step: u64, rows: Vec<RowChange>) -> Result<(), Failure> {
        let expected = wait(store.number(OURS))?;
        let number = expected.map_or(0, |number| number + 1);
        let id = |number: u64| Id16::from_bytes(u128::from(number).to_be_bytes());
        let request = RequestKey { agent: id(1), request: id(step) };
        let bytes = Bytes::from(format!("entry {number:>8} of step {step}"));
        let entry = StoredEntry { number, request, operation_at: 15, bytes };
        match wait(store.commit(OURS, Batch { expected, entries: vec![entry], rows }))? {
            Outcome::Committed { .. } | Outcome::Already { .. } => Ok(()),
            Outcome::Lost { number } => panic!("there is no rival at {number:?}"),
        }
    }

    fn put_large(&self, step: u64) -> Result<(), Failure> {
        let store = self.journal();
        let mut large = text("large", 1_100_000).to_vec();
        large[step as usize * 4_000..][..8].copy_from_slice(&step.to_be_bytes());
        if step % 40 == 17 {
            wait(store.put_contents(OURS, &[large.into(), removable(step + 10)]))?;
        } else {
            let mut writer = wait(store.write_content(OURS))?;
            for piece in large.chunks(300_000) {
                wait(writer.write(piece))?;
            }
            wait(writer.finish())?;
            wait(store.put_contents(OURS, &[removable(step + 10)]))?;
        }
        Ok(wait(store.flush_contents(OURS))?)
    }

    fn remove(&self, step: u64) -> Result<(), Failure> {
        let store = self.journal();
        let ids = [removable(step), text("never put", 9)].map(|content| content_id(&content));
        Ok(wait(store.remove_contents(OURS, &ids))?)
    }

    fn put_position(&self, step: u64) -> Result<(), Failure> {
        Ok(wait(self.journal().put_position(self.workspace, "an index", step))?)
    }
}

/// What is put in one step and removed in another.
fn removable(step: u64) -> Bytes {
    text(&format!("to be removed in step {step}"), 900)
}

fn genesis() -> Genesis {
    let first_key = PublicKey::from_bytes([7; 32]);
    Genesis { nonce: Nonce::from_bytes([7; 32]), first_key }
}

fn stamp(step: u64) -> Stamp {
    Stamp {
        agent: Id16::from_bytes([9; 16]),
        request: Id16::from_bytes(u128::from(step).to_be_bytes()),
        time_ms: 1_700_000_000_000 + i64::try_from(step).unwrap(),
    }
}
