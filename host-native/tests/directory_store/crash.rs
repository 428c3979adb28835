//! Power cuts at every operation, with everything they may take along.

use std::io::ErrorKind;

use markerbed_host::{
    drive::blocking::wait,
    store::{
        Contents, DirectoryStore, Records, StoreError,
        directory::{Access, Options},
    },
};
use markerbed_suites::{Random, print_count, seed};

use crate::{
    files::{FakeFiles, Fault, FaultKind, Loss, Tamper},
    support::*,
};

const COUNT: u64 = 12;

/// Small packs, so that sealing is crashed into as well.
fn small(files: &FakeFiles) -> Options {
    Options { pack_bytes: 3_000, ..options(files, Access::Write) }
}

/// Creates a store and works in it; says what was acknowledged.
fn work(files: &FakeFiles) -> (Acknowledged, Option<StoreError>) {
    let mut done = Acknowledged::default();
    let error = try_work(files, &mut done).err();
    (done, error)
}

#[derive(Default)]
struct Acknowledged {
    created: bool,
    entries: u64,
    removed: bool,
}

fn try_work(files: &FakeFiles, done: &mut Acknowledged) -> Result<(), StoreError> {
    let store = DirectoryStore::create(root(), small(files))?;
    done.created = true;
    for number in 0..COUNT {
        put_and_commit(&store, number)?;
        done.entries = number + 1;
        if number == 2 {
            let ids = wait(store.put_contents(OURS, &["removed".into()]))?;
            wait(store.remove_contents(OURS, &ids))?;
            done.removed = true;
        }
        if number == 3 {
            let mut writer = wait(store.write_content(OURS))?;
            wait(writer.write(&text("large", 1_200_000)))?;
            wait(writer.finish())?;
        }
    }
    Ok(())
}

#[test]
fn after_a_power_cut_at_any_operation_everything_acknowledged_is_there() {
    let operations = {
        let files = FakeFiles::default();
        files.set_fault(None);
        assert!(work(&files).1.is_none());
        files.operations()
    };
    let mut random = Random::new(seed(), "power_cut");
    let mut tried = 0;
    for at in 1..=operations {
        let files = FakeFiles::default();
        files.set_fault(Some(Fault { at, kind: FaultKind::PowerCut(ErrorKind::Other) }));
        let (done, _) = work(&files);
        for loss in Loss::ALL {
            for _ in 0..draws(loss) {
                let crashed = files.after_crash(loss, &mut random);
                assert_recovers(&crashed, &done, &format!("{loss:?} at {at}, seed {}", seed()));
                tried += 1;
            }
        }
    }
    print_count("directory_store_crashes", tried, 1_000);
}

/// How often to try it: as often as chance decides.
const fn draws(loss: Loss) -> u64 {
    match loss {
        Loss::DropAll | Loss::KeepAll => 1,
        Loss::Prefix | Loss::ZeroLength | Loss::ZeroBytes => 3,
        Loss::Reorder | Loss::TornSector => 6,
    }
}

fn assert_recovers(files: &FakeFiles, done: &Acknowledged, case: &str) {
    let store = match DirectoryStore::open(root(), small(files)) {
        Ok(store) => store,
        Err(error) if !done.created => {
            assert!(matches!(error.code(), "no-store" | "not-a-store"), "{case}: {error}");
            return;
        }
        Err(error) => panic!("{case}: {error}"),
    };
    assert_eq!(store.damage(), [], "{case}");
    let count = wait(store.number(OURS)).unwrap().map_or(0, |number| number + 1);
    assert!((done.entries..=done.entries + 1).contains(&count), "{case}: {count}");
    assert_holds(&store, count);
    if done.removed {
        let removed = markerbed_core::hash::content_id(b"removed");
        assert_eq!(wait(store.has_contents(OURS, &[removed])).unwrap(), [false], "{case}");
    }
    drop(store);
    // What was recovered is as good as what was written: a reader agrees, and so does a writer
    // that goes on, also after another cut that takes all that was not synced.
    assert_holds(
        &DirectoryStore::open(root(), Options { access: Access::Read, ..small(files) }).unwrap(),
        count,
    );
    let store = DirectoryStore::open(root(), small(files)).unwrap();
    put_and_commit(&store, count).unwrap();
    drop(store);
    let again = files.after_crash(Loss::DropAll, &mut Random::new(0, "again"));
    assert_holds(&open(&again).unwrap(), count + 1);
}

#[test]
fn a_cut_during_recovery_loses_nothing_either() {
    let mut random = Random::new(seed(), "cut_during_recovery");
    let mut tried = 0;
    for at in (1..).step_by(5) {
        let files = FakeFiles::default();
        files.set_fault(Some(Fault { at, kind: FaultKind::PowerCut(ErrorKind::Other) }));
        let (done, error) = work(&files);
        if error.is_none() {
            break;
        }
        if !done.created {
            continue;
        }
        let crashed = files.after_crash(Loss::TornSector, &mut random);
        for second in 1.. {
            let twice = crashed.copy();
            twice
                .set_fault(Some(Fault { at: second, kind: FaultKind::PowerCut(ErrorKind::Other) }));
            let finished = DirectoryStore::open(root(), small(&twice)).is_ok();
            for loss in [Loss::DropAll, Loss::TornSector, Loss::Prefix] {
                let again = twice.after_crash(loss, &mut random);
                let case = format!("{at}, then {loss:?} at {second}, seed {}", seed());
                assert_recovers(&again, &done, &case);
                tried += 1;
            }
            if finished {
                break;
            }
        }
    }
    print_count("directory_store_crashed_recoveries", tried, 500);
}

#[test]
fn what_was_only_put_survives_the_process() {
    let files = FakeFiles::default();
    let store = create(&files).unwrap();
    put_and_commit(&store, 0).unwrap();
    let large = noise("large", 4_000_000);
    let ids = wait(store.put_contents(OURS, &[large])).unwrap();
    let killed = files.after_kill();

    let store = open(&killed).unwrap();

    // The parts that had left the buffer need not be written again.
    wait(store.put_contents(OURS, &[noise("large", 4_000_000)])).unwrap();
    commit(&store, 1).unwrap();
    assert!(killed.bytes(&first_pack()).len() < 5_300_000);
    assert_eq!(wait(store.content_lengths(OURS, &ids)).unwrap(), [Some(4_000_000)]);
}
