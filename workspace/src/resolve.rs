//! Finds what a reference means.

use std::collections::HashMap;

use markerbed_core::{
    AttributesId, ContentId, Error, NodeId, Object, ObjectId, ObjectKind, SnapshotId,
    ledger::Operation,
    tree::{Attributes, NamedChild, Node, Path, Resolved},
};

use crate::{
    RecordedSnapshot, Workspace, WorkspaceError,
    reference::{Base, HexPrefix, Reference},
    rows,
};
use markerbed_storage::{RowRange, StoreError, limits::ANSWER_ITEMS_MAX};

/// A tree that a reference names, its path left aside.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tree {
    /// The node at its top.
    pub root: NodeId,
    /// The snapshot that was named; none if the node itself was.
    pub snapshot: Option<RecordedSnapshot>,
}

/// A node that a reference names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The tree it was looked for in.
    pub tree: Tree,
    /// Where in that tree.
    pub path: Path,
    /// Its id.
    pub id: NodeId,
    /// What it is.
    pub node: Node,
}

/// Anything that a reference names.
#[derive(Clone, Debug)]
pub enum Found {
    /// A snapshot.
    Snapshot(RecordedSnapshot),
    /// A node.
    Node(Place),
    /// A map page, attributes, a state, or a snapshot that was never committed.
    Object(Object),
    /// A content.
    Content {
        /// Its id.
        id: ContentId,
        /// How many bytes it has.
        bytes: u64,
    },
}

impl Workspace {
    /// Finds the snapshot that a reference without a path names.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::BadReference`] if there is a path, [`WorkspaceError::NothingNamed`],
    /// [`WorkspaceError::Ambiguous`], [`WorkspaceError::NotASnapshot`], [`WorkspaceError::NoRef`],
    /// or a failure of the store.
    pub async fn resolve_snapshot(
        &self,
        reference: &Reference,
    ) -> Result<RecordedSnapshot, WorkspaceError> {
        if reference.path().is_some() {
            return Err(WorkspaceError::BadReference {
                reference: reference.to_string(),
                why: "a snapshot is wanted here; leave out the colon and the path",
            });
        }
        match reference.base() {
            Base::Id(prefix) => {
                let snapshots = self.snapshots_that_fit(prefix).await?;
                match &*snapshots {
                    [] => Err(nothing(reference, "no snapshot has such an id")),
                    [id] => self.recorded_in_row(*id).await,
                    _ => Err(ambiguous(reference, &snapshots, &[])),
                }
            }
            base => self.resolve_named(reference, base).await,
        }
    }

    /// Finds the tree that a reference names, whatever its path.
    ///
    /// # Errors
    ///
    /// As [`Self::resolve_snapshot`], but for the path.
    pub async fn resolve_tree(&self, reference: &Reference) -> Result<Tree, WorkspaceError> {
        let Base::Id(prefix) = reference.base() else {
            return Ok(self.resolve_named(reference, reference.base()).await?.into());
        };
        let snapshots = self.snapshots_that_fit(prefix).await?;
        let roots = self.roots_that_fit(prefix).await?;
        match (&*snapshots, &*roots) {
            ([id], []) => Ok(self.recorded_in_row(*id).await?.into()),
            ([], [root]) => Ok(Tree { root: *root, snapshot: None }),
            ([], []) => {
                let id = prefix.whole().map(NodeId::from_bytes);
                if let Some(root) = id
                    && self.store().has_objects(self.id(), &[root.into()]).await? == [true]
                {
                    return Ok(Tree { root, snapshot: None });
                }
                let why = "no snapshot and no root of one has such an id; \
                           a node inside a tree is found by all 64 digits";
                Err(nothing(reference, why))
            }
            _ => Err(ambiguous(reference, &snapshots, &roots)),
        }
    }

    /// Finds the node that a reference names: that at its path, or the root.
    ///
    /// # Errors
    ///
    /// As [`Self::resolve_tree`]; [`WorkspaceError::NoPath`], [`WorkspaceError::NotADirectory`],
    /// and what is wrong or missing on the way.
    pub async fn resolve_node(&self, reference: &Reference) -> Result<Place, WorkspaceError> {
        let tree = self.resolve_tree(reference).await?;
        let path = reference.path().cloned().unwrap_or_default();
        let resolved = self.engine().resolve(self.id(), tree.root, path.clone()).await?;
        let shown = reference.shown_base();
        match resolved {
            Resolved::Found { id, node } => Ok(Place { tree, path, id, node }),
            Resolved::Absent { depth } => {
                Err(WorkspaceError::NoPath { reference: shown, path: path.first(depth + 1) })
            }
            Resolved::NotDirectory { depth } => {
                Err(WorkspaceError::NotADirectory { reference: shown, path: path.first(depth) })
            }
        }
    }

    /// Finds the attributes of a node; none if it has none, or if no snapshot was named.
    ///
    /// # Errors
    ///
    /// What is wrong or missing on the way.
    pub async fn resolve_attributes(
        &self,
        place: &Place,
    ) -> Result<Option<AttributesId>, WorkspaceError> {
        let snapshot = place.tree.snapshot.as_ref();
        let Some(root) = snapshot.and_then(|snapshot| snapshot.snapshot.attributes) else {
            return Ok(None);
        };
        Ok(self.engine().resolve_attributes(self.id(), root, place.path.clone()).await?)
    }

    /// Reads attributes.
    ///
    /// # Errors
    ///
    /// [`Error::MissingObject`], what is wrong with them, or a failure of the store.
    pub async fn attributes(&self, id: AttributesId) -> Result<Attributes, WorkspaceError> {
        let found = self.fetch_objects(&[id.into()]).await?.pop().flatten();
        let attributes = found.as_ref().and_then(Object::as_attributes).cloned();
        attributes.ok_or_else(|| Error::MissingObject { id: id.into() }.into())
    }

    /// Lists up to `max` children of a directory in order, from the first whose name is not below
    /// `from`, each with its node if that is in the store.
    ///
    /// # Errors
    ///
    /// What is wrong or missing in the directory, or wrong with a node; a failure of the store.
    pub async fn list_children(
        &self,
        directory: NodeId,
        from: Vec<u8>,
        max: u64,
    ) -> Result<Vec<(NamedChild, Option<Node>)>, WorkspaceError> {
        let children = self.engine().list_directory(self.id(), directory, from, max).await?;
        // Children may be the same node; a store is asked for it once.
        let mut nodes: HashMap<ObjectId, Option<Node>> = HashMap::new();
        let ids = children.iter().map(|named| named.child.id.into());
        let distinct: Vec<ObjectId> = ids.filter(|id| nodes.insert(*id, None).is_none()).collect();
        for ids in distinct.chunks(ANSWER_ITEMS_MAX) {
            for (id, object) in ids.iter().zip(self.fetch_objects(ids).await?) {
                nodes.insert(*id, object.as_ref().and_then(Object::as_node).cloned());
            }
        }
        let node = |child: &NamedChild| nodes.get(&child.child.id.into()).cloned().flatten();
        let listed = children.into_iter().map(|child| {
            let node = node(&child);
            (child, node)
        });
        Ok(listed.collect())
    }

    /// Finds whatever a reference names: besides snapshots and nodes, all 64 digits of an id also
    /// name other objects and contents.
    ///
    /// # Errors
    ///
    /// As [`Self::resolve_node`].
    pub async fn find(&self, reference: &Reference) -> Result<Found, WorkspaceError> {
        if reference.path().is_none() {
            let whole = match reference.base() {
                Base::Id(prefix) => prefix.whole(),
                base => return Ok(Found::Snapshot(self.resolve_named(reference, base).await?)),
            };
            if let Some(bytes) = whole
                && let Some(found) = self.find_by_id(bytes).await?
            {
                return Ok(found);
            }
        }
        let place = self.resolve_node(reference).await?;
        Ok(match (place.tree.snapshot.clone(), reference.path()) {
            (Some(snapshot), None) => Found::Snapshot(snapshot),
            _ => Found::Node(place),
        })
    }

    /// Finds a snapshot by anything but its id.
    async fn resolve_named(
        &self,
        reference: &Reference,
        base: &Base,
    ) -> Result<RecordedSnapshot, WorkspaceError> {
        match base {
            Base::Newest { back } => self.find_by_age(*back).await?.ok_or_else(|| {
                nothing(reference, "so many snapshots are not recorded; `markerbed log` lists them")
            }),
            Base::Entry { number } => self.resolve_entry(reference, *number).await,
            Base::Ref(name) => match self.find_ref(name).await? {
                Some(id) => self.recorded_in_row(id).await,
                None => Err(WorkspaceError::NoRef { name: name.clone() }),
            },
            Base::Id(_) => Err(nothing(reference, "an id is not looked for here")),
        }
    }

    async fn resolve_entry(
        &self,
        reference: &Reference,
        number: u64,
    ) -> Result<RecordedSnapshot, WorkspaceError> {
        let is = |found| WorkspaceError::NotASnapshot { reference: reference.to_string(), found };
        let Some(entry) = self.entry(number).await? else {
            return Err(nothing(reference, "the ledger has no such entry yet"));
        };
        match &entry.operation {
            Operation::SnapshotCommitted { snapshot, .. } => self.recorded_in_row(*snapshot).await,
            Operation::RefMoved(change) => match change.to() {
                Some(to) => self.recorded_in_row(to).await,
                None => Err(is("the removal of a ref")),
            },
            Operation::WorkspaceCreated(_) => Err(is("the beginning of the workspace")),
            Operation::KeyRotated(_) | Operation::KeyRevoked(_) => Err(is("about a key")),
            Operation::State(_) => Err(is("a state")),
            _ => Err(is("something else")),
        }
    }

    async fn find_by_id(&self, bytes: [u8; 32]) -> Result<Option<Found>, WorkspaceError> {
        // One by one: in a damaged store it is an error to ask for what is not there.
        let mut damaged = None;
        for kind in ObjectKind::ALL {
            match self.fetch_objects(&[ObjectId { kind, bytes }]).await {
                Err(error @ WorkspaceError::Store(StoreError::Damaged { .. })) => {
                    damaged.get_or_insert(error);
                }
                Err(error) => return Err(error),
                Ok(found) => {
                    if let Some(object) = found.into_iter().flatten().next() {
                        return self.found(object, bytes).await.map(Some);
                    }
                }
            }
        }
        if let Some(error) = damaged {
            return Err(error);
        }
        let id = ContentId::from_bytes(bytes);
        let length = self.store().content_lengths(self.id(), &[id]).await?.pop().flatten();
        Ok(length.map(|bytes| Found::Content { id, bytes }))
    }

    /// What an object is to whoever named it by all digits of its id.
    async fn found(&self, object: Object, bytes: [u8; 32]) -> Result<Found, WorkspaceError> {
        if let Some(snapshot) = object.as_snapshot()
            && let Some(recorded) = self.find_snapshot(snapshot.id()).await?
        {
            return Ok(Found::Snapshot(recorded));
        }
        let Some(node) = object.as_node() else { return Ok(Found::Object(object)) };
        let id = NodeId::from_bytes(bytes);
        let tree = Tree { root: id, snapshot: None };
        Ok(Found::Node(Place { tree, path: Path::ROOT, id, node: node.clone() }))
    }

    /// A snapshot that another row, or an entry, names: so it must be recorded.
    async fn recorded_in_row(&self, id: SnapshotId) -> Result<RecordedSnapshot, WorkspaceError> {
        let found = self.find_snapshot(id).await?;
        found.ok_or(WorkspaceError::BrokenRow { row: "a snapshot" })
    }

    async fn snapshots_that_fit(
        &self,
        prefix: &HexPrefix,
    ) -> Result<Vec<SnapshotId>, WorkspaceError> {
        let keys = self.keys(rows::snapshots_prefix(prefix.whole_bytes())).await?;
        let ids = keys.iter().filter_map(|key| rows::snapshot_of_key(key));
        Ok(ids.filter(|id| prefix.fits(id.as_bytes())).collect())
    }

    async fn roots_that_fit(&self, prefix: &HexPrefix) -> Result<Vec<NodeId>, WorkspaceError> {
        let keys = self.keys(rows::roots_prefix(prefix.whole_bytes())).await?;
        let ids = keys.iter().filter_map(|key| rows::root_of_key(key));
        Ok(ids.filter(|id| prefix.fits(id.as_bytes())).collect())
    }

    /// One call's worth of keys: more would only make an ambiguous prefix more so.
    async fn keys(&self, prefix: bytes::Bytes) -> Result<Vec<bytes::Bytes>, WorkspaceError> {
        let range = RowRange { prefix, after: None };
        let rows = self.store().range_rows(self.id(), &range, ANSWER_ITEMS_MAX).await?;
        Ok(rows.into_iter().map(|(key, _)| key).collect())
    }
}

impl From<RecordedSnapshot> for Tree {
    fn from(recorded: RecordedSnapshot) -> Self {
        Self { root: recorded.snapshot.root, snapshot: Some(recorded) }
    }
}

fn nothing(reference: &Reference, why: &'static str) -> WorkspaceError {
    WorkspaceError::NothingNamed { reference: reference.to_string(), why }
}

fn ambiguous(reference: &Reference, snapshots: &[SnapshotId], roots: &[NodeId]) -> WorkspaceError {
    let snapshots = snapshots.iter().map(|id| ObjectId::from(*id));
    let named: Vec<String> = snapshots
        .chain(roots.iter().map(|id| ObjectId::from(*id)))
        .map(|id| id.to_string())
        .collect();
    WorkspaceError::Ambiguous {
        reference: reference.to_string(),
        total: named.len(),
        candidates: named.into_iter().take(CANDIDATES_SHOWN).collect(),
    }
}

/// How many of the candidates a message names.
const CANDIDATES_SHOWN: usize = 8;
