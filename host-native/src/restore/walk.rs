//! Walks a stored tree.

use markerbed_core::{
    NodeId, WorkspaceId,
    tree::{Child, Name, Node},
};

use super::{
    Lack,
    descent::{Descent, Objects, Visit, Want},
};
use crate::{drive::DriveError, store::Records};

/// Walks the tree below a stored node in pre-order, names ascending; see [`tree_walk`].
pub struct TreeWalk<'a> {
    objects: Objects<'a>,
    /// Not entered yet.
    root: Option<NodeId>,
    descent: Descent<'a>,
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
/// Nothing comes if `root` is no directory, and nothing below a directory whose node is missing. An
/// error stands for one node, or for the rest of one directory, and the walk goes on behind it;
/// after a failure of the store as a whole it ends.
pub fn tree_walk(records: &dyn Records, workspace: WorkspaceId, root: NodeId) -> TreeWalk<'_> {
    let objects = Objects { records, workspace };
    TreeWalk { objects, root: Some(root), descent: Descent::new(objects, |_| Want::Node) }
}

impl Iterator for TreeWalk<'_> {
    type Item = Result<Walked, DriveError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(root) = self.root.take() {
            match self.objects.node(root) {
                Ok(Ok(node)) => node.as_directory().map(|root| self.descent.enter(root, None))?,
                Ok(Err(lacks)) => return Some(Err(lacks.error)),
                Err(error) => return Some(Err(error.into())),
            }
        }
        match self.descent.next() {
            Ok(None) => None,
            Ok(Some(Visit::Unlisted(lacks) | Visit::Unmirrored(lacks))) => Some(Err(lacks.error)),
            Ok(Some(Visit::Child(visited))) => {
                let node = match visited.node {
                    Some(Ok(node)) => Some(node),
                    Some(Err(lacks)) if lacks.why == Lack::Damaged => {
                        return Some(Err(lacks.error));
                    }
                    Some(Err(_)) | None => None,
                };
                if let Some(directory) = node.as_ref().and_then(Node::as_directory) {
                    self.descent.enter(directory, None);
                }
                let depth = u32::try_from(visited.depth).unwrap_or(u32::MAX);
                let (name, child) = (visited.child.name, visited.child.child);
                Some(Ok(Walked { depth, name, child, node }))
            }
            Err(error) => {
                self.descent = Descent::new(self.objects, |_| Want::Node);
                Some(Err(error.into()))
            }
        }
    }
}
