//! Heads of the ledger to sign, signed ones kept, and proofs that stand on them.

use bytes::Bytes;
use markerbed_core::{
    Error, Sha256Digest,
    checkpoint::{Checkpoint, EntryProof, GrowthProof, SignedCheckpoint},
    id::PublicKey,
    ledger::{
        CompactRange, KeyRevocation, KeyRotation, KeyStatus, LedgerEntry, Operation,
        RevocationReason, leaf_hash, prove_consistency, prove_inclusion,
    },
};
use markerbed_storage::{Batch, Outcome, RowChange, RowRange, limits::ANSWER_ITEMS_MAX};

use crate::{Stamp, Workspace, WorkspaceError, commit::TRIES, rows};

/// The head of a ledger whose last entry is a state, ready to be signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Head {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// Who must sign it, in this order: the keys that were rotated out since the last checkpoint,
    /// and the active one (CHK-6).
    pub signers: Vec<PublicKey>,
}

impl Workspace {
    /// Computes the head of the ledger from the entries that are stored; if the newest is no state,
    /// one is recorded first (CHK-4).
    ///
    /// # Errors
    ///
    /// As [`Workspace::record_state`].
    pub async fn head(&self, stamp: &Stamp) -> Result<Head, WorkspaceError> {
        let number = self.number().await?;
        let newest = self.entry(number).await?.ok_or(WorkspaceError::MissingEntry { number })?;
        let number = match newest.operation {
            Operation::State(_) => number,
            // Rivals may append behind it: the head ends with the state all the same.
            _ => self.record_state(stamp).await?.1,
        };
        let signed = self.newest_checkpoint().await?.map_or(0, |signed| signed.checkpoint().size());
        let mut log = CompactRange::new();
        let mut signers = Vec::new();
        let mut active = None;
        self.each_entry(number + 1, |entry, bytes| {
            log.append(leaf_hash(bytes));
            match &entry.operation {
                Operation::WorkspaceCreated(genesis) => active = Some(genesis.first_key),
                Operation::KeyRotated(rotation) => {
                    if entry.number >= signed {
                        signers.push(rotation.old);
                    }
                    active = Some(rotation.new);
                }
                _ => {}
            }
            Ok(())
        })
        .await?;
        signers.extend(active);
        Ok(Head { checkpoint: Checkpoint::new(self.id(), log.leaves(), log.root()), signers })
    }

    /// The root over the first `size` entries that are stored.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::MissingEntry`] if there are fewer, or a failure of the store.
    pub async fn root_of(&self, size: u64) -> Result<Sha256Digest, WorkspaceError> {
        let mut log = CompactRange::new();
        self.each_entry(size, |_, bytes| {
            log.append(leaf_hash(bytes));
            Ok(())
        })
        .await?;
        Ok(log.root())
    }

    /// Keeps a checkpoint, so that proofs can stand on it. It is no part of the ledger.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::LostRace`], or a failure of the store.
    pub async fn keep_checkpoint(&self, signed: &SignedCheckpoint) -> Result<(), WorkspaceError> {
        let key = rows::checkpoint_key(signed.checkpoint().size());
        let value = Bytes::from(signed.note().to_text());
        for _ in 0..TRIES {
            let rows = vec![RowChange { key: key.clone(), value: Some(value.clone()) }];
            let expected = Some(self.number().await?);
            let batch = Batch { expected, entries: Vec::new(), rows };
            match self.store().commit(self.id(), batch).await? {
                Outcome::Lost { .. } => {}
                _ => return Ok(()),
            }
        }
        Err(WorkspaceError::LostRace { tries: TRIES })
    }

    /// Lists the checkpoints that are kept, the smallest first.
    ///
    /// # Errors
    ///
    /// A failure of the store, or a broken row.
    pub async fn checkpoints(&self) -> Result<Vec<SignedCheckpoint>, WorkspaceError> {
        let mut signed = Vec::new();
        let mut range = RowRange { prefix: rows::CHECKPOINTS.into(), after: None };
        loop {
            let found = self.store().range_rows(self.id(), &range, ANSWER_ITEMS_MAX).await?;
            let Some((last, _)) = found.last() else { return Ok(signed) };
            range.after = Some(last.clone());
            for (_, note) in found {
                signed.push(SignedCheckpoint::parse(&note).map_err(|_| BROKEN_CHECKPOINT)?);
            }
        }
    }

    /// The largest checkpoint that is kept.
    ///
    /// # Errors
    ///
    /// As [`Self::checkpoints`].
    pub async fn newest_checkpoint(&self) -> Result<Option<SignedCheckpoint>, WorkspaceError> {
        Ok(self.checkpoints().await?.pop())
    }

    /// Proves that an entry is among those of a checkpoint.
    ///
    /// # Errors
    ///
    /// [`Error::BadProof`] for an entry that is not, [`Error::RootMismatch`] if the ledger is not
    /// the one that was signed, or a failure of the store.
    pub async fn prove_entry(
        &self,
        number: u64,
        checkpoint: SignedCheckpoint,
    ) -> Result<EntryProof, WorkspaceError> {
        let leaves = self.leaves_of(checkpoint.checkpoint()).await?;
        let hashes = prove_inclusion(&leaves, number)?;
        let entries = self.entries(number..number.saturating_add(1)).await?;
        let (_, entry) = entries.first().ok_or(WorkspaceError::MissingEntry { number })?;
        let proof = EntryProof { entry: Some(entry.to_vec()), index: number, hashes, checkpoint };
        proof.check_entry()?;
        Ok(proof)
    }

    /// Proves that the ledger of the first `size_before` entries grew into that of a checkpoint.
    ///
    /// # Errors
    ///
    /// [`Error::BadProof`] for a size above that of the checkpoint, otherwise as
    /// [`Self::prove_entry`].
    pub async fn prove_growth(
        &self,
        size_before: u64,
        checkpoint: SignedCheckpoint,
    ) -> Result<GrowthProof, WorkspaceError> {
        let leaves = self.leaves_of(checkpoint.checkpoint()).await?;
        let hashes = prove_consistency(&leaves, size_before)?;
        Ok(GrowthProof { size_before, hashes, checkpoint })
    }

    /// Lists the signing keys of the workspace, by key.
    ///
    /// # Errors
    ///
    /// A failure of the store, or a broken row.
    pub async fn signing_keys(&self) -> Result<Vec<(PublicKey, KeyStatus)>, WorkspaceError> {
        let mut keys = Vec::new();
        let mut range = RowRange { prefix: rows::signing_keys_prefix(), after: None };
        loop {
            let found = self.store().range_rows(self.id(), &range, ANSWER_ITEMS_MAX).await?;
            let Some((last, _)) = found.last() else { return Ok(keys) };
            range.after = Some(last.clone());
            for (key, value) in found {
                keys.push(rows::signing_key(&key, &value).ok_or(BROKEN_KEY)?);
            }
        }
    }

    /// The key that signs.
    ///
    /// # Errors
    ///
    /// As [`Self::signing_keys`].
    pub async fn active_key(&self) -> Result<PublicKey, WorkspaceError> {
        let keys = self.signing_keys().await?;
        let active = keys.iter().find(|(_, status)| *status == KeyStatus::Active);
        Ok(active.ok_or(BROKEN_KEY)?.0)
    }

    /// Lets a key take over from the active one; `sign` signs with it the message for an entry.
    ///
    /// # Errors
    ///
    /// As APPLY-6, [`WorkspaceError::LostRace`], or a failure of the store.
    pub async fn rotate_key(
        &self,
        new: PublicKey,
        sign: impl Fn(&[u8]) -> markerbed_core::signature::Signature,
        stamp: &Stamp,
    ) -> Result<u64, WorkspaceError> {
        for _ in 0..TRIES {
            let same = |operation: &Operation| match operation {
                Operation::KeyRotated(rotation) => rotation.new == new,
                _ => false,
            };
            if let Some(number) = self.recorded_as(stamp, same).await? {
                return Ok(number);
            }
            let keys = self.signing_keys().await?;
            if keys.iter().any(|(key, _)| *key == new) {
                return Err(WorkspaceError::Key(Error::KnownKey { key: new }));
            }
            let old = self.active_key().await?;
            let tip = self.tip().await?;
            let number = tip.log.leaves();
            let signature = sign(&KeyRotation::message(&old, self.id(), number));
            let rotation = KeyRotation { old, new, signature };
            rotation.check(self.id(), number)?;
            let operation = Operation::KeyRotated(rotation);
            if let Some(number) = self.append(tip, operation, stamp).await? {
                return Ok(number);
            }
        }
        Err(self.lost().await?)
    }

    /// Revokes a key that was rotated out.
    ///
    /// # Errors
    ///
    /// As APPLY-7, [`WorkspaceError::LostRace`], or a failure of the store.
    pub async fn revoke_key(
        &self,
        key: PublicKey,
        reason: RevocationReason,
        stamp: &Stamp,
    ) -> Result<u64, WorkspaceError> {
        let operation = Operation::KeyRevoked(KeyRevocation { key, reason });
        for _ in 0..TRIES {
            if let Some(number) = self.recorded_as(stamp, |found| *found == operation).await? {
                return Ok(number);
            }
            let tip = self.tip().await?;
            let keys = self.signing_keys().await?;
            match keys.iter().find(|(found, _)| *found == key) {
                None => return Err(WorkspaceError::Key(Error::ForeignKey { key })),
                Some((_, KeyStatus::Active)) => {
                    return Err(WorkspaceError::Key(Error::LastKey { key }));
                }
                Some((_, KeyStatus::Revoked)) => {
                    return Err(WorkspaceError::Key(Error::RevokedKey { key }));
                }
                Some(_) => {}
            }
            if let Some(number) = self.append(tip, operation.clone(), stamp).await? {
                return Ok(number);
            }
        }
        Err(self.lost().await?)
    }

    /// The leaves that a checkpoint is of.
    async fn leaves_of(
        &self,
        checkpoint: &Checkpoint,
    ) -> Result<Vec<Sha256Digest>, WorkspaceError> {
        if checkpoint.workspace() != Some(self.id()) {
            return Err(Error::OtherOrigin.into());
        }
        let mut leaves = Vec::new();
        self.each_entry(checkpoint.size(), |_, bytes| {
            leaves.push(leaf_hash(bytes));
            Ok(())
        })
        .await?;
        if CompactRange::of(&leaves).root() == checkpoint.root() {
            Ok(leaves)
        } else {
            Err(Error::RootMismatch.into())
        }
    }

    /// Reads the first `count` entries in their order, until one is refused.
    pub(crate) async fn each_entry(
        &self,
        count: u64,
        mut take: impl FnMut(&LedgerEntry, &Bytes) -> Result<(), Error>,
    ) -> Result<(), WorkspaceError> {
        let mut number = 0;
        while number < count {
            let entries = self.entries(number..count).await?;
            if entries.is_empty() {
                return Err(WorkspaceError::MissingEntry { number });
            }
            for (entry, bytes) in &entries {
                take(entry, bytes)?;
                number += 1;
            }
        }
        Ok(())
    }
}

const BROKEN_CHECKPOINT: WorkspaceError = WorkspaceError::BrokenRow { row: "a checkpoint" };
const BROKEN_KEY: WorkspaceError = WorkspaceError::BrokenRow { row: "a signing key" };
