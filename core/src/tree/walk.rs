//! All nodes of a tree, a bounded number at a time.

use alloc::vec::Vec;

use super::{
    directory::{Child, NamedChild, list_children},
    node::Node,
    trail::Trail,
};
use crate::{
    error::Error,
    id::{MapId, NodeId},
    limits::{CHILDREN_AT_ONCE_MAX, WALK_DIRECTORIES_MAX, WALK_PENDING_MAX, WALK_WINDOW_MAX},
    object::ObjectId,
    step::{Io, join_all},
};

/// A walk over a tree: directories before what is below them, names in order.
///
/// It is a value that a host keeps between operations. What it remembers is bounded by
/// [`WALK_PENDING_MAX`] nodes and a few for each level, however large and deep the tree is.
#[derive(Clone, Debug)]
pub struct Walk {
    /// What is still to come, the next at the end.
    pending: Vec<Pending>,
}

/// A node that a walk came to.
#[derive(Clone, Debug)]
pub struct Walked {
    /// Where.
    pub trail: Trail,
    /// Its id.
    pub id: NodeId,
    /// What it is.
    pub node: Node,
}

#[derive(Clone, Debug)]
enum Pending {
    /// A node that is to be fetched, and what its directory says of it.
    Node { trail: Trail, id: NodeId, child: Option<Child> },
    /// A node that was fetched before it was its turn.
    Ready(Walked),
    /// The children of a directory from a name on.
    Rest { trail: Trail, map: MapId, from: Vec<u8> },
}

impl Walk {
    /// Starts at a root.
    pub fn new(root: NodeId) -> Self {
        Self { pending: alloc::vec![Pending::Node { trail: Trail::ROOT, id: root, child: None }] }
    }

    /// Tells whether nothing is left.
    pub const fn is_done(&self) -> bool {
        self.pending.is_empty()
    }

    /// Walks on until it came to `nodes_max` nodes or to the end.
    ///
    /// Many directories are read side by side, so that few round trips are needed.
    ///
    /// # Errors
    ///
    /// [`Error::MissingObject`], [`Error::NodeMismatch`], [`Error::TooDeep`], or what is wrong
    /// with a page.
    pub async fn advance(
        mut self,
        io: &Io,
        nodes_max: usize,
    ) -> Result<(Self, Vec<Walked>), Error> {
        let mut walked = Vec::new();
        while walked.len() < nodes_max {
            match self.pending.pop() {
                None => break,
                Some(Pending::Ready(ready)) => walked.push(ready),
                Some(first) => {
                    self.pending.push(first);
                    self.expand(io).await?;
                }
            }
        }
        Ok((self, walked))
    }

    /// Fetches what comes next, all at once, and puts in its place what it turned out to be.
    async fn expand(&mut self, io: &Io) -> Result<(), Error> {
        let (count, children_max) = self.window();
        let window = self.pending.split_off(self.pending.len().saturating_sub(count));
        let expanded = join_all(window.into_iter().map(|next| next.expand(io, children_max))).await;
        for list in expanded {
            self.pending.extend(list?);
        }
        Ok(())
    }

    /// How many of the pending to expand, and how many children of each directory to read.
    fn window(&self) -> (usize, usize) {
        let room = WALK_PENDING_MAX.saturating_sub(self.pending.len());
        if room == 0 {
            return (1, CHILDREN_AT_LEAST);
        }
        let mut count = 0;
        let mut directories = 0;
        for next in self.pending.iter().rev().take(WALK_WINDOW_MAX) {
            directories += usize::from(next.may_have_children());
            if directories > WALK_DIRECTORIES_MAX {
                break;
            }
            count += 1;
        }
        let children_max = room / directories.clamp(1, WALK_DIRECTORIES_MAX);
        (count, children_max.clamp(CHILDREN_AT_LEAST, CHILDREN_AT_ONCE_MAX))
    }
}

impl Pending {
    /// Whether there may be more once it was expanded.
    const fn may_have_children(&self) -> bool {
        match self {
            Self::Ready(_) => false,
            Self::Node { child: Some(child), .. } => child.kind.is_directory(),
            Self::Node { .. } | Self::Rest { .. } => true,
        }
    }

    /// What it turns out to be, the next at the end.
    async fn expand(self, io: &Io, children_max: usize) -> Result<Vec<Self>, Error> {
        match self {
            Self::Ready(_) => Ok(alloc::vec![self]),
            Self::Rest { trail, map, from } => list(io, trail, map, from, children_max).await,
            Self::Node { trail, id, child } => {
                let answer = io.fetch_many(&[ObjectId::from(id)]).await.pop().flatten();
                let object = answer.ok_or(Error::MissingObject { id: id.into() })?;
                let node = object.as_node().ok_or(Error::AnswersOutOfOrder)?.clone();
                child.map_or(Ok(()), |child| child.check(&node))?;
                let mut pending = match node.as_directory() {
                    Some(directory) => {
                        let map = directory.children();
                        list(io, trail.clone(), map, Vec::new(), children_max).await?
                    }
                    None => Vec::new(),
                };
                pending.push(Self::Ready(Walked { trail, id, node }));
                Ok(pending)
            }
        }
    }
}

/// Lists some children of a directory and what is left of it, the next at the end.
async fn list(
    io: &Io,
    trail: Trail,
    map: MapId,
    from: Vec<u8>,
    children_max: usize,
) -> Result<Vec<Pending>, Error> {
    let children = list_children(io, map, &from, children_max as u64).await?;
    let mut pending = Vec::with_capacity(children.len() + 1);
    if let Some(last) = children.last().filter(|_| children.len() >= children_max) {
        // The first name that can come after it.
        let from = [last.name.as_bytes(), &[0]].concat();
        pending.push(Pending::Rest { trail: trail.clone(), map, from });
    }
    for NamedChild { name, child } in children.into_iter().rev() {
        let trail = trail.join(name)?;
        pending.push(Pending::Node { trail, id: child.id, child: Some(child) });
    }
    Ok(pending)
}

/// How many children of a directory it reads at once when it remembers as much as it may.
const CHILDREN_AT_LEAST: usize = 16;
