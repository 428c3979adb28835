//! Packs items into frames: small neighbours together, so that they compress together.

use std::borrow::Cow;

use bytes::Bytes;

use super::{
    compress::compress,
    record::{Header, Item, ItemKind, Packing, RecordKind},
    sum::Seed,
};
use markerbed_core::WorkspaceId;

/// An item to be put.
#[derive(Clone, Debug)]
pub(super) struct NewItem {
    pub(super) kind: ItemKind,
    pub(super) id: [u8; 32],
    pub(super) bytes: Bytes,
}

/// A record of items, complete but for its place.
#[derive(Debug)]
pub(super) struct PackedFrame<'a> {
    pub(super) header: Header,
    pub(super) items: Vec<Item>,
    pub(super) table: Vec<u8>,
    pub(super) payload: Cow<'a, [u8]>,
}

/// Cuts `items` into runs that become one frame each.
pub(super) fn runs(mut items: &[NewItem]) -> impl Iterator<Item = &[NewItem]> {
    std::iter::from_fn(move || {
        let limit = match items.first()?.kind {
            ItemKind::Object(_) => OBJECT_FRAME_BYTES,
            _ => CONTENT_FRAME_BYTES,
        };
        let mut bytes = 0;
        let fits = |item: &&NewItem| {
            bytes += item.bytes.len();
            bytes <= limit
        };
        let count = items.iter().take(FRAME_ITEMS_MAX).take_while(fits).count();
        let (run, rest) = items.split_at_checked(count.max(1))?;
        items = rest;
        Some(run)
    })
}

impl<'a> PackedFrame<'a> {
    /// Packs one run.
    pub(super) fn of(workspace: WorkspaceId, run: &'a [NewItem], seed: Seed) -> Self {
        let raw = match run {
            [single] => Cow::Borrowed(&*single.bytes),
            several => Cow::Owned(joined(several)),
        };
        let mut items = Vec::with_capacity(run.len());
        let mut table = Vec::with_capacity(run.len() * ITEM_BYTES);
        let mut offset = 0;
        for NewItem { kind, id, bytes } in run {
            let length = bytes.len() as u32;
            let item = Item { kind: *kind, id: *id, offset, length, sum: seed.short_sum(bytes) };
            item.put(&mut table);
            items.push(item);
            offset += length;
        }
        let raw_bytes = raw.len() as u32;
        let (packing, payload) = match compress(&raw) {
            Some(stored) => (Packing::Zstd, Cow::Owned(stored)),
            None => (Packing::Plain, raw),
        };
        let header = Header {
            kind: RecordKind::Items,
            packing,
            items: items.len() as u32,
            table_bytes: table.len() as u32,
            raw_bytes,
            stored_bytes: payload.len() as u32,
            workspace,
            payload_sum: seed.sum(&payload),
        };
        Self { header, items, table, payload }
    }
}

fn joined(run: &[NewItem]) -> Vec<u8> {
    let mut raw = Vec::with_capacity(run.iter().map(|item| item.bytes.len()).sum());
    run.iter().for_each(|item| raw.extend_from_slice(&item.bytes));
    raw
}

/// Objects are read one by one more often than contents.
const OBJECT_FRAME_BYTES: usize = 32 << 10;
const CONTENT_FRAME_BYTES: usize = 128 << 10;
const FRAME_ITEMS_MAX: usize = 4_096;
/// About the bytes of a line of the table.
const ITEM_BYTES: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn content(bytes: usize) -> NewItem {
        NewItem { kind: ItemKind::Content, id: [0; 32], bytes: vec![0; bytes].into() }
    }

    #[test]
    fn small_neighbours_share_a_frame_and_a_large_item_is_alone() {
        let items =
            [content(1), content(2), content(CONTENT_FRAME_BYTES), content(3), content(1 << 20)];

        let lengths: Vec<_> = runs(&items).map(<[_]>::len).collect();

        assert_eq!(lengths, [2, 1, 1, 1]);
    }

    #[test]
    fn very_many_empty_items_are_cut_too() {
        let items = vec![content(0); FRAME_ITEMS_MAX + 1];

        assert_eq!(runs(&items).map(<[_]>::len).collect::<Vec<_>>(), [FRAME_ITEMS_MAX, 1]);
    }
}
