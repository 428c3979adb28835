//! The calls.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{
    AttributesId, ContentId, Error, MapId, NodeId, Object, ObjectId, Sha256Digest, WorkspaceId,
    ledger::{ConsistencyClaim, InclusionClaim},
    map::{Change, Difference, Entry, MapKind},
    tree::{
        Expansion, Expectation, Grade, Name, NamedChild, Node, Path, Resolved, TreeDifference,
        Verdict,
    },
};
use markerbed_storage::{MaybeSend, MaybeSync, Outcome, RowChange, Store};

use crate::{CallError, Replay};

/// What the engine does, as `wit/engine.wit` and `wit/verify.wit` say it call by call.
///
/// # Errors
///
/// Every call: [`CallError::Engine`] for what core refuses, [`CallError::Store`] if the store
/// could not answer, [`CallError::Runtime`] if what runs the engine stopped it. Nothing is stored
/// by half.
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
pub trait Engine: MaybeSend + MaybeSync {
    /// The same engine over another store.
    fn on(&self, store: Arc<dyn Store>) -> Arc<dyn Engine>;

    /// The ids of contents that are in memory.
    async fn content_ids(&self, contents: &[Bytes]) -> Result<Vec<ContentId>, CallError>;

    /// Begins the id of a content that streams by.
    async fn content_hasher(&self) -> Result<Box<dyn ContentHasher>, CallError>;

    /// Makes a map of entries in strictly ascending order of their keys.
    async fn build_map(&self, kind: MapKind, entries: Vec<Entry>) -> Result<BuiltMap, CallError>;

    /// Begins a map of any size.
    async fn map_builder(&self, kind: MapKind) -> Result<Box<dyn MapBuilder>, CallError>;

    /// The values of keys, one a key.
    async fn look_up(
        &self,
        workspace: WorkspaceId,
        map: (MapId, MapKind),
        keys: Vec<Vec<u8>>,
    ) -> Result<Vec<Option<Vec<u8>>>, CallError>;

    /// Up to `max` entries in order, from the first whose key is not below `from`.
    async fn range(
        &self,
        workspace: WorkspaceId,
        map: (MapId, MapKind),
        from: Vec<u8>,
        max: u64,
    ) -> Result<Vec<Entry>, CallError>;

    /// Makes the map with `changes`, in strictly ascending order of their keys.
    async fn update_map(
        &self,
        workspace: WorkspaceId,
        map: (MapId, MapKind),
        changes: Vec<Change>,
    ) -> Result<BuiltMap, CallError>;

    /// What differs between two maps, in order of the keys.
    async fn compare_maps(
        &self,
        workspace: WorkspaceId,
        kind: MapKind,
        before: MapId,
        after: MapId,
    ) -> Result<Vec<Difference>, CallError>;

    /// The pages that prove which entries are from `from` to `to`, both included.
    async fn prove_range(
        &self,
        workspace: WorkspaceId,
        map: (MapId, MapKind),
        from: Vec<u8>,
        to: Vec<u8>,
    ) -> Result<Vec<Vec<u8>>, CallError>;

    /// The partial pages that prove one entry; `None` if it is absent.
    async fn prove_entry(
        &self,
        workspace: WorkspaceId,
        map: (MapId, MapKind),
        key: Vec<u8>,
    ) -> Result<Option<Vec<Vec<u8>>>, CallError>;

    /// Verifies what [`Engine::prove_range`] made.
    async fn verify_range(
        &self,
        map: (MapId, MapKind),
        from: Vec<u8>,
        to: Vec<u8>,
        pages: Vec<Vec<u8>>,
    ) -> Result<Vec<Entry>, CallError>;

    /// Verifies what [`Engine::prove_entry`] made.
    async fn verify_entry(
        &self,
        map: (MapId, MapKind),
        key: Vec<u8>,
        pages: Vec<Vec<u8>>,
    ) -> Result<Entry, CallError>;

    /// Makes a directory of nodes in any order.
    async fn build_directory(
        &self,
        children: Vec<(Name, Node)>,
    ) -> Result<BuiltDirectory, CallError>;

    /// Begins a tree: its contents and objects go to the store in batches.
    async fn write_tree(&self, workspace: WorkspaceId) -> Result<Box<dyn TreeWriter>, CallError>;

    /// Follows a path from a root.
    async fn resolve(
        &self,
        workspace: WorkspaceId,
        root: NodeId,
        path: Path,
    ) -> Result<Resolved, CallError>;

    /// Follows a path through the attributes that mirror a tree, from those of its root; `None` if
    /// what is there has none.
    async fn resolve_attributes(
        &self,
        workspace: WorkspaceId,
        root: AttributesId,
        path: Path,
    ) -> Result<Option<AttributesId>, CallError>;

    /// Up to `max` children of a directory in order, from the first whose name is not below `from`.
    async fn list_directory(
        &self,
        workspace: WorkspaceId,
        directory: NodeId,
        from: Vec<u8>,
        max: u64,
    ) -> Result<Vec<NamedChild>, CallError>;

    /// What differs between two trees.
    async fn compare_trees(
        &self,
        workspace: WorkspaceId,
        before: NodeId,
        after: NodeId,
        expansion: Expansion,
        max: u64,
    ) -> Result<TreeDifference, CallError>;

    /// Makes the bytes of a proof file; `snapshot` are the bytes of the snapshot to bring along.
    async fn prove_path(
        &self,
        workspace: WorkspaceId,
        root: NodeId,
        snapshot: Option<Bytes>,
        path: Path,
        grade: Grade,
    ) -> Result<Option<Vec<u8>>, CallError>;

    /// Verifies the bytes of a proof file.
    async fn verify_path(
        &self,
        proof: &[u8],
        expectation: Expectation,
    ) -> Result<Verdict, CallError>;

    /// Proves that bytes are canonical and are the object of that id.
    async fn check_object(&self, id: ObjectId, bytes: &[u8]) -> Result<(), CallError>;

    /// Proves objects, each by itself, and reads them.
    async fn check_objects(
        &self,
        objects: Vec<StoredObject>,
    ) -> Result<Vec<Result<Object, Error>>, CallError>;

    /// Begins the state of a workspace, to be applied entry by entry.
    async fn replay(&self) -> Result<Box<dyn Replay>, CallError>;

    /// Makes the audit path of a leaf.
    async fn prove_inclusion(
        &self,
        leaves: &[Sha256Digest],
        index: u64,
    ) -> Result<Vec<Sha256Digest>, CallError>;

    /// Makes the proof that the first `leaves_before` were not changed.
    async fn prove_consistency(
        &self,
        leaves: &[Sha256Digest],
        leaves_before: u64,
    ) -> Result<Vec<Sha256Digest>, CallError>;

    /// Verifies an audit path.
    async fn verify_inclusion(
        &self,
        claim: InclusionClaim,
        proof: &[Sha256Digest],
    ) -> Result<(), CallError>;

    /// Verifies that nothing before was changed.
    async fn verify_consistency(
        &self,
        claim: ConsistencyClaim,
        proof: &[Sha256Digest],
    ) -> Result<(), CallError>;

    /// Commits an entry, given by its canonical bytes, after the one before it, with rows.
    async fn commit_entry(
        &self,
        workspace: WorkspaceId,
        entry: Bytes,
        rows: Vec<RowChange>,
    ) -> Result<Outcome, CallError>;
}

/// An object's id and its canonical bytes.
pub type StoredObject = (ObjectId, Bytes);

/// A map and those of its pages that are new.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BuiltMap {
    /// The map.
    pub root: MapId,
    /// In pre-order.
    pub pages: Vec<StoredObject>,
}

/// A directory and the pages of its map.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BuiltDirectory {
    /// The directory, not sealed.
    pub node: StoredObject,
    /// In pre-order.
    pub pages: Vec<StoredObject>,
}

/// One content that streams by.
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
pub trait ContentHasher: MaybeSend {
    /// Adds the next bytes.
    ///
    /// # Errors
    ///
    /// [`CallError::Runtime`] if what runs the engine stopped it; the content is then lost.
    async fn update(&mut self, bytes: &[u8]) -> Result<(), CallError>;

    /// The id of all bytes so far.
    ///
    /// # Errors
    ///
    /// As [`ContentHasher::update`].
    async fn finish(&mut self) -> Result<ContentId, CallError>;
}

/// A map that is being made piece by piece.
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
pub trait MapBuilder: MaybeSend {
    /// Takes the next entries, in strictly ascending order of their keys; gives the pages that are
    /// thereby whole.
    ///
    /// # Errors
    ///
    /// As every call; the map is then over.
    async fn push(&mut self, entries: Vec<Entry>) -> Result<Vec<StoredObject>, CallError>;

    /// Ends the map; gives the pages that were not given yet, the root's among them.
    ///
    /// # Errors
    ///
    /// As [`MapBuilder::push`].
    async fn finish(self: Box<Self>) -> Result<BuiltMap, CallError>;
}

/// A tree that is being made and put.
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
pub trait TreeWriter: MaybeSend {
    /// Takes the next steps.
    ///
    /// # Errors
    ///
    /// As every call; the tree is then over, some of its objects may have been put.
    async fn take(&mut self, steps: Vec<TreeStep>) -> Result<(), CallError>;

    /// Ends the tree; every directory entered must have been left.
    ///
    /// # Errors
    ///
    /// As [`TreeWriter::take`].
    async fn finish(self: Box<Self>) -> Result<NodeId, CallError>;
}

/// A step of a walk through a tree that is being made, in any order of names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TreeStep {
    /// A directory begins.
    Enter(Vec<u8>),
    /// A file, with all of its bytes.
    File {
        /// Its name.
        name: Vec<u8>,
        /// Whether its owner may execute it.
        executable: bool,
        /// What it holds.
        bytes: Bytes,
    },
    /// A file whose content is stored already: for contents too large to be handed over at once.
    StoredFile {
        /// Its name.
        name: Vec<u8>,
        /// Whether its owner may execute it.
        executable: bool,
        /// Bytes of its content.
        size: u64,
        /// What its content is called; whoever names it has put it.
        content: ContentId,
    },
    /// A symlink.
    Symlink {
        /// Its name.
        name: Vec<u8>,
        /// Where it points.
        target: Vec<u8>,
    },
    /// The directory that was entered last ends.
    Leave,
}
