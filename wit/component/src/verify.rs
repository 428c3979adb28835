//! Bytes in, verdict out.

use alloc::vec::Vec;

use markerbed_core::{
    MapId, NodeId, Object,
    codec::Canonical,
    ledger::{ConsistencyClaim, InclusionClaim},
    map::{self, MapKind},
    tree::{self, Finding, Node, TreeClaim, TreeProof},
};

use crate::{
    bindings::exports::markerbed::engine::verify::{self, Entry, Expectation, ObjectId, Verdict},
    bindings::types,
    convert::{entry, ids, map_kind, slices},
    guest::Guest,
};

impl verify::Guest for Guest {
    fn tree_proof(proof: Vec<u8>, expectation: Expectation) -> Verdict {
        let expectation = match expectation {
            Expectation::Nothing => tree::Expectation::Nothing,
            Expectation::Root(root) => tree::Expectation::Root(root.into()),
            Expectation::Snapshot(snapshot) => tree::Expectation::Snapshot(snapshot.into()),
        };
        match TreeProof::verify(&proof, expectation) {
            tree::Verdict::Verified(claim) => Verdict::Verified(tree_claim(claim)),
            tree::Verdict::Consistent(claim) => Verdict::Consistent(tree_claim(claim)),
            tree::Verdict::Differs(claim) => Verdict::Differs(tree_claim(claim)),
            tree::Verdict::Broken(error) => Verdict::Broken(error.into()),
        }
    }

    fn check_object(id: ObjectId, bytes: Vec<u8>) -> Result<(), types::Error> {
        Object::check(id.into(), &bytes).map(drop).map_err(Into::into)
    }

    fn check_objects(objects: Vec<types::Object>) -> Vec<Option<types::Error>> {
        let fault = |object: &types::Object| {
            Object::check(object.id.into(), &object.bytes).err().map(Into::into)
        };
        objects.iter().map(fault).collect()
    }

    fn map_range(
        root: types::Id,
        kind: u8,
        from: Vec<u8>,
        to: Vec<u8>,
        pages: Vec<Vec<u8>>,
    ) -> Result<Vec<Entry>, types::Error> {
        let verified =
            |kind: MapKind| map::verify_full(root.into(), kind, &from, &to, &slices(&pages));
        let entries = map_kind(kind).and_then(verified)?;
        Ok(entries.into_iter().map(entry).collect())
    }

    fn map_entry(
        root: types::Id,
        kind: u8,
        key: Vec<u8>,
        pages: Vec<Vec<u8>>,
    ) -> Result<Entry, types::Error> {
        let root: MapId = root.into();
        let verified = |kind: MapKind| map::verify_blind(root, kind, &key, &slices(&pages));
        map_kind(kind).and_then(verified).map(entry).map_err(Into::into)
    }

    fn inclusion(claim: verify::InclusionClaim, proof: Vec<types::Id>) -> Result<(), types::Error> {
        let claim = InclusionClaim {
            leaf: claim.leaf.into(),
            index: claim.index,
            leaves: claim.leaves,
            root: claim.root.into(),
        };
        claim.check(&ids(proof)).map_err(Into::into)
    }

    fn consistency(
        claim: verify::ConsistencyClaim,
        proof: Vec<types::Id>,
    ) -> Result<(), types::Error> {
        let claim = ConsistencyClaim {
            leaves_before: claim.leaves_before,
            root_before: claim.root_before.into(),
            leaves: claim.leaves,
            root: claim.root.into(),
        };
        claim.check(&ids(proof)).map_err(Into::into)
    }
}

fn tree_claim(claim: TreeClaim) -> verify::TreeClaim {
    let object = |id: NodeId, node: Node| types::Object {
        id: markerbed_core::ObjectId::from(id).into(),
        bytes: node.encode(),
    };
    let found = match claim.found {
        Finding::Present { id, node } => verify::Finding::Present(object(id, node)),
        Finding::Contained { id, node } => verify::Finding::Contained(object(id, node)),
        Finding::Absent => verify::Finding::Absent,
    };
    verify::TreeClaim {
        root: claim.root.into(),
        snapshot: claim.snapshot.map(Into::into),
        path: claim.path.as_bytes().to_vec(),
        found,
    }
}
