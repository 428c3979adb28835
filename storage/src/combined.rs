//! One store made of three: each contract kept by a place of its own.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ContentId, ObjectId, WorkspaceId};

use super::{
    Batch, Capabilities, ContentReader, ContentWriter, Contents, Outcome, Records, RequestKey,
    RowRange, StoreError, Streams, Subscription,
};

/// Records, contents and streams in different places.
///
/// Contents are made durable before the batch that may point at them.
#[derive(Clone)]
pub struct Combined {
    records: Arc<dyn Records>,
    contents: Arc<dyn Contents>,
    streams: Arc<dyn Streams>,
}

impl Combined {
    /// Puts three stores together.
    ///
    /// # Errors
    ///
    /// [`StoreError::Incapable`] if they cannot keep the promises together.
    pub fn new(
        records: Arc<dyn Records>,
        contents: Arc<dyn Contents>,
        streams: Arc<dyn Streams>,
    ) -> Result<Self, StoreError> {
        Capabilities::check(
            &records.record_capabilities(),
            &contents.content_capabilities(),
            &streams.stream_capabilities(),
        )?;
        Ok(Self { records, contents, streams })
    }
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl Records for Combined {
    fn record_capabilities(&self) -> Capabilities {
        let contents = self.contents.content_capabilities();
        let records = self.records.record_capabilities();
        // A commit waits for both.
        Capabilities { blocks_thread: records.blocks_thread || contents.blocks_thread, ..records }
    }

    async fn fetch_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        self.records.fetch_objects(workspace, ids).await
    }

    async fn has_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<bool>, StoreError> {
        self.records.has_objects(workspace, ids).await
    }

    async fn put_objects(
        &self,
        workspace: WorkspaceId,
        objects: &[(ObjectId, Bytes)],
    ) -> Result<(), StoreError> {
        self.records.put_objects(workspace, objects).await
    }

    async fn fetch_rows(
        &self,
        workspace: WorkspaceId,
        keys: &[Bytes],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        self.records.fetch_rows(workspace, keys).await
    }

    async fn range_rows(
        &self,
        workspace: WorkspaceId,
        range: &RowRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        self.records.range_rows(workspace, range, limit).await
    }

    async fn number(&self, workspace: WorkspaceId) -> Result<Option<u64>, StoreError> {
        self.records.number(workspace).await
    }

    async fn fetch_entries(
        &self,
        workspace: WorkspaceId,
        numbers: Range<u64>,
    ) -> Result<Vec<Bytes>, StoreError> {
        self.records.fetch_entries(workspace, numbers).await
    }

    async fn find_requests(
        &self,
        workspace: WorkspaceId,
        requests: &[RequestKey],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        self.records.find_requests(workspace, requests).await
    }

    async fn commit(&self, workspace: WorkspaceId, batch: Batch) -> Result<Outcome, StoreError> {
        self.contents.flush_contents(workspace).await?;
        self.records.commit(workspace, batch).await
    }
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl Contents for Combined {
    fn content_capabilities(&self) -> Capabilities {
        self.contents.content_capabilities()
    }

    async fn put_contents(
        &self,
        workspace: WorkspaceId,
        contents: &[Bytes],
    ) -> Result<Vec<ContentId>, StoreError> {
        self.contents.put_contents(workspace, contents).await
    }

    async fn write_content(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Box<dyn ContentWriter>, StoreError> {
        self.contents.write_content(workspace).await
    }

    async fn fetch_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        self.contents.fetch_contents(workspace, ids).await
    }

    async fn read_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        self.contents.read_content(workspace, id, range).await
    }

    async fn open_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
    ) -> Result<Option<Box<dyn ContentReader>>, StoreError> {
        self.contents.open_content(workspace, id).await
    }

    async fn has_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<bool>, StoreError> {
        self.contents.has_contents(workspace, ids).await
    }

    async fn content_lengths(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        self.contents.content_lengths(workspace, ids).await
    }

    async fn remove_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<(), StoreError> {
        self.contents.remove_contents(workspace, ids).await
    }

    async fn flush_contents(&self, workspace: WorkspaceId) -> Result<(), StoreError> {
        self.contents.flush_contents(workspace).await
    }
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl Streams for Combined {
    fn stream_capabilities(&self) -> Capabilities {
        self.streams.stream_capabilities()
    }

    async fn publish(&self, workspace: WorkspaceId, number: u64) -> Result<(), StoreError> {
        self.streams.publish(workspace, number).await
    }

    async fn subscribe(
        &self,
        workspace: WorkspaceId,
        position: u64,
    ) -> Result<Box<dyn Subscription>, StoreError> {
        self.streams.subscribe(workspace, position).await
    }

    async fn position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
    ) -> Result<Option<u64>, StoreError> {
        self.streams.position(workspace, subscriber).await
    }

    async fn put_position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
        position: u64,
    ) -> Result<(), StoreError> {
        self.streams.put_position(workspace, subscriber, position).await
    }
}
