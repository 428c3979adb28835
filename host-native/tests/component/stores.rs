//! Stores that lie, fail or keep silent: a typed failure, and nothing is stored by half.

use std::time::Duration;

use markerbed_engine::CallError;
use markerbed_host::component::Limits;

use crate::{
    lying::{Call, Lie},
    place::Place,
};

fn limits() -> Limits {
    Limits { memory_bytes: 16 << 20, answer: Duration::from_millis(100), ..Limits::default() }
}

/// Tells the lie to a reader; gives the code of its failure.
async fn read(lie: Lie) -> &'static str {
    let place = Place::new(limits()).await;
    let before = place.stored();

    place.store.lie(Call::FetchObjects, lie);
    let error = place.look_up().await.unwrap_err();

    assert_eq!(place.stored(), before, "{error}");
    place.works().await;
    error.code()
}

/// Tells the lie to who writes a tree; gives the code of its failure.
async fn write(call: Call, lie: Lie) -> &'static str {
    let place = Place::new(limits()).await;
    let before = place.ledger().await;

    place.store.lie(call, lie);
    let error = place.write().await.unwrap_err();

    assert_eq!(place.ledger().await, before, "{error}");
    place.works().await;
    place.write().await.unwrap();
    error.code()
}

/// Tells the lie to who commits; gives the code of its failure.
async fn commit(call: Call, lie: Lie) -> &'static str {
    let place = Place::new(limits()).await;
    let before = place.ledger().await;

    place.store.lie(call, lie);
    let error = place.commit(0, 1).await.unwrap_err();

    assert_eq!(place.ledger().await, before, "{error}");
    place.works().await;
    error.code()
}

#[tokio::test]
async fn a_store_that_panics_does_not_take_this_program_down() {
    assert_eq!(read(Lie::Panics).await, "component-store-panicked");
    assert_eq!(write(Call::PutContents, Lie::Panics).await, "component-store-panicked");
    assert_eq!(write(Call::PutObjects, Lie::Panics).await, "component-store-panicked");
    assert_eq!(commit(Call::Commit, Lie::Panics).await, "component-store-panicked");
}

#[tokio::test]
async fn the_failure_of_a_store_that_panics_has_its_words() {
    let place = Place::new(limits()).await;
    place.store.lie(Call::FetchObjects, Lie::Panics);

    let error = place.look_up().await.unwrap_err();

    let said = "the store panicked while it was asked: the store lost its mind; \
                ask again, the same request is recorded at most once";
    assert_eq!(error.to_string(), said);
}

#[tokio::test]
async fn too_few_answers_are_refused() {
    assert_eq!(read(Lie::TooFew).await, "answers-out-of-order");
    assert_eq!(write(Call::PutContents, Lie::TooFew).await, "answers-out-of-order");
}

#[tokio::test]
async fn too_many_answers_are_refused() {
    assert_eq!(read(Lie::TooMany).await, "answers-out-of-order");
    assert_eq!(write(Call::PutContents, Lie::TooMany).await, "answers-out-of-order");
}

#[tokio::test]
async fn answers_out_of_order_are_refused() {
    assert_eq!(read(Lie::Swapped).await, "hash-mismatch");
    assert_eq!(write(Call::PutContents, Lie::Swapped).await, "answers-out-of-order");
}

#[tokio::test]
async fn corrupt_answers_are_refused() {
    assert_eq!(read(Lie::Flipped).await, "hash-mismatch");
    assert_eq!(write(Call::PutContents, Lie::Flipped).await, "answers-out-of-order");
}

#[tokio::test]
async fn an_answer_larger_than_the_memory_of_an_instance_is_refused() {
    assert_eq!(read(Lie::Enormous(64 << 20)).await, "component-over-limit");
    assert_eq!(write(Call::PutContents, Lie::Enormous(1 << 20)).await, "component-over-limit");
}

#[tokio::test]
async fn a_store_that_never_answers_is_waited_for_only_so_long() {
    assert_eq!(read(Lie::Never).await, "component-no-answer");
    assert_eq!(write(Call::PutContents, Lie::Never).await, "component-no-answer");
    assert_eq!(write(Call::PutObjects, Lie::Never).await, "component-no-answer");
    assert_eq!(commit(Call::Commit, Lie::Never).await, "component-no-answer");
}

#[tokio::test]
async fn a_failure_of_the_store_comes_back_as_it_was() {
    assert_eq!(write(Call::PutContents, Lie::Fails).await, "store-temporary");
    assert_eq!(write(Call::PutObjects, Lie::Fails).await, "store-temporary");
    assert_eq!(commit(Call::Commit, Lie::Fails).await, "store-temporary");
    let place = Place::new(limits()).await;
    place.store.lie(Call::FetchObjects, Lie::Fails);

    let error = place.look_up().await.unwrap_err();

    let said = "memory: temporary failure: it was told to fail";
    assert!(matches!(&error, CallError::Store(failure) if failure.to_string() == said), "{error}");
    assert_eq!(error.code(), "store-temporary");
    place.works().await;
}

#[tokio::test]
async fn what_is_asked_again_after_silence_is_recorded_once() {
    let place = Place::new(limits()).await;
    place.store.lie(Call::Commit, Lie::Never);
    place.commit(0, 1).await.unwrap_err();
    place.store.tell_the_truth();

    place.commit(0, 1).await.unwrap();
    place.commit(0, 1).await.unwrap();

    assert_eq!(place.ledger().await.0, Some(1));
}
