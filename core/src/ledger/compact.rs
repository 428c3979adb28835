//! The log tree from left to right, without keeping its leaves (LOG-1, LOG-5).

use alloc::vec::Vec;

use crate::{error::Error, hash::sha256, id::Sha256Digest, limits::LOG_LEAVES_MAX};

/// The roots of the complete subtrees of a log, from left to right.
///
/// One for each bit of the number of leaves, from the highest. Appending and the root need
/// nothing else.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CompactRange {
    leaves: u64,
    roots: Vec<Sha256Digest>,
}

impl CompactRange {
    /// The range of an empty log.
    pub const fn new() -> Self {
        Self { leaves: 0, roots: Vec::new() }
    }

    /// The range of `leaves` leaves with these roots, as [`Self::roots`] gave them.
    ///
    /// # Errors
    ///
    /// [`Error::BadProof`] if there is not one root for each bit of `leaves`, or more than 2⁶³ of
    /// these.
    pub fn from_roots(leaves: u64, roots: Vec<Sha256Digest>) -> Result<Self, Error> {
        let fits = leaves <= LOG_LEAVES_MAX && roots.len() as u64 == u64::from(leaves.count_ones());
        if fits { Ok(Self { leaves, roots }) } else { Err(Error::BadProof) }
    }

    /// The range of all of `leaves`.
    pub fn of(leaves: &[Sha256Digest]) -> Self {
        let mut range = Self::new();
        leaves.iter().for_each(|leaf| range.append(*leaf));
        range
    }

    /// Adds the next leaf.
    pub fn append(&mut self, leaf: Sha256Digest) {
        let mut root = leaf;
        // Each subtree of the size of the new one is its left sibling.
        for _ in 0..self.leaves.trailing_ones() {
            let Some(left) = self.roots.pop() else { break };
            root = inner_hash(left, root);
        }
        self.roots.push(root);
        self.leaves += 1;
    }

    /// How many leaves the log has.
    pub const fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The roots of the complete subtrees, from left to right.
    pub fn roots(&self) -> &[Sha256Digest] {
        &self.roots
    }

    /// The root of the log.
    pub fn root(&self) -> Sha256Digest {
        let folded = self.roots.iter().copied().rev().reduce(|right, left| inner_hash(left, right));
        folded.unwrap_or_else(empty_root)
    }
}

/// The leaf of an entry: of its canonical bytes (LOG-1).
pub fn leaf_hash(entry: &[u8]) -> Sha256Digest {
    sha256(&[&[0], entry])
}

/// The root over all of `leaves` (LOG-1).
pub fn log_root(leaves: &[Sha256Digest]) -> Sha256Digest {
    CompactRange::of(leaves).root()
}

/// The root of no leaves.
pub(super) fn empty_root() -> Sha256Digest {
    sha256(&[])
}

/// The hash over two subtrees.
pub(super) fn inner_hash(left: Sha256Digest, right: Sha256Digest) -> Sha256Digest {
    sha256(&[&[1], left.as_bytes(), right.as_bytes()])
}
