//! Listing all that is below directories that are in one tree only.

use alloc::vec::Vec;

use super::{
    change::Lone,
    difference::Bound,
    directory::{Child, NamedChild, fetch_shown_children, list_children},
    moves::Lones,
    node::Node,
    path::Path,
};
use crate::{
    error::Error,
    id::MapId,
    limits::{CHILDREN_AT_ONCE_MAX, DIFFERENCE_DIRECTORIES_MAX},
    step::{Io, join_all},
};

/// Which of two trees.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    Before,
    After,
}

/// A directory that is in one tree only, or took the place of something else.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) side: Side,
    pub(super) path: Path,
    /// Its map.
    pub(super) children: MapId,
    /// The name from which on its children are still to be listed.
    pub(super) from: Vec<u8>,
}

/// Adds to `lones` all that is below them, and below the directories in `opened`.
///
/// Level by level, both trees side by side: for each level one round for the nodes and one for
/// each level of their maps, for some directories and some children of each at once.
pub(super) async fn expand(
    io: &Io,
    lones: &mut Lones,
    mut opened: Vec<Opened>,
    bound: &mut Bound,
) -> Result<(), Error> {
    let mut closed: Vec<(Side, Path, Child)> = Vec::new();
    for (side, list) in [(Side::Before, &lones.removed), (Side::After, &lones.added)] {
        let directories = list.iter().filter(|lone| lone.child.kind.is_directory());
        closed.extend(directories.map(|lone| (side, lone.path.clone(), lone.child)));
    }
    loop {
        let room = DIFFERENCE_DIRECTORIES_MAX.saturating_sub(opened.len());
        let rest = closed.split_off(closed.len().min(room));
        opened.extend(open(io, closed).await?);
        closed = rest;
        if opened.is_empty() || bound.is_exceeded() {
            return Ok(());
        }
        let later = opened.split_off(opened.len().min(DIFFERENCE_DIRECTORIES_MAX));
        let lists = join_all(opened.iter().map(|directory| directory.list(io))).await;
        let mut unfinished = Vec::new();
        for (mut directory, list) in opened.into_iter().zip(lists) {
            let children = list?;
            if let Some(last) = children.last().filter(|_| children.len() >= CHILDREN_AT_ONCE_MAX) {
                directory.from = [last.name.as_bytes(), &[0]].concat();
                unfinished.push(directory.clone());
            }
            for NamedChild { name, child } in children {
                let path = directory.path.join(&name)?;
                bound.count(&path);
                if child.kind.is_directory() {
                    closed.push((directory.side, path.clone(), child));
                }
                match directory.side {
                    Side::Before => lones.removed.push(Lone { path, child }),
                    Side::After => lones.added.push(Lone { path, child }),
                }
            }
        }
        opened = unfinished;
        opened.extend(later);
    }
}

/// Fetches the nodes of directories, in one round; one that is withheld stays closed.
async fn open(io: &Io, closed: Vec<(Side, Path, Child)>) -> Result<Vec<Opened>, Error> {
    let children: Vec<Child> = closed.iter().map(|(_, _, child)| *child).collect();
    let nodes = fetch_shown_children(io, &children).await?;
    let open = |((side, path, _), node): ((Side, Path, Child), Option<Node>)| {
        Some(Opened { side, path, children: node?.as_directory()?.children(), from: Vec::new() })
    };
    Ok(closed.into_iter().zip(nodes).filter_map(open).collect())
}

impl Opened {
    async fn list(&self, io: &Io) -> Result<Vec<NamedChild>, Error> {
        list_children(io, self.children, &self.from, CHILDREN_AT_ONCE_MAX as u64).await
    }
}
