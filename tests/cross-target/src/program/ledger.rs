//! The ledger: replayed, proven and continued.

use bytes::Bytes;
use markerbed_core::{
    Id16, NodeId, Sha256Digest, SnapshotId, StateId,
    codec::Canonical,
    hash::content_id,
    ledger::{ConsistencyClaim, InclusionClaim, LedgerEntry, Operation, RefMove},
};
use markerbed_engine::{CallError, Replayed};
use markerbed_storage::Records;

use super::{AGENT, GENESIS, Program, WORKSPACE, label, snapshot};
use crate::Fault;

impl Program<'_> {
    pub(super) async fn ledger(&mut self) {
        for _ in 0..self.random.below(6) {
            let entry = self.next_entry();
            self.entries.push(entry);
        }
        let replayed = self.replay().await;
        self.note("replay", &replayed);
        let leaves: Vec<Sha256Digest> = self.entries.iter().map(LedgerEntry::leaf).collect();
        let size = leaves.len() as u64;
        let index = self.random.below(size + 1);
        let proof = self.engine.prove_inclusion(&leaves, index).await;
        self.note("prove-inclusion", &proof);
        if let (Ok(proof), Ok(replayed)) = (&proof, &replayed) {
            let leaf = leaves.get(index as usize).copied().unwrap_or(replayed.log_root);
            let root = replayed.log_root;
            let claim = InclusionClaim { leaf, index, leaves: size, root };
            let verified = self.engine.verify_inclusion(claim, proof).await;
            self.note("verify-inclusion", &verified);
        }
        let leaves_before = self.random.below(size + 2);
        let proof = self.engine.prove_consistency(&leaves, leaves_before).await;
        self.note("prove-consistency", &proof);
        if let (Ok(proof), Ok(replayed)) = (&proof, &replayed) {
            let root = replayed.log_root;
            let claim = ConsistencyClaim { leaves_before, root_before: root, leaves: size, root };
            let verified = self.engine.verify_consistency(claim, proof).await;
            self.note("verify-consistency", &verified);
        }
        self.commit().await;
    }

    async fn replay(&mut self) -> Result<Replayed, CallError> {
        let mut entries: Vec<Bytes> =
            self.entries.iter().map(|entry| entry.encode().into()).collect();
        if self.random.below(4) == 0 {
            entries.pop().into_iter().for_each(|last| {
                let mut last = last.to_vec();
                self.mutate(&mut last);
                entries.push(last.into());
            });
        }
        let mut replay = self.engine.replay().await?;
        let replayed = match replay.apply(entries.clone()).await {
            Ok(()) => replay.state().await,
            Err(error) => Err(error),
        };
        self.judge_state(&entries, &replayed);
        replayed
    }

    /// An entry that follows, or one that does not.
    fn next_entry(&mut self) -> LedgerEntry {
        let number = self.entries.len() as u64;
        let operation = if number == 0 {
            Operation::WorkspaceCreated(GENESIS)
        } else {
            let root = self.a_tree().unwrap_or(NodeId::from_bytes([0; 32]));
            let snapshot = snapshot(root, self.random.below(12)).id();
            let moves = (self.random.below(2) == 0)
                .then(|| RefMove { name: label("main"), from: self.ref_place() });
            Operation::SnapshotCommitted { snapshot, moves }
        };
        let request = self.id16();
        LedgerEntry { number, time_ms: 1_700_000_000_000, agent: AGENT, request, operation }
    }

    /// Where the ref is after the entries so far; sometimes where it is not.
    fn ref_place(&mut self) -> Option<SnapshotId> {
        if self.random.below(8) == 0 {
            return Some(SnapshotId::from_bytes([7; 32]));
        }
        self.entries.iter().rev().find_map(|entry| match &entry.operation {
            Operation::SnapshotCommitted { snapshot, moves: Some(_) } => Some(*snapshot),
            _ => None,
        })
    }

    async fn commit(&mut self) {
        let Some(root) = self.a_tree() else { return };
        let number = self.traced.memory().number(WORKSPACE).await.ok().flatten();
        let after = number.unwrap_or(self.random.below(3));
        let snapshot = snapshot(root, self.random.below(12)).id();
        let entry = LedgerEntry {
            number: after.saturating_add(1),
            time_ms: -1,
            agent: AGENT,
            request: self.id16(),
            operation: Operation::SnapshotCommitted { snapshot, moves: None },
        };
        if self.random.below(6) == 0 {
            self.traced.arm(Some(Fault::Fails));
        }
        let mut bytes = entry.encode();
        if self.random.below(8) == 0 {
            self.mutate(&mut bytes);
        }
        let outcome = self.engine.commit_entry(WORKSPACE, bytes.into(), Vec::new()).await;
        self.note("commit-entry of a snapshot", &outcome);
        let number = self.traced.memory().number(WORKSPACE).await.ok().flatten();
        let number = number.map_or(0, |number| number + 1);
        let request = content_id(&number.to_le_bytes());
        let entry = LedgerEntry {
            number,
            time_ms: 1,
            agent: AGENT,
            request: Id16::from_bytes(request.as_bytes().first_chunk().copied().unwrap_or([0; 16])),
            operation: Operation::State(StateId::from_bytes([5; 32])),
        };
        self.traced.arm(self.fault);
        let outcome = self.engine.commit_entry(WORKSPACE, entry.encode().into(), Vec::new()).await;
        self.note("commit-entry", &outcome);
    }
}
