//! A store in memory that lies, fails or keeps silent when it is told to.

use std::{
    future::pending,
    ops::Range,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ContentId, ObjectId, WorkspaceId};
use markerbed_host::store::{
    Batch, Capabilities, Combined, ContentReader, ContentWriter, Contents, MemoryStore, Outcome,
    Records, RequestKey, RowRange, Store, StoreError,
};

/// A call of the worlds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Call {
    FetchObjects,
    PutObjects,
    PutContents,
    Commit,
}

/// What comes instead of a right answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lie {
    TooFew,
    TooMany,
    /// The first answer and the last one change places.
    Swapped,
    /// A bit of the first answer is another.
    Flipped,
    /// The first answer has so many bytes, or there are so many answers.
    Enormous(usize),
    Never,
    Fails,
    Panics,
    /// The right answer, but so late.
    Waits(Duration),
}

/// Lies from the moment on that it is told to.
pub(crate) struct Lying {
    memory: MemoryStore,
    lie: Mutex<Option<(Call, Lie)>>,
}

impl Lying {
    pub(crate) fn new(memory: MemoryStore) -> Self {
        Self { memory, lie: Mutex::default() }
    }

    pub(crate) fn lie(&self, call: Call, lie: Lie) {
        *self.lie.lock().unwrap() = Some((call, lie));
    }

    pub(crate) fn tell_the_truth(&self) {
        *self.lie.lock().unwrap() = None;
    }

    pub(crate) fn combined(self: &Arc<Self>) -> Arc<dyn Store> {
        let streams = Arc::new(self.memory.clone());
        Arc::new(Combined::new(self.clone(), self.clone(), streams).unwrap())
    }

    /// The lie about the answer to a call, after what keeps it from being answered at all.
    async fn lie_about(&self, call: Call) -> Result<Option<Lie>, StoreError> {
        let lie = *self.lie.lock().unwrap();
        let lie = lie.filter(|(about, _)| *about == call).map(|(_, lie)| lie);
        match lie {
            Some(Lie::Never) => pending().await,
            Some(Lie::Panics) => panic!("the store lost its mind"),
            Some(Lie::Waits(time)) => tokio::time::sleep(time).await,
            Some(Lie::Fails) => {
                let cause = "it was told to fail".into();
                return Err(StoreError::Temporary { place: "memory".to_owned(), cause });
            }
            _ => {}
        }
        Ok(lie)
    }
}

/// What is wrong with a list of answers of any kind.
fn twist<T: Clone>(lie: Option<Lie>, answers: &mut Vec<T>) {
    match lie {
        Some(Lie::TooFew) => drop(answers.pop()),
        Some(Lie::TooMany) => answers.extend(answers.last().cloned()),
        Some(Lie::Swapped) if answers.len() > 1 => {
            let last = answers.len() - 1;
            answers.swap(0, last);
        }
        _ => {}
    }
}

#[async_trait]
impl Records for Lying {
    fn record_capabilities(&self) -> Capabilities {
        self.memory.record_capabilities()
    }

    async fn fetch_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let lie = self.lie_about(Call::FetchObjects).await?;
        let mut found = self.memory.fetch_objects(workspace, ids).await?;
        twist(lie, &mut found);
        if let (Some(lie), Some(Some(first))) = (lie, found.first_mut()) {
            match lie {
                Lie::Flipped => {
                    let mut bytes = first.to_vec();
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 1;
                    *first = bytes.into();
                }
                Lie::Enormous(bytes) => *first = vec![0; bytes].into(),
                _ => {}
            }
        }
        Ok(found)
    }

    async fn put_objects(
        &self,
        workspace: WorkspaceId,
        objects: &[(ObjectId, Bytes)],
    ) -> Result<(), StoreError> {
        self.lie_about(Call::PutObjects).await?;
        self.memory.put_objects(workspace, objects).await
    }

    async fn commit(&self, workspace: WorkspaceId, batch: Batch) -> Result<Outcome, StoreError> {
        self.lie_about(Call::Commit).await?;
        self.memory.commit(workspace, batch).await
    }

    async fn has_objects(&self, _: WorkspaceId, _: &[ObjectId]) -> Result<Vec<bool>, StoreError> {
        unreachable!("{NOT_IN_THE_WORLD}")
    }

    async fn fetch_rows(
        &self,
        _: WorkspaceId,
        _: &[Bytes],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        unreachable!("{NOT_IN_THE_WORLD}")
    }

    async fn range_rows(
        &self,
        _: WorkspaceId,
        _: &RowRange,
        _: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        unreachable!("{NOT_IN_THE_WORLD}")
    }

    async fn number(&self, _: WorkspaceId) -> Result<Option<u64>, StoreError> {
        unreachable!("{NOT_IN_THE_WORLD}")
    }

    async fn fetch_entries(&self, _: WorkspaceId, _: Range<u64>) -> Result<Vec<Bytes>, StoreError> {
        unreachable!("{NOT_IN_THE_WORLD}")
    }

    async fn find_requests(
        &self,
        _: WorkspaceId,
        _: &[RequestKey],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        unreachable!("{NOT_IN_THE_WORLD}")
    }
}

#[async_trait]
impl Contents for Lying {
    fn content_capabilities(&self) -> Capabilities {
        self.memory.content_capabilities()
    }

    async fn put_contents(
        &self,
        workspace: WorkspaceId,
        contents: &[Bytes],
    ) -> Result<Vec<ContentId>, StoreError> {
        let lie = self.lie_about(Call::PutContents).await?;
        let mut ids = self.memory.put_contents(workspace, contents).await?;
        twist(lie, &mut ids);
        match lie {
            Some(Lie::Flipped) => ids[0] = ContentId::from_bytes([0; 32]),
            Some(Lie::Enormous(count)) => ids.resize(count, ids[0]),
            _ => {}
        }
        Ok(ids)
    }

    async fn flush_contents(&self, workspace: WorkspaceId) -> Result<(), StoreError> {
        self.memory.flush_contents(workspace).await
    }

    async fn write_content(&self, _: WorkspaceId) -> Result<Box<dyn ContentWriter>, StoreError> {
        unreachable!("{NOT_IN_THE_WORLD}")
    }

    async fn fetch_contents(
        &self,
        _: WorkspaceId,
        _: &[ContentId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        unreachable!("{NOT_IN_THE_WORLD}")
    }

    async fn read_content(
        &self,
        _: WorkspaceId,
        _: ContentId,
        _: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        unreachable!("{NOT_IN_THE_WORLD}")
    }

    async fn open_content(
        &self,
        _: WorkspaceId,
        _: ContentId,
    ) -> Result<Option<Box<dyn ContentReader>>, StoreError> {
        unreachable!("{NOT_IN_THE_WORLD}")
    }

    async fn has_contents(&self, _: WorkspaceId, _: &[ContentId]) -> Result<Vec<bool>, StoreError> {
        unreachable!("{NOT_IN_THE_WORLD}")
    }

    async fn content_lengths(
        &self,
        _: WorkspaceId,
        _: &[ContentId],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        unreachable!("{NOT_IN_THE_WORLD}")
    }

    async fn remove_contents(&self, _: WorkspaceId, _: &[ContentId]) -> Result<(), StoreError> {
        unreachable!("{NOT_IN_THE_WORLD}")
    }
}

const NOT_IN_THE_WORLD: &str = "the world has no such call";
