//! Many calls at once, and calls that nobody waits for any more.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use markerbed_core::Id16;
use markerbed_engine::Engine;
use markerbed_host::{component::Limits, store::Outcome};

use crate::{
    lying::{Call, Lie},
    place::{OURS, Place, entry_after},
};

#[tokio::test]
async fn a_call_that_is_dropped_leaves_the_runtime_as_it_was() {
    let place = Place::new(Limits { instances: 2, ..Limits::default() }).await;
    let before = place.stored();

    // More often than there are instances.
    for _ in 0..10 {
        place.store.lie(Call::FetchObjects, Lie::Never);
        let soon = Duration::from_millis(5);
        tokio::time::timeout(soon, place.look_up()).await.unwrap_err();
        place.store.lie(Call::Commit, Lie::Never);
        tokio::time::timeout(soon, place.commit(0, 1)).await.unwrap_err();
    }

    assert_eq!(place.ledger().await.0, Some(0));
    place.works().await;
    assert_ne!(place.stored(), before);
}

#[tokio::test]
async fn a_writer_that_was_dropped_in_the_middle_is_over_but_others_work() {
    let place = Place::new(Limits::default()).await;
    place.store.lie(Call::PutObjects, Lie::Never);
    tokio::time::timeout(Duration::from_millis(50), place.write()).await.unwrap_err();

    place.works().await;

    place.write().await.unwrap();
}

/// Each of them is asked until its turn has come; the number tells who was faster.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_commits_at_once_are_all_recorded_once() {
    let place = Place::new(Limits { instances: 256, ..Limits::default() }).await;
    place.store.lie(Call::Commit, Lie::Waits(Duration::from_millis(5)));
    let start = Instant::now();

    let one_round = join_all((0..COUNT).map(|n| commit(&place, n))).await;
    let waited = start.elapsed();

    println!("{COUNT} commits at once, each with 5 ms in the store: {waited:?}");
    let is_first = |outcome: &&Outcome| **outcome == Outcome::Committed { number: Some(1) };
    assert_eq!(one_round.iter().filter(is_first).count(), 1);
    let lost = Outcome::Lost { number: Some(1) };
    assert_eq!(one_round.iter().filter(|outcome| **outcome == lost).count(), COUNT - 1);
    place.store.tell_the_truth();
    join_all((0..COUNT).map(|n| commit_at_last(&place, n))).await;
    let (number, entries) = place.ledger().await;
    assert_eq!((number, entries.len()), (Some(COUNT as u64), COUNT + 1));
}

async fn commit(place: &Place, n: usize) -> Outcome {
    let entry = entry_after(0, request(n));
    place.engine.commit_entry(OURS, entry, Vec::new()).await.unwrap()
}

async fn commit_at_last(place: &Place, n: usize) {
    let mut expected = 0;
    loop {
        let entry = entry_after(expected, request(n));
        match place.engine.commit_entry(OURS, entry, Vec::new()).await.unwrap() {
            Outcome::Lost { number } => expected = number.unwrap(),
            Outcome::Committed { .. } | Outcome::Already { .. } => return,
        }
    }
}

fn request(n: usize) -> Id16 {
    Id16::from_bytes((n as u128 + 1_000).to_le_bytes())
}

const COUNT: usize = 200;
