//! What a check has found, and what it looked at.

use std::fmt;

use bytes::Bytes;
use markerbed_core::{
    ContentId, ObjectId, Sha256Digest, SnapshotId, StateId, WorkspaceId,
    tree::{Path, Shown},
};

use crate::store::StoredItem;

/// What a check looked at, and everything that is not as it should be.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// Which workspace.
    pub workspace: WorkspaceId,
    /// How much was looked at.
    pub looked: Looked,
    /// The root of the log tree over the entries that follow from each other.
    pub log_root: Sha256Digest,
    /// What these entries add up to; none if a state cannot be built of them.
    pub state: Option<StateId>,
    /// What is wrong, in the order in which it was found; the first
    /// [`findings_max`](super::CheckOptions::findings_max) of them.
    pub findings: Vec<Finding>,
    /// How many findings there are in all.
    pub findings_total: u64,
    /// The worst of all findings.
    pub health: Health,
}

/// How much a check looked at.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Looked {
    /// Entries that follow from those before them.
    pub entries: u64,
    /// Snapshots that these commit.
    pub snapshots: u64,
    /// Objects that are stored, each once; none if the store was not scanned for them.
    pub objects: Option<u64>,
    /// Objects that nothing recorded leads to: leftovers, no fault.
    pub objects_unreferenced: Option<u64>,
    /// Contents that are stored, each once; none if the store was not scanned for them.
    pub contents: Option<u64>,
    /// Contents that nothing recorded leads to: leftovers, no fault.
    pub contents_unreferenced: Option<u64>,
    /// Snapshots whose contents were hashed and not kept.
    pub snapshots_hashed: u64,
    /// Contents that only such snapshots lead to and that are not stored: no fault.
    pub contents_not_held: u64,
    /// Bytes of contents that were read and hashed, but for those of sealed files (SEAL-3).
    pub bytes_read: u64,
}

/// How a workspace, or one finding, is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Health {
    /// Everything is as it was recorded.
    Sound,
    /// Something is absent; what is there is as it was recorded.
    Incomplete,
    /// Something is not as it was recorded.
    Damaged,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What is wrong.
    pub fault: CheckFault,
    /// With what.
    pub item: CheckedItem,
    /// How it shows, as a half sentence.
    pub detail: String,
    /// What it serves.
    pub serves: Serves,
}

/// What can be wrong.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum CheckFault {
    /// The bytes stored for an object are not those of its id.
    DamagedObject,
    /// An object that something names is absent.
    MissingObject,
    /// The bytes stored for a content are not those of its id.
    DamagedContent,
    /// A content that something names is absent.
    MissingContent,
    /// A file's size is not its content's length.
    WrongSize,
    /// A directory's counts are not what is below it.
    WrongCount,
    /// A node is not of the kind that its directory says.
    WrongKind,
    /// A map page is not what the page above it says.
    WrongPage,
    /// A tree is deeper than trees can be.
    TooDeep,
    /// Rules or evidence are not canonical JSON.
    BadDocument,
    /// An entry is absent.
    MissingEntry,
    /// An entry is not canonical.
    BadEntry,
    /// An entry does not follow from those before it.
    WrongEntry,
    /// A derived row is not what the ledger gives.
    WrongRow,
    /// A derived row is absent.
    MissingRow,
    /// A derived row is there that the ledger does not give.
    SurplusRow,
    /// The store itself is damaged.
    DamagedStore,
}

/// What a finding is about.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum CheckedItem {
    /// An object.
    Object(ObjectId),
    /// A content.
    Content(ContentId),
    /// An entry of the ledger.
    Entry(u64),
    /// A derived row, by its key.
    Row(Bytes),
    /// Something else that is stored.
    Stored(StoredItem),
}

/// What a damaged or missing thing serves.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Serves {
    /// The first places, newest snapshots first; at most
    /// [`places_max`](super::CheckOptions::places_max).
    pub places: Vec<Served>,
    /// How many places there are, or how many were counted before the check stopped counting.
    pub total: u64,
    /// Whether all of them were counted.
    pub is_all: bool,
}

/// A place that needs a thing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Served {
    /// In which snapshot.
    pub snapshot: SnapshotId,
    /// What of it.
    pub part: Part,
    /// Where in its tree; the root for what belongs to the snapshot as a whole.
    pub path: Path,
}

/// A part of a snapshot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// The snapshot itself.
    Snapshot,
    /// Its tree.
    Tree,
    /// What is said beside its tree.
    Attributes,
    /// The rules in force.
    Rules,
    /// What was seen and what could not be.
    Evidence,
    /// The plain listing that is kept beside it, which can be made anew.
    Listing,
}

impl CheckReport {
    /// How many findings are beyond those listed.
    pub fn findings_unlisted(&self) -> u64 {
        self.findings_total.saturating_sub(self.findings.len() as u64)
    }
}

impl CheckFault {
    /// The stable, machine-readable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::DamagedObject => "damaged-object",
            Self::MissingObject => "missing-object",
            Self::DamagedContent => "damaged-content",
            Self::MissingContent => "missing-content",
            Self::WrongSize => "wrong-size",
            Self::WrongCount => "wrong-count",
            Self::WrongKind => "wrong-kind",
            Self::WrongPage => "wrong-page",
            Self::TooDeep => "too-deep",
            Self::BadDocument => "bad-document",
            Self::MissingEntry => "missing-entry",
            Self::BadEntry => "bad-entry",
            Self::WrongEntry => "wrong-entry",
            Self::WrongRow => "wrong-row",
            Self::MissingRow => "missing-row",
            Self::SurplusRow => "surplus-row",
            Self::DamagedStore => "damaged-store",
        }
    }

    /// How bad it is.
    pub const fn health(self) -> Health {
        match self {
            Self::MissingObject | Self::MissingContent => Health::Incomplete,
            _ => Health::Damaged,
        }
    }
}

impl fmt::Display for Finding {
    /// One sentence without the places.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.item, self.detail)
    }
}

impl fmt::Display for CheckedItem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(id) => id.fmt(out),
            Self::Content(id) => write!(out, "content {id}"),
            Self::Entry(number) => write!(out, "entry {number}"),
            Self::Row(key) => write!(out, "row {}", Shown::new(key)),
            Self::Stored(item) => item.fmt(out),
        }
    }
}

impl fmt::Display for Served {
    /// `SNAPSHOT:PATH`, as a reference; with the part where it is not the tree.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.snapshot, self.path)?;
        match self.part {
            Part::Tree => Ok(()),
            part => write!(out, " ({})", part.word()),
        }
    }
}

impl Part {
    /// Its name, the same in every binding.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Tree => "tree",
            Self::Attributes => "attributes",
            Self::Rules => "rules",
            Self::Evidence => "evidence",
            Self::Listing => "listing",
        }
    }
}
