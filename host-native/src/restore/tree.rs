//! One restore.

use std::path::Path;

use markerbed_core::{NodeId, WorkspaceId};

use super::RestoreError;
use crate::{progress::Progress, store::Store};

/// How to restore.
#[derive(Clone, Copy, Debug)]
pub struct RestoreOptions {
    /// Writes into a target that holds something already, and replaces files and symlinks there
    /// that have the name of a restored one. Whatever else is there stays.
    pub force: bool,
    /// How many nodes a tree may count; a tree that counts more is refused before anything is
    /// written.
    pub nodes_max: u64,
}

/// What was restored.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Restored {
    /// Files written.
    pub files: u64,
    /// Directories made or found there, that of the target too.
    pub directories: u64,
    /// Symlinks made.
    pub symlinks: u64,
    /// Bytes written.
    pub bytes: u64,
    /// The first of what could not be restored, in order of paths.
    pub lacking: Vec<Lacking>,
    /// How many could not be restored; more than are listed, maybe.
    pub lacking_count: u64,
}

/// Something of the tree that is not in the target.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Lacking {
    /// Names joined by `/`, relative to the target.
    pub path: Vec<u8>,
    /// Why not.
    pub why: Lack,
}

/// Why something could not be restored.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Lack {
    /// Its node, or a page of its directory, is not in the store.
    ObjectMissing,
    /// Its content is not in the store.
    ContentMissing,
    /// It is sealed, and its node is not in the store.
    Withheld,
    /// What is stored for it is not what was put there.
    Damaged,
    /// The target has a directory of that name.
    InTheWay,
}

/// Writes the node `node` and everything below it to `target`.
///
/// A directory becomes the directory `target`, a file the file `target`, a symlink the symlink
/// `target`. The directory that holds the target must be there.
///
/// # Errors
///
/// [`RestoreError`]; all of its arms that are decided by the tree or the target alone are decided
/// before the first byte is written. What is missing in the store is no error but
/// [`Restored::lacking`].
pub fn restore(
    store: &dyn Store,
    workspace: WorkspaceId,
    node: NodeId,
    target: &Path,
    options: &RestoreOptions,
    progress: &dyn Progress,
) -> Result<Restored, RestoreError> {
    let _ = (store, workspace, node, options, progress);
    Err(RestoreError::ParentNotFound { path: target.to_owned() })
}

impl Default for RestoreOptions {
    fn default() -> Self {
        Self { force: false, nodes_max: NODES_MAX }
    }
}

impl Restored {
    /// Whether the target holds all of the tree.
    pub const fn is_complete(&self) -> bool {
        self.lacking_count == 0
    }
}

impl Lack {
    /// The stable, machine-readable name of it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ObjectMissing => "missing-object",
            Self::ContentMissing => "missing-content",
            Self::Withheld => "withheld",
            Self::Damaged => "store-damaged",
            Self::InTheWay => "in-the-way",
        }
    }
}

/// Far above what one file system holds, and far below what a hostile tree can count.
const NODES_MAX: u64 = 1 << 30;
