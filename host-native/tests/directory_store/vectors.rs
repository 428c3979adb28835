//! The vectors of `docs/spec/store-directory.md`: small stores, made by the reference.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use markerbed_core::{ContentId, ObjectId, ObjectKind, WorkspaceId, hash::content_id};
use markerbed_host::{
    drive::blocking::wait,
    store::{
        Contents, DirectoryStore, Records, RowRange, StoreError, Streams,
        directory::{Access, IndexUse, Options, compare_index, layer::FileLayer},
    },
};
use markerbed_suites::vector::{Case, cases_of, from_hex};

use crate::{
    files::{FakeFiles, Tamper},
    support::*,
};

#[test]
fn each_store_of_the_vectors_holds_what_it_should_or_is_wrong_where_it_is() {
    for case in cases_of(include_str!("../../../tests/vectors/store.json"), 140) {
        let files = files_of(&case);
        match case.text_or_null("fault") {
            None => check_whole(&case, &files),
            Some("no store") => {
                let opened = open(&files).unwrap_err();
                assert!(matches!(opened, StoreError::NotAStore { .. }), "{}", case.name());
            }
            Some("another format") => {
                let opened = open(&files).unwrap_err();
                assert!(matches!(opened, StoreError::UnknownFormat { .. }), "{}", case.name());
            }
            Some("damaged") => check_damaged(&case, &files),
            Some("index") => check_index(&case, &files),
            Some(other) => panic!("{}: {other}", case.name()),
        }
    }
}

fn check_whole(case: &Case, files: &FakeFiles) {
    let (report, damaged) = scan_all(root(), files.copy()).unwrap();
    assert_eq!(damaged, [], "{}", case.name());
    assert_eq!(report.torn_bytes, case.number("torn"), "{}", case.name());
    assert_eq!(wrong_indexes(files), BTreeSet::new(), "{}", case.name());
    for index in [IndexUse::Use, IndexUse::Ignore] {
        check_holds(case, &files.copy(), index);
    }
}

fn check_damaged(case: &Case, files: &FakeFiles) {
    let (_, damaged) = scan_all(root(), files.copy()).unwrap();
    let found: BTreeSet<_> = damaged.iter().map(|found| (found.pack, found.offset)).collect();
    let places = case.value("places");
    let places = places.as_array().unwrap().iter().map(|place| {
        let number = |at: usize| place[at].as_u64().unwrap();
        (number(0) as u32, number(1))
    });
    assert_eq!(found, places.collect(), "{}: {damaged:?}", case.name());
}

fn check_index(case: &Case, files: &FakeFiles) {
    let packs = case.value("packs");
    let packs = packs.as_array().unwrap().iter().map(|pack| pack.as_u64().unwrap() as u32);
    assert_eq!(wrong_indexes(files), packs.collect(), "{}", case.name());
    check_holds(case, &files.copy(), IndexUse::Ignore);
}

/// The packs whose index files are not what they should be.
fn wrong_indexes(files: &FakeFiles) -> BTreeSet<u32> {
    let mut packs = BTreeSet::new();
    compare_index(root(), Arc::new(files.copy()), &mut |found| {
        packs.insert(found.pack);
    })
    .unwrap();
    packs
}

/// Compares what who writes finds with what the case says.
fn check_holds(case: &Case, files: &FakeFiles, index: IndexUse) {
    let name = case.name();
    let store =
        DirectoryStore::open(root(), Options { index, ..options(files, Access::Write) }).unwrap();
    assert_eq!(store.damage(), [], "{name}");
    let holds = case.value("holds");
    let mut workspaces = Vec::new();
    for (workspace, holds) in holds.as_object().unwrap() {
        let workspace = WorkspaceId::from_bytes(from_hex(workspace).try_into().unwrap());
        workspaces.push(workspace);
        let pairs = |member: &str| -> Vec<(String, String)> {
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            let pairs = holds[member].as_array().unwrap().iter();
            pairs.map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
        };
        let entries: Vec<Bytes> =
            pairs("entries").iter().map(|(_, entry)| from_hex(entry).into()).collect();
        let found = wait(store.fetch_entries(workspace, 0..entries.len() as u64 + 1)).unwrap();
        assert_eq!(found, entries, "{name}");
        let number = wait(store.number(workspace)).unwrap();
        assert_eq!(number, (entries.len() as u64).checked_sub(1), "{name}");
        let rows: Vec<(Bytes, Bytes)> = pairs("rows")
            .iter()
            .map(|(key, value)| (from_hex(key).into(), from_hex(value).into()))
            .collect();
        let all = RowRange { prefix: Bytes::new(), after: None };
        assert_eq!(wait(store.range_rows(workspace, &all, 1_000)).unwrap(), rows, "{name}");
        for (key, value) in rows {
            assert_eq!(wait(store.fetch_rows(workspace, &[key])).unwrap(), [Some(value)], "{name}");
        }
        for (subscriber, position) in pairs("positions") {
            let found = wait(store.position(workspace, &subscriber)).unwrap();
            assert_eq!(found, position.parse().ok(), "{name}");
        }
        check_items(name, &store, workspace, holds);
    }
    workspaces.sort_unstable();
    assert_eq!(store.workspaces(), workspaces, "{name}");
}

fn check_items(
    name: &str,
    store: &DirectoryStore,
    workspace: WorkspaceId,
    holds: &serde_json::Value,
) {
    let ids = |member: &str| -> Vec<[u8; 32]> {
        let ids = holds[member].as_array().unwrap().iter();
        ids.map(|id| from_hex(id.as_str().unwrap()).try_into().unwrap()).collect()
    };
    for bytes in ids("objects") {
        let id = ObjectId { kind: ObjectKind::Node, bytes };
        let found = wait(store.fetch_objects(workspace, &[id])).unwrap();
        assert!(matches!(found.as_slice(), [Some(_)]), "{name}: {id}");
    }
    let contents: Vec<_> = ids("contents").into_iter().map(ContentId::from_bytes).collect();
    for (id, found) in
        contents.iter().zip(wait(store.fetch_contents(workspace, &contents)).unwrap())
    {
        assert_eq!(content_id(&found.unwrap()), *id, "{name}");
    }
    let gone = content_id(b"one");
    if !contents.contains(&gone) {
        assert_eq!(wait(store.has_contents(workspace, &[gone])).unwrap(), [false], "{name}");
    }
}

/// The files of a case, and the folders that a store has.
fn files_of(case: &Case) -> FakeFiles {
    let files = FakeFiles::default();
    for directory in [root().to_owned(), path("packs"), path("index")] {
        files.create_directory(&directory).unwrap();
    }
    for (name, runs) in case.value("files").as_object().unwrap() {
        let mut bytes = Vec::new();
        for run in runs.as_array().unwrap() {
            match run.get("hex") {
                Some(digits) => bytes.extend(from_hex(digits.as_str().unwrap())),
                None => {
                    let byte = run["byte"].as_u64().unwrap() as u8;
                    bytes.resize(bytes.len() + run["bytes"].as_u64().unwrap() as usize, byte);
                }
            }
        }
        files.set_bytes(&path(name), &bytes);
    }
    files
}
