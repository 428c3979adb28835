//! Several at once.

use bytes::Bytes;
use markerbed_storage::{Batch, Outcome, RowChange, Store};

use crate::{
    Fixture,
    at_once::at_once,
    samples::{OURS, batch, request, request_of, text},
};

/// Every number is won once, every batch of a winner is there, and nothing else.
pub async fn of_many_writers_each_number_has_one_winner(fixture: &mut Fixture) {
    let store = fixture.store().await;
    const WRITERS: u64 = 4;
    const EACH: u64 = 10;

    at_once(&store, WRITERS, |store, writer| async move {
        for request in 0..EACH {
            win(&*store, writer, request).await;
        }
    })
    .await;

    let count = WRITERS * EACH;
    assert_eq!(store.number(OURS).await.unwrap(), Some(count - 1));
    let entries = store.fetch_entries(OURS, 0..count).await.unwrap();
    for writer in 0..WRITERS {
        for request in 0..EACH {
            let key = request_of(writer, request);
            let number = store.find_requests(OURS, &[key]).await.unwrap()[0].unwrap();
            let wanted = format!("entry {number} {writer} {request}");
            assert_eq!(entries[number as usize], wanted);
        }
    }
}

async fn win(store: &dyn Store, writer: u64, request: u64) {
    loop {
        let expected = store.number(OURS).await.unwrap();
        let operation = format!("{writer} {request}");
        let batch = batch(expected, request_of(writer, request), &operation);
        match store.commit(OURS, batch).await.unwrap() {
            Outcome::Committed { number } => {
                assert_eq!(number, Some(expected.map_or(0, |number| number + 1)));
                return;
            }
            Outcome::Lost { number } => assert_ne!(number, expected),
            other => panic!("{other:?}"),
        }
    }
}

/// Races for one id end with the one content.
pub async fn many_writers_put_the_same_contents(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let contents: Vec<Bytes> = (0..50).map(|n| text(&n.to_string(), 40_000)).collect();

    at_once(&store, 4, {
        let contents = contents.clone();
        move |store, _| {
            let contents = contents.clone();
            async move {
                for some in contents.chunks(7) {
                    store.put_contents(OURS, some).await.unwrap();
                }
            }
        }
    })
    .await;

    let ids = store.put_contents(OURS, &contents).await.unwrap();
    let found = store.fetch_contents(OURS, &ids).await.unwrap();
    assert!(found.into_iter().eq(contents.into_iter().map(Some)));
}

/// Nobody sees a half.
pub async fn readers_see_whole_batches_while_others_write(fixture: &mut Fixture) {
    let store = fixture.store().await;
    const BATCHES: u64 = 30;

    at_once(&store, 2, |store, role| async move {
        if role == 0 {
            for number in 0..BATCHES {
                store.commit(OURS, with_rows(number)).await.unwrap();
            }
            return;
        }
        let mut last = None;
        while last != Some(BATCHES - 1) {
            let keys = ["a".into(), "b".into()];
            let rows = store.fetch_rows(OURS, &keys).await.unwrap();
            assert_eq!(rows[0], rows[1]);
            let number = store.number(OURS).await.unwrap();
            assert!(number >= last);
            last = number;
        }
    })
    .await;
}

fn with_rows(number: u64) -> Batch {
    let row =
        |key: &'static str| RowChange { key: key.into(), value: Some(number.to_string().into()) };
    let mut batch = batch(number.checked_sub(1), request(number), "rows");
    batch.rows = vec![row("a"), row("b")];
    batch
}
