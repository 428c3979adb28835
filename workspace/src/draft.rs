//! What shall become a snapshot.

use bytes::Bytes;
use markerbed_core::{
    AttributesId, ContentId, Error, Id16, NodeId, Sha256Digest, SnapshotId,
    hash::content_id,
    tree::{Clock, Coverage, Label, Snapshot, SnapshotFields, SourceKind, Tool},
};

use crate::{
    WorkspaceError,
    documents::{self, Gaps},
};

/// What was taken of a source and shall become a snapshot.
///
/// The objects of its tree and the contents of its files have been put already.
#[derive(Clone, Debug)]
pub struct SnapshotDraft {
    /// What people call the source, and the ref that moves.
    pub source: Label,
    /// What was there.
    pub root: NodeId,
    /// Attributes of the root.
    pub attributes: Option<AttributesId>,
    /// Whether all of the source was seen.
    pub coverage: Coverage,
    /// The rules in force: a document.
    pub rules: Bytes,
    /// What was seen and what could not be: a document.
    pub evidence: Option<Bytes>,
    /// SHA-256 of the plain listing.
    pub listing: Option<Sha256Digest>,
    /// One attempt to take the source in: 16 random bytes.
    pub run: Id16,
    /// Milliseconds since 1970 UTC.
    pub captured_at_ms: i64,
    /// Whose clock that was.
    pub clock: Clock,
    /// What made it.
    pub tool: Tool,
}

/// When, in which attempt and by what a source was taken in: handed in by the program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Capture {
    /// One attempt to take the source in: 16 random bytes.
    pub run: Id16,
    /// Milliseconds since 1970 UTC.
    pub captured_at_ms: i64,
    /// Whose clock that was.
    pub clock: Clock,
    /// What took it in.
    pub tool: Tool,
}

impl SnapshotDraft {
    /// The snapshot that it becomes.
    pub(crate) fn snapshot(
        &self,
        documents: &Documents,
        parents: Vec<SnapshotId>,
        agent: Id16,
    ) -> Result<Snapshot, Error> {
        Snapshot::new(SnapshotFields {
            root: self.root,
            parents,
            source_kind: SourceKind::Directory,
            source_label: self.source.clone(),
            run: self.run,
            captured_at_ms: self.captured_at_ms,
            clock: self.clock,
            agent,
            rules: documents.rules,
            coverage: self.coverage,
            evidence: documents.evidence,
            attributes: self.attributes,
            listing: self.listing,
            tool: self.tool.clone(),
        })
    }
}

/// The documents of a draft: what they are called, and what SNAP-4 compares of them.
pub(crate) struct Documents {
    pub(crate) rules: ContentId,
    pub(crate) evidence: Option<ContentId>,
    pub(crate) gaps: Gaps,
}

impl Documents {
    /// Checks the documents of a draft and says how they are called.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::BadDocument`].
    pub(crate) fn of(draft: &SnapshotDraft) -> Result<Self, WorkspaceError> {
        documents::check_rules(&draft.rules)?;
        let gaps = draft.evidence.as_deref().map(documents::gaps_of).transpose()?;
        Ok(Self {
            rules: content_id(&draft.rules),
            evidence: draft.evidence.as_deref().map(content_id),
            gaps: gaps.unwrap_or_default(),
        })
    }
}
