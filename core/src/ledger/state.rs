//! What the entries of a workspace add up to (APPLY-1 to APPLY-7, STATE-1 to STATE-3).

use alloc::{collections::BTreeMap, vec::Vec};

use super::{
    entry::{LedgerEntry, Operation, RefChange, RefMove},
    genesis::Genesis,
    key_change::{KeyRevocation, KeyRotation},
    state_object::StateObject,
};
use crate::{
    codec::{put_byte, put_u64},
    error::Error,
    id::{MapId, PublicKey, SnapshotId, StateId, WorkspaceId},
    map::{BuiltMap, Entry, MapKind, Page, build},
    tree::Label,
};

/// All that a workspace holds now; it changes by entries only.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct State {
    workspace: Option<WorkspaceId>,
    entries: u64,
    refs: BTreeMap<Label, SnapshotId>,
    snapshots: BTreeMap<SnapshotId, u64>,
    keys: BTreeMap<PublicKey, KeyStatus>,
}

/// What a key may do. The numbers are hashed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyStatus {
    /// It signs. A workspace has one such key at any time.
    Active = 1,
    /// Another key signs in its place; what it signed before stays.
    RotatedOut = 2,
    /// Nothing that it signed counts by itself.
    Revoked = 3,
}

impl KeyStatus {
    /// Every one, by number.
    pub const ALL: [Self; 3] = [Self::Active, Self::RotatedOut, Self::Revoked];

    /// The word for it, the same in every binding.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::RotatedOut => "rotated out",
            Self::Revoked => "revoked",
        }
    }
}

/// A state's commitment and the pages of its maps.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BuiltState {
    /// The id of `object`.
    pub id: StateId,
    /// What commits to the maps.
    pub object: StateObject,
    /// The state map in pre-order, then each map of it, in order of tags.
    pub pages: Vec<(MapId, Page)>,
}

impl State {
    /// The state before the first entry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies the next entry; it reads nothing else.
    ///
    /// # Errors
    ///
    /// As APPLY-1 to APPLY-7 say; then nothing has changed.
    pub fn apply(&mut self, entry: &LedgerEntry) -> Result<(), Error> {
        if entry.number != self.entries {
            return Err(Error::WrongNumber { expected: self.entries, found: entry.number });
        }
        let is_genesis = matches!(entry.operation, Operation::WorkspaceCreated(_));
        if is_genesis != (self.entries == 0) {
            return Err(Error::NotGenesis);
        }
        match &entry.operation {
            Operation::WorkspaceCreated(genesis) => self.create(genesis),
            Operation::SnapshotCommitted { snapshot, moves } => {
                self.commit(*snapshot, moves.as_ref())?;
            }
            Operation::RefMoved(change) => self.move_ref(change)?,
            Operation::KeyRotated(rotation) => self.rotate(rotation)?,
            Operation::KeyRevoked(revocation) => self.revoke(*revocation)?,
            Operation::State(id) => self.check_state(*id)?,
        }
        // Each entry was applied one by one, so their number cannot reach 2⁶⁴.
        self.entries += 1;
        Ok(())
    }

    /// Whose state it is; none before the first entry.
    pub const fn workspace(&self) -> Option<WorkspaceId> {
        self.workspace
    }

    /// How many entries were applied: the number of the next one.
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// The refs and where they are, in bytewise order of their names.
    pub const fn refs(&self) -> &BTreeMap<Label, SnapshotId> {
        &self.refs
    }

    /// The committed snapshots, each with how many were committed before it.
    pub const fn snapshots(&self) -> &BTreeMap<SnapshotId, u64> {
        &self.snapshots
    }

    /// The keys of the workspace.
    pub const fn keys(&self) -> &BTreeMap<PublicKey, KeyStatus> {
        &self.keys
    }

    /// Builds the maps and the object that commits to them (STATE-1, STATE-2).
    ///
    /// # Errors
    ///
    /// As [`build`], for a state larger than a map.
    pub fn build(&self) -> Result<BuiltState, Error> {
        let maps = [
            (REFS_TAG, build(MapKind::Refs, self.ref_entries())?),
            (SNAPSHOTS_TAG, build(MapKind::Snapshots, self.snapshot_entries())?),
            (KEYS_TAG, build(MapKind::Keys, self.key_entries())?),
        ];
        let is_not_empty = |map: &BuiltMap| map.pages.iter().any(|(_, page)| page.entries() > 0);
        let maps: Vec<_> = maps.into_iter().filter(|(_, map)| is_not_empty(map)).collect();
        let tags = maps
            .iter()
            .map(|(tag, map)| Entry { key: one_byte(*tag), value: map.root.as_bytes().to_vec() });
        let state_map = build(MapKind::State, tags.collect())?;
        let object = StateObject { maps: state_map.root };
        let mut pages = state_map.pages;
        pages.extend(maps.into_iter().flat_map(|(_, map)| map.pages));
        Ok(BuiltState { id: object.id(), object, pages })
    }

    /// The id of the state (STATE-2).
    ///
    /// # Errors
    ///
    /// As [`Self::build`].
    pub fn id(&self) -> Result<StateId, Error> {
        Ok(self.build()?.id)
    }

    /// APPLY-2.
    fn create(&mut self, genesis: &Genesis) {
        self.workspace = Some(genesis.id());
        self.keys.insert(genesis.first_key, KeyStatus::Active);
    }

    /// APPLY-3.
    fn commit(&mut self, snapshot: SnapshotId, moves: Option<&RefMove>) -> Result<(), Error> {
        if self.snapshots.contains_key(&snapshot) {
            return Err(Error::AlreadyRecorded { id: snapshot });
        }
        if let Some(RefMove { name, from }) = moves {
            self.check_ref(name, *from)?;
            self.refs.insert(name.clone(), snapshot);
        }
        let ordinal = self.snapshots.len() as u64;
        self.snapshots.insert(snapshot, ordinal);
        Ok(())
    }

    /// APPLY-4.
    fn move_ref(&mut self, change: &RefChange) -> Result<(), Error> {
        if let Some(id) = change.to().filter(|to| !self.snapshots.contains_key(to)) {
            return Err(Error::UnknownSnapshot { id });
        }
        self.check_ref(change.name(), change.from())?;
        match change.to() {
            Some(to) => self.refs.insert(change.name().clone(), to),
            None => self.refs.remove(change.name()),
        };
        Ok(())
    }

    /// APPLY-6.
    fn rotate(&mut self, rotation: &KeyRotation) -> Result<(), Error> {
        let (old, new) = (rotation.old, rotation.new);
        match self.keys.get(&old) {
            None => return Err(Error::ForeignKey { key: old }),
            Some(KeyStatus::RotatedOut) => return Err(Error::RotatedKey { key: old }),
            Some(KeyStatus::Revoked) => return Err(Error::RevokedKey { key: old }),
            Some(KeyStatus::Active) => {}
        }
        if self.keys.contains_key(&new) {
            return Err(Error::KnownKey { key: new });
        }
        let workspace = self.workspace.ok_or(Error::NotGenesis)?;
        rotation.check(workspace, self.entries)?;
        self.keys.insert(old, KeyStatus::RotatedOut);
        self.keys.insert(new, KeyStatus::Active);
        Ok(())
    }

    /// APPLY-7.
    fn revoke(&mut self, KeyRevocation { key, .. }: KeyRevocation) -> Result<(), Error> {
        match self.keys.get(&key) {
            None => Err(Error::ForeignKey { key }),
            Some(KeyStatus::Revoked) => Err(Error::RevokedKey { key }),
            Some(KeyStatus::Active) => Err(Error::LastKey { key }),
            Some(KeyStatus::RotatedOut) => {
                self.keys.insert(key, KeyStatus::Revoked);
                Ok(())
            }
        }
    }

    /// APPLY-5.
    fn check_state(&self, id: StateId) -> Result<(), Error> {
        let found = self.id()?;
        if found == id { Ok(()) } else { Err(Error::WrongState { found }) }
    }

    fn check_ref(&self, name: &Label, from: Option<SnapshotId>) -> Result<(), Error> {
        let found = self.refs.get(name).copied();
        if found == from { Ok(()) } else { Err(Error::RefConflict { found }) }
    }

    fn ref_entries(&self) -> Vec<Entry> {
        let entry = |(name, id): (&Label, &SnapshotId)| Entry {
            key: name.as_str().as_bytes().to_vec(),
            value: id.as_bytes().to_vec(),
        };
        self.refs.iter().map(entry).collect()
    }

    fn snapshot_entries(&self) -> Vec<Entry> {
        let entry = |(id, ordinal): (&SnapshotId, &u64)| {
            let mut value = Vec::new();
            put_u64(&mut value, *ordinal);
            Entry { key: id.as_bytes().to_vec(), value }
        };
        self.snapshots.iter().map(entry).collect()
    }

    fn key_entries(&self) -> Vec<Entry> {
        let entry = |(key, status): (&PublicKey, &KeyStatus)| Entry {
            key: key.as_bytes().to_vec(),
            value: one_byte(*status as u8),
        };
        self.keys.iter().map(entry).collect()
    }
}

fn one_byte(byte: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_byte(&mut bytes, byte);
    bytes
}

const REFS_TAG: u8 = 1;
const SNAPSHOTS_TAG: u8 = 2;
const KEYS_TAG: u8 = 9;
