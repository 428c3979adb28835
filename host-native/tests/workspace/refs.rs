//! Setting, moving and removing refs.

use markerbed_core::SnapshotId;
use markerbed_host::{
    drive::blocking::wait,
    workspace::{ErrorClass, RefOutcome, Unnameable, WorkspaceError},
};

use crate::support::{commit, commit_draft, draft, label, place_of, stamp, workspace};

#[test]
fn names_that_no_reference_could_mean_are_refused_for_new_refs() {
    let workspace = workspace();
    let snapshot = commit(&workspace, "notes", &[("a", "1")]).id;
    let cases = [
        ("a:b", Unnameable::Colon),
        (":", Unnameable::Colon),
        ("@", Unnameable::At),
        ("@-", Unnameable::At),
        ("@home", Unnameable::At),
        ("#1", Unnameable::Hash),
        ("deadbeef", Unnameable::Digits),
        ("0123456789abcdef", Unnameable::Digits),
    ];

    for (name, expected) in cases {
        let error = wait(workspace.move_ref(&label(name), None, snapshot, &stamp())).unwrap_err();
        let WorkspaceError::Unnameable { why, .. } = error else { panic!("{name}: {error}") };
        assert_eq!(why, expected, "{name}");
        let source = draft(&workspace, name, &[("a", "1")]);
        assert_eq!(commit_draft(&workspace, &source).unwrap_err().code(), "unnameable", "{name}");
    }
    for name in ["deadbee", "DEADBEEF", "deadbeef-1", "a@b", "a#1", "ü", "a/b", "-"] {
        wait(workspace.move_ref(&label(name), None, snapshot, &stamp())).unwrap();
    }
}

#[test]
fn a_ref_moves_only_from_where_the_caller_believes_it_is() {
    let workspace = workspace();
    let first = commit(&workspace, "notes", &[("a", "1")]).id;
    let second = commit(&workspace, "notes", &[("a", "2")]).id;
    let name = label("release");
    let set = |from, to| wait(workspace.move_ref(&name, from, to, &stamp()));

    assert_eq!(set(None, first).unwrap(), RefOutcome::Moved { number: 3 });
    let stale = set(None, second).unwrap_err();
    let wrong = set(Some(second), first).unwrap_err();
    assert_eq!(set(Some(first), second).unwrap(), RefOutcome::Moved { number: 4 });
    assert_eq!(set(Some(second), second).unwrap(), RefOutcome::Unchanged);
    let unknown = set(Some(second), SnapshotId::from_bytes([1; 32])).unwrap_err();

    assert_eq!(
        [stale.code(), wrong.code(), unknown.code()],
        ["ref-moved", "ref-moved", "unknown-snapshot"]
    );
    assert_eq!((stale.class(), unknown.class()), (ErrorClass::Race, ErrorClass::Usage));
    assert_eq!(place_of(&workspace, "release"), Some(second));
}

#[test]
fn a_ref_is_removed_once_and_its_request_again_says_the_same() {
    let workspace = workspace();
    let snapshot = commit(&workspace, "notes", &[("a", "1")]).id;
    let (name, stamp) = (label("notes"), stamp());

    let removed = wait(workspace.remove_ref(&name, snapshot, &stamp)).unwrap();
    let again = wait(workspace.remove_ref(&name, snapshot, &stamp)).unwrap();
    let late = wait(workspace.remove_ref(&name, snapshot, &crate::support::stamp())).unwrap_err();

    assert_eq!(
        (removed, again),
        (RefOutcome::Moved { number: 2 }, RefOutcome::Moved { number: 2 })
    );
    assert_eq!(late.code(), "ref-moved");
    assert_eq!(wait(workspace.refs()).unwrap(), []);
}

#[test]
fn refs_are_listed_by_name() {
    let workspace = workspace();
    let one = commit(&workspace, "b", &[("a", "1")]).id;
    let two = commit(&workspace, "a", &[("a", "2")]).id;

    let refs = wait(workspace.refs()).unwrap();

    let shown: Vec<_> = refs.iter().map(|found| (found.name.as_str(), found.snapshot)).collect();
    assert_eq!(shown, [("a", two), ("b", one)]);
}
