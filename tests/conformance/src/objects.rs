//! Objects by id.

use std::slice;

use bytes::Bytes;
use markerbed_core::{ObjectId, ObjectKind, limits::OBJECT_BYTES_MAX};
use markerbed_storage::StoreError;

use crate::{
    Fixture,
    samples::{OURS, THEIRS, noise, object},
};

/// Order, absence and duplicates in one request.
pub async fn objects_come_in_the_order_asked_and_absent_ones_are_none(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let [a, b, absent] = ["a", "b", "absent"].map(object);
    store.put_objects(OURS, &[a.clone(), b.clone()]).await.unwrap();

    let found = store.fetch_objects(OURS, &[b.0, absent.0, a.0, b.0]).await.unwrap();

    assert_eq!(found, [Some(b.1.clone()), None, Some(a.1), Some(b.1)]);
}

/// Batches of nothing.
pub async fn a_request_for_nothing_is_answered_with_nothing(fixture: &mut Fixture) {
    let store = fixture.store().await;

    store.put_objects(OURS, &[]).await.unwrap();

    assert_eq!(store.fetch_objects(OURS, &[]).await.unwrap(), [None; 0]);
    assert_eq!(store.has_objects(OURS, &[]).await.unwrap(), [false; 0]);
    assert_eq!(store.fetch_rows(OURS, &[]).await.unwrap(), [None; 0]);
    assert_eq!(store.find_requests(OURS, &[]).await.unwrap(), [None; 0]);
}

/// Objects are immutable.
pub async fn an_object_put_twice_is_one_object(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let a = object("a");

    for _ in 0..2 {
        store.put_objects(OURS, slice::from_ref(&a)).await.unwrap();
    }

    assert_eq!(store.fetch_objects(OURS, &[a.0]).await.unwrap(), [Some(a.1)]);
}

/// The same, within one call.
pub async fn the_same_object_twice_in_one_put_is_one_object(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let a = object("a");

    store.put_objects(OURS, &[a.clone(), a.clone()]).await.unwrap();

    assert_eq!(store.fetch_objects(OURS, &[a.0]).await.unwrap(), [Some(a.1)]);
}

/// The kind belongs to the key.
pub async fn equal_ids_of_two_kinds_are_two_objects(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let objects: Vec<(ObjectId, Bytes)> = ObjectKind::ALL
        .map(|kind| (ObjectId { kind, bytes: [5; 32] }, Bytes::from(kind.word())))
        .to_vec();

    store.put_objects(OURS, &objects).await.unwrap();

    for (id, bytes) in objects {
        assert_eq!(store.fetch_objects(OURS, &[id]).await.unwrap(), [Some(bytes)]);
    }
}

/// Workspaces are apart.
pub async fn objects_are_only_in_the_workspace_they_were_put_in(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let a = object("a");
    let other = (a.0, Bytes::from_static(b"other bytes under the same id"));
    store.put_objects(OURS, slice::from_ref(&a)).await.unwrap();

    let before = store.fetch_objects(THEIRS, &[a.0]).await.unwrap();
    store.put_objects(THEIRS, slice::from_ref(&other)).await.unwrap();

    assert_eq!(before, [None]);
    assert_eq!(store.fetch_objects(OURS, &[a.0]).await.unwrap(), [Some(a.1)]);
    assert_eq!(store.fetch_objects(THEIRS, &[a.0]).await.unwrap(), [Some(other.1)]);
}

/// `has_objects` and `fetch_objects` agree.
pub async fn objects_exist_when_they_can_be_fetched(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let [a, b] = ["a", "b"].map(object);
    store.put_objects(OURS, slice::from_ref(&a)).await.unwrap();

    let found = store.has_objects(OURS, &[b.0, a.0, a.0]).await.unwrap();

    assert_eq!(found, [false, true, true]);
    assert_eq!(store.has_objects(THEIRS, &[a.0]).await.unwrap(), [false]);
}

/// Both ends of what an object may be.
pub async fn the_largest_and_the_smallest_object_come_back(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let id = |byte| ObjectId { kind: ObjectKind::Page, bytes: [byte; 32] };
    let largest = noise("largest", OBJECT_BYTES_MAX as usize);
    let objects = [(id(1), largest.clone()), (id(2), Bytes::new())];

    store.put_objects(OURS, &objects).await.unwrap();

    let found = store.fetch_objects(OURS, &[id(1), id(2)]).await.unwrap();
    assert!(found == [Some(largest), Some(Bytes::new())]);
}

/// More than fits one record or one packet of anything.
pub async fn thousands_of_objects_of_one_put_come_back(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let objects: Vec<_> = (0..4_096).map(|number| object(&format!("object {number}"))).collect();
    let mut ids: Vec<_> = objects.iter().map(|(id, _)| *id).collect();
    ids.reverse();

    store.put_objects(OURS, &objects).await.unwrap();

    let found = store.fetch_objects(OURS, &ids).await.unwrap();
    let put = objects.into_iter().rev().map(|(_, bytes)| Some(bytes));
    assert!(found.into_iter().eq(put));
}

/// One byte above the limit.
pub async fn an_object_too_large_is_refused(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let (id, _) = object("large");
    let bytes = vec![0; OBJECT_BYTES_MAX as usize + 1].into();

    let refused = store.put_objects(OURS, &[(id, bytes)]).await.unwrap_err();

    assert!(matches!(refused, StoreError::TooLarge { .. }), "{refused}");
    assert_eq!(store.has_objects(OURS, &[id]).await.unwrap(), [false]);
}
