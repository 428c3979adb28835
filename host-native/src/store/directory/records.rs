//! The directory store's records.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ObjectId, WorkspaceId};

use super::{DirectoryStore, frame::NewItem, record::ItemKind};
use crate::store::{
    Batch, Capabilities, Outcome, Records, RequestKey, RowRange, StoreError,
    limits::{ANSWER_ITEMS_MAX, check_object},
};

#[async_trait]
impl Records for DirectoryStore {
    fn record_capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    async fn fetch_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let wanted: Vec<_> = ids.iter().map(|id| (ItemKind::Object(id.kind), id.bytes)).collect();
        self.0.read_items(workspace, &wanted)
    }

    async fn has_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<bool>, StoreError> {
        let keys = ids.iter().map(|id| (ItemKind::Object(id.kind).class(), id.bytes));
        let found = self.0.find_all(workspace, keys)?;
        Ok(found.iter().map(Option::is_some).collect())
    }

    async fn put_objects(
        &self,
        workspace: WorkspaceId,
        objects: &[(ObjectId, Bytes)],
    ) -> Result<(), StoreError> {
        let mut items = Vec::with_capacity(objects.len());
        for (id, bytes) in objects {
            check_object(bytes.len())?;
            let kind = ItemKind::Object(id.kind);
            items.push(NewItem { kind, id: id.bytes, bytes: bytes.clone() });
        }
        self.0.put_items(workspace, items)
    }

    async fn fetch_rows(
        &self,
        workspace: WorkspaceId,
        keys: &[Bytes],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        self.0.batches_known()?;
        self.0.rows_of(workspace, keys)
    }

    async fn range_rows(
        &self,
        workspace: WorkspaceId,
        range: &RowRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        self.0.batches_known()?;
        self.0.rows(workspace, range, limit.min(ANSWER_ITEMS_MAX))
    }

    async fn number(&self, workspace: WorkspaceId) -> Result<Option<u64>, StoreError> {
        self.0.number(workspace)
    }

    async fn fetch_entries(
        &self,
        workspace: WorkspaceId,
        numbers: Range<u64>,
    ) -> Result<Vec<Bytes>, StoreError> {
        self.0.batches_known()?;
        let entries = numbers.take(ANSWER_ITEMS_MAX).map(|number| self.0.entry(workspace, number));
        let found = entries.map_while(Result::transpose);
        found.map(|entry| entry.map(|(bytes, _)| bytes)).collect()
    }

    async fn find_requests(
        &self,
        workspace: WorkspaceId,
        requests: &[RequestKey],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        self.0.batches_known()?;
        self.0.requests_of(workspace, requests)
    }

    async fn commit(&self, workspace: WorkspaceId, batch: Batch) -> Result<Outcome, StoreError> {
        self.0.commit(workspace, batch)
    }
}
