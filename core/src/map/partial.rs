//! Partial pages: some items shown, the others hidden, the same id (PART-1 to PART-4).

use alloc::vec::Vec;

use super::{
    item::{Below, Item, in_page_root, inner_hash, item_hashes},
    kind::MapKind,
    page::{Page, page_id, take_kind_and_level},
};
use crate::{
    codec::{Reader, put_byte, put_fixed, put_u32},
    error::{Error, Fault},
    id::{MapId, PageHash},
    limits::{OBJECT_BYTES_MAX, PAGE_ITEMS_MAX},
};

/// A page of which only some items are shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PartialPage {
    kind: MapKind,
    level: u8,
    count: u32,
    elements: Vec<Element>,
    id: MapId,
}

/// What a partial page says of one or more items.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Element {
    /// A complete subtree of the page's tree.
    Hidden {
        /// Items in it.
        run: u32,
        /// Its root.
        hash: PageHash,
    },
    /// One item, whole.
    Shown(Item),
    /// One child without its last key and value.
    Veiled {
        /// The hash of the last entry below it.
        entry: PageHash,
        /// The page that it stands for.
        below: Below,
    },
}

/// How much of an item a partial page gives away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Disclosure {
    /// Nothing but a hash.
    Hide,
    /// Everything.
    Show,
    /// The page below, not its last key; at level 0 the same as [`Self::Show`].
    Veil,
}

impl PartialPage {
    /// Hides all of `page` but what `disclose` says, by place in the page.
    ///
    /// None for the empty page, which has nothing to hide.
    pub fn of(page: &Page, disclose: impl Fn(usize) -> Disclosure) -> Option<Self> {
        let mut scratch = Vec::new();
        let hashes = item_hashes(page.items());
        let rows = page.items().iter().enumerate().map(|(at, item)| (disclose(at), item));
        let rows: Vec<_> = rows.zip(hashes).collect();
        let mut elements = Vec::new();
        let mut due = alloc::vec![rows.as_slice()];
        while let Some(part) = due.pop() {
            let hidden = part.iter().all(|((disclosure, _), _)| *disclosure == Disclosure::Hide);
            match part {
                _ if hidden => {
                    let hashes = part.iter().map(|(_, hash)| *hash).collect();
                    let run = u32::try_from(part.len()).ok()?;
                    elements.push(Element::Hidden { run, hash: in_page_root(hashes)? });
                }
                [((disclosure, item), _)] => elements.push(match (disclosure, item.below) {
                    (Disclosure::Veil, Some(below)) => {
                        Element::Veiled { entry: item.entry.hash(&mut scratch), below }
                    }
                    _ => Element::Shown((*item).clone()),
                }),
                _ => {
                    let (left, right) = part.split_at(split(part.len()));
                    due.extend([right, left]);
                }
            }
        }
        let count = u32::try_from(page.items().len()).ok()?;
        let id = page.id();
        (count > 0).then_some(Self { kind: page.kind(), level: page.level(), count, elements, id })
    }

    /// What the map holds.
    pub const fn kind(&self) -> MapKind {
        self.kind
    }

    /// The height of the page.
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// Items of the page, shown or not.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// What is said of the items, in order.
    pub fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// The id of the whole page (PART-3).
    pub const fn id(&self) -> MapId {
        self.id
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_byte(&mut out, self.kind.number());
        put_byte(&mut out, self.level);
        put_u32(&mut out, self.count);
        self.elements.iter().for_each(|element| element.put(&mut out));
        out
    }

    /// Reads all of `input` or nothing, and computes the page's id.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] for the first rule that is broken (PART-1, PART-2).
    pub fn decode(input: &[u8]) -> Result<Self, Error> {
        if input.len() > OBJECT_BYTES_MAX as usize {
            return Err(Error::malformed(Fault::OutOfRange));
        }
        let mut reader = Reader::new(input);
        let (kind, level) = take_kind_and_level(&mut reader)?;
        let count = reader.take_u32_in(1..=PAGE_ITEMS_MAX)?;
        let mut elements: Vec<Element> = Vec::new();
        let mut left = count;
        while left > 0 {
            let before = elements.iter().rev().find_map(Element::key);
            let element = Element::take(&mut reader, kind, level, left, before)?;
            left -= element.run();
            elements.push(element);
        }
        reader.finish()?;
        let root = root_of(&elements, count)?;
        Ok(Self { kind, level, count, elements, id: page_id(kind, level, count, root) })
    }
}

impl Element {
    fn run(&self) -> u32 {
        if let Self::Hidden { run, .. } = self { *run } else { 1 }
    }

    fn key(&self) -> Option<&[u8]> {
        if let Self::Shown(item) = self { Some(&item.entry.key) } else { None }
    }

    fn hash(&self, scratch: &mut Vec<u8>) -> PageHash {
        match self {
            Self::Hidden { hash, .. } => *hash,
            Self::Shown(item) => item.hash(scratch),
            Self::Veiled { entry, below } => below.hash(*entry, scratch),
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hidden { run, hash } => {
                put_byte(out, HIDDEN);
                put_u32(out, *run);
                put_fixed(out, hash.as_bytes());
            }
            Self::Shown(item) => {
                put_byte(out, SHOWN);
                item.put(out);
            }
            Self::Veiled { entry, below } => {
                put_byte(out, VEILED);
                put_fixed(out, entry.as_bytes());
                below.put(out);
            }
        }
    }

    fn take(
        reader: &mut Reader<'_>,
        kind: MapKind,
        level: u8,
        left: u32,
        before: Option<&[u8]>,
    ) -> Result<Self, Error> {
        let start = reader.at();
        match reader.take_byte()? {
            HIDDEN => {
                let run = reader.take_u32_in(1..=left)?;
                let hash = PageHash::from_bytes(reader.take_fixed()?);
                Ok(Self::Hidden { run, hash })
            }
            SHOWN => Ok(Self::Shown(Item::take(reader, kind, level, before)?)),
            VEILED if level > 0 => {
                let entry = PageHash::from_bytes(reader.take_fixed()?);
                Ok(Self::Veiled { entry, below: Below::take(reader, level)? })
            }
            _ => reader.fault(Fault::UnsupportedFormat, start),
        }
    }
}

/// The in-page root, if every hidden run is a subtree at its place and none could be merged.
///
/// Folds from the left: a run of complete subtrees waits until its right sibling is known, as the
/// split of RFC 9162 has it.
fn root_of(elements: &[Element], count: u32) -> Result<PageHash, Error> {
    let misformed = Error::malformed(Fault::BadPartial);
    let mut scratch = Vec::new();
    let mut elements = elements.iter();
    // Subtrees still to be read, as items each has; Join waits for two halves.
    let mut due = alloc::vec![Due::Read(count)];
    let mut done: Vec<(PageHash, bool)> = Vec::new();
    let mut next = elements.next();
    while let Some(step) = due.pop() {
        match step {
            Due::Read(items) => match next {
                Some(element) if element.run() == items => {
                    let is_hidden = matches!(element, Element::Hidden { .. });
                    done.push((element.hash(&mut scratch), is_hidden));
                    next = elements.next();
                }
                Some(element) if element.run() < items => {
                    let left = u32::try_from(split(items as usize)).unwrap_or(items);
                    due.extend([Due::Join, Due::Read(items - left), Due::Read(left)]);
                }
                _ => return Err(misformed),
            },
            Due::Join => match (done.pop(), done.pop()) {
                (Some((right, right_hidden)), Some((left, left_hidden)))
                    if !(left_hidden && right_hidden) =>
                {
                    done.push((inner_hash(left, right), false));
                }
                _ => return Err(misformed),
            },
        }
    }
    done.pop().map(|(root, _)| root).ok_or(misformed)
}

enum Due {
    Read(u32),
    Join,
}

/// The largest power of two below `items`, which are at least two (RFC 9162 §2.1).
const fn split(items: usize) -> usize {
    items.next_power_of_two() / 2
}

const HIDDEN: u8 = 0;
const SHOWN: u8 = 1;
const VEILED: u8 = 2;
