//! Reads contents: whole, in ranges, and from the first byte to the last.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{
    ContentId, WorkspaceId,
    hash::{ContentHasher, content_id},
};
use markerbed_storage::{ContentReader, StoreError, StoredItem, limits::check_whole};

use super::{
    IndexedDbStore,
    layout::{CONTENTS, Kept, PARTS, Recipe, content_key, damaged, part_key},
    transaction::{Access, Transaction},
};

/// Reads how contents are kept.
pub(super) async fn fetch_kept(
    transaction: &Transaction<'_>,
    place: &str,
    workspace: WorkspaceId,
    ids: &[ContentId],
) -> Result<Vec<Option<Kept>>, StoreError> {
    let item = |at: usize| {
        ids.get(at).map_or(StoredItem::Unknown, |id| StoredItem::Content(workspace, *id))
    };
    let keys: Vec<_> = ids.iter().map(|id| content_key(workspace, id)).collect();
    let found = transaction.fetch(CONTENTS, &keys, item).await?;
    let kept = |(at, found): (usize, Option<Vec<u8>>)| {
        let Some(payload) = found else { return Ok(None) };
        Kept::decode(payload).map(Some).ok_or_else(|| damaged(item(at), place, CONTENTS))
    };
    found.into_iter().enumerate().map(kept).collect()
}

/// Reads a whole content and proves that it has its id.
pub(super) async fn fetch_whole(
    transaction: &Transaction<'_>,
    place: &str,
    item: (WorkspaceId, ContentId),
    kept: Kept,
) -> Result<Bytes, StoreError> {
    check_whole(kept.bytes())?;
    let bytes = match kept {
        Kept::Inline(bytes) => bytes,
        Kept::Parts(recipe) => {
            fetch_range(transaction, place, item, &recipe, 0..recipe.bytes).await?
        }
    };
    if content_id(&bytes) == item.1 { Ok(bytes.into()) } else { Err(not_its_id(item, place)) }
}

/// Reads a range that lies within a content.
pub(super) async fn fetch_range(
    transaction: &Transaction<'_>,
    place: &str,
    (workspace, id): (WorkspaceId, ContentId),
    recipe: &Recipe,
    range: Range<u64>,
) -> Result<Vec<u8>, StoreError> {
    let part_bytes = u64::from(recipe.part_bytes);
    let parts = range.start / part_bytes..range.end.div_ceil(part_bytes);
    let item = StoredItem::Content(workspace, id);
    let keys: Vec<_> =
        parts.clone().map(|part| part_key(workspace, &recipe.writing, part)).collect();
    let found = transaction.fetch(PARTS, &keys, |_| item).await?;
    let mut bytes = Vec::with_capacity((range.end - range.start) as usize);
    for (index, part) in parts.zip(found) {
        let start = index * part_bytes;
        let length = part_bytes.min(recipe.bytes.saturating_sub(start));
        let part = part.filter(|part| part.len() as u64 == length);
        let part = part.ok_or_else(|| damaged(item, place, PARTS))?;
        let from = range.start.saturating_sub(start).min(length) as usize;
        let to = range.end.saturating_sub(start).min(length) as usize;
        bytes.extend_from_slice(part.get(from..to).unwrap_or_default());
    }
    Ok(bytes)
}

/// Gives a content part by part, each read in a transaction of its own.
pub(super) struct Reader {
    pub(super) store: IndexedDbStore,
    pub(super) workspace: WorkspaceId,
    pub(super) id: ContentId,
    pub(super) kept: Kept,
    pub(super) position: u64,
    pub(super) hasher: ContentHasher,
}

#[async_trait(?Send)]
impl ContentReader for Reader {
    fn length(&self) -> u64 {
        self.kept.bytes()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let length = self.kept.bytes();
        if self.position >= length {
            return Ok(None);
        }
        let place = &self.store.0.place.text;
        let item = (self.workspace, self.id);
        let piece = match &self.kept {
            Kept::Inline(bytes) => bytes.clone(),
            Kept::Parts(recipe) => {
                let end = self.position.saturating_add(u64::from(recipe.part_bytes)).min(length);
                let transaction = self.store.begin(&[CONTENTS, PARTS], Access::Read)?;
                let range = self.position..end;
                let read = fetch_range(&transaction, place, item, recipe, range).await;
                match read {
                    Ok(piece) => piece,
                    Err(failure) => return Err(self.removed().await.unwrap_or(failure)),
                }
            }
        };
        self.hasher.update(&piece);
        self.position = self.position.saturating_add(piece.len() as u64);
        if self.position >= length && self.hasher.finish() != self.id {
            return Err(not_its_id(item, place));
        }
        Ok(Some(piece.into()))
    }
}

impl Reader {
    /// Says that the content is not there any more, or is there again in other parts.
    async fn removed(&self) -> Option<StoreError> {
        let place = &self.store.0.place.text;
        let transaction = self.store.begin(&[CONTENTS], Access::Read).ok()?;
        let now = fetch_kept(&transaction, place, self.workspace, &[self.id]).await.ok()?;
        if now.into_iter().flatten().any(|now| now == self.kept) {
            return None;
        }
        let cause = "it was removed while it was read".into();
        Some(StoreError::Permanent { place: format!("{place}, content {}", self.id), cause })
    }
}

fn not_its_id((workspace, id): (WorkspaceId, ContentId), place: &str) -> StoreError {
    let item = StoredItem::Content(workspace, id);
    StoreError::Damaged { item, place: place.to_owned(), fault: "its bytes do not have its id" }
}
