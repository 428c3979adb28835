//! Trees as plain maps, and what the engine makes of them.

use std::collections::BTreeMap;

use markerbed_core::{
    NodeId,
    codec::Canonical,
    hash::content_id,
    tree::{
        Child, Expansion, File, Name, NewChild, Node, Path, SealKey, Symlink, TreeChange,
        build_directory,
    },
};
use markerbed_suites::{Objects, Random};

/// A tree as a test knows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Tree {
    /// A file, symlink or sealed node: nothing is below it.
    Leaf(Node),
    Directory(BTreeMap<Vec<u8>, Tree>),
}

impl Tree {
    pub(crate) fn empty() -> Self {
        Self::Directory(BTreeMap::new())
    }

    /// Stores all nodes and pages, and gives the root.
    pub(crate) fn store(&self, objects: &mut Objects) -> Node {
        let node = match self {
            Self::Leaf(node) => node.clone(),
            Self::Directory(children) => {
                let child = |(name, tree): (&Vec<u8>, &Self)| {
                    let node = tree.store(objects);
                    NewChild {
                        name: Name::new(name).unwrap(),
                        child: Child::of(&node),
                        adds: node.adds().unwrap(),
                    }
                };
                let built = build_directory(children.iter().map(child).collect()).unwrap();
                for (id, page) in &built.pages {
                    objects.put_page(*id, page);
                }
                built.directory.into()
            }
        };
        objects.0.insert(node.id().into(), node.encode());
        node
    }

    /// Every path and what is there.
    pub(crate) fn paths(&self) -> Paths {
        let mut paths = BTreeMap::new();
        let mut due = vec![(Path::ROOT, self)];
        while let Some((path, tree)) = due.pop() {
            if let Self::Directory(children) = tree {
                for (name, child) in children {
                    due.push((path.join(&Name::new(name).unwrap()).unwrap(), child));
                }
            }
            paths.insert(path, Child::of(&tree.store(&mut Objects::default())));
        }
        Paths(paths)
    }

    fn children(&mut self) -> Option<&mut BTreeMap<Vec<u8>, Self>> {
        if let Self::Directory(children) = self { Some(children) } else { None }
    }

    /// A directory of the tree, chosen at random.
    pub(crate) fn random_directory(&mut self, random: &mut Random) -> &mut BTreeMap<Vec<u8>, Self> {
        let children = self.children().expect("only directories are asked");
        let below: Vec<Vec<u8>> = children
            .iter()
            .filter(|(_, tree)| matches!(tree, Self::Directory(_)))
            .map(|(name, _)| name.clone())
            .collect();
        if below.is_empty() || random.below(3) == 0 {
            return children;
        }
        let name = &below[random.below(below.len() as u64) as usize];
        children.get_mut(name).unwrap().random_directory(random)
    }
}

/// A name out of few, so that trees meet; some are not UTF-8.
pub(crate) fn random_name(random: &mut Random) -> Vec<u8> {
    let mut name = format!("n{}", random.below(9)).into_bytes();
    match random.below(6) {
        0 => name.extend([b'-', b'x']),
        1 => name.push(0xff),
        _ => {}
    }
    name
}

/// A file or symlink out of few; some files are empty.
pub(crate) fn random_leaf(random: &mut Random) -> Node {
    let size = random.below(4);
    match random.below(8) {
        0 => Symlink::new(&[b'a' + size as u8]).unwrap().into(),
        1 => plain_file(false, size).seal(&SealKey::from_bytes([size as u8; 32])),
        kind => plain_file(kind < 4, size),
    }
}

pub(crate) fn plain_file(executable: bool, size: u64) -> Node {
    let content = vec![b'x'; usize::try_from(size).unwrap()];
    File::new(executable, size, content_id(&content)).unwrap().into()
}

/// A directory of at most `size` names a level; now and then one of many.
pub(crate) fn random_tree(random: &mut Random, depth: u32, size: u64) -> Tree {
    let mut children = BTreeMap::new();
    for _ in 0..random.below(size + 1) {
        let tree = if depth > 0 && random.below(3) == 0 {
            random_tree(random, depth - 1, size)
        } else {
            Tree::Leaf(random_leaf(random))
        };
        children.insert(random_name(random), tree);
    }
    if random.below(12) == 0 {
        for index in 0..300 {
            let name = format!("many-{index}").into_bytes();
            children.insert(name, Tree::Leaf(random_leaf(random)));
        }
    }
    Tree::Directory(children)
}

/// Adds, removes, replaces and moves some of a tree.
pub(crate) fn change(random: &mut Random, tree: &mut Tree) {
    for _ in 0..1 + random.below(5) {
        let directory = tree.random_directory(random);
        let names: Vec<Vec<u8>> = directory.keys().cloned().collect();
        let some =
            (!names.is_empty()).then(|| names[random.below(names.len() as u64) as usize].clone());
        match (random.below(5), some) {
            (0, Some(name)) => {
                directory.remove(&name);
            }
            (1, Some(name)) => {
                let moved = directory.remove(&name).unwrap();
                let name = random_name(random);
                tree.random_directory(random).insert(name, moved);
            }
            (2, _) => {
                directory.insert(random_name(random), random_tree(random, 2, 4));
            }
            (3, _) => {
                directory.insert(random_name(random), Tree::empty());
            }
            _ => {
                directory.insert(random_name(random), Tree::Leaf(random_leaf(random)));
            }
        }
    }
}

/// What is at each path: its id, and whether it is a directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Paths(pub(crate) BTreeMap<Path, Child>);

impl Paths {
    /// Without the ids of directories, which differ with what is below them.
    pub(crate) fn without_directory_ids(&self) -> BTreeMap<Path, Option<NodeId>> {
        let leaf = |child: &Child| (!child.kind.is_directory()).then_some(child.id);
        self.0.iter().map(|(path, child)| (path.clone(), leaf(child))).collect()
    }

    fn below(&self, directory: &Path) -> Vec<(Path, Child)> {
        let is_below = |(path, _): &(&Path, &Child)| path.is_below(directory);
        self.0.iter().filter(is_below).map(|(path, child)| (path.clone(), *child)).collect()
    }

    fn take(&mut self, path: &Path, child: &Child) {
        let found = self.0.remove(path);
        assert_eq!(found.as_ref(), Some(child), "{path} is not there, or went before");
    }

    fn take_below(&mut self, path: &Path) {
        for (path, child) in self.below(path) {
            self.take(&path, &child);
        }
    }
}

/// Does to `before` what a difference says; `after` tells what is below directories that are
/// reported as a whole.
pub(crate) fn apply(
    before: &Paths,
    after: &Paths,
    expansion: Expansion,
    changes: &[TreeChange],
) -> Paths {
    let mut result = before.clone();
    let mut arrivals: Vec<(Path, Child)> = Vec::new();
    for change in changes {
        match change {
            TreeChange::Added { path, child } => {
                arrivals.push((path.clone(), *child));
                if expansion == Expansion::Whole {
                    arrivals.extend(after.below(path));
                }
            }
            TreeChange::Removed { path, child } => {
                result.take(path, child);
                if expansion == Expansion::Whole {
                    result.take_below(path);
                }
            }
            TreeChange::Changed { path, before, after: child }
            | TreeChange::Mode { path, before, after: child, .. } => {
                result.take(path, before);
                arrivals.push((path.clone(), *child));
                if expansion == Expansion::Whole {
                    result.take_below(path);
                    arrivals.extend(after.below(path));
                }
            }
            TreeChange::Moved { from, to, child } => {
                result.take(from, child);
                arrivals.push((to.clone(), *child));
                for (path, child) in before.below(from) {
                    result.take(&path, &child);
                    let rest = path.as_bytes().strip_prefix(from.as_bytes()).unwrap();
                    let joined = [to.as_bytes(), rest].concat();
                    arrivals.push((Path::new(&joined).unwrap(), child));
                }
            }
        }
    }
    for (path, child) in arrivals {
        assert_eq!(after.0.get(&path), Some(&child), "{path} is not so in the second tree");
        assert_eq!(result.0.insert(path.clone(), child), None, "{path} is there already");
    }
    result
}
