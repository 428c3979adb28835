//! A page: at most 256 items of one level, in key order.

use alloc::vec::Vec;

use super::{
    item::{Below, Item, in_page_root, item_hashes},
    kind::MapKind,
};
use crate::{
    codec::{Canonical, Reader, put_byte, put_fixed, put_u32},
    error::{Error, Fault},
    hash::{Context, derive_key_of},
    id::{MapId, PageHash},
    limits::{LEVEL_MAX, MAP_ENTRIES_MAX, OBJECT_BYTES_MAX, PAGE_ITEMS_MAX},
};

/// A page that is right by itself (MAP-10 to MAP-14); its [`Place`](super::Place) is another
/// question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Page {
    kind: MapKind,
    level: u8,
    items: Vec<Item>,
}

impl Page {
    /// A page of items that were cut by the rules.
    pub(super) const fn new(kind: MapKind, level: u8, items: Vec<Item>) -> Self {
        Self { kind, level, items }
    }

    /// What the map holds.
    pub const fn kind(&self) -> MapKind {
        self.kind
    }

    /// The height of the page: 0 holds entries.
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// The items, in key order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Entries in or below the page.
    pub fn entries(&self) -> u64 {
        // A page that was decoded or built passed MAP-14, so the sum cannot overflow.
        self.items.iter().fold(0, |sum, item| item.entries().saturating_add(sum))
    }

    /// How many items the pages below have together; 0 at level 0.
    pub(super) fn items_below(&self) -> u64 {
        let below = self.items.iter().filter_map(|item| item.below);
        below.map(|below| u64::from(below.items)).sum()
    }

    /// The last key in or below the page; none if it is empty.
    pub(super) fn last_key(&self) -> Option<&[u8]> {
        self.items.last().map(|item| item.entry.key.as_slice())
    }

    /// The page's id (MAP-9).
    pub fn id(&self) -> MapId {
        let root = in_page_root(item_hashes(&self.items)).unwrap_or(NO_ITEMS);
        page_id(self.kind, self.level, self.item_count(), root)
    }

    /// The item that stands for this page one level above; none if it is empty.
    pub(super) fn to_item(&self, id: MapId) -> Option<Item> {
        let entry = self.items.last()?.entry.clone();
        let below = Below { page: id, items: self.item_count(), entries: self.entries() };
        Some(Item { entry, below: Some(below) })
    }

    fn item_count(&self) -> u32 {
        // At most PAGE_ITEMS_MAX, by decoding or by the cut.
        u32::try_from(self.items.len()).unwrap_or(u32::MAX)
    }
}

impl Canonical for Page {
    const BYTES_MAX: u32 = OBJECT_BYTES_MAX;

    fn put(&self, out: &mut Vec<u8>) {
        put_byte(out, self.kind.number());
        put_byte(out, self.level);
        put_u32(out, self.item_count());
        self.items.iter().for_each(|item| item.put(out));
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let (kind, level) = take_kind_and_level(reader)?;
        let start = reader.at();
        let count = reader.take_u32_in(0..=PAGE_ITEMS_MAX)?;
        if count == 0 && level > 0 {
            return reader.fault(Fault::OutOfRange, start);
        }
        let mut items: Vec<Item> = Vec::new();
        for _ in 0..count {
            let before = items.last().map(|item| item.entry.key.as_slice());
            let item = Item::take(reader, kind, level, before)?;
            items.push(item);
        }
        Ok(Self { kind, level, items })
    }

    fn check_whole(&self) -> Result<(), Error> {
        let sum = self.items.iter().try_fold(0_u64, |sum, item| sum.checked_add(item.entries()));
        match sum {
            Some(entries) if entries <= MAP_ENTRIES_MAX => Ok(()),
            _ => Err(Error::malformed(Fault::BadCount)),
        }
    }
}

/// Reads what a page, whole or partial, begins with (MAP-10).
pub(super) fn take_kind_and_level(reader: &mut Reader<'_>) -> Result<(MapKind, u8), Error> {
    let start = reader.at();
    let kind = MapKind::from_number(reader.take_byte()?);
    let Some(kind) = kind else { return reader.fault(Fault::UnsupportedFormat, start) };
    let start = reader.at();
    let level = reader.take_byte()?;
    if level > LEVEL_MAX {
        return reader.fault(Fault::OutOfRange, start);
    }
    Ok((kind, level))
}

/// The id of a page with this in-page root (MAP-9).
pub(super) fn page_id(kind: MapKind, level: u8, items: u32, root: PageHash) -> MapId {
    MapId::from_bytes(derive_key_of(Context::MapPage, |out| {
        put_byte(out, kind.number());
        put_byte(out, level);
        put_u32(out, items);
        put_fixed(out, root.as_bytes());
    }))
}

/// The in-page root of no items (MAP-8).
const NO_ITEMS: PageHash = PageHash::from_bytes([0; 32]);
