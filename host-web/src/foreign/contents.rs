//! Contents in a store that JavaScript brings.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use js_sys::Array;
use markerbed_core::{
    ContentId, WorkspaceId,
    hash::{ContentHasher, content_id},
};
use markerbed_storage::{
    Capabilities, ContentReader, ContentWriter, Contents, StoreError, StoredItem, Written,
    limits::{check_whole, clip_range},
};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

use super::{
    ForeignStore,
    answer::{Answer, failure},
    ask_for_object, object,
    records::{array, text},
    tell,
};

#[async_trait(?Send)]
impl Contents for ForeignStore {
    fn content_capabilities(&self) -> Capabilities {
        self.capabilities()
    }

    async fn put_contents(
        &self,
        workspace: WorkspaceId,
        contents: &[Bytes],
    ) -> Result<Vec<ContentId>, StoreError> {
        let ids: Vec<_> = contents.iter().map(|content| content_id(content)).collect();
        if ids.is_empty() {
            return Ok(ids);
        }
        let shown = ids.iter().zip(contents);
        let shown = shown.map(|(id, bytes)| object(&[("id", text(id)), ("bytes", array(bytes))]));
        let contents: Array = shown.collect();
        self.ask("putContents", &[text(workspace), contents.into()]).await?;
        Ok(ids)
    }

    async fn write_content(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Box<dyn ContentWriter>, StoreError> {
        let given = [text(workspace)].into_iter().collect();
        let begun = ask_for_object(&self.0.object, "writeContent", &given).await;
        let object = begun.map_err(|thrown| failure(&self.0.place, &thrown))?;
        if !object.is_object() {
            let answer = Answer { value: object, method: "writeContent" };
            return Err(answer.wrong("what is no writer"));
        }
        let hasher = ContentHasher::default();
        Ok(Box::new(Writer { store: self.clone(), object, hasher, bytes: 0, is_over: false }))
    }

    async fn fetch_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        // Before the bytes come: they would be too many.
        let lengths = self.content_lengths(workspace, ids).await?;
        lengths.into_iter().flatten().try_for_each(check_whole)?;
        let answer = self.ask("fetchContents", &[text(workspace), keys(ids)]).await?;
        let found = answer.each(ids.len())?.into_iter().zip(ids).map(|(content, id)| {
            let content = content.bytes_or_nothing()?;
            match &content {
                Some(bytes) if content_id(bytes) != *id => Err(self.damaged(workspace, *id)),
                _ => Ok(content),
            }
        });
        found.collect()
    }

    async fn read_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        let lengths = self.content_lengths(workspace, &[id]).await?;
        let Some(length) = lengths.into_iter().flatten().next() else { return Ok(None) };
        self.read_range(workspace, id, clip_range(range, length)?).await
    }

    async fn open_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
    ) -> Result<Option<Box<dyn ContentReader>>, StoreError> {
        let lengths = self.content_lengths(workspace, &[id]).await?;
        let reader = |length| {
            let (store, hasher) = (self.clone(), ContentHasher::default());
            Box::new(Reader { store, workspace, id, length, position: 0, hasher }) as _
        };
        Ok(lengths.into_iter().flatten().next().map(reader))
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
        let answer = self.ask("contentLengths", &[text(workspace), keys(ids)]).await?;
        answer.each(ids.len())?.iter().map(Answer::number_or_nothing).collect()
    }

    async fn remove_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<(), StoreError> {
        self.ask("removeContents", &[text(workspace), keys(ids)]).await.map(drop)
    }

    async fn flush_contents(&self, workspace: WorkspaceId) -> Result<(), StoreError> {
        self.ask("flush", &[text(workspace)]).await.map(drop)
    }
}

impl ForeignStore {
    /// A range that lies within a content.
    async fn read_range(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        if range.is_empty() {
            return Ok(Some(Bytes::new()));
        }
        let place = |at: u64| JsValue::from(at as f64);
        let given = [text(workspace), text(id), place(range.start), place(range.end)];
        let answer = self.ask("readContent", &given).await?;
        let found = answer.bytes_or_nothing()?;
        match &found {
            Some(bytes) if bytes.len() as u64 != range.end - range.start => {
                let (found, wanted) = (bytes.len(), range.end - range.start);
                Err(answer.wrong(&format!("{found} bytes where {wanted} were asked for")))
            }
            _ => Ok(found),
        }
    }

    fn damaged(&self, workspace: WorkspaceId, id: ContentId) -> StoreError {
        let (item, place) = (StoredItem::Content(workspace, id), self.0.place.clone());
        StoreError::Damaged { item, place, fault: "its bytes have another id" }
    }
}

struct Writer {
    store: ForeignStore,
    object: JsValue,
    hasher: ContentHasher,
    bytes: u64,
    is_over: bool,
}

#[async_trait(?Send)]
impl ContentWriter for Writer {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.store.ask_of(&self.object, "write", &[array(bytes)]).await.map(drop)
    }

    async fn finish(mut self: Box<Self>) -> Result<Written, StoreError> {
        let id = self.hasher.finish();
        self.store.ask_of(&self.object, "finish", &[text(id)]).await?;
        self.is_over = true;
        Ok(Written { id, bytes: self.bytes })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.is_over {
            let object = self.object.clone();
            spawn_local(async move { tell(&object, "abort").await });
        }
    }
}

struct Reader {
    store: ForeignStore,
    workspace: WorkspaceId,
    id: ContentId,
    length: u64,
    position: u64,
    hasher: ContentHasher,
}

#[async_trait(?Send)]
impl ContentReader for Reader {
    fn length(&self) -> u64 {
        self.length
    }

    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let end = self.length.min(self.position + PIECE_BYTES);
        let range = self.position..end;
        let piece = self.store.read_range(self.workspace, self.id, range.clone()).await?;
        let Some(piece) = piece else { return Err(self.store.damaged(self.workspace, self.id)) };
        self.hasher.update(&piece);
        self.position = end;
        let is_last = end == self.length;
        if is_last && self.hasher.finish() != self.id && !range.is_empty() {
            return Err(self.store.damaged(self.workspace, self.id));
        }
        Ok((!piece.is_empty()).then_some(piece))
    }
}

fn keys(ids: &[ContentId]) -> JsValue {
    ids.iter().map(text).collect::<Array>().into()
}

/// What a content is read by.
const PIECE_BYTES: u64 = 1 << 20;
