//! What a batch's record holds: everything that changes together.

use bytes::Bytes;
use markerbed_core::{
    ContentId, Error, Id16,
    codec::{Reader, put_bytes, put_fixed, put_option, put_u32, put_u64},
};

use super::layout::Position;
use crate::store::{Batch, RequestKey, RowChange, StoredEntry};

/// What a batch changes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Change {
    pub(super) entries: Vec<StoredEntry>,
    pub(super) rows: Vec<RowChange>,
    pub(super) removed: Vec<ContentId>,
    /// Subscribers and their positions.
    pub(super) positions: Vec<(String, u64)>,
}

impl From<Batch> for Change {
    fn from(batch: Batch) -> Self {
        Self { entries: batch.entries, rows: batch.rows, ..Self::default() }
    }
}

/// A batch as it stands in a record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct BatchRecord {
    /// Counts the batches of the store, from 1 on without a gap.
    pub(super) sequence: u64,
    /// Everything before it was durable when the batch was written.
    pub(super) durable: Position,
    pub(super) change: Change,
}

impl BatchRecord {
    /// The bytes of the record's payload, and where in them each entry's bytes begin.
    pub(super) fn encode(&self) -> (Vec<u8>, Vec<u32>) {
        let mut entry_places = Vec::new();
        let Change { entries, rows, removed, positions } = &self.change;
        let mut out = Vec::new();
        put_u64(&mut out, self.sequence);
        put_u32(&mut out, self.durable.pack);
        put_u64(&mut out, self.durable.offset);
        put_list(&mut out, entries, |out, entry| {
            put_u64(out, entry.number);
            put_fixed(out, entry.request.agent.as_bytes());
            put_fixed(out, entry.request.request.as_bytes());
            put_u32(out, entry.operation_at);
            put_bytes(out, &entry.bytes);
            entry_places.push((out.len() - entry.bytes.len()) as u32);
        });
        put_list(&mut out, rows, |out, row| {
            put_bytes(out, &row.key);
            put_option(out, row.value.as_ref(), |out, value| put_bytes(out, value));
        });
        put_list(&mut out, removed, |out, id| put_fixed(out, id.as_bytes()));
        put_list(&mut out, positions, |out, (subscriber, position)| {
            put_bytes(out, subscriber.as_bytes());
            put_u64(out, *position);
        });
        (out, entry_places)
    }

    /// Reads a payload; says the same as [`BatchRecord::encode`].
    pub(super) fn decode(payload: &[u8]) -> Option<(Self, Vec<u32>)> {
        let mut reader = Reader::new(payload);
        let mut entry_places = Vec::new();
        let batch = Self::take(&mut reader, &mut entry_places).ok()?;
        reader.finish().ok()?;
        Some((batch, entry_places))
    }

    fn take(reader: &mut Reader<'_>, entry_places: &mut Vec<u32>) -> Result<Self, Error> {
        let sequence = reader.take_u64()?;
        let durable = Position { pack: reader.take_u32()?, offset: reader.take_u64()? };
        let entries = take_list(reader, |reader| {
            let entry = take_entry(reader)?;
            entry_places.push(reader.at() - entry.bytes.len() as u32);
            Ok(entry)
        })?;
        let rows = take_list(reader, |reader| {
            let key = take_owned(reader)?;
            Ok(RowChange { key, value: reader.take_option(take_owned)? })
        })?;
        let removed = take_list(reader, |reader| Ok(ContentId::from_bytes(reader.take_fixed()?)))?;
        let positions = take_list(reader, |reader| {
            Ok((reader.take_string(0..=u32::MAX)?.to_owned(), reader.take_u64()?))
        })?;
        Ok(Self { sequence, durable, change: Change { entries, rows, removed, positions } })
    }
}

fn take_entry(reader: &mut Reader<'_>) -> Result<StoredEntry, Error> {
    let number = reader.take_u64()?;
    let agent = Id16::from_bytes(reader.take_fixed()?);
    let request = Id16::from_bytes(reader.take_fixed()?);
    let operation_at = reader.take_u32()?;
    let bytes = take_owned(reader)?;
    Ok(StoredEntry { number, request: RequestKey { agent, request }, operation_at, bytes })
}

fn take_owned(reader: &mut Reader<'_>) -> Result<Bytes, Error> {
    reader.take_bytes(0..=u32::MAX).map(Bytes::copy_from_slice)
}

fn put_list<T>(out: &mut Vec<u8>, list: &[T], mut put: impl FnMut(&mut Vec<u8>, &T)) {
    put_u64(out, list.len() as u64);
    list.iter().for_each(|item| put(out, item));
}

fn take_list<T>(
    reader: &mut Reader<'_>,
    mut take: impl FnMut(&mut Reader<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    (0..reader.take_u32()?).map(|_| take(reader)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_comes_back_as_it_was_and_says_where_its_entries_are() {
        let id = |byte| Id16::from_bytes([byte; 16]);
        let entry = |number| StoredEntry {
            number,
            request: RequestKey { agent: id(1), request: id(2) },
            operation_at: 1,
            bytes: Bytes::from(format!("entry {number}")),
        };
        let batch = BatchRecord {
            sequence: 300,
            durable: Position { pack: 2, offset: 1 << 33 },
            change: Change {
                entries: vec![entry(7), entry(8)],
                rows: vec![
                    RowChange { key: "a".into(), value: Some("b".into()) },
                    RowChange { key: "c".into(), value: None },
                ],
                removed: vec![ContentId::from_bytes([4; 32])],
                positions: vec![("catalog".into(), 9)],
            },
        };

        let (payload, places) = batch.encode();

        assert_eq!(BatchRecord::decode(&payload), Some((batch, places.clone())));
        assert!(payload[places[1] as usize..].starts_with(b"entry 8"));
        assert_eq!(BatchRecord::decode(&payload[..payload.len() - 1]), None);
    }
}
