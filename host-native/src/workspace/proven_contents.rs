//! Contents of a store, each hashed by the engine that computes for a workspace.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ContentId, WorkspaceId};
use markerbed_engine::{ContentHasher, Engine};

use super::overlay::failed;
use crate::store::{ContentWriter, Contents, ContentsLayer, Store, StoreError, Written};

/// What is put is called what the engine calls it, and the store must call it the same.
pub(super) struct ProvenContents {
    pub(super) store: Arc<dyn Store>,
    pub(super) engine: Arc<dyn Engine>,
}

#[async_trait]
impl ContentsLayer for ProvenContents {
    fn below(&self) -> &dyn Contents {
        &*self.store
    }

    async fn put_contents(
        &self,
        workspace: WorkspaceId,
        contents: &[Bytes],
    ) -> Result<Vec<ContentId>, StoreError> {
        let ids = self.engine.content_ids(contents).await;
        let ids = ids.map_err(|error| failed(error.to_string()))?;
        if self.store.put_contents(workspace, contents).await? == ids {
            return Ok(ids);
        }
        Err(failed(OTHER_HASH.to_owned()))
    }

    async fn write_content(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Box<dyn ContentWriter>, StoreError> {
        let hashing = self.engine.content_hasher().await;
        let hashing = hashing.map_err(|error| failed(error.to_string()))?;
        let writer = self.store.write_content(workspace).await?;
        Ok(Box::new(ProvenWriter { writer, hashing }))
    }
}

struct ProvenWriter {
    writer: Box<dyn ContentWriter>,
    hashing: Box<dyn ContentHasher>,
}

#[async_trait]
impl ContentWriter for ProvenWriter {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let hashed = self.hashing.update(bytes).await;
        hashed.map_err(|error| failed(error.to_string()))?;
        self.writer.write(bytes).await
    }

    async fn finish(self: Box<Self>) -> Result<Written, StoreError> {
        let Self { writer, mut hashing } = *self;
        let id = hashing.finish().await.map_err(|error| failed(error.to_string()))?;
        let written = writer.finish().await?;
        if written.id == id { Ok(written) } else { Err(failed(OTHER_HASH.to_owned())) }
    }
}

const OTHER_HASH: &str = "it hashes a content otherwise than the store";
