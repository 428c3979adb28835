//! What can go wrong with a place that holds data.

use std::{error::Error as StdError, fmt, io};

use markerbed_core::{ContentId, ObjectId, WorkspaceId};

use super::RequestKey;

/// A failure of the place, not of the data that the engine was given.
///
/// Split by what the caller can do; the outermost program turns the arm into an exit code or a
/// status (a table stands in `host-native/src/store/README.md`).
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is nothing at the place.
    #[error("{place}: no such store")]
    NotFound {
        /// Which store, as it was asked for.
        place: String,
    },
    /// Something is there, but it is no store, or only half of one.
    #[error("{place}: {why}")]
    NotAStore {
        /// Which store, as it was asked for.
        place: String,
        /// What is there instead.
        why: &'static str,
    },
    /// The place is on a network file system, where the store cannot keep its promises.
    #[error(
        "{place}: lies on a network file system ({network}), where locks and syncs cannot be \
         relied on; keep the store on a local disk"
    )]
    NetworkPlace {
        /// What lies there.
        place: String,
        /// Which file system, as the system calls it.
        network: String,
    },
    /// There is a store already where one was to be made.
    #[error("{place}: there is a store already")]
    Exists {
        /// Which store, as it was asked for.
        place: String,
    },
    /// The store is of a format that this version does not know.
    #[error("{place}: its format is {found:?}, this version reads {known:?}")]
    UnknownFormat {
        /// Which store, as it was asked for.
        place: String,
        /// What its format is said to be.
        found: String,
        /// What this version reads.
        known: &'static str,
    },
    /// Bytes are not what was written.
    #[error("{item} is damaged: {place}: {fault}")]
    Damaged {
        /// What was stored there.
        item: StoredItem,
        /// Where, as exactly as the store can say.
        place: String,
        /// How it shows.
        fault: &'static str,
    },
    /// There is no room left; nothing was changed.
    #[error("{place}: no space left")]
    Full {
        /// Where there is no room.
        place: String,
    },
    /// The system does not let this program in.
    #[error("{place}: permission denied by the system")]
    NoAccess {
        /// What it does not let at.
        place: String,
    },
    /// The store was opened for reading only.
    #[error("{place}: opened for reading only")]
    ReadOnly {
        /// Which store.
        place: String,
    },
    /// Another process is writing; it may be over soon.
    #[error("{place}: another process is writing{}", in_brackets(holder.as_deref()))]
    Busy {
        /// Which store.
        place: String,
        /// Who holds it, as far as it says.
        holder: Option<String>,
    },
    /// The request id stands for another operation already (LED-3).
    #[error("{request} was another operation, recorded as entry {number}")]
    RequestTaken {
        /// The request.
        request: RequestKey,
        /// The entry that recorded it.
        number: u64,
    },
    /// A batch contradicts itself or its place; no store could take it.
    #[error("the batch cannot be: {rule}")]
    BadBatch {
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// A value is larger than the call or the store takes.
    #[error("{what} of {bytes} bytes, at most {bytes_max} are taken")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        bytes: u64,
        /// How large it may be.
        bytes_max: u64,
    },
    /// The stores together cannot keep what is promised.
    #[error("{store} cannot be used here: it has no {lacks}")]
    Incapable {
        /// Which store.
        store: &'static str,
        /// What it lacks.
        lacks: &'static str,
    },
    /// May succeed if tried again: a timeout, a dropped connection, a throttle.
    #[error("{place}: temporary failure: {cause}")]
    Temporary {
        /// Where it happened.
        place: String,
        /// What the layer below reported.
        #[source]
        cause: Cause,
    },
    /// Will not succeed however often it is tried.
    #[error("{place}: {cause}")]
    Permanent {
        /// Where it happened.
        place: String,
        /// What the layer below reported.
        #[source]
        cause: Cause,
    },
    /// What computes in a layer over the store gave no answer; the store itself has not failed.
    #[error("{cause}")]
    Computing {
        /// The stable name of what went wrong.
        code: &'static str,
        /// What went wrong.
        #[source]
        cause: Cause,
    },
}

/// What a layer below a store reported.
pub type Cause = Box<dyn StdError + Send + Sync>;

impl StoreError {
    /// The stable, machine-readable name of this failure.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "no-store",
            Self::NotAStore { .. } => "not-a-store",
            Self::NetworkPlace { .. } => "store-network-place",
            Self::Exists { .. } => "store-exists",
            Self::UnknownFormat { .. } => "unknown-store-format",
            Self::Damaged { .. } => "store-damaged",
            Self::Full { .. } => "store-full",
            Self::NoAccess { .. } => "store-no-access",
            Self::ReadOnly { .. } => "store-read-only",
            Self::Busy { .. } => "store-busy",
            Self::RequestTaken { .. } => "request-taken",
            Self::BadBatch { .. } => "bad-batch",
            Self::TooLarge { .. } => "too-large",
            Self::Incapable { .. } => "store-incapable",
            Self::Temporary { .. } => "store-temporary",
            Self::Permanent { .. } => "store-failed",
            Self::Computing { code, .. } => code,
        }
    }

    /// Sorts what the system reported about `place`.
    pub fn from_io(place: impl Into<String>, cause: io::Error) -> Self {
        let place = place.into();
        match cause.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full { place },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NoAccess { place }
            }
            io::ErrorKind::Interrupted
            | io::ErrorKind::ResourceBusy
            | io::ErrorKind::TimedOut
            | io::ErrorKind::WouldBlock => Self::Temporary { place, cause: cause.into() },
            _ => Self::Permanent { place, cause: cause.into() },
        }
    }
}

fn in_brackets(holder: Option<&str>) -> String {
    holder.map(|holder| format!(" ({holder})")).unwrap_or_default()
}

/// What a store keeps, as an error or a finding names it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum StoredItem {
    /// An object.
    Object(WorkspaceId, ObjectId),
    /// A whole content, or what says of which parts it is made.
    Content(WorkspaceId, ContentId),
    /// A part of one or more large contents, by its own hash.
    Part(WorkspaceId, ContentId),
    /// A ledger entry.
    Entry(WorkspaceId, u64),
    /// A committed batch as a whole.
    Batch(WorkspaceId),
    /// The whole store.
    Store,
    /// What is derived from a pack of the directory store, so that opening need not read it.
    Index(u32),
    /// Something of which even the kind cannot be told.
    Unknown,
}

impl fmt::Display for StoredItem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(_, id) => write!(out, "{id}"),
            Self::Content(_, id) => write!(out, "content {id}"),
            // Its digest helps nobody, and would tell of a sealed file (SEAL-3).
            Self::Part(..) => write!(out, "a part of a large content"),
            Self::Entry(_, number) => write!(out, "entry {number}"),
            Self::Batch(workspace) => write!(out, "a batch of workspace {workspace}"),
            Self::Store => write!(out, "the whole store"),
            Self::Index(pack) => write!(out, "the index of pack {pack}"),
            Self::Unknown => write!(out, "a record"),
        }
    }
}
