//! A store in memory with a workspace in it, and the engine as a component over it.

use std::{env, fs, path::PathBuf, sync::Arc};

use bytes::Bytes;
use markerbed_core::{
    Id16, MapId, NodeId, ObjectId, SnapshotId, WorkspaceId,
    codec::Canonical,
    id::PublicKey,
    ledger::{Genesis, LedgerEntry, Nonce, Operation},
    map::{self, Entry, MapKind, Page},
};
use markerbed_engine::{CallError, Engine, TreeStep};
use markerbed_host::{
    component::{Component, ComponentEngine, Limits, Runtime},
    store::{Batch, MemoryStore, Outcome, Records, StoredEntry},
};

use crate::lying::Lying;

/// The bytes of a component that `cargo xtask components` has made.
pub(crate) fn built(name: &str) -> Vec<u8> {
    let file = folder().join(name).with_extension("wasm");
    fs::read(&file).unwrap_or_else(|cause| panic!("{}: {cause}", file.display()))
}

/// A runtime that finds what another test has compiled already.
pub(crate) fn runtime(limits: Limits) -> Runtime {
    Runtime::new(limits, Some(&folder().join("compiled"))).unwrap()
}

fn folder() -> PathBuf {
    env::var_os("MARKERBED_COMPONENTS")
        .expect("MARKERBED_COMPONENTS names the folder that `cargo xtask components` fills")
        .into()
}

/// A workspace in memory, a store that lies about it when it is told to, and the engine over that.
pub(crate) struct Place {
    pub(crate) memory: MemoryStore,
    pub(crate) store: Arc<Lying>,
    pub(crate) engine: ComponentEngine,
    pub(crate) map: MapId,
}

impl Place {
    /// A map of a few dozen pages, and the first entry of a ledger.
    pub(crate) async fn new(limits: Limits) -> Self {
        let component = runtime(limits).load("engine", &built("engine")).unwrap();
        Self::of(component).await
    }

    pub(crate) async fn of(component: Component) -> Self {
        let memory = MemoryStore::default();
        let built = map::build(KIND, entries()).unwrap();
        let object = |(id, page): (MapId, Page)| (ObjectId::from(id), Bytes::from(page.encode()));
        let objects: Vec<_> = built.pages.into_iter().map(object).collect();
        memory.put_objects(OURS, &objects).await.unwrap();
        let first = LedgerEntry {
            number: 0,
            time_ms: 0,
            agent: AGENT,
            request: Id16::from_bytes([0; 16]),
            operation: Operation::WorkspaceCreated(GENESIS),
        };
        let entries = vec![StoredEntry::of(&first)];
        let batch = Batch { expected: None, entries, rows: Vec::new() };
        memory.commit(OURS, batch).await.unwrap();
        let store = Arc::new(Lying::new(memory.clone()));
        let engine = ComponentEngine::new(component, store.combined()).await.unwrap();
        Self { memory, store, engine, map: built.root }
    }

    /// Everything that is stored.
    pub(crate) fn stored(&self) -> String {
        format!("{:?}", self.memory)
    }

    /// The workspace number and the entries.
    pub(crate) async fn ledger(&self) -> (Option<u64>, Vec<Bytes>) {
        let number = self.memory.number(OURS).await.unwrap();
        (number, self.memory.fetch_entries(OURS, 0..u64::MAX).await.unwrap())
    }

    /// Looks up every seventh key; it takes two round trips.
    pub(crate) async fn look_up(&self) -> Result<Vec<Option<Vec<u8>>>, CallError> {
        let keys = entries().into_iter().step_by(7).map(|entry| entry.key).collect();
        self.engine.look_up(OURS, (self.map, KIND), keys).await
    }

    /// Makes a small tree with a file in it.
    pub(crate) async fn write(&self) -> Result<NodeId, CallError> {
        let mut writer = self.engine.write_tree(OURS).await?;
        let file = |name: &str, bytes: &'static [u8]| TreeStep::File {
            name: name.into(),
            executable: false,
            bytes: Bytes::from_static(bytes),
        };
        writer.take(vec![file("a", b"first"), file("b", b"second")]).await?;
        writer.finish().await
    }

    /// Records a snapshot as the entry after `expected`.
    pub(crate) async fn commit(&self, expected: u64, request: u8) -> Result<Outcome, CallError> {
        let entry = entry_after(expected, Id16::from_bytes([request; 16]));
        self.engine.commit_entry(OURS, entry, Vec::new()).await
    }

    /// The engine, which just failed, does what is right again, and so does the store.
    pub(crate) async fn works(&self) {
        self.store.tell_the_truth();
        let values = entries().into_iter().step_by(7).map(|entry| Some(entry.value));
        let wanted: Vec<_> = values.collect();
        assert_eq!(self.look_up().await.unwrap(), wanted);
        let number = self.memory.number(OURS).await.unwrap().unwrap();

        let outcome = self.commit(number, 100 + number as u8).await.unwrap();

        assert_eq!(outcome, Outcome::Committed { number: Some(number + 1) });
        assert_eq!(self.ledger().await.0, Some(number + 1));
    }
}

/// The entry after `expected`; two with one `request` differ in nothing else.
pub(crate) fn entry_after(expected: u64, request: Id16) -> Bytes {
    let snapshot = SnapshotId::from_bytes([5; 32]);
    let operation = Operation::SnapshotCommitted { snapshot, moves: None };
    let number = expected + 1;
    LedgerEntry { number, time_ms: 0, agent: AGENT, request, operation }.encode().into()
}

/// Entries of a map of more than one level.
pub(crate) fn entries() -> Vec<Entry> {
    let entry =
        |n: u32| Entry { key: format!("ref {n:05}").into_bytes(), value: vec![n as u8; 32] };
    (0..3_000).map(entry).collect()
}

pub(crate) const OURS: WorkspaceId = WorkspaceId::from_bytes([0x11; 32]);
pub(crate) const KIND: MapKind = MapKind::Refs;

const AGENT: Id16 = Id16::from_bytes([3; 16]);
const GENESIS: Genesis =
    Genesis { nonce: Nonce::from_bytes([1; 32]), first_key: PublicKey::from_bytes([2; 32]) };
