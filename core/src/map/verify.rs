//! Checking what a proof says of one map, without a store (PROOF-1 to PROOF-6).

use alloc::vec::Vec;
use core::ops::Range;

use super::{
    item::Entry,
    kind::MapKind,
    page::Page,
    partial::{Element, PartialPage},
    place::{Placed, covering},
};
use crate::{codec::Canonical, error::Error, id::MapId};

/// Checks a full proof: the entries of a range of keys, both ends included, and no others.
///
/// `pages` are canonical bytes in pre-order. No entry means that the range is proven empty.
///
/// # Errors
///
/// What is wrong with the first wrong page, [`Error::HashMismatch`] if it is another,
/// [`Error::BadProof`] if pages are missing or left over.
pub fn verify_full(
    map: MapId,
    kind: MapKind,
    from: &[u8],
    to: &[u8],
    pages: &[&[u8]],
) -> Result<Vec<Entry>, Error> {
    let mut pages = pages.iter();
    let mut due = alloc::vec![Placed::root(kind, map)];
    let mut entries = Vec::new();
    while let Some(placed) = due.pop() {
        let page = Page::decode(pages.next().ok_or(Error::BadProof)?)?;
        if page.id() != placed.id {
            return Err(Error::HashMismatch { wanted: placed.id.into() });
        }
        placed.place.check(&page)?;
        let within = children_within(&page, from, to);
        if page.level() > 0 {
            due.extend(within.rev().filter_map(|index| placed.child(&page, index)));
        } else {
            let fits = |entry: &Entry| entry.key.as_slice() >= from && entry.key.as_slice() <= to;
            let found = page.items().iter().map(|item| &item.entry);
            entries.extend(found.filter(|entry| fits(entry)).cloned());
        }
    }
    if pages.next().is_none() { Ok(entries) } else { Err(Error::BadProof) }
}

/// Checks a blind proof: that the entry is contained, not that it is the only one under its key.
///
/// `pages` are the bytes of partial pages from the root to level 0.
///
/// # Errors
///
/// What is wrong with the first wrong page, [`Error::HashMismatch`] if it is another,
/// [`Error::PageMismatch`] if it is not what the one above says, [`Error::BadProof`] if it shows
/// more or less than the path to `key`, or the kind needs a full proof.
pub fn verify_blind(
    map: MapId,
    kind: MapKind,
    key: &[u8],
    pages: &[&[u8]],
) -> Result<Entry, Error> {
    if !kind.allows_blind_proofs() {
        return Err(Error::BadProof);
    }
    let mut expected = Expected { id: map, level: None, items: None };
    let mut pages = pages.iter();
    loop {
        let page = PartialPage::decode(pages.next().ok_or(Error::BadProof)?)?;
        expected.check(kind, &page)?;
        let mut open = page.elements().iter().filter(|element| !is_hidden(element));
        let (Some(element), None) = (open.next(), open.next()) else {
            return Err(Error::BadProof);
        };
        match element {
            Element::Veiled { below, .. } => {
                expected = Expected {
                    id: below.page,
                    level: page.level().checked_sub(1),
                    items: Some(below.items),
                };
            }
            Element::Shown(item) if page.level() == 0 && item.entry.key == key => {
                let is_end = pages.next().is_none();
                return if is_end { Ok(item.entry.clone()) } else { Err(Error::BadProof) };
            }
            _ => return Err(Error::BadProof),
        }
    }
}

/// What is known of the next partial page.
struct Expected {
    id: MapId,
    level: Option<u8>,
    items: Option<u32>,
}

impl Expected {
    fn check(&self, kind: MapKind, page: &PartialPage) -> Result<(), Error> {
        if page.id() != self.id {
            return Err(Error::HashMismatch { wanted: self.id.into() });
        }
        let fits = page.kind() == kind
            && self.level.is_none_or(|level| level == page.level())
            && self.items.is_none_or(|items| items == page.count());
        if fits { Ok(()) } else { Err(Error::PageMismatch) }
    }
}

const fn is_hidden(element: &Element) -> bool {
    matches!(element, Element::Hidden { .. })
}

/// The children whose entries can lie within a range of keys.
pub(super) fn children_within(page: &Page, from: &[u8], to: &[u8]) -> Range<usize> {
    let first = covering(page.items(), from);
    let end = (covering(page.items(), to) + 1).min(page.items().len());
    first..end
}
