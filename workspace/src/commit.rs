//! Writes entries: each with everything that follows from it in one batch, by compare-and-swap.

use bytes::Bytes;
use markerbed_core::{
    Error, ObjectId, SnapshotId,
    access::{Right, Scope},
    codec::Canonical,
    ledger::{LedgerEntry, Operation, RefChange, RefMove},
    tree::{Label, Snapshot},
};
use markerbed_storage::{Batch, Outcome, RowChange, StoredEntry};

use crate::{
    Holding, RecordedSnapshot, SnapshotDraft, Stamp, Workspace, WorkspaceError,
    documents::{self, Gaps},
    draft::Documents,
    group::Done,
    read::TIP_ROW,
    reference::check_nameable,
    rows::{self, Tip},
};

/// When a snapshot is recorded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum When {
    /// Only if it says something else or more than the newest of its source (SNAP-4).
    Changed,
    /// Also to say: looked, nothing has changed.
    Always,
}

/// What became of a snapshot.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Committed {
    /// It is recorded.
    Recorded(RecordedSnapshot),
    /// Nothing was written: this one, the newest of the source, says the same.
    Unchanged(RecordedSnapshot),
}

/// What became of a ref.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefOutcome {
    /// It was moved, by the entry with this number.
    Moved {
        /// The entry's number.
        number: u64,
    },
    /// Nothing was written: it is there already.
    Unchanged,
}

/// What is written together with what others wish.
pub(crate) enum Wish {
    /// A snapshot shall be recorded.
    Snapshot {
        /// What was taken.
        draft: Box<SnapshotDraft>,
        /// When it is recorded.
        when: When,
    },
    /// A ref shall be where `to` says.
    Ref {
        /// Its name.
        name: Label,
        /// Where it is.
        from: Option<SnapshotId>,
        /// Where it shall be.
        to: Option<SnapshotId>,
    },
}

impl Workspace {
    /// Records a snapshot and moves the ref named like its source to it.
    ///
    /// Its parent is the newest snapshot of the same source. If another writer is faster, it is
    /// made anew from what is there then. The same stamp again gives the same answer.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Unnameable`] for a new source that no reference could mean,
    /// [`WorkspaceError::LostRace`], [`WorkspaceError::RequestTaken`],
    /// [`WorkspaceError::BadDocument`], [`Error::MissingObject`] if the root was not put, or a
    /// failure of the store.
    pub async fn commit_snapshot(
        &self,
        draft: &SnapshotDraft,
        when: When,
        stamp: &Stamp,
    ) -> Result<Committed, WorkspaceError> {
        let wish = Wish::Snapshot { draft: Box::new(draft.clone()), when };
        match self.do_in_turn(wish, stamp).await? {
            Done::Snapshot(committed) => Ok(*committed),
            Done::Ref(_) => Err(Error::AnswersOutOfOrder.into()),
        }
    }

    /// Sets or moves a ref that is at `from`; none means that there is no such ref yet.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::RefMoved`] if it is elsewhere, [`WorkspaceError::UnknownSnapshot`],
    /// [`WorkspaceError::Unnameable`] for a new ref, otherwise as [`Self::commit_snapshot`].
    pub async fn move_ref(
        &self,
        name: &Label,
        from: Option<SnapshotId>,
        to: SnapshotId,
        stamp: &Stamp,
    ) -> Result<RefOutcome, WorkspaceError> {
        if from.is_none() {
            check_nameable(name)?;
        }
        self.change_ref_in_turn(name, from, Some(to), stamp).await
    }

    /// Removes a ref that is at `from`; the snapshots stay.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::RefMoved`] if it is elsewhere, otherwise as [`Self::commit_snapshot`].
    pub async fn remove_ref(
        &self,
        name: &Label,
        from: SnapshotId,
        stamp: &Stamp,
    ) -> Result<RefOutcome, WorkspaceError> {
        self.change_ref_in_turn(name, Some(from), None, stamp).await
    }

    /// Does what is wished, by itself.
    ///
    /// # Errors
    ///
    /// As the call that wished it.
    pub(crate) async fn fulfil(&self, wish: &Wish, stamp: &Stamp) -> Result<Done, WorkspaceError> {
        Ok(match wish {
            Wish::Snapshot { draft, when } => {
                Done::Snapshot(Box::new(self.record_snapshot(draft, *when, stamp).await?))
            }
            Wish::Ref { name, from, to } => {
                Done::Ref(self.change_ref(name, *from, *to, stamp).await?)
            }
        })
    }

    async fn record_snapshot(
        &self,
        draft: &SnapshotDraft,
        when: When,
        stamp: &Stamp,
    ) -> Result<Committed, WorkspaceError> {
        let documents = Documents::of(draft)?;
        self.check_root_is_put(draft).await?;
        for _ in 0..TRIES {
            if let Some(entry) = self.recorded(stamp).await? {
                return self.recorded_snapshot(draft, &documents, &entry, stamp).await;
            }
            let tip = self.tip().await?;
            self.check_permitted(stamp.agent, Right::Write, &Scope::WHOLE).await?;
            let parent = self.newest_of_source(&draft.source).await?;
            if when == When::Changed
                && let Some(parent) = &parent
                && self.says_the_same(draft, &documents, &parent.snapshot).await?
            {
                // Contents that were lost may have been put again.
                self.store().flush_contents(self.id()).await?;
                return Ok(Committed::Unchanged(parent.clone()));
            }
            let from = self.find_ref(&draft.source).await?;
            if from.is_none() {
                check_nameable(&draft.source)?;
            }
            let parents = parent.iter().map(|parent| parent.id).collect();
            let snapshot = draft.snapshot(&documents, parents, stamp.agent)?;
            let id = snapshot.id();
            // An entry that says it twice could never be replayed (APPLY-3).
            if self.find_snapshot(id).await?.is_some() {
                return Err(Error::AlreadyRecorded { id }.into());
            }
            let moves = RefMove { name: draft.source.clone(), from };
            let ordinal = tip.snapshots;
            self.put_documents(draft).await?;
            if let Some(number) = self.append_snapshot(tip, &snapshot, moves, stamp).await? {
                let recorded = RecordedSnapshot { id, ordinal, number, snapshot };
                return Ok(Committed::Recorded(recorded));
            }
        }
        Err(self.lost().await?)
    }

    async fn change_ref_in_turn(
        &self,
        name: &Label,
        from: Option<SnapshotId>,
        to: Option<SnapshotId>,
        stamp: &Stamp,
    ) -> Result<RefOutcome, WorkspaceError> {
        match self.do_in_turn(Wish::Ref { name: name.clone(), from, to }, stamp).await? {
            Done::Ref(outcome) => Ok(outcome),
            Done::Snapshot(_) => Err(Error::AnswersOutOfOrder.into()),
        }
    }

    async fn change_ref(
        &self,
        name: &Label,
        from: Option<SnapshotId>,
        to: Option<SnapshotId>,
        stamp: &Stamp,
    ) -> Result<RefOutcome, WorkspaceError> {
        for _ in 0..TRIES {
            let same = |operation: &Operation| {
                matches!(operation, Operation::RefMoved(change)
                    if (change.name(), change.from(), change.to()) == (name, from, to))
            };
            if let Some(number) = self.recorded_as(stamp, same).await? {
                return Ok(RefOutcome::Moved { number });
            }
            let tip = self.tip().await?;
            let found = self.find_ref(name).await?;
            if found != from {
                let (name, expected) = (name.clone(), from);
                return Err(WorkspaceError::RefMoved { name, expected, found });
            }
            if from == to {
                return Ok(RefOutcome::Unchanged);
            }
            if let Some(id) = to {
                let known = self.find_snapshot(id).await?;
                known.ok_or(WorkspaceError::UnknownSnapshot { id })?;
            }
            let operation = Operation::RefMoved(RefChange::new(name.clone(), from, to)?);
            if let Some(number) = self.append(tip, operation, stamp).await? {
                return Ok(RefOutcome::Moved { number });
            }
        }
        Err(self.lost().await?)
    }

    /// Appends one entry after `tip`; none if a rival was faster, and the number if it is there.
    pub(crate) async fn append(
        &self,
        tip: Tip,
        operation: Operation,
        stamp: &Stamp,
    ) -> Result<Option<u64>, WorkspaceError> {
        let grants = self.known_grants(Some(stamp.agent)).await?;
        operation.check_permitted(&grants, stamp.agent)?;
        let entry = entry_after(&tip, operation, stamp);
        let rows = batch_of(&entry, None, tip).rows;
        self.commit(&entry, rows).await
    }

    /// Puts a snapshot and appends the entry that commits it, as [`Self::append`] does.
    async fn append_snapshot(
        &self,
        tip: Tip,
        snapshot: &Snapshot,
        moves: RefMove,
        stamp: &Stamp,
    ) -> Result<Option<u64>, WorkspaceError> {
        let id = snapshot.id();
        let object = (id.into(), snapshot.encode().into());
        self.proven_store().put_objects(self.id(), &[object]).await?;
        let operation = Operation::SnapshotCommitted { snapshot: id, moves: Some(moves) };
        let entry = entry_after(&tip, operation, stamp);
        let rows = batch_of(&entry, Some(snapshot), tip).rows;
        self.commit(&entry, rows).await
    }

    /// Commits an entry with its rows; none if a rival was faster.
    pub(crate) async fn commit(
        &self,
        entry: &LedgerEntry,
        rows: Vec<RowChange>,
    ) -> Result<Option<u64>, WorkspaceError> {
        let outcome = self.engine().commit_entry(self.id(), entry.encode().into(), rows).await?;
        Ok(number_of(outcome, entry.number))
    }

    /// What to say after the last try: rivals were faster, or the tip never was that of the ledger.
    pub(crate) async fn lost(&self) -> Result<WorkspaceError, WorkspaceError> {
        let (tip, number) = (self.tip().await?, self.number().await?);
        Ok(if tip.log.leaves() > number {
            WorkspaceError::LostRace { tries: TRIES }
        } else {
            WorkspaceError::BrokenRow { row: TIP_ROW }
        })
    }

    /// The entry that recorded this request, if any did.
    pub(crate) async fn recorded(
        &self,
        stamp: &Stamp,
    ) -> Result<Option<LedgerEntry>, WorkspaceError> {
        let found = self.store().find_requests(self.id(), &[stamp.key()]).await?.pop().flatten();
        let Some(number) = found else { return Ok(None) };
        let entry = self.entry(number).await?;
        Ok(Some(entry.ok_or(WorkspaceError::MissingEntry { number })?))
    }

    /// The number of the entry that recorded this request, if any did; it must have asked for the
    /// same (LED-3).
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::RequestTaken`] if it asked for something else, or a failure of the store.
    pub(crate) async fn recorded_as(
        &self,
        stamp: &Stamp,
        is_same: impl FnOnce(&Operation) -> bool,
    ) -> Result<Option<u64>, WorkspaceError> {
        let Some(LedgerEntry { number, operation, .. }) = self.recorded(stamp).await? else {
            return Ok(None);
        };
        if is_same(&operation) {
            Ok(Some(number))
        } else {
            Err(WorkspaceError::RequestTaken { request: stamp.key(), number })
        }
    }

    /// Answers for a request that was recorded before: it must have asked for the same.
    async fn recorded_snapshot(
        &self,
        draft: &SnapshotDraft,
        documents: &Documents,
        entry: &LedgerEntry,
        stamp: &Stamp,
    ) -> Result<Committed, WorkspaceError> {
        let taken = WorkspaceError::RequestTaken { request: stamp.key(), number: entry.number };
        let Operation::SnapshotCommitted { snapshot: id, .. } = entry.operation else {
            return Err(taken);
        };
        let recorded = self.find_snapshot(id).await?;
        let recorded = recorded.ok_or(WorkspaceError::BrokenRow { row: "a snapshot" })?;
        let parents = recorded.snapshot.parents.clone();
        if draft.snapshot(documents, parents, stamp.agent)? != recorded.snapshot {
            return Err(taken);
        }
        Ok(Committed::Recorded(recorded))
    }

    async fn check_root_is_put(&self, draft: &SnapshotDraft) -> Result<(), WorkspaceError> {
        let id = ObjectId::from(draft.root);
        match *self.store().has_objects(self.id(), &[id]).await? {
            [true] => Ok(()),
            _ => Err(Error::MissingObject { id }.into()),
        }
    }

    /// Puts the documents of a snapshot; durable with the entry that commits it.
    async fn put_documents(&self, draft: &SnapshotDraft) -> Result<(), WorkspaceError> {
        let documents = [Some(&draft.rules), draft.evidence.as_ref()];
        let documents: Vec<Bytes> = documents.into_iter().flatten().cloned().collect();
        self.store().put_contents(self.id(), &documents).await?;
        Ok(())
    }

    /// Compares what SNAP-4 names.
    async fn says_the_same(
        &self,
        draft: &SnapshotDraft,
        documents: &Documents,
        parent: &Snapshot,
    ) -> Result<bool, WorkspaceError> {
        let same = parent.root == draft.root
            && parent.attributes == draft.attributes
            && parent.rules == documents.rules
            && (draft.listing.is_none() || draft.listing == parent.listing);
        if !same || parent.evidence == documents.evidence {
            return Ok(same);
        }
        let (gaps, holding) = match parent.evidence {
            Some(id) => {
                let fetched = self.store().fetch_contents(self.id(), &[id]).await?.pop().flatten();
                let missing = || WorkspaceError::MissingDocument {
                    document: documents::EVIDENCE,
                    snapshot: parent.id(),
                };
                let evidence = fetched.ok_or_else(missing)?;
                (documents::gaps_of(&evidence)?, documents::holding_of(&evidence))
            }
            None => (Gaps::default(), Holding::Kept),
        };
        let own_holding = draft.evidence.as_deref().map_or(Holding::Kept, documents::holding_of);
        // A snapshot whose contents are kept says more than one of the same whose are not.
        let says_enough = holding == Holding::Kept || own_holding == Holding::Hashed;
        Ok(says_enough && gaps.equal(&documents.gaps))
    }
}

/// The batch that appends `entry` after `tip`.
pub(crate) fn batch_of(entry: &LedgerEntry, snapshot: Option<&Snapshot>, mut tip: Tip) -> Batch {
    let stored = StoredEntry::of(entry);
    let rows = rows::changes_of(entry, &stored.bytes, snapshot, &mut tip);
    Batch { expected: entry.number.checked_sub(1), entries: vec![stored], rows }
}

/// The entry that follows.
fn entry_after(tip: &Tip, operation: Operation, stamp: &Stamp) -> LedgerEntry {
    LedgerEntry {
        number: tip.log.leaves(),
        time_ms: stamp.time_ms,
        agent: stamp.agent,
        request: stamp.request,
        operation,
    }
}

/// Which number an entry has; none if a rival was faster.
const fn number_of(outcome: Outcome, number: u64) -> Option<u64> {
    match outcome {
        Outcome::Committed { .. } => Some(number),
        Outcome::Already { number } => Some(number),
        Outcome::Lost { .. } => None,
    }
}

/// A writer that is always slower than others does not try for ever.
pub(crate) const TRIES: u32 = 16;
