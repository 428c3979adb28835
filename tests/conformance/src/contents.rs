//! Contents that are in memory.

use std::slice;

use bytes::Bytes;
use markerbed_core::hash::content_id;

use crate::{
    Fixture,
    samples::{OURS, THEIRS, noise, text},
};

/// ID-1, by a value known from elsewhere.
pub async fn a_content_has_the_id_that_its_plain_hash_is(fixture: &mut Fixture) {
    let store = fixture.store().await;

    let ids = store.put_contents(OURS, &["".into(), "marker bed".into()]).await.unwrap();

    let empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
    assert_eq!(ids, [empty.parse().unwrap(), content_id(b"marker bed")]);
}

/// Order, absence and duplicates in one request.
pub async fn contents_come_in_the_order_asked_and_absent_ones_are_none(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let [a, b] = ["a", "b"].map(|name| text(name, 5_000));
    let absent = content_id(b"absent");
    let ids = store.put_contents(OURS, &[a.clone(), b.clone()]).await.unwrap();

    let asked = [ids[1], absent, ids[0], ids[1]];

    let found = store.fetch_contents(OURS, &asked).await.unwrap();
    assert!(found == [Some(b.clone()), None, Some(a), Some(b)]);
    assert_eq!(store.has_contents(OURS, &asked).await.unwrap(), [true, false, true, true]);
    assert_eq!(store.read_content(OURS, absent, 0..9).await.unwrap(), None);
    assert!(store.open_content(OURS, absent).await.unwrap().is_none());
}

/// Batches of nothing.
pub async fn no_contents_are_put_and_fetched_without_complaint(fixture: &mut Fixture) {
    let store = fixture.store().await;

    assert_eq!(store.put_contents(OURS, &[]).await.unwrap(), []);
    assert_eq!(store.fetch_contents(OURS, &[]).await.unwrap(), [None; 0]);
    assert_eq!(store.content_lengths(OURS, &[]).await.unwrap(), [None; 0]);
    store.remove_contents(OURS, &[]).await.unwrap();
    store.flush_contents(OURS).await.unwrap();
}

/// Nothing is not absence.
pub async fn an_empty_content_is_a_content(fixture: &mut Fixture) {
    let store = fixture.store().await;

    let ids = store.put_contents(OURS, &[Bytes::new()]).await.unwrap();

    assert_eq!(store.has_contents(OURS, &ids).await.unwrap(), [true]);
    assert_eq!(store.fetch_contents(OURS, &ids).await.unwrap(), [Some(Bytes::new())]);
    assert_eq!(store.read_content(OURS, ids[0], 0..9).await.unwrap(), Some(Bytes::new()));
    let mut reader = store.open_content(OURS, ids[0]).await.unwrap().unwrap();
    assert_eq!(reader.length(), 0);
    assert_eq!(reader.next().await.unwrap(), None);
}

/// In two calls and in one.
pub async fn a_content_put_twice_is_one_content(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let a = text("a", 100);

    let once = store.put_contents(OURS, slice::from_ref(&a)).await.unwrap();
    let twice = store.put_contents(OURS, &[a.clone(), a.clone()]).await.unwrap();

    assert_eq!([once[0]; 2], twice[..]);
    assert_eq!(store.fetch_contents(OURS, &once).await.unwrap(), [Some(a)]);
}

/// Workspaces are apart, even where the bytes are equal.
pub async fn contents_are_only_in_the_workspace_they_were_put_in(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let a = text("a", 100);

    let ids = store.put_contents(OURS, slice::from_ref(&a)).await.unwrap();

    assert_eq!(store.has_contents(THEIRS, &ids).await.unwrap(), [false]);
    assert_eq!(store.fetch_contents(THEIRS, &ids).await.unwrap(), [None]);
    assert_eq!(store.content_lengths(THEIRS, &ids).await.unwrap(), [None]);
    assert_eq!(store.read_content(THEIRS, ids[0], 0..1).await.unwrap(), None);
    assert!(store.open_content(THEIRS, ids[0]).await.unwrap().is_none());
}

/// A range may begin and end anywhere.
pub async fn ranges_are_cut_at_the_end(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let id = store.put_contents(OURS, &["marker bed".into()]).await.unwrap()[0];

    let read = |range| store.read_content(OURS, id, range);

    assert_eq!(read(0..6).await.unwrap(), Some("marker".into()));
    assert_eq!(read(7..u64::MAX).await.unwrap(), Some("bed".into()));
    assert_eq!(read(3..3).await.unwrap(), Some("".into()));
    assert_eq!(read(10..11).await.unwrap(), Some("".into()));
    assert_eq!(read(u64::MAX - 1..u64::MAX).await.unwrap(), Some("".into()));
    #[expect(clippy::reversed_empty_ranges, reason = "a caller may get it wrong")]
    let reversed = read(6..3).await.unwrap();
    assert_eq!(reversed, Some("".into()));
}

/// Lengths of small and large, absent and empty ones.
pub async fn lengths_are_told_without_reading(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let contents = [text("a", 10), text("b", 3_000_000), Bytes::new()];
    let mut ids = store.put_contents(OURS, &contents).await.unwrap();
    ids.push(content_id(b"absent"));

    let lengths = store.content_lengths(OURS, &ids).await.unwrap();

    assert_eq!(lengths, [Some(10), Some(3_000_000), Some(0), None]);
}

/// More than fits one frame, asked for against their order.
pub async fn thousands_of_small_contents_of_one_put_come_back(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let contents: Vec<_> = (0..3_000).map(|n| text(&n.to_string(), n % 400)).collect();

    let mut ids = store.put_contents(OURS, &contents).await.unwrap();
    ids.reverse();

    let found = store.fetch_contents(OURS, &ids).await.unwrap();
    assert!(found.into_iter().eq(contents.into_iter().rev().map(Some)));
}

/// Removal is of bytes, not of a name for ever.
pub async fn a_removed_content_is_gone_and_can_be_put_again(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let a = noise("a", 500);
    let ids = store.put_contents(OURS, slice::from_ref(&a)).await.unwrap();

    store.remove_contents(OURS, &ids).await.unwrap();
    let gone = store.fetch_contents(OURS, &ids).await.unwrap();
    let has = store.has_contents(OURS, &ids).await.unwrap();
    store.put_contents(OURS, slice::from_ref(&a)).await.unwrap();

    assert_eq!((gone, has), (vec![None], vec![false]));
    assert_eq!(store.fetch_contents(OURS, &ids).await.unwrap(), [Some(a)]);
}

/// Twice is as once.
pub async fn removing_what_is_absent_is_no_error(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let ids = store.put_contents(OURS, &["a".into()]).await.unwrap();

    for _ in 0..2 {
        store.remove_contents(OURS, &[ids[0], content_id(b"absent")]).await.unwrap();
    }

    assert_eq!(store.has_contents(OURS, &ids).await.unwrap(), [false]);
}

/// Neighbours in a frame, and the same bytes elsewhere, stay.
pub async fn removing_spares_other_contents_and_workspaces(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let contents = [text("a", 300), text("b", 300), text("c", 300)];
    let ids = store.put_contents(OURS, &contents).await.unwrap();
    store.put_contents(THEIRS, &contents).await.unwrap();

    store.remove_contents(OURS, &ids[1..2]).await.unwrap();

    let [a, b, c] = contents.map(Some);
    assert!(store.fetch_contents(OURS, &ids).await.unwrap() == [a.clone(), None, c.clone()]);
    assert!(store.fetch_contents(THEIRS, &ids).await.unwrap() == [a, b, c]);
}
