//! A whole map from its entries.

use alloc::vec::Vec;

use super::{
    cut::cut_level,
    item::{Entry, Item},
    kind::MapKind,
    page::Page,
};
use crate::{
    error::{Error, Fault},
    id::MapId,
    limits::{LEVEL_MAX, MAP_ENTRIES_MAX},
};

/// A map's root and pages that belong to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BuiltMap {
    /// The id of the root page.
    pub root: MapId,
    /// In pre-order, the root first; after an update only pages that were not read.
    pub pages: Vec<(MapId, Page)>,
}

/// Builds the map of `entries`, which are in strictly ascending order of their keys.
///
/// # Errors
///
/// [`Fault::NotAscending`] if they are not, what MAP-11 and MAP-12 say of an entry that the kind
/// cannot hold, [`Fault::OutOfRange`] for more entries or levels than a map has (MAP-5).
pub fn build(kind: MapKind, entries: Vec<Entry>) -> Result<BuiltMap, Error> {
    if entries.len() as u64 > MAP_ENTRIES_MAX {
        return Err(Error::malformed(Fault::OutOfRange));
    }
    let mut before: Option<&[u8]> = None;
    for entry in &entries {
        if before.is_some_and(|before| entry.key.as_slice() <= before) {
            return Err(Error::malformed(Fault::NotAscending));
        }
        entry.check(kind)?;
        before = Some(&entry.key);
    }
    let items = entries.into_iter().map(|entry| Item { entry, below: None });
    Ok(in_pre_order(build_levels(kind, 0, items)?))
}

/// The id of the empty map of a kind (MAP-4).
pub fn empty_map_id(kind: MapKind) -> MapId {
    empty_page(kind).id()
}

pub(super) const fn empty_page(kind: MapKind) -> Page {
    Page::new(kind, 0, Vec::new())
}

/// Pages of one level with their ids, in key order.
pub(super) type Row = Vec<(MapId, Page)>;

/// Cuts `items` of `level` into pages, and their children into pages, up to a single root.
///
/// No items give the empty map, whatever the level.
pub(super) fn build_levels(
    kind: MapKind,
    level: u8,
    items: impl ExactSizeIterator<Item = Item>,
) -> Result<Vec<Row>, Error> {
    if items.len() == 0 {
        let page = empty_page(kind);
        return Ok(alloc::vec![alloc::vec![(page.id(), page)]]);
    }
    let mut level = level;
    let mut rows = alloc::vec![with_ids(kind, level, cut_level(level, items))];
    while let Some(row) = rows.last().filter(|row| row.len() > 1) {
        if level == LEVEL_MAX {
            return Err(Error::malformed(Fault::OutOfRange));
        }
        level += 1;
        let above: Vec<Item> = row.iter().filter_map(|(id, page)| page.to_item(*id)).collect();
        rows.push(with_ids(kind, level, cut_level(level, above.into_iter())));
    }
    Ok(rows)
}

/// Makes pages of what was cut.
pub(super) fn with_ids(kind: MapKind, level: u8, pages: Vec<Vec<Item>>) -> Row {
    let pages = pages.into_iter().map(|items| Page::new(kind, level, items));
    pages.map(|page| (page.id(), page)).collect()
}

/// Puts rows, the lowest first, into pre-order.
fn in_pre_order(rows: Vec<Row>) -> BuiltMap {
    let root = rows.last().and_then(|row| row.first()).map(|(id, _)| *id);
    let mut rows: Vec<_> = rows.into_iter().map(Vec::into_iter).collect();
    let mut pages = Vec::new();
    // How many pages are still to come at each level, before the one above goes on.
    let mut due: Vec<usize> = alloc::vec![1];
    while let Some(left) = due.last_mut() {
        if *left == 0 {
            due.pop();
            continue;
        }
        *left -= 1;
        let level = rows.len() - due.len();
        let Some((id, page)) = rows.get_mut(level).and_then(Iterator::next) else { break };
        if level > 0 {
            due.push(page.items().len());
        }
        pages.push((id, page));
    }
    // Rows are never empty, so there is a root; the zero id names no page.
    BuiltMap { root: root.unwrap_or(MapId::from_bytes([0; 32])), pages }
}
