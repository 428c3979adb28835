//! What can be wrong with bytes, decided by the engine alone.

use crate::{
    id::{Id16, PublicKey, SnapshotId, StateId},
    object::ObjectId,
};

/// A failure decided by the engine alone, from bytes it was given.
///
/// Storage failures are not here: a host that cannot read or write stops driving and
/// reports its own error. So this type is `no_std`, comparable, and the same on every target.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// Bytes are not the one canonical form of what they should be.
    #[error("byte {offset}: {fault}")]
    Malformed {
        /// Which rule is broken.
        fault: Fault,
        /// Where the offending field begins, in bytes from the start of the object.
        offset: u32,
    },
    /// A page is not where the cut puts it (MAP-16, MAP-17, MAP-19).
    #[error("a map page is cut in the wrong place")]
    WrongCut,
    /// A page is not what its parent says (MAP-15, MAP-18).
    #[error("a map page is not what the page above it says")]
    PageMismatch,
    /// The bytes do not hash to the id they were asked for under.
    #[error("the bytes stored for {wanted} are not those of that id")]
    HashMismatch {
        /// The id that was asked for.
        wanted: ObjectId,
    },
    /// Something that was hashed differs from what a proof or a listing claims.
    #[error("the hashes do not add up to the one that was expected")]
    RootMismatch,
    /// A node's kind or a directory's counts are not what its parent or its map say (NODE-4).
    #[error("a node is not what its directory says")]
    NodeMismatch,
    /// The store lacks an object that another one names.
    #[error("{id} is missing")]
    MissingObject {
        /// The absent object.
        id: ObjectId,
    },
    /// A proof is not of the form that its claim needs.
    #[error("the proof does not have the form that its claim needs")]
    BadProof,
    /// The counts of a directory exceed 64 bits (NODE-6).
    #[error("a directory counts more than 64 bits hold")]
    CountOverflow,
    /// A tree or JSON is deeper than the limit.
    #[error("it is nested deeper than the limit")]
    TooDeep,
    /// JSON is not in canonical form (JSON-4).
    #[error("byte {offset}: not canonical JSON")]
    BadJson {
        /// Where, in bytes from the start.
        offset: u32,
    },
    /// Text is not an id (ID-3).
    #[error("not an id: 64 lower-case hexadecimal digits are needed")]
    BadId,
    /// An entry does not follow the one before (APPLY-1).
    #[error("entry {found} stands where entry {expected} belongs")]
    WrongNumber {
        /// The number that comes next.
        expected: u64,
        /// The number the entry bears.
        found: u64,
    },
    /// The first entry is not `workspace created`, or a later one is (APPLY-1).
    #[error("the first entry of a ledger, and no other, creates the workspace")]
    NotGenesis,
    /// A ref is not where the entry says it was (APPLY-3, APPLY-4).
    #[error("the ref has moved: it is not where the entry says it was")]
    RefConflict {
        /// Where the ref is.
        found: Option<SnapshotId>,
    },
    /// An entry names a snapshot that was never committed (APPLY-4).
    #[error("snapshot {id} was never committed")]
    UnknownSnapshot {
        /// The snapshot named.
        id: SnapshotId,
    },
    /// A snapshot is committed twice (APPLY-3).
    #[error("snapshot {id} is recorded already")]
    AlreadyRecorded {
        /// The snapshot.
        id: SnapshotId,
    },
    /// A `state` entry does not name the state of the entries before it (APPLY-5).
    #[error("the state recorded is not that of the entries before it, which is {found}")]
    WrongState {
        /// The state that the entries give.
        found: StateId,
    },
    /// A text is no signed note or no checkpoint (NOTE-1, CHK-2).
    #[error("it is not a signed checkpoint in its one form")]
    BadNote,
    /// A text is no key for verifiers (KEY-3).
    #[error("it is not a verifier key: a name, 8 digits and base64, joined by +")]
    BadKey,
    /// A signature of a known key is not over these bytes (SIG-1).
    #[error("a signature is not that of its key over these bytes")]
    BadSignature,
    /// Nobody who signed is known (NOTE-4, CHK-3).
    #[error("no signature is of a key that is known")]
    UnknownKey,
    /// A checkpoint is of another log than was expected (CHK-3).
    #[error("the checkpoint is of another log")]
    OtherOrigin,
    /// An entry names a key that the workspace never had (APPLY-6, APPLY-7).
    #[error("key {key} is not of this workspace")]
    ForeignKey {
        /// The key named.
        key: PublicKey,
    },
    /// A key takes over that the workspace has or had (APPLY-6).
    #[error("key {key} is of this workspace already")]
    KnownKey {
        /// The key named.
        key: PublicKey,
    },
    /// A key that was rotated out does not sign any more (APPLY-6).
    #[error("key {key} was rotated out")]
    RotatedKey {
        /// The key named.
        key: PublicKey,
    },
    /// A key that was revoked counts for nothing (APPLY-6, APPLY-7).
    #[error("key {key} was revoked")]
    RevokedKey {
        /// The key named.
        key: PublicKey,
    },
    /// The active key cannot be revoked before another takes over (APPLY-7).
    #[error("key {key} is the active one; rotate it before it is revoked")]
    LastKey {
        /// The active key.
        key: PublicKey,
    },
    /// An agent does what no grant allows it (APPLY-8).
    #[error("agent {agent} has no grant that allows this")]
    NotPermitted {
        /// The agent.
        agent: Id16,
    },
    /// An agent changes a grant of its own (APPLY-9).
    #[error("agent {agent} cannot change a grant of its own; another admin can")]
    OwnGrant {
        /// The agent.
        agent: Id16,
    },
    /// A grant that is there already is given, or one that is not is taken away (APPLY-9).
    #[error("the grants of agent {agent} are as this would make them already")]
    GrantConflict {
        /// The agent whose grants they are.
        agent: Id16,
    },
    /// A host answered something else than it was asked.
    #[error("the answers do not fit what was asked")]
    AnswersOutOfOrder,
    /// An operation waited for something that is no request of its own.
    #[error("an operation waited for something that it did not ask for")]
    AwaitedForeign,
}

impl Error {
    /// The stable, machine-readable name of this failure, the same in every binding.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { fault, .. } => fault.code(),
            Self::WrongCut => "wrong-cut",
            Self::PageMismatch => "page-mismatch",
            Self::HashMismatch { .. } | Self::RootMismatch => "hash-mismatch",
            Self::NodeMismatch => "node-mismatch",
            Self::MissingObject { .. } => "missing-object",
            Self::BadProof => "bad-proof",
            Self::CountOverflow => "count-overflow",
            Self::TooDeep => "too-deep",
            Self::BadJson { .. } => "bad-json",
            Self::BadId => "bad-id",
            Self::WrongNumber { .. } => "wrong-number",
            Self::NotGenesis => "not-genesis",
            Self::RefConflict { .. } => "ref-conflict",
            Self::UnknownSnapshot { .. } => "unknown-snapshot",
            Self::AlreadyRecorded { .. } => "already-recorded",
            Self::WrongState { .. } => "wrong-state",
            Self::BadNote => "bad-note",
            Self::BadKey => "bad-key",
            Self::BadSignature => "bad-signature",
            Self::UnknownKey => "unknown-key",
            Self::OtherOrigin => "other-origin",
            Self::ForeignKey { .. } => "foreign-key",
            Self::KnownKey { .. } => "known-key",
            Self::RotatedKey { .. } => "rotated-key",
            Self::RevokedKey { .. } => "revoked-key",
            Self::LastKey { .. } => "last-key",
            Self::NotPermitted { .. } => "not-permitted",
            Self::OwnGrant { .. } => "own-grant",
            Self::GrantConflict { .. } => "grant-conflict",
            Self::AnswersOutOfOrder => "answers-out-of-order",
            Self::AwaitedForeign => "awaited-foreign",
        }
    }

    /// An input that breaks `fault` as a whole, at its first byte.
    pub(crate) const fn malformed(fault: Fault) -> Self {
        Self::Malformed { fault, offset: 0 }
    }
}

/// What can be wrong with the bytes of one object (`docs/spec/encoding.md`).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The input ends inside a field.
    #[error("the input ends inside a field")]
    Truncated,
    /// A varint does not fit its type.
    #[error("a number does not fit its type")]
    NumberTooLarge,
    /// A varint spends a byte more than it needs.
    #[error("a number is longer than it needs to be")]
    OverlongVarint,
    /// A length, count or number is outside what is allowed.
    #[error("a length, count or number is outside its limits")]
    OutOfRange,
    /// A bool or option is neither 00 nor 01.
    #[error("a flag is neither 00 nor 01")]
    BadFlag,
    /// A string is not UTF-8.
    #[error("a text is not UTF-8")]
    BadUtf8,
    /// A name holds NUL or `/`, or is `.` or `..` (NAME-1).
    #[error("a name holds NUL or a slash, or is . or ..")]
    BadName,
    /// A text has a character that it must not have (NAME-5, NAME-6).
    #[error("a text has a character that it must not have")]
    BadText,
    /// A symlink target is empty, too long or holds a NUL (NODE-2).
    #[error("a symlink target is empty, too long or holds a NUL")]
    BadTarget,
    /// Items, names or tags are not strictly ascending.
    #[error("items are not in ascending order")]
    NotAscending,
    /// Stated counts cannot be true of any object.
    #[error("the counts cannot be true")]
    BadCount,
    /// A partial page is not in its one form (PART-2).
    #[error("a partial page is not in its one form")]
    BadPartial,
    /// A kind, tag, format or operation that this version does not know (ENC-7).
    #[error("a format that this version does not know")]
    UnsupportedFormat,
    /// Bytes after the last field.
    #[error("bytes follow the last field")]
    TrailingBytes,
}

impl Fault {
    /// The stable, machine-readable name of this fault.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::NumberTooLarge => "number-too-large",
            Self::OverlongVarint => "overlong-varint",
            Self::OutOfRange => "out-of-range",
            Self::BadFlag => "bad-flag",
            Self::BadUtf8 => "bad-utf8",
            Self::BadName => "bad-name",
            Self::BadText => "bad-text",
            Self::BadTarget => "bad-target",
            Self::NotAscending => "not-ascending",
            Self::BadCount => "bad-count",
            Self::BadPartial => "bad-partial",
            Self::UnsupportedFormat => "unsupported-format",
            Self::TrailingBytes => "trailing-bytes",
        }
    }
}
