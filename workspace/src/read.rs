//! Reads the ledger and what was derived from it.

use std::ops::Range;

use bytes::Bytes;
use markerbed_core::{
    Error, Object, ObjectId, SnapshotId,
    codec::Canonical,
    ledger::{CompactRange, LedgerEntry, Operation, State, leaf_hash},
    tree::{Label, Snapshot},
};

use crate::{
    Workspace, WorkspaceError,
    rows::{self, Mark, Recorded, Tip},
};
use markerbed_storage::{RowRange, limits::ANSWER_ITEMS_MAX};

/// A snapshot, and when it was recorded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordedSnapshot {
    /// Its id.
    pub id: SnapshotId,
    /// How many snapshots of the workspace were recorded before it.
    pub ordinal: u64,
    /// The number of the entry that recorded it.
    pub number: u64,
    /// The snapshot itself.
    pub snapshot: Snapshot,
}

/// Where a ref is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefPlace {
    /// Its name.
    pub name: Label,
    /// The snapshot it points at.
    pub snapshot: SnapshotId,
    /// The number of the entry that moved it there.
    pub number: u64,
}

/// An entry, and the snapshot it is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Logged {
    /// The entry.
    pub entry: LedgerEntry,
    /// The snapshot that it commits or moves a ref to; none if it is about none, or that is
    /// missing.
    pub snapshot: Option<Snapshot>,
}

/// What all entries together give.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Replay {
    /// The state after the last entry.
    pub state: State,
    /// The log tree over all of them.
    pub log: CompactRange,
}

impl Workspace {
    /// The workspace number: that of its newest entry.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    pub async fn number(&self) -> Result<u64, WorkspaceError> {
        let number = self.store().number(self.id()).await?;
        number.ok_or(WorkspaceError::UnknownWorkspace { id: self.id() })
    }

    /// Reads entries from the start of `numbers` on: as many as there are and at most 4,096, each
    /// with its canonical bytes.
    ///
    /// # Errors
    ///
    /// A failure of the store, an entry that is not canonical, or one out of its place.
    pub async fn entries(
        &self,
        numbers: Range<u64>,
    ) -> Result<Vec<(LedgerEntry, Bytes)>, WorkspaceError> {
        let found = self.store().fetch_entries(self.id(), numbers.clone()).await?;
        let in_place = |(expected, bytes): (u64, Bytes)| {
            let entry = LedgerEntry::decode(&bytes)?;
            if entry.number == expected {
                Ok((entry, bytes))
            } else {
                Err(Error::WrongNumber { expected, found: entry.number }.into())
            }
        };
        numbers.zip(found).map(in_place).collect()
    }

    /// Reads one entry.
    ///
    /// # Errors
    ///
    /// As [`Self::entries`].
    pub async fn entry(&self, number: u64) -> Result<Option<LedgerEntry>, WorkspaceError> {
        let end = number.saturating_add(1);
        Ok(self.entries(number..end).await?.pop().map(|(entry, _)| entry))
    }

    /// Reads up to `limit` entries, the newest first, with the snapshots they are about.
    ///
    /// `before` is the number of the entry to go on from, itself left out; none begins with the
    /// newest. At most 4,096 are read.
    ///
    /// # Errors
    ///
    /// As [`Self::entries`].
    pub async fn log(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Logged>, WorkspaceError> {
        let count = self.number().await?.saturating_add(1);
        let end = before.map_or(count, |before| before.min(count));
        let start = end.saturating_sub(limit.min(ANSWER_ITEMS_MAX) as u64);
        let entries = self.entries(start..end).await?;
        let about: Vec<Option<SnapshotId>> =
            entries.iter().map(|(entry, _)| snapshot_of(&entry.operation)).collect();
        let ids: Vec<SnapshotId> = about.iter().flatten().copied().collect();
        let mut snapshots = self.fetch_snapshots(&ids).await?.into_iter();
        let joined = entries.into_iter().zip(about).map(|((entry, _), about)| Logged {
            entry,
            snapshot: about.and_then(|_| snapshots.next().flatten()),
        });
        let mut logged: Vec<Logged> = joined.collect();
        logged.reverse();
        Ok(logged)
    }

    /// Lists all refs, by name.
    ///
    /// # Errors
    ///
    /// A failure of the store, or a broken row.
    pub async fn refs(&self) -> Result<Vec<RefPlace>, WorkspaceError> {
        let mut refs = Vec::new();
        let mut range = RowRange { prefix: rows::refs_prefix(), after: None };
        loop {
            let found = self.store().range_rows(self.id(), &range, ANSWER_ITEMS_MAX).await?;
            let Some((last, _)) = found.last() else { return Ok(refs) };
            range.after = Some(last.clone());
            for (key, value) in found {
                let name = rows::ref_name(&key).ok_or(BROKEN_REF)?;
                let Mark { snapshot, number } = Mark::decode(&value).map_err(|_| BROKEN_REF)?;
                refs.push(RefPlace { name, snapshot, number });
            }
        }
    }

    /// Finds where one ref is.
    ///
    /// # Errors
    ///
    /// A failure of the store, or a broken row.
    pub async fn find_ref(&self, name: &Label) -> Result<Option<SnapshotId>, WorkspaceError> {
        let mark: Option<Mark> = self.row(rows::ref_key(name), "a ref").await?;
        Ok(mark.map(|mark| mark.snapshot))
    }

    /// Finds a snapshot that was recorded.
    ///
    /// # Errors
    ///
    /// A failure of the store, a broken row, or [`Error::MissingObject`].
    pub async fn find_snapshot(
        &self,
        id: SnapshotId,
    ) -> Result<Option<RecordedSnapshot>, WorkspaceError> {
        let row: Option<Recorded> = self.row(rows::snapshot_key(&id), "a snapshot").await?;
        let Some(Recorded { ordinal, number }) = row else { return Ok(None) };
        let snapshot = self.fetch_snapshot(id).await?;
        Ok(Some(RecordedSnapshot { id, ordinal, number, snapshot }))
    }

    /// Finds the newest snapshot of a source.
    ///
    /// # Errors
    ///
    /// As [`Self::find_snapshot`].
    pub async fn newest_of_source(
        &self,
        source: &Label,
    ) -> Result<Option<RecordedSnapshot>, WorkspaceError> {
        let mark: Option<Mark> =
            self.row(rows::source_key(source), "the newest of a source").await?;
        match mark {
            Some(mark) => self.find_snapshot(mark.snapshot).await,
            None => Ok(None),
        }
    }

    /// Finds the snapshot that is `back` steps older than the newest.
    ///
    /// # Errors
    ///
    /// As [`Self::find_snapshot`].
    pub async fn find_by_age(&self, back: u64) -> Result<Option<RecordedSnapshot>, WorkspaceError> {
        let count = self.tip().await?.snapshots;
        let Some(ordinal) = count.checked_sub(1).and_then(|newest| newest.checked_sub(back)) else {
            return Ok(None);
        };
        let mark: Option<Mark> = self.row(rows::ordinal_key(ordinal), "a snapshot's turn").await?;
        let mark = mark.ok_or(WorkspaceError::BrokenRow { row: "a snapshot's turn" })?;
        self.find_snapshot(mark.snapshot).await
    }

    /// Computes the state and the log tree from all entries, and nothing else.
    ///
    /// # Errors
    ///
    /// A failure of the store, or the first entry that does not follow from those before.
    pub async fn replay(&self) -> Result<Replay, WorkspaceError> {
        let mut replay = Replay { state: State::new(), log: CompactRange::new() };
        let count = self.number().await?.saturating_add(1);
        self.each_entry(count, |entry, bytes| {
            replay.state.apply(entry)?;
            replay.log.append(leaf_hash(bytes));
            Ok(())
        })
        .await?;
        Ok(replay)
    }

    /// Reads and decodes one derived row.
    pub(crate) async fn row<T: Canonical>(
        &self,
        key: Bytes,
        row: &'static str,
    ) -> Result<Option<T>, WorkspaceError> {
        let value = self.store().fetch_rows(self.id(), &[key]).await?.pop().flatten();
        let decoded = value.map(|value| T::decode(&value)).transpose();
        decoded.map_err(|_| WorkspaceError::BrokenRow { row })
    }

    pub(crate) async fn tip(&self) -> Result<Tip, WorkspaceError> {
        let tip = self.row(rows::tip_key(), TIP_ROW).await?;
        tip.ok_or(WorkspaceError::BrokenRow { row: TIP_ROW })
    }

    pub(crate) async fn fetch_snapshot(&self, id: SnapshotId) -> Result<Snapshot, WorkspaceError> {
        let found = self.fetch_snapshots(&[id]).await?.pop().flatten();
        found.ok_or_else(|| Error::MissingObject { id: id.into() }.into())
    }

    pub(crate) async fn fetch_snapshots(
        &self,
        ids: &[SnapshotId],
    ) -> Result<Vec<Option<Snapshot>>, WorkspaceError> {
        let ids: Vec<ObjectId> = ids.iter().map(|id| (*id).into()).collect();
        let objects = self.fetch_objects(&ids).await?;
        Ok(objects.into_iter().map(|object| object?.as_snapshot().cloned()).collect())
    }

    /// Reads objects and proves them.
    pub(crate) async fn fetch_objects(
        &self,
        ids: &[ObjectId],
    ) -> Result<Vec<Option<Object>>, WorkspaceError> {
        let found = self.store().fetch_objects(self.id(), ids).await?;
        let checked = self.check_objects(ids, found).await?;
        Ok(checked.into_iter().map(Option::transpose).collect::<Result<_, Error>>()?)
    }

    /// Proves what a store answered, each object by itself.
    ///
    /// # Errors
    ///
    /// A failure of what computes.
    pub async fn check_objects(
        &self,
        ids: &[ObjectId],
        found: Vec<Option<Bytes>>,
    ) -> Result<Vec<Option<Result<Object, Error>>>, WorkspaceError> {
        let is_there: Vec<bool> = found.iter().map(Option::is_some).collect();
        let there = ids.iter().zip(found).filter_map(|(id, bytes)| Some((*id, bytes?)));
        let mut checked = self.engine().check_objects(there.collect()).await?.into_iter();
        let answer = |is_there: bool| match is_there {
            true => checked.next().ok_or(Error::AnswersOutOfOrder).map(Some),
            false => Ok(None),
        };
        Ok(is_there.into_iter().map(answer).collect::<Result<_, Error>>()?)
    }
}

/// The snapshot that an operation is about.
pub(crate) const fn snapshot_of(operation: &Operation) -> Option<SnapshotId> {
    match operation {
        Operation::SnapshotCommitted { snapshot, .. } => Some(*snapshot),
        Operation::RefMoved(change) => change.to(),
        _ => None,
    }
}

const BROKEN_REF: WorkspaceError = WorkspaceError::BrokenRow { row: "a ref" };
/// What messages call the row of the tip.
pub(crate) const TIP_ROW: &str = "the row that says how long the ledger is";
