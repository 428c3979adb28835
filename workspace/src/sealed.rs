//! Whether a seal key is the one that a tree was sealed with.

use std::collections::HashSet;

use markerbed_core::{
    Error, MapId, NodeId,
    step::Io,
    tree::{Child, Directory, Node, NodeKind, SealKey, list_directory},
};

use crate::{Workspace, WorkspaceError};

/// What a seal key is to a tree.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SealFit {
    /// Nothing in the tree is sealed.
    Unsealed,
    /// The tree was sealed with it.
    Fits,
    /// This sealed node has another salt with it.
    Differs(NodeId),
    /// No sealed node of the tree is at hand.
    Withheld,
}

impl Workspace {
    /// Compares a seal key with the first sealed node of a tree that is at hand (SEAL-1).
    ///
    /// # Errors
    ///
    /// A failure of the store. What is missing or broken in the tree is passed over.
    pub async fn try_seal_key(
        &self,
        root: NodeId,
        key: &SealKey,
    ) -> Result<SealFit, WorkspaceError> {
        let key = key.clone();
        self.run(move |io| async move { try_key(&io, root, &key).await }).await
    }
}

/// Goes through directories, each map once, up to the first sealed node.
async fn try_key(io: &Io, root: NodeId, key: &SealKey) -> Result<SealFit, Error> {
    let root = io.fetch_node(root).await?;
    if root.salt().is_some() {
        return Ok(fit_of(&root, root.id(), key));
    }
    let mut fit = SealFit::Unsealed;
    let mut seen: HashSet<MapId> = HashSet::new();
    let mut open: Vec<(Directory, Vec<u8>)> =
        root.as_directory().map(|directory| (*directory, Vec::new())).into_iter().collect();
    while let Some((directory, from)) = open.pop() {
        if from.is_empty() && !seen.insert(directory.children()) {
            continue;
        }
        let listed = list_directory(io, &directory, &from, CHILDREN_AT_ONCE as u64).await;
        let Ok(children) = listed else { continue };
        if let Some(last) = children.last().filter(|_| children.len() >= CHILDREN_AT_ONCE) {
            open.push((directory, [last.name.as_bytes(), &[0]].concat()));
        }
        let is_wanted = |child: &Child| child.kind.is_sealed() || child.kind == NodeKind::Directory;
        let wanted: Vec<Child> =
            children.iter().map(|named| named.child).filter(is_wanted).collect();
        let ids: Vec<_> = wanted.iter().map(|child| child.id.into()).collect();
        for (child, object) in wanted.iter().zip(io.fetch_many(&ids).await) {
            let node = object.as_ref().and_then(|object| object.as_node());
            match (child.kind.is_sealed(), node) {
                (true, Some(node)) => return Ok(fit_of(node, child.id, key)),
                (true, None) => fit = SealFit::Withheld,
                (false, node) => {
                    let below = node.and_then(Node::as_directory);
                    open.extend(below.map(|directory| (*directory, Vec::new())));
                }
            }
        }
    }
    Ok(fit)
}

fn fit_of(sealed: &Node, id: NodeId, key: &SealKey) -> SealFit {
    if sealed.seal(key).salt() == sealed.salt() { SealFit::Fits } else { SealFit::Differs(id) }
}

/// How many children of a directory are looked at in one round.
const CHILDREN_AT_ONCE: usize = 4_096;
