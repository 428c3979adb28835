//! Workspaces with given ids, times and trees.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use markerbed_core::{
    ContentId, Id16, NodeId, ObjectId, SnapshotId,
    codec::Canonical,
    hash::content_id,
    id::PublicKey,
    ledger::{Genesis, Nonce},
    tree::{
        Child, Clock, Coverage, EvidenceDocument, File, Gap, Label, Name, NewChild, Node,
        RulesDocument, Symlink, Tool, build_directory,
    },
};
use markerbed_host::{
    drive::{self, blocking::wait},
    store::{MemoryStore, Store},
    workspace::{
        Committed, RecordedSnapshot, SnapshotDraft, Stamp, When, Workspace, WorkspaceError,
    },
};

/// A store in memory.
pub(crate) fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::default())
}

/// A workspace in memory.
pub(crate) fn workspace() -> Workspace {
    workspace_in(memory())
}

/// The workspace of a store.
pub(crate) fn workspace_in(store: Arc<dyn Store>) -> Workspace {
    wait(Workspace::create(store, genesis(7), "test", &stamp())).unwrap()
}

/// A genesis with a nonce and a key of one byte each.
pub(crate) fn genesis(byte: u8) -> Genesis {
    let first_key = PublicKey::from_bytes([byte; 32]);
    Genesis { nonce: Nonce::from_bytes([byte; 32]), first_key }
}

/// A stamp whose request no other one has.
pub(crate) fn stamp() -> Stamp {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut request = [0; 16];
    request[..8].copy_from_slice(&next.to_be_bytes());
    Stamp {
        agent: Id16::from_bytes([9; 16]),
        request: Id16::from_bytes(request),
        time_ms: 1_700_000_000_000 + i64::try_from(next).unwrap(),
    }
}

pub(crate) fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

/// Files and their contents by path; `-> target` makes a symlink.
pub(crate) type Files<'a> = &'a [(&'a str, &'a str)];

/// Puts a tree of files and gives its root.
pub(crate) fn put_tree(workspace: &Workspace, files: Files<'_>) -> NodeId {
    let tree = Tree::of(files);
    tree.put(workspace);
    tree.root
}

/// A tree that is not stored yet, so that something can be wrong with it.
#[derive(Clone)]
pub(crate) struct Tree {
    pub(crate) objects: BTreeMap<ObjectId, Bytes>,
    pub(crate) contents: BTreeMap<ContentId, Bytes>,
    pub(crate) root: NodeId,
}

impl Tree {
    /// The tree of files.
    pub(crate) fn of(files: Files<'_>) -> Self {
        let root = NodeId::from_bytes([0; 32]);
        let mut tree = Self { objects: BTreeMap::new(), contents: BTreeMap::new(), root };
        let files = files.iter().map(|(path, content)| (path.as_bytes(), content.as_bytes()));
        let root = tree.build(&files.collect::<Vec<_>>());
        tree.root = root.id();
        tree
    }

    /// Adds a node and gives its id.
    pub(crate) fn add(&mut self, node: &Node) -> NodeId {
        self.objects.insert(node.id().into(), node.encode().into());
        node.id()
    }

    /// Adds a directory of nodes that were added, and gives it.
    pub(crate) fn directory(&mut self, children: &[(&[u8], &Node)]) -> Node {
        let new = children.iter().map(|(name, node)| NewChild {
            name: Name::new(name).unwrap(),
            child: Child::of(node),
            adds: node.adds().unwrap(),
        });
        let built = build_directory(new.collect()).unwrap();
        let pages = built.pages.iter().map(|(id, page)| ((*id).into(), page.encode().into()));
        self.objects.extend(pages);
        let node = Node::from(built.directory);
        self.add(&node);
        node
    }

    /// Puts what it holds.
    pub(crate) fn put(&self, workspace: &Workspace) {
        let contents: Vec<Bytes> = self.contents.values().cloned().collect();
        let objects: Vec<_> = self.objects.clone().into_iter().collect();
        wait(workspace.store().put_contents(workspace.id(), &contents)).unwrap();
        wait(drive::put_objects(&**workspace.store(), workspace.id(), &objects)).unwrap();
    }

    fn build(&mut self, files: &[(&[u8], &[u8])]) -> Node {
        let mut below = BTreeMap::<&[u8], Vec<_>>::new();
        let mut children: Vec<(&[u8], Node)> = Vec::new();
        for &(path, content) in files {
            match path.iter().position(|byte| *byte == b'/') {
                Some(at) => below.entry(&path[..at]).or_default().push((&path[at + 1..], content)),
                None => {
                    let (node, content) = leaf(content);
                    self.add(&node);
                    self.contents.extend(content.map(|bytes| (content_id(&bytes), bytes)));
                    children.push((path, node));
                }
            }
        }
        for (name, files) in below {
            children.push((name, self.build(&files)));
        }
        let children: Vec<_> = children.iter().map(|(name, node)| (*name, node)).collect();
        self.directory(&children)
    }
}

/// A draft of a source with these files.
pub(crate) fn draft(workspace: &Workspace, source: &str, files: Files<'_>) -> SnapshotDraft {
    draft_of(put_tree(workspace, files), source)
}

/// A draft of a source whose tree was put.
pub(crate) fn draft_of(root: NodeId, source: &str) -> SnapshotDraft {
    SnapshotDraft {
        source: label(source),
        root,
        attributes: None,
        coverage: Coverage::Complete,
        rules: RulesDocument::default().write().unwrap().into(),
        evidence: None,
        listing: None,
        run: Id16::from_bytes([3; 16]),
        captured_at_ms: 1_700_000_000_000,
        clock: Clock::Host,
        tool: Tool::new("markerbed test").unwrap(),
    }
}

/// Evidence of gaps, and perhaps a message.
pub(crate) fn evidence(gaps: &[Gap], message: Option<&str>) -> Bytes {
    let message = message.map(str::to_owned);
    let evidence = EvidenceDocument { message, gaps: gaps.to_vec(), ..EvidenceDocument::default() };
    evidence.write().unwrap().into()
}

/// Commits a snapshot of these files.
pub(crate) fn commit(workspace: &Workspace, source: &str, files: Files<'_>) -> RecordedSnapshot {
    recorded(commit_draft(workspace, &draft(workspace, source, files)).unwrap())
}

pub(crate) fn commit_draft(
    workspace: &Workspace,
    draft: &SnapshotDraft,
) -> Result<Committed, WorkspaceError> {
    wait(workspace.commit_snapshot(draft, When::Changed, &stamp()))
}

pub(crate) fn recorded(committed: Committed) -> RecordedSnapshot {
    match committed {
        Committed::Recorded(recorded) => recorded,
        Committed::Unchanged(_) => panic!("nothing was recorded"),
    }
}

/// Where a ref is.
pub(crate) fn place_of(workspace: &Workspace, name: &str) -> Option<SnapshotId> {
    wait(workspace.find_ref(&label(name))).unwrap()
}

/// A node whose content or target this is.
pub(crate) fn leaf(content: &[u8]) -> (Node, Option<Bytes>) {
    match content.strip_prefix(b"-> ") {
        Some(target) => (Symlink::new(target).unwrap().into(), None),
        None => {
            let id: ContentId = content_id(content);
            let file = File::new(false, content.len() as u64, id).unwrap();
            (file.into(), Some(Bytes::copy_from_slice(content)))
        }
    }
}
