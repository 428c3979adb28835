//! Contents that are written and read as streams.

use std::slice;

use bytes::Bytes;
use markerbed_core::{ContentId, hash::content_id};
use markerbed_storage::{
    Store, StoreError, Written,
    limits::{RANGE_BYTES_MAX, WHOLE_CONTENT_BYTES_MAX},
};

use crate::{
    Fixture,
    samples::{OURS, noise, text},
};

/// Pieces of every size, none that a store would choose.
pub async fn a_content_written_in_odd_pieces_comes_back_as_a_stream(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let content = text("streamed", 5_000_001);

    let written = write(&*store, &content, &[1, 4_099, 1_500_007, 3]).await;

    let id = content_id(&content);
    assert_eq!(written, Written { id, bytes: content.len() as u64 });
    assert!(read(&*store, id).await == content);
    assert!(store.fetch_contents(OURS, &[id]).await.unwrap() == [Some(content)]);
}

/// How it came makes no difference.
pub async fn a_content_written_and_one_put_are_the_same(fixture: &mut Fixture) {
    let store = fixture.store().await;
    for length in [10, 3_000_000] {
        let content = text("either", length);

        let written = write(&*store, &content, &[777_777]).await;
        let put = store.put_contents(OURS, slice::from_ref(&content)).await.unwrap();
        let again = write(&*store, &content, &[length]).await;

        assert_eq!([written.id, again.id], [put[0]; 2]);
        assert!(read(&*store, put[0]).await == content);
    }
}

/// Where stores cut.
pub async fn contents_around_the_size_of_a_part_come_back(fixture: &mut Fixture) {
    let store = fixture.store().await;
    for part in [128 << 10, 1 << 20, 2 << 20, 4 << 20_usize] {
        for length in [part - 1, part, part + 1] {
            let content = text("edge", length);

            let written = write(&*store, &content, &[part]).await;

            assert_eq!(written.id, content_id(&content), "{length}");
            assert!(read(&*store, written.id).await == content, "{length}");
        }
    }
}

/// Within a part, over an edge, over several, and past the end.
pub async fn ranges_of_a_large_content_are_its_bytes(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let content = text("ranges", 5_000_000);
    let id = write(&*store, &content, &[1 << 16]).await.id;
    let edge = 1 << 20;

    for range in [0..1, edge - 5..edge + 5, 100..4_999_000, 4_999_999..9_999_999, 7..7] {
        let read = store.read_content(OURS, id, range.clone()).await.unwrap().unwrap();

        let end = (range.end as usize).min(content.len());
        assert!(read == content.slice(range.start as usize..end), "{range:?}");
    }
    let behind = store.read_content(OURS, id, 5_000_000..5_000_001).await.unwrap();
    assert_eq!(behind, Some(Bytes::new()));
}

/// A stream may end at once.
pub async fn a_content_without_a_byte_can_be_written(fixture: &mut Fixture) {
    let store = fixture.store().await;

    let written = write(&*store, &Bytes::new(), &[1]).await;

    assert_eq!(written, Written { id: content_id(b""), bytes: 0 });
    assert_eq!(store.fetch_contents(OURS, &[written.id]).await.unwrap(), [Some(Bytes::new())]);
}

/// What was not finished is not there.
pub async fn a_writer_that_is_dropped_leaves_no_content(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let content = text("dropped", 2_500_000);

    let mut writer = store.write_content(OURS).await.unwrap();
    writer.write(&content).await.unwrap();
    drop(writer);

    let ids = [content_id(&content)];
    assert_eq!(store.has_contents(OURS, &ids).await.unwrap(), [false]);
    assert_eq!(write(&*store, &content, &[9_999]).await.id, ids[0]);
    assert!(read(&*store, ids[0]).await == content);
}

/// Streams may run side by side.
pub async fn two_writers_do_not_mix(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let (a, b) = (text("a", 2_100_000), text("b", 2_100_000));
    let mut first = store.write_content(OURS).await.unwrap();
    let mut second = store.write_content(OURS).await.unwrap();

    for (a, b) in a.chunks(300_000).zip(b.chunks(300_000)) {
        first.write(a).await.unwrap();
        second.write(b).await.unwrap();
    }
    let ids = [second.finish().await.unwrap().id, first.finish().await.unwrap().id];

    assert_eq!(ids, [content_id(&b), content_id(&a)]);
    assert!(store.fetch_contents(OURS, &ids).await.unwrap() == [Some(b), Some(a)]);
}

/// Memory is bounded by the caller's choice of call.
pub async fn what_is_too_large_to_be_whole_is_refused_but_streams(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let content = text("too large", WHOLE_CONTENT_BYTES_MAX as usize + 1);
    let id = write(&*store, &content, &[1 << 20]).await.id;

    let whole = store.fetch_contents(OURS, &[id]).await.unwrap_err();
    let range = store.read_content(OURS, id, 0..RANGE_BYTES_MAX + 1).await.unwrap_err();

    for refused in [whole, range] {
        assert!(matches!(refused, StoreError::TooLarge { .. }), "{refused}");
    }
    assert!(read(&*store, id).await == content);
    let last = store.read_content(OURS, id, 1..u64::MAX).await.unwrap();
    assert!(last == Some(content.slice(1..)));
}

/// Removal is for every size.
pub async fn a_large_content_can_be_removed(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let content = text("removed", 3_000_000);
    let id = write(&*store, &content, &[1 << 20]).await.id;

    store.remove_contents(OURS, &[id]).await.unwrap();

    assert!(store.open_content(OURS, id).await.unwrap().is_none());
    assert_eq!(store.content_lengths(OURS, &[id]).await.unwrap(), [None]);
    write(&*store, &content, &[1 << 20]).await;
    assert!(read(&*store, id).await == content);
}

/// No store may count on compression.
pub async fn bytes_that_do_not_shrink_come_back_too(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let contents = [1, 100, 70_000, 2_500_000].map(|length| noise("noise", length));

    let ids = store.put_contents(OURS, &contents).await.unwrap();

    for (id, content) in ids.into_iter().zip(contents) {
        assert!(read(&*store, id).await == content);
    }
}

async fn write(store: &dyn Store, content: &Bytes, pieces: &[usize]) -> Written {
    let mut writer = store.write_content(OURS).await.unwrap();
    let mut rest = &content[..];
    for piece in pieces.iter().cycle() {
        let (now, later) = rest.split_at((*piece).min(rest.len()));
        writer.write(now).await.unwrap();
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    writer.finish().await.unwrap()
}

async fn read(store: &dyn Store, id: ContentId) -> Vec<u8> {
    let mut reader = store.open_content(OURS, id).await.unwrap().unwrap();
    let mut content = Vec::new();
    while let Some(piece) = reader.next().await.unwrap() {
        assert!(!piece.is_empty());
        content.extend_from_slice(&piece);
    }
    assert_eq!(reader.length(), content.len() as u64);
    content
}
