//! From a path to the node under it.

use super::{
    directory::{Child, fetch_children},
    node::Node,
    path::Path,
};
use crate::{
    error::{Error, Fault},
    id::{AttributesId, NodeId},
    map::{self, MapKind},
    step::Io,
};

/// Where a path leads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Resolved {
    /// To a node.
    Found {
        /// Its id.
        id: NodeId,
        /// What it is.
        node: Node,
    },
    /// The first `depth` names lead to a directory that lacks the next one.
    Absent {
        /// How many names there are.
        depth: u32,
    },
    /// The first `depth` names lead to a file or symlink: nothing is below it.
    NotDirectory {
        /// How many names there are.
        depth: u32,
    },
}

/// Follows `path` from the node `root`.
///
/// For each name one round for the node and one for each level of its directory's map.
///
/// # Errors
///
/// [`Error::MissingObject`], [`Error::NodeMismatch`], or what is wrong with a page.
pub async fn resolve(io: &Io, root: NodeId, path: &Path) -> Result<Resolved, Error> {
    let mut id = root;
    let mut node = io.fetch_node(root).await?;
    for (depth, name) in (0..).zip(path.names()) {
        let Some(directory) = node.as_directory() else {
            return Ok(Resolved::NotDirectory { depth });
        };
        let keys = [name.to_vec()];
        let found = map::look_up(io, directory.children(), MapKind::Directory, &keys).await?;
        let Some(value) = found.into_iter().next().flatten() else {
            return Ok(Resolved::Absent { depth });
        };
        let child = Child::from_value(&value)?;
        id = child.id;
        let fetched = fetch_children(io, &[child]).await?.pop();
        node = fetched.ok_or(Error::AnswersOutOfOrder)?;
    }
    Ok(Resolved::Found { id, node })
}

/// Follows `path` through the attributes that mirror a tree, from those of its root.
///
/// None if what is there has none (ATTR-2). For each name one round for the object and one for each
/// level of its map.
///
/// # Errors
///
/// [`Error::MissingObject`], or what is wrong with a page.
pub async fn resolve_attributes(
    io: &Io,
    root: AttributesId,
    path: &Path,
) -> Result<Option<AttributesId>, Error> {
    let mut id = root;
    for name in path.names() {
        let attributes = io.fetch_attributes(id).await?;
        let Some(map) = attributes.children() else { return Ok(None) };
        let found = map::look_up(io, map, MapKind::Attributes, &[name.to_vec()]).await?;
        let Some(value) = found.into_iter().next().flatten() else { return Ok(None) };
        let bytes = value.try_into().map_err(|_| Error::malformed(Fault::Truncated))?;
        id = AttributesId::from_bytes(bytes);
    }
    Ok(Some(id))
}
