//! The memory store: maps behind a lock, and nothing that survives the process.

mod contents;

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ContentId, ObjectId, WorkspaceId};

use super::{
    Batch, Capabilities, Outcome, Records, RequestKey, RowRange, StoreError, StoredEntry, Streams,
    Subscription,
    judge::{Recorded, judge},
    limits::{ANSWER_ITEMS_MAX, check_object, check_subscriber},
    tail::Tail,
};

/// A store in memory: for tests, for trying things out, and to compare other stores with.
///
/// It is as simple as can be on purpose. Clones share what is stored.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Memory>);

#[derive(Debug, Default)]
struct Memory {
    workspaces: RwLock<BTreeMap<WorkspaceId, Workspace>>,
    tail: Tail,
}

#[derive(Debug, Default)]
struct Workspace {
    objects: BTreeMap<ObjectId, Bytes>,
    contents: BTreeMap<ContentId, Bytes>,
    rows: BTreeMap<Bytes, Bytes>,
    entries: Vec<StoredEntry>,
    requests: BTreeMap<RequestKey, u64>,
    positions: BTreeMap<String, u64>,
}

impl MemoryStore {
    const CAPABILITIES: Capabilities = Capabilities {
        store: "the memory store",
        durable: false,
        conditional_put: true,
        read_after_write: true,
        transactions: true,
        blocks_thread: false,
        value_bytes_max: u64::MAX,
        concurrency_wanted: 1,
    };

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<WorkspaceId, Workspace>> {
        self.0.workspaces.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<WorkspaceId, Workspace>> {
        self.0.workspaces.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers each of `questions` from a workspace that may not be there.
    fn answer<Q, A>(
        &self,
        workspace: WorkspaceId,
        questions: &[Q],
        answer: impl Fn(&Workspace, &Q) -> Option<A>,
    ) -> Vec<Option<A>> {
        let workspaces = self.read();
        let workspace = workspaces.get(&workspace);
        questions.iter().map(|question| answer(workspace?, question)).collect()
    }
}

impl Workspace {
    fn number(&self) -> Option<u64> {
        self.entries.last().map(|entry| entry.number)
    }

    fn recorded(&self, request: &RequestKey) -> Option<Recorded> {
        let number = *self.requests.get(request)?;
        let entry = self.entries.get(usize::try_from(number).ok()?)?;
        let operation = entry.bytes.slice_ref(entry.operation());
        Some(Recorded { number, operation })
    }

    fn apply(&mut self, batch: Batch) {
        for entry in batch.entries {
            self.requests.insert(entry.request, entry.number);
            self.entries.push(entry);
        }
        for row in batch.rows {
            match row.value {
                Some(value) => self.rows.insert(row.key, value),
                None => self.rows.remove(&row.key),
            };
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl Records for MemoryStore {
    fn record_capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    async fn fetch_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        Ok(self.answer(workspace, ids, |workspace, id| workspace.objects.get(id).cloned()))
    }

    async fn has_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<bool>, StoreError> {
        let found =
            self.answer(workspace, ids, |workspace, id| workspace.objects.get(id).map(drop));
        Ok(found.iter().map(Option::is_some).collect())
    }

    async fn put_objects(
        &self,
        workspace: WorkspaceId,
        objects: &[(ObjectId, Bytes)],
    ) -> Result<(), StoreError> {
        objects.iter().try_for_each(|(_, bytes)| check_object(bytes.len()))?;
        let mut workspaces = self.write();
        let stored = &mut workspaces.entry(workspace).or_default().objects;
        for (id, bytes) in objects {
            stored.entry(*id).or_insert_with(|| bytes.clone());
        }
        Ok(())
    }

    async fn fetch_rows(
        &self,
        workspace: WorkspaceId,
        keys: &[Bytes],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        Ok(self.answer(workspace, keys, |workspace, key| workspace.rows.get(key).cloned()))
    }

    async fn range_rows(
        &self,
        workspace: WorkspaceId,
        range: &RowRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        let workspaces = self.read();
        let Some(workspace) = workspaces.get(&workspace) else { return Ok(Vec::new()) };
        Ok(range.of(&workspace.rows, limit))
    }

    async fn number(&self, workspace: WorkspaceId) -> Result<Option<u64>, StoreError> {
        Ok(self.read().get(&workspace).and_then(Workspace::number))
    }

    async fn fetch_entries(
        &self,
        workspace: WorkspaceId,
        numbers: Range<u64>,
    ) -> Result<Vec<Bytes>, StoreError> {
        let workspaces = self.read();
        let entries = workspaces.get(&workspace).map_or(&[][..], |workspace| &workspace.entries);
        let inside = entries.iter().filter(|entry| numbers.contains(&entry.number));
        Ok(inside.take(ANSWER_ITEMS_MAX).map(|entry| entry.bytes.clone()).collect())
    }

    async fn find_requests(
        &self,
        workspace: WorkspaceId,
        requests: &[RequestKey],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        Ok(self.answer(workspace, requests, |workspace, key| workspace.requests.get(key).copied()))
    }

    async fn commit(&self, workspace: WorkspaceId, batch: Batch) -> Result<Outcome, StoreError> {
        let mut workspaces = self.write();
        let ledger = workspaces.entry(workspace).or_default();
        let decided = judge(ledger.number(), &batch, |request| Ok(ledger.recorded(request)))?;
        if let Some(outcome) = decided {
            return Ok(outcome);
        }
        ledger.apply(batch);
        let number = ledger.number();
        self.0.tail.publish(workspace, ledger.entries.len() as u64);
        Ok(Outcome::Committed { number })
    }
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl Streams for MemoryStore {
    fn stream_capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    async fn publish(&self, workspace: WorkspaceId, number: u64) -> Result<(), StoreError> {
        self.0.tail.publish(workspace, number.saturating_add(1));
        Ok(())
    }

    async fn subscribe(
        &self,
        workspace: WorkspaceId,
        position: u64,
    ) -> Result<Box<dyn Subscription>, StoreError> {
        Ok(self.0.tail.subscribe(workspace, position))
    }

    async fn position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
    ) -> Result<Option<u64>, StoreError> {
        let workspaces = self.read();
        let found = workspaces.get(&workspace);
        Ok(found.and_then(|workspace| workspace.positions.get(subscriber).copied()))
    }

    async fn put_position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
        position: u64,
    ) -> Result<(), StoreError> {
        check_subscriber(subscriber)?;
        let mut workspaces = self.write();
        let positions = &mut workspaces.entry(workspace).or_default().positions;
        positions.insert(subscriber.to_owned(), position);
        Ok(())
    }
}
