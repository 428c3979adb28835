//! The directory store's contents.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ContentId, WorkspaceId, hash::content_id};

use super::{
    DirectoryStore, Shared,
    batch::Change,
    cut::PART_BYTES_MAX,
    frame::NewItem,
    large::{NOT_ITS_ID, PartsReader},
    large_writer::LargeWriter,
    pack_index::Found,
    record::ItemKind,
};
use crate::store::{
    Capabilities, ContentReader, ContentWriter, Contents, StoreError, StoredItem,
    limits::{check_whole, clip_range},
};

#[async_trait]
impl Contents for DirectoryStore {
    fn content_capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    async fn put_contents(
        &self,
        workspace: WorkspaceId,
        contents: &[Bytes],
    ) -> Result<Vec<ContentId>, StoreError> {
        self.0.writable()?;
        let ids: Vec<_> = contents.iter().map(|content| content_id(content)).collect();
        let mut items = Vec::with_capacity(contents.len());
        for (id, content) in ids.iter().zip(contents) {
            if content.len() > PART_BYTES_MAX {
                self.0.put_large(workspace, *id, content)?;
                continue;
            }
            let bytes = content.clone();
            items.push(NewItem { kind: ItemKind::Content, id: *id.as_bytes(), bytes });
        }
        self.0.put_items(workspace, items)?;
        Ok(ids)
    }

    async fn write_content(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Box<dyn ContentWriter>, StoreError> {
        self.0.writable()?;
        Ok(Box::new(LargeWriter::new(self.clone(), workspace)))
    }

    async fn fetch_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let found = self.0.find_contents(workspace, ids)?;
        let mut places: Vec<_> = found.into_iter().zip(0_usize..).collect();
        places.sort_by_key(|(found, _)| found.map(|(_, found)| found.frame.record));
        let mut answers = vec![None; ids.len()];
        for (found, at) in places {
            let Some((id, answer)) = ids.get(at).zip(answers.get_mut(at)) else { continue };
            *answer = match found {
                Some((kind, found)) => Some(self.0.whole(workspace, *id, kind, found)?),
                None => self.0.absent()?,
            };
        }
        Ok(answers)
    }

    async fn read_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        let found = self.0.find_content(workspace, id)?;
        let Some((kind, found)) = found else { return self.0.absent() };
        let item = StoredItem::Content(workspace, id);
        if kind == ItemKind::Recipe {
            let recipe = self.0.recipe(workspace, id, found)?;
            let range = clip_range(range, recipe.length)?;
            return self.0.read_parts(workspace, item, &recipe, &range).map(Some);
        }
        let range = clip_range(range, u64::from(found.place.length))?;
        let whole = self.0.read_item(item, found)?;
        Ok(Some(whole.slice(range.start as usize..range.end as usize)))
    }

    async fn open_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
    ) -> Result<Option<Box<dyn ContentReader>>, StoreError> {
        let found = self.0.find_content(workspace, id)?;
        let Some((kind, found)) = found else { return self.0.absent() };
        if kind == ItemKind::Recipe {
            let recipe = self.0.recipe(workspace, id, found)?;
            return Ok(Some(Box::new(PartsReader::new(self.clone(), workspace, id, recipe))));
        }
        let bytes = self.0.whole(workspace, id, kind, found)?;
        let length = bytes.len() as u64;
        Ok(Some(Box::new(WholeReader { length, bytes: Some(bytes) })))
    }

    async fn has_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<bool>, StoreError> {
        let found = self.0.find_contents(workspace, ids)?;
        Ok(found.iter().map(Option::is_some).collect())
    }

    async fn content_lengths(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        let mut lengths = Vec::with_capacity(ids.len());
        for (id, found) in ids.iter().zip(self.0.find_contents(workspace, ids)?) {
            lengths.push(match found {
                Some((ItemKind::Recipe, found)) => {
                    Some(self.0.recipe(workspace, *id, found)?.length)
                }
                Some((_, found)) => Some(u64::from(found.place.length)),
                None => self.0.absent()?,
            });
        }
        Ok(lengths)
    }

    async fn remove_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<(), StoreError> {
        if ids.is_empty() {
            return self.0.writable();
        }
        let change = Change { removed: ids.to_vec(), ..Change::default() };
        self.0.commit_change(workspace, change)
    }

    async fn flush_contents(&self, workspace: WorkspaceId) -> Result<(), StoreError> {
        self.0.flush(workspace)
    }
}

impl Shared {
    /// Reads a whole content and proves that it has its id.
    fn whole(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
        kind: ItemKind,
        found: Found,
    ) -> Result<Bytes, StoreError> {
        let item = StoredItem::Content(workspace, id);
        let bytes = if kind == ItemKind::Recipe {
            let recipe = self.recipe(workspace, id, found)?;
            check_whole(recipe.length)?;
            self.read_parts(workspace, item, &recipe, &(0..recipe.length))?
        } else {
            self.read_item(item, found)?
        };
        if content_id(&bytes) == id {
            return Ok(bytes);
        }
        Err(self.damaged(item, found.frame, NOT_ITS_ID))
    }

    /// Puts a content that is in memory and too large for one item.
    fn put_large(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
        content: &Bytes,
    ) -> Result<(), StoreError> {
        // Where something is damaged, it may be one of the parts.
        if self.damage.is_empty() && self.find_content(workspace, id)?.is_some() {
            return Ok(());
        }
        self.put_in_parts(workspace, id, content)
    }
}

/// Gives a small content in one piece.
struct WholeReader {
    length: u64,
    bytes: Option<Bytes>,
}

#[async_trait]
impl ContentReader for WholeReader {
    fn length(&self) -> u64 {
        self.length
    }

    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        Ok(self.bytes.take().filter(|bytes| !bytes.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        drive::blocking::wait,
        store::directory::{Access, Options, large::Recipe, layer::SystemFiles, scan},
    };

    const OURS: WorkspaceId = WorkspaceId::from_bytes([1; 32]);

    /// What a store with a fault of its own might have written: whole records, wrong ids.
    #[test]
    fn bytes_under_a_wrong_id_are_never_handed_over_as_a_whole() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("store");
        let store = DirectoryStore::create(&root, Options::new(Access::Write)).unwrap();
        let part = content_id(b"part");
        let mut recipe = Recipe::default();
        recipe.push(part, 4);
        let items = [
            (ItemKind::Content, [1; 32], Bytes::from("some bytes")),
            (ItemKind::Recipe, [2; 32], recipe.encode().into()),
            (ItemKind::Part, *part.as_bytes(), "part".into()),
        ];
        let items = items.map(|(kind, id, bytes)| NewItem { kind, id, bytes });
        store.0.put_items(OURS, items.to_vec()).unwrap();
        wait(store.flush_contents(OURS)).unwrap();

        for id in [[1; 32], [2; 32]].map(ContentId::from_bytes) {
            let whole = wait(store.fetch_contents(OURS, &[id])).map(drop);
            let streamed = wait(store.open_content(OURS, id))
                .and_then(|reader| wait(reader.unwrap().next()).map(drop));
            for result in [whole, streamed] {
                let error = result.unwrap_err();
                assert!(error.to_string().ends_with(NOT_ITS_ID), "{error}");
            }
        }
        let mut damaged = Vec::new();
        scan(&root, Arc::new(SystemFiles), &mut |found| damaged.push(found.item)).unwrap();
        assert_eq!(damaged, [StoredItem::Content(OURS, ContentId::from_bytes([1; 32]))]);
    }
}
