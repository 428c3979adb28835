//! Contents of a store, each hashed by the engine that computes for a workspace.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ContentId, WorkspaceId};
use markerbed_engine::{CallError, ContentHasher, Engine, RuntimeError};

use markerbed_storage::{ContentWriter, Contents, ContentsLayer, Store, StoreError, Written};

/// What is put is called what the engine calls it, and the store must call it the same.
pub(crate) struct ProvenContents {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) engine: Arc<dyn Engine>,
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl ContentsLayer for ProvenContents {
    fn below(&self) -> &dyn Contents {
        &*self.store
    }

    async fn put_contents(
        &self,
        workspace: WorkspaceId,
        contents: &[Bytes],
    ) -> Result<Vec<ContentId>, StoreError> {
        let ids = self.engine.content_ids(contents).await?;
        let stored = self.store.put_contents(workspace, contents).await?;
        if stored == ids { Ok(ids) } else { Err(hashed_otherwise()) }
    }

    async fn write_content(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Box<dyn ContentWriter>, StoreError> {
        let hashing = self.engine.content_hasher().await?;
        let writer = self.store.write_content(workspace).await?;
        Ok(Box::new(ProvenWriter { writer, hashing }))
    }
}

struct ProvenWriter {
    writer: Box<dyn ContentWriter>,
    hashing: Box<dyn ContentHasher>,
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl ContentWriter for ProvenWriter {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hashing.update(bytes).await?;
        self.writer.write(bytes).await
    }

    async fn finish(self: Box<Self>) -> Result<Written, StoreError> {
        let Self { writer, mut hashing } = *self;
        let id = hashing.finish().await?;
        let written = writer.finish().await?;
        if written.id == id { Ok(written) } else { Err(hashed_otherwise()) }
    }
}

fn hashed_otherwise() -> StoreError {
    let what = "it hashes a content otherwise than the store".to_owned();
    CallError::from(RuntimeError::Wrong { what }).into()
}
