//! Index files: they only make opening fast. With them, without them, and with any that lie, the
//! answers are the same, or errors.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, thread};

use bytes::Bytes;
use markerbed_core::{WorkspaceId, hash::content_id};
use markerbed_host::{
    drive::blocking::wait,
    store::{
        Batch, Contents, DirectoryStore, Records, RowChange, RowRange, StoreError, Streams,
        directory::{
            Access, IndexFinding, IndexReport, IndexUse, Options, compare_index, rebuild_index,
        },
    },
};
use markerbed_suites::{Random, print_count, seed};
use tempfile::tempdir;

use crate::{
    files::{FakeFiles, Tamper},
    support::*,
};

fn small(files: &FakeFiles, access: Access) -> Options {
    Options { pack_bytes: 2_500, ..options(files, access) }
}

fn open_as(files: &FakeFiles, access: Access) -> Result<DirectoryStore, StoreError> {
    DirectoryStore::open(root(), small(files, access))
}

fn index_path(pack: u32) -> PathBuf {
    path(&format!("index/{pack:08}.index"))
}

fn index_paths(files: &FakeFiles) -> Vec<PathBuf> {
    let is_index = |path: &PathBuf| path.extension().is_some_and(|last| last == "index");
    files.paths().into_iter().filter(is_index).collect()
}

/// Puts `count` entries with their goods into a store of small packs, and rows that come and go.
fn store_of(count: u64) -> FakeFiles {
    let files = FakeFiles::default();
    let store = DirectoryStore::create(root(), small(&files, Access::Write)).unwrap();
    for number in 0..count {
        fill(&store, number);
    }
    store.close().unwrap();
    files
}

/// Entry `number`. With it row `a` changes, row `b` comes or goes, and so does content `removed`.
fn fill(store: &DirectoryStore, number: u64) {
    put_and_commit(store, number).unwrap();
    let row = |key: &'static str, value: Option<String>| RowChange {
        key: key.into(),
        value: value.map(Bytes::from),
    };
    let shown = |shows: bool| shows.then(|| format!("{number}"));
    let rows = vec![row("a", shown(true)), row("b", shown(number.is_multiple_of(2)))];
    wait(store.commit(OURS, Batch { expected: Some(number), rows, ..Batch::default() })).unwrap();
    let ids = wait(store.put_contents(OURS, &["removed".into()])).unwrap();
    if number % 2 == 1 {
        wait(store.remove_contents(OURS, &ids)).unwrap();
    }
    wait(store.put_position(OURS, "reader", number)).unwrap();
}

/// Compares what a store says with what `count` calls of [`fill`] made; an error is as good.
fn assert_right_or_error(store: &DirectoryStore, count: u64, case: &str) {
    let last = count - 1;
    let text = |shows: bool| shows.then(|| Bytes::from(last.to_string()));
    for number in 0..count {
        let (contents, (id, bytes)) = goods(number);
        for content in contents {
            if let Ok(found) = wait(store.fetch_contents(OURS, &[content_id(&content)])) {
                assert_eq!(found, [Some(content)], "{case}");
            }
        }
        if let Ok(found) = wait(store.fetch_objects(OURS, &[id])) {
            assert_eq!(found, [Some(bytes)], "{case}");
        }
    }
    let shows = last.is_multiple_of(2);
    let rows = [("a", text(true)), ("b", text(shows)), ("c", None), ("number", text(true))];
    for (key, value) in &rows {
        if let Ok(found) = wait(store.fetch_rows(OURS, &[Bytes::from(*key)])) {
            assert_eq!(found, std::slice::from_ref(value), "{case}");
        }
    }
    if let Ok(found) = wait(store.range_rows(OURS, &RowRange::default(), 9)) {
        let live = rows.into_iter().filter_map(|(key, value)| Some((key.into(), value?)));
        assert_eq!(found, live.collect::<Vec<_>>(), "{case}");
    }
    if let Ok(found) = wait(store.has_contents(OURS, &[content_id(b"removed")])) {
        assert_eq!(found, [shows], "{case}");
    }
    if let Ok(found) = wait(store.position(OURS, "reader")) {
        assert_eq!(found, Some(last), "{case}");
    }
    if let Ok(found) = wait(store.number(OURS)) {
        assert_eq!(found, Some(last), "{case}");
    }
    if let Ok(found) = wait(store.fetch_entries(OURS, 0..99)) {
        let entries: Vec<_> = (0..count).map(|number| number.to_string()).collect();
        assert_eq!(found, entries, "{case}");
    }
    let requests: Vec<_> = (0..=count).map(|number| batch(number).entries[0].request).collect();
    if let Ok(found) = wait(store.find_requests(OURS, &requests)) {
        let numbers: Vec<_> = (0..count).map(Some).chain([None]).collect();
        assert_eq!(found, numbers, "{case}");
    }
    let theirs = WorkspaceId::from_bytes([0x22; 32]);
    if let Ok(found) = wait(store.fetch_rows(theirs, &["a".into()])) {
        assert_eq!(found, [None], "{case}");
    }
}

/// The same, and nothing may fail.
fn assert_right(store: &DirectoryStore, count: u64) {
    assert_eq!(store.damage(), []);
    assert_holds(store, count);
    assert_right_or_error(store, count, "");
    let keys = ["a", "b", "number"].map(Bytes::from);
    wait(store.fetch_rows(OURS, &keys)).unwrap();
    wait(store.range_rows(OURS, &RowRange::default(), 9)).unwrap();
    wait(store.has_contents(OURS, &[content_id(b"removed")])).unwrap();
    assert_eq!(wait(store.position(OURS, "reader")).unwrap(), Some(count - 1));
}

fn compare(files: &FakeFiles) -> (IndexReport, Vec<IndexFinding>) {
    let mut found = Vec::new();
    let report = compare_index(root(), Arc::new(files.clone()), &mut |one| found.push(one));
    (report.unwrap(), found)
}

#[test]
fn with_and_without_index_files_the_answers_are_the_same() {
    let files = store_of(9);
    let kept = index_paths(&files);
    assert!(kept.len() >= 3, "{kept:?}");

    for access in [Access::Read, Access::Write] {
        let copy = files.copy();
        assert_right(&open_as(&copy, access).unwrap(), 9);
        let ignoring = Options { index: IndexUse::Ignore, ..small(&copy, access) };
        assert_right(&DirectoryStore::open(root(), ignoring).unwrap(), 9);
    }
    let without = files.copy();
    kept.iter().for_each(|path| without.remove(path));
    without.remove(&path("index"));
    assert_right(&open_as(&without, Access::Read).unwrap(), 9);
    assert_eq!(index_paths(&without).len(), 0);

    // Who writes makes them again, as they were.
    let store = open_as(&without, Access::Write).unwrap();
    assert_right(&store, 9);
    fill(&store, 9);
    assert_right(&store, 10);
    for path in &kept[..kept.len() - 1] {
        assert!(without.bytes(path) == files.bytes(path), "{}", path.display());
    }
}

#[test]
fn no_flipped_bit_of_an_index_file_changes_an_answer() {
    let files = store_of(5);
    let mut random = Random::new(seed(), "index_bits");
    let mut tried = 0;
    for index in index_paths(&files) {
        let bytes = files.bytes(&index);
        for (at, byte) in bytes.iter().enumerate() {
            // Where there is something all bits, in the padding one.
            let one = random.below(8);
            for bit in if *byte == 0 { one..one + 1 } else { 0..8 } {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                files.set_bytes(&index, &flipped);

                let case = format!("{} byte {at} bit {bit}, seed {}", index.display(), seed());
                assert_right_or_error(&open_as(&files, Access::Read).unwrap(), 5, &case);
                tried += 1;
            }
        }
        files.set_bytes(&index, &bytes);
    }
    assert_right(&open_as(&files, Access::Read).unwrap(), 5);
    print_count("directory_store_index_bit_flips", tried, 10_000);
}

#[test]
fn every_truncation_of_an_index_file_is_as_if_it_was_not_there() {
    let files = store_of(4);
    let index = index_path(1);
    let bytes = files.bytes(&index);

    for length in (0..bytes.len()).step_by(61) {
        files.set_bytes(&index, &bytes[..length]);

        assert_right(&open_as(&files, Access::Read).unwrap(), 4);
        assert_eq!(compare(&files).1.len(), 1, "{length}");
    }
}

#[test]
fn the_index_of_another_store_or_pack_does_not_count() {
    let (ours, theirs) = (store_of(7), store_of(7));
    let (first, second) = (index_path(1), index_path(2));

    for foreign in [theirs.bytes(&first), ours.bytes(&second)] {
        let copy = ours.copy();
        copy.set_bytes(&first, &foreign);

        assert_right(&open_as(&copy, Access::Read).unwrap(), 7);
        assert_eq!(compare(&copy).1.iter().map(|found| found.pack).collect::<Vec<_>>(), [1]);
        assert_right(&open_as(&copy, Access::Write).unwrap(), 7);
        assert_eq!(compare(&copy).1, []);
        assert!(copy.bytes(&first) == ours.bytes(&first));
    }
}

#[test]
fn an_index_of_more_than_is_left_of_its_pack_never_answers_for_what_comes_later() {
    let big = |files: &FakeFiles, access| Options { pack_bytes: 60_000, ..options(files, access) };
    let files = FakeFiles::default();
    let store = DirectoryStore::create(root(), big(&files, Access::Write)).unwrap();
    let mut ends = Vec::new();
    for number in 0..6 {
        fill(&store, number);
        ends.push(files.bytes(&first_pack()).len());
    }
    drop(store);
    assert_eq!(index_paths(&files).len(), 1, "closing made one of the newest pack");
    let pack = files.bytes(&first_pack());
    let mut tried = 0;

    for (count, end) in (1..).zip(&ends[..5]) {
        let files = files.copy();
        files.set_bytes(&first_pack(), &pack[..*end]);
        // Without the mark nothing tells that more was there.
        files.remove(&path("durable"));
        let reader = DirectoryStore::open(root(), big(&files, Access::Read)).unwrap();
        assert_right_or_error(&reader, count, "a reader");

        let store = DirectoryStore::open(root(), big(&files, Access::Write)).unwrap();
        assert_right(&store, count);
        // Other things than before are at the old places now.
        wait(store.put_contents(OURS, &[noise("other", 400 + 7 * *end)])).unwrap();
        for number in count..6 {
            fill(&store, number);
            let killed = files.copy();
            let reopened = DirectoryStore::open(root(), big(&killed, Access::Write)).unwrap();
            assert_right(&reopened, number + 1);
            tried += 1;
        }
    }
    assert!(tried >= 10);
}

#[test]
fn a_lost_pack_that_is_begun_again_is_not_read_by_its_old_index() {
    let files = store_of(6);
    let packs = index_paths(&files).len() as u32;
    let old = files.bytes(&index_path(packs));
    let store = open_as(&files, Access::Write).unwrap();
    for number in 6..20 {
        // As if it had been there before the pack was.
        for pack in packs + 1..packs + 9 {
            let begun = files.read_all(&path(&format!("packs/{pack:08}.pack"))).is_ok();
            if !begun {
                files.set_bytes(&index_path(pack), &old);
            }
        }
        fill(&store, number);
    }
    drop(store);

    assert_right(&open_as(&files, Access::Write).unwrap(), 20);
}

#[test]
fn a_store_with_index_files_opens_without_reading_its_packs() {
    let files = FakeFiles::default();
    let sizes = |access, index| Options { pack_bytes: 20_000, index, ..options(&files, access) };
    let store = DirectoryStore::create(root(), sizes(Access::Write, IndexUse::Use)).unwrap();
    (0..60).for_each(|number| fill(&store, number));
    drop(store);
    let opening = |index| {
        files.set_fault(None);
        DirectoryStore::open(root(), sizes(Access::Read, index)).unwrap();
        files.operations()
    };

    let (with, without) = (opening(IndexUse::Use), opening(IndexUse::Ignore));

    let packs = index_paths(&files).len();
    assert!(packs > 3 && with * 3 < without, "{with}, {without} without index, {packs} packs");
}

#[test]
fn rows_in_order_are_the_same_in_memory_in_files_and_in_both() {
    let mut random = Random::new(seed(), "index_rows");
    let files = FakeFiles::default();
    let mut store = DirectoryStore::create(root(), small(&files, Access::Write)).unwrap();
    let mut oracle: BTreeMap<Bytes, Bytes> = BTreeMap::new();
    let mut tried = 0;
    for step in 0..150 {
        let rows: Vec<_> = (0..random.below(12))
            .map(|_| {
                let key = Bytes::from(format!("{:b}", random.below(200)));
                let value = (random.below(3) > 0).then(|| Bytes::from(random.bytes(20)));
                RowChange { key, value }
            })
            .collect();
        for RowChange { key, value } in rows.clone() {
            match value {
                Some(value) => oracle.insert(key, value),
                None => oracle.remove(&key),
            };
        }
        wait(store.commit(OURS, Batch { rows, ..Batch::default() })).unwrap();
        if random.below(10) == 0 {
            drop(store);
            store = open_as(&files, Access::Write).unwrap();
        }
        for _ in 0..4 {
            let prefix = Bytes::from(["", "1", "10", "110", "x"][random.below(5) as usize]);
            let after = (random.below(2) > 0).then(|| format!("{:b}", random.below(200)).into());
            let limit = random.below(30) as usize;
            let range = RowRange { prefix: prefix.clone(), after: after.clone() };

            let found = wait(store.range_rows(OURS, &range, limit)).unwrap();

            let is_wanted = |(key, _): &(&Bytes, &Bytes)| {
                key.starts_with(&prefix) && after.as_ref().is_none_or(|after| *key > after)
            };
            let wanted = oracle.iter().filter(is_wanted).take(limit);
            let wanted: Vec<_> = wanted.map(|(key, value)| (key.clone(), value.clone())).collect();
            assert_eq!(found, wanted, "step {step}, seed {}", seed());
            tried += 1;
        }
        let keys: Vec<_> =
            (0..20).map(|_| Bytes::from(format!("{:b}", random.below(200)))).collect();
        let wanted: Vec<_> = keys.iter().map(|key| oracle.get(key).cloned()).collect();
        assert_eq!(wait(store.fetch_rows(OURS, &keys)).unwrap(), wanted, "seed {}", seed());
    }
    assert!(index_paths(&files).len() > 5);
    print_count("directory_store_row_ranges", tried, 600);
}

#[test]
fn index_files_can_be_compared_and_made_anew() {
    let files = store_of(7);
    let (report, found) = compare(&files);
    assert_eq!(found, []);
    assert_eq!(report.files, index_paths(&files).len() as u64);
    let whole = files.copy();
    let first = files.bytes(&index_path(1));
    let mut flipped = files.bytes(&index_path(2));
    flipped[200] ^= 1;
    files.set_bytes(&index_path(2), &flipped);
    files.remove(&index_path(1));
    files.set_bytes(&index_path(99), &first);

    let (_, found) = compare(&files);
    let found: Vec<_> = found.iter().map(|found| found.pack).collect();
    let mut damaged = Vec::new();
    let rebuilt = rebuild_index(root(), Arc::new(files.clone()), &mut |one| damaged.push(one));

    assert_eq!(found, [1, 2, 99]);
    assert_eq!(damaged, []);
    assert_eq!(rebuilt.unwrap().findings, 0);
    for path in index_paths(&whole).iter().rev().skip(1) {
        assert!(files.bytes(path) == whole.bytes(path), "{}", path.display());
    }
    assert_right(&open_as(&files, Access::Write).unwrap(), 7);
    let busy = open_as(&files, Access::Write).unwrap();
    let refused = rebuild_index(root(), Arc::new(files.clone()), &mut |_| {}).unwrap_err();
    assert_eq!(refused.code(), "store-busy");
    drop(busy);
}

#[test]
fn a_damaged_pack_gets_no_index_and_its_damage_is_named() {
    let files = store_of(7);
    let pack = path("packs/00000002.pack");
    let mut bytes = files.bytes(&pack);
    let header = bytes.windows(4).skip(200).position(|bytes| bytes == b"mbR1").unwrap() + 200;
    bytes[header + 30] ^= 1;
    files.set_bytes(&pack, &bytes);
    let mut index = files.bytes(&index_path(2));
    index[100] ^= 1;
    files.set_bytes(&index_path(2), &index);

    let mut damaged = Vec::new();
    rebuild_index(root(), Arc::new(files.clone()), &mut |one| damaged.push(one)).unwrap();

    assert!(damaged.iter().any(|one| (one.pack, one.offset) == (2, header as u64)), "{damaged:?}");
    assert_eq!(files.bytes(&index_path(2)), b"");
    assert!(files.bytes(&pack) == bytes);
    let store = open_as(&files, Access::Read).unwrap();
    assert!(!store.damage().is_empty());
    assert_right_or_error(&store, 7, "a damaged pack");
    let absent = wait(store.fetch_contents(OURS, &[content_id(b"absent")]));
    assert_eq!(absent.unwrap_err().code(), "store-damaged");
}

#[test]
fn a_broken_index_that_is_met_later_is_named_with_what_helps() {
    let files = FakeFiles::default();
    let store = create(&files).unwrap();
    let rows: Vec<_> = (0..30_000)
        .map(|number| RowChange {
            key: format!("key {number}").into(),
            value: Some(noise(&format!("{number}"), 200)),
        })
        .collect();
    wait(store.commit(OURS, Batch { rows, ..Batch::default() })).unwrap();
    drop(store);
    let mut index = files.bytes(&index_path(1));
    // In the filter.
    index[9_000] ^= 1;
    files.set_bytes(&index_path(1), &index);

    let store = open(&files).unwrap();
    let error = wait(store.fetch_rows(OURS, &["key 1".into()])).map(drop).unwrap_err();

    let text = error.to_string();
    assert!(text.contains("the index of pack 1 is damaged"), "{text}");
    assert!(text.contains("index/00000001.index: a block is not what was written"), "{text}");
    assert!(text.ends_with("`repair --rebuild-index` makes it anew"), "{text}");
}

#[test]
fn a_reader_beside_a_writer_that_seals_sees_whole_states() {
    let scratch = tempdir().unwrap();
    let place = scratch.path().join("store");
    let sizes = |access| Options { pack_bytes: 3_000, ..Options::new(access) };
    let store = DirectoryStore::create(&place, sizes(Access::Write)).unwrap();
    put_and_commit(&store, 0).unwrap();
    let mut seen = 0;

    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 1..60 {
                put_and_commit(&store, number).unwrap();
            }
        });
        while !writer.is_finished() {
            let reader = DirectoryStore::open(&place, sizes(Access::Read)).unwrap();
            let count = wait(reader.number(OURS)).unwrap().unwrap() + 1;
            assert_holds(&reader, count);
            seen += 1;
        }
    });

    assert!(seen > 0);
    assert_holds(&store, 60);
}
