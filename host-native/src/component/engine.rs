//! The trait [`Engine`] by a component.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{
    AttributesId, ContentId, Error, MapId, NodeId, Object, ObjectId, Sha256Digest, WorkspaceId,
    codec::Canonical,
    ledger::{ConsistencyClaim, InclusionClaim, LedgerEntry},
    map::{Change, Difference, Entry, MapKind},
    tree::{
        Expansion, Expectation, Grade, Name, NamedChild, Node, Path, Resolved, TreeDifference,
        TreeProof, Verdict,
    },
};
use markerbed_engine::{
    BuiltDirectory, BuiltMap, CallError, ContentHasher, Engine, MapBuilder, Replay, StoredObject,
    TreeWriter,
};
use markerbed_storage::drive::chunks;

use super::{
    Component,
    answers::{built_map, change, child, digests, ids, place},
    bindings::engine::{
        exports::markerbed::engine::{maps, trees, verify},
        markerbed::engine::{
            records::{self, Outcome},
            types::{self, Id},
        },
    },
    builder::InstanceBuilder,
    failure::{answered, cannot_be, stopped, wrong},
    hasher::{InstanceHasher, content_ids},
    instance::{Ready, call},
    replay::InstanceReplay,
    writer::InstanceWriter,
};
use crate::store::{self, Batch, Store, StoredEntry};

/// The engine as a component of the world `engine`, over a store.
///
/// Each call runs in an instance of its own.
#[derive(Clone)]
pub struct ComponentEngine {
    ready: Ready,
    store: Arc<dyn Store>,
}

impl ComponentEngine {
    /// Takes a component and binds what it asks for to `store`.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::NotAComponent`](markerbed_engine::RuntimeError::NotAComponent) if it is of
    /// another world or asks for more than storage,
    /// [`RuntimeError::OtherFormat`](markerbed_engine::RuntimeError::OtherFormat).
    pub async fn new(component: Component, store: Arc<dyn Store>) -> Result<Self, CallError> {
        Ok(Self { ready: Ready::new(component).await?, store })
    }

    async fn instance(&self) -> Result<super::instance::Instance, CallError> {
        self.ready.instance(self.store.clone()).await
    }
}

#[async_trait]
impl Engine for ComponentEngine {
    fn on(&self, store: Arc<dyn Store>) -> Arc<dyn Engine> {
        Arc::new(Self { ready: self.ready.clone(), store })
    }

    async fn content_ids(&self, contents: &[Bytes]) -> Result<Vec<ContentId>, CallError> {
        content_ids(self.instance().await?, contents).await
    }

    async fn content_hasher(&self) -> Result<Box<dyn ContentHasher>, CallError> {
        Ok(Box::new(InstanceHasher::new(self.instance().await?).await?))
    }

    async fn build_map(&self, kind: MapKind, entries: Vec<Entry>) -> Result<BuiltMap, CallError> {
        let mut instance = self.instance().await?;
        let entries: Vec<verify::Entry> = entries.into_iter().map(Into::into).collect();
        call!(instance, markerbed_engine_maps.call_build(kind.number(), &entries)).map(built_map)
    }

    async fn map_builder(&self, kind: MapKind) -> Result<Box<dyn MapBuilder>, CallError> {
        Ok(Box::new(InstanceBuilder::new(self.instance().await?, kind).await?))
    }

    async fn look_up(
        &self,
        workspace: WorkspaceId,
        (map, kind): (MapId, MapKind),
        keys: Vec<Vec<u8>>,
    ) -> Result<Vec<Option<Vec<u8>>>, CallError> {
        let mut instance = self.instance().await?;
        let (workspace, map, kind) = place(workspace, map, kind);
        call!(instance, markerbed_engine_maps.call_look_up(workspace, map, kind, &keys))
    }

    async fn range(
        &self,
        workspace: WorkspaceId,
        (map, kind): (MapId, MapKind),
        from: Vec<u8>,
        max: u64,
    ) -> Result<Vec<Entry>, CallError> {
        let mut instance = self.instance().await?;
        let (workspace, map, kind) = place(workspace, map, kind);
        let entries =
            call!(instance, markerbed_engine_maps.call_range(workspace, map, kind, &from, max))?;
        Ok(entries.into_iter().map(Into::into).collect())
    }

    async fn update_map(
        &self,
        workspace: WorkspaceId,
        (map, kind): (MapId, MapKind),
        changes: Vec<Change>,
    ) -> Result<BuiltMap, CallError> {
        let mut instance = self.instance().await?;
        let (workspace, map, kind) = place(workspace, map, kind);
        let change = |Change { key, value }| maps::Change { key, value };
        let changes: Vec<maps::Change> = changes.into_iter().map(change).collect();
        let made =
            call!(instance, markerbed_engine_maps.call_update(workspace, map, kind, &changes));
        made.map(built_map)
    }

    async fn compare_maps(
        &self,
        workspace: WorkspaceId,
        kind: MapKind,
        before: MapId,
        after: MapId,
    ) -> Result<Vec<Difference>, CallError> {
        let mut instance = self.instance().await?;
        let (workspace, before, kind) = place(workspace, before, kind);
        let after = Id::from(after);
        let found =
            call!(instance, markerbed_engine_maps.call_compare(workspace, kind, before, after))?;
        let difference =
            |maps::Difference { key, before, after }| Difference { key, before, after };
        Ok(found.into_iter().map(difference).collect())
    }

    async fn prove_range(
        &self,
        workspace: WorkspaceId,
        (map, kind): (MapId, MapKind),
        from: Vec<u8>,
        to: Vec<u8>,
    ) -> Result<Vec<Vec<u8>>, CallError> {
        let mut instance = self.instance().await?;
        let (workspace, map, kind) = place(workspace, map, kind);
        call!(instance, markerbed_engine_maps.call_prove_range(workspace, map, kind, &from, &to))
    }

    async fn prove_entry(
        &self,
        workspace: WorkspaceId,
        (map, kind): (MapId, MapKind),
        key: Vec<u8>,
    ) -> Result<Option<Vec<Vec<u8>>>, CallError> {
        let mut instance = self.instance().await?;
        let (workspace, map, kind) = place(workspace, map, kind);
        call!(instance, markerbed_engine_maps.call_prove_entry(workspace, map, kind, &key))
    }

    async fn verify_range(
        &self,
        (map, kind): (MapId, MapKind),
        from: Vec<u8>,
        to: Vec<u8>,
        pages: Vec<Vec<u8>>,
    ) -> Result<Vec<Entry>, CallError> {
        let mut instance = self.instance().await?;
        let (map, kind) = (map.into(), kind.number());
        let entries =
            call!(instance, markerbed_engine_verify.call_map_range(map, kind, &from, &to, &pages))?;
        Ok(entries.into_iter().map(Into::into).collect())
    }

    async fn verify_entry(
        &self,
        (map, kind): (MapId, MapKind),
        key: Vec<u8>,
        pages: Vec<Vec<u8>>,
    ) -> Result<Entry, CallError> {
        let mut instance = self.instance().await?;
        let (map, kind) = (map.into(), kind.number());
        call!(instance, markerbed_engine_verify.call_map_entry(map, kind, &key, &pages))
            .map(Into::into)
    }

    async fn build_directory(
        &self,
        children: Vec<(Name, Node)>,
    ) -> Result<BuiltDirectory, CallError> {
        let mut instance = self.instance().await?;
        let named = |(name, node): (Name, Node)| trees::NamedNode {
            name: name.as_bytes().to_vec(),
            node: node.encode(),
        };
        let children: Vec<trees::NamedNode> = children.into_iter().map(named).collect();
        let built = call!(instance, markerbed_engine_trees.call_build_directory(&children))?;
        let pages = built.pages.into_iter().map(Into::into).collect();
        Ok(BuiltDirectory { node: built.node.into(), pages })
    }

    async fn write_tree(&self, workspace: WorkspaceId) -> Result<Box<dyn TreeWriter>, CallError> {
        Ok(Box::new(InstanceWriter::new(self.instance().await?, workspace).await?))
    }

    async fn resolve(
        &self,
        workspace: WorkspaceId,
        root: NodeId,
        path: Path,
    ) -> Result<Resolved, CallError> {
        let mut instance = self.instance().await?;
        let (workspace, root, path) = (workspace.into(), root.into(), path.as_bytes());
        let resolved = call!(instance, markerbed_engine_trees.call_resolve(workspace, root, path))?;
        Ok(match resolved {
            trees::Resolved::Found(object) => {
                let object = Object::check(object.id.into(), &object.bytes);
                let object = object.map_err(cannot_be)?;
                let node = object.as_node().ok_or_else(|| cannot_be(Error::NodeMismatch))?.clone();
                Resolved::Found { id: NodeId::from_bytes(object.id().bytes), node }
            }
            trees::Resolved::Absent(depth) => Resolved::Absent { depth },
            trees::Resolved::NotDirectory(depth) => Resolved::NotDirectory { depth },
        })
    }

    async fn resolve_attributes(
        &self,
        workspace: WorkspaceId,
        root: AttributesId,
        path: Path,
    ) -> Result<Option<AttributesId>, CallError> {
        let mut instance = self.instance().await?;
        let (workspace, root, path) = (workspace.into(), root.into(), path.as_bytes());
        let resolved =
            call!(instance, markerbed_engine_trees.call_resolve_attributes(workspace, root, path))?;
        Ok(resolved.map(Into::into))
    }

    async fn list_directory(
        &self,
        workspace: WorkspaceId,
        directory: NodeId,
        from: Vec<u8>,
        max: u64,
    ) -> Result<Vec<NamedChild>, CallError> {
        let mut instance = self.instance().await?;
        let (workspace, directory) = (workspace.into(), directory.into());
        let listed = call!(
            instance,
            markerbed_engine_trees.call_list_directory(workspace, directory, &from, max)
        )?;
        let named = |trees::Child { name, kind, id }| -> Result<NamedChild, Error> {
            Ok(NamedChild { name: Name::new(&name)?, child: child(kind, id) })
        };
        listed.into_iter().map(named).collect::<Result<_, Error>>().map_err(cannot_be)
    }

    async fn compare_trees(
        &self,
        workspace: WorkspaceId,
        before: NodeId,
        after: NodeId,
        expansion: Expansion,
        max: u64,
    ) -> Result<TreeDifference, CallError> {
        let mut instance = self.instance().await?;
        let everything = expansion == Expansion::Everything;
        let (workspace, before, after) = (workspace.into(), before.into(), after.into());
        let found = call!(
            instance,
            markerbed_engine_trees.call_compare(workspace, before, after, everything, max)
        )?;
        let changes = found.changes.into_iter().map(change).collect::<Result<_, Error>>();
        let changes = changes.map_err(cannot_be)?;
        Ok(TreeDifference { changes, is_complete: found.complete })
    }

    async fn prove_path(
        &self,
        workspace: WorkspaceId,
        root: NodeId,
        snapshot: Option<Bytes>,
        path: Path,
        grade: Grade,
    ) -> Result<Option<Vec<u8>>, CallError> {
        let mut instance = self.instance().await?;
        let grade = match grade {
            Grade::Full => trees::Grade::Full,
            Grade::Blind => trees::Grade::Blind,
        };
        let (workspace, name) = (workspace.into(), path.as_bytes());
        let (of, snapshot) = (root.into(), snapshot.as_deref());
        let made = call!(
            instance,
            markerbed_engine_trees.call_prove(workspace, of, snapshot, name, grade)
        )?;
        match made {
            Some(proof) if !proves(&proof, root, &path) => {
                Err(wrong(format!("what it made proves nothing of {path} in {root}")))
            }
            made => Ok(made),
        }
    }

    async fn verify_path(
        &self,
        proof: &[u8],
        expectation: Expectation,
    ) -> Result<Verdict, CallError> {
        let mut instance = self.instance().await?;
        let verify = instance.world.markerbed_engine_verify();
        let verdict = verify.call_tree_proof(&mut instance.store, proof, expectation.into()).await;
        verdict.map_err(stopped)?.try_into().map_err(cannot_be)
    }

    async fn check_object(&self, id: ObjectId, bytes: &[u8]) -> Result<(), CallError> {
        let mut instance = self.instance().await?;
        let said = call!(instance, markerbed_engine_verify.call_check_object(id.into(), bytes));
        let said = match said {
            Ok(()) => None,
            Err(CallError::Engine(error)) => Some(error),
            Err(error) => return Err(error),
        };
        agreed(id, bytes, said)?.map(drop).map_err(Into::into)
    }

    async fn check_objects(
        &self,
        objects: Vec<StoredObject>,
    ) -> Result<Vec<Result<Object, Error>>, CallError> {
        let mut instance = self.instance().await?;
        let mut checked = Vec::with_capacity(objects.len());
        for objects in chunks(&objects) {
            let asked = |(id, bytes): &StoredObject| types::Object {
                id: (*id).into(),
                bytes: bytes.to_vec(),
            };
            let asked: Vec<types::Object> = objects.iter().map(asked).collect();
            let verify = instance.world.markerbed_engine_verify();
            let faults = verify.call_check_objects(&mut instance.store, &asked).await;
            let faults = faults.map_err(stopped)?;
            if faults.len() != objects.len() {
                return Err(cannot_be(Error::AnswersOutOfOrder));
            }
            for ((id, bytes), fault) in objects.iter().zip(faults) {
                let guest = instance.store.data_mut();
                let said = match fault.map(|fault| answered::<()>(guest, Err(fault))) {
                    Some(Err(CallError::Engine(error))) => Some(error),
                    Some(Err(error)) => return Err(error),
                    _ => None,
                };
                checked.push(agreed(*id, bytes, said)?);
            }
        }
        Ok(checked)
    }

    async fn replay(&self) -> Result<Box<dyn Replay>, CallError> {
        Ok(Box::new(InstanceReplay::new(self.instance().await?).await?))
    }

    async fn prove_inclusion(
        &self,
        leaves: &[Sha256Digest],
        index: u64,
    ) -> Result<Vec<Sha256Digest>, CallError> {
        let mut instance = self.instance().await?;
        let leaves = ids(leaves);
        call!(instance, markerbed_engine_ledger.call_prove_inclusion(&leaves, index)).map(digests)
    }

    async fn prove_consistency(
        &self,
        leaves: &[Sha256Digest],
        leaves_before: u64,
    ) -> Result<Vec<Sha256Digest>, CallError> {
        let mut instance = self.instance().await?;
        let leaves = ids(leaves);
        call!(instance, markerbed_engine_ledger.call_prove_consistency(&leaves, leaves_before))
            .map(digests)
    }

    async fn verify_inclusion(
        &self,
        claim: InclusionClaim,
        proof: &[Sha256Digest],
    ) -> Result<(), CallError> {
        let mut instance = self.instance().await?;
        let claim = verify::InclusionClaim {
            leaf: claim.leaf.into(),
            index: claim.index,
            leaves: claim.leaves,
            root: claim.root.into(),
        };
        call!(instance, markerbed_engine_verify.call_inclusion(claim, &ids(proof)))
    }

    async fn verify_consistency(
        &self,
        claim: ConsistencyClaim,
        proof: &[Sha256Digest],
    ) -> Result<(), CallError> {
        let mut instance = self.instance().await?;
        let claim = verify::ConsistencyClaim {
            leaves_before: claim.leaves_before,
            root_before: claim.root_before.into(),
            leaves: claim.leaves,
            root: claim.root.into(),
        };
        call!(instance, markerbed_engine_verify.call_consistency(claim, &ids(proof)))
    }

    async fn commit_entry(
        &self,
        workspace: WorkspaceId,
        entry: Bytes,
        rows: Vec<store::RowChange>,
    ) -> Result<store::Outcome, CallError> {
        let mut instance = self.instance().await?;
        let core = LedgerEntry::decode(&entry);
        if let Ok(entry) = &core {
            let expected = entry.number.checked_sub(1);
            let entries = vec![StoredEntry::of(entry)];
            instance.store.data_mut().order(Batch { expected, entries, rows: rows.clone() });
        }
        let (workspace, rows) = (workspace.into(), row_changes(rows));
        let said =
            call!(instance, markerbed_engine_ledger.call_commit_entry(workspace, &entry, &rows));
        match (said.map(became), core) {
            (Ok(said), _) if instance.store.data().outcome() == Some(said) => Ok(said),
            (Ok(_), _) => Err(wrong("it says of an entry what did not become of it")),
            (Err(CallError::Engine(said)), Err(core)) if said == core => Err(core.into()),
            (Err(CallError::Engine(_)), _) => Err(wrong("it refuses an entry otherwise than core")),
            (Err(error), _) => Err(error),
        }
    }
}

/// What core says of an object; an error if the component said something else.
fn agreed(
    id: ObjectId,
    bytes: &[u8],
    said: Option<Error>,
) -> Result<Result<Object, Error>, CallError> {
    let core = Object::check(id, bytes);
    match (core.as_ref().err(), said) {
        (None, Some(said)) => Err(wrong(format!("it refuses {id}, which is right: {said}"))),
        (Some(fault), None) => Err(wrong(format!("it takes something else for {id}: {fault}"))),
        (fault, said) if fault == said.as_ref() => Ok(core),
        (_, _) => Err(wrong(format!("it refuses {id} for another reason than core"))),
    }
}

/// Whether core finds in a proof what it was made for.
fn proves(proof: &[u8], root: NodeId, path: &Path) -> bool {
    match TreeProof::verify(proof, Expectation::Root(root)) {
        Verdict::Verified(claim) => claim.path == *path,
        _ => false,
    }
}

fn row_changes(rows: Vec<store::RowChange>) -> Vec<records::RowChange> {
    let row = |row: store::RowChange| records::RowChange {
        key: row.key.into(),
        value: row.value.map(Into::into),
    };
    rows.into_iter().map(row).collect()
}

const fn became(outcome: Outcome) -> store::Outcome {
    match outcome {
        Outcome::Committed(number) => store::Outcome::Committed { number },
        Outcome::Lost(number) => store::Outcome::Lost { number },
        Outcome::Already(number) => store::Outcome::Already { number },
    }
}
