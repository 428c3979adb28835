//! Why a directory could not be taken in at all.

use std::{io, path::PathBuf};

use markerbed_core::tree::Shown;

use crate::{pool::Stop, shown::shown, store::StoreError};

/// A failure that leaves nothing to record. What is wrong below the root alone is a
/// [`Gap`](markerbed_core::tree::Gap).
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum SnapError {
    /// Nothing is at the path.
    #[error("{}: no such directory", shown(.path))]
    NotFound {
        /// The path, as it was given.
        path: PathBuf,
    },
    /// Something else than a directory is at the path.
    #[error("{}: not a directory; name the directory that holds it", shown(.path))]
    NotDirectory {
        /// The path, as it was given.
        path: PathBuf,
    },
    /// The system does not let this program list the directory.
    #[error(
        "{}: permission denied by the system; it must be readable and searchable",
        shown(.path)
    )]
    NoAccess {
        /// The path, as it was given.
        path: PathBuf,
    },
    /// The system fails to open or list the directory.
    #[error("{}: {cause}", shown(.path))]
    Root {
        /// The path, as it was given.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The directory is, or lies inside, what is left out: the store itself.
    #[error("{}: is the store itself; name the directory to record", shown(.path))]
    IsLeftOut {
        /// The path, as it was given.
        path: PathBuf,
    },
    /// An ignore file above the root cannot be read, so what to leave out is not known.
    #[error(
        "{}: cannot be read, so what to leave out is not known ({cause}); \
         make it readable, or use --no-ignore",
        shown(.path)
    )]
    IgnoreFile {
        /// The ignore file.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// A pattern to exclude is none.
    #[error("the pattern {pattern:?} matches nothing: {why}")]
    BadPattern {
        /// The pattern, as it was given.
        pattern: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There are more gaps than evidence holds (LIM-15).
    #[error(
        "more than {gaps} entries cannot be recorded, the first is {}; \
         exclude them, or name a directory below",
        Shown::new(.first)
    )]
    TooManyGaps {
        /// How many fit into the evidence.
        gaps: usize,
        /// The path of the first, relative to the root.
        first: Vec<u8>,
    },
    /// The rules are longer than a rules document may be (LIM-15).
    #[error("the ignore files and patterns are too many to be recorded ({ignore_files} files)")]
    TooManyRules {
        /// How many ignore files were read.
        ignore_files: usize,
    },
    /// The counts of a directory do not fit 64 bits, or another bound of the format is passed.
    #[error("{}: {cause}", Shown::new(.path))]
    Format {
        /// The directory, relative to the root.
        path: Vec<u8>,
        /// Which bound.
        #[source]
        cause: markerbed_core::Error,
    },
    /// The machine failed, and not the directory: no memory, no file handles.
    #[error("{}: {cause}", Shown::new(.path))]
    System {
        /// Where it happened, relative to the root.
        path: Vec<u8>,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The store did not take what was read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SnapError {
    /// The stable, machine-readable name of this failure.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "path-not-found",
            Self::NotDirectory { .. } => "not-a-directory",
            Self::NoAccess { .. } => "path-no-access",
            Self::IsLeftOut { .. } => "path-is-store",
            Self::IgnoreFile { .. } => "ignore-file-unreadable",
            Self::BadPattern { .. } => "bad-pattern",
            Self::TooManyGaps { .. } => "too-many-gaps",
            Self::TooManyRules { .. } => "too-many-rules",
            Self::Format { cause, .. } => cause.code(),
            Self::Root { .. } | Self::System { .. } => "system-failed",
            Self::Store(error) => error.code(),
        }
    }
}

impl From<SnapError> for Stop<SnapError> {
    fn from(error: SnapError) -> Self {
        Self::Failed(error)
    }
}
