//! Trees: one root however they came to be, walks and paths that see everything.

use markerbed_core::{
    AttributesId, Error, NodeId,
    codec::Canonical,
    hash::content_id,
    map::{MapKind, empty_map_id},
    tree::{
        Attribute, Attributes, Child, CountCheck, Counts, Directory, Expansion, File, Grade, Name,
        NewChild, Node, NodeKind, Path, ProofOf, Resolved, TreeDifference, Walk, Walked,
        build_attributes, build_directory, difference, list_attributes, prove_path, resolve,
    },
};
use markerbed_suites::{Driven, Objects, Random, cases, print_count, seed};

use crate::tree_model::{Tree, plain_file, random_tree};

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
fn a_node_of_another_kind_than_its_directory_says_is_refused() {
    let mut objects = Objects::default();
    let leaf = plain_file(false, 1);
    let child = Child { kind: NodeKind::Symlink, id: leaf.id() };
    let lie = NewChild { child, ..new_child("lie", &leaf) };
    let built = build_directory(vec![lie]).unwrap();
    for (id, page) in &built.pages {
        objects.put_page(*id, page);
    }
    let root: Node = built.directory.into();
    for node in [&leaf, &root] {
        objects.0.insert(node.id().into(), node.encode());
    }
    let honest = Tree::Directory([(b"lie".to_vec(), Tree::Leaf(leaf.clone()))].into());
    let ids = [honest.store(&mut objects).id(), root.id()];
    let path = Path::new(b"lie").unwrap();
    let (id, at) = (root.id(), path.clone());
    let prove = move |io| async move {
        prove_path(&io, ProofOf::Root(id), &at, Grade::Full).await.map(|_| ())
    };
    let resolve = move |io| async move { resolve(&io, id, &path).await.map(|_| ()) };

    let refused = Err(Error::NodeMismatch);
    assert_eq!(walk(&objects, root.id(), 10).output.map(|_| ()), refused);
    assert_eq!(compare(&objects, ids, Expansion::Whole, 10).output.map(|_| ()), refused);
    assert_eq!(objects.drive(resolve).output, refused);
    assert_eq!(objects.drive(prove).output, refused);
}

#[test]
fn what_is_missing_is_named() {
    let mut objects = Objects::default();
    let node = Tree::Directory([(b"a".to_vec(), Tree::Leaf(plain_file(false, 1)))].into())
        .store(&mut objects);
    let leaf = plain_file(false, 1).id();
    objects.0.remove(&leaf.into());

    let missing = Err(Error::MissingObject { id: leaf.into() });
    assert_eq!(walk(&objects, node.id(), 10).output.map(|_| ()), missing);
    let map = node.as_directory().unwrap().children();
    objects.0.remove(&map.into());
    let missing = Err(Error::MissingObject { id: map.into() });
    assert_eq!(walk(&objects, node.id(), 10).output.map(|_| ()), missing);
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

pub(crate) fn compare(
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
