//! A store that was written when the format was frozen: every later version reads it.
//!
//! `tests/compatibility/store-directory-1.json` has its files. It is never written over; who raises
//! the format adds another one.

use std::{collections::BTreeMap, env, fs, path::PathBuf, sync::Arc};

use bytes::Bytes;
use markerbed_core::{
    MapId, ObjectId, ObjectKind, WorkspaceId, codec::Canonical, hash::content_id,
    ledger::StateObject,
};
use markerbed_host::{
    drive::blocking::wait,
    store::{
        Batch, Contents, DirectoryStore, Records, RowChange, StoreError, Streams,
        directory::{Access, IndexUse, Options, compare_index, layer::FileLayer, rebuild_index},
    },
};
use markerbed_suites::{
    print_count,
    vector::{cases_of, from_hex, to_hex},
};
use serde_json::{Map, Value, json};

use crate::{
    files::{FakeFiles, Tamper},
    support::*,
};

#[test]
fn a_store_of_format_1_is_read_with_its_index_and_without_it() {
    let golden = Golden::read();

    for index in [IndexUse::Use, IndexUse::Ignore] {
        let reading = Options { index, ..options(&golden.files, Access::Read) };
        golden.check(&DirectoryStore::open(root(), reading).unwrap(), ENTRIES);
    }
}

#[test]
fn a_store_of_format_1_is_whole_and_its_index_is_what_would_be_written_today() {
    let Golden { files, .. } = Golden::read();

    let (report, damaged) = scan_all(root(), files.clone()).unwrap();
    let mut differences = Vec::new();
    let compared =
        compare_index(root(), Arc::new(files), &mut |found| differences.push(found)).unwrap();

    assert_eq!(damaged, []);
    assert!(differences.is_empty(), "{differences:?}");
    assert_eq!((report.entries, report.torn_bytes), (ENTRIES + 1, 0));
    assert!(compared.files > 1, "{compared:?}");
}

#[test]
fn an_index_of_format_1_comes_back_as_it_was_from_the_packs() {
    let golden = Golden::read();
    let index = |files: &FakeFiles| {
        let paths = files.paths().into_iter().filter(|file| file.starts_with(path("index")));
        paths.map(|path| (path.clone(), files.bytes(&path))).collect::<BTreeMap<_, _>>()
    };
    let mut before = index(&golden.files);
    before.keys().for_each(|path| golden.files.remove(path));

    rebuild_index(root(), Arc::new(golden.files.clone()), &mut |found| panic!("{found:?}"))
        .unwrap();

    let after = index(&golden.files);
    // That of the newest pack did not cover all of it.
    let (newest, covered) = before.pop_last().unwrap();
    assert!(before.len() > 1 && after[&newest] != covered);
    assert!(before.iter().all(|(path, bytes)| after.get(path) == Some(bytes)));
    golden.check(&open_to_read(&golden.files).unwrap(), ENTRIES);
}

#[test]
fn a_store_of_format_1_can_be_written_on() {
    let golden = Golden::read();
    let store = open(&golden.files).unwrap();
    put_entry(&store, ENTRIES);
    drop(store);

    golden.check(&open(&golden.files).unwrap(), ENTRIES + 1);
}

#[test]
fn a_store_of_another_format_is_refused_by_its_number_and_left_as_it_is() {
    for version in ["0", "2", "10", "01", " 1", ""] {
        let Golden { files, .. } = Golden::read();
        let format = String::from_utf8(files.bytes(&path("format"))).unwrap();
        let other = format.replacen("directory 1\n", &format!("directory {version}\n"), 1);
        files.set_bytes(&path("format"), other.as_bytes());
        let before = files.fingerprint();

        let opened = [open(&files).err(), open_to_read(&files).err()];
        let read = scan_all(root(), files.clone()).err();
        let rebuilt = rebuild_index(root(), Arc::new(files.clone()), &mut |_| {}).err();

        for error in opened.into_iter().chain([read, rebuilt]) {
            assert!(
                matches!(&error, Some(StoreError::UnknownFormat { found, .. }) if found == version),
                "{version:?}: {error:?}"
            );
        }
        assert_eq!(files.fingerprint(), before, "{version:?}");
    }
}

#[test]
fn no_byte_of_a_pack_of_format_1_can_be_another_one() {
    let Golden { files, .. } = Golden::read();
    let packs = files.paths().into_iter().filter(|path| path.extension() == Some("pack".as_ref()));
    let mut tried = 0;
    for pack in packs {
        let bytes = files.bytes(&pack);
        for at in (0..bytes.len()).step_by(7) {
            let flipped = files.copy();
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            flipped.set_bytes(&pack, &changed);

            let found = scan_all(root(), flipped);

            let is_found = found.is_err() || found.is_ok_and(|(_, damaged)| !damaged.is_empty());
            assert!(is_found, "{} at {at}", pack.display());
            tried += 1;
        }
    }
    print_count("golden_store_flips", tried, 1_000);
}

/// The golden store, and what it must answer.
struct Golden {
    files: FakeFiles,
    objects: Vec<(ObjectId, Bytes)>,
}

impl Golden {
    fn read() -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
        if !path.exists() && env::var_os("MARKERBED_BLESS").is_some() {
            let golden = Self { files: FakeFiles::default(), objects: sample_objects() };
            golden.fill();
            let text = serde_json::to_string_pretty(&golden.encode()).unwrap();
            fs::write(&path, text + "\n").unwrap();
        }
        Self::decode(&serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
    }

    /// Everything that a store can hold: sealed packs with their index files, and a tail without.
    fn fill(&self) {
        let small = Options { pack_bytes: 2_000, ..options(&self.files, Access::Write) };
        let store = DirectoryStore::create(root(), small).unwrap();
        let removed = wait(store.put_contents(OURS, &["removed".into(), returned()])).unwrap();
        for number in 0..ENTRIES - 1 {
            put_entry(&store, number);
        }
        wait(store.put_objects(OURS, &self.objects)).unwrap();
        wait(store.put_contents(OURS, &[large()])).unwrap();
        wait(store.remove_contents(OURS, &removed)).unwrap();
        wait(store.put_contents(OURS, &[plain()])).unwrap();
        wait(store.put_position(OURS, "subscriber", 2)).unwrap();
        for value in [Some("gone".into()), None] {
            let rows = vec![RowChange { key: "gone".into(), value }];
            let batch = Batch { expected: Some(ENTRIES - 2), entries: vec![], rows };
            wait(store.commit(OURS, batch)).unwrap();
        }
        wait(store.put_contents(THEIRS, &[theirs()])).unwrap();
        wait(store.commit(THEIRS, batch(0))).unwrap();
        store.close().unwrap();

        let store = open(&self.files).unwrap();
        wait(store.put_contents(OURS, &[returned()])).unwrap();
        put_entry(&store, ENTRIES - 1);
        store.close().unwrap();
    }

    fn check(&self, store: &DirectoryStore, entries: u64) {
        assert_eq!(store.damage(), []);
        assert_eq!(store.workspaces(), [OURS, THEIRS]);
        for number in 0..entries {
            let kept = contents_of(number);
            let ids = kept.each_ref().map(|content| content_id(content));
            assert!(wait(store.fetch_contents(OURS, &ids)).unwrap() == kept.map(Some));
        }
        let told = (0..entries).map(|number| Bytes::from(number.to_string()));
        let last = told.clone().next_back();
        assert_eq!(wait(store.fetch_entries(OURS, 0..9)).unwrap(), told.collect::<Vec<_>>());
        assert_eq!(wait(store.fetch_rows(OURS, &["number".into()])).unwrap(), [last]);
        assert_eq!(wait(store.number(OURS)).unwrap(), Some(entries - 1));
        let wanted = [Some(large()), None, Some(returned()), Some(plain()), None];
        let ids = [&large()[..], b"removed", &returned(), &plain(), &theirs()].map(content_id);
        assert!(wait(store.fetch_contents(OURS, &ids)).unwrap() == wanted);
        assert_eq!(wait(store.fetch_contents(THEIRS, &ids[4..])).unwrap(), [Some(theirs())]);
        assert_eq!(wait(store.fetch_rows(OURS, &["gone".into()])).unwrap(), [None]);
        assert_eq!(wait(store.position(OURS, "subscriber")).unwrap(), Some(2));
        assert_eq!(wait(store.number(THEIRS)).unwrap(), Some(0));
        for (id, bytes) in &self.objects {
            assert_eq!(wait(store.fetch_objects(OURS, &[*id])).unwrap(), [Some(bytes.clone())]);
        }
    }

    /// Each file by its length and the runs of its bytes that are not zeros.
    fn encode(&self) -> Value {
        let mut members = Map::new();
        for path in self.files.paths() {
            let Ok(name) = path.strip_prefix(root()) else { continue };
            let bytes = self.files.bytes(&path);
            let mut runs = Vec::new();
            let mut at = 0;
            while let Some(start) = bytes[at..].iter().position(|byte| *byte != 0) {
                let start = at + start;
                let zeros = bytes[start..].windows(ZEROS_MIN).position(|run| run == [0; ZEROS_MIN]);
                at = zeros.map_or(bytes.len(), |length| start + length);
                runs.push(json!([start, to_hex(&bytes[start..at])]));
            }
            let member = json!({ "length": bytes.len(), "runs": runs });
            members.insert(name.to_str().unwrap().to_owned(), member);
        }
        let object = |(id, bytes): &(ObjectId, Bytes)| {
            let (id, kind) = (to_hex(&id.bytes), id.kind.number());
            json!({ "kind": kind, "id": id, "bytes": to_hex(bytes) })
        };
        let objects: Vec<_> = self.objects.iter().map(object).collect();
        json!({ "spec": "docs/spec/store-directory.md", "objects": objects, "files": members })
    }

    fn decode(golden: &Value) -> Self {
        let files = FakeFiles::default();
        for directory in [root().to_owned(), path("packs"), path("index")] {
            files.create_directory(&directory).unwrap();
        }
        for (name, member) in golden["files"].as_object().unwrap() {
            let mut bytes = vec![0; member["length"].as_u64().unwrap() as usize];
            for run in member["runs"].as_array().unwrap() {
                let start = run[0].as_u64().unwrap() as usize;
                let part = from_hex(run[1].as_str().unwrap());
                bytes[start..start + part.len()].copy_from_slice(&part);
            }
            files.set_bytes(&path(name), &bytes);
        }
        let hex = |value: &Value| from_hex(value.as_str().unwrap());
        let object = |object: &Value| {
            let kind = ObjectKind::from_number(object["kind"].as_u64().unwrap() as u8).unwrap();
            let bytes = hex(&object["id"]).try_into().unwrap();
            (ObjectId { kind, bytes }, hex(&object["bytes"]).into())
        };
        Self { files, objects: golden["objects"].as_array().unwrap().iter().map(object).collect() }
    }
}

/// An object of each kind, from the vectors and one made here.
fn sample_objects() -> Vec<(ObjectId, Bytes)> {
    let mut objects = Vec::new();
    for (kind, vectors) in [
        (ObjectKind::Node, include_str!("../../../tests/vectors/nodes.json")),
        (ObjectKind::Page, include_str!("../../../tests/vectors/pages.json")),
        (ObjectKind::Attributes, include_str!("../../../tests/vectors/attributes.json")),
        (ObjectKind::Snapshot, include_str!("../../../tests/vectors/snapshots.json")),
    ] {
        let cases = cases_of(vectors, 5);
        let accepted = cases.iter().filter(|case| case.text_or_null("error").is_none());
        objects.extend(accepted.take(5).map(|case| {
            let bytes = case.bytes("id").try_into().unwrap();
            (ObjectId { kind, bytes }, case.bytes("bytes").into())
        }));
    }
    let state = StateObject { maps: MapId::from_bytes([7; 32]) };
    objects.push((state.id().into(), state.encode().into()));
    objects
}

fn put_entry(store: &DirectoryStore, number: u64) {
    wait(store.put_contents(OURS, &contents_of(number))).unwrap();
    commit(store, number).unwrap();
}

/// Contents that are kept together: one that compresses, one that does not.
fn contents_of(number: u64) -> [Bytes; 2] {
    [text(&format!("text {number}"), 300), noise(&format!("noise {number}"), 700)]
}

fn large() -> Bytes {
    text("large", 2_500_000)
}

fn plain() -> Bytes {
    noise("plain", 3_000)
}

fn returned() -> Bytes {
    "removed, and put again".into()
}

fn theirs() -> Bytes {
    "of another workspace".into()
}

const THEIRS: WorkspaceId = WorkspaceId::from_bytes([0x22; 32]);
const ENTRIES: u64 = 4;
const GOLDEN: &str = "../tests/compatibility/store-directory-1.json";
/// Fewer zeros than that are written out.
const ZEROS_MIN: usize = 64;
