//! Directories: making one from its children, reading it, and checking what it counts.

use alloc::vec::Vec;

use super::{
    kind::NodeKind,
    name::Name,
    node::{Counts, Directory, Node},
};
use crate::{
    codec::{Canonical, Reader, put_byte, put_fixed},
    error::{Error, Fault},
    id::{MapId, NodeId},
    limits::MAP_VALUE_BYTES_MAX,
    map::{self, Entry, MapKind, Page},
    object::ObjectId,
    step::Io,
};

/// What a directory says of a child besides its name: the value in its map (NODE-4).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Child {
    /// What it is.
    pub kind: NodeKind,
    /// Its id.
    pub id: NodeId,
}

/// A child and its name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NamedChild {
    /// The name, unique in its directory.
    pub name: Name,
    /// The child.
    pub child: Child,
}

/// A child of a directory that is being made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewChild {
    /// The name, unique in its directory.
    pub name: Name,
    /// The child.
    pub child: Child,
    /// What it adds to the counts: [`Node::adds`].
    pub adds: Counts,
}

/// A directory and the pages of its map.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BuiltDirectory {
    /// The directory, not sealed.
    pub directory: Directory,
    /// In pre-order.
    pub pages: Vec<(MapId, Page)>,
}

/// Makes the directory of `children`, which may be in any order (NODE-4 to NODE-6).
///
/// # Errors
///
/// [`Error::CountOverflow`]; [`Fault::NotAscending`] if two have the same name.
pub fn build_directory(mut children: Vec<NewChild>) -> Result<BuiltDirectory, Error> {
    children.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let below = sum(children.iter().map(|child| child.adds))?;
    let entry =
        |new: NewChild| Entry { key: new.name.as_bytes().to_vec(), value: new.child.encode() };
    let map = map::build(MapKind::Directory, children.into_iter().map(entry).collect())?;
    Ok(BuiltDirectory { directory: Directory::new(map.root, below)?, pages: map.pages })
}

/// Reads up to `children_max` children of a directory in order of their names, from the first
/// whose name is not below `from`.
///
/// To go on after a name, append a zero byte to it. One round a level of the map.
///
/// # Errors
///
/// [`Error::MissingObject`], or what is wrong with a page.
pub async fn list_directory(
    io: &Io,
    directory: &Directory,
    from: &[u8],
    children_max: u64,
) -> Result<Vec<NamedChild>, Error> {
    list_children(io, directory.children(), from, children_max).await
}

/// Fetches the nodes of `children` in one round, in their order.
///
/// # Errors
///
/// [`Error::MissingObject`]; [`Error::NodeMismatch`] if one is of another kind than said.
pub async fn fetch_children(io: &Io, children: &[Child]) -> Result<Vec<Node>, Error> {
    let nodes = fetch_shown_children(io, children).await?;
    let withheld = |child: &Child| Error::MissingObject { id: child.id.into() };
    children.iter().zip(nodes).map(|(child, node)| node.ok_or_else(|| withheld(child))).collect()
}

/// As [`fetch_children`]; none for a sealed child whose node is not there: it is withheld.
pub(super) async fn fetch_shown_children(
    io: &Io,
    children: &[Child],
) -> Result<Vec<Option<Node>>, Error> {
    let ids: Vec<ObjectId> = children.iter().map(|child| child.id.into()).collect();
    let answers = io.fetch_many(&ids).await;
    let mut nodes = Vec::with_capacity(children.len());
    for (child, answer) in children.iter().zip(answers) {
        let Some(object) = answer else {
            if child.kind.is_sealed() {
                nodes.push(None);
                continue;
            }
            return Err(Error::MissingObject { id: child.id.into() });
        };
        let node = object.as_node().ok_or(Error::AnswersOutOfOrder)?;
        child.check(node)?;
        nodes.push(Some(node.clone()));
    }
    Ok(nodes)
}

impl Child {
    /// What a directory says of `node`.
    pub fn of(node: &Node) -> Self {
        Self { kind: node.kind(), id: node.id() }
    }

    /// Reads the value of a directory's map.
    ///
    /// # Errors
    ///
    /// As [`Canonical::decode`].
    pub fn from_value(value: &[u8]) -> Result<Self, Error> {
        Self::decode(value)
    }

    /// Checks that a node, whose id is known to be right, is of the kind said (NODE-4).
    ///
    /// # Errors
    ///
    /// [`Error::NodeMismatch`].
    pub fn check(&self, node: &Node) -> Result<(), Error> {
        if node.kind() == self.kind { Ok(()) } else { Err(Error::NodeMismatch) }
    }
}

impl Canonical for Child {
    const BYTES_MAX: u32 = MAP_VALUE_BYTES_MAX;

    fn put(&self, out: &mut Vec<u8>) {
        put_byte(out, self.kind.number());
        put_fixed(out, self.id.as_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let start = reader.at();
        let Some(kind) = NodeKind::from_number(reader.take_byte()?) else {
            return reader.fault(Fault::UnsupportedFormat, start);
        };
        Ok(Self { kind, id: NodeId::from_bytes(reader.take_fixed()?) })
    }
}

impl Directory {
    /// Checks its counts against what all of its children add (NODE-8).
    ///
    /// # Errors
    ///
    /// [`Error::NodeMismatch`]; [`Error::CountOverflow`] if the children have no sum.
    pub fn check_counts(&self, adds: impl IntoIterator<Item = Counts>) -> Result<(), Error> {
        if sum(adds)? == self.below() { Ok(()) } else { Err(Error::NodeMismatch) }
    }
}

/// As [`list_directory`], of a map of kind 1.
pub(super) async fn list_children(
    io: &Io,
    map: MapId,
    from: &[u8],
    children_max: u64,
) -> Result<Vec<NamedChild>, Error> {
    let entries = map::range(io, map, MapKind::Directory, from, children_max).await?;
    // The pages were checked, so each key is a name and each value a child.
    let child = |entry: Entry| {
        Ok(NamedChild { name: Name::new(&entry.key)?, child: Child::from_value(&entry.value)? })
    };
    entries.into_iter().map(child).collect()
}

fn sum(adds: impl IntoIterator<Item = Counts>) -> Result<Counts, Error> {
    adds.into_iter().try_fold(Counts::default(), Counts::checked_add)
}
