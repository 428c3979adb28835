//! Records: objects, derived rows, ledger entries and the number that orders them.

use std::{
    collections::BTreeMap,
    fmt,
    ops::{Bound, Range},
};

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{Id16, ObjectId, WorkspaceId, codec::Canonical, ledger::LedgerEntry};

use super::{Capabilities, MaybeSend, MaybeSync, StoreError, limits::ANSWER_ITEMS_MAX};

/// Keeps objects by id, rows by key, the ledger's entries, and one number a workspace.
///
/// Answers come one a question and in the order of the questions, which may repeat themselves;
/// absence is `None`. What was put is seen by every later call on the same store, and is durable
/// once a later [`Records::commit`] of any workspace has answered [`Outcome::Committed`].
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
pub trait Records: MaybeSend + MaybeSync {
    /// What this store can do.
    fn record_capabilities(&self) -> Capabilities;

    /// Reads objects. Their bytes are as they were put; who asks proves them.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; with [`StoreError::Damaged`] for the first object that is.
    async fn fetch_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<Option<Bytes>>, StoreError>;

    /// Tells which objects are there.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn has_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<bool>, StoreError>;

    /// Puts objects; one that is there already is left as it is.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; some of the objects may have been put.
    async fn put_objects(
        &self,
        workspace: WorkspaceId,
        objects: &[(ObjectId, Bytes)],
    ) -> Result<(), StoreError>;

    /// Reads derived rows.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn fetch_rows(
        &self,
        workspace: WorkspaceId,
        keys: &[Bytes],
    ) -> Result<Vec<Option<Bytes>>, StoreError>;

    /// Reads rows in ascending order of their keys: at most `limit`, and never more than
    /// [`ANSWER_ITEMS_MAX`](super::limits::ANSWER_ITEMS_MAX). The last key is where to go on after.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn range_rows(
        &self,
        workspace: WorkspaceId,
        range: &RowRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError>;

    /// The workspace number: that of its newest entry, `None` before the first.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn number(&self, workspace: WorkspaceId) -> Result<Option<u64>, StoreError>;

    /// Reads ledger entries from the start of `numbers` on, without gaps: as many as there are, and
    /// never more than [`ANSWER_ITEMS_MAX`](super::limits::ANSWER_ITEMS_MAX).
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn fetch_entries(
        &self,
        workspace: WorkspaceId,
        numbers: Range<u64>,
    ) -> Result<Vec<Bytes>, StoreError>;

    /// Finds the entries that recorded these requests.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn find_requests(
        &self,
        workspace: WorkspaceId,
        requests: &[RequestKey],
    ) -> Result<Vec<Option<u64>>, StoreError>;

    /// Makes one batch durable, and with it everything put before: all of it or nothing.
    ///
    /// It is taken if the workspace number is [`Batch::expected`]. If every request of the batch is
    /// recorded with the same operation, the answer is [`Outcome::Already`], whatever the number.
    ///
    /// # Errors
    ///
    /// [`StoreError::RequestTaken`] if a request is recorded with another operation,
    /// [`StoreError::BadBatch`], [`StoreError::TooLarge`]; any other failure leaves the store as
    /// before, or, if what failed is the very last step, as before or after: asking again with the
    /// same request ids tells which.
    async fn commit(&self, workspace: WorkspaceId, batch: Batch) -> Result<Outcome, StoreError>;
}

/// What becomes durable together.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Batch {
    /// The workspace number that the batch was made for; `None` for a workspace without entries.
    pub expected: Option<u64>,
    /// Entries with the numbers that follow; may be empty, and then the number stays.
    pub entries: Vec<StoredEntry>,
    /// Rows to put or to delete; of several changes of one key the last one counts.
    pub rows: Vec<RowChange>,
}

/// A ledger entry as a store sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredEntry {
    /// Its number in the ledger.
    pub number: u64,
    /// Who asked for it.
    pub request: RequestKey,
    /// Where in `bytes` the operation begins. What stands before it (number, time) may differ
    /// between two tries of one request, the operation may not.
    pub operation_at: u32,
    /// The canonical bytes.
    pub bytes: Bytes,
}

impl StoredEntry {
    /// Makes a store's view of an entry.
    pub fn of(entry: &LedgerEntry) -> Self {
        let request = RequestKey { agent: entry.agent, request: entry.request };
        Self {
            number: entry.number,
            request,
            operation_at: entry.operation_at(),
            bytes: entry.encode().into(),
        }
    }

    /// The bytes that make two requests the same.
    pub fn operation(&self) -> &[u8] {
        self.bytes.get(self.operation_at as usize..).unwrap_or_default()
    }
}

/// A request: unique with its agent (LED-3).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RequestKey {
    /// Who asked.
    pub agent: Id16,
    /// What the agent calls it.
    pub request: Id16,
}

impl fmt::Display for RequestKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "request {} of agent {}", self.request, self.agent)
    }
}

/// A change of one derived row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RowChange {
    /// The key.
    pub key: Bytes,
    /// The new value, or `None` to delete the row.
    pub value: Option<Bytes>,
}

/// Which rows to read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RowRange {
    /// What the keys begin with.
    pub prefix: Bytes,
    /// The key after which to begin, itself left out.
    pub after: Option<Bytes>,
}

impl RowRange {
    /// The rows of this range among those in memory.
    pub fn of(&self, rows: &BTreeMap<Bytes, Bytes>, limit: usize) -> Vec<(Bytes, Bytes)> {
        let start = match &self.after {
            Some(after) if *after >= self.prefix => Bound::Excluded(after),
            _ => Bound::Included(&self.prefix),
        };
        rows.range::<Bytes, _>((start, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(&self.prefix))
            .take(limit.min(ANSWER_ITEMS_MAX))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It is durable.
    Committed {
        /// The workspace number now.
        number: Option<u64>,
    },
    /// A rival was faster; nothing was changed.
    Lost {
        /// The workspace number now.
        number: Option<u64>,
    },
    /// It had been committed before: an acknowledgement was lost.
    Already {
        /// The number of its last entry.
        number: u64,
    },
}
