//! A whole map from its entries.

use alloc::vec::Vec;

use super::{
    builder::{Builder, Levels},
    item::{Entry, Item},
    kind::MapKind,
    page::Page,
};
use crate::{error::Error, id::MapId};

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
///
/// [`Fault::NotAscending`]: crate::Fault::NotAscending
/// [`Fault::OutOfRange`]: crate::Fault::OutOfRange
pub fn build(kind: MapKind, entries: Vec<Entry>) -> Result<BuiltMap, Error> {
    let mut builder = Builder::new(kind);
    entries.into_iter().try_for_each(|entry| builder.push(entry))?;
    let (root, pages) = builder.finish()?;
    Ok(BuiltMap { root, pages: in_pre_order(rows(0, pages)) })
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
    items: impl IntoIterator<Item = Item>,
) -> Result<Vec<Row>, Error> {
    let mut levels = Levels::new(kind, level);
    items.into_iter().try_for_each(|item| levels.push(item))?;
    let (_, pages) = levels.finish()?;
    Ok(rows(level, pages))
}

/// Makes pages of what was cut.
pub(super) fn with_ids(kind: MapKind, level: u8, pages: Vec<Vec<Item>>) -> Row {
    let pages = pages.into_iter().map(|items| Page::new(kind, level, items));
    pages.map(|page| (page.id(), page)).collect()
}

/// Parts pages into rows, the lowest first; those of one level are in key order.
fn rows(lowest: u8, pages: Vec<(MapId, Page)>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (id, page) in pages {
        let at = usize::from(page.level().saturating_sub(lowest));
        rows.resize_with(rows.len().max(at + 1), Row::new);
        if let Some(row) = rows.get_mut(at) {
            row.push((id, page));
        }
    }
    rows
}

/// Puts rows, the lowest first, into pre-order.
fn in_pre_order(rows: Vec<Row>) -> Vec<(MapId, Page)> {
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
    pages
}
