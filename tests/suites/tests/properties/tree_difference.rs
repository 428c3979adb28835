//! Differences that lead from one tree to the other.

use std::collections::BTreeMap;

use markerbed_core::{
    codec::Canonical,
    tree::{Child, Expansion, Node, SealKey, TreeChange, TreeDifference},
};
use markerbed_suites::{Objects, Random, cases, print_count, seed};

use crate::{
    tree::compare,
    tree_model::{Paths, Tree, apply, change, plain_file, random_tree},
};

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
                *kinds.entry(change.word()).or_insert(0) += 1;
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
fn long_paths_end_a_difference_too() {
    let mut objects = Objects::default();
    let name = |at: u64| format!("{at:0>1000}").into_bytes();
    let leaf = Tree::Leaf(plain_file(false, 1));
    let wide = Tree::Directory((0..50).map(|at| (name(at), leaf.clone())).collect());
    let deep = (0..20).fold(wide, |tree, at| Tree::Directory([(name(at), tree)].into()));
    let ids = [Tree::empty(), deep].map(|tree| tree.store(&mut objects).id());

    let all = compare(&objects, ids, Expansion::Everything, 1_000).output.unwrap();
    let some = compare(&objects, ids, Expansion::Everything, 100).output.unwrap();

    // 70 paths of 1 to 21 names of 1,000 bytes are more than 100 times 4 KiB.
    assert_eq!((all.changes.len(), all.is_complete), (70, true));
    assert!(!some.is_complete);
}

#[test]
fn what_is_empty_is_never_moved() {
    let mut objects = Objects::default();
    let tree = |name: &[u8]| {
        let children = |leaf: Node| [([name, b"-file"].concat(), Tree::Leaf(leaf))];
        let empty = plain_file(false, 0);
        let both = children(empty).into_iter().chain([([name, b"-dir"].concat(), Tree::empty())]);
        Tree::Directory(both.collect())
    };
    let ids = [tree(b"a"), tree(b"b")].map(|tree| tree.store(&mut objects).id());

    let found = compare(&objects, ids, Expansion::Everything, 10).output.unwrap();

    let words: Vec<&str> = found.changes.iter().map(TreeChange::word).collect();
    assert_eq!(words, ["removed", "removed", "added", "added"]);
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
fn of_a_withheld_node_no_more_is_told_than_that_it_is_another_one() {
    let mut objects = Objects::default();
    let key = SealKey::from_bytes([1; 32]);
    let leaf = |size: u64| Tree::Leaf(plain_file(false, size).seal(&key));
    let directory = |name: &[u8], size: u64| {
        let children =
            [(name.to_vec(), leaf(size)), (b"plain".to_vec(), Tree::Leaf(plain_file(false, size)))];
        Tree::Directory(children.into())
    };
    let mut tree = |name: &[u8], size: u64| {
        let sealed = directory(name, size).store(&mut objects).seal(&key);
        objects.0.insert(sealed.id().into(), sealed.encode());
        let sealed = Tree::Leaf(sealed);
        let children =
            [(b"d".to_vec(), sealed), (name.to_vec(), leaf(3)), (b"f".to_vec(), leaf(size))];
        Tree::Directory(children.into()).store(&mut objects).id()
    };
    let ids = [tree(b"a", 1), tree(b"b", 2)];
    let withheld = |objects: &Objects| {
        let mut shown = objects.clone();
        shown.0.retain(|_, bytes| bytes.first().is_none_or(|kind| !(4..=6).contains(kind)));
        shown
    };
    let paths = |objects: &Objects| {
        let found = compare(objects, ids, Expansion::Everything, 100).output.unwrap();
        let told = |change: &TreeChange| format!("{} {}", change.word(), change.path());
        found.changes.iter().map(told).collect::<Vec<_>>()
    };

    let shown = withheld(&objects);

    assert!(shown.0.len() < objects.0.len());
    assert_eq!(paths(&shown), ["moved b", "changed d", "changed f"]);
    let all = ["moved b", "removed d/a", "added d/b", "changed d/plain", "changed f"];
    assert_eq!(paths(&objects), all);
}
