//! What a batch's record holds: everything that changes together.

use markerbed_core::{
    ContentId, WorkspaceId,
    codec::{Reader, put_u32, put_u64},
};

use super::{
    layout::Position,
    line::{Line, StoredLine},
    sum::Seed,
};
use crate::store::{Batch, RowChange, StoredEntry};

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

impl Change {
    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let entries = self.entries.iter().map(|entry| Line::Entry {
            number: entry.number,
            request: entry.request,
            operation_at: entry.operation_at,
            bytes: &entry.bytes,
        });
        let rows = self.rows.iter().map(|row| match &row.value {
            Some(value) => Line::PutRow { key: &row.key, value },
            None => Line::DeleteRow { key: &row.key },
        });
        let removed = self.removed.iter().map(|id| Line::Removed { id: *id });
        let positions = self
            .positions
            .iter()
            .map(|(subscriber, position)| Line::Position { subscriber, position: *position });
        entries.chain(rows).chain(removed).chain(positions)
    }
}

/// What a batch begins with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct BatchHead {
    /// Counts the batches of the store, from 1 on without a gap.
    pub(super) sequence: u64,
    /// Everything before it was durable when the batch was written.
    pub(super) durable: Position,
}

impl BatchHead {
    /// The bytes of the record's payload.
    pub(super) fn encode(&self, change: &Change, workspace: WorkspaceId, seed: Seed) -> Vec<u8> {
        let mut out = Vec::new();
        put_u64(&mut out, self.sequence);
        put_u32(&mut out, self.durable.pack);
        put_u64(&mut out, self.durable.offset);
        let seed = seed.of_lines(workspace);
        change.lines().for_each(|line| line.put(&mut out, seed));
        out
    }

    /// Reads the first bytes of a payload, and finds its lines.
    pub(super) fn decode(payload: &[u8]) -> Option<(Self, Lines<'_>)> {
        let mut reader = Reader::new(payload);
        let sequence = reader.take_u64().ok()?;
        let pack = reader.take_u32().ok()?;
        let offset = reader.take_u64().ok()?;
        let at = reader.at();
        let lines = Lines { rest: payload.get(at as usize..)?, at };
        Some((Self { sequence, durable: Position { pack, offset } }, lines))
    }
}

/// The lines of a payload.
#[derive(Clone, Debug)]
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    at: u32,
}

impl Lines<'_> {
    /// Tells whether every line can be read.
    pub(super) fn are_readable(&self) -> bool {
        let mut lines = self.clone();
        while lines.next().is_some() {}
        lines.rest.is_empty()
    }

    /// Tells whether every line can be read and is what was written.
    pub(super) fn are_whole(&self, workspace: WorkspaceId, seed: Seed) -> bool {
        let seed = seed.of_lines(workspace);
        self.are_readable() && self.clone().all(|(_, line)| line.is_whole(seed))
    }
}

impl<'a> Iterator for Lines<'a> {
    /// Where in the payload the line begins, and the line.
    type Item = (u32, StoredLine<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (line, rest) = StoredLine::split(self.rest)?;
        let at = self.at;
        self.at += (self.rest.len() - rest.len()) as u32;
        self.rest = rest;
        Some((at, line))
    }
}

#[cfg(test)]
mod tests {
    use markerbed_core::Id16;

    use super::*;
    use crate::store::{RequestKey, directory::layout::StoreId};

    #[test]
    fn a_batch_comes_back_as_it_was_and_says_where_its_lines_are() {
        let id = |byte| Id16::from_bytes([byte; 16]);
        let entry = |number| StoredEntry {
            number,
            request: RequestKey { agent: id(1), request: id(2) },
            operation_at: 1,
            bytes: format!("entry {number}").into(),
        };
        let head = BatchHead { sequence: 300, durable: Position { pack: 2, offset: 1 << 33 } };
        let change = Change {
            entries: vec![entry(7), entry(8)],
            rows: vec![
                RowChange { key: "a".into(), value: Some("b".into()) },
                RowChange { key: "c".into(), value: None },
            ],
            removed: vec![ContentId::from_bytes([4; 32])],
            positions: vec![("catalog".into(), 9)],
        };
        let (workspace, seed) = (WorkspaceId::from_bytes([3; 32]), Seed::of(StoreId([1; 16])));

        let payload = head.encode(&change, workspace, seed);

        let (found, lines) = BatchHead::decode(&payload).unwrap();
        assert_eq!(found, head);
        assert!(lines.are_whole(workspace, seed));
        assert_eq!(
            lines.clone().map(|(_, stored)| stored.line).collect::<Vec<_>>(),
            change.lines().collect::<Vec<_>>()
        );
        for (at, stored) in lines {
            let (alone, _) = StoredLine::split(&payload[at as usize..]).unwrap();
            assert_eq!(alone.line, stored.line);
        }
        let (_, short) = BatchHead::decode(&payload[..payload.len() - 1]).unwrap();
        assert!(!short.are_readable());
    }
}
