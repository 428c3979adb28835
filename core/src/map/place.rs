//! A page in its place: what is known of it from above, and whether it is that (MAP-15 to MAP-19).

use alloc::{borrow::ToOwned, vec::Vec};

use super::{
    cut::ends_at_last,
    item::{Below, Entry, Item},
    kind::MapKind,
    page::Page,
};
use crate::{error::Error, id::MapId, limits::WHOLE_LEVEL_ITEMS_MAX, object::Object};

/// Where a page stands, as far as who follows ids knows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// The root of a map of this kind.
    Root(MapKind),
    /// Below an item of another page.
    Child {
        /// The kind of the page above.
        kind: MapKind,
        /// The level of the page above.
        level: u8,
        /// The last key of the item before, here or above; none at the left edge.
        left: Option<Vec<u8>>,
        /// Whether it is the last page of its level.
        is_last: bool,
        /// The last entry below it.
        last: Entry,
        /// What the page above says of it.
        below: Below,
    },
}

impl Place {
    /// Checks `page`, which has the right id, against its place.
    ///
    /// # Errors
    ///
    /// [`Error::PageMismatch`] if it is not what stands above it, [`Error::WrongCut`] if it is cut
    /// elsewhere than the rules say.
    pub fn check(&self, page: &Page) -> Result<(), Error> {
        match self {
            Self::Root(kind) => check_root(*kind, page),
            Self::Child { kind, level, left, is_last, last, below } => {
                let first = page.items().first().map(|item| item.entry.key.as_slice());
                let fits = page.kind() == *kind
                    && Some(page.level()) == level.checked_sub(1)
                    && left.as_deref() < first
                    && page.items().last().is_some_and(|item| item.entry == *last)
                    && page.items().len() as u64 == u64::from(below.items)
                    && page.entries() == below.entries;
                if !fits {
                    return Err(Error::PageMismatch);
                }
                match ends_at_last(page.level(), page.items()) {
                    Some(ends) if ends || *is_last => Ok(()),
                    _ => Err(Error::WrongCut),
                }
            }
        }
    }

    /// The place of the page below item `index` of `page`, which stands here.
    ///
    /// None at level 0 or beyond the last item.
    pub fn of_child(&self, page: &Page, index: usize) -> Option<Self> {
        let item = page.items().get(index)?;
        let before = index.checked_sub(1).and_then(|before| page.items().get(before));
        let left = match before {
            Some(before) => Some(before.entry.key.clone()),
            None => self.left().map(ToOwned::to_owned),
        };
        Some(Self::Child {
            kind: page.kind(),
            level: page.level(),
            left,
            is_last: self.is_last() && index + 1 == page.items().len(),
            last: item.entry.clone(),
            below: item.below?,
        })
    }

    /// Whether a page here is the last of its level.
    pub(super) const fn is_last(&self) -> bool {
        match self {
            Self::Root(_) => true,
            Self::Child { is_last, .. } => *is_last,
        }
    }

    fn left(&self) -> Option<&[u8]> {
        match self {
            Self::Root(_) => None,
            Self::Child { left, .. } => left.as_deref(),
        }
    }
}

/// A page that is named, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) id: MapId,
    pub(super) place: Place,
}

impl Placed {
    pub(super) const fn root(kind: MapKind, map: MapId) -> Self {
        Self { id: map, place: Place::Root(kind) }
    }

    /// Takes a store's answer: the page must be there and be what its place says.
    pub(super) fn accept(&self, answer: Option<Object>) -> Result<Object, Error> {
        let object = answer.ok_or(Error::MissingObject { id: self.id.into() })?;
        self.place.check(page_of(&object)?)?;
        Ok(object)
    }

    pub(super) fn child(&self, page: &Page, index: usize) -> Option<Self> {
        let below = page.items().get(index)?.below?;
        Some(Self { id: below.page, place: self.place.of_child(page, index)? })
    }

    pub(super) fn children<'a>(&'a self, page: &'a Page) -> impl Iterator<Item = Self> + 'a {
        (0..page.items().len()).filter_map(move |index| self.child(page, index))
    }
}

/// The page in an answer to a request for one.
pub(super) fn page_of(object: &Object) -> Result<&Page, Error> {
    object.as_page().ok_or(Error::AnswersOutOfOrder)
}

/// The first item whose last key is not below `key`: the one that covers it, if any does.
pub(super) fn covering(items: &[Item], key: &[u8]) -> usize {
    items.partition_point(|item| item.entry.key.as_slice() < key)
}

fn check_root(kind: MapKind, page: &Page) -> Result<(), Error> {
    if page.kind() != kind {
        return Err(Error::PageMismatch);
    }
    let whole = u64::from(WHOLE_LEVEL_ITEMS_MAX);
    if page.level() > 0 && (page.items().len() < 2 || page.items_below() <= whole) {
        return Err(Error::WrongCut);
    }
    let is_uncut = page.items().len() as u64 <= whole;
    if is_uncut || ends_at_last(page.level(), page.items()).is_some() {
        Ok(())
    } else {
        Err(Error::WrongCut)
    }
}
