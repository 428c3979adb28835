//! Batches, the ledger's entries and the number that orders them.

use markerbed_core::limits::ENTRY_BYTES_MAX;
use markerbed_storage::{Batch, Outcome, StoreError, limits::ANSWER_ITEMS_MAX};

use crate::{
    Fixture,
    samples::{OURS, THEIRS, batch, commit, entry, grow, request, request_of, rows},
};

/// Nothing was written.
pub async fn a_workspace_without_entries_has_no_number(fixture: &mut Fixture) {
    let store = fixture.store().await;

    assert_eq!(store.number(OURS).await.unwrap(), None);
    assert_eq!(store.fetch_entries(OURS, 0..9).await.unwrap(), [""; 0]);
}

/// The number follows the entries.
pub async fn the_number_is_that_of_the_newest_entry(fixture: &mut Fixture) {
    let store = fixture.store().await;

    commit(&*store, OURS, batch(None, request(1), "first")).await;
    let first = store.number(OURS).await.unwrap();
    let entries = vec![entry(1, request(2), "second"), entry(2, request(3), "third")];
    commit(&*store, OURS, Batch { expected: Some(0), entries, rows: Vec::new() }).await;

    assert_eq!(first, Some(0));
    assert_eq!(store.number(OURS).await.unwrap(), Some(2));
}

/// Any part of the ledger.
pub async fn entries_are_read_by_number_up_to_the_newest(fixture: &mut Fixture) {
    let store = fixture.store().await;
    grow(&*store, OURS, 0, 4).await;

    let read = |numbers| store.fetch_entries(OURS, numbers);

    let entry = |number: u64| format!("entry {number} grow");
    assert_eq!(read(0..2).await.unwrap(), [entry(0), entry(1)]);
    assert_eq!(read(2..99).await.unwrap(), [entry(2), entry(3)]);
    assert_eq!(read(4..99).await.unwrap(), [""; 0]);
    assert_eq!(read(3..u64::MAX).await.unwrap(), [entry(3)]);
    assert_eq!(read(2..2).await.unwrap(), [""; 0]);
}

/// Answers have a limit.
pub async fn a_long_ledger_is_read_in_bounded_answers(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let count = ANSWER_ITEMS_MAX as u64 + 3;
    let entries = (0..count).map(|number| entry(number, request(number), "many")).collect();
    commit(&*store, OURS, Batch { expected: None, entries, rows: Vec::new() }).await;

    let first = store.fetch_entries(OURS, 0..u64::MAX).await.unwrap();
    let rest = store.fetch_entries(OURS, first.len() as u64..u64::MAX).await.unwrap();

    assert_eq!((first.len(), rest.len()), (ANSWER_ITEMS_MAX, 3));
    assert_eq!(rest[2], format!("entry {} many", count - 1));
}

/// Compare and swap.
pub async fn of_two_rivals_one_loses_and_learns_the_number(fixture: &mut Fixture) {
    let store = fixture.store().await;
    commit(&*store, OURS, batch(None, request(1), "theirs")).await;
    commit(&*store, OURS, batch(Some(0), request(2), "theirs")).await;

    let late = store.commit(OURS, batch(Some(0), request(3), "ours")).await.unwrap();
    let later = store.commit(OURS, batch(None, request(4), "ours")).await.unwrap();
    let early = store.commit(OURS, batch(Some(7), request(5), "ours")).await.unwrap();

    for outcome in [late, later, early] {
        assert_eq!(outcome, Outcome::Lost { number: Some(1) });
    }
    let nobody = store.commit(THEIRS, batch(Some(0), request(1), "ours")).await.unwrap();
    assert_eq!(nobody, Outcome::Lost { number: None });
}

/// A batch is taken whole or not at all.
pub async fn a_batch_that_lost_changes_nothing(fixture: &mut Fixture) {
    let store = fixture.store().await;
    commit(&*store, OURS, batch(None, request(1), "theirs")).await;
    let mut lost = batch(None, request(2), "ours");
    lost.rows = rows(None, &[(b"a", Some(b"ours"))]).rows;

    store.commit(OURS, lost).await.unwrap();

    assert_eq!(store.number(OURS).await.unwrap(), Some(0));
    assert_eq!(store.fetch_rows(OURS, &["a".into()]).await.unwrap(), [None]);
    assert_eq!(store.find_requests(OURS, &[request(2)]).await.unwrap(), [None]);
    assert_eq!(store.fetch_entries(OURS, 0..9).await.unwrap(), ["entry 0 theirs"]);
}

/// An acknowledgement that never came is no lost race, even when others went on since.
pub async fn a_batch_tried_again_after_a_lost_answer_was_done_already(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let ours = batch(None, request(1), "ours");
    commit(&*store, OURS, ours.clone()).await;

    let again = store.commit(OURS, ours.clone()).await.unwrap();
    commit(&*store, OURS, batch(Some(0), request(2), "theirs")).await;
    let later = store.commit(OURS, ours).await.unwrap();

    assert_eq!([again, later], [Outcome::Already { number: 0 }; 2]);
    assert_eq!(store.number(OURS).await.unwrap(), Some(1));
}

/// Only the operation makes a request: a new try has another time, and may expect another number.
pub async fn a_request_is_the_same_at_another_time_and_number(fixture: &mut Fixture) {
    let store = fixture.store().await;
    commit(&*store, OURS, batch(None, request(1), "ours")).await;
    commit(&*store, OURS, batch(Some(0), request(2), "theirs")).await;

    let again = store.commit(OURS, batch(Some(1), request(1), "ours")).await.unwrap();

    assert_eq!(again, Outcome::Already { number: 0 });
    assert_eq!(store.number(OURS).await.unwrap(), Some(1));
}

/// LED-3.
pub async fn the_same_request_with_another_operation_is_refused(fixture: &mut Fixture) {
    let store = fixture.store().await;
    commit(&*store, OURS, batch(None, request(1), "one thing")).await;
    commit(&*store, OURS, batch(Some(0), request(2), "something")).await;

    for expected in [None, Some(0), Some(1)] {
        let other = batch(expected, request(1), "another thing");
        let refused = store.commit(OURS, other).await.unwrap_err();
        assert!(matches!(refused, StoreError::RequestTaken { number: 0, .. }), "{refused}");
    }
}

/// An error is not half of an answer.
pub async fn a_refused_batch_changes_nothing(fixture: &mut Fixture) {
    let store = fixture.store().await;
    commit(&*store, OURS, batch(None, request(1), "one thing")).await;
    let mut refused = batch(Some(0), request(2), "new");
    refused.entries.push(entry(2, request(1), "another thing"));
    refused.rows = rows(None, &[(b"a", Some(b"1"))]).rows;

    store.commit(OURS, refused).await.unwrap_err();

    assert_eq!(store.number(OURS).await.unwrap(), Some(0));
    assert_eq!(store.fetch_rows(OURS, &["a".into()]).await.unwrap(), [None]);
    assert_eq!(store.find_requests(OURS, &[request(2)]).await.unwrap(), [None]);
}

/// Request ids are unique with their agent.
pub async fn the_same_request_of_another_agent_is_another_request(fixture: &mut Fixture) {
    let store = fixture.store().await;
    commit(&*store, OURS, batch(None, request_of(1, 7), "one thing")).await;

    let number = commit(&*store, OURS, batch(Some(0), request_of(2, 7), "another thing")).await;

    assert_eq!(number, Some(1));
}

/// Half of it is done already, by somebody else.
pub async fn a_batch_with_a_request_of_a_rival_is_lost(fixture: &mut Fixture) {
    let store = fixture.store().await;
    commit(&*store, OURS, batch(None, request(1), "shared")).await;
    let mut both = batch(Some(0), request(2), "ours");
    both.entries.push(entry(2, request(1), "shared"));

    let outcome = store.commit(OURS, both).await.unwrap();

    assert_eq!(outcome, Outcome::Lost { number: Some(0) });
    assert_eq!(store.find_requests(OURS, &[request(2)]).await.unwrap(), [None]);
}

/// Numbers have no holes.
pub async fn entries_that_leave_a_gap_are_refused(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let gaps = [(None, vec![1]), (Some(0), vec![0]), (Some(0), vec![1, 3]), (None, vec![0, 0])];

    for (expected, numbers) in gaps {
        let entry = |(at, number)| entry(number, request(at as u64), "gap");
        let entries = numbers.into_iter().enumerate().map(entry).collect();
        let batch = Batch { expected, entries, rows: Vec::new() };
        let refused = store.commit(OURS, batch).await.unwrap_err();
        assert!(matches!(refused, StoreError::BadBatch { .. }), "{refused}");
    }

    assert_eq!(store.number(OURS).await.unwrap(), None);
}

/// A request cannot be two entries.
pub async fn one_request_for_two_entries_is_refused(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let entries = vec![entry(0, request(1), "same"), entry(1, request(1), "same")];

    let batch = Batch { expected: None, entries, rows: Vec::new() };
    let refused = store.commit(OURS, batch).await.unwrap_err();

    assert!(matches!(refused, StoreError::BadBatch { .. }), "{refused}");
    assert_eq!(store.number(OURS).await.unwrap(), None);
}

/// LED-1, from both sides.
pub async fn an_entry_too_large_is_refused(fixture: &mut Fixture) {
    let store = fixture.store().await;
    let of_length = |length: usize| {
        let mut batch = batch(None, request(1), "large");
        batch.entries[0].bytes = vec![b'x'; length].into();
        batch
    };

    let refused = store.commit(OURS, of_length(ENTRY_BYTES_MAX as usize + 1)).await.unwrap_err();
    let taken = store.commit(OURS, of_length(ENTRY_BYTES_MAX as usize)).await.unwrap();

    assert!(matches!(refused, StoreError::TooLarge { .. }), "{refused}");
    assert_eq!(taken, Outcome::Committed { number: Some(0) });
    let mut outside = batch(Some(0), request(2), "outside");
    outside.entries[0].operation_at = 1_000;
    let refused = store.commit(OURS, outside).await.unwrap_err();
    assert!(matches!(refused, StoreError::BadBatch { .. }), "{refused}");
}

/// Derived rows can be made anew without an entry, but not over a newer ledger.
pub async fn rows_alone_keep_the_number_and_obey_it(fixture: &mut Fixture) {
    let store = fixture.store().await;
    grow(&*store, OURS, 0, 2).await;

    let late = store.commit(OURS, rows(Some(0), &[(b"a", Some(b"late"))])).await.unwrap();
    let taken = store.commit(OURS, rows(Some(1), &[(b"a", Some(b"new"))])).await.unwrap();

    assert_eq!(late, Outcome::Lost { number: Some(1) });
    assert_eq!(taken, Outcome::Committed { number: Some(1) });
    assert_eq!(store.fetch_rows(OURS, &["a".into()]).await.unwrap(), [Some("new".into())]);
}

/// The index of requests can be asked.
pub async fn requests_are_found_by_agent_and_id(fixture: &mut Fixture) {
    let store = fixture.store().await;
    grow(&*store, OURS, 0, 3).await;

    let asked = [request(2), request(9), request_of(2, 2), request(0), request(2)];
    let found = store.find_requests(OURS, &asked).await.unwrap();

    assert_eq!(found, [Some(2), None, None, Some(0), Some(2)]);
    assert_eq!(store.find_requests(THEIRS, &asked[..1]).await.unwrap(), [None]);
}

/// Workspaces are apart.
pub async fn workspaces_have_numbers_and_requests_of_their_own(fixture: &mut Fixture) {
    let store = fixture.store().await;
    grow(&*store, OURS, 0, 3).await;

    let number = commit(&*store, THEIRS, batch(None, request(0), "another thing")).await;

    assert_eq!(number, Some(0));
    assert_eq!(store.number(OURS).await.unwrap(), Some(2));
    assert_eq!(store.fetch_entries(THEIRS, 0..9).await.unwrap(), ["entry 0 another thing"]);
}
