//! Making, opening and listing workspaces.

use std::sync::Arc;

use markerbed_core::{WorkspaceId, ledger::Operation, tree::Grade};
use markerbed_host::{
    drive::blocking::wait,
    progress::Silent,
    store::{Batch, RowChange},
    workspace::{
        CheckOptions, ErrorClass, Reference, Scanned, Stamp, When, Workspace, check_workspace,
    },
};

use crate::support::{draft, genesis, memory, stamp, workspace, workspace_in};

#[test]
fn a_workspace_begins_with_its_genesis_as_entry_0() {
    let workspace = workspace();

    let entry = wait(workspace.entry(0)).unwrap().unwrap();

    assert_eq!(entry.operation, Operation::WorkspaceCreated(genesis(7)));
    assert_eq!(wait(workspace.genesis()).unwrap().id(), workspace.id());
    assert_eq!(wait(workspace.number()).unwrap(), 0);
}

#[test]
fn the_first_workspace_of_a_store_is_its_default() {
    let store = memory();
    let first = workspace_in(Arc::clone(&store));
    wait(Workspace::create(Arc::clone(&store), genesis(8), "second", &stamp())).unwrap();

    let opened = wait(Workspace::open_default(Arc::clone(&store))).unwrap();
    let listed = wait(Workspace::list(&*store)).unwrap();

    assert_eq!(opened.id(), first.id());
    assert_eq!(listed.len(), 2);
    let default = listed.iter().find(|listed| listed.is_default).unwrap();
    assert_eq!((default.id, default.label.as_str()), (first.id(), "test"));
}

#[test]
fn a_store_without_a_workspace_says_so() {
    let error = wait(Workspace::open_default(memory())).unwrap_err();

    assert_eq!((error.code(), error.class()), ("no-workspace", ErrorClass::NoStore));
}

#[test]
fn a_workspace_that_never_began_is_not_listed_and_is_no_default() {
    let store = memory();
    let host = WorkspaceId::from_bytes([0; 32]);
    let begun = genesis(1).id();
    let row = |key: &[u8], value: &[u8]| RowChange {
        key: key.to_vec().into(),
        value: Some(value.to_vec().into()),
    };
    // What a program leaves that ended between the row and the first entry.
    let key = [b"workspace/".as_slice(), begun.as_bytes()].concat();
    let rows = vec![row(&key, &[1, 0]), row(b"default", begun.as_bytes())];
    wait(store.commit(host, Batch { rows, ..Batch::default() })).unwrap();

    let none = wait(Workspace::list(&*store)).unwrap();
    let error = wait(Workspace::open_default(Arc::clone(&store))).unwrap_err();
    let made = workspace_in(Arc::clone(&store));
    let opened = wait(Workspace::open_default(store)).unwrap();

    assert_eq!((none, error.code()), (Vec::new(), "no-workspace"));
    assert_eq!(opened.id(), made.id());
}

#[test]
fn a_workspace_that_is_not_there_cannot_be_opened() {
    let error = wait(Workspace::open(memory(), genesis(1).id())).unwrap_err();

    assert_eq!(error.code(), "unknown-workspace");
}

#[test]
fn creating_twice_under_one_request_is_once_and_under_another_is_refused() {
    let store = memory();
    let stamp_of_both = stamp();
    let create = |stamp: &Stamp| {
        wait(Workspace::create(Arc::clone(&store), genesis(7), "test", stamp)).map(|made| made.id())
    };
    let first = create(&stamp_of_both).unwrap();

    let again = create(&stamp_of_both).unwrap();
    let rival = create(&stamp()).unwrap_err();

    assert_eq!(again, first);
    assert_eq!(rival.code(), "workspace-exists");
    assert_eq!(wait(store.number(first)).unwrap(), Some(0));
}

#[test]
fn what_a_server_awaits_can_move_between_threads() {
    fn check_moves<T: Send>(value: T) -> T {
        value
    }
    let workspace = workspace();
    let draft = draft(&workspace, "notes", &[("a", "1")]);
    let (stamp, reference) = (stamp(), Reference::parse(b"@").unwrap());

    drop(check_moves(Workspace::create(memory(), genesis(1), "", &stamp)));
    drop(check_moves(workspace.record_state(&stamp)));
    drop(check_moves(workspace.resolve_node(&reference)));
    drop(check_moves(workspace.prove(&reference, Grade::Full)));
    drop(check_moves(check_workspace(
        &workspace,
        Scanned::default(),
        &CheckOptions::default(),
        &Silent,
    )));
    let committed = wait(check_moves(workspace.commit_snapshot(&draft, When::Changed, &stamp)));

    assert!(committed.is_ok());
}
