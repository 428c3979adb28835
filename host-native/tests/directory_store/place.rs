//! Wrong places, readers, and what opening leaves alone.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use markerbed_host::{
    drive::blocking::wait,
    store::{
        Contents, DirectoryStore, Records, StoreError,
        directory::{Access, Options, layer::SystemFiles},
    },
};
use tempfile::tempdir;

use crate::{
    files::{FakeFiles, Tamper},
    support::*,
};

fn real(root: &Path, access: Access) -> Result<DirectoryStore, StoreError> {
    DirectoryStore::open(root, Options::new(access))
}

fn code(result: Result<DirectoryStore, StoreError>) -> (&'static str, String) {
    let error = result.unwrap_err();
    (error.code(), error.to_string())
}

#[test]
fn what_is_not_there_is_no_store() {
    let scratch = tempdir().unwrap();
    let root = scratch.path().join("absent");

    for access in [Access::Read, Access::Write] {
        let (code, text) = code(real(&root, access));
        assert_eq!(code, "no-store");
        assert!(text.contains("absent"), "{text}");
    }
    let inside_a_file = scratch.path().join("file/store");
    fs::write(scratch.path().join("file"), "").unwrap();
    assert_eq!(code(real(&inside_a_file, Access::Write)).0, "no-store");
    assert!(!root.exists());
}

#[test]
fn a_file_and_a_folder_of_something_else_are_no_store_and_stay_as_they_are() {
    let scratch = tempdir().unwrap();
    let file = scratch.path().join("file");
    fs::write(&file, "something").unwrap();

    assert_eq!(
        code(real(&file, Access::Write)).1,
        format!("{}: it is not a directory", file.display())
    );
    assert_eq!(code(real(scratch.path(), Access::Write)).0, "not-a-store");
    let make = |root| DirectoryStore::create(root, Options::new(Access::Write));
    assert_eq!(code(make(&file)).0, "not-a-store");
    let (code, text) = code(make(scratch.path()));
    assert_eq!(code, "not-a-store");
    assert!(text.ends_with("the directory is not empty"), "{text}");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
}

#[test]
fn nobody_but_the_owner_may_look_into_a_store() {
    let scratch = tempdir().unwrap();
    let root = scratch.path().join("store");
    let store = DirectoryStore::create(&root, Options::new(Access::Write)).unwrap();
    wait(store.put_contents(OURS, &[b"a secret".to_vec().into()])).unwrap();
    wait(store.flush_contents(OURS)).unwrap();

    let mut pending = vec![root];
    let mut looked_at = 0;
    while let Some(path) = pending.pop() {
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o077, 0, "{}", path.display());
        if metadata.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        looked_at += 1;
    }

    assert!(looked_at > 3);
}

#[test]
fn a_newer_format_is_named() {
    let files = FakeFiles::default();
    drop(create(&files).unwrap());
    files.set_bytes(&path("format"), b"markerbed store directory 17\n");

    let error = open(&files).unwrap_err();

    assert!(matches!(&error, StoreError::UnknownFormat { found, .. } if found == "17"), "{error}");
    assert_eq!(code(create(&files)).0, "unknown-store-format");
}

#[test]
fn half_a_store_is_named() {
    let files = FakeFiles::default();
    drop(create(&files).unwrap());
    let whole = files.copy();

    files.remove(&path("format"));
    let (without_format, text) = code(open(&files));
    let foreign = whole.copy();
    foreign.set_bytes(&path("format"), b"another program\n");
    whole.remove(&first_pack());
    whole.remove(&path("packs"));

    assert_eq!(without_format, "not-a-store");
    assert!(text.contains("half a store"), "{text}");
    assert_eq!(code(open(&foreign)).0, "not-a-store");
    assert_eq!(code(open(&whole)).0, "store-damaged");
}

#[test]
fn a_store_is_not_made_over_a_store() {
    let files = FakeFiles::default();
    let store = create(&files).unwrap();
    put_and_commit(&store, 0).unwrap();
    drop(store);

    assert_eq!(code(create(&files)).0, "store-exists");
    files.remove(&path("format"));
    assert_eq!(code(create(&files)).0, "not-a-store");
}

#[test]
fn a_directory_that_is_empty_becomes_a_store() {
    let scratch = tempdir().unwrap();

    let store = DirectoryStore::create(scratch.path(), Options::new(Access::Write)).unwrap();
    put_and_commit(&store, 0).unwrap();
    drop(store);

    assert_holds(&real(scratch.path(), Access::Read).unwrap(), 1);
    let text = fs::read_to_string(scratch.path().join("format")).unwrap();
    assert!(text.starts_with("markerbed store directory 1\n"), "{text}");
}

#[test]
fn a_second_handle_that_writes_is_told_that_one_does() {
    let scratch = tempdir().unwrap();
    let root = scratch.path().join("store");
    let first = DirectoryStore::create(&root, Options::new(Access::Write)).unwrap();

    let error = real(&root, Access::Write).unwrap_err();
    let text = format!("another process is writing (process {})", std::process::id());
    assert_eq!(error.code(), "store-busy");
    assert!(error.to_string().ends_with(&text), "{error}");

    drop(first);
    real(&root, Access::Write).unwrap();
}

#[test]
fn a_reader_beside_the_writer_sees_what_was_committed_when_it_opened() {
    let files = FakeFiles::default();
    let writer = create(&files).unwrap();
    put_and_commit(&writer, 0).unwrap();
    // So much that most of it has left the buffer for the file.
    let contents = [0, 1, 2, 3].map(|number| noise(&number.to_string(), 1_000_000));
    let uncommitted = wait(writer.put_contents(OURS, &contents)).unwrap();

    let reader = open_to_read(&files).unwrap();
    let seen = wait(reader.has_contents(OURS, &uncommitted)).unwrap();
    put_and_commit(&writer, 1).unwrap();

    assert_holds(&reader, 1);
    assert_eq!(seen, [false; 4]);
    assert_eq!(wait(reader.has_contents(OURS, &uncommitted)).unwrap(), [false; 4]);
    let later = open_to_read(&files).unwrap();
    assert_holds(&later, 2);
    assert_eq!(wait(later.has_contents(OURS, &uncommitted)).unwrap(), [true; 4]);
}

#[test]
fn a_reader_changes_nothing_and_is_refused_when_it_tries() {
    let files = FakeFiles::default();
    let writer = create(&files).unwrap();
    put_and_commit(&writer, 0).unwrap();
    drop(writer);
    // A torn tail, which a writer would cut off.
    let mut torn = files.bytes(&first_pack());
    torn.extend_from_slice(b"torn");
    files.set_bytes(&first_pack(), &torn);
    let before = files.changes();

    let reader = open_to_read(&files).unwrap();
    assert_holds(&reader, 1);
    scan_all(root(), files.clone()).unwrap();

    let refused = [
        wait(reader.put_contents(OURS, &["a".into()])).map(drop),
        wait(reader.put_contents(OURS, &[])).map(drop),
        wait(reader.put_objects(OURS, &[object("a")])),
        wait(reader.write_content(OURS)).map(drop),
        wait(reader.remove_contents(OURS, &[])),
        wait(reader.flush_contents(OURS)),
        commit(&reader, 1).map(drop),
    ];
    assert!(refused.into_iter().all(|result| result.unwrap_err().code() == "store-read-only"));
    assert_eq!(files.changes(), before);
    assert_eq!(files.bytes(&first_pack()), torn);
}

#[test]
fn opening_a_clean_store_to_write_changes_no_pack() {
    let scratch = tempdir().unwrap();
    let root = scratch.path().join("store");
    let store = DirectoryStore::create(&root, Options::new(Access::Write)).unwrap();
    put_and_commit(&store, 0).unwrap();
    drop(store);
    let pack = root.join("packs/00000001.pack");
    let before = (fs::read(&pack).unwrap(), fs::metadata(&pack).unwrap().modified().unwrap());

    drop(real(&root, Access::Write).unwrap());

    let after = (fs::read(&pack).unwrap(), fs::metadata(&pack).unwrap().modified().unwrap());
    assert!(before == after);
}

#[test]
fn equal_contents_and_objects_are_stored_once() {
    let files = FakeFiles::default();
    let store = create(&files).unwrap();
    put_and_commit(&store, 0).unwrap();
    wait(store.put_contents(OURS, &[noise("large", 3_000_000)])).unwrap();
    wait(store.flush_contents(OURS)).unwrap();
    let before = files.bytes(&first_pack()).len();

    let (contents, object) = goods(0);
    wait(store.put_contents(OURS, &contents)).unwrap();
    wait(store.put_objects(OURS, &[object])).unwrap();
    wait(store.put_contents(OURS, &[noise("large", 3_000_000)])).unwrap();
    let mut writer = wait(store.write_content(OURS)).unwrap();
    wait(writer.write(&noise("large", 3_000_000))).unwrap();
    wait(writer.finish()).unwrap();
    wait(store.flush_contents(OURS)).unwrap();

    assert_eq!(files.bytes(&first_pack()).len(), before);
}

#[test]
fn what_shrinks_takes_less_room_and_packs_are_sealed_when_full() {
    let files = FakeFiles::default();
    let sizes = Options { pack_bytes: 100_000, ..options(&files, Access::Write) };
    let store = DirectoryStore::create(root(), sizes).unwrap();

    wait(store.put_contents(OURS, &[text("a", 1_000_000)])).unwrap();
    wait(store.flush_contents(OURS)).unwrap();
    let small = files.bytes(&first_pack()).len();
    for number in 0..5 {
        put_and_commit(&store, number).unwrap();
        wait(store.put_contents(OURS, &[noise(&number.to_string(), 90_000)])).unwrap();
    }
    drop(store);

    assert!(small < 5_000, "{small}");
    let (report, damaged) = scan_all(root(), files.clone()).unwrap();
    assert_eq!((report.packs, report.batches, report.entries), (3, 5, 5));
    assert_eq!(damaged.len(), 5, "the objects of these tests are none: {damaged:?}");
    assert_holds(&open(&files).unwrap(), 5);
}

#[test]
fn two_stores_differ_in_every_name_they_give_themselves() {
    let scratch = tempdir().unwrap();
    let make = |name: &str| {
        let root = scratch.path().join(name);
        drop(DirectoryStore::create(&root, Options::new(Access::Write)).unwrap());
        fs::read(root.join("format")).unwrap()
    };

    assert_ne!(make("a"), make("b"));
    scan_all(&scratch.path().join("a"), SystemFiles).unwrap();
}

#[test]
fn of_many_who_make_a_store_in_one_place_one_does() {
    let scratch = tempdir().unwrap();
    let root = scratch.path().join("store");
    for _ in 0..20 {
        let make = || DirectoryStore::create(&root, Options::new(Access::Write));
        let made: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });

        let (stores, errors): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
        assert_eq!(stores.len(), 1);
        for store in stores {
            put_and_commit(&store.unwrap(), 0).unwrap();
        }
        for error in errors {
            let (code, text) = code(error);
            assert!(matches!(code, "store-busy" | "store-exists"), "{text}");
        }
        assert_holds(&real(&root, Access::Write).unwrap(), 1);
        fs::remove_dir_all(&root).unwrap();
    }
}

#[test]
fn a_network_file_system_is_refused_and_nothing_is_touched() {
    let files = FakeFiles::default();
    drop(create(&files).unwrap());
    let empty = FakeFiles::default();
    let before = (files.changes(), empty.changes());
    for files in [&files, &empty] {
        files.set_network(Some("nfs"));
    }

    for result in [create(&empty), create(&files), open(&files), open_to_read(&files)] {
        let (code, text) = code(result);
        assert_eq!(code, "store-network-place");
        assert!(
            text.contains("(nfs)") && text.contains("keep the store on a local disk"),
            "{text}"
        );
    }
    assert_eq!(scan_all(root(), files.clone()).unwrap_err().code(), "store-network-place");
    assert_eq!(code(open(&empty)).0, "no-store");
    assert_eq!((files.changes(), empty.changes()), before);
    files.set_network(None);
    assert_eq!(open(&files).unwrap().damage(), []);
}
