//! Finding what is wrong with trees whose hashes are all right.

use markerbed_core::{
    SnapshotId,
    codec::Canonical,
    hash::content_id,
    map::{self, MapKind},
    tree::{
        Attribute, Attributes, Child, Counts, Directory, ExtendedAttribute, File, Node, NodeKind,
        SealKey,
    },
};
use markerbed_host::{
    drive::blocking::wait,
    progress::Silent,
    workspace::{CheckFault, CheckOptions, Finding, Health, Scanned, check_workspace},
};

use crate::{
    check::{FILES, check, codes, commit_tree, only, places},
    support::{Tree, commit_draft, draft_of, leaf, recorded, workspace},
};

#[test]
fn a_file_whose_size_is_not_that_of_its_content_is_found() {
    let workspace = workspace();
    let mut tree = Tree::of(&[("a", "12345")]);
    let wrong = Node::from(File::new(false, 6, content_id(b"12345")).unwrap());
    tree.add(&wrong);
    tree.root = tree.directory(&[(b"wrong", &wrong)]).id();
    tree.put(&workspace);
    let snapshot = commit_tree(&workspace, &tree);

    let report = check(&workspace);

    let finding = only(&report);
    assert_eq!((finding.fault, &finding.item), (CheckFault::WrongSize, &wrong.id().into()));
    assert_eq!(places(finding), [format!("{}:wrong", snapshot.id)]);
}

#[test]
fn what_is_wrong_with_the_content_of_a_sealed_file_is_said_of_the_file() {
    let key = SealKey::from_bytes([7; 32]);
    let (there, lost) = (content_id(b"12345"), content_id(b"lost"));
    let file = |content, bytes| Node::from(File::new(false, bytes, content).unwrap());
    for plain in [false, true] {
        let workspace = workspace();
        let mut tree = Tree::of(&[("a", "12345")]);
        let (wrong, gone) = (file(there, 54_321).seal(&key), file(lost, 98_765).seal(&key));
        let open = if plain { file(lost, 98_765) } else { file(there, 5) };
        for node in [&wrong, &gone, &open] {
            tree.add(node);
        }
        let children: [(&[u8], &Node); 3] =
            [(b"gone", &gone), (b"open", &open), (b"wrong", &wrong)];
        tree.root = tree.directory(&children).id();
        tree.put(&workspace);
        let snapshot = commit_tree(&workspace, &tree);

        let report = check(&workspace);

        let told = |finding: &Finding| {
            let places = places(finding).join(" ").replace(&snapshot.id.to_string(), "@");
            format!("{} {finding} {places}", finding.fault.code())
        };
        let mut expected = vec![
            format!("missing-content node {}: its content is missing @:gone", gone.id()),
            format!("wrong-size node {}: its size is not that of its content @:wrong", wrong.id()),
        ];
        if plain {
            expected.push(format!("missing-content content {lost}: it is missing @:open"));
        }
        let mut found: Vec<String> = report.findings.iter().map(told).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
        assert_eq!(report.findings_total, expected.len() as u64);
    }
}

#[test]
fn each_wrong_count_of_a_directory_is_found_at_its_path_and_not_above() {
    let right = Counts { nodes: 2, files: 2, bytes: 3 };
    for wrong in
        [Counts { nodes: 3, ..right }, Counts { files: 1, ..right }, Counts { bytes: 2, ..right }]
    {
        let workspace = workspace();
        let mut tree = Tree::of(&[("a", "1"), ("b", "22")]);
        let honest = Node::decode(&tree.objects[&tree.root.into()]).unwrap();
        let map = honest.as_directory().unwrap().children();
        let lie = Node::from(Directory::new(map, wrong).unwrap());
        tree.add(&lie);
        tree.root = tree.directory(&[(b"honest", &honest), (b"lie", &lie)]).id();
        tree.put(&workspace);
        let snapshot = commit_tree(&workspace, &tree);

        let report = check(&workspace);

        let finding = only(&report);
        assert_eq!((finding.fault, &finding.item), (CheckFault::WrongCount, &lie.id().into()));
        assert_eq!(places(finding), [format!("{}:lie", snapshot.id)]);
        assert_eq!(report.health, Health::Damaged);
    }
}

#[test]
fn counts_that_overflow_are_found_and_nothing_else_breaks() {
    let workspace = workspace();
    let mut tree = Tree::of(&[("a", "1")]);
    let map = Node::decode(&tree.objects[&tree.root.into()]).unwrap();
    let map = map.as_directory().unwrap().children();
    let huge = Counts { nodes: u64::MAX, files: u64::MAX, bytes: u64::MAX };
    let lie = Node::from(Directory::new(map, huge).unwrap());
    tree.root = tree.add(&lie);
    tree.put(&workspace);
    commit_tree(&workspace, &tree);

    let report = check(&workspace);

    assert_eq!(codes(&report), ["wrong-count"]);
}

#[test]
fn a_child_of_another_kind_than_its_directory_says_is_found() {
    let workspace = workspace();
    let mut tree = Tree::of(&[("a", "1")]);
    let (file, _) = leaf(b"1");
    let lie = Child { kind: NodeKind::Symlink, id: file.id() };
    let entry = map::Entry { key: b"lie".to_vec(), value: lie.encode() };
    let built = map::build(MapKind::Directory, vec![entry]).unwrap();
    let pages = built.pages.iter().map(|(id, page)| ((*id).into(), page.encode().into()));
    tree.objects.extend(pages);
    let counts = Counts { nodes: 1, files: 1, bytes: 1 };
    let root = Node::from(Directory::new(built.root, counts).unwrap());
    tree.root = tree.add(&root);
    tree.put(&workspace);
    let snapshot = commit_tree(&workspace, &tree);

    let report = check(&workspace);

    let finding = only(&report);
    assert_eq!((finding.fault, &finding.item), (CheckFault::WrongKind, &file.id().into()));
    assert_eq!(places(finding), [format!("{}:lie", snapshot.id)]);
}

#[test]
fn a_map_of_another_kind_in_the_place_of_a_directory_is_found() {
    let workspace = workspace();
    let mut tree = Tree::of(&[("a", "1")]);
    let key = SnapshotId::from_bytes([1; 32]);
    let entry = map::Entry { key: key.as_bytes().to_vec(), value: vec![0] };
    let built = map::build(MapKind::Snapshots, vec![entry]).unwrap();
    let pages = built.pages.iter().map(|(id, page)| ((*id).into(), page.encode().into()));
    tree.objects.extend(pages);
    let counts = Counts { nodes: 1, files: 0, bytes: 0 };
    let root = Node::from(Directory::new(built.root, counts).unwrap());
    tree.root = tree.add(&root);
    tree.put(&workspace);
    commit_tree(&workspace, &tree);

    let report = check(&workspace);

    assert!(codes(&report).contains(&"wrong-page"), "{:?}", codes(&report));
}

#[test]
fn a_tree_that_is_too_deep_is_found_without_a_deep_stack() {
    let workspace = workspace();
    for (levels, expected) in [(4_096, None), (4_097, Some("too-deep"))] {
        let mut tree = Tree::of(&[]);
        let mut node = Node::decode(&tree.objects[&tree.root.into()]).unwrap();
        for _ in 0..levels {
            node = tree.directory(&[(b"d", &node)]);
        }
        tree.root = node.id();
        tree.put(&workspace);
        let _ = recorded(commit_draft(&workspace, &draft_of(tree.root, "deep")).unwrap());

        let report = check(&workspace);

        assert_eq!(codes(&report).first().copied(), expected, "{levels}");
    }
}

#[test]
fn a_tree_with_more_paths_than_can_be_counted_is_checked_and_says_so() {
    let workspace = workspace();
    let mut tree = Tree::of(&[("a", "1")]);
    let mut node = Node::decode(&tree.objects[&tree.root.into()]).unwrap();
    for _ in 0..40 {
        node = tree.directory(&[(b"x", &node), (b"y", &node)]);
    }
    tree.root = node.id();
    tree.contents.clear();
    tree.put(&workspace);
    commit_tree(&workspace, &tree);
    let options = CheckOptions { visits_max: 1_000, ..CheckOptions::default() };

    let report = wait(check_workspace(&workspace, Scanned::default(), &options, &Silent)).unwrap();

    let finding = only(&report);
    assert_eq!(finding.fault, CheckFault::MissingContent);
    assert_eq!(finding.serves.places.len(), options.places_max);
    assert!(!finding.serves.is_all);
    assert!(finding.serves.total >= 100, "{}", finding.serves.total);
}

#[test]
fn what_is_said_beside_a_tree_is_checked_too() {
    let workspace = workspace();
    let lost = content_id(b"value");
    let extended = ExtendedAttribute { name: b"user.x".to_vec(), content: lost, size_bytes: 5 };
    let below = Attributes::new(vec![Attribute::Extended(vec![extended])], None).unwrap();
    let entry = map::Entry { key: b"d".to_vec(), value: below.id().as_bytes().to_vec() };
    let built = map::build(MapKind::Attributes, vec![entry]).unwrap();
    let top = Attributes::new(vec![Attribute::Mode(0o755)], Some(built.root)).unwrap();
    let mut tree = Tree::of(FILES);
    for attributes in [&below, &top] {
        tree.objects.insert(attributes.id().into(), attributes.encode().into());
    }
    let pages = built.pages.iter().map(|(id, page)| ((*id).into(), page.encode().into()));
    tree.objects.extend(pages);
    tree.put(&workspace);
    let mut draft = draft_of(tree.root, "notes");
    draft.attributes = Some(top.id());
    let snapshot = recorded(commit_draft(&workspace, &draft).unwrap());

    let report = check(&workspace);

    let finding = only(&report);
    assert_eq!((finding.fault, &finding.item), (CheckFault::MissingContent, &lost.into()));
    assert_eq!(places(finding), [format!("{}:d (attributes)", snapshot.id)]);
}
