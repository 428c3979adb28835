//! What is read by way of an index file, and not when a store is opened, is proven when it is read.

use std::sync::Arc;

use markerbed_core::hash::content_id;
use markerbed_host::{
    drive::blocking::wait,
    store::{
        Batch, Contents, DirectoryStore, Records, RowChange, RowRange, StoreError, Streams,
        directory::{Access, Options, rebuild_index},
    },
};
use markerbed_suites::{Random, print_count, seed};

use crate::{
    files::{FakeFiles, Loss, Tamper},
    support::*,
};

#[test]
fn no_flipped_bit_of_a_covered_pack_changes_an_answer() {
    let files = FakeFiles::default();
    let store = create(&files).unwrap();
    put_and_commit(&store, 0).unwrap();
    put_and_commit(&store, 1).unwrap();
    let gone = wait(store.put_contents(OURS, &["gone".into()])).unwrap();
    wait(store.remove_contents(OURS, &gone)).unwrap();
    wait(store.put_position(OURS, "subscriber", 7)).unwrap();
    let rows = vec![RowChange { key: "dead".into(), value: Some("alive".into()) }];
    wait(store.commit(OURS, Batch { expected: Some(1), entries: vec![], rows })).unwrap();
    let rows = vec![RowChange { key: "dead".into(), value: None }];
    wait(store.commit(OURS, Batch { expected: Some(1), entries: vec![], rows })).unwrap();
    drop(store);
    rebuild_index(root(), Arc::new(files.clone()), &mut |found| panic!("{found:?}")).unwrap();
    let right = answers(&open_to_read(&files).unwrap());
    assert!(right.iter().all(Result::is_ok), "{right:?}");
    let pack = files.bytes(&first_pack());
    let mut refused = 0;

    for at in 64..pack.len() {
        let mut flipped = pack.clone();
        flipped[at] ^= 1 << (at % 8);
        let damaged = files.copy();
        damaged.set_bytes(&first_pack(), &flipped);

        let found = answers(&open_to_read(&damaged).unwrap());

        for (found, right) in found.iter().zip(&right) {
            match found {
                Ok(found) => assert_eq!(Some(found), right.as_ref().ok(), "byte {at}"),
                Err(code) => assert_eq!(*code, "store-damaged", "byte {at}"),
            }
        }
        refused += u64::from(found.iter().any(Result::is_err));
    }
    print_count("covered_flips_refused", refused, 1_000);
}

/// All that a store can be asked for, one answer after the other, as text.
fn answers(store: &DirectoryStore) -> Vec<Result<String, &'static str>> {
    fn text<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> Result<String, &'static str> {
        answer.map(|answer| format!("{answer:?}")).map_err(|error| error.code())
    }
    let all = RowRange { prefix: "".into(), after: None };
    let mut answers = vec![
        text(wait(store.fetch_entries(OURS, 0..1))),
        text(wait(store.fetch_entries(OURS, 1..2))),
        text(wait(store.fetch_rows(OURS, &["number".into()]))),
        text(wait(store.fetch_rows(OURS, &["dead".into()]))),
        text(wait(store.range_rows(OURS, &all, 10))),
        text(wait(store.position(OURS, "subscriber"))),
        text(wait(store.has_contents(OURS, &[content_id(b"gone")]))),
        text(wait(store.number(OURS))),
    ];
    for number in 0..2 {
        let request = batch(number).entries[0].request;
        answers.push(text(wait(store.find_requests(OURS, &[request]))));
        let (contents, (id, _)) = goods(number);
        answers.push(text(wait(store.fetch_objects(OURS, &[id]))));
        for content in contents {
            answers.push(text(wait(store.fetch_contents(OURS, &[content_id(&content)]))));
        }
    }
    answers
}

#[test]
fn an_index_file_that_a_power_cut_tears_is_never_used() {
    let files = FakeFiles::default();
    let small = || Options { pack_bytes: 4_000, ..options(&files, Access::Write) };
    let keys = || (0..600).map(|number| format!("row {number:03}").into());
    let store = DirectoryStore::create(root(), small()).unwrap();
    let rows = keys().map(|key| RowChange { key, value: Some("value".into()) }).collect();
    wait(store.commit(OURS, Batch { expected: None, entries: vec![], rows })).unwrap();
    files.keep_cuts();
    commit(&store, 0).unwrap();
    drop(store);
    let cuts = files.take_cuts();
    assert!(files.bytes(&path("index/00000001.index")).len() > 4_096, "more than one block");
    let mut random = Random::new(seed(), "torn_index");
    let keys: Vec<_> = keys().collect();
    let mut tried = 0;

    for cut in cuts {
        for loss in Loss::ALL {
            for _ in 0..5 {
                let crashed = cut.files.after_crash(loss, &mut random);
                let case = format!("{loss:?} at {}, seed {}", cut.operation, seed());

                let store = open_to_read(&crashed).unwrap();

                let found = wait(store.fetch_rows(OURS, &keys));
                let found = found.unwrap_or_else(|error| panic!("{case}: {error}"));
                assert!(found.iter().all(Option::is_some), "{case}");
                tried += 1;
            }
        }
    }
    print_count("torn_index_files", tried, 200);
}
