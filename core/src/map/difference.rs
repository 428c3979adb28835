//! What differs between two maps, in time proportional to it (MAP-21).

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::cmp::Ordering;

use super::{
    item::Entry,
    kind::MapKind,
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
                    return Ok(merge(in_hand.entries(&a)?, in_hand.entries(&b)?));
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
        Front { level: page.map_or(0, super::Page::level), pages: alloc::vec![root] }
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

    /// The entries in the pages of a front of level 0.
    fn entries(&mut self, front: &Front) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        for placed in &front.pages {
            let object = self.take(placed)?;
            entries.extend(page_of(&object)?.items().iter().map(|item| item.entry.clone()));
        }
        Ok(entries)
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

/// Merges what is left of two maps by key.
fn merge(a: Vec<Entry>, b: Vec<Entry>) -> Vec<Difference> {
    let mut values: BTreeMap<Vec<u8>, [Option<Vec<u8>>; 2]> = BTreeMap::new();
    for entry in a {
        values.insert(entry.key, [Some(entry.value), None]);
    }
    for entry in b {
        let [_, after] = values.entry(entry.key).or_default();
        *after = Some(entry.value);
    }
    let changed = values.into_iter().filter(|(_, [before, after])| before != after);
    changed.map(|(key, [before, after])| Difference { key, before, after }).collect()
}
