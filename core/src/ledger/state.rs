//! What the entries of a workspace add up to (APPLY-1 to APPLY-9, STATE-1 to STATE-3).

use alloc::{collections::BTreeMap, vec::Vec};

use super::{
    advance::{Counts, StatePoint},
    entry::{LedgerEntry, Operation, RefChange, RefMove},
    genesis::Genesis,
    key_change::{KeyRevocation, KeyRotation},
    state_object::StateObject,
};
use crate::{
    access::{Grant, Grants, Role, Scope},
    codec::{Canonical, Reader, put_byte, put_u64},
    error::{Error, Fault},
    id::{Id16, MapId, PublicKey, SnapshotId, StateId, WorkspaceId},
    map::{BuiltMap, Entry, MapKind, Page, build, empty_map_id},
    tree::Label,
};

/// All that a workspace holds now; it changes by entries only.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct State {
    workspace: Option<WorkspaceId>,
    entries: u64,
    refs: BTreeMap<Label, SnapshotId>,
    snapshots: BTreeMap<SnapshotId, u64>,
    snapshot_count: u64,
    grants: Grants,
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

impl KeyStatus {
    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let start = reader.at();
        let number = reader.take_byte()?;
        let found = Self::ALL.into_iter().find(|status| *status as u8 == number);
        found.map_or_else(|| reader.fault(Fault::UnsupportedFormat, start), Ok)
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
    /// As APPLY-1 to APPLY-9 say; then nothing has changed.
    pub fn apply(&mut self, entry: &LedgerEntry) -> Result<(), Error> {
        self.apply_with(entry, Self::id)
    }

    /// As [`Self::apply`], where `id_of` gives the id of the state before a `state` entry.
    pub(super) fn apply_with(
        &mut self,
        entry: &LedgerEntry,
        id_of: impl FnOnce(&Self) -> Result<StateId, Error>,
    ) -> Result<(), Error> {
        if entry.number != self.entries {
            return Err(Error::WrongNumber { expected: self.entries, found: entry.number });
        }
        let is_genesis = matches!(entry.operation, Operation::WorkspaceCreated(_));
        if is_genesis != (self.entries == 0) {
            return Err(Error::NotGenesis);
        }
        entry.operation.check_permitted(&self.grants, entry.agent)?;
        match &entry.operation {
            Operation::WorkspaceCreated(genesis) => self.create(genesis, entry.agent),
            Operation::Granted { agent, role, scope } => {
                self.change_grant(entry, (*agent, scope), Some(*role))?;
            }
            Operation::Revoked { agent, scope } => {
                self.change_grant(entry, (*agent, scope), None)?;
            }
            Operation::SnapshotCommitted { snapshot, moves } => {
                self.commit(*snapshot, moves.as_ref())?;
            }
            Operation::RefMoved(change) => self.move_ref(change)?,
            Operation::KeyRotated(rotation) => self.rotate(rotation)?,
            Operation::KeyRevoked(revocation) => self.revoke(*revocation)?,
            Operation::State(id) => check_same(*id, id_of(self)?)?,
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

    /// Who may do what.
    pub const fn grants(&self) -> &Grants {
        &self.grants
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
        let build = |map: StateMap| Ok((map.tag, map.kind, build(map.kind, map.entries)?));
        commit_to(self.maps().into_iter().map(build).collect::<Result<_, Error>>()?)
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
    fn create(&mut self, genesis: &Genesis, founder: Id16) {
        self.workspace = Some(genesis.id());
        self.grants = Grants::new(founder);
        self.keys.insert(genesis.first_key, KeyStatus::Active);
    }

    /// APPLY-9.
    fn change_grant(
        &mut self,
        entry: &LedgerEntry,
        of: (Id16, &Scope),
        role: Option<Role>,
    ) -> Result<(), Error> {
        self.grants.change(of, role, (entry.agent, entry.number))
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
        self.snapshots.insert(snapshot, self.snapshot_count);
        // Counted one by one, as entries are.
        self.snapshot_count += 1;
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

    fn check_ref(&self, name: &Label, from: Option<SnapshotId>) -> Result<(), Error> {
        let found = self.refs.get(name).copied();
        if found == from { Ok(()) } else { Err(Error::RefConflict { found }) }
    }

    /// What is known of a state after `entries` entries: more is added by [`Self::know`].
    pub(super) fn partial(from: &StatePoint, counts: &Counts) -> Self {
        let mut grants = Grants::new(from.founder);
        if counts.grants > 0 {
            grants.govern();
        }
        Self {
            workspace: Some(from.workspace),
            entries: from.entries,
            snapshot_count: counts.snapshots,
            grants,
            ..Self::default()
        }
    }

    /// Adds an entry of one of the maps of the state.
    pub(super) fn know(&mut self, kind: MapKind, entry: &Entry) -> Result<(), Error> {
        let (mut key, mut value) = (Reader::new(&entry.key), Reader::new(&entry.value));
        match kind {
            MapKind::Refs => {
                let name = Label::from_bytes(&entry.key)?;
                self.refs.insert(name, SnapshotId::from_bytes(value.take_fixed()?));
            }
            MapKind::Grants => self.grants.know(&entry.key, &entry.value)?,
            MapKind::Snapshots => {
                self.snapshots.insert(SnapshotId::from_bytes(key.take_fixed()?), value.take_u64()?);
            }
            MapKind::Keys => {
                let status = KeyStatus::take(&mut value)?;
                self.keys.insert(PublicKey::from_bytes(key.take_fixed()?), status);
            }
            // No map of a state.
            MapKind::Directory | MapKind::Attributes | MapKind::State => {}
        }
        Ok(())
    }

    /// The maps of the state, in order of tags, the empty ones too.
    pub(super) fn maps(&self) -> Vec<StateMap> {
        Vec::from([
            StateMap { tag: REFS_TAG, kind: MapKind::Refs, entries: self.ref_entries() },
            StateMap {
                tag: SNAPSHOTS_TAG,
                kind: MapKind::Snapshots,
                entries: self.snapshot_entries(),
            },
            StateMap { tag: GRANTS_TAG, kind: MapKind::Grants, entries: self.grant_entries() },
            StateMap { tag: KEYS_TAG, kind: MapKind::Keys, entries: self.key_entries() },
        ])
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

    fn grant_entries(&self) -> Vec<Entry> {
        let entry =
            |(key, grant): (&Vec<u8>, &Grant)| Entry { key: key.clone(), value: grant.encode() };
        self.grants.entries().map(entry).collect()
    }

    fn key_entries(&self) -> Vec<Entry> {
        let entry = |(key, status): (&PublicKey, &KeyStatus)| Entry {
            key: key.as_bytes().to_vec(),
            value: one_byte(*status as u8),
        };
        self.keys.iter().map(entry).collect()
    }
}

/// One map of a state: all its entries, in ascending order of their keys.
pub(super) struct StateMap {
    pub(super) tag: u8,
    pub(super) kind: MapKind,
    pub(super) entries: Vec<Entry>,
}

/// Makes the state map and the state object of these maps, in order of tags (STATE-1, STATE-2).
pub(super) fn commit_to(mut maps: Vec<(u8, MapKind, BuiltMap)>) -> Result<BuiltState, Error> {
    maps.retain(|(_, kind, map)| map.root != empty_map_id(*kind));
    let tags = maps
        .iter()
        .map(|(tag, _, map)| Entry { key: one_byte(*tag), value: map.root.as_bytes().to_vec() });
    let state_map = build(MapKind::State, tags.collect())?;
    let object = StateObject { maps: state_map.root };
    let mut pages = state_map.pages;
    pages.extend(maps.into_iter().flat_map(|(_, _, map)| map.pages));
    Ok(BuiltState { id: object.id(), object, pages })
}

/// APPLY-5.
fn check_same(stated: StateId, found: StateId) -> Result<(), Error> {
    if stated == found { Ok(()) } else { Err(Error::WrongState { found }) }
}

fn one_byte(byte: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_byte(&mut bytes, byte);
    bytes
}

/// The maps of a state, in order of their tags.
pub(super) const MAPS: [(u8, MapKind); 4] = [
    (REFS_TAG, MapKind::Refs),
    (SNAPSHOTS_TAG, MapKind::Snapshots),
    (GRANTS_TAG, MapKind::Grants),
    (KEYS_TAG, MapKind::Keys),
];
const REFS_TAG: u8 = 1;
const SNAPSHOTS_TAG: u8 = 2;
const GRANTS_TAG: u8 = 6;
const KEYS_TAG: u8 = 9;
