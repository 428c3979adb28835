//! What is there after a store was closed and opened again.

use std::slice;

use bytes::Bytes;
use markerbed_core::hash::content_id;
use markerbed_storage::Outcome;

use crate::{
    Fixture,
    samples::{OURS, THEIRS, batch, commit, grow, noise, object, request, rows, text},
};

/// Acknowledged means durable: all kinds of things.
pub async fn what_was_committed_is_there_again(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let objects = ["a", "b"].map(object);
    let contents = [text("small", 100), noise("large", 3_000_000), Bytes::new()];
    store.put_objects(OURS, &objects).await.unwrap();
    let ids = store.put_contents(OURS, &contents).await.unwrap();
    let mut first = batch(None, request(1), "first");
    first.rows = rows(None, &[(b"a", Some(b"1")), (b"b", Some(b"2"))]).rows;
    commit(&*store, OURS, first).await;
    commit(&*store, OURS, rows(Some(0), &[(b"a", None)])).await;
    drop(store);

    let Some(store) = fixture.reopened().await else { return };

    let found = store.fetch_objects(OURS, &objects.clone().map(|(id, _)| id)).await.unwrap();
    assert_eq!(found, objects.map(|(_, bytes)| Some(bytes)));
    assert!(store.fetch_contents(OURS, &ids).await.unwrap() == contents.map(Some));
    assert_eq!(store.number(OURS).await.unwrap(), Some(0));
    assert_eq!(store.fetch_entries(OURS, 0..9).await.unwrap(), ["entry 0 first"]);
    let found = store.fetch_rows(OURS, &["a".into(), "b".into()]).await.unwrap();
    assert_eq!(found, [None, Some("2".into())]);
    assert_eq!(store.number(THEIRS).await.unwrap(), None);
}

/// Contents can be made durable without an entry.
pub async fn what_was_flushed_is_there_again(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let contents = [text("a", 100), text("b", 2_000_000)];
    let ids = store.put_contents(OURS, &contents).await.unwrap();
    store.flush_contents(OURS).await.unwrap();
    store.flush_contents(OURS).await.unwrap();
    drop(store);

    let Some(store) = fixture.reopened().await else { return };

    assert!(store.fetch_contents(OURS, &ids).await.unwrap() == contents.map(Some));
}

/// A retry may come from another process.
pub async fn requests_are_remembered(fixture: &mut Fixture) {
    let store = fixture.store().await;
    commit(&*store, OURS, batch(None, request(1), "ours")).await;
    drop(store);

    let Some(store) = fixture.reopened().await else { return };

    let again = store.commit(OURS, batch(None, request(1), "ours")).await.unwrap();
    assert_eq!(again, Outcome::Already { number: 0 });
    store.commit(OURS, batch(None, request(1), "else")).await.unwrap_err();
}

/// Removal is durable by itself.
pub async fn removed_contents_stay_removed(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let ids = store.put_contents(OURS, &["a".into(), "b".into()]).await.unwrap();
    store.remove_contents(OURS, &ids).await.unwrap();
    store.put_contents(OURS, &["b".into()]).await.unwrap();
    store.flush_contents(OURS).await.unwrap();
    drop(store);

    let Some(store) = fixture.reopened().await else { return };

    assert_eq!(store.fetch_contents(OURS, &ids).await.unwrap(), [None, Some("b".into())]);
}

/// Subscribers start again where they were, and hear of what they missed.
pub async fn positions_are_remembered(fixture: &mut Fixture) {
    let store = fixture.store().await;
    grow(&*store, OURS, 0, 3).await;
    store.put_position(OURS, "catalog", 1).await.unwrap();
    drop(store);

    let Some(store) = fixture.reopened().await else { return };

    let position = store.position(OURS, "catalog").await.unwrap();
    assert_eq!(position, Some(1));
    store.publish(OURS, 2).await.unwrap();
    let mut subscription = store.subscribe(OURS, 1).await.unwrap();
    let heard = subscription.next(9).await.unwrap();
    assert_eq!(heard.iter().map(|notice| notice.number).collect::<Vec<_>>(), [1, 2]);
}

/// Openings leave nothing behind that hinders the next.
pub async fn work_goes_on_after_each_of_many_openings(fixture: &mut Fixture) {
    let mut ids = Vec::new();
    for number in 0..12_u64 {
        let store = fixture.store().await;
        let content = text(&number.to_string(), 30_000);
        ids.extend(store.put_contents(OURS, slice::from_ref(&content)).await.unwrap());
        grow(&*store, OURS, number, 1).await;
        // Left uncommitted: it may be there or not, but does no harm.
        store.put_contents(OURS, &[text("uncommitted", 50_000)]).await.unwrap();
        drop(store);

        let Some(store) = fixture.reopened().await else { return };

        assert_eq!(store.number(OURS).await.unwrap(), Some(number));
        let found = store.fetch_contents(OURS, &ids).await.unwrap();
        assert_eq!(found.last(), Some(&Some(content.clone())));
        assert_eq!(content_id(&content), *ids.last().unwrap());
        assert!(found.iter().all(Option::is_some));
    }
}
