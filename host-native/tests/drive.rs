//! The drivers: the engine's operations over real stores.
#![forbid(unsafe_code)]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "this is how a test fails")]

use std::sync::Arc;

use bytes::Bytes;
use markerbed_conformance::run_on_tokio;
use markerbed_core::{
    Error, MapId, ObjectId, WorkspaceId,
    codec::Canonical,
    map::{self, Entry, MapKind},
    step::Step,
};
use markerbed_host::{
    drive::{self, DriveError, blocking, tokio::Offloaded},
    store::{
        DirectoryStore, MemoryStore, Records, Store, StoreError,
        directory::{Access, Options},
    },
};
use tempfile::TempDir;

const OURS: WorkspaceId = WorkspaceId::from_bytes([0x11; 32]);
const ENTRIES: u32 = 3_000;

/// Keys of four bytes and values of 32, as refs have them.
fn entries() -> Vec<Entry> {
    let entry =
        |n: u32| Entry { key: format!("ref {n:05}").into_bytes(), value: vec![n as u8; 32] };
    (0..ENTRIES).map(entry).collect()
}

fn pages() -> (MapId, Vec<(ObjectId, Bytes)>) {
    let built = map::build(MapKind::Refs, entries()).unwrap();
    let object = |(id, page): &(MapId, map::Page)| (ObjectId::from(*id), page.encode().into());
    (built.root, built.pages.iter().map(object).collect())
}

/// Looks up every seventh key, and one that is absent.
fn look_up(root: MapId) -> Step<Vec<Option<Vec<u8>>>> {
    let mut keys: Vec<_> = entries().into_iter().step_by(7).map(|entry| entry.key).collect();
    keys.push(b"absent".to_vec());
    Step::start(|io| async move { map::look_up(&io, root, MapKind::Refs, &keys).await }).unwrap()
}

fn expected() -> Vec<Option<Vec<u8>>> {
    let values = entries().into_iter().step_by(7).map(|entry| Some(entry.value));
    values.chain([None]).collect()
}

fn directory() -> (TempDir, DirectoryStore) {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("store");
    let store = DirectoryStore::create(&root, Options::new(Access::Write)).unwrap();
    (scratch, store)
}

fn on_every_store(test: impl Fn(Arc<dyn Store>)) {
    let (_scratch, store) = directory();
    test(Arc::new(MemoryStore::default()));
    test(Arc::new(store));
}

#[test]
fn a_look_up_is_driven_from_a_thread() {
    on_every_store(|store| {
        let (root, objects) = pages();
        blocking::wait(drive::put_objects(&*store, OURS, &objects)).unwrap();

        let found = blocking::drive(look_up(root), &*store, OURS).unwrap();

        assert_eq!(found, expected());
    });
}

#[test]
fn a_look_up_is_driven_from_a_task() {
    on_every_store(|store| {
        run_on_tokio(async {
            let (root, objects) = pages();
            let offloaded: Arc<dyn Store> = Arc::new(Offloaded::new(store.clone()));
            drive::put_objects(&*offloaded, OURS, &objects).await.unwrap();

            for store in [store, offloaded] {
                let found = drive::tokio::drive(look_up(root), store, OURS).await.unwrap();
                assert_eq!(found, expected());
            }
        });
    });
}

#[test]
fn many_tasks_drive_at_once() {
    let (_scratch, store) = directory();
    run_on_tokio(async {
        let (root, objects) = pages();
        store.put_objects(OURS, &objects).await.unwrap();
        let store: Arc<dyn Store> = Arc::new(store);

        let tasks: Vec<_> = (0..20)
            .map(|_| tokio::spawn(drive::tokio::drive(look_up(root), store.clone() as _, OURS)))
            .collect();

        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap(), expected());
        }
    });
}

#[test]
fn an_object_of_another_workspace_is_missing() {
    on_every_store(|store| {
        let (root, objects) = pages();
        let theirs = WorkspaceId::from_bytes([0x22; 32]);
        blocking::wait(drive::put_objects(&*store, theirs, &objects)).unwrap();

        let missing = Error::MissingObject { id: root.into() };
        let error = blocking::drive(look_up(root), &*store, OURS).unwrap_err();
        assert!(matches!(error, DriveError::Engine(found) if found == missing));
        let error = run_on_tokio(drive::tokio::drive(look_up(root), store, OURS)).unwrap_err();
        assert_eq!(error.code(), "missing-object");
    });
}

#[test]
fn bytes_under_a_wrong_id_never_reach_the_engine() {
    on_every_store(|store| {
        let (root, mut objects) = pages();
        objects.sort_by_key(|(id, _)| *id != ObjectId::from(root));
        let other = objects[1].1.clone();
        objects[0].1 = other;
        blocking::wait(drive::put_objects(&*store, OURS, &objects)).unwrap();

        let error = blocking::drive(look_up(root), &*store, OURS).unwrap_err();
        assert_eq!(error.code(), "hash-mismatch");
        let error = run_on_tokio(drive::tokio::drive(look_up(root), store, OURS)).unwrap_err();
        assert_eq!(error.code(), "hash-mismatch");
    });
}

#[test]
fn a_failure_of_the_store_is_not_one_of_the_engine() {
    let (scratch, store) = directory();
    let (root, objects) = pages();
    blocking::wait(drive::put_objects(&store, OURS, &objects)).unwrap();
    blocking::wait(markerbed_host::store::Contents::flush_contents(&store, OURS)).unwrap();
    drop(store);
    let pack = scratch.path().join("store/packs/00000001.pack");
    let mut bytes = std::fs::read(&pack).unwrap();
    // Each frame loses a bit of its last item or of its compressed bytes.
    for at in (200..bytes.len()).step_by(1_000) {
        bytes[at] ^= 1;
    }
    std::fs::write(&pack, bytes).unwrap();

    let options = Options::new(Access::Read);
    let store = DirectoryStore::open(&scratch.path().join("store"), options).unwrap();
    let error = blocking::drive(look_up(root), &store, OURS).unwrap_err();

    assert!(matches!(error, DriveError::Store(StoreError::Damaged { .. })), "{error}");
    assert_eq!(error.code(), "store-damaged");
}
