//! Who may do what: granted, revoked, asked, and checked before anything is written.

use markerbed_core::{
    Id16,
    access::{Decision, Right, Role, Scope},
    ledger::{LedgerEntry, Operation},
    tree::Path,
};
use markerbed_host::{
    drive::blocking::wait,
    store::{Batch, StoredEntry},
    workspace::{ErrorClass, GrantOutcome, Stamp, When},
};

use crate::support::{commit, draft, label, stamp, workspace};

fn by(agent: Id16) -> Stamp {
    Stamp { agent, ..stamp() }
}

#[test]
fn a_grant_is_asked_given_replaced_and_taken_away() {
    let workspace = workspace();
    let founder = stamp().agent;
    let decide = |right| wait(workspace.decide(OTHER, right, &Path::ROOT)).unwrap();
    assert_eq!(decide(Right::Write), Decision::Open);

    let granted = wait(workspace.grant(OTHER, Role::Reader, &Scope::WHOLE, &by(founder))).unwrap();
    assert_eq!(granted, GrantOutcome::Changed { number: 1 });
    assert_eq!(decide(Right::Read), Decision::Allowed { by_entry: 1 });
    assert_eq!(decide(Right::Write), Decision::Denied);
    let again = wait(workspace.grant(OTHER, Role::Reader, &Scope::WHOLE, &by(founder))).unwrap();
    assert_eq!(again, GrantOutcome::Unchanged);
    wait(workspace.grant(OTHER, Role::Writer, &Scope::WHOLE, &by(founder))).unwrap();
    assert_eq!(decide(Right::Write), Decision::Allowed { by_entry: 2 });
    wait(workspace.revoke(OTHER, &Scope::WHOLE, &by(founder))).unwrap();
    assert_eq!(decide(Right::Read), Decision::Denied);

    let (state, _) = wait(workspace.record_state(&stamp())).unwrap();
    let replay = wait(workspace.replay()).unwrap();
    assert_eq!(replay.state.id().unwrap(), wait(workspace.state()).unwrap().id);
    assert_eq!(replay.state.id().unwrap(), state);
    assert_eq!(*replay.state.grants(), wait(workspace.grants()).unwrap());
}

#[test]
fn who_may_not_write_changes_nothing() {
    let workspace = workspace();
    let founder = stamp().agent;
    let first = commit(&workspace, "notes", &[("a", "1")]);
    wait(workspace.grant(OTHER, Role::Reader, &Scope::WHOLE, &by(founder))).unwrap();
    let number = wait(workspace.number()).unwrap();

    let draft = draft(&workspace, "notes", &[("a", "2")]);
    let denied = [
        wait(workspace.commit_snapshot(&draft, When::Always, &by(OTHER))).unwrap_err(),
        wait(workspace.move_ref(&label("new"), None, first.id, &by(OTHER))).unwrap_err(),
        wait(workspace.remove_ref(&label("notes"), first.id, &by(OTHER))).unwrap_err(),
        wait(workspace.grant(THIRD, Role::Reader, &Scope::WHOLE, &by(OTHER))).unwrap_err(),
        wait(workspace.revoke(founder, &Scope::WHOLE, &by(THIRD))).unwrap_err(),
    ];

    for error in denied {
        assert_eq!((error.code(), error.class()), ("not-permitted", ErrorClass::NotPermitted));
    }
    assert_eq!(wait(workspace.number()).unwrap(), number);
    let own = wait(workspace.revoke(founder, &Scope::WHOLE, &by(founder))).unwrap_err();
    assert_eq!((own.code(), own.class()), ("own-grant", ErrorClass::NotPermitted));
    let none = wait(workspace.revoke(THIRD, &Scope::WHOLE, &by(founder))).unwrap_err();
    assert_eq!((none.code(), none.class()), ("grant-conflict", ErrorClass::Usage));
    assert_eq!(wait(workspace.number()).unwrap(), number);
}

#[test]
fn a_state_whose_pages_are_missing_is_made_from_all_entries() {
    let workspace = workspace();
    commit(&workspace, "notes", &[("a", "1")]);
    // A state that is right, of which nothing was put.
    let state = wait(workspace.replay()).unwrap().state.id().unwrap();
    let number = wait(workspace.number()).unwrap() + 1;
    let Stamp { agent, request, time_ms } = stamp();
    let operation = Operation::State(state);
    let entry = LedgerEntry { number, time_ms, agent, request, operation };
    let (entries, expected) = (vec![StoredEntry::of(&entry)], Some(number - 1));
    let batch = Batch { expected, entries, rows: Vec::new() };
    wait(workspace.store().commit(workspace.id(), batch)).unwrap();

    let built = wait(workspace.state()).unwrap();

    assert_eq!(built.id, state);
    assert!(built.pages.len() > 3, "all pages are given, to be put anew");
}

#[test]
fn the_same_request_grants_once() {
    let workspace = workspace();
    let stamp = stamp();
    let path = Scope::new(b"docs").unwrap();

    let first = wait(workspace.grant(OTHER, Role::Writer, &path, &stamp)).unwrap();
    let second = wait(workspace.grant(OTHER, Role::Writer, &path, &stamp)).unwrap();
    let other = wait(workspace.grant(OTHER, Role::Reader, &path, &stamp)).unwrap_err();

    assert_eq!(first, second);
    assert_eq!(other.code(), "request-taken");
    assert_eq!(wait(workspace.number()).unwrap(), 1);
}

const OTHER: Id16 = Id16::from_bytes([0xAA; 16]);
const THIRD: Id16 = Id16::from_bytes([0xBB; 16]);
