//! Making a proof that a path is, or is not, in a tree.

use alloc::{boxed::Box, vec::Vec};

use super::{
    directory::{Child, fetch_children},
    node::Directory,
    path::Path,
    proof::{Grade, Steps, TreeProof},
    snapshot::Snapshot,
};
use crate::{
    codec::Canonical,
    error::{Error, Fault},
    id::NodeId,
    limits::PROOF_BYTES_MAX,
    map::{MapKind, prove_blind, prove_full, verify_full},
    step::Io,
};

/// The tree that a proof is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ProofOf {
    /// The tree under a node.
    Root(NodeId),
    /// The tree of a snapshot, which the proof brings along.
    Snapshot(Box<Snapshot>),
}

/// Collects a proof about `path`: that it is there or, of grade full, that it is not.
///
/// None if it is not there and the grade is blind: only a full proof can show that.
///
/// # Errors
///
/// [`Error::MissingObject`], [`Error::NodeMismatch`], what is wrong with a page, or
/// [`Fault::OutOfRange`] if the proof would be above 16 MiB.
pub async fn prove_path(
    io: &Io,
    of: ProofOf,
    path: &Path,
    grade: Grade,
) -> Result<Option<TreeProof>, Error> {
    let (root, snapshot) = match of {
        ProofOf::Root(root) => (root, None),
        ProofOf::Snapshot(snapshot) => (snapshot.root, Some(snapshot.encode())),
    };
    let mut steps = Steps::default();
    let mut node = io.fetch_node(root).await?;
    let mut is_there = true;
    for name in path.names() {
        let Some(directory) = node.as_directory() else {
            steps.push(&node.encode(), &[]);
            is_there = false;
            break;
        };
        let (pages, child) = prove_child(io, directory, name, grade).await?;
        steps.push(&node.encode(), &pages);
        let Some(child) = child else {
            is_there = false;
            break;
        };
        node = fetch_children(io, &[child]).await?.pop().ok_or(Error::AnswersOutOfOrder)?;
    }
    if !is_there && grade == Grade::Blind {
        return Ok(None);
    }
    let end = is_there.then(|| node.encode());
    let proof = TreeProof::new(grade, snapshot, root, path.clone(), steps, end);
    if proof.encode().len() > PROOF_BYTES_MAX as usize {
        return Err(Error::malformed(Fault::OutOfRange));
    }
    Ok(Some(proof))
}

/// Collects the pages about one name, and the child under it, if there is one.
async fn prove_child(
    io: &Io,
    directory: &Directory,
    name: &[u8],
    grade: Grade,
) -> Result<(Vec<Vec<u8>>, Option<Child>), Error> {
    let (map, kind) = (directory.children(), MapKind::Directory);
    let (pages, entry) = match grade {
        Grade::Full => {
            let pages = prove_full(io, map, kind, name, name).await?;
            let bytes: Vec<&[u8]> = pages.iter().map(Vec::as_slice).collect();
            let entry = verify_full(map, kind, name, name, &bytes)?.into_iter().next();
            (pages, entry)
        }
        Grade::Blind => match prove_blind(io, map, kind, name).await? {
            Some(proof) => (proof.pages, Some(proof.entry)),
            None => (Vec::new(), None),
        },
    };
    let child = entry.map(|entry| Child::from_value(&entry.value)).transpose()?;
    Ok((pages, child))
}
