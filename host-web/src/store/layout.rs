//! The layout of the database: which tables there are, and the bytes of their keys and values.

use markerbed_core::{ContentId, ObjectId, WorkspaceId};
use markerbed_storage::{RequestKey, StoreError, StoredEntry, StoredItem};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// The format, which is the version of the database.
pub(super) const FORMAT: u32 = 1;

/// One row: what tells this store from another of the same name.
pub(super) const STORE: &str = "store";
/// Workspace → number of its newest entry.
pub(super) const NUMBERS: &str = "numbers";
/// Workspace, kind, id → the object's bytes.
pub(super) const OBJECTS: &str = "objects";
/// Workspace, key → value of a derived row.
pub(super) const ROWS: &str = "rows";
/// Workspace, number → where the operation begins, bytes of the entry.
pub(super) const ENTRIES: &str = "entries";
/// Workspace, agent, request → number of the entry that recorded it.
pub(super) const REQUESTS: &str = "requests";
/// Workspace, ContentId → the bytes of a small content, or which parts a large one has.
pub(super) const CONTENTS: &str = "contents";
/// Workspace, writing, index → a part of a large content.
pub(super) const PARTS: &str = "parts";
/// Workspace, writing → nothing: parts that no content names yet.
pub(super) const WRITINGS: &str = "writings";
/// Workspace, name → position of a subscriber.
pub(super) const POSITIONS: &str = "positions";

/// All of them.
pub(super) const TABLES: [&str; 10] =
    [STORE, NUMBERS, OBJECTS, ROWS, ENTRIES, REQUESTS, CONTENTS, PARTS, WRITINGS, POSITIONS];

/// The key of the one row of [`STORE`].
pub(super) const STORE_KEY: &[u8] = b"store";

/// Bytes of every part but the last.
pub(super) const PART_BYTES: usize = 1 << 20;
/// Bytes of a content that lies in one value; Chromium keeps values of 64 KiB and more in files.
pub(super) const INLINE_BYTES_MAX: usize = 32 << 10;

/// A workspace's place in a table, with what follows it in the key.
pub(super) fn key(workspace: WorkspaceId, rest: &[u8]) -> Vec<u8> {
    [workspace.as_bytes(), rest].concat()
}

pub(super) fn object_key(workspace: WorkspaceId, id: &ObjectId) -> Vec<u8> {
    [workspace.as_bytes(), &[id.kind as u8][..], &id.bytes].concat()
}

pub(super) fn entry_key(workspace: WorkspaceId, number: u64) -> Vec<u8> {
    key(workspace, &number.to_be_bytes())
}

pub(super) fn request_key(workspace: WorkspaceId, request: &RequestKey) -> Vec<u8> {
    [&workspace.as_bytes()[..], request.agent.as_bytes(), request.request.as_bytes()].concat()
}

pub(super) fn content_key(workspace: WorkspaceId, id: &ContentId) -> Vec<u8> {
    key(workspace, id.as_bytes())
}

pub(super) fn part_key(workspace: WorkspaceId, writing: &Writing, index: u64) -> Vec<u8> {
    [&workspace.as_bytes()[..], &writing.0, &index.to_be_bytes()].concat()
}

pub(super) fn writing_key(workspace: WorkspaceId, writing: &Writing) -> Vec<u8> {
    key(workspace, &writing.0)
}

/// The first key behind all that begin with `prefix`; `None` if no key is.
pub(super) fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix.get(..=last)?.to_vec();
    *end.last_mut()? += 1;
    Some(end)
}

/// The name of the parts of one content, drawn at random by whoever wrote them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Writing(pub(super) [u8; 16]);

/// A value as it is stored: the payload, then a checksum that depends on table and key.
pub(super) fn seal(table: &str, key: &[u8], payload: &[u8]) -> Vec<u8> {
    let sum = checksum(table, key, payload);
    [payload, &sum.to_le_bytes()].concat()
}

/// The payload of a stored value; `None` if it is not what was written there.
pub(super) fn open(table: &str, key: &[u8], mut value: Vec<u8>) -> Option<Vec<u8>> {
    let (payload, sum) = value.split_last_chunk::<8>()?;
    if checksum(table, key, payload) != u64::from_le_bytes(*sum) {
        return None;
    }
    value.truncate(value.len() - 8);
    Some(value)
}

fn checksum(table: &str, key: &[u8], payload: &[u8]) -> u64 {
    xxh3_64_with_seed(payload, xxh3_64_with_seed(key, xxh3_64(table.as_bytes())))
}

/// The payload of an entry.
pub(super) fn encode_entry(entry: &StoredEntry) -> Vec<u8> {
    [&entry.operation_at.to_le_bytes(), &entry.bytes[..]].concat()
}

/// The bytes of an entry and where its operation begins.
pub(super) fn decode_entry(payload: &[u8]) -> Option<(usize, &[u8])> {
    let (at, bytes) = payload.split_first_chunk::<4>()?;
    let at = u32::from_le_bytes(*at) as usize;
    (at <= bytes.len()).then_some((at, bytes))
}

/// A number as a payload.
pub(super) fn decode_number(payload: &[u8]) -> Option<u64> {
    payload.try_into().ok().map(u64::from_be_bytes)
}

/// How a content is kept.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Kept {
    /// In the value itself.
    Inline(Vec<u8>),
    /// In parts.
    Parts(Recipe),
}

/// Which parts a large content has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Recipe {
    pub(super) bytes: u64,
    pub(super) part_bytes: u32,
    pub(super) writing: Writing,
}

impl Recipe {
    /// How many parts there are.
    pub(super) fn parts(&self) -> u64 {
        self.bytes.div_ceil(u64::from(self.part_bytes))
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let head = [&[PARTED][..], &self.bytes.to_le_bytes(), &self.part_bytes.to_le_bytes()];
        [&head.concat()[..], &self.writing.0].concat()
    }

    fn decode(rest: &[u8]) -> Option<Self> {
        let (bytes, rest) = rest.split_first_chunk::<8>()?;
        let (part_bytes, writing) = rest.split_first_chunk::<4>()?;
        let part_bytes = u32::from_le_bytes(*part_bytes);
        let writing = Writing(writing.try_into().ok()?);
        (part_bytes > 0).then_some(Self { bytes: u64::from_le_bytes(*bytes), part_bytes, writing })
    }
}

impl Kept {
    /// The payload of a small content.
    pub(super) fn encode_inline(content: &[u8]) -> Vec<u8> {
        [&[INLINE], content].concat()
    }

    pub(super) fn decode(mut payload: Vec<u8>) -> Option<Self> {
        match *payload.first()? {
            INLINE => {
                payload.remove(0);
                Some(Self::Inline(payload))
            }
            PARTED => Recipe::decode(payload.get(1..)?).map(Self::Parts),
            _ => None,
        }
    }

    /// How many bytes the content has.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Parts(recipe) => recipe.bytes,
        }
    }
}

/// Says that what lies in a table is not what was written there.
pub(super) fn damaged(item: StoredItem, place: &str, table: &str) -> StoreError {
    let place = format!("{place}, {table}");
    StoreError::Damaged { item, place, fault: "its checksum or its form is wrong" }
}

const INLINE: u8 = 0;
const PARTED: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    fn the_key_behind_a_prefix_is_behind_all_that_begin_with_it() {
        assert_eq!(behind(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(behind(&[1, 0xff, 0xff]), Some(vec![2]));
        assert_eq!(behind(&[0xff]), None);
    }
}
