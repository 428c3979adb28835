//! Our directory store, with records as rows and as objects.

use std::path::Path;

use bytes::Bytes;
use markerbed_core::{Id16, ObjectId, ObjectKind, WorkspaceId};
use markerbed_host::{
    drive::blocking::wait,
    store::{
        Batch, DirectoryStore, Records, RequestKey, RowChange, StoredEntry,
        directory::{Access, Options},
    },
};

use crate::{
    Engine, Outcome,
    data::{Key, Record},
};

/// Rows: any key, and a value that may be replaced.
pub(crate) struct Rows(DirectoryStore);

impl Rows {
    pub(crate) fn open(folder: &Path) -> Outcome<Self> {
        opened(folder).map(Self)
    }
}

impl Engine for Rows {
    fn insert(&mut self, records: &[Record]) -> Outcome<()> {
        let row = |(key, value): &Record| RowChange {
            key: Bytes::copy_from_slice(key),
            value: Some(Bytes::copy_from_slice(value)),
        };
        let batch = Batch { rows: records.iter().map(row).collect(), ..Batch::default() };
        wait(self.0.commit(OURS, batch))?;
        Ok(())
    }

    fn read(&self, keys: &[Key]) -> Outcome<usize> {
        let keys: Vec<Bytes> = keys.iter().map(|key| Bytes::copy_from_slice(key)).collect();
        Ok(count(&wait(self.0.fetch_rows(OURS, &keys))?))
    }
}

/// Objects: named by a hash, never changed. Each commit has an entry, as a ledger's has.
pub(crate) struct Objects {
    store: DirectoryStore,
    entries: u64,
}

impl Objects {
    pub(crate) fn open(folder: &Path) -> Outcome<Self> {
        let store = opened(folder)?;
        let entries = wait(store.number(OURS))?.map_or(0, |number| number + 1);
        Ok(Self { store, entries })
    }
}

impl Engine for Objects {
    fn insert(&mut self, records: &[Record]) -> Outcome<()> {
        let object = |(key, value): &Record| (object_id(key), Bytes::copy_from_slice(value));
        let objects: Vec<_> = records.iter().map(object).collect();
        wait(self.store.put_objects(OURS, &objects))?;
        let number = self.entries;
        let id = |number: u64| Id16::from_bytes(u128::from(number).to_be_bytes());
        let request = RequestKey { agent: id(0), request: id(number) };
        let entry =
            StoredEntry { number, request, operation_at: 0, bytes: Bytes::from_static(ENTRY) };
        let expected = number.checked_sub(1);
        wait(self.store.commit(OURS, Batch { expected, entries: vec![entry], rows: Vec::new() }))?;
        self.entries += 1;
        Ok(())
    }

    fn read(&self, keys: &[Key]) -> Outcome<usize> {
        let ids: Vec<ObjectId> = keys.iter().map(object_id).collect();
        Ok(count(&wait(self.store.fetch_objects(OURS, &ids))?))
    }
}

fn opened(folder: &Path) -> Outcome<DirectoryStore> {
    let (place, options) = (folder.join("store"), Options::new(Access::Write));
    let is_there = place.exists();
    let store = if is_there {
        DirectoryStore::open(&place, options)
    } else {
        DirectoryStore::create(&place, options)
    };
    Ok(store?)
}

fn object_id(key: &Key) -> ObjectId {
    ObjectId { kind: ObjectKind::Page, bytes: *key }
}

fn count(values: &[Option<Bytes>]) -> usize {
    values.iter().flatten().filter(|value| !value.is_empty()).count()
}

const OURS: WorkspaceId = WorkspaceId::from_bytes([1; 32]);
const ENTRY: &[u8] = &[7; 120];
