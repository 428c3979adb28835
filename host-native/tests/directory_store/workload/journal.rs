//! A store that notes what it was asked to change, when, and whether it said that it did.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ContentId, ObjectId, WorkspaceId};
use markerbed_host::store::{
    Batch, ContentWriter, Contents, ContentsLayer, DirectoryStore, Outcome, Records, RecordsLayer,
    StoreError, Streams, StreamsLayer, Written,
};

use crate::{call::Call, files::FakeFiles};

/// A store and its journal.
#[derive(Clone)]
pub(crate) struct Journal {
    pub(crate) store: DirectoryStore,
    pub(crate) files: FakeFiles,
    pub(crate) events: Events,
}

/// What was noted, over all handles of one store.
pub(crate) type Events = Arc<Mutex<Vec<Event>>>;

/// A call that should change something.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) call: Call,
    /// How many operations of files there had been when it began, and when it ended.
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    pub(crate) end: End,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// It was done.
    Done,
    /// It was refused, or had been done before.
    Nothing,
    /// It failed.
    Failed,
}

impl Journal {
    fn note<T>(&self, call: Call, begun: u64, result: &Result<T, StoreError>) {
        let end = if result.is_ok() { End::Done } else { End::Failed };
        self.note_end(call, begun, end);
    }

    fn note_end(&self, call: Call, begun: u64, end: End) {
        let ended = self.files.operations();
        self.events.lock().unwrap().push(Event { call, begun, ended, end });
    }
}

#[async_trait]
impl ContentsLayer for Journal {
    fn below(&self) -> &dyn Contents {
        &self.store
    }

    async fn put_contents(
        &self,
        workspace: WorkspaceId,
        contents: &[Bytes],
    ) -> Result<Vec<ContentId>, StoreError> {
        let begun = self.files.operations();
        let result = self.store.put_contents(workspace, contents).await;
        self.note(Call::PutContents(workspace, contents.to_vec()), begun, &result);
        result
    }

    async fn write_content(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Box<dyn ContentWriter>, StoreError> {
        let begun = self.files.operations();
        let writer = self.store.write_content(workspace).await?;
        let journal = self.clone();
        Ok(Box::new(NotedWriter { journal, writer, workspace, begun, bytes: Vec::new() }))
    }

    async fn remove_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<(), StoreError> {
        let begun = self.files.operations();
        let result = self.store.remove_contents(workspace, ids).await;
        self.note(Call::RemoveContents(workspace, ids.to_vec()), begun, &result);
        result
    }

    async fn flush_contents(&self, workspace: WorkspaceId) -> Result<(), StoreError> {
        let begun = self.files.operations();
        let result = self.store.flush_contents(workspace).await;
        self.note(Call::Flush(workspace), begun, &result);
        result
    }
}

struct NotedWriter {
    journal: Journal,
    writer: Box<dyn ContentWriter>,
    workspace: WorkspaceId,
    begun: u64,
    bytes: Vec<u8>,
}

#[async_trait]
impl ContentWriter for NotedWriter {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.bytes.extend_from_slice(bytes);
        self.writer.write(bytes).await
    }

    async fn finish(self: Box<Self>) -> Result<Written, StoreError> {
        let result = self.writer.finish().await;
        let call = Call::PutContents(self.workspace, vec![self.bytes.into()]);
        self.journal.note(call, self.begun, &result);
        result
    }
}

#[async_trait]
impl RecordsLayer for Journal {
    fn below(&self) -> &dyn Records {
        &self.store
    }

    async fn put_objects(
        &self,
        workspace: WorkspaceId,
        objects: &[(ObjectId, Bytes)],
    ) -> Result<(), StoreError> {
        let begun = self.files.operations();
        let result = self.store.put_objects(workspace, objects).await;
        self.note(Call::PutObjects(workspace, objects.to_vec()), begun, &result);
        result
    }

    async fn commit(&self, workspace: WorkspaceId, batch: Batch) -> Result<Outcome, StoreError> {
        let begun = self.files.operations();
        let result = self.store.commit(workspace, batch.clone()).await;
        let end = match &result {
            Ok(Outcome::Committed { .. }) => End::Done,
            Ok(_) => End::Nothing,
            Err(_) => End::Failed,
        };
        self.note_end(Call::Commit(workspace, batch), begun, end);
        result
    }
}

#[async_trait]
impl StreamsLayer for Journal {
    fn below(&self) -> &dyn Streams {
        &self.store
    }

    async fn put_position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
        position: u64,
    ) -> Result<(), StoreError> {
        let begun = self.files.operations();
        let result = self.store.put_position(workspace, subscriber, position).await;
        let call = Call::PutPosition(workspace, subscriber.to_owned(), position);
        self.note(call, begun, &result);
        result
    }
}
