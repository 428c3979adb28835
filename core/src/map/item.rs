//! Items of a page: entries at level 0, children above.

use alloc::vec::Vec;
use core::mem;

use super::kind::MapKind;
use crate::{
    codec::{Reader, put_bytes, put_fixed, put_u32, put_u64},
    error::{Error, Fault},
    hash::{Context, derive_key},
    id::{MapId, PageHash},
    limits::{MAP_KEY_BYTES_MAX, MAP_VALUE_BYTES_MAX, PAGE_ITEMS_MAX},
};

/// A key and its value.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Entry {
    /// 1 to 1,152 bytes; entries are in bytewise order of it.
    pub key: Vec<u8>,
    /// At most 512 bytes.
    pub value: Vec<u8>,
}

/// What an item above level 0 says of the page below it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Below {
    /// The page's id.
    pub page: MapId,
    /// Items in that page.
    pub items: u32,
    /// Entries below that page.
    pub entries: u64,
}

/// One item of a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Item {
    /// At level 0 the entry itself; above, the last entry below the page that it stands for.
    pub entry: Entry,
    /// None at level 0.
    pub below: Option<Below>,
}

impl Entry {
    /// Checks that a map of `kind` may hold it (MAP-11, MAP-12, the order apart).
    pub(super) fn check(&self, kind: MapKind) -> Result<(), Error> {
        let key_fits = (1..=MAP_KEY_BYTES_MAX as usize).contains(&self.key.len());
        if !key_fits || self.value.len() > MAP_VALUE_BYTES_MAX as usize {
            return Err(Error::malformed(Fault::OutOfRange));
        }
        kind.check_key(&self.key).map_err(Error::malformed)?;
        kind.check_value(Reader::new(&self.value))
    }

    /// The entry hash (MAP-6); `scratch` is overwritten.
    pub(super) fn hash(&self, scratch: &mut Vec<u8>) -> PageHash {
        scratch.clear();
        self.put(scratch);
        PageHash::from_bytes(derive_key(Context::MapItem, &[scratch]))
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, &self.key);
        put_bytes(out, &self.value);
    }

    /// Reads an entry that comes after the key `before` (MAP-11, MAP-12).
    fn take(reader: &mut Reader<'_>, kind: MapKind, before: Option<&[u8]>) -> Result<Self, Error> {
        let start = reader.at();
        let key = reader.take_bytes(1..=MAP_KEY_BYTES_MAX)?;
        if before.is_some_and(|before| key <= before) {
            return reader.fault(Fault::NotAscending, start);
        }
        kind.check_key(key).or_else(|fault| reader.fault(fault, start))?;
        let value = reader.take_bytes(0..=MAP_VALUE_BYTES_MAX)?;
        kind.check_value(reader.within(value))?;
        Ok(Self { key: key.to_vec(), value: value.to_vec() })
    }
}

impl Below {
    /// The hash of a child whose last entry has the hash `entry` (MAP-7).
    pub(super) fn hash(&self, entry: PageHash, scratch: &mut Vec<u8>) -> PageHash {
        scratch.clear();
        put_fixed(scratch, entry.as_bytes());
        self.put(scratch);
        PageHash::from_bytes(derive_key(Context::MapChild, &[scratch]))
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_fixed(out, self.page.as_bytes());
        put_u32(out, self.items);
        put_u64(out, self.entries);
    }

    /// Reads what is said of a page of the level below `level` (MAP-13).
    pub(super) fn take(reader: &mut Reader<'_>, level: u8) -> Result<Self, Error> {
        let page = MapId::from_bytes(reader.take_fixed()?);
        let items = reader.take_u32_in(1..=PAGE_ITEMS_MAX)?;
        let start = reader.at();
        let entries = reader.take_u64()?;
        let items_u64 = u64::from(items);
        let possible = if level == 1 { entries == items_u64 } else { entries >= items_u64 };
        if possible {
            Ok(Self { page, items, entries })
        } else {
            reader.fault(Fault::BadCount, start)
        }
    }
}

impl Item {
    /// The item hash (MAP-6, MAP-7); `scratch` is overwritten.
    pub(super) fn hash(&self, scratch: &mut Vec<u8>) -> PageHash {
        let entry = self.entry.hash(scratch);
        self.below.map_or(entry, |below| below.hash(entry, scratch))
    }

    /// Entries that it stands for: itself, or those below.
    pub(super) fn entries(&self) -> u64 {
        self.below.map_or(1, |below| below.entries)
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        self.entry.put(out);
        if let Some(below) = &self.below {
            below.put(out);
        }
    }

    pub(super) fn take(
        reader: &mut Reader<'_>,
        kind: MapKind,
        level: u8,
        before: Option<&[u8]>,
    ) -> Result<Self, Error> {
        let entry = Entry::take(reader, kind, before)?;
        let below = if level > 0 { Some(Below::take(reader, level)?) } else { None };
        Ok(Self { entry, below })
    }
}

/// Hashes all of `items`, in order.
pub(super) fn item_hashes(items: &[Item]) -> Vec<PageHash> {
    let mut scratch = Vec::new();
    items.iter().map(|item| item.hash(&mut scratch)).collect()
}

/// The in-page root over `hashes` (MAP-8); none for no hashes.
///
/// Pairs neighbours level by level and lifts an odd last one: the same tree as the split of
/// RFC 9162.
pub(super) fn in_page_root(mut hashes: Vec<PageHash>) -> Option<PageHash> {
    while hashes.len() > 1 {
        let row = mem::take(&mut hashes);
        let (pairs, odd) = row.as_chunks();
        hashes.extend(pairs.iter().map(|[left, right]| inner_hash(*left, *right)));
        hashes.extend_from_slice(odd);
    }
    hashes.pop()
}

/// The hash over two halves of a page (MAP-8).
pub(super) fn inner_hash(left: PageHash, right: PageHash) -> PageHash {
    let bytes = derive_key(Context::MapInner, &[left.as_bytes(), right.as_bytes()]);
    PageHash::from_bytes(bytes)
}
