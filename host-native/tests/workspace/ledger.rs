//! Creating, committing, moving refs, and what is read of it.

use std::sync::Arc;

use markerbed_core::{
    AttributesId, Error, Id16, NodeId,
    hash::content_id,
    ledger::{LedgerEntry, RevocationReason},
    tree::{Coverage, Gap, GapReason},
};
use markerbed_host::{
    drive::blocking::wait,
    store::{Batch, StoredEntry},
    workspace::{Committed, ErrorClass, Keys, SnapshotDraft, When, Workspace, WorkspaceError},
};

use crate::{
    support::{
        commit, commit_draft, draft, draft_of, evidence, genesis, label, memory, place_of,
        put_tree, recorded, stamp, workspace, workspace_in,
    },
    wrapped::{rivals, rivals_with},
};

#[test]
fn an_entry_that_bears_another_number_is_not_read_as_if_it_were_right() {
    let workspace = workspace();
    let entry = wait(workspace.entry(0)).unwrap().unwrap();
    let moved = LedgerEntry { number: 5, ..entry };
    let (request, expected) = (stamp().key(), Some(0));
    let stored = StoredEntry { number: 1, request, ..StoredEntry::of(&moved) };
    let batch = Batch { expected, entries: vec![stored], rows: Vec::new() };
    wait(workspace.store().commit(workspace.id(), batch)).unwrap();

    let error = wait(workspace.entry(1)).unwrap_err();

    assert_eq!((error.code(), error.class()), ("wrong-number", ErrorClass::Failed));
}

#[test]
fn a_commit_records_the_snapshot_moves_its_ref_and_names_its_parent() {
    let workspace = workspace();

    let first = commit(&workspace, "notes", &[("a", "1")]);
    let second = commit(&workspace, "notes", &[("a", "2")]);

    assert_eq!((first.number, first.ordinal), (1, 0));
    assert_eq!((second.number, second.ordinal), (2, 1));
    assert_eq!(first.snapshot.parents, []);
    assert_eq!(second.snapshot.parents, [first.id]);
    assert_eq!(place_of(&workspace, "notes"), Some(second.id));
}

#[test]
fn the_parent_is_of_the_same_source_even_if_its_ref_is_elsewhere() {
    let workspace = workspace();
    let first = commit(&workspace, "notes", &[("a", "1")]);
    let second = commit(&workspace, "notes", &[("a", "2")]);
    commit(&workspace, "other", &[("b", "1")]);
    wait(workspace.move_ref(&label("notes"), Some(second.id), first.id, &stamp())).unwrap();

    let third = commit(&workspace, "notes", &[("a", "3")]);

    assert_eq!(third.snapshot.parents, [second.id]);
    assert_eq!(place_of(&workspace, "notes"), Some(third.id));
}

#[test]
fn nothing_is_written_when_nothing_has_changed() {
    let workspace = workspace();
    let first = commit(&workspace, "notes", &[("a", "1")]);

    let again = commit_draft(&workspace, &draft(&workspace, "notes", &[("a", "1")])).unwrap();

    assert_eq!(again, Committed::Unchanged(first));
    assert_eq!(wait(workspace.number()).unwrap(), 1);
}

#[test]
fn not_even_a_document_is_put_when_nothing_has_changed() {
    let workspace = workspace();
    let mut draft = draft(&workspace, "notes", &[("a", "1")]);
    commit_draft(&workspace, &draft).unwrap();
    let document = evidence(&[], Some("hello"));
    draft.evidence = Some(document.clone());

    commit_draft(&workspace, &draft).unwrap();

    let id = content_id(&document);
    let is_put = wait(workspace.store().has_contents(workspace.id(), &[id])).unwrap();
    assert_eq!(is_put, [false]);
}

#[test]
fn an_unchanged_snapshot_is_written_when_it_is_asked_for() {
    let workspace = workspace();
    let first = commit(&workspace, "notes", &[("a", "1")]);
    let same = draft(&workspace, "notes", &[("a", "1")]);

    let again = wait(workspace.commit_snapshot(&same, When::Always, &stamp())).unwrap();

    assert_eq!(recorded(again).snapshot.parents, [first.id]);
    assert_eq!(wait(workspace.number()).unwrap(), 2);
}

#[test]
fn other_gaps_or_rules_are_a_change_and_another_message_is_none() {
    let workspace = workspace();
    let gap = |reason| Gap { path: b"pipe".to_vec(), reason, attempts: 1 };
    let mut draft = draft(&workspace, "notes", &[("a", "1")]);
    let is_recorded =
        |draft: &_| matches!(commit_draft(&workspace, draft).unwrap(), Committed::Recorded(_));
    assert!(is_recorded(&draft));

    draft.evidence = Some(evidence(&[], Some("hello")));
    assert!(!is_recorded(&draft), "a message");
    draft.coverage = Coverage::Partial;
    draft.evidence = Some(evidence(&[gap(GapReason::Fifo)], None));
    assert!(is_recorded(&draft), "a gap");
    draft.evidence = Some(evidence(&[gap(GapReason::Fifo)], Some("hello")));
    assert!(!is_recorded(&draft), "a message beside a gap");
    draft.evidence = Some(evidence(&[gap(GapReason::Socket)], None));
    assert!(is_recorded(&draft), "a gap for another reason");
    draft.rules = br#"{"schema":"other"}"#.as_slice().into();
    assert!(is_recorded(&draft), "rules");
    draft.attributes = Some(AttributesId::from_bytes([1; 32]));
    assert!(is_recorded(&draft), "attributes");
}

#[test]
fn the_same_request_again_gives_the_same_answer_and_writes_nothing() {
    let workspace = workspace();
    let draft = draft(&workspace, "notes", &[("a", "1")]);
    let stamp = stamp();
    let first = wait(workspace.commit_snapshot(&draft, When::Changed, &stamp)).unwrap();
    commit(&workspace, "notes", &[("a", "2")]);

    let again = wait(workspace.commit_snapshot(&draft, When::Changed, &stamp)).unwrap();

    assert_eq!(again, first);
    assert_eq!(wait(workspace.number()).unwrap(), 2);
}

#[test]
fn the_same_request_for_something_else_is_refused() {
    let workspace = workspace();
    let stamp = stamp();
    let one = draft(&workspace, "notes", &[("a", "1")]);
    let other = draft(&workspace, "notes", &[("a", "2")]);
    let first = recorded(wait(workspace.commit_snapshot(&one, When::Changed, &stamp)).unwrap());

    let snapshot = wait(workspace.commit_snapshot(&other, When::Changed, &stamp)).unwrap_err();
    let moved = wait(workspace.move_ref(&label("x"), None, first.id, &stamp)).unwrap_err();
    let state = wait(workspace.record_state(&stamp)).unwrap_err();

    assert_eq!([snapshot.code(), moved.code(), state.code()], ["request-taken"; 3]);
    assert_eq!(wait(workspace.number()).unwrap(), 1);
}

#[test]
fn a_root_that_was_not_put_is_not_committed() {
    let workspace = workspace();
    let root = NodeId::from_bytes([1; 32]);

    let error = commit_draft(&workspace, &draft_of(root, "notes")).unwrap_err();

    assert!(
        matches!(&error, WorkspaceError::Engine(Error::MissingObject { id }) if *id == root.into())
    );
    assert_eq!(error.class(), ErrorClass::Incomplete);
    assert_eq!(wait(workspace.number()).unwrap(), 0);
}

#[test]
fn documents_that_are_no_canonical_json_of_their_schema_are_refused() {
    let workspace = workspace();
    let sound = draft(&workspace, "notes", &[("a", "1")]);
    let with_rules = |json: &'static str| SnapshotDraft { rules: json.into(), ..sound.clone() };
    let evidence = r#"{"left_out":0,"schema":"markerbed.dev/evidence/directory/1"}"#;
    for bad in [
        with_rules("{ }"),
        with_rules("{}"),
        with_rules(r#"{"schema":"markerbed.dev/rules/directory/1"}"#),
        SnapshotDraft { evidence: Some(evidence.into()), ..sound.clone() },
    ] {
        let error = commit_draft(&workspace, &bad).unwrap_err();

        assert_eq!(error.code(), "bad-document", "{bad:?}");
    }
    assert_eq!(wait(workspace.number()).unwrap(), 0);
}

#[test]
fn evidence_of_a_later_schema_is_taken_and_is_a_change() {
    let workspace = workspace();
    let mut draft = draft(&workspace, "notes", &[("a", "1")]);
    commit_draft(&workspace, &draft).unwrap();
    for (evidence, is_change) in [
        (r#"{"gaps":[],"schema":"later"}"#, true),
        (r#"{"gaps":[],"message":"hello","schema":"later"}"#, true),
        (r#"{"gaps":[],"message":"hello","schema":"later"}"#, false),
    ] {
        draft.evidence = Some(evidence.into());

        let committed = commit_draft(&workspace, &draft).unwrap();

        assert_eq!(matches!(committed, Committed::Recorded(_)), is_change, "{evidence}");
    }
    draft.evidence = Some(evidence(&[], None));
    assert!(matches!(commit_draft(&workspace, &draft).unwrap(), Committed::Recorded(_)));
}

#[test]
fn a_state_entry_names_the_state_of_the_entries_before_it() {
    let workspace = workspace();
    commit(&workspace, "notes", &[("a", "1")]);
    let expected = wait(workspace.replay()).unwrap().state.id().unwrap();

    let (state, number) = wait(workspace.record_state(&stamp())).unwrap();

    assert_eq!((state, number), (expected, 2));
    assert_eq!(wait(workspace.replay()).unwrap().state.entries(), 3);
    assert_eq!(
        wait(workspace.store().has_objects(workspace.id(), &[state.into()])).unwrap(),
        [true]
    );
}

#[test]
fn the_log_shows_the_newest_first_with_the_snapshots_they_are_about() {
    let workspace = workspace();
    let first = commit(&workspace, "notes", &[("a", "1")]);
    wait(workspace.move_ref(&label("kept"), None, first.id, &stamp())).unwrap();
    wait(workspace.remove_ref(&label("kept"), first.id, &stamp())).unwrap();

    let all = wait(workspace.log(None, 10)).unwrap();
    let two = wait(workspace.log(Some(3), 2)).unwrap();

    let about = |logged: &[markerbed_host::workspace::Logged]| {
        logged.iter().map(|one| (one.entry.number, one.snapshot.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(about(&all), [(3, false), (2, true), (1, true), (0, false)]);
    assert_eq!(about(&two), [(2, true), (1, true)]);
    assert_eq!(all[1].snapshot.as_ref(), Some(&first.snapshot));
}

#[test]
fn two_handles_that_race_both_get_in_and_the_second_builds_on_the_first() {
    let store = memory();
    let one = workspace_in(Arc::clone(&store));
    let other = wait(Workspace::open_default(store)).unwrap();
    let (tree_one, tree_other) = (put_tree(&one, &[("a", "1")]), put_tree(&one, &[("a", "2")]));

    let threads = [(one.clone(), tree_one), (other, tree_other)].map(|(handle, root)| {
        std::thread::spawn(move || commit_draft(&handle, &draft_of(root, "notes")).unwrap())
    });
    let mut made = threads.map(|thread| recorded(thread.join().unwrap()));
    made.sort_by_key(|recorded| recorded.number);

    let [first, second] = made;
    assert_eq!((first.number, second.number), (1, 2));
    assert_eq!(second.snapshot.parents, [first.id]);
    assert_eq!(place_of(&one, "notes"), Some(second.id));
}

#[test]
fn a_lost_race_is_made_anew_from_what_the_winner_left() {
    let (workspace, rival) = rivals(1);
    let draft = draft(&workspace, "notes", &[("a", "1")]);

    let mine = recorded(commit_draft(&workspace, &draft).unwrap());

    let theirs = rival.recorded();
    assert_eq!(mine.snapshot.parents, [theirs.id]);
    assert_eq!((theirs.number, mine.number), (1, 2));
}

#[test]
fn who_always_loses_is_told_so() {
    let (workspace, rival) = rivals(u32::MAX);
    let draft = draft(&workspace, "notes", &[("a", "1")]);

    let error = commit_draft(&workspace, &draft).unwrap_err();

    assert_eq!((error.code(), error.class()), ("lost-race", ErrorClass::Race));
    assert!(rival.wins() >= 10);
}

#[test]
fn a_rival_that_recorded_the_same_makes_the_snapshot_unchanged() {
    let (workspace, rival) = rivals_with(1, &[("a", "1")]);
    let draft = draft(&workspace, "notes", &[("a", "1")]);

    let mine = commit_draft(&workspace, &draft).unwrap();

    assert_eq!(mine, Committed::Unchanged(rival.recorded()));
}

#[test]
fn two_snapshots_that_differ_only_in_their_run_are_two() {
    let workspace = workspace();
    let mut draft = draft(&workspace, "notes", &[("a", "1")]);
    let first = recorded(wait(workspace.commit_snapshot(&draft, When::Always, &stamp())).unwrap());
    draft.run = Id16::from_bytes([4; 16]);

    let second = recorded(wait(workspace.commit_snapshot(&draft, When::Always, &stamp())).unwrap());

    assert_ne!(first.id, second.id);
}

#[test]
fn a_key_that_is_rotated_or_revoked_by_the_same_request_again_is_one_entry() {
    let workspace = workspace();
    let first = genesis(7).first_key;
    let new = Keys::from_random(&[5; 32], Id16::from_bytes([9; 16]));
    let (rotate, revoke) = (stamp(), stamp());
    let rotated = || wait(workspace.rotate_key(new.public(), |message| new.sign(message), &rotate));
    let revoked = |reason| wait(workspace.revoke_key(first, reason, &revoke));

    let numbers = [rotated(), rotated()].map(Result::unwrap);
    let revoked_numbers = [(); 2].map(|()| revoked(RevocationReason::Lost).unwrap());
    let taken = revoked(RevocationReason::Retired).unwrap_err();

    assert_eq!((numbers, revoked_numbers), ([1, 1], [2, 2]));
    assert_eq!(taken.code(), "request-taken");
    assert_eq!(wait(workspace.number()).unwrap(), 2);
}
