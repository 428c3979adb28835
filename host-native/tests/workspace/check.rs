//! Finding what is wrong with a workspace, and which paths it costs.

use std::collections::HashSet;

use markerbed_core::{
    ContentId, ObjectId,
    codec::Canonical,
    hash::content_id,
    map,
    tree::{Child, Coverage, Gap, GapReason, Node},
};
use markerbed_host::{
    drive::blocking::wait,
    progress::Silent,
    store::StoredItem,
    workspace::{
        CheckData, CheckFault, CheckOptions, CheckReport, Finding, Health, Part, RecordedSnapshot,
        Scanned, ScannedDamage, ScannedItems, Workspace, check_workspace,
    },
};

use crate::{
    support::{
        Tree, commit, commit_draft, draft, draft_of, evidence, label, leaf, recorded, stamp,
        workspace, workspace_in,
    },
    wrapped::lying,
};

pub(crate) const FILES: &[(&str, &str)] =
    &[("a", "1"), ("d/b", "2"), ("d/same", "1"), ("e/f/g", "3"), ("link", "-> a")];

#[test]
fn a_sound_workspace_has_no_findings_and_its_numbers_are_those_of_a_replay() {
    let workspace = workspace();
    commit(&workspace, "notes", FILES);
    let second = commit(&workspace, "notes", &[("a", "2")]);
    wait(workspace.move_ref(&label("kept"), None, second.id, &stamp())).unwrap();
    wait(workspace.record_state(&stamp())).unwrap();

    let report = check(&workspace);

    let replay = wait(workspace.replay()).unwrap();
    assert_eq!(codes(&report), [""; 0]);
    assert_eq!((report.health, report.findings_total), (Health::Sound, 0));
    assert_eq!((report.looked.entries, report.looked.snapshots), (5, 2));
    assert_eq!(report.looked.bytes_read, 0);
    assert_eq!(report.log_root, replay.log.root());
    assert_eq!(report.state, Some(replay.state.id().unwrap()));
}

#[test]
fn contents_are_read_only_when_asked_and_each_once() {
    let workspace = workspace();
    commit(&workspace, "notes", &[("a", "12345"), ("b", "12345"), ("c", "678")]);

    let report = check_with(&workspace, CheckData::Read);

    let rules = draft(&workspace, "notes", &[]).rules.len() as u64;
    assert_eq!(codes(&report), [""; 0]);
    assert_eq!(report.looked.bytes_read, 8 + rules);
}

#[test]
fn a_damaged_object_is_named_with_every_path_it_serves_the_newest_snapshot_first() {
    let workspace = workspace();
    let mut tree = Tree::of(FILES);
    let id = ObjectId::from(leaf(b"1").0.id());
    flip(&mut tree, id);
    tree.put(&workspace);
    let first = commit_tree(&workspace, &tree);
    let second = commit(&workspace, "notes", &[("elsewhere/a", "1"), ("new", "x")]);

    let report = check(&workspace);

    let finding = only(&report);
    assert_eq!((finding.fault, &finding.item), (CheckFault::DamagedObject, &id.into()));
    assert_eq!(
        places(finding),
        [
            format!("{}:elsewhere/a", second.id),
            format!("{}:a", first.id),
            format!("{}:d/same", first.id)
        ]
    );
    assert_eq!((finding.serves.total, finding.serves.is_all), (3, true));
    assert_eq!(report.health, Health::Damaged);
}

#[test]
fn every_flipped_bit_of_every_object_is_found() {
    let tree = Tree::of(FILES);
    let mut tried = 0;

    for (id, bytes) in &tree.objects {
        for bit in 0..bytes.len() * 8 {
            let mut damaged = tree.clone();
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            damaged.objects.insert(*id, flipped.into());
            let workspace = workspace();
            damaged.put(&workspace);
            commit_tree(&workspace, &damaged);

            let report = check(&workspace);

            let found = report.findings.iter().find(|finding| finding.item == (*id).into());
            assert!(found.is_some_and(|finding| !finding.serves.places.is_empty()), "{id} {bit}");
            tried += 1;
        }
    }
    assert!(tried > 2_000, "{tried}");
}

#[test]
fn a_missing_object_makes_the_workspace_incomplete_and_is_named_with_its_paths() {
    for missing in ["e", "e/f", "e/f/g", "link"] {
        let workspace = workspace();
        let mut tree = Tree::of(FILES);
        let id = id_at(&tree, missing);
        tree.objects.remove(&id);
        tree.put(&workspace);
        let snapshot = commit_tree(&workspace, &tree);

        let report = check(&workspace);

        let finding = only(&report);
        assert_eq!((finding.fault, &finding.item), (CheckFault::MissingObject, &id.into()));
        assert_eq!(places(finding), [format!("{}:{missing}", snapshot.id)]);
        assert_eq!(report.health, Health::Incomplete);
    }
}

#[test]
fn a_missing_page_is_named_with_its_directory_and_its_siblings_are_still_checked() {
    let workspace = workspace();
    let files: Vec<(String, String)> =
        (0..2_000).map(|index| (format!("d/{index:04}"), format!("{index}"))).collect();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let mut tree = Tree::of(&files);
    let directory = Node::decode(&tree.objects[&id_at(&tree, "d")]).unwrap();
    let root = directory.as_directory().unwrap().children();
    let pages = pages_below(&tree, root.into());
    let missing = *pages.iter().max().unwrap();
    // Something else is missing far from that page.
    let lost = files.iter().map(|(_, text)| content_id(text.as_bytes()));
    let lost: Vec<ContentId> = lost.collect();
    let content = *lost.first().unwrap();
    tree.objects.remove(&missing);
    tree.contents.remove(&content);
    tree.put(&workspace);
    let snapshot = commit_tree(&workspace, &tree);

    let report = check(&workspace);

    let page = finding(&report, missing);
    assert_eq!(page.fault, CheckFault::MissingObject);
    assert_eq!(places(page), [format!("{}:d", snapshot.id)]);
    assert!(pages.len() > 20, "{}", pages.len());
    let file = report.findings.iter().find(|finding| finding.item == content.into());
    let under_missing_page = page_has(&Tree::of(&files), missing, b"0000");
    assert_eq!(file.is_some(), !under_missing_page);
}

#[test]
fn a_missing_content_is_named_with_its_paths() {
    let workspace = workspace();
    let mut tree = Tree::of(FILES);
    let content = content_id(b"1");
    tree.contents.remove(&content);
    tree.put(&workspace);
    let snapshot = commit_tree(&workspace, &tree);

    let report = check(&workspace);

    let finding = only(&report);
    assert_eq!((finding.fault, &finding.item), (CheckFault::MissingContent, &content.into()));
    assert_eq!(places(finding), [format!("{}:a", snapshot.id), format!("{}:d/same", snapshot.id)]);
    assert_eq!(report.health, Health::Incomplete);
}

#[test]
fn a_content_with_other_bytes_is_found_when_data_is_read() {
    let id = content_id(b"1");
    let workspace = workspace_in(lying(id, b"X"));
    let snapshot = commit(&workspace, "notes", FILES);

    let quick = check(&workspace);
    let report = check_with(&workspace, CheckData::Read);

    assert_eq!(quick.health, Health::Sound);
    let finding = only(&report);
    assert_eq!((finding.fault, &finding.item), (CheckFault::DamagedContent, &id.into()));
    assert_eq!(places(finding), [format!("{}:a", snapshot.id), format!("{}:d/same", snapshot.id)]);
}

#[test]
fn of_the_contents_that_a_scan_has_read_only_those_are_read_again_that_it_could_not_prove() {
    let id = content_id(b"1");
    let scanned = |insert: fn(&mut ScannedItems, ContentId)| {
        let mut stored = ScannedItems::default();
        insert(&mut stored, id);
        Scanned { stored: Some(stored), data: CheckData::Read, ..Scanned::default() }
    };
    let options = CheckOptions { data: CheckData::Read, ..CheckOptions::default() };
    let workspace = workspace_in(lying(id, b"X"));
    commit(&workspace, "notes", FILES);
    let check = |scanned| wait(check_workspace(&workspace, scanned, &options, &Silent)).unwrap();

    let proven = check(scanned(ScannedItems::insert_content));
    let unproven = check(scanned(ScannedItems::insert_unproven_content));

    assert_eq!((proven.health, proven.looked.bytes_read), (Health::Sound, 1));
    assert_eq!(only(&unproven).item, id.into());
}

#[test]
fn missing_and_bad_documents_are_found() {
    let gap = Gap { path: b"pipe".to_vec(), reason: GapReason::Fifo, attempts: 1 };
    let workspace = workspace();
    let mut draft = draft(&workspace, "notes", FILES);
    draft.evidence = Some(evidence(&[gap], None));
    let lie = recorded(commit_draft(&workspace, &draft).unwrap());
    draft.coverage = Coverage::Partial;
    draft.rules = br#"{"schema":"other"}"#.as_slice().into();
    let honest = recorded(commit_draft(&workspace, &draft).unwrap());
    let store = workspace.store();
    wait(store.remove_contents(workspace.id(), &[honest.snapshot.rules])).unwrap();

    let report = check(&workspace);

    assert_eq!(codes(&report), ["bad-document", "missing-content"]);
    assert_eq!(report.findings[0].item, lie.id.into());
    assert_eq!(report.findings[1].serves.places[0].part, Part::Rules);
    assert_eq!(report.findings[1].serves.places[0].snapshot, honest.id);
}

#[test]
fn what_a_scan_has_found_is_told_with_its_paths_and_leftovers_are_counted() {
    let workspace = workspace();
    let snapshot = commit(&workspace, "notes", &[("a", "1")]);
    let tree = Tree::of(&[("a", "1")]);
    let leftover = Tree::of(&[("left", "over")]);
    leftover.put(&workspace);
    let mut stored = ScannedItems::default();
    for tree in [&tree, &leftover] {
        tree.objects.keys().for_each(|id| stored.insert_object(*id));
        tree.contents.keys().for_each(|id| stored.insert_content(*id));
    }
    stored.insert_object(snapshot.id.into());
    let damage = |item| ScannedDamage { item, place: "pack 1, byte 20".into(), fault: "broken" };
    let file = leaf(b"1").0.id();
    let scanned = Scanned {
        damaged: vec![
            damage(StoredItem::Object(workspace.id(), file.into())),
            damage(StoredItem::Unknown),
        ],
        stored: Some(stored),
        data: CheckData::Present,
    };

    let report =
        wait(check_workspace(&workspace, scanned, &CheckOptions::default(), &Silent)).unwrap();

    assert_eq!(codes(&report), ["damaged-object", "damaged-store"]);
    assert_eq!(places(&report.findings[0]), [format!("{}:a", snapshot.id)]);
    assert!(report.findings[0].detail.contains("pack 1, byte 20"));
    assert_eq!(report.looked.objects, Some(7));
    assert_eq!(report.looked.objects_unreferenced, Some(3));
    assert_eq!(report.looked.contents_unreferenced, Some(1));
}

#[test]
fn more_findings_than_are_listed_are_counted() {
    let workspace = workspace();
    let mut tree = Tree::of(FILES);
    tree.contents.clear();
    tree.put(&workspace);
    commit_tree(&workspace, &tree);
    let options = CheckOptions { findings_max: 2, places_max: 1, ..CheckOptions::default() };

    let report = wait(check_workspace(&workspace, Scanned::default(), &options, &Silent)).unwrap();

    assert_eq!((report.findings.len(), report.findings_total), (2, 3));
    assert_eq!(report.findings_unlisted(), 1);
    let most = report.findings.iter().map(|finding| finding.serves.total).max();
    assert_eq!(most, Some(2));
    assert!(report.findings.iter().all(|finding| finding.serves.places.len() == 1));
}

pub(crate) fn check(workspace: &Workspace) -> CheckReport {
    check_with(workspace, CheckData::Present)
}

fn check_with(workspace: &Workspace, data: CheckData) -> CheckReport {
    let options = CheckOptions { data, ..CheckOptions::default() };
    wait(check_workspace(workspace, Scanned::default(), &options, &Silent)).unwrap()
}

pub(crate) fn codes(report: &CheckReport) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.fault.code()).collect()
}

pub(crate) fn places(finding: &Finding) -> Vec<String> {
    finding.serves.places.iter().map(ToString::to_string).collect()
}

pub(crate) fn commit_tree(workspace: &Workspace, tree: &Tree) -> RecordedSnapshot {
    recorded(commit_draft(workspace, &draft_of(tree.root, "notes")).unwrap())
}

pub(crate) fn only(report: &CheckReport) -> &Finding {
    match &*report.findings {
        [only] => only,
        several => panic!("{several:#?}"),
    }
}

fn finding(report: &CheckReport, id: ObjectId) -> &Finding {
    report.findings.iter().find(|finding| finding.item == id.into()).unwrap()
}

fn flip(tree: &mut Tree, id: ObjectId) {
    let mut bytes = tree.objects[&id].to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    tree.objects.insert(id, bytes.into());
}

/// The id of the node at a path.
pub(crate) fn id_at(tree: &Tree, path: &str) -> ObjectId {
    let mut id: ObjectId = tree.root.into();
    for name in path.split('/') {
        let node = Node::decode(&tree.objects[&id]).unwrap();
        let map: ObjectId = node.as_directory().unwrap().children().into();
        let page = map::Page::decode(&tree.objects[&map]).unwrap();
        let item = page.items().iter().find(|item| item.entry.key == name.as_bytes()).unwrap();
        id = Child::from_value(&item.entry.value).unwrap().id.into();
    }
    id
}

/// The pages below a page.
fn pages_below(tree: &Tree, root: ObjectId) -> HashSet<ObjectId> {
    let mut pages = HashSet::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        let page = map::Page::decode(&tree.objects[&id]).unwrap();
        let below = page.items().iter().filter_map(|item| Some(item.below?.page.into()));
        let below: Vec<ObjectId> = below.collect();
        pages.extend(below.iter().copied());
        open.extend(below);
    }
    pages
}

/// Tells whether an entry is in or below a page.
fn page_has(tree: &Tree, page: ObjectId, key: &[u8]) -> bool {
    let mut pages = pages_below(tree, page);
    pages.insert(page);
    pages.iter().any(|id| {
        let page = map::Page::decode(&tree.objects[id]).unwrap();
        page.level() == 0 && page.items().iter().any(|item| item.entry.key == key)
    })
}
