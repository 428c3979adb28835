//! What differs between two maps, in time proportional to it (MAP-21).

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::cmp::Ordering;

use super::{
    item::Entry,
    kind::MapKind,
    page::Page,
    place::{Placed, page_of},
    read::fetch_pages,
};
use crate::{error::Error, id::MapId, object::Object, step::Io};

/// One key whose value is not the same in two maps.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// The key.
    pub key: Vec<u8>,
    /// Its value in the first map; none if it is only in the second.
    pub before: Option<Vec<u8>>,
    /// Its value in the second map; none if it is only in the first.
    pub after: Option<Vec<u8>>,
}

/// Lists what differs between two maps of a kind, in key order.
///
/// Parts whose page ids are equal are never read. Memory and requests grow with the pages that
/// differ.
///
/// # Errors
///
/// [`Error::MissingObject`], or what is wrong with a page in its place.
pub async fn difference(
    io: &Io,
    kind: MapKind,
    a: MapId,
    b: MapId,
) -> Result<Vec<Difference>, Error> {
    if a == b {
        return Ok(Vec::new());
    }
    let mut in_hand = InHand::default();
    let roots = [Placed::root(kind, a), Placed::root(kind, b)];
    in_hand.fetch(io, &roots).await?;
    let [mut a, mut b] = roots.map(|root| in_hand.front_of_root(root));
    loop {
        match a.level.cmp(&b.level) {
            Ordering::Greater => {
                in_hand.fetch(io, &a.pages).await?;
                a = in_hand.lower(&a)?;
            }
            Ordering::Less => {
                in_hand.fetch(io, &b.pages).await?;
                b = in_hand.lower(&b)?;
            }
            Ordering::Equal => {
                drop_common(&mut a, &mut b);
                in_hand.fetch(io, a.pages.iter().chain(&b.pages)).await?;
                if a.level == 0 {
                    let (a, b) = (in_hand.take_all(&a)?, in_hand.take_all(&b)?);
                    return Ok(merge(entries(&a), entries(&b)));
                }
                (a, b) = (in_hand.lower(&a)?, in_hand.lower(&b)?);
            }
        }
    }
}

/// Pages of one level of one of the maps, in key order.
struct Front {
    level: u8,
    pages: Vec<Placed>,
}

/// Pages that were answered and not yet replaced by what is below them.
#[derive(Default)]
struct InHand(BTreeMap<MapId, Object>);

impl InHand {
    async fn fetch(
        &mut self,
        io: &Io,
        wanted: impl IntoIterator<Item = &Placed>,
    ) -> Result<(), Error> {
        let wanted = wanted.into_iter();
        let lacking: Vec<&Placed> = wanted.filter(|page| !self.0.contains_key(&page.id)).collect();
        let pages = fetch_pages(io, lacking.iter().copied()).await?;
        self.0.extend(lacking.iter().map(|page| page.id).zip(pages));
        Ok(())
    }

    fn front_of_root(&self, root: Placed) -> Front {
        let page = self.0.get(&root.id).and_then(Object::as_page);
        Front { level: page.map_or(0, Page::level), pages: alloc::vec![root] }
    }

    /// Replaces the pages of a front above level 0 by their children.
    fn lower(&mut self, front: &Front) -> Result<Front, Error> {
        let mut pages = Vec::new();
        for placed in &front.pages {
            let object = self.take(placed)?;
            pages.extend(placed.children(page_of(&object)?));
        }
        Ok(Front { level: front.level.saturating_sub(1), pages })
    }

    /// The pages of a front, in key order.
    fn take_all(&mut self, front: &Front) -> Result<Vec<Object>, Error> {
        front.pages.iter().map(|placed| self.take(placed)).collect()
    }

    fn take(&mut self, placed: &Placed) -> Result<Object, Error> {
        self.0.remove(&placed.id).ok_or(Error::MissingObject { id: placed.id.into() })
    }
}

/// Drops the pages that are in both fronts: what is below them is equal.
fn drop_common(a: &mut Front, b: &mut Front) {
    let ids = |front: &Front| front.pages.iter().map(|page| page.id).collect::<BTreeSet<_>>();
    let (in_a, in_b) = (ids(a), ids(b));
    a.pages.retain(|page| !in_b.contains(&page.id));
    b.pages.retain(|page| !in_a.contains(&page.id));
}

/// The entries of pages of level 0.
fn entries(pages: &[Object]) -> impl Iterator<Item = &Entry> {
    pages.iter().filter_map(Object::as_page).flat_map(Page::items).map(|item| &item.entry)
}

/// Merges what is left of two maps, each in key order.
fn merge<'a>(
    a: impl Iterator<Item = &'a Entry>,
    b: impl Iterator<Item = &'a Entry>,
) -> Vec<Difference> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    let mut differences = Vec::new();
    loop {
        let order = match (a.peek(), b.peek()) {
            (Some(before), Some(after)) => before.key.cmp(&after.key),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        let before = a.next_if(|_| order.is_le());
        let after = b.next_if(|_| order.is_ge());
        let Some(Entry { key, .. }) = before.or(after) else { return differences };
        let [before, after] = [before, after].map(|entry| entry.map(|entry| &entry.value));
        if before != after {
            let (before, after) = (before.cloned(), after.cloned());
            differences.push(Difference { key: key.clone(), before, after });
        }
    }
}
