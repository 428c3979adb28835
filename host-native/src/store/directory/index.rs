//! Where everything is, and the rows themselves: in memory, made anew at each opening.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use markerbed_core::{ContentId, WorkspaceId};

use super::{
    batch::Change,
    layout::Position,
    record::{Header, Item, ItemKind, Packing},
};
use crate::store::RequestKey;

/// The index of a store.
#[derive(Debug, Default)]
pub(super) struct Index {
    frames: Vec<Frame>,
    items: HashMap<ItemKey, Place>,
    numbers: HashMap<WorkspaceId, u32>,
    workspaces: Vec<Workspace>,
}

/// What is kept of one workspace, but for its items.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub(super) rows: BTreeMap<Bytes, Bytes>,
    pub(super) entries: Vec<EntryPlace>,
    pub(super) requests: HashMap<RequestKey, u64>,
    pub(super) positions: HashMap<String, u64>,
}

impl Workspace {
    /// The number of the newest entry.
    pub(super) fn number(&self) -> Option<u64> {
        (self.entries.len() as u64).checked_sub(1)
    }
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

/// Where an item is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Place {
    pub(super) frame: u32,
    pub(super) offset: u32,
    pub(super) length: u32,
    pub(super) sum: u32,
}

/// Where an entry is, and where in it the operation begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct EntryPlace {
    pub(super) place: Place,
    pub(super) operation_at: u32,
}

/// An item with the frame that it is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) frame: Frame,
    pub(super) place: Place,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct ItemKey {
    workspace: u32,
    kind: ItemKind,
    id: [u8; 32],
}

impl Index {
    /// Finds an item.
    pub(super) fn find(
        &self,
        workspace: WorkspaceId,
        kind: ItemKind,
        id: [u8; 32],
    ) -> Option<Found> {
        let workspace = *self.numbers.get(&workspace)?;
        self.found(*self.items.get(&ItemKey { workspace, kind, id })?)
    }

    /// Finds a content, whole or in parts.
    pub(super) fn find_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
    ) -> Option<(ItemKind, Found)> {
        let find = |kind| Some((kind, self.find(workspace, kind, *id.as_bytes())?));
        find(ItemKind::Content).or_else(|| find(ItemKind::Recipe))
    }

    /// Finds an entry, with where in it the operation begins.
    pub(super) fn find_entry(&self, workspace: WorkspaceId, number: u64) -> Option<(Found, u32)> {
        let workspace = self.workspace(workspace)?;
        let entry = workspace.entries.get(usize::try_from(number).ok()?)?;
        Some((self.found(entry.place)?, entry.operation_at))
    }

    /// What is kept of a workspace.
    pub(super) fn workspace(&self, workspace: WorkspaceId) -> Option<&Workspace> {
        self.workspaces.get(*self.numbers.get(&workspace)? as usize)
    }

    /// Every workspace that has something.
    pub(super) fn workspaces(&self) -> impl Iterator<Item = (WorkspaceId, &Workspace)> {
        let named = |(id, number): (&WorkspaceId, &u32)| {
            Some((*id, self.workspaces.get(*number as usize)?))
        };
        self.numbers.iter().filter_map(named)
    }

    /// Takes in a record of items. What is known already stays where it is known to be.
    pub(super) fn put_items(&mut self, workspace: WorkspaceId, frame: Frame, items: &[Item]) {
        let workspace = self.number_of(workspace);
        let frame = self.put_frame(frame);
        for item in items {
            let key = ItemKey { workspace, kind: item.kind, id: item.id };
            let place = Place { frame, offset: item.offset, length: item.length, sum: item.sum };
            self.items.entry(key).or_insert(place);
        }
    }

    /// Takes in a batch, whose record is `frame` and whose entries are at `places`.
    pub(super) fn put_batch(
        &mut self,
        workspace: WorkspaceId,
        frame: Frame,
        change: Change,
        places: &[Place],
    ) {
        let number = self.number_of(workspace);
        let frame = if places.is_empty() { 0 } else { self.put_frame(frame) };
        for id in change.removed {
            for kind in [ItemKind::Content, ItemKind::Recipe] {
                self.items.remove(&ItemKey { workspace: number, kind, id: *id.as_bytes() });
            }
        }
        let Some(workspace) = self.workspaces.get_mut(number as usize) else { return };
        for (entry, place) in change.entries.iter().zip(places) {
            let place = Place { frame, ..*place };
            workspace.requests.insert(entry.request, entry.number);
            workspace.entries.push(EntryPlace { place, operation_at: entry.operation_at });
        }
        for row in change.rows {
            match row.value {
                Some(value) => workspace.rows.insert(row.key, value),
                None => workspace.rows.remove(&row.key),
            };
        }
        workspace.positions.extend(change.positions);
    }

    fn found(&self, place: Place) -> Option<Found> {
        Some(Found { frame: *self.frames.get(place.frame as usize)?, place })
    }

    /// The short number of a workspace, from now on.
    fn number_of(&mut self, workspace: WorkspaceId) -> u32 {
        let workspaces = &mut self.workspaces;
        *self.numbers.entry(workspace).or_insert_with(|| {
            workspaces.push(Workspace::default());
            workspaces.len() as u32 - 1
        })
    }

    fn put_frame(&mut self, frame: Frame) -> u32 {
        self.frames.push(frame);
        self.frames.len() as u32 - 1
    }
}
