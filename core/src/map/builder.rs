//! A map from entries that come one after the other.

use alloc::{collections::VecDeque, vec::Vec};
use core::mem;

use super::{
    build::empty_page,
    cut::Cutter,
    item::{Entry, Item},
    kind::MapKind,
    page::Page,
};
use crate::{
    error::{Error, Fault},
    id::MapId,
    limits::{LEVEL_MAX, MAP_ENTRIES_MAX, WHOLE_LEVEL_ITEMS_MAX},
};

/// Builds a map whose entries come one after the other.
///
/// It keeps one page of each level, and those that are complete until they are taken away: a map
/// of any size can be built in the memory of some pages.
#[derive(Debug)]
pub struct Builder {
    kind: MapKind,
    levels: Levels,
    entries: u64,
    last_key: Vec<u8>,
}

impl Builder {
    /// Begins a map without entries.
    pub const fn new(kind: MapKind) -> Self {
        Self { kind, levels: Levels::new(kind, 0), entries: 0, last_key: Vec::new() }
    }

    /// Takes the next entry, whose key comes after those before it.
    ///
    /// # Errors
    ///
    /// As [`build`](super::build()). What was taken before an error is no map.
    pub fn push(&mut self, entry: Entry) -> Result<(), Error> {
        if self.entries == MAP_ENTRIES_MAX {
            return Err(Error::malformed(Fault::OutOfRange));
        }
        if self.entries > 0 && entry.key <= self.last_key {
            return Err(Error::malformed(Fault::NotAscending));
        }
        entry.check(self.kind)?;
        self.entries += 1;
        self.last_key.clear();
        self.last_key.extend_from_slice(&entry.key);
        self.levels.push(Item { entry, below: None })
    }

    /// Takes away the pages that are complete, each with its id, in no order but that of each
    /// level.
    pub fn take_pages(&mut self) -> Vec<(MapId, Page)> {
        mem::take(&mut self.levels.done)
    }

    /// Ends the map: the id of its root page, and the pages that were not taken away, that one
    /// among them.
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfRange`] for more levels than a map has (MAP-5).
    pub fn finish(self) -> Result<(MapId, Vec<(MapId, Page)>), Error> {
        self.levels.finish()
    }
}

/// Cuts the items of a level into pages, and these pages' items above, up to a single root.
#[derive(Debug)]
pub(super) struct Levels {
    kind: MapKind,
    lowest: u8,
    levels: Vec<Level>,
    /// Complete pages; those of one level in key order.
    done: Vec<(MapId, Page)>,
}

/// One level, as far as its pages are not complete.
#[derive(Debug)]
struct Level {
    cutter: Cutter,
    /// Items behind the last complete page.
    items: Vec<Item>,
    /// It has more items than one page may have whatever their keys are.
    is_cut: bool,
    /// What stands for the first page above, until there is a second one.
    first: Option<Item>,
    pages: u64,
}

impl Levels {
    /// Begins with the level `lowest`.
    pub(super) const fn new(kind: MapKind, lowest: u8) -> Self {
        Self { kind, lowest, levels: Vec::new(), done: Vec::new() }
    }

    /// Takes the next item of the lowest level.
    pub(super) fn push(&mut self, item: Item) -> Result<(), Error> {
        self.push_at(0, item)
    }

    /// Ends all levels: the root's id, and the pages. No items give the empty map.
    pub(super) fn finish(mut self) -> Result<(MapId, Vec<(MapId, Page)>), Error> {
        let mut at = 0;
        while let Some(level) = self.levels.get_mut(at) {
            let rest = mem::take(&mut level.items);
            if !rest.is_empty() {
                for above in self.end_page(at, rest) {
                    self.push_at(at + 1, above)?;
                }
            }
            let only = self.levels.get(at).filter(|level| level.pages == 1);
            let root = only.and_then(|level| level.first.as_ref()?.below);
            if let Some(root) = root {
                return Ok((root.page, self.done));
            }
            at += 1;
        }
        let page = empty_page(self.kind);
        let root = page.id();
        self.done.push((root, page));
        Ok((root, self.done))
    }

    fn push_at(&mut self, at: usize, item: Item) -> Result<(), Error> {
        let mut waiting = VecDeque::new();
        let mut next = Some((at, item));
        while let Some((at, item)) = next {
            if at == self.levels.len() {
                let level = u8::try_from(at).ok().and_then(|at| self.lowest.checked_add(at));
                let level = level.filter(|level| *level <= LEVEL_MAX);
                let level = level.ok_or(Error::malformed(Fault::OutOfRange))?;
                self.levels.push(Level::new(level));
            }
            let ended = self.levels.get_mut(at).map(|level| level.push(item)).unwrap_or_default();
            for items in ended {
                waiting.extend(self.end_page(at, items).map(|above| (at + 1, above)));
            }
            next = waiting.pop_front();
        }
        Ok(())
    }

    /// Completes a page; gives what goes to the level above.
    fn end_page(&mut self, at: usize, items: Vec<Item>) -> impl Iterator<Item = Item> + use<> {
        let mut above = [None, None];
        if let Some(level) = self.levels.get_mut(at) {
            let page = Page::new(self.kind, level.cutter.level(), items);
            let id = page.id();
            level.pages += 1;
            let item = page.to_item(id);
            if level.pages == 1 {
                level.first = item;
            } else {
                above = [level.first.take(), item];
            }
            self.done.push((id, page));
        }
        above.into_iter().flatten()
    }
}

impl Level {
    const fn new(level: u8) -> Self {
        Self { cutter: Cutter::new(level), items: Vec::new(), is_cut: false, first: None, pages: 0 }
    }

    /// Takes the next item; gives the pages that are thereby complete.
    fn push(&mut self, item: Item) -> Vec<Vec<Item>> {
        let mut ended = Vec::new();
        if self.is_cut {
            self.cut(item, &mut ended);
        } else if self.items.len() < WHOLE_LEVEL_ITEMS_MAX as usize {
            self.items.push(item);
        } else {
            self.is_cut = true;
            let held = mem::take(&mut self.items);
            held.into_iter().chain([item]).for_each(|item| self.cut(item, &mut ended));
        }
        ended
    }

    fn cut(&mut self, item: Item, ended: &mut Vec<Vec<Item>>) {
        let ends = self.cutter.ends_page(&item.entry.key);
        self.items.push(item);
        if ends {
            // Its own room alone: complete pages may wait for long.
            ended.push(self.items.drain(..).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::build;

    fn entries(count: u32) -> Vec<Entry> {
        let entry = |number: u32| Entry {
            key: alloc::format!("ref-{number:08}").into_bytes(),
            value: alloc::vec![number as u8; 32],
        };
        (0..count).map(entry).collect()
    }

    #[test]
    fn pages_taken_on_the_way_are_those_of_the_whole_map() {
        for count in [0, 1, 128, 129, 130, 257, 1_000, 20_000] {
            let whole = build(KIND, entries(count)).unwrap();
            let mut builder = Builder::new(KIND);
            let mut pages = Vec::new();
            let mut most = 0;

            for entry in entries(count) {
                builder.push(entry).unwrap();
                let taken = builder.take_pages();
                most = taken.len().max(most);
                pages.extend(taken);
            }
            let (root, rest) = builder.finish().unwrap();
            pages.extend(rest);

            let mut expected = whole.pages;
            expected.sort_by_key(|(id, _)| *id);
            pages.sort_by_key(|(id, _)| *id);
            assert_eq!((root, pages), (whole.root, expected), "{count} entries");
            assert!(most <= 8, "{most} pages at once of {count} entries");
        }
    }

    #[test]
    fn entries_that_do_not_ascend_are_refused() {
        for keys in [*b"ba", *b"aa"] {
            let mut builder = Builder::new(KIND);
            let mut push =
                |key| builder.push(Entry { key: alloc::vec![key], value: alloc::vec![0; 32] });

            let first = push(keys[0]);
            let second = push(keys[1]);

            assert_eq!(first, Ok(()));
            assert_eq!(second, Err(Error::malformed(Fault::NotAscending)));
        }
    }

    const KIND: MapKind = MapKind::Refs;
}
