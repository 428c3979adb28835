//! Things to store.

use bytes::Bytes;
use markerbed_core::{Id16, ObjectId, ObjectKind, WorkspaceId, hash::content_id};
use markerbed_storage::{Batch, Outcome, RequestKey, RowChange, Store, StoredEntry};
use markerbed_suites::Random;

/// The workspace of tests that need only one.
pub(crate) const OURS: WorkspaceId = WorkspaceId::from_bytes([0x11; 32]);
/// Another one.
pub(crate) const THEIRS: WorkspaceId = WorkspaceId::from_bytes([0x22; 32]);

/// An object with an id of its own. Stores do not look into objects.
pub(crate) fn object(name: &str) -> (ObjectId, Bytes) {
    let bytes = Bytes::copy_from_slice(name.as_bytes());
    (ObjectId { kind: ObjectKind::Node, bytes: *content_id(&bytes).as_bytes() }, bytes)
}

/// Bytes that do not compress.
pub(crate) fn noise(name: &str, length: usize) -> Bytes {
    Random::new(0, name).bytes(length).into()
}

/// Bytes that compress, none like its neighbour.
pub(crate) fn text(name: &str, length: usize) -> Bytes {
    let words = Random::new(0, name).bytes(64);
    let lines = (0_u64..).flat_map(|line| {
        let word = words[(line % 64) as usize];
        format!("{line} marker bed {word}\n").into_bytes()
    });
    lines.take(length).collect()
}

/// A request of agent 1.
pub(crate) fn request(request: u64) -> RequestKey {
    request_of(1, request)
}

/// A request of some agent.
pub(crate) fn request_of(agent: u64, request: u64) -> RequestKey {
    let id = |number: u64| Id16::from_bytes(u128::from(number).to_be_bytes());
    RequestKey { agent: id(agent), request: id(request) }
}

/// An entry whose bytes say which request at which number it is, and what it does.
pub(crate) fn entry(number: u64, request: RequestKey, operation: &str) -> StoredEntry {
    let before = format!("entry {number} ");
    let operation_at = before.len() as u32;
    StoredEntry { number, request, operation_at, bytes: (before + operation).into() }
}

/// A batch of one entry that follows `expected`.
pub(crate) fn batch(expected: Option<u64>, request: RequestKey, operation: &str) -> Batch {
    let number = expected.map_or(0, |number| number + 1);
    let entries = vec![entry(number, request, operation)];
    Batch { expected, entries, rows: Vec::new() }
}

/// A batch that puts rows and no entry.
pub(crate) fn rows(expected: Option<u64>, rows: &[(&[u8], Option<&[u8]>)]) -> Batch {
    let row = |(key, value): &(&[u8], Option<&[u8]>)| RowChange {
        key: Bytes::copy_from_slice(key),
        value: value.map(Bytes::copy_from_slice),
    };
    Batch { expected, entries: Vec::new(), rows: rows.iter().map(row).collect() }
}

/// Commits a batch that must be taken.
pub(crate) async fn commit(store: &dyn Store, workspace: WorkspaceId, batch: Batch) -> Option<u64> {
    match store.commit(workspace, batch).await.unwrap() {
        Outcome::Committed { number } => number,
        other => panic!("{other:?}"),
    }
}

/// Commits `count` entries, each in a batch, to a workspace that has `from`.
pub(crate) async fn grow(store: &dyn Store, workspace: WorkspaceId, from: u64, count: u64) {
    for number in from..from + count {
        let batch = batch(number.checked_sub(1), request(number), "grow");
        assert_eq!(commit(store, workspace, batch).await, Some(number));
    }
}
