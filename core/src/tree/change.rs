//! What differs between two trees, as it is reported.

use alloc::vec::Vec;

use super::{directory::Child, path::Path};

/// What differs between two trees.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TreeDifference {
    /// In the order of a walk: by names, a directory before what is below it; what was moved
    /// stands where it is in the second tree.
    pub changes: Vec<TreeChange>,
    /// Whether this is all; otherwise it ended at the bound that the caller set.
    pub is_complete: bool,
}

/// One thing that differs between two trees.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TreeChange {
    /// It is in the second tree only.
    Added {
        /// Where.
        path: Path,
        /// What.
        child: Child,
    },
    /// It is in the first tree only.
    Removed {
        /// Where.
        path: Path,
        /// What.
        child: Child,
    },
    /// Its kind, content, target or salt is another.
    Changed {
        /// Where.
        path: Path,
        /// What was there.
        before: Child,
        /// What is there.
        after: Child,
    },
    /// A file differs in nothing but the executable bit.
    Mode {
        /// Where.
        path: Path,
        /// What was there.
        before: Child,
        /// What is there.
        after: Child,
        /// What the bit is now.
        executable: bool,
    },
    /// The same node is elsewhere, with everything below it.
    Moved {
        /// Where it was.
        from: Path,
        /// Where it is.
        to: Path,
        /// What.
        child: Child,
    },
}

/// How added and removed directories are reported.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expansion {
    /// As one change each.
    Whole,
    /// And all that is below them too.
    Everything,
}

impl TreeChange {
    /// What happened, in one word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Added { .. } => "added",
            Self::Removed { .. } => "removed",
            Self::Changed { .. } => "changed",
            Self::Mode { .. } => "mode",
            Self::Moved { .. } => "moved",
        }
    }

    /// Where it is, or was if it is no longer there.
    pub const fn path(&self) -> &Path {
        match self {
            Self::Added { path, .. }
            | Self::Removed { path, .. }
            | Self::Changed { path, .. }
            | Self::Mode { path, .. }
            | Self::Moved { to: path, .. } => path,
        }
    }
}

/// A node that is in one tree only, until it is known whether it was moved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Lone {
    pub(super) path: Path,
    pub(super) child: Child,
}
