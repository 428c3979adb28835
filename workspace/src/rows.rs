//! The derived rows of a workspace: what its ledger says, kept for quick answers.
//!
//! All of them follow from the entries and the snapshots that these name, by [`changes_of`] alone:
//! the commit writes them in one batch with the entry, and the check makes them anew.

use bytes::Bytes;
use markerbed_core::{
    Error, Id16, NodeId, SnapshotId,
    access::{Grant, Scope},
    codec::{Canonical, Reader, put_fixed, put_format, put_u64},
    id::PublicKey,
    ledger::{CompactRange, KeyStatus, LedgerEntry, Operation, leaf_hash},
    limits::OBJECT_BYTES_MAX,
    tree::{Label, Snapshot},
};

use markerbed_storage::RowChange;

/// What every key of a derived row begins with; rows of others begin otherwise.
pub const PREFIX: &[u8] = b"ledger/";

/// What the keys of kept checkpoints begin with: no entry makes them.
pub const CHECKPOINTS: &[u8] = b"checkpoint/";

/// The checkpoint of so many entries.
pub fn checkpoint_key(size: u64) -> Bytes {
    [CHECKPOINTS, &size.to_be_bytes()].concat().into()
}

/// Tells whether a row says what a snapshot holds: its source, its root.
pub fn is_of_what_a_snapshot_holds(row_key: &[u8]) -> bool {
    let kind = row_key.strip_prefix(PREFIX).unwrap_or_default();
    kind.starts_with(SOURCE) || kind.starts_with(ROOT)
}

/// The key of the row that says how long the ledger is.
pub fn tip_key() -> Bytes {
    key(b"tip", &[])
}

/// Where a ref is.
pub fn ref_key(name: &Label) -> Bytes {
    key(REF, name.as_str().as_bytes())
}

/// What the keys of all refs begin with.
pub fn refs_prefix() -> Bytes {
    key(REF, &[])
}

/// The name of the ref that a key is of.
pub fn ref_name(row_key: &[u8]) -> Option<Label> {
    let name = row_key.strip_prefix(PREFIX)?.strip_prefix(REF)?;
    Label::new(str::from_utf8(name).ok()?).ok()
}

/// When a snapshot was recorded.
pub fn snapshot_key(id: &SnapshotId) -> Bytes {
    key(SNAPSHOT, id.as_bytes())
}

/// What the keys of snapshots whose ids begin with `digits` begin with.
pub fn snapshots_prefix(bytes: &[u8]) -> Bytes {
    key(SNAPSHOT, bytes)
}

/// The id of the snapshot that a key is of.
pub fn snapshot_of_key(row_key: &[u8]) -> Option<SnapshotId> {
    Some(SnapshotId::from_bytes(id_of_key(row_key, SNAPSHOT)?))
}

/// Which snapshot was recorded after so many others.
pub fn ordinal_key(ordinal: u64) -> Bytes {
    key(b"ordinal/", &ordinal.to_be_bytes())
}

/// The newest snapshot of a source.
pub fn source_key(label: &Label) -> Bytes {
    key(SOURCE, label.as_str().as_bytes())
}

/// The newest snapshot with a root.
pub fn root_key(root: &NodeId) -> Bytes {
    key(ROOT, root.as_bytes())
}

/// What the keys of roots whose ids begin so begin with.
pub fn roots_prefix(bytes: &[u8]) -> Bytes {
    key(ROOT, bytes)
}

/// The root that a key is of.
pub fn root_of_key(row_key: &[u8]) -> Option<NodeId> {
    Some(NodeId::from_bytes(id_of_key(row_key, ROOT)?))
}

/// What an agent may do in a scope.
pub fn grant_key(agent: Id16, scope: &Scope) -> Bytes {
    [PREFIX, GRANT, agent.as_bytes(), scope.path().as_bytes()].concat().into()
}

/// What the keys of all grants begin with; with an agent, of those of that agent.
pub fn grants_prefix(agent: Option<Id16>) -> Bytes {
    key(GRANT, agent.as_ref().map(Id16::as_bytes).map_or(&[], |agent| agent.as_slice()))
}

/// The key in the map of grants of the grant that a row is of.
pub fn grant_of_key(row_key: &[u8]) -> Option<&[u8]> {
    row_key.strip_prefix(PREFIX)?.strip_prefix(GRANT)
}

/// How long the ledger is, and what its next entry builds on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tip {
    /// All entries as leaves of the log.
    pub log: CompactRange,
    /// How many snapshots were recorded.
    pub snapshots: u64,
}

/// A snapshot, and the entry that says so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mark {
    /// Its id.
    pub snapshot: SnapshotId,
    /// The entry's number.
    pub number: u64,
}

/// When a snapshot was recorded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Recorded {
    /// How many snapshots were recorded before it.
    pub ordinal: u64,
    /// The number of the entry that did it.
    pub number: u64,
}

/// Takes the next entry into `tip` and says how the rows change.
///
/// `snapshot` is the one that the entry commits; without it, the rows made from what it holds
/// (its source, its root) are left out.
pub fn changes_of(
    entry: &LedgerEntry,
    bytes: &[u8],
    snapshot: Option<&Snapshot>,
    tip: &mut Tip,
) -> Vec<RowChange> {
    let number = entry.number;
    let mut changes = Vec::new();
    match &entry.operation {
        Operation::WorkspaceCreated(genesis) => {
            changes.push(key_row(&genesis.first_key, KeyStatus::Active));
        }
        Operation::KeyRotated(rotation) => {
            changes.push(key_row(&rotation.old, KeyStatus::RotatedOut));
            changes.push(key_row(&rotation.new, KeyStatus::Active));
        }
        Operation::KeyRevoked(revocation) => {
            changes.push(key_row(&revocation.key, KeyStatus::Revoked));
        }
        Operation::SnapshotCommitted { snapshot: id, moves } => {
            let mark = encoded(&Mark { snapshot: *id, number });
            let ordinal = tip.snapshots;
            changes.push(put(snapshot_key(id), encoded(&Recorded { ordinal, number })));
            changes.push(put(ordinal_key(ordinal), mark.clone()));
            if let Some(moves) = moves {
                changes.push(put(ref_key(&moves.name), mark.clone()));
            }
            if let Some(snapshot) = snapshot {
                changes.push(put(source_key(&snapshot.source_label), mark.clone()));
                changes.push(put(root_key(&snapshot.root), mark));
            }
            tip.snapshots += 1;
        }
        Operation::RefMoved(change) => changes.push(RowChange {
            key: ref_key(change.name()),
            value: change.to().map(|snapshot| encoded(&Mark { snapshot, number })),
        }),
        Operation::Granted { agent, role, scope } => {
            let grant = Grant { role: Some(*role), by: entry.agent, since: number };
            changes.push(put(grant_key(*agent, scope), encoded(&grant)));
        }
        Operation::Revoked { agent, scope } => {
            let grant = Grant { role: None, by: entry.agent, since: number };
            changes.push(put(grant_key(*agent, scope), encoded(&grant)));
        }
        // A state says what other entries have made; so may operations of later versions.
        _ => {}
    }
    tip.log.append(leaf_hash(bytes));
    changes.push(put(tip_key(), encoded(tip)));
    changes
}

/// The value of a row.
pub fn encoded(value: &impl Canonical) -> Bytes {
    value.encode().into()
}

impl Canonical for Tip {
    const BYTES_MAX: u32 = OBJECT_BYTES_MAX;

    fn put(&self, out: &mut Vec<u8>) {
        put_format(out);
        put_u64(out, self.log.leaves());
        self.log.roots().iter().for_each(|root| put_fixed(out, root.as_bytes()));
        put_u64(out, self.snapshots);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.take_format()?;
        let leaves = reader.take_u64()?;
        let roots = (0..leaves.count_ones())
            .map(|_| reader.take_fixed())
            .collect::<Result<Vec<_>, Error>>()?;
        Ok(Self {
            log: CompactRange::from_roots(
                leaves,
                roots.into_iter().map(markerbed_core::Sha256Digest::from_bytes).collect(),
            )?,
            snapshots: reader.take_u64()?,
        })
    }
}

impl Canonical for Mark {
    const BYTES_MAX: u32 = OBJECT_BYTES_MAX;

    fn put(&self, out: &mut Vec<u8>) {
        put_fixed(out, self.snapshot.as_bytes());
        put_u64(out, self.number);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let snapshot = SnapshotId::from_bytes(reader.take_fixed()?);
        Ok(Self { snapshot, number: reader.take_u64()? })
    }
}

impl Canonical for Recorded {
    const BYTES_MAX: u32 = OBJECT_BYTES_MAX;

    fn put(&self, out: &mut Vec<u8>) {
        put_u64(out, self.ordinal);
        put_u64(out, self.number);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self { ordinal: reader.take_u64()?, number: reader.take_u64()? })
    }
}

/// What the keys of rows about the workspace's signing keys begin with.
pub fn signing_keys_prefix() -> Bytes {
    key(SIGNING_KEY, &[])
}

/// The signing key that a row is of, and its status.
pub fn signing_key(row_key: &[u8], value: &[u8]) -> Option<(PublicKey, KeyStatus)> {
    let public = PublicKey::from_bytes(id_of_key(row_key, SIGNING_KEY)?);
    let [number] = value else { return None };
    let status = KeyStatus::ALL.into_iter().find(|status| *status as u8 == *number)?;
    Some((public, status))
}

fn key_row(public: &PublicKey, status: KeyStatus) -> RowChange {
    put(key(SIGNING_KEY, public.as_bytes()), vec![status as u8].into())
}

fn key(kind: &[u8], rest: &[u8]) -> Bytes {
    [PREFIX, kind, rest].concat().into()
}

fn id_of_key(row_key: &[u8], kind: &[u8]) -> Option<[u8; 32]> {
    row_key.strip_prefix(PREFIX)?.strip_prefix(kind)?.try_into().ok()
}

fn put(key: Bytes, value: Bytes) -> RowChange {
    RowChange { key, value: Some(value) }
}

const REF: &[u8] = b"ref/";
const SIGNING_KEY: &[u8] = b"key/";
const SNAPSHOT: &[u8] = b"snapshot/";
const SOURCE: &[u8] = b"source/";
const GRANT: &[u8] = b"grant/";
const ROOT: &[u8] = b"root/";
