//! Finding what is wrong with entries, snapshots and derived rows.

use bytes::Bytes;
use markerbed_core::{
    ObjectId, SnapshotId, StateId, WorkspaceId,
    codec::Canonical,
    ledger::{LedgerEntry, Operation, RefChange},
    tree::{Snapshot, SnapshotFields},
};
use markerbed_host::{
    drive::blocking::wait,
    store::{Batch, RowChange, RowRange, StoredEntry},
    workspace::{CheckFault, CheckedItem, Health, Part, Stamp, Workspace},
};

use crate::{
    check::{FILES, check, codes, commit_tree, id_at, only, places},
    support::{Tree, commit, label, memory, stamp, workspace},
};

#[test]
fn an_entry_that_does_not_follow_is_found() {
    let lost_ref = RefChange::new(label("x"), Some(SnapshotId::from_bytes([1; 32])), None).unwrap();
    let cases = [
        (7, None),
        (2, Some(Operation::RefMoved(lost_ref))),
        (2, Some(Operation::State(StateId::from_bytes([1; 32])))),
    ];
    for (number, operation) in cases {
        let workspace = workspace();
        let first = commit(&workspace, "notes", FILES);
        let stamp = stamp();
        let right = RefChange::new(label("kept"), None, Some(first.id)).unwrap();
        let entry = LedgerEntry {
            number,
            time_ms: stamp.time_ms,
            agent: stamp.agent,
            request: stamp.request,
            operation: operation.unwrap_or(Operation::RefMoved(right)),
        };
        let stored = StoredEntry { number: 2, ..StoredEntry::of(&entry) };
        append(&workspace, stored);

        let report = check(&workspace);

        assert_eq!(codes(&report), ["wrong-entry"]);
        assert_eq!(report.findings[0].item, CheckedItem::Entry(2));
        assert_eq!((report.looked.entries, report.looked.snapshots), (2, 1));
        assert_eq!(report.health, Health::Damaged);
    }
}

#[test]
fn what_is_committed_after_an_entry_that_does_not_follow_is_still_checked() {
    let workspace = workspace();
    let first = commit(&workspace, "notes", FILES);
    let mut tree = Tree::of(&[("a", "lost")]);
    tree.contents.clear();
    tree.put(&workspace);
    let fields = SnapshotFields { root: tree.root, ..first.snapshot.into_fields() };
    let snapshot = Snapshot::new(fields).unwrap();
    let object = (ObjectId::from(snapshot.id()), snapshot.encode().into());
    wait(workspace.store().put_objects(workspace.id(), &[object])).unwrap();
    let lost_ref = RefChange::new(label("x"), Some(first.id), None).unwrap();
    let commits = Operation::SnapshotCommitted { snapshot: snapshot.id(), moves: None };
    for (number, operation) in [(2, Operation::RefMoved(lost_ref)), (3, commits)] {
        let Stamp { agent, request, time_ms } = stamp();
        let entry = LedgerEntry { number, time_ms, agent, request, operation };
        append(&workspace, StoredEntry::of(&entry));
    }

    let report = check(&workspace);

    assert_eq!(codes(&report), ["wrong-entry", "missing-content"]);
    assert_eq!(places(&report.findings[1]), [format!("{}:a", snapshot.id())]);
}

#[test]
fn an_entry_that_is_not_canonical_is_found() {
    let workspace = workspace();
    commit(&workspace, "notes", FILES);
    let stamp = stamp();
    let bytes = Bytes::from_static(b"no entry");
    let request = stamp.key();
    append(&workspace, StoredEntry { number: 2, request, operation_at: 0, bytes });

    let report = check(&workspace);

    assert_eq!(codes(&report), ["bad-entry"]);
    assert_eq!(report.findings[0].item, CheckedItem::Entry(2));
}

#[test]
fn an_entry_whose_request_leads_elsewhere_is_found() {
    let workspace = workspace();
    let first = commit(&workspace, "notes", FILES);
    let stamp = stamp();
    let change = RefChange::new(label("notes"), Some(first.id), None).unwrap();
    let operation = Operation::RefMoved(change);
    let (agent, request, time_ms) = (stamp.agent, stamp.request, stamp.time_ms);
    let entry = LedgerEntry { number: 2, time_ms, agent, request, operation };
    let other = crate::support::stamp().key();
    append(&workspace, StoredEntry { request: other, ..StoredEntry::of(&entry) });

    let report = check(&workspace);

    assert!(codes(&report).contains(&"wrong-entry"), "{:?}", codes(&report));
}

#[test]
fn an_entry_whose_request_leads_to_another_one_is_found() {
    let workspace = workspace();
    let first = commit(&workspace, "notes", FILES);
    let before = wait(workspace.entry(1)).unwrap().unwrap();
    let change = RefChange::new(label("notes"), Some(first.id), None).unwrap();
    let entry = LedgerEntry { number: 2, operation: Operation::RefMoved(change), ..before };
    append(&workspace, StoredEntry { request: stamp().key(), ..StoredEntry::of(&entry) });

    let report = check(&workspace);

    let finding = &report.findings[0];
    assert_eq!((finding.fault, &finding.item), (CheckFault::WrongEntry, &CheckedItem::Entry(2)));
    assert_eq!(finding.detail, "its request leads to entry 1");
}

#[test]
fn the_maps_of_a_recorded_state_are_checked_where_they_are_stored() {
    let workspace = workspace();
    commit(&workspace, "notes", FILES);
    let built = wait(workspace.replay()).unwrap().state.build().unwrap();
    let (page, _) = built.pages.last().unwrap();
    // Whoever puts first decides: the state that is recorded finds its page there already.
    let damaged = (ObjectId::from(*page), Bytes::from_static(b"damaged"));
    wait(workspace.store().put_objects(workspace.id(), &[damaged])).unwrap();
    wait(workspace.record_state(&stamp())).unwrap();

    let report = check(&workspace);

    let finding = only(&report);
    assert_eq!((finding.fault, &finding.item), (CheckFault::DamagedObject, &(*page).into()));
}

#[test]
fn the_worst_finding_decides_in_whatever_order_they_come() {
    for is_damaged_first in [true, false] {
        let workspace = workspace();
        let mut tree = Tree::of(&[("a", "1"), ("b", "2")]);
        let whole = tree.clone();
        for (path, is_damaged) in [("a", is_damaged_first), ("b", !is_damaged_first)] {
            let id = id_at(&whole, path);
            if is_damaged {
                tree.objects.insert(id, Bytes::from_static(b"damaged"));
            } else {
                tree.objects.remove(&id);
            }
        }
        tree.put(&workspace);
        commit_tree(&workspace, &tree);

        let report = check(&workspace);

        assert_eq!(report.findings.len(), 2);
        assert_eq!(report.health, Health::Damaged);
    }
}

#[test]
fn every_row_that_is_changed_lost_or_added_is_found_and_no_other() {
    let workspace = workspace();
    let first = commit(&workspace, "notes", FILES);
    commit(&workspace, "code", &[("a", "2")]);
    wait(workspace.move_ref(&label("kept"), None, first.id, &stamp())).unwrap();
    let rows = all_rows(&workspace);
    assert!(rows.len() >= 13, "{}", rows.len());

    for (key, value) in &rows {
        let mut other = value.to_vec();
        other[0] ^= 1;
        for (planted, expected) in [(Some(other.into()), "wrong-row"), (None, "missing-row")] {
            write_row(&workspace, key, planted);
            let report = check(&workspace);
            write_row(&workspace, key, Some(value.clone()));
            assert_eq!(codes(&report), [expected], "{}", report.findings[0]);
            assert_eq!(report.findings[0].item, CheckedItem::Row(key.clone()));
        }
    }
    for surplus in ["ledger/", "ledger/ref/new", "ledger/zzz", "ledger/tip/"] {
        write_row(&workspace, &Bytes::from_static(surplus.as_bytes()), Some("x".into()));
        let report = check(&workspace);
        write_row(&workspace, &Bytes::from_static(surplus.as_bytes()), None);
        assert_eq!(codes(&report), ["surplus-row"], "{surplus}");
    }
    write_row(&workspace, &Bytes::from_static(b"other/row"), Some("x".into()));
    assert_eq!(check(&workspace).health, Health::Sound);
}

#[test]
fn a_missing_snapshot_is_found_and_the_rest_is_checked() {
    let workspace = workspace();
    let first = commit(&workspace, "notes", FILES);
    let second = commit(&workspace, "notes", &[("b", "1")]);
    let other = workspace_without(&workspace, &[first.id.into()]);

    let report = check(&other);

    let finding = only(&report);
    assert_eq!((finding.fault, &finding.item), (CheckFault::MissingObject, &first.id.into()));
    assert_eq!(finding.serves.places.len(), 1);
    assert_eq!(finding.serves.places[0].part, Part::Snapshot);
    assert_eq!(report.looked.snapshots, 2);
    assert_ne!(second.id, first.id);
}

/// Appends what no commit would.
fn append(workspace: &Workspace, entry: StoredEntry) {
    let expected = wait(workspace.store().number(workspace.id())).unwrap();
    let batch = Batch { expected, entries: vec![entry], rows: Vec::new() };
    wait(workspace.store().commit(workspace.id(), batch)).unwrap();
}

fn write_row(workspace: &Workspace, key: &Bytes, value: Option<Bytes>) {
    let expected = wait(workspace.store().number(workspace.id())).unwrap();
    let rows = vec![RowChange { key: key.clone(), value }];
    let batch = Batch { expected, entries: Vec::new(), rows };
    wait(workspace.store().commit(workspace.id(), batch)).unwrap();
}

pub(crate) fn all_rows(workspace: &Workspace) -> Vec<(Bytes, Bytes)> {
    wait(workspace.store().range_rows(workspace.id(), &RowRange::default(), 4_096)).unwrap()
}

/// A copy of a workspace of [`FILES`] and one more that lacks some objects.
fn workspace_without(workspace: &Workspace, lost: &[ObjectId]) -> Workspace {
    let (from, to, id) = (workspace.store(), memory(), workspace.id());
    let host = WorkspaceId::from_bytes([0; 32]);
    let entries = wait(workspace.entries(0..100)).unwrap();
    let entries: Vec<_> = entries.iter().map(|(entry, _)| StoredEntry::of(entry)).collect();
    for (of, entries) in [(host, Vec::new()), (id, entries)] {
        let rows = wait(from.range_rows(of, &RowRange::default(), 4_096)).unwrap().into_iter();
        let rows = rows.map(|(key, value)| RowChange { key, value: Some(value) }).collect();
        wait(to.commit(of, Batch { expected: None, entries, rows })).unwrap();
    }
    let copy = wait(Workspace::open(to.clone(), id)).unwrap();
    for files in [FILES, &[("b", "1")]] {
        Tree::of(files).put(&copy);
    }
    for snapshot in wait(workspace.replay()).unwrap().state.snapshots().keys() {
        let found = wait(workspace.find_snapshot(*snapshot)).unwrap().unwrap();
        let rules = wait(from.fetch_contents(id, &[found.snapshot.rules])).unwrap();
        wait(to.put_contents(id, &[rules[0].clone().unwrap()])).unwrap();
        let object = ObjectId::from(*snapshot);
        if !lost.contains(&object) {
            wait(to.put_objects(id, &[(object, found.snapshot.encode().into())])).unwrap();
        }
    }
    copy
}
