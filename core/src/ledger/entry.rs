//! One line of the ledger (LED-1).

use alloc::vec::Vec;

use super::{
    compact::leaf_hash,
    genesis::Genesis,
    key_change::{KeyRevocation, KeyRotation},
};
use crate::{
    access::{Grants, Right, Role, Scope},
    codec::{
        Canonical, Reader, put_byte, put_bytes, put_fixed, put_format, put_i64, put_option, put_u64,
    },
    error::{Error, Fault},
    id::{Id16, Sha256Digest, SnapshotId, StateId},
    limits::ENTRY_BYTES_MAX,
    tree::{Label, Path},
};

/// One line of the ledger: who did what, and when by the host's clock.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LedgerEntry {
    /// The leaf's index in the log.
    pub number: u64,
    /// The host's clock, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// A pseudonym.
    pub agent: Id16,
    /// Unique with its agent: the same request is recorded once (LED-3).
    pub request: Id16,
    /// What was done.
    pub operation: Operation,
}

/// What an entry records.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Operation {
    /// Tag 1: the workspace began.
    WorkspaceCreated(Genesis),
    /// Tag 2: an agent was given a role, in place of the one it had there.
    Granted {
        /// The agent.
        agent: Id16,
        /// What it may do.
        role: Role,
        /// Where.
        scope: Scope,
    },
    /// Tag 3: the role of an agent was taken away.
    Revoked {
        /// The agent.
        agent: Id16,
        /// Where.
        scope: Scope,
    },
    /// Tag 5: a snapshot was committed, and perhaps a ref moved to it.
    SnapshotCommitted {
        /// The snapshot.
        snapshot: SnapshotId,
        /// The ref that moves to it.
        moves: Option<RefMove>,
    },
    /// Tag 6: a ref was set, moved or removed.
    RefMoved(RefChange),
    /// Tag 15: another key signs from here on.
    KeyRotated(KeyRotation),
    /// Tag 16: what a key signed counts for nothing any more.
    KeyRevoked(KeyRevocation),
    /// Tag 17: the state after all entries before this one.
    State(StateId),
}

/// A ref that moves to the snapshot that is committed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefMove {
    /// The ref.
    pub name: Label,
    /// Where it was; none if there was no such ref.
    pub from: Option<SnapshotId>,
}

/// A ref and two different places: where it was and where it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefChange {
    name: Label,
    from: Option<SnapshotId>,
    to: Option<SnapshotId>,
}

impl LedgerEntry {
    /// The entry's leaf in the log (LOG-1).
    pub fn leaf(&self) -> Sha256Digest {
        leaf_hash(&self.encode())
    }

    /// Where in the canonical bytes the operation begins. What stands before it (number, time) may
    /// differ between two tries of one request, the operation may not (LED-3).
    pub fn operation_at(&self) -> u32 {
        let mut before = Vec::new();
        self.put_before_operation(&mut before);
        // A few dozen bytes.
        u32::try_from(before.len()).unwrap_or(u32::MAX)
    }

    fn put_before_operation(&self, out: &mut Vec<u8>) {
        put_format(out);
        put_u64(out, self.number);
        put_i64(out, self.time_ms);
        put_fixed(out, self.agent.as_bytes());
        put_fixed(out, self.request.as_bytes());
    }
}

impl Operation {
    /// The number that says what was done.
    pub const fn tag(&self) -> u8 {
        match self {
            Self::WorkspaceCreated(_) => WORKSPACE_CREATED,
            Self::Granted { .. } => GRANTED,
            Self::Revoked { .. } => REVOKED,
            Self::SnapshotCommitted { .. } => SNAPSHOT_COMMITTED,
            Self::RefMoved(_) => REF_MOVED,
            Self::KeyRotated(_) => KEY_ROTATED,
            Self::KeyRevoked(_) => KEY_REVOKED,
            Self::State(_) => STATE,
        }
    }

    /// The operation's name, the same in every binding.
    pub fn word(&self) -> &'static str {
        let found = OPERATIONS.iter().find(|(tag, _)| *tag == self.tag());
        found.map_or("", |(_, word)| word)
    }

    /// The names of all operations.
    pub fn words() -> impl Iterator<Item = &'static str> {
        OPERATIONS.iter().map(|(_, word)| *word)
    }

    /// Checks that the grants let `agent` do this (APPLY-8).
    ///
    /// # Errors
    ///
    /// [`Error::NotPermitted`].
    pub fn check_permitted(&self, grants: &Grants, agent: Id16) -> Result<(), Error> {
        match self {
            Self::SnapshotCommitted { .. } | Self::RefMoved(_) | Self::State(_) => {
                grants.check(agent, Right::Write, &Path::ROOT)
            }
            Self::KeyRotated(_) | Self::KeyRevoked(_) if grants.is_governed() => {
                grants.check(agent, Right::Administer, &Path::ROOT)
            }
            Self::Granted { scope, .. } | Self::Revoked { scope, .. } => {
                grants.check(agent, Right::Administer, scope.path())
            }
            _ => Ok(()),
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_byte(out, self.tag());
        match self {
            Self::WorkspaceCreated(genesis) => genesis.put(out),
            Self::Granted { agent, role, scope } => {
                put_fixed(out, agent.as_bytes());
                put_byte(out, role.number());
                put_bytes(out, scope.path().as_bytes());
            }
            Self::Revoked { agent, scope } => {
                put_fixed(out, agent.as_bytes());
                put_bytes(out, scope.path().as_bytes());
            }
            Self::SnapshotCommitted { snapshot, moves } => {
                put_fixed(out, snapshot.as_bytes());
                put_option(out, moves.as_ref(), |out, moves| {
                    put_bytes(out, moves.name.as_str().as_bytes());
                    put_place(out, moves.from);
                });
            }
            Self::RefMoved(change) => {
                put_bytes(out, change.name.as_str().as_bytes());
                put_place(out, change.from);
                put_place(out, change.to);
            }
            Self::KeyRotated(rotation) => rotation.put(out),
            Self::KeyRevoked(revocation) => revocation.put(out),
            Self::State(id) => put_fixed(out, id.as_bytes()),
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let start = reader.at();
        Ok(match reader.take_byte()? {
            WORKSPACE_CREATED => Self::WorkspaceCreated(Genesis::take(reader)?),
            GRANTED => Self::Granted {
                agent: Id16::from_bytes(reader.take_fixed()?),
                role: Role::take(reader)?,
                scope: Scope::take(reader)?,
            },
            REVOKED => Self::Revoked {
                agent: Id16::from_bytes(reader.take_fixed()?),
                scope: Scope::take(reader)?,
            },
            SNAPSHOT_COMMITTED => Self::SnapshotCommitted {
                snapshot: SnapshotId::from_bytes(reader.take_fixed()?),
                moves: reader.take_option(|reader| {
                    Ok(RefMove { name: Label::take(reader)?, from: take_place(reader)? })
                })?,
            },
            REF_MOVED => Self::RefMoved(RefChange {
                name: Label::take(reader)?,
                from: take_place(reader)?,
                to: take_place(reader)?,
            }),
            KEY_ROTATED => Self::KeyRotated(KeyRotation::take(reader)?),
            KEY_REVOKED => Self::KeyRevoked(KeyRevocation::take(reader)?),
            STATE => Self::State(StateId::from_bytes(reader.take_fixed()?)),
            _ => return reader.fault(Fault::UnsupportedFormat, start),
        })
    }
}

impl RefChange {
    /// Sets, moves or removes the ref `name`; none stands for no such ref.
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfRange`] if both places are the same (LED-2).
    pub fn new(
        name: Label,
        from: Option<SnapshotId>,
        to: Option<SnapshotId>,
    ) -> Result<Self, Error> {
        let change = Self { name, from, to };
        change.check_moves()?;
        Ok(change)
    }

    /// The ref.
    pub const fn name(&self) -> &Label {
        &self.name
    }

    /// Where it was.
    pub const fn from(&self) -> Option<SnapshotId> {
        self.from
    }

    /// Where it is.
    pub const fn to(&self) -> Option<SnapshotId> {
        self.to
    }

    fn check_moves(&self) -> Result<(), Error> {
        if self.from == self.to { Err(Error::malformed(Fault::OutOfRange)) } else { Ok(()) }
    }
}

impl Canonical for LedgerEntry {
    const BYTES_MAX: u32 = ENTRY_BYTES_MAX;

    fn put(&self, out: &mut Vec<u8>) {
        self.put_before_operation(out);
        self.operation.put(out);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.take_format()?;
        Ok(Self {
            number: reader.take_u64()?,
            time_ms: reader.take_i64()?,
            agent: Id16::from_bytes(reader.take_fixed()?),
            request: Id16::from_bytes(reader.take_fixed()?),
            operation: Operation::take(reader)?,
        })
    }

    fn check_whole(&self) -> Result<(), Error> {
        if let Operation::RefMoved(change) = &self.operation {
            change.check_moves()
        } else {
            Ok(())
        }
    }
}

fn put_place(out: &mut Vec<u8>, place: Option<SnapshotId>) {
    put_option(out, place, |out, id| put_fixed(out, id.as_bytes()));
}

fn take_place(reader: &mut Reader<'_>) -> Result<Option<SnapshotId>, Error> {
    Ok(reader.take_option(Reader::take_fixed)?.map(SnapshotId::from_bytes))
}

const OPERATIONS: [(u8, &str); 8] = [
    (WORKSPACE_CREATED, "workspace created"),
    (GRANTED, "grant"),
    (REVOKED, "revoke"),
    (SNAPSHOT_COMMITTED, "snapshot committed"),
    (REF_MOVED, "ref moved"),
    (KEY_ROTATED, "key rotated"),
    (KEY_REVOKED, "key revoked"),
    (STATE, "state"),
];
const WORKSPACE_CREATED: u8 = 1;
const GRANTED: u8 = 2;
const REVOKED: u8 = 3;
const SNAPSHOT_COMMITTED: u8 = 5;
const REF_MOVED: u8 = 6;
const KEY_ROTATED: u8 = 15;
const KEY_REVOKED: u8 = 16;
const STATE: u8 = 17;
