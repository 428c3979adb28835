//! A store in memory in which a rival is faster, or that gives other contents than were put.

use std::{
    slice,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ContentId, WorkspaceId};
use markerbed_host::{
    drive::blocking::wait,
    store::{
        Batch, ContentReader, Contents, ContentsLayer, MemoryStore, Outcome, Records, RecordsLayer,
        Store, StoreError, Streams, StreamsLayer,
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
impl RecordsLayer for Wrapped {
    fn below(&self) -> &dyn Records {
        &self.memory
    }

    async fn commit(&self, workspace: WorkspaceId, batch: Batch) -> Result<Outcome, StoreError> {
        self.rival.iter().for_each(Rival::overtake);
        self.memory.commit(workspace, batch).await
    }
}

#[async_trait]
impl ContentsLayer for Wrapped {
    fn below(&self) -> &dyn Contents {
        &self.memory
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
}

impl StreamsLayer for Wrapped {
    fn below(&self) -> &dyn Streams {
        &self.memory
    }
}
