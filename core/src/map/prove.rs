//! Making proofs from a store.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{
    item::Entry,
    kind::MapKind,
    partial::{Disclosure, PartialPage},
    place::{Placed, covering, page_of},
    read::fetch_pages,
    verify::children_within,
};
use crate::{codec::Canonical, error::Error, id::MapId, step::Io};

/// An entry and the partial pages that show that it is contained.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BlindProof {
    /// The entry.
    pub entry: Entry,
    /// Bytes of partial pages, from the root to level 0.
    pub pages: Vec<Vec<u8>>,
}

/// Collects a full proof of all entries from `from` to `to`, both included.
///
/// The pages are canonical bytes in pre-order. One round a level.
///
/// # Errors
///
/// [`Error::MissingObject`], or what is wrong with a page in its place.
pub async fn prove_full(
    io: &Io,
    map: MapId,
    kind: MapKind,
    from: &[u8],
    to: &[u8],
) -> Result<Vec<Vec<u8>>, Error> {
    let root = Placed::root(kind, map);
    let mut front = alloc::vec![root.clone()];
    let mut read = BTreeMap::new();
    while !front.is_empty() {
        let pages = fetch_pages(io, &front).await?;
        let mut next = Vec::new();
        for (placed, object) in front.into_iter().zip(pages) {
            let page = page_of(&object)?;
            let within = children_within(page, from, to);
            let children: Vec<_> = within.filter_map(|index| placed.child(page, index)).collect();
            let ids: Vec<MapId> = children.iter().map(|child| child.id).collect();
            read.insert(placed.id, (page.encode(), ids));
            next.extend(children);
        }
        front = next;
    }
    let mut proof = Vec::new();
    let mut due = alloc::vec![root.id];
    while let Some((bytes, children)) = due.pop().and_then(|id| read.remove(&id)) {
        proof.push(bytes);
        due.extend(children.into_iter().rev());
    }
    Ok(proof)
}

/// Collects a blind proof that `key` is contained; none if it is absent.
///
/// # Errors
///
/// [`Error::BadProof`] for a kind that needs full proofs, [`Error::MissingObject`], or what is
/// wrong with a page in its place.
pub async fn prove_blind(
    io: &Io,
    map: MapId,
    kind: MapKind,
    key: &[u8],
) -> Result<Option<BlindProof>, Error> {
    if !kind.allows_blind_proofs() {
        return Err(Error::BadProof);
    }
    let mut placed = Placed::root(kind, map);
    let mut pages = Vec::new();
    loop {
        let object = fetch_pages(io, [&placed]).await?.pop();
        let object = object.ok_or(Error::AnswersOutOfOrder)?;
        let page = page_of(&object)?;
        let index = covering(page.items(), key);
        let disclose = |at| if at == index { Disclosure::Veil } else { Disclosure::Hide };
        let Some(item) = page.items().get(index) else { return Ok(None) };
        let partial = PartialPage::of(page, disclose).map(|partial| partial.encode());
        pages.extend(partial);
        match placed.child(page, index) {
            Some(child) => placed = child,
            None if item.entry.key == key => {
                return Ok(Some(BlindProof { entry: item.entry.clone(), pages }));
            }
            None => return Ok(None),
        }
    }
}
