//! The state after more entries, by reading only what they touch (STATE-4).

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::{
    entry::{LedgerEntry, Operation},
    state::{BuiltState, MAPS, State, commit_to},
};
use crate::{
    codec::Reader,
    error::Error,
    id::{Id16, MapId, StateId, WorkspaceId},
    map::{Change, Entry, MapKind, OldMap, range},
    step::{Io, join_all},
    tree::Label,
};

/// A state whose maps are stored, and where in the ledger it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StatePoint {
    /// Whose state it is.
    pub workspace: WorkspaceId,
    /// The agent of its entry 0.
    pub founder: Id16,
    /// The state after that many entries.
    pub id: StateId,
    /// How many entries came before: the number of the one that says so, or of the next.
    pub entries: u64,
}

/// Makes the state that a replay from nothing would make, from a stored one and the entries since.
///
/// `entries` begin with number `from.entries`. The pages given back are those of the new maps that
/// were not read from the old ones. What `from` says is taken for true: who doubts it replays.
///
/// # Errors
///
/// The first entry that does not follow, as [`State::apply`]; [`Error::MissingObject`], or what is
/// wrong with a page in its place.
pub async fn advance(
    io: &Io,
    from: StatePoint,
    entries: Vec<LedgerEntry>,
) -> Result<BuiltState, Error> {
    let mut maps = open(io, from.id).await?;
    let before = load(io, &mut maps, from, &entries).await?;
    let mut state = before.clone();
    for entry in &entries {
        let stated = match entry.operation {
            Operation::State(_) => Some(build(io, &mut maps, &before, &state).await?.id),
            _ => None,
        };
        state.apply_with(entry, |state| stated.map_or_else(|| state.id(), Ok))?;
    }
    build(io, &mut maps, &before, &state).await
}

/// The maps of a state by their tags, the empty ones too.
type OldMaps = BTreeMap<u8, OldMap>;

async fn open(io: &Io, id: StateId) -> Result<OldMaps, Error> {
    let object = io.fetch(id.into()).await?;
    let state = object.as_state().ok_or(Error::AnswersOutOfOrder)?;
    let tags = range(io, state.maps, MapKind::State, &[], MAPS.len() as u64).await?;
    let map_of = |(tag, kind): (u8, MapKind)| {
        let entry = tags.iter().find(|entry| entry.key == [tag]);
        let root = entry.map(|entry| map_id_of(&entry.value)).transpose()?;
        Ok((tag, root.map_or_else(|| OldMap::empty(kind), |root| Ok(OldMap::new(kind, root)))?))
    };
    MAPS.into_iter().map(map_of).collect()
}

fn map_id_of(value: &[u8]) -> Result<MapId, Error> {
    Ok(MapId::from_bytes(Reader::new(value).take_fixed()?))
}

/// Reads what the entries need to be applied.
async fn load(
    io: &Io,
    maps: &mut OldMaps,
    from: StatePoint,
    entries: &[LedgerEntry],
) -> Result<State, Error> {
    let needs = Needs::of(entries);
    let reads = maps.values_mut().map(|map| async {
        let count = match map.kind() {
            MapKind::Snapshots | MapKind::Grants => map.entries(io).await?,
            _ => 0,
        };
        let found = match map.kind() {
            MapKind::Refs => map.look_up(io, &needs.refs).await?,
            MapKind::Snapshots => map.look_up(io, &needs.snapshots).await?,
            MapKind::Grants => map.below_each(io, &needs.agents).await?,
            // Few, and what may be done with one depends on the others.
            _ => map.below(io, &[]).await?,
        };
        Ok((map.kind(), count, found))
    });
    let read: Vec<(MapKind, u64, Vec<Entry>)> =
        join_all(reads).await.into_iter().collect::<Result<_, Error>>()?;
    let count_of =
        |wanted| read.iter().filter(|(kind, ..)| *kind == wanted).map(|(_, count, _)| count).sum();
    let counts =
        Counts { snapshots: count_of(MapKind::Snapshots), grants: count_of(MapKind::Grants) };
    let mut state = State::partial(&from, &counts);
    for (kind, _, found) in read {
        found.iter().try_for_each(|entry| state.know(kind, entry))?;
    }
    Ok(state)
}

/// How many entries maps have of which not all are known.
pub(super) struct Counts {
    pub(super) snapshots: u64,
    pub(super) grants: u64,
}

/// The keys that some entries are about.
#[derive(Default)]
struct Needs {
    agents: BTreeSet<Vec<u8>>,
    refs: BTreeSet<Vec<u8>>,
    snapshots: BTreeSet<Vec<u8>>,
}

impl Needs {
    fn of(entries: &[LedgerEntry]) -> Self {
        let mut needs = Self::default();
        for entry in entries {
            needs.agents.insert(entry.agent.as_bytes().to_vec());
            match &entry.operation {
                Operation::Granted { agent, .. } | Operation::Revoked { agent, .. } => {
                    needs.agents.insert(agent.as_bytes().to_vec());
                }
                Operation::SnapshotCommitted { snapshot, moves } => {
                    needs.snapshots.insert(snapshot.as_bytes().to_vec());
                    needs.refs.extend(moves.iter().map(|moves| key_of(&moves.name)));
                }
                Operation::RefMoved(change) => {
                    needs.refs.insert(key_of(change.name()));
                    needs.snapshots.extend(change.to().map(|to| to.as_bytes().to_vec()));
                }
                // Keys are all known.
                _ => {}
            }
        }
        needs
    }
}

fn key_of(name: &Label) -> Vec<u8> {
    name.as_str().as_bytes().to_vec()
}

/// Changes the maps by what differs between two states of which the same keys are known.
async fn build(
    io: &Io,
    maps: &mut OldMaps,
    before: &State,
    after: &State,
) -> Result<BuiltState, Error> {
    let mut changes: BTreeMap<u8, Vec<Change>> = before
        .maps()
        .into_iter()
        .zip(after.maps())
        .map(|(before, after)| (before.tag, difference(before.entries, after.entries)))
        .collect();
    let updates = maps.iter_mut().map(|(tag, map)| {
        let changes = changes.remove(tag).unwrap_or_default();
        async { Ok((*tag, map.kind(), map.update(io, changes).await?)) }
    });
    commit_to(join_all(updates).await.into_iter().collect::<Result<_, Error>>()?)
}

fn difference(before: Vec<Entry>, after: Vec<Entry>) -> Vec<Change> {
    let mut changes: BTreeMap<Vec<u8>, Option<Vec<u8>>> =
        before.iter().map(|entry| (entry.key.clone(), None)).collect();
    changes.extend(after.into_iter().map(|entry| (entry.key, Some(entry.value))));
    for entry in before {
        if changes.get(&entry.key).is_some_and(|value| value.as_ref() == Some(&entry.value)) {
            changes.remove(&entry.key);
        }
    }
    changes.into_iter().map(|(key, value)| Change { key, value }).collect()
}
