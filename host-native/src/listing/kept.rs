//! Listings that are kept as contents.

use markerbed_core::{
    ContentId, Error, NodeId, Sha256Digest, WorkspaceId, hash::Sha256Hasher, tree::ListingLine,
};

use super::{
    Digest, ListingError,
    digest::Digested,
    lines::Lines,
    merge::{Before, Merge, Stop},
};
use crate::{
    drive::blocking::wait,
    progress::Progress,
    restore::Objects,
    store::{ContentWriter, Store, StoreError},
};

/// A listing that is in the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeptListing {
    /// Its bytes.
    pub content: ContentId,
    /// Their SHA-256, which the snapshot has.
    pub digest: Sha256Digest,
}

/// Makes the listing of a tree whose contents are in the store, and keeps it there; it is durable
/// with the next commit.
///
/// `before` is the root of an older tree and its listing. The line of a file that is at the same
/// path in both is taken from it, if it is whole; the bytes of such a file are not read.
///
/// # Errors
///
/// [`ListingError`].
pub fn keep_listing(
    store: &dyn Store,
    workspace: WorkspaceId,
    root: NodeId,
    before: Option<(NodeId, KeptListing)>,
    progress: &dyn Progress,
) -> Result<KeptListing, ListingError> {
    let maker = Maker { store, workspace, progress, root };
    if let Some((root_before, kept)) = before {
        if root_before == root && maker.is_kept(&kept)? {
            return Ok(kept);
        }
        if let Some(lines) = maker.open(&kept)? {
            match maker.make(Some((root_before, lines))) {
                Err(Ended::Before) => {}
                Err(Ended::Failed(error)) => return Err(error),
                Ok(made) => return Ok(made),
            }
        }
    }
    maker.make(None).map_err(|ended| match ended {
        Ended::Failed(error) => error,
        // Nothing from before was given.
        Ended::Before => Error::RootMismatch.into(),
    })
}

/// Tells whether a listing is in the store and has the hash that it should have.
///
/// # Errors
///
/// Those of the store that are not about the listing.
pub async fn is_listing(
    store: &dyn Store,
    workspace: WorkspaceId,
    kept: &KeptListing,
) -> Result<bool, StoreError> {
    let read = async {
        let opened = store.open_content(workspace, kept.content).await?;
        let Some(mut content) = opened else { return Ok(false) };
        let mut hasher = Sha256Hasher::default();
        while let Some(piece) = content.next().await? {
            hasher.update(&piece);
        }
        Ok(hasher.finish() == kept.digest)
    };
    match read.await {
        Err(StoreError::Damaged { .. }) => Ok(false),
        other => other,
    }
}

/// Makes one listing.
struct Maker<'a> {
    store: &'a dyn Store,
    workspace: WorkspaceId,
    progress: &'a dyn Progress,
    root: NodeId,
}

/// Why none was made.
enum Ended {
    /// The one from before is not whole.
    Before,
    /// It cannot be made.
    Failed(ListingError),
}

impl Maker<'_> {
    fn is_kept(&self, kept: &KeptListing) -> Result<bool, StoreError> {
        Ok(wait(self.store.has_contents(self.workspace, &[kept.content]))? == [true])
    }

    fn open(&self, kept: &KeptListing) -> Result<Option<Lines>, StoreError> {
        match wait(self.store.open_content(self.workspace, kept.content)) {
            Ok(content) => Ok(content.map(|content| Lines::new(content, kept.digest))),
            Err(StoreError::Damaged { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn make(&self, before: Option<(NodeId, Lines)>) -> Result<KeptListing, Ended> {
        let objects = Objects { records: self.store, workspace: self.workspace };
        let node = objects.node(self.root)?.map_err(|lacks| Ended::Failed(lacks.error.into()))?;
        let directory = node.as_directory();
        let directory = directory.ok_or_else(|| Ended::Failed(Error::NodeMismatch.into()))?;
        let mut items = Merge::new(objects, directory);
        if let Some((root, lines)) = before {
            let node = objects.node(root)?.map_err(|_| Ended::Before)?;
            let directory = node.as_directory().ok_or(Ended::Before)?;
            items = items.after(Before::begin(objects, directory, lines)?);
        }
        let mut kept = Keeping::begin(self.store, self.workspace)?;
        for digest in Digested::new(objects, self.store, self.progress, items) {
            match digest? {
                Digest::Line(line) => kept.line(&line)?,
                Digest::Lacking { path, lacks } => {
                    return Err(Ended::Failed(ListingError::of(path, lacks)));
                }
            }
        }
        Ok(kept.finish()?)
    }
}

/// A listing that is being written.
struct Keeping {
    writer: Box<dyn ContentWriter>,
    hasher: Sha256Hasher,
    lines: Vec<u8>,
}

impl Keeping {
    fn begin(store: &dyn Store, workspace: WorkspaceId) -> Result<Self, StoreError> {
        let writer = wait(store.write_content(workspace))?;
        Ok(Self { writer, hasher: Sha256Hasher::default(), lines: Vec::new() })
    }

    fn line(&mut self, line: &ListingLine) -> Result<(), StoreError> {
        line.put(&mut self.lines);
        if self.lines.len() >= LINES_BYTES { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), StoreError> {
        self.hasher.update(&self.lines);
        wait(self.writer.write(&self.lines))?;
        self.lines.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<KeptListing, StoreError> {
        self.write()?;
        let written = wait(self.writer.finish())?;
        Ok(KeptListing { content: written.id, digest: self.hasher.finish() })
    }
}

impl From<Stop> for Ended {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Before => Self::Before,
            Stop::Failed(error) => error.into(),
        }
    }
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// How much of a listing is handed over at once.
const LINES_BYTES: usize = 256 << 10;
