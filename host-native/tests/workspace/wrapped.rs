//! A store in memory in which a rival is faster, or that gives other contents than were put.

use std::{
    ops::Range,
    slice,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ContentId, ObjectId, WorkspaceId};
use markerbed_host::{
    drive::blocking::wait,
    store::{
        Batch, Capabilities, ContentReader, ContentWriter, Contents, MemoryStore, Outcome, Records,
        RequestKey, RowRange, Store, StoreError, Streams, Subscription,
    },
    workspace::{RecordedSnapshot, Workspace},
};

use crate::support::{Files, commit, genesis, stamp};

/// Commits before others do.
#[derive(Clone)]
pub(crate) struct Rival(Arc<Inner>);

struct Inner {
    workspace: Workspace,
    files: Vec<(String, String)>,
    wins_max: u32,
    wins: AtomicU32,
    recorded: Mutex<Option<RecordedSnapshot>>,
}

/// A workspace whose commits are overtaken `wins_max` times, each time by another tree.
pub(crate) fn rivals(wins_max: u32) -> (Workspace, Rival) {
    rivals_with(wins_max, &[])
}

/// As [`rivals`], with the files that the rival commits; none: other ones each time.
pub(crate) fn rivals_with(wins_max: u32, files: Files<'_>) -> (Workspace, Rival) {
    let memory = MemoryStore::default();
    let made = wait(Workspace::create(Arc::new(memory.clone()), genesis(7), "test", &stamp()));
    let rival = Rival(Arc::new(Inner {
        workspace: made.unwrap(),
        files: files.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect(),
        wins_max,
        wins: AtomicU32::new(0),
        recorded: Mutex::new(None),
    }));
    let rival_of_store = Some(rival.clone());
    let store = Arc::new(Wrapped { memory, rival: rival_of_store, lie: None });
    (wait(Workspace::open(store, genesis(7).id())).unwrap(), rival)
}

impl Rival {
    /// How often it was faster.
    pub(crate) fn wins(&self) -> u32 {
        self.0.wins.load(Ordering::Relaxed)
    }

    /// What it committed last.
    pub(crate) fn recorded(&self) -> RecordedSnapshot {
        self.0.recorded.lock().unwrap().clone().unwrap()
    }

    fn overtake(&self) {
        let Inner { workspace, files, wins_max, wins, recorded } = &*self.0;
        if wins.load(Ordering::Relaxed) == *wins_max {
            return;
        }
        let turn = wins.fetch_add(1, Ordering::Relaxed).to_string();
        let own: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let other = [("turn", turn.as_str())];
        let files: Files<'_> = if own.is_empty() { &other } else { &own };
        *recorded.lock().unwrap() = Some(commit(workspace, "notes", files));
    }
}

/// A store that hands over other bytes than those of `id`, as many as these have.
pub(crate) fn lying(id: ContentId, bytes: &[u8]) -> Arc<dyn Store> {
    let memory = MemoryStore::default();
    let lie = Some((id, Bytes::copy_from_slice(bytes)));
    Arc::new(Wrapped { memory, rival: None, lie })
}

struct Wrapped {
    memory: MemoryStore,
    rival: Option<Rival>,
    lie: Option<(ContentId, Bytes)>,
}

#[async_trait]
impl Records for Wrapped {
    fn record_capabilities(&self) -> Capabilities {
        self.memory.record_capabilities()
    }

    async fn fetch_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        self.memory.fetch_objects(workspace, ids).await
    }

    async fn has_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<bool>, StoreError> {
        self.memory.has_objects(workspace, ids).await
    }

    async fn put_objects(
        &self,
        workspace: WorkspaceId,
        objects: &[(ObjectId, Bytes)],
    ) -> Result<(), StoreError> {
        self.memory.put_objects(workspace, objects).await
    }

    async fn fetch_rows(
        &self,
        workspace: WorkspaceId,
        keys: &[Bytes],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        self.memory.fetch_rows(workspace, keys).await
    }

    async fn range_rows(
        &self,
        workspace: WorkspaceId,
        range: &RowRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        self.memory.range_rows(workspace, range, limit).await
    }

    async fn number(&self, workspace: WorkspaceId) -> Result<Option<u64>, StoreError> {
        self.memory.number(workspace).await
    }

    async fn fetch_entries(
        &self,
        workspace: WorkspaceId,
        numbers: Range<u64>,
    ) -> Result<Vec<Bytes>, StoreError> {
        self.memory.fetch_entries(workspace, numbers).await
    }

    async fn find_requests(
        &self,
        workspace: WorkspaceId,
        requests: &[RequestKey],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        self.memory.find_requests(workspace, requests).await
    }

    async fn commit(&self, workspace: WorkspaceId, batch: Batch) -> Result<Outcome, StoreError> {
        self.rival.iter().for_each(Rival::overtake);
        self.memory.commit(workspace, batch).await
    }
}

#[async_trait]
impl Contents for Wrapped {
    fn content_capabilities(&self) -> Capabilities {
        self.memory.content_capabilities()
    }

    async fn put_contents(
        &self,
        workspace: WorkspaceId,
        contents: &[Bytes],
    ) -> Result<Vec<ContentId>, StoreError> {
        self.memory.put_contents(workspace, contents).await
    }

    async fn write_content(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Box<dyn ContentWriter>, StoreError> {
        self.memory.write_content(workspace).await
    }

    async fn fetch_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        self.memory.fetch_contents(workspace, ids).await
    }

    async fn read_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        self.memory.read_content(workspace, id, range).await
    }

    async fn open_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
    ) -> Result<Option<Box<dyn ContentReader>>, StoreError> {
        let id = match &self.lie {
            Some((of, bytes)) if *of == id => {
                *self.memory.put_contents(workspace, slice::from_ref(bytes)).await?.first().unwrap()
            }
            _ => id,
        };
        self.memory.open_content(workspace, id).await
    }

    async fn has_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<bool>, StoreError> {
        self.memory.has_contents(workspace, ids).await
    }

    async fn content_lengths(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        self.memory.content_lengths(workspace, ids).await
    }

    async fn remove_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<(), StoreError> {
        self.memory.remove_contents(workspace, ids).await
    }

    async fn flush_contents(&self, workspace: WorkspaceId) -> Result<(), StoreError> {
        self.memory.flush_contents(workspace).await
    }
}

#[async_trait]
impl Streams for Wrapped {
    fn stream_capabilities(&self) -> Capabilities {
        self.memory.stream_capabilities()
    }

    async fn publish(&self, workspace: WorkspaceId, number: u64) -> Result<(), StoreError> {
        self.memory.publish(workspace, number).await
    }

    async fn subscribe(
        &self,
        workspace: WorkspaceId,
        position: u64,
    ) -> Result<Box<dyn Subscription>, StoreError> {
        self.memory.subscribe(workspace, position).await
    }

    async fn position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
    ) -> Result<Option<u64>, StoreError> {
        self.memory.position(workspace, subscriber).await
    }

    async fn put_position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
        position: u64,
    ) -> Result<(), StoreError> {
        self.memory.put_position(workspace, subscriber, position).await
    }
}
