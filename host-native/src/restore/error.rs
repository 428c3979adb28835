//! Why a tree could not be restored.

use std::{io, path::PathBuf};

use markerbed_core::{NodeId, tree::Shown};

use super::{Unfit, UnfitName, UnfitNames};
use crate::{drive::DriveError, pool::Stop, shown::shown, store::StoreError};

/// A failure of a restore as a whole.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The directory that should hold the target is not there.
    #[error("{}: the directory that should hold it is not there; make it first", shown(.path))]
    ParentNotFound {
        /// The target.
        path: PathBuf,
    },
    /// The target exists and is not an empty directory.
    #[error("{}: exists already; name a new or an empty directory, or use --force", shown(.path))]
    TargetExists {
        /// The target.
        path: PathBuf,
    },
    /// The target is a symlink, a device or the like, or of another kind than what is restored.
    #[error("{}: is {found}, and {wanted} cannot be written there even with --force", shown(.path))]
    TargetUnfit {
        /// The target.
        path: PathBuf,
        /// What is there.
        found: &'static str,
        /// What is restored.
        wanted: &'static str,
    },
    /// The system does not let this program write there.
    #[error("{}: permission denied by the system", shown(.path))]
    NoAccess {
        /// Where, in or at the target.
        path: PathBuf,
    },
    /// There is not enough room on the target's file system; nothing was written.
    #[error(
        "{}: {needed_bytes} bytes are needed and {free_bytes} are free; nothing was written",
        shown(.path)
    )]
    NoSpace {
        /// The target.
        path: PathBuf,
        /// What the files need together.
        needed_bytes: u64,
        /// What is free.
        free_bytes: u64,
    },
    /// The target's file system filled up on the way; what was written stays.
    #[error("{}: no space left; what was restored so far stays", shown(.path))]
    Full {
        /// Where it was noticed.
        path: PathBuf,
    },
    /// The tree counts more nodes than allowed.
    #[error(
        "the tree counts {nodes} nodes, at most {nodes_max} are restored; restore a part of it"
    )]
    TooManyNodes {
        /// What it counts.
        nodes: u64,
        /// The bound.
        nodes_max: u64,
    },
    /// The target's file system cannot hold names as they are, or holds two to be one; nothing was
    /// written.
    #[error("{}; nothing was written", first_unfit(.names))]
    NamesUnfit {
        /// Which; at least one.
        names: UnfitNames,
    },
    /// The tree contradicts itself; nothing was written.
    #[error("{}: {cause}; nothing was written", Shown::new(.path))]
    Malformed {
        /// The directory, in the tree.
        path: Vec<u8>,
        /// What is wrong with it.
        #[source]
        cause: markerbed_core::Error,
    },
    /// There is no such node.
    #[error("node {node} is not in the store")]
    NoSuchNode {
        /// The node that was to be restored.
        node: NodeId,
    },
    /// The system failed.
    #[error("{}: {cause}", shown(.path))]
    System {
        /// Where, in or at the target.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The tree is not what it should be, or the store failed.
    #[error(transparent)]
    Drive(#[from] DriveError),
}

impl RestoreError {
    /// The stable, machine-readable name of this failure.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ParentNotFound { .. } => "path-not-found",
            Self::TargetExists { .. } => "target-exists",
            Self::TargetUnfit { .. } => "target-unfit",
            Self::NoAccess { .. } => "path-no-access",
            Self::NoSpace { .. } => "target-too-small",
            Self::Full { .. } => "target-full",
            Self::TooManyNodes { .. } => "too-many-nodes",
            Self::NamesUnfit { names } => match names.first.as_slice() {
                [UnfitName { why: Unfit::Twin { .. }, .. }, ..] => "name-clash",
                _ => "name-unfit",
            },
            Self::Malformed { cause, .. } => cause.code(),
            Self::NoSuchNode { .. } => "missing-object",
            Self::System { .. } => "system-failed",
            Self::Drive(error) => error.code(),
        }
    }
}

/// Tells of the first, and how many more there are.
fn first_unfit(names: &UnfitNames) -> String {
    let more = match names.count.saturating_sub(1) {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let Some(first) = names.first.first() else { return String::new() };
    let path = Shown::new(&first.path);
    match first.twin_path() {
        Some(twin) => {
            let twin = Shown::new(&twin);
            format!("{twin} and {path}: one name for the file system of the target{more}")
        }
        None => {
            let why = first.why.sentence();
            format!("{path}: the file system of the target cannot hold this name: {why}{more}")
        }
    }
}

impl From<StoreError> for RestoreError {
    fn from(error: StoreError) -> Self {
        Self::Drive(error.into())
    }
}

impl From<RestoreError> for Stop<RestoreError> {
    fn from(error: RestoreError) -> Self {
        Self::Failed(error)
    }
}
