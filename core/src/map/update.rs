//! Batch update: the map of a changed set of entries, by reading only what the changes touch
//! (MAP-22).

use alloc::{
    collections::{BTreeMap, BTreeSet, btree_map},
    vec::Vec,
};
use core::iter::Peekable;

use super::{
    build::{BuiltMap, Row, build_levels, empty_page, with_ids},
    cut::Cutter,
    item::{Entry, Item},
    kind::MapKind,
    page::Page,
    place::{Placed, covering, page_of},
    read::fetch_pages,
};
use crate::{
    codec::Canonical,
    error::{Error, Fault},
    id::MapId,
    limits::{MAP_ENTRIES_MAX, WHOLE_LEVEL_ITEMS_MAX},
    object::Object,
    step::Io,
};

/// A new value for a key, or its deletion.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// The key.
    pub key: Vec<u8>,
    /// The new value; none deletes. Deleting what is absent changes nothing.
    pub value: Option<Vec<u8>>,
}

/// Makes the map that a rebuild from the changed entries would make.
///
/// `changes` are in strictly ascending order of their keys. The pages given back are those of the
/// new map that were not read from the old one.
///
/// # Errors
///
/// [`Fault::NotAscending`], what MAP-11 and MAP-12 say of a key or value,
/// [`Error::MissingObject`], or what is wrong with a page in its place.
pub async fn update(
    io: &Io,
    map: MapId,
    kind: MapKind,
    changes: Vec<Change>,
) -> Result<BuiltMap, Error> {
    OldMap::new(kind, map).update(io, changes).await
}

/// Changes of one level: a new item or, to delete it, none.
type LevelChanges = BTreeMap<Vec<u8>, Option<Item>>;
type NewPages = BTreeMap<MapId, Page>;

fn check_changes(kind: MapKind, changes: Vec<Change>) -> Result<LevelChanges, Error> {
    let mut checked = LevelChanges::new();
    for Change { key, value } in changes {
        let is_after = checked.last_key_value().is_none_or(|(last, _)| *last < key);
        if !is_after {
            return Err(Error::malformed(Fault::NotAscending));
        }
        let item = match value {
            Some(value) => {
                let entry = Entry { key: key.clone(), value };
                entry.check(kind)?;
                Some(Item { entry, below: None })
            }
            None => None,
        };
        checked.insert(key, item);
    }
    Ok(checked)
}

/// The old map, as far as it was read; what was read once is not asked for again.
pub(crate) struct OldMap {
    kind: MapKind,
    root: MapId,
    in_hand: BTreeMap<MapId, Object>,
}

/// One try to cut a level anew with the pages in hand.
#[derive(Default)]
struct Attempt {
    /// Pages without which it cannot be done, distinct, in the order they were missed.
    lacking: Vec<Placed>,
    missed: BTreeSet<MapId>,
    /// Ids and last keys of the old pages that were used.
    removed: Vec<(MapId, Vec<u8>)>,
    /// The items of each new page.
    added: Vec<Vec<Item>>,
    /// All items of the level, if it is the old root's.
    root_items: Option<Vec<Item>>,
}

/// What following the old pages down to a level gives.
enum Found<'a> {
    Page(&'a Page, Placed),
    Lacking(Placed),
    /// There is no page after the last.
    End,
}

impl OldMap {
    /// A map of which nothing was read yet.
    pub(crate) const fn new(kind: MapKind, root: MapId) -> Self {
        Self { kind, root, in_hand: BTreeMap::new() }
    }

    /// The empty map, which no store needs to hold.
    pub(crate) fn empty(kind: MapKind) -> Result<Self, Error> {
        let page = empty_page(kind);
        let root = page.id();
        let object = Object::check(root.into(), &page.encode())?;
        Ok(Self { kind, root, in_hand: BTreeMap::from([(root, object)]) })
    }

    /// What the map holds.
    pub(crate) const fn kind(&self) -> MapKind {
        self.kind
    }

    /// How many entries the old map has.
    ///
    /// # Errors
    ///
    /// As [`update`].
    pub(crate) async fn entries(&mut self, io: &Io) -> Result<u64, Error> {
        if !self.in_hand.contains_key(&self.root) {
            self.fetch(io, &[Placed::root(self.kind, self.root)]).await?;
        }
        Ok(self.in_hand.get(&self.root).and_then(Object::as_page).map_or(0, Page::entries))
    }

    /// Reads those of `keys` that the old map has, as [`look_up`](super::look_up) does.
    ///
    /// # Errors
    ///
    /// As [`update`].
    pub(crate) async fn look_up(
        &mut self,
        io: &Io,
        keys: &BTreeSet<Vec<u8>>,
    ) -> Result<Vec<Entry>, Error> {
        loop {
            let mut attempt = Attempt::default();
            let mut found = Vec::new();
            for key in keys {
                match self.locate(0, key)? {
                    Found::Page(page, _) => {
                        let item = page.items().get(covering(page.items(), key));
                        found.extend(item.filter(|item| item.entry.key == *key));
                    }
                    Found::Lacking(placed) => attempt.miss(placed),
                    Found::End => {}
                }
            }
            if attempt.lacking.is_empty() {
                return Ok(found.into_iter().map(|item| item.entry.clone()).collect());
            }
            self.fetch(io, &attempt.lacking).await?;
        }
    }

    /// Reads the entries whose keys begin with `prefix`.
    ///
    /// # Errors
    ///
    /// As [`update`].
    pub(crate) async fn below(&mut self, io: &Io, prefix: &[u8]) -> Result<Vec<Entry>, Error> {
        let mut found: Vec<Entry> = Vec::new();
        let mut at = self.locate(0, prefix)?;
        loop {
            let last_key = match at {
                Found::End => return Ok(found),
                Found::Lacking(placed) => {
                    self.fetch(io, &[placed]).await?;
                    found.clear();
                    at = self.locate(0, prefix)?;
                    continue;
                }
                Found::Page(page, placed) => {
                    let entries = page.items().iter().map(|item| &item.entry);
                    let fits = entries.filter(|entry| entry.key.starts_with(prefix));
                    found.extend(fits.cloned());
                    let last_key = page.last_key().unwrap_or_default();
                    let goes_on = last_key < prefix || last_key.starts_with(prefix);
                    if placed.place.is_last() || !goes_on {
                        return Ok(found);
                    }
                    last_key.to_vec()
                }
            };
            at = self.after(0, &last_key)?;
        }
    }

    /// As [`Self::below`], for several prefixes of which none begins with another.
    ///
    /// # Errors
    ///
    /// As [`update`].
    pub(crate) async fn below_each(
        &mut self,
        io: &Io,
        prefixes: &BTreeSet<Vec<u8>>,
    ) -> Result<Vec<Entry>, Error> {
        let mut found = Vec::new();
        for prefix in prefixes {
            found.extend(self.below(io, prefix).await?);
        }
        Ok(found)
    }

    /// Makes the map that a rebuild from the changed entries would make: [`update`].
    pub(crate) async fn update(
        &mut self,
        io: &Io,
        changes: Vec<Change>,
    ) -> Result<BuiltMap, Error> {
        let mut changes = check_changes(self.kind, changes)?;
        let (kind, mut root) = (self.kind, self.root);
        let mut new = BTreeMap::new();
        let mut level = 0;
        while !changes.is_empty() {
            let recut = loop {
                let attempt = self.attempt(level, &changes)?;
                if attempt.lacking.is_empty() {
                    break attempt;
                }
                self.fetch(io, &attempt.lacking).await?;
            };
            if let Some(items) = recut.root_items {
                root = add_root(&mut new, kind, level, items)?;
                break;
            }
            let added = with_ids(kind, level, recut.added);
            changes = changes_above(&recut.removed, &added);
            new.extend(added);
            level += 1;
        }
        let root = self.collapse(io, &mut new, root).await?;
        let entries = self.page(&new, root).map_or(0, Page::entries);
        if entries > MAP_ENTRIES_MAX {
            return Err(Error::malformed(Fault::OutOfRange));
        }
        Ok(BuiltMap { root, pages: self.in_pre_order(new, root) })
    }

    async fn fetch(&mut self, io: &Io, lacking: &[Placed]) -> Result<(), Error> {
        let pages = fetch_pages(io, lacking).await?;
        self.in_hand.extend(lacking.iter().map(|placed| placed.id).zip(pages));
        Ok(())
    }

    /// Follows the pages in hand from the root down to `level`, by the item that `choose` names.
    fn descend(
        &self,
        level: u8,
        choose: impl Fn(&[Item]) -> Option<usize>,
    ) -> Result<Found<'_>, Error> {
        let mut placed = Placed::root(self.kind, self.root);
        loop {
            let Some(object) = self.in_hand.get(&placed.id) else {
                return Ok(Found::Lacking(placed));
            };
            let page = page_of(object)?;
            if page.level() <= level {
                return Ok(Found::Page(page, placed));
            }
            let index = choose(page.items());
            match index.and_then(|index| placed.child(page, index)) {
                Some(child) => placed = child,
                None => return Ok(Found::End),
            }
        }
    }

    /// The page that covers `key`, or the level's last.
    fn locate(&self, level: u8, key: &[u8]) -> Result<Found<'_>, Error> {
        self.descend(level, |items| Some(covering(items, key).min(items.len().saturating_sub(1))))
    }

    /// The page after the one that ends with `key`.
    fn after(&self, level: u8, key: &[u8]) -> Result<Found<'_>, Error> {
        self.descend(level, |items| {
            let index = items.partition_point(|item| item.entry.key.as_slice() <= key);
            (index < items.len()).then_some(index)
        })
    }

    /// Cuts the parts of a level anew that `changes` touch.
    fn attempt(&self, level: u8, changes: &LevelChanges) -> Result<Attempt, Error> {
        let mut attempt = Attempt::default();
        let mut changes = changes.iter().peekable();
        while let Some((key, _)) = changes.peek() {
            match self.locate(level, key)? {
                Found::Page(page, placed) if page.level() == level && level_is_root(&placed) => {
                    let items = merge(page.items(), &mut changes, None);
                    attempt.root_items = Some(items);
                }
                Found::Page(page, placed) => {
                    self.run(&mut attempt, page, &placed, &mut changes)?;
                }
                Found::Lacking(placed) => {
                    attempt.miss(placed);
                    changes.next();
                }
                Found::End => break,
            }
        }
        Ok(attempt)
    }

    /// Cuts anew from one page on, until a cut falls on the end of an old page.
    fn run<'c>(
        &self,
        attempt: &mut Attempt,
        first: &Page,
        placed: &Placed,
        changes: &mut Peekable<btree_map::Iter<'c, Vec<u8>, Option<Item>>>,
    ) -> Result<(), Error> {
        let level = first.level();
        let mut cutter = Cutter::new(level);
        let (mut pages, mut removed) = (Vec::new(), Vec::new());
        let mut rest = Vec::new();
        let (mut page, mut placed) = (first, placed.clone());
        loop {
            // Pages below a root are never empty.
            let last_key = page.last_key().unwrap_or_default();
            removed.push((placed.id, last_key.to_vec()));
            let upto = (!placed.place.is_last()).then_some(last_key);
            for item in merge(page.items(), changes, upto) {
                let ends = cutter.ends_page(&item.entry.key);
                rest.push(item);
                if ends {
                    pages.push(core::mem::take(&mut rest));
                }
            }
            if rest.is_empty() {
                break;
            }
            match self.after(level, last_key)? {
                Found::Page(next, next_placed) => (page, placed) = (next, next_placed),
                Found::Lacking(placed) => {
                    attempt.miss(placed);
                    return Ok(());
                }
                Found::End => {
                    pages.push(rest);
                    break;
                }
            }
        }
        attempt.removed.append(&mut removed);
        attempt.added.append(&mut pages);
        Ok(())
    }

    /// Lowers the root while a level below it would be one page.
    async fn collapse(
        &mut self,
        io: &Io,
        new: &mut NewPages,
        mut root: MapId,
    ) -> Result<MapId, Error> {
        loop {
            let Some(page) = self.page(new, root) else { return Ok(root) };
            let is_whole = page.items_below() <= u64::from(WHOLE_LEVEL_ITEMS_MAX);
            if page.level() == 0 || page.items().len() > 1 && !is_whole {
                return Ok(root);
            }
            let level = page.level() - 1;
            let children: Vec<Placed> = Placed::root(self.kind, root).children(page).collect();
            let lacking: Vec<Placed> = children
                .iter()
                .filter(|child| self.page(new, child.id).is_none())
                .cloned()
                .collect();
            self.fetch(io, &lacking).await?;
            let pages = children.iter().filter_map(|child| self.page(new, child.id));
            let items: Vec<Item> = pages.flat_map(Page::items).cloned().collect();
            let page = if items.is_empty() {
                empty_page(self.kind)
            } else {
                Page::new(self.kind, level, items)
            };
            root = page.id();
            new.insert(root, page);
        }
    }

    fn page<'a>(&'a self, new: &'a NewPages, id: MapId) -> Option<&'a Page> {
        new.get(&id).or_else(|| self.in_hand.get(&id).and_then(Object::as_page))
    }

    /// The pages of the new map that were not read, the root first.
    fn in_pre_order(&self, mut new: NewPages, root: MapId) -> Vec<(MapId, Page)> {
        let mut pages = Vec::new();
        let mut due = alloc::vec![root];
        while let Some(id) = due.pop() {
            if self.in_hand.contains_key(&id) {
                continue;
            }
            let Some(page) = new.remove(&id) else { continue };
            due.extend(page.items().iter().rev().filter_map(|item| Some(item.below?.page)));
            pages.push((id, page));
        }
        pages
    }
}

impl Attempt {
    fn miss(&mut self, placed: Placed) {
        if self.missed.insert(placed.id) {
            self.lacking.push(placed);
        }
    }
}

fn level_is_root(placed: &Placed) -> bool {
    matches!(placed.place, super::Place::Root(_))
}

/// Merges `items` with the next changes whose keys are not above `upto`, or all of them.
fn merge<'c>(
    items: &[Item],
    changes: &mut Peekable<btree_map::Iter<'c, Vec<u8>, Option<Item>>>,
    upto: Option<&[u8]>,
) -> Vec<Item> {
    let mut merged = Vec::with_capacity(items.len());
    let mut items = items.iter().peekable();
    let applies = |key: &[u8]| upto.is_none_or(|upto| key <= upto);
    loop {
        let change = changes.next_if(|(key, _)| {
            applies(key) && items.peek().is_none_or(|item| **key <= item.entry.key)
        });
        match change {
            Some((key, item)) => {
                items.next_if(|old| old.entry.key == *key);
                merged.extend(item.clone());
            }
            None => match items.next() {
                Some(item) => merged.push(item.clone()),
                None => return merged,
            },
        }
    }
}

/// Cuts the old root's level and those above it, if there is more than one page.
fn add_root(
    new: &mut NewPages,
    kind: MapKind,
    level: u8,
    items: Vec<Item>,
) -> Result<MapId, Error> {
    let rows: Vec<Row> = build_levels(kind, level, items)?;
    let root = rows.last().and_then(|row| row.first()).map(|(id, _)| *id);
    new.extend(rows.into_iter().flatten());
    Ok(root.unwrap_or(MapId::from_bytes([0; 32])))
}

/// What changes one level above when pages are replaced.
fn changes_above(removed: &[(MapId, Vec<u8>)], added: &Row) -> LevelChanges {
    let mut changes: LevelChanges =
        removed.iter().map(|(_, last_key)| (last_key.clone(), None)).collect();
    let removed: BTreeSet<MapId> = removed.iter().map(|(id, _)| *id).collect();
    for (id, page) in added {
        let Some(item) = page.to_item(*id) else { continue };
        if removed.contains(id) {
            changes.remove(&item.entry.key);
        } else {
            changes.insert(item.entry.key.clone(), Some(item));
        }
    }
    changes
}
