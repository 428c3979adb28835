//! The index of one pack in memory: where the newest state of each key in it is.

use std::{
    collections::{BTreeMap, hash_map::Entry},
    ops::Bound,
};

use foldhash::HashMap;
use markerbed_core::WorkspaceId;

use super::{
    batch::Lines,
    index_file::{Covered, Section},
    layout::Position,
    line::Line,
    record::{Header, Item, ItemKind, KeyClass, Packing},
    row_key::RowKey,
    sum::Seed,
};
use crate::store::RequestKey;

/// What was put into one pack, or into the part of it that no index file covers.
#[derive(Debug, Default)]
pub(super) struct PackIndex {
    frames: Vec<Frame>,
    items: HashMap<ItemKey, Held>,
    numbers: HashMap<WorkspaceId, u32>,
    workspaces: Vec<Workspace>,
    sequences: Option<(u64, u64)>,
}

/// What is kept of one workspace, but for its items. Places are offsets of lines in the pack.
#[derive(Debug)]
struct Workspace {
    id: WorkspaceId,
    rows: BTreeMap<RowKey, RowPlace>,
    entries: BTreeMap<u64, u32>,
    requests: HashMap<RequestKey, u64>,
    positions: HashMap<String, Subscriber>,
}

/// The newest change of a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct RowPlace {
    /// Where its line is.
    pub(super) line: u32,
    pub(super) is_deleted: bool,
}

#[derive(Clone, Copy, Debug)]
struct Subscriber {
    position: u64,
    line: u32,
}

/// A record's items, as far as reading them needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Frame {
    pub(super) record: Position,
    /// Where the items' bytes begin, in the pack.
    pub(super) payload: u64,
    pub(super) stored_bytes: u32,
    pub(super) raw_bytes: u32,
    pub(super) packing: Packing,
    /// The checksum of the stored bytes.
    pub(super) sum: u64,
}

impl Frame {
    pub(super) fn of(record: Position, header: &Header) -> Self {
        Self {
            record,
            payload: record.offset + header.head_bytes(),
            stored_bytes: header.stored_bytes,
            raw_bytes: header.raw_bytes,
            packing: header.packing,
            sum: header.payload_sum,
        }
    }
}

/// Where in its frame an item is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Place {
    pub(super) offset: u32,
    pub(super) length: u32,
    pub(super) sum: u32,
}

impl Place {
    pub(super) const fn of(item: &Item) -> Self {
        Self { offset: item.offset, length: item.length, sum: item.sum }
    }
}

/// An item with the frame that it is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) frame: Frame,
    pub(super) place: Place,
}

/// The state of an item in a pack.
#[derive(Clone, Copy, Debug)]
pub(super) enum ItemState {
    /// It is there.
    Stored(ItemKind, Found),
    /// It was a content, and was removed.
    Removed,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct ItemKey {
    workspace: u32,
    class: KeyClass,
    id: [u8; 32],
}

#[derive(Clone, Copy, Debug)]
enum Held {
    Stored { frame: u32, kind: ItemKind, place: Place },
    Removed { line: u32 },
}

impl PackIndex {
    /// The newest state of an item.
    pub(super) fn item(
        &self,
        workspace: WorkspaceId,
        class: KeyClass,
        id: [u8; 32],
    ) -> Option<ItemState> {
        let workspace = *self.numbers.get(&workspace)?;
        Some(match *self.items.get(&ItemKey { workspace, class, id })? {
            Held::Removed { .. } => ItemState::Removed,
            Held::Stored { frame, kind, place } => {
                let frame = *self.frames.get(frame as usize)?;
                ItemState::Stored(kind, Found { frame, place })
            }
        })
    }

    /// The newest change of a row.
    pub(super) fn row(&self, workspace: WorkspaceId, key: &[u8]) -> Option<RowPlace> {
        self.workspace(workspace)?.rows.get(key).copied()
    }

    /// The newest changes of the rows from `start` on whose keys begin with `prefix`, ascending.
    pub(super) fn rows<'a>(
        &'a self,
        workspace: WorkspaceId,
        start: Bound<&[u8]>,
        prefix: &'a [u8],
    ) -> impl Iterator<Item = (&'a [u8], RowPlace)> {
        let rows = self
            .workspace(workspace)
            .map(|workspace| workspace.rows.range::<[u8], _>((start, Bound::Unbounded)));
        let rows = rows.into_iter().flatten().map(|(key, place)| (key.bytes(), *place));
        rows.take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// The line of an entry.
    pub(super) fn entry(&self, workspace: WorkspaceId, number: u64) -> Option<u32> {
        self.workspace(workspace)?.entries.get(&number).copied()
    }

    /// The number of the entry that recorded a request.
    pub(super) fn request(&self, workspace: WorkspaceId, request: &RequestKey) -> Option<u64> {
        self.workspace(workspace)?.requests.get(request).copied()
    }

    /// How far a subscriber has read.
    pub(super) fn position(&self, workspace: WorkspaceId, subscriber: &str) -> Option<u64> {
        self.workspace(workspace)?.positions.get(subscriber).map(|found| found.position)
    }

    /// Takes in a record of items.
    pub(super) fn put_items(&mut self, workspace: WorkspaceId, frame: Frame, items: &[Item]) {
        let workspace = self.number_of(workspace);
        let record = frame.record.offset;
        self.frames.push(frame);
        let frame = self.frames.len() as u32 - 1;
        for item in items {
            let key = ItemKey { workspace, class: item.kind.class(), id: item.id };
            let held = Held::Stored { frame, kind: item.kind, place: Place::of(item) };
            self.put_state(key, record, held);
        }
    }

    /// Takes in batch `sequence`, whose payload begins at `payload` in the pack.
    pub(super) fn put_batch(
        &mut self,
        workspace: WorkspaceId,
        sequence: u64,
        payload: u64,
        lines: Lines<'_>,
    ) {
        let first = self.sequences.map_or(sequence, |(first, _)| first);
        self.sequences = Some((first, sequence));
        let number = self.number_of(workspace);
        for (at, stored) in lines {
            let line = (payload + u64::from(at)) as u32;
            if let Line::Removed { id } = stored.line {
                let (class, id) = (KeyClass::CONTENT, *id.as_bytes());
                let key = ItemKey { workspace: number, class, id };
                self.put_state(key, u64::from(line), Held::Removed { line });
            } else if let Some(workspace) = self.workspaces.get_mut(number as usize) {
                workspace.put(stored.line, line);
            }
        }
    }

    /// How many items there are, removed ones too.
    pub(super) fn item_count(&self) -> usize {
        self.items.len()
    }

    /// What an index file says of this, where it covers the pack `pack` up to `end`.
    pub(super) fn sections(&self, pack: u32, end: u64, seed: Seed) -> (Covered, Vec<Section>) {
        let (first_sequence, last_sequence) = self.sequences.unwrap_or_default();
        let covered = Covered { pack, end, first_sequence, last_sequence };
        let mut sections: Vec<_> =
            self.workspaces.iter().map(|workspace| workspace.section(seed)).collect();
        for (key, held) in &self.items {
            if let Some(section) = sections.get_mut(key.workspace as usize) {
                section
                    .keys
                    .push((seed.hash(key.class, &key.id), offset_of(&self.frames, *held) as u32));
            }
        }
        (covered, sections)
    }

    /// Notes the state of an item that was written at `offset`, unless a newer one is known:
    /// writers may come here in another order than to the pack.
    fn put_state(&mut self, key: ItemKey, offset: u64, held: Held) {
        match self.items.entry(key) {
            Entry::Vacant(place) => drop(place.insert(held)),
            Entry::Occupied(mut known) => {
                if offset_of(&self.frames, *known.get()) <= offset {
                    known.insert(held);
                }
            }
        }
    }

    fn workspace(&self, workspace: WorkspaceId) -> Option<&Workspace> {
        self.workspaces.get(*self.numbers.get(&workspace)? as usize)
    }

    /// The short number of a workspace, from now on.
    fn number_of(&mut self, id: WorkspaceId) -> u32 {
        let workspaces = &mut self.workspaces;
        *self.numbers.entry(id).or_insert_with(|| {
            workspaces.push(Workspace::new(id));
            workspaces.len() as u32 - 1
        })
    }
}

impl Workspace {
    fn new(id: WorkspaceId) -> Self {
        let (rows, entries) = (BTreeMap::new(), BTreeMap::new());
        Self { id, rows, entries, requests: HashMap::default(), positions: HashMap::default() }
    }

    fn put(&mut self, change: Line<'_>, line: u32) {
        match change {
            Line::Entry { number, request, .. } => {
                self.requests.insert(request, number);
                self.entries.insert(number, line);
            }
            Line::PutRow { key, .. } => self.put_row(key, RowPlace { line, is_deleted: false }),
            Line::DeleteRow { key } => self.put_row(key, RowPlace { line, is_deleted: true }),
            Line::Position { subscriber, position } => {
                self.positions.insert(subscriber.to_owned(), Subscriber { position, line });
            }
            Line::Removed { .. } => {}
        }
    }

    fn put_row(&mut self, key: &[u8], place: RowPlace) {
        self.rows.insert(RowKey::new(key), place);
    }

    fn section(&self, seed: Seed) -> Section {
        let mut keys = Vec::with_capacity(self.rows.len() + 2 * self.entries.len());
        keys.extend(
            self.rows.iter().map(|(key, row)| (seed.hash(KeyClass::ROW, key.bytes()), row.line)),
        );
        for (number, line) in &self.entries {
            keys.push((entry_hash(seed, *number), *line));
        }
        for (request, number) in &self.requests {
            if let Some(line) = self.entries.get(number) {
                keys.push((request_hash(seed, request), *line));
            }
        }
        for (subscriber, found) in &self.positions {
            keys.push((seed.hash(KeyClass::SUBSCRIBER, subscriber.as_bytes()), found.line));
        }
        let first = self.entries.first_key_value().map_or(0, |(number, _)| *number);
        let end = self.entries.last_key_value().map_or(0, |(number, _)| number.saturating_add(1));
        let rows = self.rows.values().map(|row| row.line).collect();
        Section { workspace: self.id, entries: first..end, keys, rows }
    }
}

/// Where the record or line is that made this state.
fn offset_of(frames: &[Frame], held: Held) -> u64 {
    match held {
        Held::Removed { line } => u64::from(line),
        Held::Stored { frame, .. } => {
            frames.get(frame as usize).map_or(0, |frame| frame.record.offset)
        }
    }
}

/// What an entry's number is looked up by.
pub(super) fn entry_hash(seed: Seed, number: u64) -> u64 {
    seed.hash(KeyClass::ENTRY, &number.to_le_bytes())
}

/// What a request is looked up by.
pub(super) fn request_hash(seed: Seed, request: &RequestKey) -> u64 {
    let mut key = [0; 32];
    let bytes = request.agent.as_bytes().iter().chain(request.request.as_bytes());
    key.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    seed.hash(KeyClass::REQUEST, &key)
}
