//! The documents of a snapshot, as far as a commit compares them (`docs/spec/snapshots.md`).

use markerbed_core::{
    ContentId, Error, Fault,
    tree::{EvidenceDocument, Gap, RulesDocument},
};

use crate::Holding;
use crate::WorkspaceError;

/// The gaps that evidence lists.
#[derive(Clone, Debug)]
pub enum Gaps {
    /// These.
    Known(Vec<Gap>),
    /// A later version's schema has them, if there are any.
    Unknown,
}

impl Gaps {
    /// Tells whether there are some for certain.
    pub const fn are_listed(&self) -> bool {
        matches!(self, Self::Known(gaps) if !gaps.is_empty())
    }

    /// Tells whether both are the same for certain.
    pub fn equal(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Known(one), Self::Known(other)) if one == other)
    }
}

impl Default for Gaps {
    fn default() -> Self {
        Self::Known(Vec::new())
    }
}

/// Checks that rules are a document.
pub fn check_rules(document: &[u8]) -> Result<(), WorkspaceError> {
    known(RulesDocument::read(document), RULES).map(drop)
}

/// Reads the gaps of an evidence document.
pub fn gaps_of(document: &[u8]) -> Result<Gaps, WorkspaceError> {
    let evidence = known(EvidenceDocument::read(document), EVIDENCE)?;
    Ok(evidence.map_or(Gaps::Unknown, |evidence| Gaps::Known(evidence.gaps)))
}

/// What evidence says of the bytes of files; a later version's says nothing.
pub fn holding_of(document: &[u8]) -> Holding {
    EvidenceDocument::read(document).map_or(Holding::Kept, |evidence| Holding::of(&evidence))
}

/// The listing that evidence names; a later version's names none that is known.
pub fn listing_of(document: &[u8]) -> Option<ContentId> {
    EvidenceDocument::read(document).ok()?.listing
}

/// The document, or none if its schema is another: documents grow by schema.
fn known<D>(read: Result<D, Error>, name: &'static str) -> Result<Option<D>, WorkspaceError> {
    match read {
        Ok(document) => Ok(Some(document)),
        Err(Error::Malformed { fault: Fault::UnsupportedFormat, .. }) => Ok(None),
        Err(fault) => Err(WorkspaceError::BadDocument { document: name, fault }),
    }
}

/// What messages call the evidence of a snapshot.
pub const EVIDENCE: &str = "evidence";
/// What messages call the rules of a snapshot.
pub const RULES: &str = "rules";
