//! What can go wrong between a program and a workspace.

use std::fmt;

use markerbed_core::{
    Error, SnapshotId, WorkspaceId,
    tree::{Label, Path},
};
use markerbed_engine::{CallError, RuntimeError};

use markerbed_storage::{RequestKey, StoreError, drive::DriveError};

/// Why something was not done in a workspace; then nothing of it was done.
///
/// [`Self::class`] says what a caller can do about it, [`Self::code`] names it for programs.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The place could not be read or written.
    #[error(transparent)]
    Store(StoreError),
    /// What was stored, or what was asked, is not what it should be.
    #[error(transparent)]
    Engine(#[from] Error),
    /// What runs the engine stopped it.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The key that was named cannot be rotated or revoked so (APPLY-6, APPLY-7).
    #[error(transparent)]
    Key(Error),
    /// The store holds no workspace yet.
    #[error("the store holds no workspace; make one with `markerbed init`")]
    NoWorkspace,
    /// The store holds several workspaces and none of them is the default.
    #[error("the store holds {count} workspaces; name one with `--workspace`")]
    WhichWorkspace {
        /// How many there are.
        count: usize,
    },
    /// The store does not hold this workspace.
    #[error("the store holds no workspace {id}")]
    UnknownWorkspace {
        /// The one asked for.
        id: WorkspaceId,
    },
    /// A workspace cannot begin with anything but its own genesis.
    #[error("workspace {id} exists already")]
    WorkspaceExists {
        /// The one that was to be made.
        id: WorkspaceId,
    },
    /// The derived rows are not those that the ledger gives.
    #[error("{row} is not what the ledger says; run `markerbed check`")]
    BrokenRow {
        /// Which row, in words.
        row: &'static str,
    },
    /// An entry that must be there is not.
    #[error("entry {number} of the ledger is missing; run `markerbed check`")]
    MissingEntry {
        /// Its number.
        number: u64,
    },
    /// Others committed faster, each time.
    #[error("other writers were faster {tries} times in a row; try again")]
    LostRace {
        /// How often it was tried.
        tries: u32,
    },
    /// A ref is not where the caller believes it is.
    #[error("ref {name} is {}, not {}; look again", place(.found), place(.expected))]
    RefMoved {
        /// The ref.
        name: Label,
        /// Where the caller believes it is.
        expected: Option<SnapshotId>,
        /// Where it is.
        found: Option<SnapshotId>,
    },
    /// There is no such ref.
    #[error("there is no ref {name}; `markerbed ref ls` lists them")]
    NoRef {
        /// The name asked for.
        name: Label,
    },
    /// A new ref, or a new source, would have a name that no reference could mean.
    #[error("{name} cannot name a ref or a source: {why}")]
    Unnameable {
        /// The name.
        name: Label,
        /// What is wrong with it, and what to do.
        why: Unnameable,
    },
    /// A snapshot that was never committed cannot be pointed at.
    #[error("snapshot {id} was never committed in this workspace")]
    UnknownSnapshot {
        /// The one asked for.
        id: SnapshotId,
    },
    /// The request id stands for another operation already (LED-3).
    #[error("{request} was another operation, recorded as entry {number}")]
    RequestTaken {
        /// The request.
        request: RequestKey,
        /// The entry that recorded it.
        number: u64,
    },
    /// A document of a snapshot is not what snapshots.md says.
    #[error("the {document} of a snapshot is not canonical JSON as the format asks for: {fault}")]
    BadDocument {
        /// Which one.
        document: &'static str,
        /// How it shows.
        fault: Error,
    },
    /// A document that a snapshot names is missing.
    #[error("the {document} of snapshot {snapshot} is missing")]
    MissingDocument {
        /// Which one.
        document: &'static str,
        /// Whose.
        snapshot: SnapshotId,
    },
    /// A reference is not of any form.
    #[error("{reference} is no reference: {why}")]
    BadReference {
        /// What was given, fit for a terminal.
        reference: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Nothing is called so.
    #[error("{reference} names nothing here: {why}")]
    NothingNamed {
        /// What was given, fit for a terminal.
        reference: String,
        /// What was looked for, and where to look.
        why: &'static str,
    },
    /// A prefix fits several things.
    #[error("{reference} may be {}; give more digits", one_of(.candidates, *.total))]
    Ambiguous {
        /// What was given, fit for a terminal.
        reference: String,
        /// The first few, each with its kind before it.
        candidates: Vec<String>,
        /// How many there are at least.
        total: usize,
    },
    /// Something is called so, but it is no snapshot.
    #[error("{reference} is {found}, no snapshot")]
    NotASnapshot {
        /// What was given, fit for a terminal.
        reference: String,
        /// What it is.
        found: &'static str,
    },
    /// A tree has nothing at a path.
    #[error("{reference} has no {path}")]
    NoPath {
        /// The tree, as it was named, fit for a terminal.
        reference: String,
        /// The shortest part of the path that is absent.
        path: Path,
    },
    /// A path leads through something that is no directory.
    #[error("{} in {reference} is no directory: nothing is below it", in_words(.path))]
    NotADirectory {
        /// The tree, as it was named, fit for a terminal.
        reference: String,
        /// What is no directory.
        path: Path,
    },
}

/// What a caller can do about a failure; the program turns it into an exit code or a status.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorClass {
    /// Ask for something else.
    Usage,
    /// Bring what is missing.
    Incomplete,
    /// Mend the store or the machine.
    Failed,
    /// Make a store, or name another one.
    NoStore,
    /// Try again.
    Race,
    /// Bring the right key, or a grant.
    NotPermitted,
}

/// Why a text cannot name a new ref.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unnameable {
    /// In `REF:PATH` the first colon divides.
    #[error("a colon divides a ref from a path; choose a name without one")]
    Colon,
    /// It would be read as counted back from the newest snapshot.
    #[error("what begins with @ means a snapshot by its age; choose another name")]
    At,
    /// It would be read as the number of an entry.
    #[error("what begins with # means an entry by its number; choose another name")]
    Hash,
    /// It would be read as the beginning of an id.
    #[error("eight or more hexadecimal digits mean an id; choose another name")]
    Digits,
}

impl WorkspaceError {
    /// The stable, machine-readable name of this failure.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Engine(error) | Self::Key(error) => error.code(),
            Self::Runtime(error) => error.code(),
            Self::NoWorkspace => "no-workspace",
            Self::WhichWorkspace { .. } => "which-workspace",
            Self::UnknownWorkspace { .. } => "unknown-workspace",
            Self::WorkspaceExists { .. } => "workspace-exists",
            Self::BrokenRow { .. } => "broken-row",
            Self::MissingEntry { .. } => "missing-entry",
            Self::LostRace { .. } => "lost-race",
            Self::RefMoved { .. } => "ref-moved",
            Self::NoRef { .. } => "no-ref",
            Self::Unnameable { .. } => "unnameable",
            Self::UnknownSnapshot { .. } => "unknown-snapshot",
            Self::RequestTaken { .. } => "request-taken",
            Self::BadDocument { .. } => "bad-document",
            Self::MissingDocument { .. } => "missing-document",
            Self::BadReference { .. } => "bad-reference",
            Self::NothingNamed { .. } => "nothing-named",
            Self::Ambiguous { .. } => "ambiguous-reference",
            Self::NotASnapshot { .. } => "not-a-snapshot",
            Self::NoPath { .. } => "no-path",
            Self::NotADirectory { .. } => "not-a-directory",
        }
    }

    /// What a caller can do about it.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Store(error) => class_of_store_error(error),
            Self::Engine(Error::MissingObject { .. }) | Self::MissingDocument { .. } => {
                ErrorClass::Incomplete
            }
            Self::Engine(Error::NotPermitted { .. } | Error::OwnGrant { .. }) => {
                ErrorClass::NotPermitted
            }
            Self::Engine(Error::GrantConflict { .. }) => ErrorClass::Usage,
            Self::Runtime(
                RuntimeError::NotAComponent { .. } | RuntimeError::OtherFormat { .. },
            ) => ErrorClass::Usage,
            Self::Engine(_)
            | Self::Runtime(_)
            | Self::BrokenRow { .. }
            | Self::MissingEntry { .. } => ErrorClass::Failed,
            Self::NoWorkspace => ErrorClass::NoStore,
            Self::LostRace { .. } | Self::RefMoved { .. } => ErrorClass::Race,
            _ => ErrorClass::Usage,
        }
    }
}

/// What computes in a layer over the store failed as what it is, and the store did not.
impl From<StoreError> for WorkspaceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Computing { code, cause } => match cause.downcast::<RuntimeError>() {
                Ok(error) => Self::Runtime(*error),
                Err(cause) => Self::Store(StoreError::Computing { code, cause }),
            },
            error => Self::Store(error),
        }
    }
}

impl From<CallError> for WorkspaceError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Engine(error) => Self::Engine(error),
            CallError::Store(error) => error.into(),
            CallError::Runtime(error) => Self::Runtime(error),
        }
    }
}

impl From<DriveError> for WorkspaceError {
    fn from(error: DriveError) -> Self {
        match error {
            DriveError::Engine(error) => Self::Engine(error),
            DriveError::Store(error) => error.into(),
        }
    }
}

/// Sorts a failure of a store: the table of `store/README.md`.
const fn class_of_store_error(error: &StoreError) -> ErrorClass {
    match error {
        StoreError::NotFound { .. } => ErrorClass::NoStore,
        StoreError::Busy { .. } => ErrorClass::Race,
        StoreError::RequestTaken { .. }
        | StoreError::NetworkPlace { .. }
        | StoreError::Exists { .. } => ErrorClass::Usage,
        StoreError::TooLarge { .. } => ErrorClass::Incomplete,
        StoreError::ReadOnly { .. } => ErrorClass::NotPermitted,
        _ => ErrorClass::Failed,
    }
}

fn place(place: &Option<SnapshotId>) -> String {
    place.map_or_else(|| "absent".to_owned(), |id| format!("at snapshot {id}"))
}

fn in_words(path: &Path) -> String {
    if path.is_root() { "the root".to_owned() } else { path.to_string() }
}

fn one_of(shown: &[String], total: usize) -> impl fmt::Display {
    let more = total.saturating_sub(shown.len());
    let list = shown.join(", ");
    if more == 0 { list } else { format!("{list} or one of {more} more") }
}
