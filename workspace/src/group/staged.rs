//! A stage over a store: commits of one workspace are kept in memory, and reads see them, until
//! all of them are committed as one batch.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::WorkspaceId;
use markerbed_storage::{
    Batch, Combined, Contents, ContentsLayer, Outcome, Records, RecordsLayer, RequestKey,
    RowChange, RowRange, Store, StoreError, StoredEntry,
    judge::{Recorded, judge},
};

/// What was committed to a stage. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Stage(Arc<Mutex<Staged>>);

#[derive(Default)]
struct Staged {
    /// The workspace number below, when it was first asked for.
    below: Option<Option<u64>>,
    entries: Vec<StoredEntry>,
    requests: HashMap<RequestKey, usize>,
    rows: BTreeMap<Bytes, Option<Bytes>>,
    /// What was put below shall be durable, whether or not there are entries.
    wants_flush: bool,
    /// Something was made for another number than that of the stage: the store below has moved.
    is_stale: bool,
}

impl Stage {
    /// A store whose commits go to this stage and whose everything else goes to `store`.
    pub(super) fn over(&self, store: &Arc<dyn Store>) -> Result<Arc<dyn Store>, StoreError> {
        let records = StagedRecords { stage: self.clone(), below: store.clone() };
        let contents = StagedContents { stage: self.clone(), below: store.clone() };
        Ok(Arc::new(Combined::new(Arc::new(records), Arc::new(contents), store.clone())?))
    }

    /// Commits all of it to `store`; `false` if somebody else was faster, and then nothing of it.
    pub(super) async fn commit(
        &self,
        store: &Arc<dyn Store>,
        workspace: WorkspaceId,
    ) -> Result<bool, StoreError> {
        let (batch, wants_flush) = {
            let mut staged = self.lock();
            if staged.is_stale {
                return Ok(false);
            }
            (staged.take_batch(), staged.wants_flush)
        };
        if batch.entries.is_empty() && batch.rows.is_empty() {
            if wants_flush {
                store.flush_contents(workspace).await?;
            }
            return Ok(true);
        }
        Ok(matches!(store.commit(workspace, batch).await?, Outcome::Committed { .. }))
    }

    fn lock(&self) -> MutexGuard<'_, Staged> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Staged {
    fn take_batch(&mut self) -> Batch {
        let rows = std::mem::take(&mut self.rows).into_iter();
        Batch {
            expected: self.below.flatten(),
            entries: std::mem::take(&mut self.entries),
            rows: rows.map(|(key, value)| RowChange { key, value }).collect(),
        }
    }

    /// The workspace number with what is staged.
    fn number(&self, below: Option<u64>) -> Option<u64> {
        self.entries.last().map(|entry| entry.number).or(below)
    }

    fn take(&mut self, batch: Batch) {
        for entry in batch.entries {
            self.requests.insert(entry.request, self.entries.len());
            self.entries.push(entry);
        }
        self.rows.extend(batch.rows.into_iter().map(|change| (change.key, change.value)));
    }
}

struct StagedRecords {
    stage: Stage,
    below: Arc<dyn Store>,
}

impl StagedRecords {
    /// The workspace number below, the same for as long as the stage lasts.
    async fn number_below(&self, workspace: WorkspaceId) -> Result<Option<u64>, StoreError> {
        if let Some(below) = self.stage.lock().below {
            return Ok(below);
        }
        let below = self.below.number(workspace).await?;
        Ok(*self.stage.lock().below.get_or_insert(below))
    }
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl RecordsLayer for StagedRecords {
    fn below(&self) -> &dyn Records {
        &*self.below
    }

    async fn fetch_rows(
        &self,
        workspace: WorkspaceId,
        keys: &[Bytes],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let mut found = self.below.fetch_rows(workspace, keys).await?;
        let staged = self.stage.lock();
        for (key, value) in keys.iter().zip(&mut found) {
            if let Some(changed) = staged.rows.get(key) {
                value.clone_from(changed);
            }
        }
        Ok(found)
    }

    async fn range_rows(
        &self,
        workspace: WorkspaceId,
        range: &RowRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        let is_staged = |key: &Bytes| key.starts_with(&range.prefix);
        if !self.stage.lock().rows.keys().any(is_staged) {
            return self.below.range_rows(workspace, range, limit).await;
        }
        Err(StoreError::Incapable { store: "a stage", lacks: "ranges beside staged rows" })
    }

    async fn number(&self, workspace: WorkspaceId) -> Result<Option<u64>, StoreError> {
        let below = self.number_below(workspace).await?;
        Ok(self.stage.lock().number(below))
    }

    async fn fetch_entries(
        &self,
        workspace: WorkspaceId,
        numbers: Range<u64>,
    ) -> Result<Vec<Bytes>, StoreError> {
        let mut found = self.below.fetch_entries(workspace, numbers.clone()).await?;
        let mut next = numbers.start.saturating_add(found.len() as u64);
        for entry in &self.stage.lock().entries {
            if entry.number == next && next < numbers.end {
                found.push(entry.bytes.clone());
                next = next.saturating_add(1);
            }
        }
        Ok(found)
    }

    async fn find_requests(
        &self,
        workspace: WorkspaceId,
        requests: &[RequestKey],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        let mut found = self.below.find_requests(workspace, requests).await?;
        let staged = self.stage.lock();
        for (request, number) in requests.iter().zip(&mut found) {
            let at = staged.requests.get(request);
            if let Some(entry) = at.and_then(|at| staged.entries.get(*at)) {
                *number = Some(entry.number);
            }
        }
        Ok(found)
    }

    async fn commit(&self, workspace: WorkspaceId, batch: Batch) -> Result<Outcome, StoreError> {
        let below = self.number_below(workspace).await?;
        let mut staged = self.stage.lock();
        let recorded = |request: &RequestKey| {
            let at = staged.requests.get(request);
            Ok(at.and_then(|at| staged.entries.get(*at)).map(|entry| Recorded {
                number: entry.number,
                operation: Bytes::copy_from_slice(entry.operation()),
            }))
        };
        if let Some(outcome) = judge(staged.number(below), &batch, recorded)? {
            staged.is_stale |= matches!(outcome, Outcome::Lost { .. });
            return Ok(outcome);
        }
        staged.take(batch);
        Ok(Outcome::Committed { number: staged.number(below) })
    }
}

/// Flushes nothing: the batch that ends the stage does.
struct StagedContents {
    stage: Stage,
    below: Arc<dyn Store>,
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl ContentsLayer for StagedContents {
    fn below(&self) -> &dyn Contents {
        &*self.below
    }

    async fn flush_contents(&self, _workspace: WorkspaceId) -> Result<(), StoreError> {
        self.stage.lock().wants_flush = true;
        Ok(())
    }
}
