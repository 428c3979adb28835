//! Core itself, on this machine.

use std::{future::Future, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{
    AttributesId, ContentId, Error, MapId, NodeId, Object, ObjectId, Sha256Digest, WorkspaceId,
    codec::Canonical,
    hash::content_id,
    ledger::{self, ConsistencyClaim, InclusionClaim, LedgerEntry},
    map::{self, Change, Difference, Entry, MapKind, Page},
    step::{Io, Step},
    tree::{
        self, Child, Expansion, Expectation, Grade, Name, NamedChild, NewChild, Node, Path,
        ProofOf, Resolved, Snapshot, TreeDifference, TreeProof, Verdict,
    },
};
use markerbed_storage::{Batch, Outcome, RowChange, Store, StoredEntry, drive::drive};

use crate::{
    BuiltDirectory, BuiltMap, CallError, ContentHasher, Engine, MapBuilder, Replay, StoredObject,
    TreeWriter, builder::DirectBuilder, hasher::DirectHasher, replay::DirectReplay,
    writer::DirectWriter,
};

/// Core itself, over a store.
#[derive(Clone)]
pub struct Direct(Arc<dyn Store>);

impl Direct {
    /// Runs core over `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }

    async fn run<T: 'static, F>(
        &self,
        workspace: WorkspaceId,
        operation: impl FnOnce(Io) -> F,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let step = Step::start(operation)?;
        Ok(drive(step, &*self.0, workspace).await?)
    }
}

#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
impl Engine for Direct {
    fn on(&self, store: Arc<dyn Store>) -> Arc<dyn Engine> {
        #[cfg_attr(
            target_arch = "wasm32",
            expect(clippy::arc_with_non_send_sync, reason = "there a store has one thread")
        )]
        Arc::new(Self(store))
    }

    async fn content_ids(&self, contents: &[Bytes]) -> Result<Vec<ContentId>, CallError> {
        Ok(contents.iter().map(|content| content_id(content)).collect())
    }

    async fn content_hasher(&self) -> Result<Box<dyn ContentHasher>, CallError> {
        Ok(Box::new(DirectHasher::default()))
    }

    async fn build_map(&self, kind: MapKind, entries: Vec<Entry>) -> Result<BuiltMap, CallError> {
        Ok(built_map(map::build(kind, entries)?))
    }

    async fn map_builder(&self, kind: MapKind) -> Result<Box<dyn MapBuilder>, CallError> {
        Ok(Box::new(DirectBuilder::new(kind)))
    }

    async fn look_up(
        &self,
        workspace: WorkspaceId,
        (map, kind): (MapId, MapKind),
        keys: Vec<Vec<u8>>,
    ) -> Result<Vec<Option<Vec<u8>>>, CallError> {
        let look_up = move |io| async move { map::look_up(&io, map, kind, &keys).await };
        self.run(workspace, look_up).await
    }

    async fn range(
        &self,
        workspace: WorkspaceId,
        (map, kind): (MapId, MapKind),
        from: Vec<u8>,
        max: u64,
    ) -> Result<Vec<Entry>, CallError> {
        let range = move |io| async move { map::range(&io, map, kind, &from, max).await };
        self.run(workspace, range).await
    }

    async fn update_map(
        &self,
        workspace: WorkspaceId,
        (map, kind): (MapId, MapKind),
        changes: Vec<Change>,
    ) -> Result<BuiltMap, CallError> {
        let update = move |io| async move { map::update(&io, map, kind, changes).await };
        self.run(workspace, update).await.map(built_map)
    }

    async fn compare_maps(
        &self,
        workspace: WorkspaceId,
        kind: MapKind,
        before: MapId,
        after: MapId,
    ) -> Result<Vec<Difference>, CallError> {
        let compare = move |io| async move { map::difference(&io, kind, before, after).await };
        self.run(workspace, compare).await
    }

    async fn prove_range(
        &self,
        workspace: WorkspaceId,
        (map, kind): (MapId, MapKind),
        from: Vec<u8>,
        to: Vec<u8>,
    ) -> Result<Vec<Vec<u8>>, CallError> {
        let prove = move |io| async move { map::prove_full(&io, map, kind, &from, &to).await };
        self.run(workspace, prove).await
    }

    async fn prove_entry(
        &self,
        workspace: WorkspaceId,
        (map, kind): (MapId, MapKind),
        key: Vec<u8>,
    ) -> Result<Option<Vec<Vec<u8>>>, CallError> {
        let prove = move |io| async move { map::prove_blind(&io, map, kind, &key).await };
        Ok(self.run(workspace, prove).await?.map(|proof| proof.pages))
    }

    async fn verify_range(
        &self,
        (map, kind): (MapId, MapKind),
        from: Vec<u8>,
        to: Vec<u8>,
        pages: Vec<Vec<u8>>,
    ) -> Result<Vec<Entry>, CallError> {
        Ok(map::verify_full(map, kind, &from, &to, &slices(&pages))?)
    }

    async fn verify_entry(
        &self,
        (map, kind): (MapId, MapKind),
        key: Vec<u8>,
        pages: Vec<Vec<u8>>,
    ) -> Result<Entry, CallError> {
        Ok(map::verify_blind(map, kind, &key, &slices(&pages))?)
    }

    async fn build_directory(
        &self,
        children: Vec<(Name, Node)>,
    ) -> Result<BuiltDirectory, CallError> {
        let child = |(name, node): (Name, Node)| {
            Ok(NewChild { name, child: Child::of(&node), adds: node.adds()? })
        };
        let children = children.into_iter().map(child).collect::<Result<_, Error>>()?;
        let built = tree::build_directory(children)?;
        let node = Node::from(built.directory);
        let pages = objects(built.pages).collect();
        Ok(BuiltDirectory { node: (node.id().into(), node.encode().into()), pages })
    }

    async fn write_tree(&self, workspace: WorkspaceId) -> Result<Box<dyn TreeWriter>, CallError> {
        Ok(Box::new(DirectWriter::new(self.0.clone(), workspace)))
    }

    async fn resolve(
        &self,
        workspace: WorkspaceId,
        root: NodeId,
        path: Path,
    ) -> Result<Resolved, CallError> {
        let resolve = move |io| async move { tree::resolve(&io, root, &path).await };
        self.run(workspace, resolve).await
    }

    async fn resolve_attributes(
        &self,
        workspace: WorkspaceId,
        root: AttributesId,
        path: Path,
    ) -> Result<Option<AttributesId>, CallError> {
        let resolve = move |io| async move { tree::resolve_attributes(&io, root, &path).await };
        self.run(workspace, resolve).await
    }

    async fn list_directory(
        &self,
        workspace: WorkspaceId,
        directory: NodeId,
        from: Vec<u8>,
        max: u64,
    ) -> Result<Vec<NamedChild>, CallError> {
        let list = move |io: Io| async move {
            let node = io.fetch_node(directory).await?;
            let directory = node.as_directory().ok_or(Error::NodeMismatch)?;
            tree::list_directory(&io, directory, &from, max).await
        };
        self.run(workspace, list).await
    }

    async fn compare_trees(
        &self,
        workspace: WorkspaceId,
        before: NodeId,
        after: NodeId,
        expansion: Expansion,
        max: u64,
    ) -> Result<TreeDifference, CallError> {
        let compare =
            move |io| async move { tree::difference(&io, before, after, expansion, max).await };
        self.run(workspace, compare).await
    }

    async fn prove_path(
        &self,
        workspace: WorkspaceId,
        root: NodeId,
        snapshot: Option<Bytes>,
        path: Path,
        grade: Grade,
    ) -> Result<Option<Vec<u8>>, CallError> {
        let of = match snapshot {
            Some(bytes) => {
                let snapshot = Snapshot::decode(&bytes)?;
                if snapshot.root != root {
                    return Err(Error::RootMismatch.into());
                }
                ProofOf::Snapshot(Box::new(snapshot))
            }
            None => ProofOf::Root(root),
        };
        let prove = move |io| async move { tree::prove_path(&io, of, &path, grade).await };
        Ok(self.run(workspace, prove).await?.map(|proof| proof.encode()))
    }

    async fn verify_path(
        &self,
        proof: &[u8],
        expectation: Expectation,
    ) -> Result<Verdict, CallError> {
        Ok(TreeProof::verify(proof, expectation))
    }

    async fn check_object(&self, id: ObjectId, bytes: &[u8]) -> Result<(), CallError> {
        Object::check(id, bytes)?;
        Ok(())
    }

    async fn check_objects(
        &self,
        objects: Vec<StoredObject>,
    ) -> Result<Vec<Result<Object, Error>>, CallError> {
        Ok(objects.into_iter().map(|(id, bytes)| Object::check(id, &bytes)).collect())
    }

    async fn replay(&self) -> Result<Box<dyn Replay>, CallError> {
        Ok(Box::new(DirectReplay::default()))
    }

    async fn prove_inclusion(
        &self,
        leaves: &[Sha256Digest],
        index: u64,
    ) -> Result<Vec<Sha256Digest>, CallError> {
        Ok(ledger::prove_inclusion(leaves, index)?)
    }

    async fn prove_consistency(
        &self,
        leaves: &[Sha256Digest],
        leaves_before: u64,
    ) -> Result<Vec<Sha256Digest>, CallError> {
        Ok(ledger::prove_consistency(leaves, leaves_before)?)
    }

    async fn verify_inclusion(
        &self,
        claim: InclusionClaim,
        proof: &[Sha256Digest],
    ) -> Result<(), CallError> {
        Ok(claim.check(proof)?)
    }

    async fn verify_consistency(
        &self,
        claim: ConsistencyClaim,
        proof: &[Sha256Digest],
    ) -> Result<(), CallError> {
        Ok(claim.check(proof)?)
    }

    async fn commit_entry(
        &self,
        workspace: WorkspaceId,
        entry: Bytes,
        rows: Vec<RowChange>,
    ) -> Result<Outcome, CallError> {
        let entry = LedgerEntry::decode(&entry)?;
        let expected = entry.number.checked_sub(1);
        let batch = Batch { expected, entries: vec![StoredEntry::of(&entry)], rows };
        Ok(self.0.commit(workspace, batch).await?)
    }
}

fn built_map(built: map::BuiltMap) -> BuiltMap {
    BuiltMap { root: built.root, pages: objects(built.pages).collect() }
}

/// Pages as objects, in their order.
pub(crate) fn objects(pages: Vec<(MapId, Page)>) -> impl Iterator<Item = StoredObject> {
    pages.into_iter().map(|(id, page)| (id.into(), page.encode().into()))
}

fn slices(pages: &[Vec<u8>]) -> Vec<&[u8]> {
    pages.iter().map(Vec::as_slice).collect()
}
