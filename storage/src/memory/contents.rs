//! The memory store's contents.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ContentId, WorkspaceId, hash};

use super::{MemoryStore, Workspace};
use crate::{
    Capabilities, ContentReader, ContentWriter, Contents, StoreError, Written,
    limits::{check_whole, clip_range},
};

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl Contents for MemoryStore {
    fn content_capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    async fn put_contents(
        &self,
        workspace: WorkspaceId,
        contents: &[Bytes],
    ) -> Result<Vec<ContentId>, StoreError> {
        Ok(contents.iter().map(|content| self.put_content(workspace, content)).collect())
    }

    async fn write_content(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Box<dyn ContentWriter>, StoreError> {
        Ok(Box::new(Writer { store: self.clone(), workspace, bytes: Vec::new() }))
    }

    async fn fetch_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let found =
            self.answer(workspace, ids, |workspace, id| workspace.contents.get(id).cloned());
        for content in found.iter().flatten() {
            check_whole(content.len() as u64)?;
        }
        Ok(found)
    }

    async fn read_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        let workspaces = self.read();
        let found = workspaces.get(&workspace).and_then(|workspace| workspace.contents.get(&id));
        let Some(content) = found else { return Ok(None) };
        let range = clip_range(range, content.len() as u64)?;
        Ok(Some(content.slice(range.start as usize..range.end as usize)))
    }

    async fn open_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
    ) -> Result<Option<Box<dyn ContentReader>>, StoreError> {
        let found =
            self.answer(workspace, &[id], |workspace, id| workspace.contents.get(id).cloned());
        let content = found.into_iter().flatten().next();
        Ok(content.map(|content| Box::new(Reader::new(content)) as _))
    }

    async fn has_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<bool>, StoreError> {
        let lengths = self.content_lengths(workspace, ids).await?;
        Ok(lengths.iter().map(Option::is_some).collect())
    }

    async fn content_lengths(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        let length = |workspace: &Workspace, id: &ContentId| {
            workspace.contents.get(id).map(|content| content.len() as u64)
        };
        Ok(self.answer(workspace, ids, length))
    }

    async fn remove_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<(), StoreError> {
        if let Some(workspace) = self.write().get_mut(&workspace) {
            workspace.contents.retain(|id, _| !ids.contains(id));
        }
        Ok(())
    }

    async fn flush_contents(&self, _: WorkspaceId) -> Result<(), StoreError> {
        Ok(())
    }
}

struct Writer {
    store: MemoryStore,
    workspace: WorkspaceId,
    bytes: Vec<u8>,
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl ContentWriter for Writer {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<Written, StoreError> {
        let bytes = self.bytes.len() as u64;
        let id = self.store.put_content(self.workspace, &self.bytes.into());
        Ok(Written { id, bytes })
    }
}

struct Reader {
    length: u64,
    rest: Bytes,
}

impl Reader {
    fn new(content: Bytes) -> Self {
        Self { length: content.len() as u64, rest: content }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl ContentReader for Reader {
    fn length(&self) -> u64 {
        self.length
    }

    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let piece = self.rest.split_to(self.rest.len().min(PIECE_BYTES));
        Ok((!piece.is_empty()).then_some(piece))
    }
}

impl MemoryStore {
    fn put_content(&self, workspace: WorkspaceId, content: &Bytes) -> ContentId {
        let id = hash::content_id(content);
        let mut workspaces = self.write();
        let contents = &mut workspaces.entry(workspace).or_default().contents;
        contents.entry(id).or_insert_with(|| content.clone());
        id
    }
}

const PIECE_BYTES: usize = 1 << 20;
