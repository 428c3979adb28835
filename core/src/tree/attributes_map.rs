//! Attributes of a whole tree: an object for each node that has any, or has any below it.

use alloc::vec::Vec;

use super::{
    attributes::{Attribute, Attributes},
    name::Name,
};
use crate::{
    error::{Error, Fault},
    id::{AttributesId, MapId},
    map::{self, Entry, MapKind, Page},
    step::Io,
};

/// An attributes object and the pages of its map.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BuiltAttributes {
    /// The object.
    pub attributes: Attributes,
    /// In pre-order; none if no child has attributes.
    pub pages: Vec<(MapId, Page)>,
}

/// Makes the attributes of a node; `children` that have any may be in any order.
///
/// None if there is nothing to say (ATTR-2).
///
/// # Errors
///
/// As [`Attributes::new`]; [`Fault::NotAscending`] if two children have the same name.
pub fn build_attributes(
    own: Vec<Attribute>,
    mut children: Vec<(Name, AttributesId)>,
) -> Result<Option<BuiltAttributes>, Error> {
    if own.is_empty() && children.is_empty() {
        return Ok(None);
    }
    children.sort_unstable();
    let entry = |(name, id): &(Name, AttributesId)| Entry {
        key: name.as_bytes().to_vec(),
        value: id.as_bytes().to_vec(),
    };
    let map = match children.as_slice() {
        [] => None,
        some => Some(map::build(MapKind::Attributes, some.iter().map(entry).collect())?),
    };
    let attributes = Attributes::new(own, map.as_ref().map(|map| map.root))?;
    let pages = map.map(|map| map.pages).unwrap_or_default();
    Ok(Some(BuiltAttributes { attributes, pages }))
}

/// Reads up to `children_max` children that have attributes, in order of their names, from the
/// first whose name is not below `from`.
///
/// To go on after a name, append a zero byte to it. One round a level of the map.
///
/// # Errors
///
/// [`Error::MissingObject`]; [`Error::PageMismatch`] for a map without entries (ATTR-6), or what is
/// wrong with a page.
pub async fn list_attributes(
    io: &Io,
    attributes: &Attributes,
    from: &[u8],
    children_max: u64,
) -> Result<Vec<(Name, AttributesId)>, Error> {
    let Some(map) = attributes.children() else { return Ok(Vec::new()) };
    if map == map::empty_map_id(MapKind::Attributes) {
        return Err(Error::PageMismatch);
    }
    let entries = map::range(io, map, MapKind::Attributes, from, children_max).await?;
    let child = |entry: Entry| {
        // The pages were checked, so each value is an id.
        let bytes = entry.value.try_into().map_err(|_| Error::malformed(Fault::Truncated))?;
        Ok((Name::new(&entry.key)?, AttributesId::from_bytes(bytes)))
    };
    entries.into_iter().map(child).collect()
}
