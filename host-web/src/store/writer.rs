//! Writes a content of unknown length, a part at a time.

use std::{mem, slice};

use async_trait::async_trait;
use markerbed_core::{ContentId, WorkspaceId, hash::ContentHasher};
use markerbed_storage::{ContentWriter, StoreError, Written};
use wasm_bindgen_futures::spawn_local;

use super::{
    IndexedDbStore,
    globals::random,
    layout::{
        CONTENTS, INLINE_BYTES_MAX, Kept, PART_BYTES, PARTS, Recipe, WRITINGS, Writing,
        content_key, part_key, writing_key,
    },
    locks::{Held, hold},
    mark::lock_name,
    transaction::{Access, Keys},
};

/// Holds at most a part, and what was handed over last.
pub(super) struct Writer {
    store: IndexedDbStore,
    workspace: WorkspaceId,
    hasher: ContentHasher,
    bytes: u64,
    /// What no part holds yet.
    rest: Vec<u8>,
    /// `None` until there is a part.
    begun: Option<Begun>,
}

/// Parts that nothing names yet.
struct Begun {
    writing: Writing,
    parts: u64,
    /// Tells other tabs that somebody is still writing.
    _lock: Option<Held>,
}

impl Writer {
    pub(super) fn new(store: IndexedDbStore, workspace: WorkspaceId) -> Self {
        let hasher = ContentHasher::default();
        Self { store, workspace, hasher, bytes: 0, rest: Vec::new(), begun: None }
    }

    async fn put_part(&mut self, part: &[u8]) -> Result<(), StoreError> {
        if self.begun.is_none() {
            self.begun = Some(self.begin().await?);
        }
        let Some(begun) = &mut self.begun else { return Ok(()) };
        let transaction = self.store.begin(&[PARTS], Access::Write)?;
        let key = part_key(self.workspace, &begun.writing, begun.parts);
        transaction.put(PARTS, &key, part)?;
        begun.parts += 1;
        transaction.commit().await
    }

    /// Draws a name, locks it, and writes down that parts of this name may be nobody's.
    async fn begin(&self) -> Result<Begun, StoreError> {
        let writing = Writing(random(&self.store.0.place.text)?);
        let lock = hold(&lock_name(self.store.name(), &writing)).await;
        let transaction = self.store.begin(&[WRITINGS], Access::Write)?;
        transaction.put(WRITINGS, &writing_key(self.workspace, &writing), &[])?;
        transaction.commit().await?;
        Ok(Begun { writing, parts: 0, _lock: lock })
    }

    /// Names the content; what it is made of becomes durable with that.
    async fn put_whole(&self, id: ContentId) -> Result<(), StoreError> {
        let writing = match &self.begun {
            Some(begun) => begun.writing,
            None => Writing(random(&self.store.0.place.text)?),
        };
        let key = content_key(self.workspace, &id);
        let parts = writing_key(self.workspace, &writing);
        let transaction = self.store.begin(&[CONTENTS, PARTS, WRITINGS], Access::Write)?;
        let is_there = transaction.has(CONTENTS, slice::from_ref(&key)).await?.contains(&true);
        transaction.delete(WRITINGS, &parts)?;
        if is_there {
            transaction.delete_range(PARTS, &Keys::beginning_with(parts))?;
        } else if self.bytes <= INLINE_BYTES_MAX as u64 {
            transaction.put(CONTENTS, &key, &Kept::encode_inline(&self.rest))?;
        } else {
            let recipe = Recipe { bytes: self.bytes, part_bytes: PART_BYTES as u32, writing };
            if !self.rest.is_empty() {
                let last = self.begun.as_ref().map_or(0, |begun| begun.parts);
                transaction.put(PARTS, &part_key(self.workspace, &writing, last), &self.rest)?;
            }
            transaction.put(CONTENTS, &key, &recipe.encode())?;
        }
        transaction.commit().await
    }
}

#[async_trait(?Send)]
impl ContentWriter for Writer {
    async fn write(&mut self, mut bytes: &[u8]) -> Result<(), StoreError> {
        self.hasher.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        while let Some((now, later)) = bytes.split_at_checked(PART_BYTES - self.rest.len()) {
            bytes = later;
            let mut part = mem::take(&mut self.rest);
            part.extend_from_slice(now);
            self.put_part(&part).await?;
        }
        self.rest.extend_from_slice(bytes);
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<Written, StoreError> {
        let id = self.hasher.finish();
        self.put_whole(id).await?;
        // Nothing is left over now.
        self.begun = None;
        Ok(Written { id, bytes: self.bytes })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let Some(begun) = self.begun.take() else { return };
        let (store, workspace) = (self.store.clone(), self.workspace);
        spawn_local(async move {
            // If it fails, the next opening does it.
            let _left_over = store.remove_writing(workspace, begun.writing).await;
        });
    }
}
