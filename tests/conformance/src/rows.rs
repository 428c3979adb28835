//! Derived rows by key.

use bytes::Bytes;
use markerbed_storage::{
    RowRange, Store, StoreError,
    limits::{ANSWER_ITEMS_MAX, ROW_KEY_BYTES_MAX, ROW_VALUE_BYTES_MAX},
};

use crate::{
    Fixture,
    samples::{OURS, THEIRS, batch, commit, request, rows},
};

/// The life of a row.
pub async fn rows_are_put_changed_and_deleted(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let keys = [b"b", b"a", b"b"].map(|key: &[u8; 1]| Bytes::from_static(key));

    commit(&*store, OURS, rows(None, &[(b"a", Some(b"1")), (b"b", Some(b"2"))])).await;
    let put = store.fetch_rows(OURS, &keys).await.unwrap();
    commit(&*store, OURS, rows(None, &[(b"a", Some(b"3")), (b"b", None), (b"c", None)])).await;
    let changed = store.fetch_rows(OURS, &keys).await.unwrap();

    assert_eq!(put, [Some("2".into()), Some("1".into()), Some("2".into())]);
    assert_eq!(changed, [None, Some("3".into()), None]);
}

/// Changes of a batch have an order.
pub async fn of_two_changes_of_one_row_the_last_counts(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let changes: [(&[u8], Option<&[u8]>); 4] =
        [(b"a", Some(b"1")), (b"a", None), (b"b", None), (b"b", Some(b"2"))];

    commit(&*store, OURS, rows(None, &changes)).await;

    assert_eq!(keys(&*store, b"", None, 9).await, ["b"]);
}

/// Ascending by bytes, and no more than asked for or allowed.
pub async fn a_range_is_ordered_and_bounded(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let names: Vec<_> = (0..ANSWER_ITEMS_MAX + 1).map(|n| format!("k{:05}", n ^ 0xa5)).collect();
    let changes: Vec<(&[u8], Option<&[u8]>)> =
        names.iter().map(|name| (name.as_bytes(), Some(name.as_bytes()))).collect();
    commit(&*store, OURS, rows(None, &changes)).await;

    let few = keys(&*store, b"k", None, 3).await;
    let many = keys(&*store, b"k", None, usize::MAX).await;

    assert_eq!(few, ["k00000", "k00001", "k00002"]);
    assert_eq!(many.len(), ANSWER_ITEMS_MAX);
    assert!(many.is_sorted());
    assert_eq!(keys(&*store, b"k", None, 0).await, [""; 0]);
}

/// The last key of an answer is where the next one begins.
pub async fn a_range_goes_on_after_its_last_key(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let one: Option<&[u8]> = Some(b"1");
    commit(&*store, OURS, rows(None, &[(b"a", one), (b"ab", one), (b"ac", one), (b"b", one)]))
        .await;

    assert_eq!(keys(&*store, b"a", Some(b"a"), 1).await, ["ab"]);
    assert_eq!(keys(&*store, b"a", Some(b"ab"), 9).await, ["ac"]);
    assert_eq!(keys(&*store, b"a", Some(b"aba"), 9).await, ["ac"]);
    assert_eq!(keys(&*store, b"a", Some(b"ac"), 9).await, [""; 0]);
    assert_eq!(keys(&*store, b"a", Some(b"z"), 9).await, [""; 0]);
}

/// There is no key after a prefix of `ff`.
pub async fn a_prefix_ends_where_it_should_even_at_the_last_byte(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let put: [&[u8]; 6] = [b"\xfe\xff", b"\xff", b"\xff\x00", b"\xff\xff", b"\xff\xff\xff", b"a"];
    let changes: Vec<(&[u8], Option<&[u8]>)> = put.iter().map(|key| (*key, Some(*key))).collect();
    commit(&*store, OURS, rows(None, &changes)).await;

    let found = range(&*store, b"\xff", None, 9).await;
    let inner = range(&*store, b"\xff\xff", Some(b"\xff\xff"), 9).await;
    let below = range(&*store, b"\xfe", None, 9).await;

    assert_eq!(found, put[1..5]);
    assert_eq!(inner, put[4..5]);
    assert_eq!(below, put[..1]);
}

/// All of a workspace.
pub async fn an_empty_prefix_is_every_row(fixture: &mut Fixture) {
    let store = fixture.store().await;
    commit(&*store, OURS, rows(None, &[(b"b", Some(b"")), (b"a", Some(b""))])).await;

    assert_eq!(keys(&*store, b"", None, 9).await, ["a", "b"]);
    assert_eq!(keys(&*store, b"", Some(b"a"), 9).await, ["b"]);
}

/// A place to go on after may lie before everything asked for.
pub async fn a_place_before_the_prefix_begins_at_the_prefix(fixture: &mut Fixture) {
    let store = fixture.store().await;
    commit(&*store, OURS, rows(None, &[(b"a", Some(b"")), (b"m", Some(b"")), (b"ma", Some(b""))]))
        .await;

    assert_eq!(keys(&*store, b"m", Some(b"b"), 9).await, ["m", "ma"]);
}

/// Nothing is a key, and nothing is a value.
pub async fn an_empty_key_with_an_empty_value_is_a_row(fixture: &mut Fixture) {
    let store = fixture.store().await;

    commit(&*store, OURS, rows(None, &[(b"", Some(b""))])).await;

    assert_eq!(store.fetch_rows(OURS, &[Bytes::new()]).await.unwrap(), [Some(Bytes::new())]);
    assert_eq!(keys(&*store, b"", None, 9).await, [""]);
}

/// Workspaces are apart.
pub async fn rows_are_only_in_the_workspace_they_were_put_in(fixture: &mut Fixture) {
    let store = fixture.store().await;
    commit(&*store, OURS, rows(None, &[(b"a", Some(b"ours"))])).await;
    commit(&*store, THEIRS, rows(None, &[(b"a", Some(b"theirs")), (b"b", Some(b""))])).await;

    commit(&*store, THEIRS, rows(None, &[(b"a", None)])).await;

    let found = store.fetch_rows(OURS, &["a".into(), "b".into()]).await.unwrap();
    assert_eq!(found, [Some("ours".into()), None]);
}

/// Both limits, from both sides.
pub async fn rows_too_large_are_refused_and_nothing_is_changed(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let (key, value) = (vec![b'k'; ROW_KEY_BYTES_MAX], vec![b'v'; ROW_VALUE_BYTES_MAX]);
    let (long_key, long_value) = ([&key[..], b"k"].concat(), [&value[..], b"v"].concat());

    for (key, value) in [(&long_key, &value), (&key, &long_value)] {
        let mut batch = batch(None, request(1), "too large");
        batch.rows = rows(None, &[(b"a", Some(b"1")), (key, Some(value))]).rows;
        let refused = store.commit(OURS, batch).await.unwrap_err();
        assert!(matches!(refused, StoreError::TooLarge { .. }), "{refused}");
    }

    assert_eq!(keys(&*store, b"", None, 9).await, [""; 0]);
    assert_eq!(store.number(OURS).await.unwrap(), None);
    commit(&*store, OURS, rows(None, &[(&key, Some(&value))])).await;
    assert!(store.fetch_rows(OURS, &[key.into()]).await.unwrap() == [Some(value.into())]);
}

async fn keys(store: &dyn Store, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<String> {
    let found = range(store, prefix, after, limit).await;
    found.into_iter().map(|key| String::from_utf8(key.into()).unwrap()).collect()
}

async fn range(store: &dyn Store, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<Bytes> {
    let range = RowRange {
        prefix: Bytes::copy_from_slice(prefix),
        after: after.map(Bytes::copy_from_slice),
    };
    let found = store.range_rows(OURS, &range, limit).await.unwrap();
    found.into_iter().map(|(key, _)| key).collect()
}
