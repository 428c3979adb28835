//! Trees: one root however they came to be, walks that see everything, differences that lead from
//! one tree to the other.

use std::collections::BTreeMap;

use markerbed_core::{
    AttributesId, Error, NodeId,
    codec::Canonical,
    hash::content_id,
    map::{MapKind, empty_map_id},
    tree::{
        Attribute, Attributes, Child, CountCheck, Counts, Directory, Expansion, File, Name,
        NewChild, Node, Path, Resolved, SealKey, TreeChange, TreeDifference, Walk, Walked,
        build_attributes, build_directory, difference, list_attributes, resolve,
    },
};
use markerbed_suites::{Driven, Objects, Random, cases, print_count, seed};

use crate::tree_model::{Paths, Tree, apply, change, plain_file, random_tree};

#[test]
fn children_in_any_order_make_one_directory() {
    let cases = cases(300);
    let mut random = Random::new(seed(), "children_in_any_order");
    for _ in 0..cases {
        let mut children: Vec<NewChild> = (0..random.below(400))
            .map(|index| new_child(&format!("{index}"), &plain_file(false, random.below(5))))
            .collect();
        let in_order = build_directory(children.clone()).unwrap();
        for index in (1..children.len()).rev() {
            children.swap(index, random.below(index as u64 + 1) as usize);
        }

        assert_eq!(build_directory(children).unwrap(), in_order);
    }
    print_count("children_in_any_order", cases.into(), 300);
}

#[test]
fn a_walk_comes_to_every_node_once_and_in_order() {
    let cases = cases(300);
    let mut random = Random::new(seed(), "a_walk_comes_to_every_node");
    for _ in 0..cases {
        let tree = random_tree(&mut random, 4, 6);
        let mut objects = Objects::default();
        let root = tree.store(&mut objects).id();
        let nodes_max = 1 + random.below(200) as usize;

        let walked = walk(&objects, root, nodes_max).output.unwrap();

        let mut expected: Vec<(Path, Child)> = tree.paths().0.into_iter().collect();
        expected.sort_by(|a, b| a.0.cmp_in_tree(&b.0));
        let found: Vec<(Path, Child)> =
            walked.iter().map(|at| (at.trail.to_path(), Child::of(&at.node))).collect();
        assert_eq!(found, expected);
        let mut counts = CountCheck::default();
        for at in &walked {
            assert!(counts.visit(&at.trail, &at.node).unwrap().is_empty());
        }
        assert!(counts.finish().is_empty());
    }
    print_count("a_walk_comes_to_every_node", cases.into(), 300);
}

#[test]
fn a_wrong_count_is_found_where_it_is() {
    let leaf = plain_file(false, 3);
    let right = build_directory(vec![new_child("leaf", &leaf)]).unwrap();
    let counts = Counts { bytes: 4, ..right.directory.below() };
    let wrong: Node = Directory::new(right.directory.children(), counts).unwrap().into();
    let top = build_directory(vec![new_child("a", &wrong), new_child("b", &leaf)]).unwrap();
    let mut objects = Objects::default();
    for (id, page) in right.pages.iter().chain(&top.pages) {
        objects.put_page(*id, page);
    }
    let top: Node = top.directory.into();
    for node in [&leaf, &wrong, &top] {
        objects.0.insert(node.id().into(), node.encode());
    }
    let mut check = CountCheck::default();

    let walked = walk(&objects, top.id(), 10).output.unwrap();
    let mut found = Vec::new();
    for at in &walked {
        found.extend(check.visit(&at.trail, &at.node).unwrap());
    }
    found.extend(check.finish());

    let found: Vec<Path> = found.iter().map(|trail| trail.to_path()).collect();
    assert_eq!(found, [Path::new(b"a").unwrap()]);
}

#[test]
fn a_path_leads_to_its_node_and_no_other_path_does() {
    let cases = cases(100);
    let mut random = Random::new(seed(), "a_path_leads_to_its_node");
    for _ in 0..cases {
        let tree = random_tree(&mut random, 3, 5);
        let mut objects = Objects::default();
        let root = tree.store(&mut objects).id();
        let paths = tree.paths();
        for (path, child) in &paths.0 {
            let found = resolve_at(&objects, root, path);
            let absent = path.join(&Name::new(b"absent").unwrap()).unwrap();
            let below = resolve_at(&objects, root, &absent);
            let depth = path.depth();

            assert!(matches!(found, Resolved::Found { id, .. } if id == child.id));
            let expected = if child.kind.is_directory() {
                Resolved::Absent { depth }
            } else {
                Resolved::NotDirectory { depth }
            };
            assert_eq!(below, expected);
        }
    }
    print_count("a_path_leads_to_its_node", cases.into(), 100);
}

#[test]
fn a_difference_leads_from_the_first_tree_to_the_second() {
    let cases = cases(1_500);
    let mut random = Random::new(seed(), "a_difference_leads");
    let mut kinds = BTreeMap::new();
    for _ in 0..cases {
        let before = random_tree(&mut random, 3, 5);
        let after = if random.below(10) == 0 {
            random_tree(&mut random, 3, 5)
        } else {
            let mut after = before.clone();
            change(&mut random, &mut after);
            after
        };
        let mut objects = Objects::default();
        let ids = [&before, &after].map(|tree| tree.store(&mut objects).id());
        let paths = [before.paths(), after.paths()];
        for expansion in [Expansion::Whole, Expansion::Everything] {
            let found = compare(&objects, ids, expansion, u64::MAX).output.unwrap();

            check_difference(&paths, expansion, &found);
            for change in &found.changes {
                *kinds.entry(word(change)).or_insert(0) += 1;
            }
        }
    }
    println!("{kinds:?}");
    assert_eq!(kinds.len(), 5, "some kind of change was never made");
    print_count("a_difference_leads", cases.into(), 1_500);
}

fn check_difference(paths: &[Paths; 2], expansion: Expansion, found: &TreeDifference) {
    let [before, after] = paths;
    let applied = apply(before, after, expansion, &found.changes);

    assert!(found.is_complete);
    assert_eq!(applied.without_directory_ids(), after.without_directory_ids());
    assert!(found.changes.is_sorted_by(|a, b| a.path().cmp_in_tree(b.path()).is_lt()));
    // Nothing that could be paired is left: the same node, not empty, removed and added.
    let list = |is_added: bool| {
        let lone = found.changes.iter().filter_map(move |change| match change {
            TreeChange::Added { child, .. } if is_added => Some(*child),
            TreeChange::Removed { child, .. } if !is_added => Some(*child),
            _ => None,
        });
        lone.collect::<std::collections::BTreeSet<Child>>()
    };
    let empty_file = |executable| Child::of(&plain_file(executable, 0));
    let empty_directory = Child::of(&Tree::empty().store(&mut Objects::default()));
    for child in list(true).intersection(&list(false)) {
        let is_empty = [empty_file(true), empty_file(false), empty_directory].contains(child);
        assert!(is_empty || is_sealed_empty(child), "{child:?} was moved");
    }
}

fn is_sealed_empty(child: &Child) -> bool {
    *child == Child::of(&plain_file(false, 0).seal(&SealKey::from_bytes([0; 32])))
}

#[test]
fn a_bounded_difference_ends_and_says_so() {
    let mut objects = Objects::default();
    let leaf = |index: u64| Tree::Leaf(plain_file(false, index));
    let directory = |count: u64| {
        Tree::Directory((0..count).map(|at| (format!("{at}").into_bytes(), leaf(at))).collect())
    };
    let tree = Tree::Directory([(b"d".to_vec(), directory(9_000))].into());
    let ids = [Tree::empty(), tree].map(|tree| tree.store(&mut objects).id());

    let all = compare(&objects, ids, Expansion::Everything, 9_001).output.unwrap();
    let some = compare(&objects, ids, Expansion::Everything, 100).output.unwrap();

    assert_eq!((all.changes.len(), all.is_complete), (9_001, true));
    assert!(!some.is_complete && some.changes.len() < 5_000);
}

#[test]
fn a_sealed_and_a_resealed_directory_are_changed_and_looked_into() {
    let mut objects = Objects::default();
    let directory =
        |size: u64| Tree::Directory([(b"f".to_vec(), Tree::Leaf(plain_file(false, size)))].into());
    let mut store = |size: u64, key: Option<u8>| {
        let node = directory(size).store(&mut objects);
        let node = key.map_or(node.clone(), |key| node.seal(&SealKey::from_bytes([key; 32])));
        objects.0.insert(node.id().into(), node.encode());
        node.id()
    };
    let (plain, sealed, resealed) = (store(1, None), store(1, Some(1)), store(1, Some(2)));
    let (other, other_plain) = (store(2, Some(1)), store(2, None));
    let paths = |ids| {
        let found = compare(&objects, ids, Expansion::Everything, 10).output.unwrap();
        found.changes.iter().map(|change| change.path().to_string()).collect::<Vec<_>>()
    };

    assert_eq!(paths([plain, sealed]), [""]);
    assert_eq!(paths([sealed, resealed]), [""]);
    assert_eq!(paths([sealed, other]), ["f"]);
    assert_eq!(paths([sealed, other_plain]), ["", "f"]);
}

#[test]
fn the_number_of_rounds_is_known() {
    let mut objects = Objects::default();
    let before = wide_and_deep(0);
    let after = wide_and_deep(1);
    let ids = [&before, &after].map(|tree| tree.store(&mut objects).id());
    let leaf = Path::new(b"d7/e/f/g/leaf").unwrap();

    let rounds = [
        compare(&objects, ids, Expansion::Whole, 1_000).rounds.len(),
        walk(&objects, ids[0], usize::MAX).rounds.len(),
        objects
            .drive({
                let (root, path) = (ids[0], leaf);
                move |io| async move { resolve(&io, root, &path).await }
            })
            .rounds
            .len(),
    ];

    // All of them: a round for the top, for each level of its map (two) and for what is below, then
    // two for each of four directories (map, nodes). So few, because all chains go side by side.
    assert_eq!(rounds, [12, 12, 12]);
}

/// 200 directories of one file each, four directories deep; `changed` changes ten of the files.
fn wide_and_deep(changed: u64) -> Tree {
    let chain = |index: u64| {
        let size = if index.is_multiple_of(20) { 1_000 + index + changed } else { 1_000 };
        let leaf = Tree::Leaf(plain_file(false, size));
        ["leaf", "g", "f", "e"]
            .into_iter()
            .fold(leaf, |tree, name| Tree::Directory([(name.as_bytes().to_vec(), tree)].into()))
    };
    Tree::Directory((0..200).map(|at| (format!("d{at}").into_bytes(), chain(at))).collect())
}

#[test]
fn a_tree_deeper_than_the_limit_is_refused_and_needs_no_deep_stack() {
    let mut objects = Objects::default();
    let mut node = plain_file(false, 1);
    objects.0.insert(node.id().into(), node.encode());
    let mut nodes = vec![node.clone()];
    for _ in 0..4_097 {
        let built = build_directory(vec![new_child("d", &node)]).unwrap();
        for (id, page) in &built.pages {
            objects.put_page(*id, page);
        }
        node = built.directory.into();
        objects.0.insert(node.id().into(), node.encode());
        nodes.push(node.clone());
    }

    let deepest = walk(&objects, nodes[4_096].id(), usize::MAX).output.unwrap();
    let too_deep = walk(&objects, nodes[4_097].id(), usize::MAX).output.map(|_| ());
    let empty = Tree::empty().store(&mut objects).id();
    let ids = [empty, nodes[4_097].id()];
    let compared = compare(&objects, ids, Expansion::Everything, 10_000).output;

    assert_eq!(deepest.len(), 4_097);
    assert_eq!(too_deep, Err(Error::TooDeep));
    assert_eq!(compared, Err(Error::TooDeep));
}

#[test]
fn a_directory_of_many_files_is_walked_in_bounded_batches() {
    let mut objects = Objects::default();
    let leaf = plain_file(false, 1);
    let children = (0..100_000).map(|at| new_child(&format!("{at:06}"), &leaf)).collect();
    let built = build_directory(children).unwrap();
    for (id, page) in &built.pages {
        objects.put_page(*id, page);
    }
    let root: Node = built.directory.into();
    for node in [&leaf, &root] {
        objects.0.insert(node.id().into(), node.encode());
    }
    let mut walk = Walk::new(root.id());
    let (mut count, mut rounds) = (0, 0);

    while !walk.is_done() {
        let driven = objects.drive(move |io| async move { walk.advance(&io, 1_000).await });
        let (next, walked) = driven.output.unwrap();
        assert!(walked.len() <= 1_000, "{}", walked.len());
        rounds += driven.rounds.len();
        count += walked.len();
        walk = next;
    }

    assert_eq!(count, 100_001);
    // The root; then for each 4,096 children three levels of the map and their nodes.
    assert_eq!(rounds, 1 + 25 * 4);
}

#[test]
fn attributes_of_children_are_listed_and_an_empty_map_of_them_is_refused() {
    let mut objects = Objects::default();
    let own = build_attributes(vec![Attribute::Mode(0o644)], Vec::new()).unwrap().unwrap();
    let children: Vec<(Name, AttributesId)> = (0..300)
        .map(|at| (Name::new(format!("{at:03}").as_bytes()).unwrap(), own.attributes.id()))
        .collect();
    let built = build_attributes(Vec::new(), children.clone()).unwrap().unwrap();
    for (id, page) in &built.pages {
        objects.put_page(*id, page);
    }
    let empty = Attributes::new(Vec::new(), Some(empty_map_id(MapKind::Attributes))).unwrap();
    let list = |attributes: Attributes, from: &'static str| {
        let from = from.as_bytes();
        let run = move |io| async move { list_attributes(&io, &attributes, from, 1_000).await };
        objects.drive(run).output
    };

    assert_eq!(list(built.attributes.clone(), ""), Ok(children.clone()));
    assert_eq!(list(built.attributes, "299"), Ok(children[299..].to_vec()));
    assert_eq!(list(own.attributes, ""), Ok(Vec::new()));
    assert_eq!(list(empty, ""), Err(Error::PageMismatch));
    assert_eq!(build_attributes(Vec::new(), Vec::new()), Ok(None));
}

fn walk(objects: &Objects, root: NodeId, nodes_max: usize) -> Driven<Vec<Walked>> {
    objects.drive(move |io| async move {
        let mut all = Vec::new();
        let mut walk = Walk::new(root);
        while !walk.is_done() {
            let (next, walked) = walk.advance(&io, nodes_max).await?;
            all.extend(walked);
            walk = next;
        }
        Ok(all)
    })
}

fn compare(
    objects: &Objects,
    [before, after]: [NodeId; 2],
    expansion: Expansion,
    changes_max: u64,
) -> Driven<TreeDifference> {
    objects.drive(
        move |io| async move { difference(&io, before, after, expansion, changes_max).await },
    )
}

fn resolve_at(objects: &Objects, root: NodeId, path: &Path) -> Resolved {
    let path = path.clone();
    objects.drive(move |io| async move { resolve(&io, root, &path).await }).output.unwrap()
}

fn new_child(name: &str, node: &Node) -> NewChild {
    let name = Name::new(name.as_bytes()).unwrap();
    NewChild { name, child: Child::of(node), adds: node.adds().unwrap() }
}

const fn word(change: &TreeChange) -> &'static str {
    match change {
        TreeChange::Added { .. } => "added",
        TreeChange::Removed { .. } => "removed",
        TreeChange::Changed { .. } => "changed",
        TreeChange::Mode { .. } => "mode",
        TreeChange::Moved { .. } => "moved",
    }
}

#[test]
fn counts_that_overflow_make_no_directory() {
    let half = 1 << 62;
    let content = content_id(b"");
    let large: Node = File::new(false, (1 << 63) - 1, content).unwrap().into();
    let children = ["a", "b", "c"].map(|name| new_child(name, &large)).to_vec();
    let adds = Counts { nodes: u64::MAX - half, files: 0, bytes: 0 };
    let nodes = ["a", "b"].map(|name| NewChild { adds, ..new_child(name, &large) }).to_vec();

    assert_eq!(build_directory(children).map(|_| ()), Err(Error::CountOverflow));
    assert_eq!(build_directory(nodes).map(|_| ()), Err(Error::CountOverflow));
}
