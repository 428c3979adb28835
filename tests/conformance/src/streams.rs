//! Notices of the ledger's tail.

use futures_util::future::join;
use markerbed_storage::{Notice, StoreError, Subscription, limits::SUBSCRIBER_BYTES_MAX};

use crate::{
    Fixture,
    at_once::at_once,
    samples::{OURS, THEIRS, grow},
};

/// What is there already is told first.
pub async fn a_subscriber_hears_of_entries_from_its_position_on(fixture: &mut Fixture) {
    let store = fixture.store().await;
    grow(&*store, OURS, 0, 3).await;
    store.publish(OURS, 2).await.unwrap();
    let mut subscription = store.subscribe(OURS, 1).await.unwrap();

    let first = take(&mut *subscription, 2).await;
    grow(&*store, OURS, 3, 1).await;
    store.publish(OURS, 3).await.unwrap();

    assert_eq!(first, [1, 2]);
    assert_eq!(take(&mut *subscription, 1).await, [3]);
}

/// Waiting needs no asking again.
pub async fn a_subscriber_waits_for_the_next_entry(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let mut subscription = store.subscribe(OURS, 0).await.unwrap();

    let heard = async { assert_eq!(take(&mut *subscription, 1).await, [0]) };
    let written = at_once(&store, 1, |store, _| async move {
        grow(&*store, OURS, 0, 1).await;
        store.publish(OURS, 0).await.unwrap();
    });

    // Waited for first, so nothing is there yet.
    join(heard, written).await;
}

/// Answers have a limit.
pub async fn a_limit_bounds_an_answer_and_the_rest_follows(fixture: &mut Fixture) {
    let store = fixture.store().await;
    grow(&*store, OURS, 0, 5).await;
    store.publish(OURS, 4).await.unwrap();
    let mut subscription = store.subscribe(OURS, 0).await.unwrap();

    let first = subscription.next(2).await.unwrap();

    assert_eq!(first, [Notice { number: 0 }, Notice { number: 1 }]);
    assert_eq!(take(&mut *subscription, 3).await, [2, 3, 4]);
}

/// Publishing is a hint that may repeat itself.
pub async fn saying_it_twice_or_late_is_harmless(fixture: &mut Fixture) {
    let store = fixture.store().await;
    grow(&*store, OURS, 0, 3).await;
    let mut subscription = store.subscribe(OURS, 0).await.unwrap();

    for number in [2, 2, 0, 1] {
        store.publish(OURS, number).await.unwrap();
    }
    let heard = take(&mut *subscription, 3).await;
    grow(&*store, OURS, 3, 1).await;
    store.publish(OURS, 3).await.unwrap();

    assert_eq!(heard, [0, 1, 2]);
    assert_eq!(take(&mut *subscription, 1).await, [3]);
}

/// Positions are apart by name and workspace.
pub async fn a_position_is_kept_for_each_subscriber_and_workspace(fixture: &mut Fixture) {
    let store = fixture.store().await;

    store.put_position(OURS, "catalog", 3).await.unwrap();
    store.put_position(OURS, "catalog", 5).await.unwrap();
    store.put_position(OURS, "audit", 7).await.unwrap();

    assert_eq!(store.position(OURS, "catalog").await.unwrap(), Some(5));
    assert_eq!(store.position(OURS, "audit").await.unwrap(), Some(7));
    assert_eq!(store.position(OURS, "nobody").await.unwrap(), None);
    assert_eq!(store.position(THEIRS, "catalog").await.unwrap(), None);
}

/// At least once.
pub async fn who_starts_again_from_its_position_misses_nothing(fixture: &mut Fixture) {
    let store = fixture.store().await;
    grow(&*store, OURS, 0, 4).await;
    store.publish(OURS, 3).await.unwrap();
    let mut subscription = store.subscribe(OURS, 0).await.unwrap();
    let heard = take(&mut *subscription, 4).await;
    // It dealt with two of them before it ended.
    store.put_position(OURS, "catalog", 2).await.unwrap();
    drop(subscription);

    let position = store.position(OURS, "catalog").await.unwrap().unwrap();
    let mut subscription = store.subscribe(OURS, position).await.unwrap();

    assert_eq!(heard, [0, 1, 2, 3]);
    assert_eq!(take(&mut *subscription, 2).await, [2, 3]);
}

/// Workspaces are apart.
pub async fn a_subscriber_hears_of_its_own_workspace_only(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let mut subscription = store.subscribe(OURS, 0).await.unwrap();
    grow(&*store, THEIRS, 0, 5).await;
    store.publish(THEIRS, 4).await.unwrap();
    grow(&*store, OURS, 0, 1).await;
    store.publish(OURS, 0).await.unwrap();

    let heard = subscription.next(9).await.unwrap();

    assert_eq!(heard, [Notice { number: 0 }]);
}

/// Names have a limit.
pub async fn a_subscriber_with_too_long_a_name_is_refused(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let longest = "n".repeat(SUBSCRIBER_BYTES_MAX);

    let refused = store.put_position(OURS, &format!("{longest}n"), 1).await.unwrap_err();
    store.put_position(OURS, &longest, 1).await.unwrap();

    assert!(matches!(refused, StoreError::TooLarge { .. }), "{refused}");
    assert_eq!(store.position(OURS, &longest).await.unwrap(), Some(1));
}

/// Hears of `count` entries, however many come at once.
async fn take(subscription: &mut dyn Subscription, count: usize) -> Vec<u64> {
    let mut heard = Vec::new();
    while heard.len() < count {
        let notices = subscription.next(100).await.unwrap();
        assert!(!notices.is_empty());
        heard.extend(notices.into_iter().map(|notice| notice.number));
    }
    heard
}
