//! Makes the plain SHA-256 listing of a stored tree, from its contents (`docs/spec/listing.md`).
//!
//! [`listing`] gives the lines of any node one after the other, in bounded memory. [`keep_listing`]
//! keeps those of a new snapshot as a content, and takes what has not changed from the listing that
//! was kept before, so that only what is new is read.

mod digest;
mod kept;
mod lines;
mod merge;
mod order;

use markerbed_core::{
    ContentId, Error, NodeId, WorkspaceId,
    tree::{ListedItem, ListingLine, Node, Path},
};

use crate::{
    drive::DriveError,
    progress::Progress,
    restore::{Lack, Lacks, Objects},
    store::{Store, StoreError},
};
use digest::Digested;
use merge::{Merge, Stop};

pub use kept::{KeptListing, is_listing, keep_listing};

/// What comes next in a listing.
#[derive(Debug)]
pub enum Told {
    /// A line.
    Line(ListingLine),
    /// Something that has no line, because the store lacks what it takes.
    Lacking {
        /// A file, or a directory for all that is below it.
        path: Path,
        /// Why.
        lack: Lack,
    },
}

/// Why a listing was not made.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// The tree is not what it should be, or the place could not be read or written.
    #[error(transparent)]
    Drive(#[from] DriveError),
    /// The store has not the content of a file.
    #[error("{path}: its content is not in the store, and a listing needs it")]
    MissingContent {
        /// The file.
        path: Path,
    },
}

/// What a listing is made of, in its order.
enum Item {
    /// A line that is known.
    Line(ListingLine),
    /// A file that must be read.
    File { path: Path, id: NodeId },
    /// Something that cannot be listed.
    Lacking { path: Path, lacks: Lacks },
}

/// Lists a node: all that is below a directory, or itself under the name `name`.
///
/// Paths are relative to the directory. What is sealed is one line, also if it is the node itself.
///
/// # Errors
///
/// Those of the store that are not about one thing in it; nothing comes after one.
pub fn listing<'a>(
    store: &'a dyn Store,
    workspace: WorkspaceId,
    id: NodeId,
    node: &Node,
    name: Path,
    progress: &'a dyn Progress,
) -> impl Iterator<Item = Result<Told, StoreError>> + use<'a> {
    let objects = Objects { records: store, workspace };
    let (itself, below) = match node.as_directory() {
        _ if node.kind().is_sealed() => {
            (Some(Item::Line(ListingLine { path: name, item: ListedItem::Sealed(id) })), None)
        }
        Some(directory) => (None, Some(Merge::new(objects, directory))),
        None if node.kind().is_file() => (Some(Item::File { path: name, id }), None),
        None => (None, None),
    };
    let items = itself.into_iter().map(Ok).chain(below.into_iter().flatten());
    Digested::new(objects, store, progress, items).map(|told| match told {
        Ok(told) => Ok(told.into()),
        Err(Stop::Failed(error)) => Err(error),
        // Nothing from before was given.
        Err(Stop::Before) => Ok(Told::Lacking { path: Path::ROOT, lack: Lack::Damaged }),
    })
}

/// What a digest was made of, or why none was.
enum Digest {
    Line(ListingLine),
    Lacking { path: Path, lacks: Lacks },
}

impl From<Digest> for Told {
    fn from(digest: Digest) -> Self {
        match digest {
            Digest::Line(line) => Self::Line(line),
            Digest::Lacking { path, lacks } => Self::Lacking { path, lack: lacks.why },
        }
    }
}

impl ListingError {
    /// The stable, machine-readable name of this failure.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Drive(error) => error.code(),
            Self::MissingContent { .. } => "missing-content",
        }
    }

    fn of(path: Path, lacks: Lacks) -> Self {
        match lacks.why {
            Lack::ContentMissing => Self::MissingContent { path },
            _ => Self::Drive(lacks.error),
        }
    }
}

impl From<StoreError> for ListingError {
    fn from(error: StoreError) -> Self {
        Self::Drive(error.into())
    }
}

impl From<Error> for ListingError {
    fn from(error: Error) -> Self {
        Self::Drive(error.into())
    }
}

/// The content of a file is not in the store.
fn content_missing(id: ContentId) -> Lacks {
    let error = StoreError::NotFound { place: format!("content {id}") };
    Lacks { why: Lack::ContentMissing, error: error.into() }
}
