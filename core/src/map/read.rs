//! Look-ups and ordered ranges (MAP-20).

use alloc::{collections::BTreeMap, vec::Vec};

use super::{
    item::Entry,
    kind::MapKind,
    place::{Placed, covering, page_of},
};
use crate::{
    error::Error,
    id::MapId,
    object::{Object, ObjectId},
    step::Io,
};

/// Reads the value of each key; `None` where the map has no such key.
///
/// The answers are in the order of `keys`, which may be in any order. One round a level.
///
/// # Errors
///
/// [`Error::MissingObject`], or what is wrong with a page in its place.
pub async fn look_up(
    io: &Io,
    map: MapId,
    kind: MapKind,
    keys: &[Vec<u8>],
) -> Result<Vec<Option<Vec<u8>>>, Error> {
    let mut values: BTreeMap<&[u8], Option<Vec<u8>>> =
        keys.iter().map(|key| (key.as_slice(), None)).collect();
    let mut front = Vec::new();
    if !values.is_empty() {
        front.push((Placed::root(kind, map), values.keys().copied().collect::<Vec<_>>()));
    }
    while !front.is_empty() {
        let mut next: Vec<(Placed, Vec<&[u8]>)> = Vec::new();
        let pages = fetch_pages(io, front.iter().map(|(placed, _)| placed)).await?;
        for ((placed, keys), object) in front.into_iter().zip(pages) {
            let page = page_of(&object)?;
            for key in keys {
                let index = covering(page.items(), key);
                let Some(item) = page.items().get(index) else { continue };
                match placed.child(page, index) {
                    Some(child) => match next.last_mut() {
                        Some((last, keys)) if last.id == child.id => keys.push(key),
                        _ => next.push((child, alloc::vec![key])),
                    },
                    None if item.entry.key == key => {
                        values.insert(key, Some(item.entry.value.clone()));
                    }
                    None => {}
                }
            }
        }
        front = next;
    }
    Ok(keys.iter().map(|key| values.get(key.as_slice()).cloned().flatten()).collect())
}

/// Reads up to `entries_max` entries in key order, from the first whose key is not below `from`.
///
/// One round a level; the counts in the pages keep it from asking for pages beyond the bound.
///
/// # Errors
///
/// As [`look_up`].
pub async fn range(
    io: &Io,
    map: MapId,
    kind: MapKind,
    from: &[u8],
    entries_max: u64,
) -> Result<Vec<Entry>, Error> {
    let mut front = alloc::vec![Placed::root(kind, map)];
    let mut found = Vec::new();
    while !front.is_empty() && entries_max > 0 {
        let pages = fetch_pages(io, &front).await?;
        let mut next = Vec::new();
        // Entries that pages after the one that `from` falls into are known to give.
        let mut sure: u64 = 0;
        for (placed, object) in front.iter().zip(&pages) {
            let page = page_of(object)?;
            for index in covering(page.items(), from)..page.items().len() {
                if sure >= entries_max {
                    break;
                }
                let Some(item) = page.items().get(index) else { break };
                if page.level() == 0 || !next.is_empty() {
                    sure = sure.saturating_add(item.entries());
                }
                match placed.child(page, index) {
                    Some(child) => next.push(child),
                    None => found.push(item.entry.clone()),
                }
            }
        }
        front = next;
    }
    Ok(found)
}

/// Fetches pages in one round and checks each in its place.
pub(super) async fn fetch_pages(
    io: &Io,
    placed: impl IntoIterator<Item = &Placed>,
) -> Result<Vec<Object>, Error> {
    let placed: Vec<&Placed> = placed.into_iter().collect();
    let ids: Vec<ObjectId> = placed.iter().map(|placed| placed.id.into()).collect();
    let answers = io.fetch_many(&ids).await;
    placed.into_iter().zip(answers).map(|(placed, answer)| placed.accept(answer)).collect()
}
