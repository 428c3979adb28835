//! Objects, rows, entries and the number, in IndexedDB.

use std::{collections::HashMap, ops::Range};

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ObjectId, WorkspaceId};
use markerbed_storage::{
    Batch, Capabilities, Outcome, Records, RequestKey, RowRange, StoreError, StoredItem,
    judge::{Recorded, judge},
    limits::{ANSWER_ITEMS_MAX, check_object},
};

use super::{
    IndexedDbStore,
    layout::{
        ENTRIES, NUMBERS, OBJECTS, REQUESTS, ROWS, behind, damaged, decode_entry, decode_number,
        encode_entry, entry_key, key, object_key, request_key,
    },
    transaction::{Access, Keys, Transaction},
};

#[async_trait(?Send)]
impl Records for IndexedDbStore {
    fn record_capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    async fn fetch_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let keys: Vec<_> = ids.iter().map(|id| object_key(workspace, id)).collect();
        let transaction = self.begin(&[OBJECTS], Access::Read)?;
        let item = |at: usize| {
            ids.get(at).map_or(StoredItem::Unknown, |id| StoredItem::Object(workspace, *id))
        };
        let found = transaction.fetch(OBJECTS, &keys, item).await?;
        Ok(found.into_iter().map(|bytes| bytes.map(Bytes::from)).collect())
    }

    async fn has_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<bool>, StoreError> {
        let keys: Vec<_> = ids.iter().map(|id| object_key(workspace, id)).collect();
        self.begin(&[OBJECTS], Access::Read)?.has(OBJECTS, &keys).await
    }

    async fn put_objects(
        &self,
        workspace: WorkspaceId,
        objects: &[(ObjectId, Bytes)],
    ) -> Result<(), StoreError> {
        objects.iter().try_for_each(|(_, bytes)| check_object(bytes.len()))?;
        if objects.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin(&[OBJECTS], Access::Write)?;
        self.0.leave_what_is_there(&mut transaction);
        for (id, bytes) in objects {
            transaction.add(OBJECTS, &object_key(workspace, id), bytes)?;
        }
        transaction.commit().await
    }

    async fn fetch_rows(
        &self,
        workspace: WorkspaceId,
        keys: &[Bytes],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let keys: Vec<_> = keys.iter().map(|row| key(workspace, row)).collect();
        let transaction = self.begin(&[ROWS], Access::Read)?;
        let found = transaction.fetch(ROWS, &keys, |_| StoredItem::Batch(workspace)).await?;
        Ok(found.into_iter().map(|value| value.map(Bytes::from)).collect())
    }

    async fn range_rows(
        &self,
        workspace: WorkspaceId,
        range: &RowRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        let prefix = key(workspace, &range.prefix);
        let to = behind(&prefix);
        let keys = match &range.after {
            Some(after) if *after >= range.prefix => {
                Keys { from: key(workspace, after), after: true, to }
            }
            _ => Keys { from: prefix, after: false, to },
        };
        if keys.to.as_ref().is_some_and(|to| *to <= keys.from) {
            return Ok(Vec::new());
        }
        let limit = limit.min(ANSWER_ITEMS_MAX) as u32;
        let transaction = self.begin(&[ROWS], Access::Read)?;
        let rows = transaction.range(ROWS, &keys, limit, |_| StoredItem::Batch(workspace)).await?;
        let row = |(key, value): (Vec<u8>, Vec<u8>)| {
            (Bytes::from(key).slice(workspace.as_bytes().len()..), value.into())
        };
        Ok(rows.into_iter().map(row).collect())
    }

    async fn number(&self, workspace: WorkspaceId) -> Result<Option<u64>, StoreError> {
        fetch_number(&self.begin(&[NUMBERS], Access::Read)?, &self.0.place.text, workspace).await
    }

    async fn fetch_entries(
        &self,
        workspace: WorkspaceId,
        numbers: Range<u64>,
    ) -> Result<Vec<Bytes>, StoreError> {
        let place = &self.0.place.text;
        let transaction = self.begin(&[NUMBERS, ENTRIES], Access::Read)?;
        let number = fetch_number(&transaction, place, workspace).await?;
        let Some(count) = number.map(|number| number.saturating_add(1)) else {
            return Ok(Vec::new());
        };
        let end = numbers.end.min(count).min(numbers.start.saturating_add(LIMIT));
        let keys: Vec<_> =
            (numbers.start..end).map(|number| entry_key(workspace, number)).collect();
        let item = |at: usize| StoredItem::Entry(workspace, numbers.start + at as u64);
        let found = transaction.fetch(ENTRIES, &keys, item).await?;
        let entry = |(at, found): (usize, Option<Vec<u8>>)| {
            let payload = found.ok_or_else(|| missing(item(at), place))?;
            let bytes = decode_entry(&payload).map(|(_, bytes)| Bytes::copy_from_slice(bytes));
            bytes.ok_or_else(|| damaged(item(at), place, ENTRIES))
        };
        found.into_iter().enumerate().map(entry).collect()
    }

    async fn find_requests(
        &self,
        workspace: WorkspaceId,
        requests: &[RequestKey],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        let transaction = self.begin(&[REQUESTS], Access::Read)?;
        fetch_requests(&transaction, &self.0.place.text, workspace, requests).await
    }

    async fn commit(&self, workspace: WorkspaceId, batch: Batch) -> Result<Outcome, StoreError> {
        let place = &self.0.place.text;
        let tables = [NUMBERS, ENTRIES, REQUESTS, ROWS];
        let transaction = self.begin(&tables, Access::Write)?;
        let number = fetch_number(&transaction, place, workspace).await?;
        let recorded = fetch_recorded(&transaction, place, workspace, &batch).await?;
        let decided = judge(number, &batch, |request| {
            let found = recorded.get(request).cloned();
            Ok(found.map(|(number, operation)| Recorded { number, operation }))
        })?;
        if let Some(outcome) = decided {
            return Ok(outcome);
        }
        put_batch(&transaction, workspace, &batch)?;
        transaction.commit().await?;
        let number = batch.entries.last().map(|entry| entry.number).or(number);
        self.0.tell(workspace);
        Ok(Outcome::Committed { number })
    }
}

fn put_batch(
    transaction: &Transaction<'_>,
    workspace: WorkspaceId,
    batch: &Batch,
) -> Result<(), StoreError> {
    for entry in &batch.entries {
        let number = entry.number.to_be_bytes();
        transaction.put(REQUESTS, &request_key(workspace, &entry.request), &number)?;
        transaction.put(ENTRIES, &entry_key(workspace, entry.number), &encode_entry(entry))?;
    }
    if let Some(entry) = batch.entries.last() {
        transaction.put(NUMBERS, workspace.as_bytes(), &entry.number.to_be_bytes())?;
    }
    for row in &batch.rows {
        let key = key(workspace, &row.key);
        match &row.value {
            Some(value) => transaction.put(ROWS, &key, value)?,
            None => transaction.delete(ROWS, &key)?,
        }
    }
    Ok(())
}

async fn fetch_number(
    transaction: &Transaction<'_>,
    place: &str,
    workspace: WorkspaceId,
) -> Result<Option<u64>, StoreError> {
    let item = StoredItem::Batch(workspace);
    let found = transaction.fetch(NUMBERS, &[key(workspace, &[])], |_| item).await?;
    let Some(payload) = found.into_iter().flatten().next() else { return Ok(None) };
    decode_number(&payload).map(Some).ok_or_else(|| damaged(item, place, NUMBERS))
}

async fn fetch_requests(
    transaction: &Transaction<'_>,
    place: &str,
    workspace: WorkspaceId,
    requests: &[RequestKey],
) -> Result<Vec<Option<u64>>, StoreError> {
    let item = StoredItem::Batch(workspace);
    let keys: Vec<_> = requests.iter().map(|key| request_key(workspace, key)).collect();
    let found = transaction.fetch(REQUESTS, &keys, |_| item).await?;
    let number = |found: Option<Vec<u8>>| {
        let number = found.map(|payload| decode_number(&payload));
        number.map(|number| number.ok_or_else(|| damaged(item, place, REQUESTS))).transpose()
    };
    found.into_iter().map(number).collect()
}

/// What the requests of a batch were recorded as.
async fn fetch_recorded(
    transaction: &Transaction<'_>,
    place: &str,
    workspace: WorkspaceId,
    batch: &Batch,
) -> Result<HashMap<RequestKey, (u64, Bytes)>, StoreError> {
    let requests: Vec<_> = batch.entries.iter().map(|entry| entry.request).collect();
    let numbers = fetch_requests(transaction, place, workspace, &requests).await?;
    let known: Vec<_> = requests
        .into_iter()
        .zip(numbers)
        .filter_map(|(request, number)| Some((request, number?)))
        .collect();
    let item = |at: usize| {
        known
            .get(at)
            .map_or(StoredItem::Unknown, |(_, number)| StoredItem::Entry(workspace, *number))
    };
    let keys: Vec<_> = known.iter().map(|(_, number)| entry_key(workspace, *number)).collect();
    let found = transaction.fetch(ENTRIES, &keys, item).await?;
    let operation = |(at, ((request, number), found)): (usize, (&(RequestKey, u64), _))| {
        let payload: Vec<u8> = Option::ok_or_else(found, || missing(item(at), place))?;
        let entry = decode_entry(&payload).ok_or_else(|| damaged(item(at), place, ENTRIES))?;
        let operation = entry.1.get(entry.0..).unwrap_or_default();
        Ok((*request, (*number, Bytes::copy_from_slice(operation))))
    };
    known.iter().zip(found).enumerate().map(operation).collect()
}

fn missing(item: StoredItem, place: &str) -> StoreError {
    let place = format!("{place}, {ENTRIES}");
    StoreError::Damaged { item, place, fault: "it is not there, but a newer one is" }
}

const LIMIT: u64 = ANSWER_ITEMS_MAX as u64;
