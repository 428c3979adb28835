//! The system fails at every single operation: a typed error, the store as before or after.

use std::io::ErrorKind;

use markerbed_host::{
    drive::blocking::wait,
    store::{
        Contents, DirectoryStore, Outcome, Records, StoreError,
        directory::{Access, Options},
    },
};
use markerbed_suites::{Random, print_count};

use crate::{
    files::{FakeFiles, Fault, FaultKind, Loss, Tamper},
    support::*,
};

const COUNT: u64 = 12;

fn open_small(files: &FakeFiles) -> Result<DirectoryStore, StoreError> {
    let sizes = Options { pack_bytes: 1_500, ..options(files, Access::Write) };
    DirectoryStore::open(root(), sizes)
}

/// A store with one entry.
fn begun() -> FakeFiles {
    let files = FakeFiles::default();
    put_and_commit(&create(&files).unwrap(), 0).unwrap();
    files
}

/// Opens the store and commits until `COUNT` entries are there; the first error ends it.
fn work(files: &FakeFiles) -> (u64, Option<StoreError>) {
    let mut acknowledged = 1;
    let result = open_small(files).and_then(|store| {
        for number in 1..COUNT {
            put_and_commit(&store, number)?;
            acknowledged = number + 1;
        }
        Ok(())
    });
    (acknowledged, result.err())
}

/// How many operations the work takes when nothing fails.
fn operations() -> u64 {
    let files = begun();
    files.set_fault(None);
    assert_eq!(work(&files).0, COUNT);
    files.operations()
}

#[test]
fn after_any_failed_operation_the_store_is_as_before_or_after() {
    let mut tried = 0;
    for kind in [ErrorKind::Other, ErrorKind::StorageFull] {
        for at in 1..=operations() {
            for fault in [FaultKind::Once(kind), FaultKind::Forever(kind)] {
                let files = begun();
                files.set_fault(Some(Fault { at, kind: fault }));
                let (acknowledged, error) = work(&files);
                files.set_fault(None);

                if let Some(error) = error {
                    let wanted =
                        if kind == ErrorKind::StorageFull { "store-full" } else { "store-failed" };
                    assert_eq!(error.code(), wanted, "{fault:?} at {at}");
                }
                let store = open_small(&files).unwrap();
                assert_eq!(store.damage(), [], "{fault:?} at {at}");
                let count = wait(store.number(OURS)).unwrap().unwrap() + 1;
                assert!((acknowledged..=acknowledged + 1).contains(&count), "{fault:?} at {at}");
                assert_holds(&store, count);
                for number in count..COUNT {
                    put_and_commit(&store, number).unwrap();
                }
                assert_holds(&store, COUNT);
                tried += 1;
            }
        }
    }
    print_count("directory_store_faults", tried, 300);
}

#[test]
fn the_same_handle_works_again_after_a_full_disk() {
    let mut tried = 0;
    for at in 1..=operations() {
        let files = begun();
        let store = open_small(&files).unwrap();
        files.set_fault(Some(Fault { at, kind: FaultKind::Once(ErrorKind::StorageFull) }));
        let mut failed = None;
        for number in 1..COUNT {
            let first = put_and_commit(&store, number);
            if let Err(error) = first {
                assert_eq!(error.code(), "store-full");
                // Readers of the handle see it as it was.
                assert_eq!(wait(store.number(OURS)).unwrap(), Some(number - 1));
                failed = Some(number);
                break;
            }
        }
        // Some failures are no one's business, such as that of a hint.
        let Some(failed) = failed else { continue };
        files.set_fault(None);

        match put_and_commit(&store, failed) {
            Ok(outcome) => {
                assert_eq!(outcome, Outcome::Committed { number: Some(failed) });
                assert_holds(&store, failed + 1);
            }
            // It failed while syncing: this handle promises nothing more.
            Err(error) => assert!(error.to_string().contains("open the store again"), "{error}"),
        }
        drop(store);
        let store = open_small(&files).unwrap();
        assert_eq!(store.damage(), []);
        let count = wait(store.number(OURS)).unwrap().unwrap() + 1;
        assert_holds(&store, count);
        assert!(count >= failed);
        tried += 1;
    }
    print_count("directory_store_full_disk", tried, 20);
}

#[test]
fn after_a_failed_sync_nothing_is_committed_until_the_store_is_opened_again() {
    let files = begun();
    let store = open(&files).unwrap();
    let (contents, _) = goods(1);
    wait(store.put_contents(OURS, &contents)).unwrap();
    // Behind the write of the buffer comes the sync.
    files.set_fault(Some(Fault { at: 2, kind: FaultKind::Once(ErrorKind::Other) }));

    let failed = commit(&store, 1).unwrap_err();
    let refused = commit(&store, 1).unwrap_err();
    let refused_put = wait(store.put_contents(OURS, &["new".into()])).unwrap_err();

    assert_eq!([failed.code(), refused.code(), refused_put.code()], ["store-failed"; 3]);
    assert!(refused.to_string().contains("open the store again"), "{refused}");
    assert_holds(&store, 1);
    drop(store);
    let store = open(&files).unwrap();
    // It may have been done: the request id tells.
    assert_eq!(commit(&store, 1).unwrap(), Outcome::Already { number: 1 });
}

#[test]
fn what_a_failed_sync_left_is_durable_once_the_store_is_open_again() {
    let files = begun();
    let store = open(&files).unwrap();
    let (contents, object) = goods(1);
    wait(store.put_contents(OURS, &contents)).unwrap();
    wait(store.put_objects(OURS, &[object])).unwrap();
    files.set_fault(Some(Fault { at: 2, kind: FaultKind::Once(ErrorKind::Other) }));
    commit(&store, 1).unwrap_err();
    drop(store);

    let store = open(&files).unwrap();
    assert_eq!(commit(&store, 1).unwrap(), Outcome::Already { number: 1 });
    put_and_commit(&store, 2).unwrap();

    // The system believes that it wrote what the failed sync was for.
    let crashed = files.after_crash(Loss::DropAll, &mut Random::new(0, "crash"));
    assert_holds(&open(&crashed).unwrap(), 3);
}

#[test]
fn an_interrupted_creation_can_be_repeated_or_is_done() {
    let whole = {
        let files = FakeFiles::default();
        files.set_fault(None);
        drop(create(&files).unwrap());
        files.operations()
    };
    for at in 1..=whole {
        let files = FakeFiles::default();
        files.set_fault(Some(Fault { at, kind: FaultKind::PowerCut(ErrorKind::Other) }));
        // Only that the hint could not be written is no one's business.
        assert_eq!(create(&files).is_err(), at < whole);
        files.set_fault(None);

        let store = create(&files).or_else(|error| match error {
            StoreError::Exists { .. } => open(&files),
            error => Err(error),
        });

        put_and_commit(&store.unwrap(), 0).unwrap();
    }
}

#[test]
fn what_a_failed_large_write_left_is_gone_when_its_pack_is_sealed() {
    let files = begun();
    let store = open_small(&files).unwrap();
    files.set_fault(Some(Fault { at: 1, kind: FaultKind::Forever(ErrorKind::StorageFull) }));
    // Not even what was written can be taken back.
    wait(store.put_contents(OURS, &[noise("large", 300_000)])).unwrap_err();
    files.set_fault(None);

    for number in 1..COUNT {
        put_and_commit(&store, number).unwrap();
    }
    drop(store);

    let store = open_small(&files).unwrap();
    assert_eq!(store.damage(), []);
    assert_holds(&store, COUNT);
}

#[test]
fn a_pack_whose_beginning_was_not_synced_is_durable_once_the_store_is_open_again() {
    for at in 1..=operations() {
        let files = begun();
        files.set_fault(Some(Fault { at, kind: FaultKind::Once(ErrorKind::Other) }));
        let (acknowledged, _) = work(&files);
        let killed = files.after_kill();
        let store = open_small(&killed).unwrap();
        let count = wait(store.number(OURS)).unwrap().unwrap() + 1;
        put_and_commit(&store, count).unwrap();

        let crashed = killed.after_crash(Loss::DropAll, &mut Random::new(0, "crash"));
        let store = open_small(&crashed).unwrap();

        assert_eq!(store.damage(), [], "at {at}");
        assert!(count >= acknowledged);
        assert_holds(&store, count + 1);
    }
}
