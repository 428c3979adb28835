//! Looks at the whole tree before the first byte is written.

use std::collections::HashMap;

use markerbed_core::{
    Error, NodeId,
    limits::DEPTH_MAX,
    tree::{Child, Directory, Name, NamedChild},
};

use super::{
    RestoreError, UnfitNames,
    descent::{Descent, Objects, Visit, Visited, Want},
    names::{NameJudge, NameRules},
};
use crate::drive::DriveError;

/// What was found below each directory of a tree.
///
/// Each distinct directory is looked at once, so a tree that counts a thousand times what it holds
/// costs no more than what it holds.
#[derive(Debug, Default)]
pub(super) struct Plan {
    summaries: HashMap<NodeId, Summary>,
}

/// What is below a directory.
#[derive(Clone, Copy, Debug, Default)]
struct Summary {
    nodes: u64,
    files: u64,
    /// How many names the longest path below it has.
    height: usize,
    has_symlinks: bool,
    /// Nothing is missing in the store of what it consists of, contents apart.
    is_whole: bool,
}

/// A directory whose children are being looked at.
struct Open {
    id: NodeId,
    name: Option<Name>,
    stated: Directory,
    summary: Summary,
}

impl Plan {
    /// Looks at everything below the directory `id`.
    ///
    /// # Errors
    ///
    /// [`RestoreError::NamesUnfit`], of each distinct directory once;
    /// [`RestoreError::TooManyNodes`]; [`RestoreError::Malformed`] for counts that are not true, or
    /// a tree that is too deep.
    pub(super) fn make(
        objects: Objects<'_>,
        id: NodeId,
        directory: &Directory,
        rules: NameRules,
        nodes_max: u64,
    ) -> Result<Self, RestoreError> {
        check_nodes(directory.below().nodes, nodes_max)?;
        let mut plan = Self::default();
        let mut judge = NameJudge::new(rules);
        let mut names = UnfitNames::default();
        let mut open = vec![Open::new(id, None, directory)];
        let mut descent = Descent::new(objects, want);
        descent.enter(directory, None);
        while let Some(visit) = descent.next()? {
            match visit {
                Visit::Unlisted(lacks) => {
                    plan.close(&mut open, descent.depth())?;
                    if let DriveError::Engine(Error::TooDeep) = lacks.error {
                        return Err(malformed(&open, Error::TooDeep));
                    }
                    if let Some(last) = open.last_mut() {
                        last.summary.is_whole = false;
                    }
                }
                Visit::Unmirrored(_) => {}
                Visit::Child(visited) => {
                    plan.close(&mut open, visited.depth)?;
                    let NamedChild { name, child } = &visited.child;
                    if let Some(why) = judge.refuse(visited.depth, name, child.kind) {
                        names.add(why, || path_of(&open, Some(name)));
                    }
                    if let Some(below) = plan.add(&mut open, visited)? {
                        descent.enter(&below, None);
                    }
                }
            }
        }
        plan.close(&mut open, 0)?;
        // Where a part is missing, what is stated was not checked above.
        let nodes = plan.summaries.get(&id).map_or(0, |summary| summary.nodes);
        check_nodes(nodes, nodes_max)?;
        if names.count > 0 { Err(RestoreError::NamesUnfit { names }) } else { Ok(plan) }
    }

    /// Whether there is a symlink anywhere below a directory.
    pub(super) fn has_symlinks(&self, id: NodeId) -> bool {
        self.summaries.get(&id).is_some_and(|summary| summary.has_symlinks)
    }

    /// Adds a child to the last directory; gives it back if it is one to look into.
    fn add(
        &mut self,
        open: &mut Vec<Open>,
        visited: Visited,
    ) -> Result<Option<Directory>, RestoreError> {
        let Visited { depth, child, node, .. } = visited;
        let Some(last) = open.last_mut() else { return Ok(None) };
        let kind = child.child.kind;
        last.summary.nodes = last.summary.nodes.saturating_add(1);
        last.summary.files = last.summary.files.saturating_add(u64::from(kind.is_file()));
        last.summary.has_symlinks |= kind.is_symlink();
        last.summary.height = last.summary.height.max(1);
        if !kind.is_directory() {
            return Ok(None);
        }
        let directory = match node {
            Some(Ok(node)) => node.as_directory().copied(),
            Some(Err(_)) | None => None,
        };
        let Some(directory) = directory else {
            last.summary.is_whole = false;
            return Ok(None);
        };
        if let Some(summary) = self.summaries.get(&child.child.id) {
            last.summary.add(summary);
            if depth + summary.height > DEPTH_MAX as usize {
                return Err(malformed(open, Error::TooDeep));
            }
            return Ok(None);
        }
        open.push(Open::new(child.child.id, Some(child.name), &directory));
        Ok(Some(directory))
    }

    /// Ends the directories below the first `depth`: all of their children were seen.
    fn close(&mut self, open: &mut Vec<Open>, depth: usize) -> Result<(), RestoreError> {
        while open.len() > depth {
            let Some(last) = open.last() else { break };
            let Open { id, stated, summary, .. } = last;
            let (id, summary) = (*id, *summary);
            let below = stated.below();
            if summary.is_whole && (below.nodes, below.files) != (summary.nodes, summary.files) {
                return Err(malformed(open, Error::NodeMismatch));
            }
            self.summaries.insert(id, summary);
            open.pop();
            if let Some(above) = open.last_mut() {
                above.summary.add(&summary);
            }
        }
        Ok(())
    }
}

impl Open {
    fn new(id: NodeId, name: Option<Name>, directory: &Directory) -> Self {
        let summary = Summary { is_whole: true, ..Summary::default() };
        Self { id, name, stated: *directory, summary }
    }
}

impl Summary {
    /// Adds what is below a child to what is below its directory.
    fn add(&mut self, child: &Self) {
        self.nodes = self.nodes.saturating_add(child.nodes);
        self.files = self.files.saturating_add(child.files);
        self.height = self.height.max(child.height + 1);
        self.has_symlinks |= child.has_symlinks;
        self.is_whole &= child.is_whole;
    }
}

fn want(child: &Child) -> Want {
    if child.kind.is_directory() { Want::Node } else { Want::Name }
}

fn path_of(open: &[Open], last: Option<&Name>) -> Vec<u8> {
    let names = open.iter().filter_map(|open| open.name.as_ref()).chain(last);
    names.map(Name::as_bytes).collect::<Vec<_>>().join(&b'/')
}

fn malformed(open: &[Open], cause: Error) -> RestoreError {
    RestoreError::Malformed { path: path_of(open, None), cause }
}

fn check_nodes(nodes: u64, nodes_max: u64) -> Result<(), RestoreError> {
    if nodes > nodes_max { Err(RestoreError::TooManyNodes { nodes, nodes_max }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        drive::blocking::wait,
        store::{MemoryStore, Records},
    };
    use markerbed_core::{
        ContentId, WorkspaceId,
        codec::Canonical,
        tree::{File, NewChild, Node, Symlink, build_directory},
    };

    const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([1; 32]);
    const PLAIN: NameRules = NameRules {
        bytes_max: 255,
        folds_case: false,
        folds_forms: false,
        wants_utf8: false,
        is_windows: false,
        has_symlinks: true,
    };

    fn put(store: &MemoryStore, children: &[(&str, &Node)]) -> Node {
        let child = |(name, node): &(&str, &Node)| NewChild {
            name: Name::new(name.as_bytes()).unwrap(),
            child: Child::of(node),
            adds: node.adds().unwrap(),
        };
        let built = build_directory(children.iter().map(child).collect()).unwrap();
        let node = Node::from(built.directory);
        let pages = built.pages.iter().map(|(id, page)| ((*id).into(), page.encode().into()));
        let objects: Vec<_> = pages.chain([(node.id().into(), node.encode().into())]).collect();
        wait(store.put_objects(WORKSPACE, &objects)).unwrap();
        node
    }

    fn leaf() -> Node {
        File::new(false, 0, ContentId::from_bytes([0; 32])).unwrap().into()
    }

    fn plan(store: &MemoryStore, root: &Node, rules: NameRules) -> Result<Plan, RestoreError> {
        let objects = Objects { records: store, workspace: WORKSPACE };
        Plan::make(objects, root.id(), root.as_directory().unwrap(), rules, u64::MAX)
    }

    #[test]
    fn twins_are_refused_where_the_file_system_takes_them_for_one() {
        let store = MemoryStore::default();
        let inner = put(&store, &[("README", &leaf()), ("other", &leaf()), ("readme", &leaf())]);
        let root = put(&store, &[("README", &leaf()), ("d", &inner)]);

        assert!(plan(&store, &root, PLAIN).is_ok());
        let error = plan(&store, &root, NameRules { folds_case: true, ..PLAIN }).unwrap_err();

        assert_eq!(error.code(), "name-clash");
        assert!(error.to_string().starts_with("d/README and d/readme: "), "{error}");
    }

    #[test]
    fn twins_by_normalisation_are_found_in_directories_of_many_pages() {
        let store = MemoryStore::default();
        let mut names: Vec<String> = (0..3_000).map(|number| format!("n{number:04}")).collect();
        names.extend(["caf\u{e9}", "z", "cafe\u{301}"].map(str::to_owned));
        let children: Vec<_> = names.iter().map(|name| (name.as_str(), leaf())).collect();
        let children: Vec<_> = children.iter().map(|(name, node)| (*name, node)).collect();
        let root = put(&store, &children);

        assert!(plan(&store, &root, NameRules { folds_case: true, ..PLAIN }).is_ok());
        let error = plan(&store, &root, NameRules { folds_forms: true, ..PLAIN }).unwrap_err();

        assert_eq!(error.code(), "name-clash");
        assert!(error.to_string().starts_with("cafe\u{301} and caf\u{e9}: "), "{error}");
    }

    #[test]
    fn symlinks_are_refused_where_there_are_none_and_found_where_they_are() {
        let store = MemoryStore::default();
        let link = Node::from(Symlink::new(b"x").unwrap());
        let (with, without) = (put(&store, &[("l", &link)]), put(&store, &[("f", &leaf())]));
        let root = put(&store, &[("with", &with), ("without", &without)]);

        let error = plan(&store, &root, NameRules { has_symlinks: false, ..PLAIN }).unwrap_err();

        assert!(error.to_string().starts_with("with/l: "), "{error}");
        let plan = plan(&store, &root, PLAIN).unwrap();
        let has_symlinks = |node: &Node| plan.has_symlinks(node.id());
        assert_eq!([&root, &with, &without].map(has_symlinks), [true, true, false]);
    }

    #[test]
    fn a_tree_is_as_deep_as_its_longest_path_also_where_parts_of_it_repeat() {
        let store = MemoryStore::default();
        let deep = |levels: u32, lowest: Node| {
            (0..levels).fold(lowest, |below, _| put(&store, &[("d", &below)]))
        };
        let half = deep(2_048, put(&store, &[("f", &leaf())])); // 2,049 names
        let fits = deep(2_047, half.clone());
        let shared = put(&store, &[("a", &half), ("b", &fits)]);

        assert!(plan(&store, &fits, PLAIN).is_ok());
        let error = plan(&store, &shared, PLAIN).unwrap_err();
        assert_eq!(error.code(), "too-deep");
        let error = plan(&store, &deep(1, fits), PLAIN).unwrap_err();
        assert_eq!(error.code(), "too-deep");
    }
}
