//! Large contents: cut where their bytes say, and what two of them share is kept once.

use std::io::ErrorKind;

use bytes::Bytes;
use markerbed_core::hash::content_id;
use markerbed_host::{
    drive::blocking::wait,
    store::{Contents, DirectoryStore, StoreError, Written},
};
use markerbed_suites::print_count;

use crate::{
    files::{FakeFiles, Fault, FaultKind},
    support::*,
};

fn stream(store: &DirectoryStore, content: &[u8], piece: usize) -> Result<Written, StoreError> {
    let mut writer = wait(store.write_content(OURS))?;
    for piece in content.chunks(piece) {
        wait(writer.write(piece))?;
    }
    wait(writer.finish())
}

/// How many items there are after a flush, and in how many bytes.
fn stored(files: &FakeFiles, store: &DirectoryStore) -> (u64, u64) {
    wait(store.flush_contents(OURS)).unwrap();
    let (report, damaged) = scan_all(root(), files.clone()).unwrap();
    assert_eq!(damaged, []);
    (report.items, report.bytes)
}

#[test]
fn what_contents_share_is_kept_once_wherever_it_lies() {
    let files = FakeFiles::default();
    let store = create(&files).unwrap();
    let content = noise("shared", 6 << 20);
    stream(&store, &content, 1 << 20).unwrap();
    let (_, before) = stored(&files, &store);

    let moved = [b"a few bytes before it", &content[..]].concat();
    let changed =
        [&content[..2 << 20], &noise("other", 100_000), &content[(2 << 20) + 100_000..]].concat();
    let ids = [&moved, &changed].map(|content| stream(&store, content, 70_001).unwrap().id);

    let (_, after) = stored(&files, &store);
    assert!(after - before < 3 << 20, "{} bytes more", after - before);
    let read = wait(store.fetch_contents(OURS, &ids)).unwrap();
    assert!(read == [Some(moved.into()), Some(changed.into())]);
}

#[test]
fn how_a_content_comes_makes_no_difference_to_what_is_kept() {
    let files = FakeFiles::default();
    let store = create(&files).unwrap();
    let content = noise("either way", 3_000_000);
    stream(&store, &content, 1 << 20).unwrap();
    let once = stored(&files, &store);

    for piece in [1_000, 65_537, content.len()] {
        stream(&store, &content, piece).unwrap();
    }
    wait(store.put_contents(OURS, &[content])).unwrap();

    assert_eq!(stored(&files, &store), once);
}

#[test]
fn zeros_are_parts_of_the_longest_size_kept_once() {
    let files = FakeFiles::default();
    let store = create(&files).unwrap();
    let zeros = vec![0; (32 << 20) + 5];

    let written = stream(&store, &zeros, 1 << 20).unwrap();

    let (items, bytes) = stored(&files, &store);
    assert_eq!(items, 3, "one of 1 MiB, one of 5 bytes, the recipe");
    assert!(bytes < 4_096, "{bytes} bytes");
    let reader = wait(store.open_content(OURS, written.id)).unwrap().unwrap();
    assert_eq!(reader.length(), zeros.len() as u64);
}

#[test]
fn a_content_is_cut_only_above_one_mebibyte() {
    for (length, items) in [(1 << 20, 1), ((1 << 20) + 1, 3)] {
        let files = FakeFiles::default();
        let store = create(&files).unwrap();

        stream(&store, &vec![1; length], 4_096).unwrap();

        assert_eq!(stored(&files, &store).0, items, "{length} bytes");
    }
}

#[test]
fn a_failure_while_a_large_content_comes_is_told_and_the_next_try_succeeds() {
    let content = noise("too much", 4_000_000);
    let work = |files: &FakeFiles| -> Result<Bytes, StoreError> {
        let store = open(files)?;
        let written = stream(&store, &content, 500_000)?;
        wait(store.flush_contents(OURS))?;
        Ok(wait(store.fetch_contents(OURS, &[written.id]))?.remove(0).unwrap())
    };
    let files = FakeFiles::default();
    create(&files).unwrap();
    files.set_fault(None);
    work(&files).unwrap();
    let operations = files.operations();

    for at in 1..=operations {
        let files = FakeFiles::default();
        create(&files).unwrap();
        files.set_fault(Some(Fault { at, kind: FaultKind::Forever(ErrorKind::StorageFull) }));
        if let Err(error) = work(&files) {
            assert_eq!(error.code(), "store-full", "operation {at}");
        }
        files.set_fault(None);

        assert!(work(&files).unwrap() == content, "operation {at}");
    }
    print_count("failed operations", operations, 20);
}

#[test]
fn a_content_that_is_dropped_halfway_is_not_there_and_holds_nothing() {
    let files = FakeFiles::default();
    let store = create(&files).unwrap();
    let content = noise("dropped", 3_000_000);
    let mut writer = wait(store.write_content(OURS)).unwrap();
    wait(writer.write(&content)).unwrap();

    drop(writer);
    drop(store);

    let store = open(&files).unwrap();
    assert_eq!(wait(store.has_contents(OURS, &[content_id(&content)])).unwrap(), [false]);
}
