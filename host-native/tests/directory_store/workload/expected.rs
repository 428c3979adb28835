//! What a store must hold after some of the calls of a journal.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use markerbed_core::{ContentId, ObjectId, WorkspaceId, hash::content_id};
use markerbed_host::{
    drive::blocking::wait,
    store::{Contents, DirectoryStore, Records, RowRange, Streams},
};

use crate::call::Call;

/// Everything that must be there, and what may.
#[derive(Clone, Default)]
pub(crate) struct Expected {
    held: BTreeMap<WorkspaceId, Held>,
    /// Put since the last call that made anything durable.
    put: Vec<Call>,
    /// How often something was made durable.
    turns: u64,
}

#[derive(Clone, Default)]
struct Held {
    entries: Vec<Bytes>,
    rows: BTreeMap<Bytes, Bytes>,
    /// Each with the turn in which it became durable.
    contents: BTreeMap<ContentId, (Bytes, u64)>,
    objects: BTreeMap<ObjectId, (Bytes, u64)>,
    removed: BTreeSet<ContentId>,
    positions: BTreeMap<String, u64>,
}

/// How much of what was durable long ago is read: the bytes of one of so many items.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) one_of: u64,
    pub(crate) which: u64,
}

impl Reading {
    /// All of it.
    pub(crate) const ALL: Self = Self { one_of: 1, which: 0 };

    fn reads(self, id: &[u8; 32], turns_ago: u64) -> bool {
        turns_ago < 4 || u64::from(id[7]) % self.one_of == self.which % self.one_of
    }
}

impl Expected {
    /// Nothing, in all the workspaces that these calls are about.
    pub(crate) fn before<'a>(calls: impl Iterator<Item = &'a Call>) -> Self {
        let held = calls.map(|call| (call.workspace(), Held::default())).collect();
        Self { held, ..Self::default() }
    }

    /// Notes a call that was done.
    pub(crate) fn done(&mut self, call: &Call) {
        match call {
            Call::PutContents(..) | Call::PutObjects(..) => {
                self.put.push(call.clone());
                return;
            }
            Call::RemoveContents(_, ids) if ids.is_empty() => return,
            _ => self.settle(),
        }
        match call {
            Call::Commit(workspace, batch) => {
                let held = self.held.entry(*workspace).or_default();
                held.entries.extend(batch.entries.iter().map(|entry| entry.bytes.clone()));
                for row in &batch.rows {
                    match &row.value {
                        Some(value) => held.rows.insert(row.key.clone(), value.clone()),
                        None => held.rows.remove(&row.key),
                    };
                }
            }
            Call::RemoveContents(workspace, ids) => {
                let held = self.held.entry(*workspace).or_default();
                held.contents.retain(|id, _| !ids.contains(id));
                held.removed.extend(ids);
            }
            Call::PutPosition(workspace, subscriber, position) => {
                let held = self.held.entry(*workspace).or_default();
                held.positions.insert(subscriber.clone(), *position);
            }
            Call::Flush(_) => {}
            other => panic!("no journal has {other:?}"),
        }
    }

    /// What was put is durable now.
    fn settle(&mut self) {
        self.turns += 1;
        for call in std::mem::take(&mut self.put) {
            match call {
                Call::PutContents(workspace, contents) => {
                    let held = self.held.entry(workspace).or_default();
                    for bytes in contents {
                        let id = content_id(&bytes);
                        held.removed.remove(&id);
                        held.contents.entry(id).or_insert((bytes, self.turns));
                    }
                }
                Call::PutObjects(workspace, objects) => {
                    let held = self.held.entry(workspace).or_default();
                    for (id, bytes) in objects {
                        held.objects.entry(id).or_insert((bytes, self.turns));
                    }
                }
                other => panic!("{other:?} puts nothing"),
            }
        }
    }

    /// How many entries a workspace has.
    pub(crate) fn entries(&self, workspace: WorkspaceId) -> u64 {
        self.held.get(&workspace).map_or(0, |held| held.entries.len() as u64)
    }

    /// Compares everything but the bytes of contents and objects, which are there or not.
    pub(crate) fn check_records(&self, store: &DirectoryStore) -> Result<(), String> {
        for (workspace, held) in &self.held {
            let number = wait(store.number(*workspace)).map_err(|error| error.to_string())?;
            let wanted = held.entries.len().checked_sub(1).map(|number| number as u64);
            if number != wanted {
                return Err(format!("{workspace} has number {number:?}, wanted {wanted:?}"));
            }
            let count = held.entries.len() as u64;
            let entries = wait(store.fetch_entries(*workspace, 0..count + 9))
                .map_err(|error| error.to_string())?;
            if entries != held.entries {
                return Err(format!("{workspace} has other entries"));
            }
            let mut rows = wait(store.range_rows(*workspace, &RowRange::default(), usize::MAX))
                .map_err(|error| error.to_string())?;
            while rows.len() % 4_096 == 0
                && let Some((last, _)) = rows.last()
            {
                let range = RowRange { after: Some(last.clone()), ..RowRange::default() };
                let more = wait(store.range_rows(*workspace, &range, usize::MAX));
                match more.map_err(|error| error.to_string())? {
                    more if more.is_empty() => break,
                    more => rows.extend(more),
                }
            }
            if !rows.iter().map(|(key, value)| (key, value)).eq(&held.rows) {
                return Err(format!("{workspace} has other rows"));
            }
            for (subscriber, position) in &held.positions {
                let found = wait(store.position(*workspace, subscriber))
                    .map_err(|error| error.to_string())?;
                if found != Some(*position) {
                    return Err(format!("{subscriber} is at {found:?}, wanted {position}"));
                }
            }
            let may_be_back = self.put_contents(*workspace);
            let gone: Vec<_> =
                held.removed.iter().filter(|id| !may_be_back.contains_key(*id)).copied().collect();
            let found =
                wait(store.has_contents(*workspace, &gone)).map_err(|error| error.to_string())?;
            if let Some(at) = found.iter().position(|found| *found) {
                return Err(format!("{} was removed and is there", gone[at]));
            }
            let ids: Vec<_> = held.contents.keys().copied().collect();
            let found =
                wait(store.has_contents(*workspace, &ids)).map_err(|error| error.to_string())?;
            if let Some(at) = found.iter().position(|found| !found) {
                return Err(format!("content {} is not there", ids[at]));
            }
            let ids: Vec<_> = held.objects.keys().copied().collect();
            let found =
                wait(store.has_objects(*workspace, &ids)).map_err(|error| error.to_string())?;
            if let Some(at) = found.iter().position(|found| !found) {
                return Err(format!("object {} is not there", ids[at]));
            }
        }
        Ok(())
    }

    /// Reads contents and objects.
    pub(crate) fn check_items(
        &self,
        store: &DirectoryStore,
        reading: Reading,
    ) -> Result<(), String> {
        for (workspace, held) in &self.held {
            let is_read = |id: &[u8; 32], turn: u64| reading.reads(id, self.turns - turn);
            let contents = held.contents.iter().filter(|(id, (_, at))| is_read(id.as_bytes(), *at));
            let contents = contents.map(|(id, (bytes, _))| (*id, bytes.clone())).collect();
            check_contents(store, *workspace, contents)?;
            let objects = held.objects.iter().filter(|(id, (_, at))| is_read(&id.bytes, *at));
            let objects = objects.map(|(id, (bytes, _))| (*id, bytes.clone())).collect();
            check_objects(store, *workspace, objects)?;
        }
        self.check_put(store)
    }

    /// What was only put is as it was put, or not there.
    fn check_put(&self, store: &DirectoryStore) -> Result<(), String> {
        for workspace in self.held.keys() {
            let put = self.put_contents(*workspace);
            let ids: Vec<_> = put.keys().copied().collect();
            let found =
                wait(store.has_contents(*workspace, &ids)).map_err(|error| error.to_string())?;
            let there = put.into_iter().zip(found).filter(|(_, found)| *found);
            check_contents(store, *workspace, there.map(|(content, _)| content).collect())?;
        }
        Ok(())
    }

    fn put_contents(&self, workspace: WorkspaceId) -> BTreeMap<ContentId, Bytes> {
        let mut contents = BTreeMap::new();
        for call in &self.put {
            if let Call::PutContents(into, put) = call
                && *into == workspace
            {
                contents.extend(put.iter().map(|bytes| (content_id(bytes), bytes.clone())));
            }
        }
        contents
    }
}

fn check_contents(
    store: &DirectoryStore,
    workspace: WorkspaceId,
    contents: Vec<(ContentId, Bytes)>,
) -> Result<(), String> {
    let ids: Vec<_> = contents.iter().map(|(id, _)| *id).collect();
    let found = wait(store.fetch_contents(workspace, &ids)).map_err(|error| error.to_string())?;
    for ((id, bytes), found) in contents.into_iter().zip(found) {
        if found.as_ref() != Some(&bytes) {
            return Err(format!("content {id} is not as it was put"));
        }
    }
    Ok(())
}

fn check_objects(
    store: &DirectoryStore,
    workspace: WorkspaceId,
    objects: Vec<(ObjectId, Bytes)>,
) -> Result<(), String> {
    let ids: Vec<_> = objects.iter().map(|(id, _)| *id).collect();
    let found = wait(store.fetch_objects(workspace, &ids)).map_err(|error| error.to_string())?;
    for ((id, bytes), found) in objects.into_iter().zip(found) {
        if found.as_ref() != Some(&bytes) {
            return Err(format!("{id} is not as it was put"));
        }
    }
    Ok(())
}
