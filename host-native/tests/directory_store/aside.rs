//! What lies behind the end of a store: what a crash tore is cut off, what is whole is kept aside.

use markerbed_host::{
    drive::blocking::wait,
    store::{
        Contents,
        directory::{SetAside, list_aside},
    },
};
use markerbed_suites::{Random, print_count, seed};

use crate::{
    files::{FakeFiles, Loss, Tamper},
    support::*,
};

/// A store with one entry, and behind it a record that was torn and, if `more`, a whole one; also
/// those bytes.
fn torn(more: bool) -> (FakeFiles, Vec<u8>) {
    let files = FakeFiles::default();
    let store = create(&files).unwrap();
    put_and_commit(&store, 0).unwrap();
    let end = files.bytes(&first_pack()).len();
    wait(store.put_contents(OURS, &[noise("torn", 300_000)])).unwrap();
    if more {
        wait(store.put_contents(OURS, &[noise("whole", 300_000)])).unwrap();
    }
    let files = files.after_crash(Loss::KeepAll, &mut Random::new(0, "keeps all"));
    let mut pack = files.bytes(&first_pack());
    pack[end + 1_000] ^= 1;
    files.set_bytes(&first_pack(), &pack);
    (files, pack.split_off(end))
}

fn aside(files: &FakeFiles) -> Vec<SetAside> {
    list_aside(root(), files).unwrap()
}

#[test]
fn whole_records_behind_the_end_are_kept_before_they_are_cut_off() {
    let (files, tail) = torn(true);
    let end = files.bytes(&first_pack()).len() - tail.len();

    let store = open(&files).unwrap();

    assert_holds(&store, 1);
    assert_eq!(files.bytes(&first_pack()).len(), end);
    let kept = aside(&files);
    assert_eq!(kept.len(), 1);
    assert!(kept[0].name.starts_with(&format!("aside/00000001-{end:010}-")), "{kept:?}");
    assert_eq!(kept[0].bytes, tail.len() as u64);
    assert!(files.bytes(&path(&kept[0].name)) == tail);
    put_and_commit(&store, 1).unwrap();
    drop(store);
    assert_holds(&open(&files).unwrap(), 2);
    assert_eq!(aside(&files), kept, "nothing more");
}

#[test]
fn what_was_torn_alone_is_cut_off() {
    let (files, _) = torn(false);

    assert_holds(&open(&files).unwrap(), 1);

    assert_eq!(aside(&files), []);
}

#[test]
fn who_reads_sets_nothing_aside() {
    let (files, _) = torn(true);
    let before = files.fingerprint();

    assert_holds(&open_to_read(&files).unwrap(), 1);

    assert_eq!(files.fingerprint(), before);
    assert_eq!(aside(&files), []);
}

#[test]
fn other_bytes_torn_at_the_same_place_are_kept_as_well() {
    let (files, first) = torn(true);
    drop(open(&files).unwrap());
    let mut pack = files.bytes(&first_pack());
    let mut second = first.clone();
    second[2_000] ^= 1;
    pack.extend_from_slice(&second);
    files.set_bytes(&first_pack(), &pack);

    drop(open(&files).unwrap());

    let mut kept: Vec<_> =
        aside(&files).iter().map(|kept| files.bytes(&path(&kept.name))).collect();
    kept.sort_unstable();
    let mut expected = [first, second];
    expected.sort_unstable();
    assert!(kept == expected);
}

#[test]
fn a_power_cut_while_bytes_are_set_aside_loses_none_of_them() {
    let (files, tail) = torn(true);
    let mut random = Random::new(seed(), "aside");
    files.keep_cuts();
    drop(open(&files).unwrap());
    let mut tried = 0;

    for cut in files.take_cuts() {
        for loss in Loss::ALL {
            for _ in 0..4 {
                let crashed = cut.files.after_crash(loss, &mut random);
                assert_holds(&open(&crashed).unwrap(), 1);
                let kept = aside(&crashed);
                let case = format!("{loss:?} in operation {}, seed {}", cut.operation, seed());
                assert_eq!(kept.len(), 1, "{case}");
                assert!(crashed.bytes(&path(&kept[0].name)) == tail, "{case}");
                tried += 1;
            }
        }
    }
    print_count("power cuts while setting aside", tried, 200);
}
