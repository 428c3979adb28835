//! Ids of contents, of any size and in any pieces.

use bytes::Bytes;
use markerbed_core::hash::content_id;
use markerbed_engine::Engine;
use markerbed_host::component::Limits;
use markerbed_suites::{Random, seed};

use crate::place::Place;

#[tokio::test]
async fn contents_small_and_large_are_called_as_core_calls_them() {
    let place = Place::new(Limits { memory_bytes: 4 << 20, ..Limits::default() }).await;
    let mut random = Random::new(seed(), "contents");
    let sizes = [0, 1, 9 << 20, 100, 256 << 10, (256 << 10) + 1, 200_000, 200_000, 3, 1 << 20];
    let contents: Vec<Bytes> = sizes.map(|size| random.bytes(size).into()).to_vec();

    let ids = place.engine.content_ids(&contents).await.unwrap();

    let wanted: Vec<_> = contents.iter().map(|content| content_id(content)).collect();
    assert_eq!(ids, wanted);
    assert_eq!(place.engine.content_ids(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn a_content_that_streams_by_is_called_as_the_whole() {
    let place = Place::new(Limits::default()).await;
    let mut random = Random::new(seed(), "pieces");
    let content = random.bytes(700_000);
    let mut hasher = place.engine.content_hasher().await.unwrap();

    let mut rest = content.as_slice();
    while !rest.is_empty() {
        let length = (random.below(300_000) as usize).min(rest.len());
        let (piece, after) = rest.split_at(length);
        hasher.update(piece).await.unwrap();
        rest = after;
        let so_far = content_id(&content[..content.len() - rest.len()]);
        assert_eq!(hasher.finish().await.unwrap(), so_far);
    }
}
