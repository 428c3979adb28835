//! Whether a batch is taken: the same answer from every store.

use std::collections::BTreeSet;

use bytes::Bytes;
use markerbed_core::limits::ENTRY_BYTES_MAX;

use super::{
    Batch, Outcome, RequestKey, StoreError, StoredEntry,
    limits::{BATCH_BYTES_MAX, ROW_KEY_BYTES_MAX, ROW_VALUE_BYTES_MAX, check_length},
};

/// What a request was recorded as.
pub struct Recorded {
    /// The number of the entry.
    pub number: u64,
    /// The entry's operation ([`StoredEntry::operation`]).
    pub operation: Bytes,
}

/// Decides over `batch` in a workspace whose number is `number`; `None` means: take it.
///
/// `recorded` finds what a request was recorded as.
///
/// # Errors
///
/// As [`Records::commit`](super::Records::commit).
pub fn judge(
    number: Option<u64>,
    batch: &Batch,
    mut recorded: impl FnMut(&RequestKey) -> Result<Option<Recorded>, StoreError>,
) -> Result<Option<Outcome>, StoreError> {
    check_batch(batch)?;
    let mut already = None;
    let mut all_recorded = !batch.entries.is_empty();
    for entry in &batch.entries {
        match recorded(&entry.request)? {
            None => all_recorded = false,
            Some(found) if found.operation == entry.operation() => already = Some(found.number),
            Some(Recorded { number, .. }) => {
                return Err(StoreError::RequestTaken { request: entry.request, number });
            }
        }
    }
    Ok(match already {
        Some(number) if all_recorded => Some(Outcome::Already { number }),
        // A part of it was recorded, by a rival that shares requests: the number has moved then.
        Some(_) => Some(Outcome::Lost { number }),
        None if number != batch.expected => Some(Outcome::Lost { number }),
        None => None,
    })
}

fn check_batch(batch: &Batch) -> Result<(), StoreError> {
    let mut next = batch.expected.map_or(Some(0), |number| number.checked_add(1));
    let mut requests = BTreeSet::new();
    let mut bytes = 0_usize;
    for entry in &batch.entries {
        if next != Some(entry.number) {
            return Err(StoreError::BadBatch { rule: "entries follow the expected number" });
        }
        check_entry(entry)?;
        if !requests.insert(entry.request) {
            return Err(StoreError::BadBatch { rule: "a request stands for one entry" });
        }
        next = entry.number.checked_add(1);
        bytes = bytes.saturating_add(entry.bytes.len());
    }
    for row in &batch.rows {
        let value_bytes = row.value.as_ref().map_or(0, Bytes::len);
        check_length("a row's key", row.key.len(), ROW_KEY_BYTES_MAX)?;
        check_length("a row's value", value_bytes, ROW_VALUE_BYTES_MAX)?;
        bytes = bytes.saturating_add(row.key.len()).saturating_add(value_bytes);
    }
    check_length("a batch", bytes, BATCH_BYTES_MAX)
}

fn check_entry(entry: &StoredEntry) -> Result<(), StoreError> {
    if entry.operation_at as usize > entry.bytes.len() {
        return Err(StoreError::BadBatch { rule: "an entry's operation lies within its bytes" });
    }
    check_length("a ledger entry", entry.bytes.len(), ENTRY_BYTES_MAX as usize)
}
