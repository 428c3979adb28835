//! What differs between two trees, in time proportional to it.

use alloc::{collections::VecDeque, vec::Vec};

use super::{
    change::{Expansion, Lone, TreeChange, TreeDifference},
    directory::{Child, fetch_shown_children},
    expand::{Opened, Side, expand},
    moves::{Lones, pair_moves},
    name::Name,
    node::{Node, NodeBody},
    path::Path,
};
use crate::{
    error::Error,
    id::{MapId, NodeId},
    limits::{CHANGE_PATH_BYTES_MAX, DIFFERENCE_DIRECTORIES_MAX},
    map::{self, MapKind},
    step::{Io, join_all},
};

/// Lists what differs between the trees under two nodes.
///
/// Only directories that differ are read, those of one depth side by side. A removed and an added
/// node of one id are paired as moved, larger trees first, then in order of paths; empty files and
/// directories are not, since they are all the same. The list ends early, and says so, some time
/// after it has more than `changes_max` changes or its paths more than 4 KiB for each of these. Of
/// a sealed node that is not there no more is told than that it is another one.
///
/// # Errors
///
/// [`Error::MissingObject`], [`Error::NodeMismatch`], [`Error::TooDeep`], or what is wrong with a
/// page.
pub async fn difference(
    io: &Io,
    before: NodeId,
    after: NodeId,
    expansion: Expansion,
    changes_max: u64,
) -> Result<TreeDifference, Error> {
    if before == after {
        return Ok(TreeDifference { changes: Vec::new(), is_complete: true });
    }
    let mut found = Found { bound: Bound::new(changes_max), ..Found::default() };
    found.compare_roots(io, before, after).await?;
    while !found.differing.is_empty() && !found.bound.is_exceeded() {
        found.compare_directories(io).await?;
    }
    let mut lones = Lones { removed: found.removed, added: found.added };
    let moved = pair_moves(io, &mut lones).await?;
    let mut changes = found.changes;
    changes.extend(moved);
    if expansion == Expansion::Everything {
        expand(io, &mut lones, found.replaced, &mut found.bound).await?;
        changes.extend(pair_moves(io, &mut lones).await?);
    }
    changes.extend(lones.into_changes());
    changes.sort_by(|a, b| a.path().cmp_in_tree(b.path()));
    Ok(TreeDifference { changes, is_complete: !found.bound.is_exceeded() })
}

/// What was found so far, and where to look further.
#[derive(Default)]
struct Found {
    changes: Vec<TreeChange>,
    removed: Vec<Lone>,
    added: Vec<Lone>,
    /// Directories at one path whose maps differ.
    differing: VecDeque<Pair>,
    /// Directories that something else took the place of, or that took its place.
    replaced: Vec<Opened>,
    bound: Bound,
}

/// Two maps of children at one path.
struct Pair {
    path: Path,
    before: MapId,
    after: MapId,
}

impl Found {
    async fn compare_roots(&mut self, io: &Io, before: NodeId, after: NodeId) -> Result<(), Error> {
        let mut nodes = Vec::new();
        for fetched in join_all([before, after].map(|id| io.fetch_node(id))).await {
            nodes.push(fetched?);
        }
        if let [node_before, node_after] = nodes.as_slice() {
            self.compare(Path::ROOT, node_before, node_after);
        }
        Ok(())
    }

    /// Compares the next pairs of directories, side by side.
    async fn compare_directories(&mut self, io: &Io) -> Result<(), Error> {
        let count = self.differing.len().min(DIFFERENCE_DIRECTORIES_MAX);
        let pairs: Vec<Pair> = self.differing.drain(..count).collect();
        let compare =
            |pair: &Pair| map::difference(io, MapKind::Directory, pair.before, pair.after);
        let found = join_all(pairs.iter().map(compare)).await;
        let mut paths = Vec::new();
        let mut children = Vec::new();
        for (pair, differences) in pairs.iter().zip(found) {
            for difference in differences? {
                let path = pair.path.join(&Name::new(&difference.key)?)?;
                self.bound.count(&path);
                let child = |value: Option<Vec<u8>>| {
                    value.map(|value| Child::from_value(&value)).transpose()
                };
                match (child(difference.before)?, child(difference.after)?) {
                    (Some(before), Some(after)) => {
                        paths.push(path);
                        children.extend([before, after]);
                    }
                    (Some(child), None) => self.removed.push(Lone { path, child }),
                    (None, Some(child)) => self.added.push(Lone { path, child }),
                    (None, None) => {}
                }
            }
        }
        let nodes = fetch_shown_children(io, &children).await?;
        let (nodes, children) = (nodes.as_chunks().0, children.as_chunks().0);
        for ((path, nodes), [before, after]) in paths.into_iter().zip(nodes).zip(children) {
            match nodes {
                [Some(before), Some(after)] => self.compare(path, before, after),
                _ => {
                    let (before, after) = (*before, *after);
                    self.changes.push(TreeChange::Changed { path, before, after });
                }
            }
        }
        Ok(())
    }

    /// Compares two nodes of different ids at one path.
    fn compare(&mut self, path: Path, before: &Node, after: &Node) {
        let is_resealed = before.kind() != after.kind();
        let is_other = match (before.body(), after.body()) {
            (NodeBody::Directory(a), NodeBody::Directory(b)) => {
                let is_same_map = a.children() == b.children();
                if !is_same_map {
                    let (before, after) = (a.children(), b.children());
                    self.differing.push_back(Pair { path: path.clone(), before, after });
                }
                is_resealed || is_same_map
            }
            (NodeBody::File(a), NodeBody::File(b)) => {
                let is_same_content =
                    a.content() == b.content() && a.size_bytes() == b.size_bytes();
                let executable = b.is_executable();
                if is_same_content && a.is_executable() != executable && !is_resealed {
                    let (before, after) = (Child::of(before), Child::of(after));
                    return self.changes.push(TreeChange::Mode { path, before, after, executable });
                }
                true
            }
            _ => {
                for (side, node) in [(Side::Before, before), (Side::After, after)] {
                    let Some(directory) = node.as_directory() else { continue };
                    self.replaced.push(Opened {
                        side,
                        path: path.clone(),
                        children: directory.children(),
                        from: Vec::new(),
                    });
                }
                true
            }
        };
        if is_other {
            let (before, after) = (Child::of(before), Child::of(after));
            self.changes.push(TreeChange::Changed { path, before, after });
        }
    }
}

/// How many changes there may still be.
#[derive(Default)]
pub(super) struct Bound {
    changes: u64,
    path_bytes: u64,
    is_exceeded: bool,
}

impl Bound {
    const fn new(changes_max: u64) -> Self {
        let path_bytes = changes_max.saturating_mul(CHANGE_PATH_BYTES_MAX);
        Self { changes: changes_max, path_bytes, is_exceeded: false }
    }

    pub(super) fn count(&mut self, path: &Path) {
        let changes = self.changes.checked_sub(1);
        let path_bytes = self.path_bytes.checked_sub(path.as_bytes().len() as u64);
        self.is_exceeded |= changes.is_none() || path_bytes.is_none();
        self.changes = changes.unwrap_or_default();
        self.path_bytes = path_bytes.unwrap_or_default();
    }

    pub(super) const fn is_exceeded(&self) -> bool {
        self.is_exceeded
    }
}
