//! A store that blocks, for callers that must not.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ContentId, ObjectId, WorkspaceId};

use super::{blocking::wait, tokio::offload};
use crate::store::{
    Batch, Capabilities, ContentReader, ContentWriter, Contents, Outcome, Records, RequestKey,
    RowRange, Store, StoreError, Streams, Subscription, Written,
};

/// Runs every call of a blocking store on a thread of tokio's that may block.
#[derive(Clone)]
pub struct Offloaded(Arc<dyn Store>);

impl Offloaded {
    /// Wraps `store`, to be used inside a runtime of tokio.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Store) -> T + Send + 'static,
    ) -> T {
        let store = self.0.clone();
        offload(move || call(&*store)).await
    }
}

const fn unblocked(capabilities: Capabilities) -> Capabilities {
    Capabilities { blocks_thread: false, ..capabilities }
}

#[async_trait]
impl Records for Offloaded {
    fn record_capabilities(&self) -> Capabilities {
        unblocked(self.0.record_capabilities())
    }

    async fn fetch_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let ids = ids.to_vec();
        self.call(move |store| wait(store.fetch_objects(workspace, &ids))).await
    }

    async fn has_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<bool>, StoreError> {
        let ids = ids.to_vec();
        self.call(move |store| wait(store.has_objects(workspace, &ids))).await
    }

    async fn put_objects(
        &self,
        workspace: WorkspaceId,
        objects: &[(ObjectId, Bytes)],
    ) -> Result<(), StoreError> {
        let objects = objects.to_vec();
        self.call(move |store| wait(store.put_objects(workspace, &objects))).await
    }

    async fn fetch_rows(
        &self,
        workspace: WorkspaceId,
        keys: &[Bytes],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let keys = keys.to_vec();
        self.call(move |store| wait(store.fetch_rows(workspace, &keys))).await
    }

    async fn range_rows(
        &self,
        workspace: WorkspaceId,
        range: &RowRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        let range = range.clone();
        self.call(move |store| wait(store.range_rows(workspace, &range, limit))).await
    }

    async fn number(&self, workspace: WorkspaceId) -> Result<Option<u64>, StoreError> {
        self.call(move |store| wait(store.number(workspace))).await
    }

    async fn fetch_entries(
        &self,
        workspace: WorkspaceId,
        numbers: Range<u64>,
    ) -> Result<Vec<Bytes>, StoreError> {
        self.call(move |store| wait(store.fetch_entries(workspace, numbers))).await
    }

    async fn find_requests(
        &self,
        workspace: WorkspaceId,
        requests: &[RequestKey],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        let requests = requests.to_vec();
        self.call(move |store| wait(store.find_requests(workspace, &requests))).await
    }

    async fn commit(&self, workspace: WorkspaceId, batch: Batch) -> Result<Outcome, StoreError> {
        self.call(move |store| wait(store.commit(workspace, batch))).await
    }
}

#[async_trait]
impl Contents for Offloaded {
    fn content_capabilities(&self) -> Capabilities {
        unblocked(self.0.content_capabilities())
    }

    async fn put_contents(
        &self,
        workspace: WorkspaceId,
        contents: &[Bytes],
    ) -> Result<Vec<ContentId>, StoreError> {
        let contents = contents.to_vec();
        self.call(move |store| wait(store.put_contents(workspace, &contents))).await
    }

    async fn write_content(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Box<dyn ContentWriter>, StoreError> {
        let writer = self.call(move |store| wait(store.write_content(workspace))).await?;
        Ok(Box::new(Writer(Some(writer))))
    }

    async fn fetch_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let ids = ids.to_vec();
        self.call(move |store| wait(store.fetch_contents(workspace, &ids))).await
    }

    async fn read_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        self.call(move |store| wait(store.read_content(workspace, id, range))).await
    }

    async fn open_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
    ) -> Result<Option<Box<dyn ContentReader>>, StoreError> {
        let reader = self.call(move |store| wait(store.open_content(workspace, id))).await?;
        Ok(reader.map(|reader| {
            let length = reader.length();
            Box::new(Reader { length, inner: Some(reader) }) as _
        }))
    }

    async fn has_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<bool>, StoreError> {
        let ids = ids.to_vec();
        self.call(move |store| wait(store.has_contents(workspace, &ids))).await
    }

    async fn content_lengths(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        let ids = ids.to_vec();
        self.call(move |store| wait(store.content_lengths(workspace, &ids))).await
    }

    async fn remove_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<(), StoreError> {
        let ids = ids.to_vec();
        self.call(move |store| wait(store.remove_contents(workspace, &ids))).await
    }

    async fn flush_contents(&self, workspace: WorkspaceId) -> Result<(), StoreError> {
        self.call(move |store| wait(store.flush_contents(workspace))).await
    }
}

/// A writer that is away while a thread uses it; a call that is dropped halfway keeps it.
struct Writer(Option<Box<dyn ContentWriter>>);

#[async_trait]
impl ContentWriter for Writer {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let mut writer = self.0.take().ok_or_else(interrupted)?;
        let bytes = Bytes::copy_from_slice(bytes);
        let (writer, result) = offload(move || {
            let result = wait(writer.write(&bytes));
            (writer, result)
        })
        .await;
        self.0 = Some(writer);
        result
    }

    async fn finish(mut self: Box<Self>) -> Result<Written, StoreError> {
        let writer = self.0.take().ok_or_else(interrupted)?;
        offload(move || wait(writer.finish())).await
    }
}

struct Reader {
    length: u64,
    inner: Option<Box<dyn ContentReader>>,
}

#[async_trait]
impl ContentReader for Reader {
    fn length(&self) -> u64 {
        self.length
    }

    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let mut reader = self.inner.take().ok_or_else(interrupted)?;
        let (reader, result) = offload(move || {
            let result = wait(reader.next());
            (reader, result)
        })
        .await;
        self.inner = Some(reader);
        result
    }
}

fn interrupted() -> StoreError {
    let place = "a content".to_owned();
    StoreError::Permanent { place, cause: "an earlier call was not waited for".into() }
}

#[async_trait]
impl Streams for Offloaded {
    fn stream_capabilities(&self) -> Capabilities {
        unblocked(self.0.stream_capabilities())
    }

    async fn publish(&self, workspace: WorkspaceId, number: u64) -> Result<(), StoreError> {
        self.call(move |store| wait(store.publish(workspace, number))).await
    }

    async fn subscribe(
        &self,
        workspace: WorkspaceId,
        position: u64,
    ) -> Result<Box<dyn Subscription>, StoreError> {
        // To hear of something is to wait without a thread, in every store.
        self.0.subscribe(workspace, position).await
    }

    async fn position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
    ) -> Result<Option<u64>, StoreError> {
        let subscriber = subscriber.to_owned();
        self.call(move |store| wait(store.position(workspace, &subscriber))).await
    }

    async fn put_position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
        position: u64,
    ) -> Result<(), StoreError> {
        let subscriber = subscriber.to_owned();
        self.call(move |store| wait(store.put_position(workspace, &subscriber, position))).await
    }
}
