//! Large contents: cut into parts, with a recipe that says which.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{
    ContentId, WorkspaceId,
    codec::{Reader, put_fixed, put_u32, put_u64},
    hash::{ContentHasher, content_id},
};

use super::{
    DirectoryStore, Shared,
    cut::{Cutter, PART_BYTES_MIN},
    frame::NewItem,
    pack_index::Found,
    record::{ItemKind, RAW_BYTES_MAX},
    walk::PAYLOAD_BROKEN,
};
use crate::store::{ContentReader, StoreError, StoredItem};

/// Of which parts a content is made.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Recipe {
    pub(super) length: u64,
    pub(super) parts: Vec<Part>,
}

/// One part, by its own hash.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Part {
    pub(super) id: ContentId,
    pub(super) length: u32,
}

impl Recipe {
    pub(super) fn push(&mut self, id: ContentId, length: u32) {
        self.parts.push(Part { id, length });
        self.length += u64::from(length);
    }

    /// Adds the next part, which is then to be put.
    pub(super) fn add(&mut self, bytes: Bytes) -> Result<NewItem, StoreError> {
        if self.parts.len() == PARTS_MAX {
            let bytes = self.length.saturating_add(bytes.len() as u64);
            let bytes_max = PARTS_MAX as u64 * PART_BYTES_MIN as u64;
            return Err(StoreError::TooLarge { what: "a content", bytes, bytes_max });
        }
        let id = content_id(&bytes);
        self.push(id, bytes.len() as u32);
        Ok(NewItem { kind: ItemKind::Part, id: *id.as_bytes(), bytes })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + self.parts.len() * PART_LINE_BYTES);
        put_u64(&mut out, self.length);
        for part in &self.parts {
            put_fixed(&mut out, part.id.as_bytes());
            put_u32(&mut out, part.length);
        }
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let length = reader.take_u64().ok()?;
        let mut recipe = Self::default();
        while !reader.is_at_end() {
            let id = ContentId::from_bytes(reader.take_fixed().ok()?);
            recipe.push(id, reader.take_u32().ok()?);
        }
        (recipe.length == length).then_some(recipe)
    }

    /// The parts that lie in `range`, each with what of it does.
    fn within(&self, range: &Range<u64>) -> Vec<(Part, Range<usize>)> {
        let mut start = 0_u64;
        let mut found = Vec::new();
        for part in &self.parts {
            let end = start + u64::from(part.length);
            let from = range.start.clamp(start, end) - start;
            let to = range.end.clamp(start, end) - start;
            if from < to {
                found.push((*part, from as usize..to as usize));
            }
            start = end;
        }
        found
    }
}

impl Shared {
    /// Reads and checks a recipe.
    pub(super) fn recipe(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
        found: Found,
    ) -> Result<Recipe, StoreError> {
        let item = StoredItem::Content(workspace, id);
        let recipe = Recipe::decode(&self.read_item(item, found)?);
        recipe.ok_or_else(|| self.damaged(item, found.frame, PAYLOAD_BROKEN))
    }

    /// Reads one part of the content `whole`.
    pub(super) fn part(
        &self,
        workspace: WorkspaceId,
        whole: StoredItem,
        part: Part,
    ) -> Result<Bytes, StoreError> {
        match self.find(workspace, ItemKind::Part, *part.id.as_bytes())? {
            Some(found) => self.read_item(StoredItem::Part(workspace, part.id), found),
            None => Err(StoreError::Damaged {
                item: whole,
                place: self.files.place.clone(),
                fault: "one of its parts is missing",
            }),
        }
    }

    /// Reads what lies in `range` of a content in parts.
    pub(super) fn read_parts(
        &self,
        workspace: WorkspaceId,
        whole: StoredItem,
        recipe: &Recipe,
        range: &Range<u64>,
    ) -> Result<Bytes, StoreError> {
        let mut bytes = Vec::with_capacity((range.end - range.start) as usize);
        for (part, within) in recipe.within(range) {
            let part = self.part(workspace, whole, part)?;
            bytes.extend_from_slice(part.get(within).unwrap_or_default());
        }
        Ok(bytes.into())
    }

    /// Puts a content that is in memory, in parts.
    pub(super) fn put_in_parts(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
        content: &Bytes,
    ) -> Result<(), StoreError> {
        let (mut recipe, mut cutter, mut rest) =
            (Recipe::default(), Cutter::default(), content.clone());
        while !rest.is_empty() {
            let part = rest.split_to(cutter.take(&rest).unwrap_or(rest.len()));
            let part = recipe.add(part)?;
            self.put_items(workspace, vec![part])?;
        }
        self.put_recipe(workspace, id, &recipe)
    }

    /// Puts which parts a content has; they were put before.
    pub(super) fn put_recipe(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
        recipe: &Recipe,
    ) -> Result<(), StoreError> {
        let bytes = recipe.encode().into();
        let item = NewItem { kind: ItemKind::Recipe, id: *id.as_bytes(), bytes };
        self.put_items(workspace, vec![item])
    }
}

/// Gives a content in parts, holding at most one of them.
pub(super) struct PartsReader {
    store: DirectoryStore,
    workspace: WorkspaceId,
    id: ContentId,
    length: u64,
    parts: std::vec::IntoIter<Part>,
    hasher: ContentHasher,
}

impl PartsReader {
    pub(super) fn new(
        store: DirectoryStore,
        workspace: WorkspaceId,
        id: ContentId,
        recipe: Recipe,
    ) -> Self {
        let Recipe { length, parts } = recipe;
        let hasher = ContentHasher::default();
        Self { store, workspace, id, length, parts: parts.into_iter(), hasher }
    }
}

#[async_trait]
impl ContentReader for PartsReader {
    fn length(&self) -> u64 {
        self.length
    }

    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let Some(part) = self.parts.next() else { return Ok(None) };
        let whole = StoredItem::Content(self.workspace, self.id);
        let bytes = self.store.0.part(self.workspace, whole, part)?;
        self.hasher.update(&bytes);
        if self.parts.len() == 0 && self.hasher.finish() != self.id {
            let place = self.store.0.files.place.clone();
            return Err(StoreError::Damaged { item: whole, place, fault: NOT_ITS_ID });
        }
        Ok(Some(bytes))
    }
}

pub(super) const NOT_ITS_ID: &str = "its bytes do not have its id";
const PART_LINE_BYTES: usize = 35;
/// A recipe is an item and must be read at once.
const PARTS_MAX: usize = (RAW_BYTES_MAX as usize - 16) / PART_LINE_BYTES;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_found_in_its_parts() {
        let mut recipe = Recipe::default();
        for (name, length) in [(1, 10), (2, 10), (3, 5)] {
            recipe.push(ContentId::from_bytes([name; 32]), length);
        }

        let found = |range| -> Vec<_> {
            let within = recipe.within(&range);
            within.into_iter().map(|(part, range)| (part.id.as_bytes()[0], range)).collect()
        };

        assert_eq!(found(0..25), [(1, 0..10), (2, 0..10), (3, 0..5)]);
        assert_eq!(found(9..11), [(1, 9..10), (2, 0..1)]);
        assert_eq!(found(10..20), [(2, 0..10)]);
        assert_eq!(found(5..5), []);
        assert_eq!(Recipe::decode(&recipe.encode()), Some(recipe));
    }
}
