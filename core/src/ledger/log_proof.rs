//! Proofs about the log: an entry is in it, it only grew (LOG-2 to LOG-4).

use alloc::vec::Vec;

use super::compact::{empty_root, inner_hash, log_root};
use crate::{error::Error, id::Sha256Digest};

/// What an inclusion proof is judged against.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InclusionClaim {
    /// The leaf.
    pub leaf: Sha256Digest,
    /// Its index.
    pub index: u64,
    /// How many leaves the log has.
    pub leaves: u64,
    /// The root of that log.
    pub root: Sha256Digest,
}

/// What a consistency proof is judged against.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ConsistencyClaim {
    /// How many leaves the log had.
    pub leaves_before: u64,
    /// Its root then.
    pub root_before: Sha256Digest,
    /// How many leaves the log has.
    pub leaves: u64,
    /// Its root now.
    pub root: Sha256Digest,
}

/// Lists the hashes that show that the leaf `index` is one of `leaves` (LOG-2).
///
/// # Errors
///
/// [`Error::BadProof`] if there is no such leaf.
pub fn prove_inclusion(leaves: &[Sha256Digest], index: u64) -> Result<Vec<Sha256Digest>, Error> {
    let mut index = usize::try_from(index).map_err(|_| Error::BadProof)?;
    if index >= leaves.len() {
        return Err(Error::BadProof);
    }
    let mut part = leaves;
    let mut proof = Vec::new();
    while part.len() > 1 {
        let (left, right) = halves(part);
        let is_left = index < left.len();
        let (goes_on, sibling) = if is_left { (left, right) } else { (right, left) };
        index -= if is_left { 0 } else { left.len() };
        proof.push(log_root(sibling));
        part = goes_on;
    }
    proof.reverse();
    Ok(proof)
}

/// Lists the hashes that show that the log of the first `leaves_before` leaves grew into that of
/// `leaves` (LOG-3).
///
/// # Errors
///
/// [`Error::BadProof`] if there are fewer leaves than there were.
pub fn prove_consistency(
    leaves: &[Sha256Digest],
    leaves_before: u64,
) -> Result<Vec<Sha256Digest>, Error> {
    let mut before = usize::try_from(leaves_before).map_err(|_| Error::BadProof)?;
    if before > leaves.len() {
        return Err(Error::BadProof);
    }
    let mut proof = Vec::new();
    if before == 0 || before == leaves.len() {
        return Ok(proof);
    }
    let mut part = leaves;
    // The subtree of all leaves before needs no hash of its own: the verifier brings its root.
    let mut is_whole_before = true;
    while before < part.len() {
        let (left, right) = halves(part);
        if before <= left.len() {
            proof.push(log_root(right));
            part = left;
        } else {
            proof.push(log_root(left));
            part = right;
            before -= left.len();
            is_whole_before = false;
        }
    }
    if !is_whole_before {
        proof.push(log_root(part));
    }
    proof.reverse();
    Ok(proof)
}

impl InclusionClaim {
    /// Checks the claim as RFC 9162 §2.1.3.2 does.
    ///
    /// # Errors
    ///
    /// [`Error::BadProof`] for an index outside the log or a wrong number of hashes;
    /// [`Error::RootMismatch`] if they lead to another root.
    pub fn check(&self, proof: &[Sha256Digest]) -> Result<(), Error> {
        if self.index >= self.leaves {
            return Err(Error::BadProof);
        }
        let mut place = Place { node: self.index, last: self.leaves - 1 };
        let mut root = self.leaf;
        for sibling in proof {
            if place.last == 0 {
                return Err(Error::BadProof);
            }
            if place.is_right_or_alone() {
                root = inner_hash(*sibling, root);
                place.skip_levels_without_sibling();
            } else {
                root = inner_hash(root, *sibling);
            }
            place.go_up();
        }
        if place.last != 0 {
            return Err(Error::BadProof);
        }
        check_roots(&[(root, self.root)])
    }
}

impl ConsistencyClaim {
    /// Checks the claim as RFC 9162 §2.1.4.2 does.
    ///
    /// # Errors
    ///
    /// [`Error::BadProof`] for a log that shrank or a wrong number of hashes;
    /// [`Error::RootMismatch`] if they lead to other roots.
    pub fn check(&self, proof: &[Sha256Digest]) -> Result<(), Error> {
        if self.leaves_before > self.leaves {
            return Err(Error::BadProof);
        }
        if self.leaves_before == 0 || self.leaves_before == self.leaves {
            return self.check_without_hashes(proof);
        }
        let (first, rest) = if self.leaves_before.is_power_of_two() {
            (self.root_before, proof)
        } else {
            let (first, rest) = proof.split_first().ok_or(Error::BadProof)?;
            (*first, rest)
        };
        let mut place = Place { node: self.leaves_before - 1, last: self.leaves - 1 };
        place.skip_complete_levels();
        let (mut root_before, mut root) = (first, first);
        for sibling in rest {
            if place.last == 0 {
                return Err(Error::BadProof);
            }
            if place.is_right_or_alone() {
                root_before = inner_hash(*sibling, root_before);
                root = inner_hash(*sibling, root);
                place.skip_levels_without_sibling();
            } else {
                root = inner_hash(root, *sibling);
            }
            place.go_up();
        }
        if place.last != 0 {
            return Err(Error::BadProof);
        }
        check_roots(&[(root_before, self.root_before), (root, self.root)])
    }

    /// The two cases in which the sizes say it all (LOG-3).
    fn check_without_hashes(&self, proof: &[Sha256Digest]) -> Result<(), Error> {
        if !proof.is_empty() {
            return Err(Error::BadProof);
        }
        if self.leaves_before == 0 {
            check_roots(&[(empty_root(), self.root_before)])?;
        }
        if self.leaves_before == self.leaves {
            check_roots(&[(self.root_before, self.root)])?;
        }
        Ok(())
    }
}

/// Where a check stands: the index of a subtree at its level, and that of the level's last one.
struct Place {
    node: u64,
    last: u64,
}

impl Place {
    /// Tells whether the next hash of a proof stands to the left.
    const fn is_right_or_alone(&self) -> bool {
        self.node & 1 == 1 || self.node == self.last
    }

    const fn go_up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }

    /// Goes up to where the subtree is a right child, or is the left edge.
    const fn skip_levels_without_sibling(&mut self) {
        while self.node & 1 == 0 && self.node != 0 {
            self.go_up();
        }
    }

    /// Goes up while the subtree is a right child: it ends where a complete one does.
    const fn skip_complete_levels(&mut self) {
        while self.node & 1 == 1 {
            self.go_up();
        }
    }
}

/// Splits two or more leaves at the largest power of two below their number.
fn halves(leaves: &[Sha256Digest]) -> (&[Sha256Digest], &[Sha256Digest]) {
    let middle = leaves.len().div_ceil(2).next_power_of_two();
    leaves.split_at_checked(middle).unwrap_or((leaves, &[]))
}

fn check_roots(pairs: &[(Sha256Digest, Sha256Digest)]) -> Result<(), Error> {
    if pairs.iter().all(|(found, stated)| found == stated) {
        Ok(())
    } else {
        Err(Error::RootMismatch)
    }
}
