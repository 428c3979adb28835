//! Records in a store that JavaScript brings.

use std::{collections::BTreeMap, ops::Range};

use async_trait::async_trait;
use bytes::{BufMut, Bytes, BytesMut};
use js_sys::{Array, BigInt, Uint8Array};
use markerbed_core::{NodeId, ObjectId, WorkspaceId};
use markerbed_storage::{
    Batch, Capabilities, Outcome, Records, RequestKey, RowChange, RowRange, StoreError,
    StoredEntry,
    judge::{Recorded, judge},
    limits::{ANSWER_ITEMS_MAX, check_object},
};
use wasm_bindgen::JsValue;

use super::{ForeignStore, answer::Answer, object};

#[async_trait(?Send)]
impl Records for ForeignStore {
    fn record_capabilities(&self) -> Capabilities {
        self.capabilities()
    }

    async fn fetch_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let answer = self.ask("fetchObjects", &[text(workspace), object_keys(ids)]).await?;
        answer.each(ids.len())?.iter().map(Answer::bytes_or_nothing).collect()
    }

    async fn has_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<bool>, StoreError> {
        let answer = self.ask("hasObjects", &[text(workspace), object_keys(ids)]).await?;
        answer.each(ids.len())?.iter().map(Answer::flag).collect()
    }

    async fn put_objects(
        &self,
        workspace: WorkspaceId,
        objects: &[(ObjectId, Bytes)],
    ) -> Result<(), StoreError> {
        objects.iter().try_for_each(|(_, bytes)| check_object(bytes.len()))?;
        let shown = |(id, bytes): &(ObjectId, Bytes)| {
            object(&[("id", object_key(id).into()), ("bytes", array(bytes))])
        };
        let objects: Array = objects.iter().map(shown).collect();
        self.ask("putObjects", &[text(workspace), objects.into()]).await.map(drop)
    }

    async fn fetch_rows(
        &self,
        workspace: WorkspaceId,
        keys: &[Bytes],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let keys: Vec<_> = keys.iter().map(|key| row_key(key)).collect();
        self.fetch_rows_at(workspace, &keys).await
    }

    async fn range_rows(
        &self,
        workspace: WorkspaceId,
        range: &RowRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        let limit = limit.min(ANSWER_ITEMS_MAX);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let prefix = row_key(&range.prefix);
        // A place before the prefix begins at the prefix.
        let after = range.after.as_ref().map(|after| row_key(after)).filter(|it| *it >= prefix);
        let given = [
            text(workspace),
            array(&prefix),
            after.as_deref().map_or(JsValue::UNDEFINED, array),
            JsValue::from(limit as f64),
        ];
        let answer = self.ask("rangeRows", &given).await?;
        let mut rows: Vec<(Bytes, Bytes)> = Vec::new();
        let mut last = after;
        for row in answer.at_most(limit)? {
            let [key, value] = &row.each(2)?[..] else { continue };
            let (key, value) = (key.bytes()?, value.bytes()?);
            if !key.starts_with(&prefix) || last.as_ref().is_some_and(|last| key <= *last) {
                return Err(answer.wrong("rows that are not of the range, or not in their order"));
            }
            rows.push((key.slice(1..), value));
            last = Some(key);
        }
        Ok(rows)
    }

    async fn number(&self, workspace: WorkspaceId) -> Result<Option<u64>, StoreError> {
        self.ask("number", &[text(workspace)]).await?.number_or_nothing()
    }

    async fn fetch_entries(
        &self,
        workspace: WorkspaceId,
        numbers: Range<u64>,
    ) -> Result<Vec<Bytes>, StoreError> {
        let kept = self.fetch_kept(workspace, numbers).await?;
        Ok(kept.into_iter().map(|(_, bytes)| bytes).collect())
    }

    async fn find_requests(
        &self,
        workspace: WorkspaceId,
        requests: &[RequestKey],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        let keys: Array = requests.iter().map(|key| JsValue::from(request_key(key))).collect();
        let answer = self.ask("findRequests", &[text(workspace), keys.into()]).await?;
        answer.each(requests.len())?.iter().map(Answer::number_or_nothing).collect()
    }

    async fn commit(&self, workspace: WorkspaceId, batch: Batch) -> Result<Outcome, StoreError> {
        if let Some(outcome) = self.judged(workspace, &batch).await? {
            return Ok(outcome);
        }
        let rows = batch.rows.iter().map(|RowChange { key, value }| (row_key(key), value.clone()));
        let rows: Vec<_> = rows.collect();
        let answer = self.swap(workspace, batch.expected, &batch.entries, &rows).await?;
        if answer.flag()? {
            let number = batch.entries.last().map(|entry| entry.number).or(batch.expected);
            return Ok(Outcome::Committed { number });
        }
        // A rival was faster, who may have recorded the same.
        let outcome = self.judged(workspace, &batch).await?;
        outcome.ok_or_else(|| answer.wrong("false, but the number is the one expected"))
    }
}

impl ForeignStore {
    /// Rows by keys as the store has them.
    pub(super) async fn fetch_rows_at(
        &self,
        workspace: WorkspaceId,
        keys: &[Bytes],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let given: Array = keys.iter().map(|key| array(key)).collect();
        let answer = self.ask("fetchRows", &[text(workspace), given.into()]).await?;
        answer.each(keys.len())?.iter().map(Answer::bytes_or_nothing).collect()
    }

    /// Asks for a batch to be taken if the number is `expected`; rows have keys as the store has
    /// them. The answer is whether it was taken.
    pub(super) async fn swap(
        &self,
        workspace: WorkspaceId,
        expected: Option<u64>,
        entries: &[StoredEntry],
        rows: &[(Bytes, Option<Bytes>)],
    ) -> Result<Answer, StoreError> {
        let entries: Array = entries.iter().map(shown_entry).collect();
        let shown_row = |(key, value): &(Bytes, Option<Bytes>)| {
            let value = value.as_deref().map_or(JsValue::UNDEFINED, array);
            object(&[("key", array(key)), ("value", value)])
        };
        let rows: Array = rows.iter().map(shown_row).collect();
        let batch = object(&[
            ("expected", expected.map_or(JsValue::UNDEFINED, big)),
            ("entries", entries.into()),
            ("rows", rows.into()),
        ]);
        self.ask("commit", &[text(workspace), batch]).await
    }

    /// What becomes of a batch, as far as the store is now; `None` if it can be taken.
    async fn judged(
        &self,
        workspace: WorkspaceId,
        batch: &Batch,
    ) -> Result<Option<Outcome>, StoreError> {
        let requests: Vec<_> = batch.entries.iter().map(|entry| entry.request).collect();
        let mut recorded = BTreeMap::new();
        if !requests.is_empty() {
            let found = self.find_requests(workspace, &requests).await?;
            for (request, number) in requests.into_iter().zip(found) {
                let Some(number) = number else { continue };
                let kept = self.fetch_kept(workspace, number..number.saturating_add(1)).await?;
                let operation = kept.first().map(|(at, bytes)| bytes.slice(*at..));
                recorded.insert(request, (number, operation.unwrap_or_default()));
            }
        }
        // Asked for last: who finds a request finds the number that it has moved.
        let number = self.number(workspace).await?;
        judge(number, batch, |request| {
            let found = recorded.get(request).cloned();
            Ok(found.map(|(number, operation)| Recorded { number, operation }))
        })
    }

    /// Entries, each with the place where its operation begins.
    async fn fetch_kept(
        &self,
        workspace: WorkspaceId,
        numbers: Range<u64>,
    ) -> Result<Vec<(usize, Bytes)>, StoreError> {
        let end = numbers.end.min(numbers.start.saturating_add(ANSWER_ITEMS_MAX as u64));
        if end <= numbers.start {
            return Ok(Vec::new());
        }
        let given = [text(workspace), big(numbers.start), big(end)];
        let answer = self.ask("fetchEntries", &given).await?;
        let limit = usize::try_from(end - numbers.start).unwrap_or(usize::MAX);
        let kept = answer.at_most(limit)?.into_iter().map(|entry| {
            let mut bytes = entry.bytes()?;
            let head = bytes.split_to(bytes.len().min(HEAD_BYTES));
            let at = head[..].try_into().map(u32::from_le_bytes).map(|at| at as usize);
            match at {
                Ok(at) if at <= bytes.len() => Ok((at, bytes)),
                _ => Err(entry.wrong("an entry that is not what it was given")),
            }
        });
        kept.collect()
    }
}

/// An entry as the store keeps it: where its operation begins goes before its bytes.
fn shown_entry(entry: &StoredEntry) -> JsValue {
    let mut kept = BytesMut::with_capacity(HEAD_BYTES + entry.bytes.len());
    kept.put_u32_le(entry.operation_at);
    kept.put_slice(&entry.bytes);
    object(&[
        ("number", big(entry.number)),
        ("request", request_key(&entry.request).into()),
        ("bytes", array(&kept)),
    ])
}

fn object_keys(ids: &[ObjectId]) -> JsValue {
    ids.iter().map(|id| JsValue::from(object_key(id))).collect::<Array>().into()
}

/// As `node-3f…`: fit for a file's name, too.
fn object_key(id: &ObjectId) -> String {
    format!("{}-{}", id.kind.word().replace(' ', "-"), NodeId::from_bytes(id.bytes))
}

fn request_key(request: &RequestKey) -> String {
    format!("{}{}", request.agent, request.request)
}

/// A row's key as the store has it: other rows of the host's own begin otherwise.
fn row_key(key: &[u8]) -> Bytes {
    [ROW, key].concat().into()
}

pub(super) fn text(id: impl ToString) -> JsValue {
    id.to_string().into()
}

pub(super) fn array(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

fn big(number: u64) -> JsValue {
    BigInt::from(number).into()
}

const ROW: &[u8] = b"r";
/// Bytes that go before an entry.
const HEAD_BYTES: usize = 4;
