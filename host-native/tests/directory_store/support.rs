//! What the tests of the directory store share.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use markerbed_core::{Id16, ObjectId, ObjectKind, WorkspaceId, hash::content_id};
use markerbed_host::{
    drive::blocking::wait,
    store::{
        Batch, Contents, DirectoryStore, Outcome, Records, RequestKey, RowChange, StoreError,
        StoredEntry,
        directory::{Access, DamagedRecord, Options, ScanReport, layer::FileLayer, scan},
    },
};
use markerbed_suites::Random;

use crate::files::FakeFiles;

/// The workspace of all tests.
pub(crate) const OURS: WorkspaceId = WorkspaceId::from_bytes([0x11; 32]);

/// Where a store lies in fake files.
pub(crate) fn root() -> &'static Path {
    Path::new("disk/store")
}

/// The path of a file of that store.
pub(crate) fn path(name: &str) -> std::path::PathBuf {
    root().join(name)
}

/// The path of its first pack.
pub(crate) fn first_pack() -> std::path::PathBuf {
    path("packs/00000001.pack")
}

pub(crate) fn options(files: &FakeFiles, access: Access) -> Options {
    Options { layer: Arc::new(files.clone()), ..Options::new(access) }
}

pub(crate) fn create(files: &FakeFiles) -> Result<DirectoryStore, StoreError> {
    DirectoryStore::create(root(), options(files, Access::Write))
}

pub(crate) fn open(files: &FakeFiles) -> Result<DirectoryStore, StoreError> {
    DirectoryStore::open(root(), options(files, Access::Write))
}

pub(crate) fn open_to_read(files: &FakeFiles) -> Result<DirectoryStore, StoreError> {
    DirectoryStore::open(root(), options(files, Access::Read))
}

/// Scans, and tells what was found damaged.
pub(crate) fn scan_all(
    root: &Path,
    layer: impl FileLayer + 'static,
) -> Result<(ScanReport, Vec<DamagedRecord>), StoreError> {
    let mut damaged = Vec::new();
    let report = scan(root, Arc::new(layer), &mut |record| damaged.push(record))?;
    Ok((report, damaged))
}

pub(crate) fn object(name: &str) -> (ObjectId, Bytes) {
    let bytes = Bytes::copy_from_slice(name.as_bytes());
    (ObjectId { kind: ObjectKind::Node, bytes: *content_id(&bytes).as_bytes() }, bytes)
}

/// Bytes that do not compress.
pub(crate) fn noise(name: &str, length: usize) -> Bytes {
    Random::new(0, name).bytes(length).into()
}

/// Bytes that compress.
pub(crate) fn text(name: &str, length: usize) -> Bytes {
    let line = format!("marker bed {name}\n").into_bytes();
    line.into_iter().cycle().take(length).collect()
}

/// A batch of entry `number` with the row `number` = that number.
pub(crate) fn batch(number: u64) -> Batch {
    let id = |number: u64| Id16::from_bytes(u128::from(number).to_be_bytes());
    let text = Bytes::from(number.to_string());
    let request = RequestKey { agent: id(0), request: id(number) };
    let entry = StoredEntry { number, request, operation_at: 0, bytes: text.clone() };
    let rows = vec![RowChange { key: "number".into(), value: Some(text) }];
    Batch { expected: number.checked_sub(1), entries: vec![entry], rows }
}

pub(crate) fn commit(store: &DirectoryStore, number: u64) -> Result<Outcome, StoreError> {
    wait(store.commit(OURS, batch(number)))
}

/// The contents and the object that go with entry `number`.
pub(crate) fn goods(number: u64) -> ([Bytes; 2], (ObjectId, Bytes)) {
    let contents = [text(&format!("text {number}"), 300), noise(&format!("noise {number}"), 700)];
    (contents, object(&format!("object {number}")))
}

/// Puts the goods of entry `number` and commits it.
pub(crate) fn put_and_commit(store: &DirectoryStore, number: u64) -> Result<Outcome, StoreError> {
    let (contents, object) = goods(number);
    wait(store.put_contents(OURS, &contents))?;
    wait(store.put_objects(OURS, &[object]))?;
    commit(store, number)
}

/// Checks that a store holds exactly the entries below `count`, with all their goods.
pub(crate) fn assert_holds(store: &DirectoryStore, count: u64) {
    assert_eq!(wait(store.number(OURS)).unwrap(), count.checked_sub(1));
    let row = wait(store.fetch_rows(OURS, &["number".into()])).unwrap();
    assert_eq!(row, [count.checked_sub(1).map(|number| number.to_string().into())]);
    let mut entries = Vec::new();
    while let more = wait(store.fetch_entries(OURS, entries.len() as u64..count + 9)).unwrap()
        && !more.is_empty()
    {
        entries.extend(more);
    }
    assert_eq!(entries.len() as u64, count);
    for number in 0..count {
        assert_eq!(entries[number as usize], number.to_string());
        let (contents, (id, bytes)) = goods(number);
        let ids = contents.each_ref().map(|content| content_id(content));
        assert!(wait(store.fetch_contents(OURS, &ids)).unwrap() == contents.map(Some));
        assert_eq!(wait(store.fetch_objects(OURS, &[id])).unwrap(), [Some(bytes)]);
    }
}
