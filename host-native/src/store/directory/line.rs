//! Lines: what the payload of a batch is made of. Each can be read and proven by itself.

use markerbed_core::{
    ContentId, Error, Id16,
    codec::{Reader, put_bytes, put_fixed, put_u32, put_u64, take_varint},
};

use super::sum::Seed;
use crate::store::RequestKey;

/// One change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Line<'a> {
    /// A ledger entry.
    Entry {
        number: u64,
        request: RequestKey,
        /// Where in `bytes` the operation begins.
        operation_at: u32,
        bytes: &'a [u8],
    },
    /// A row has this value from now on.
    PutRow { key: &'a [u8], value: &'a [u8] },
    /// A row is no more.
    DeleteRow { key: &'a [u8] },
    /// A content is no more.
    Removed { id: ContentId },
    /// How far a subscriber has read.
    Position { subscriber: &'a str, position: u64 },
}

impl<'a> Line<'a> {
    /// Appends the line; `seed` is that of the workspace's lines.
    pub(super) fn put(&self, out: &mut Vec<u8>, seed: Seed) {
        let start = out.len();
        out.push(self.kind());
        put_u32(out, self.body_bytes() as u32);
        match self {
            Self::Entry { number, request, operation_at, bytes } => {
                put_u64(out, *number);
                put_fixed(out, request.agent.as_bytes());
                put_fixed(out, request.request.as_bytes());
                put_u32(out, *operation_at);
                put_fixed(out, bytes);
            }
            Self::PutRow { key, value } => {
                put_bytes(out, key);
                put_fixed(out, value);
            }
            Self::DeleteRow { key } => put_fixed(out, key),
            Self::Removed { id } => put_fixed(out, id.as_bytes()),
            Self::Position { subscriber, position } => {
                put_u64(out, *position);
                put_fixed(out, subscriber.as_bytes());
            }
        }
        let sum = seed.short_sum(out.get(start..).unwrap_or_default());
        out.extend_from_slice(&sum.to_le_bytes());
    }

    const fn kind(&self) -> u8 {
        match self {
            Self::Entry { .. } => ENTRY,
            Self::PutRow { .. } => PUT_ROW,
            Self::DeleteRow { .. } => DELETE_ROW,
            Self::Removed { .. } => REMOVED,
            Self::Position { .. } => POSITION,
        }
    }

    fn body_bytes(&self) -> usize {
        match self {
            Self::Entry { number, operation_at, bytes, .. } => {
                let numbers = varint_bytes(*number) + varint_bytes(u64::from(*operation_at));
                numbers + 32 + bytes.len()
            }
            Self::PutRow { key, value } => varint_bytes(key.len() as u64) + key.len() + value.len(),
            Self::DeleteRow { key } => key.len(),
            Self::Removed { .. } => 32,
            Self::Position { subscriber, position } => varint_bytes(*position) + subscriber.len(),
        }
    }

    fn of(kind: u8, body: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let line = Self::take(kind, body, &mut reader).ok()??;
        reader.finish().ok()?;
        Some(line)
    }

    fn take(kind: u8, body: &'a [u8], reader: &mut Reader<'a>) -> Result<Option<Self>, Error> {
        // What is behind the fields so far is all of the last one.
        let rest = |reader: &mut Reader<'a>| {
            let rest = body.get(reader.at() as usize..).unwrap_or_default();
            *reader = Reader::new(&[]);
            rest
        };
        Ok(Some(match kind {
            ENTRY => {
                let number = reader.take_u64()?;
                let agent = Id16::from_bytes(reader.take_fixed()?);
                let request = RequestKey { agent, request: Id16::from_bytes(reader.take_fixed()?) };
                let operation_at = reader.take_u32()?;
                Self::Entry { number, request, operation_at, bytes: rest(reader) }
            }
            PUT_ROW => {
                let key = reader.take_bytes(0..=LINE_BYTES_MAX)?;
                Self::PutRow { key, value: rest(reader) }
            }
            DELETE_ROW => Self::DeleteRow { key: rest(reader) },
            REMOVED => Self::Removed { id: ContentId::from_bytes(reader.take_fixed()?) },
            POSITION => {
                let position = reader.take_u64()?;
                match core::str::from_utf8(rest(reader)) {
                    Ok(subscriber) => Self::Position { subscriber, position },
                    Err(_) => return Ok(None),
                }
            }
            _ => return Ok(None),
        }))
    }
}

/// A line with its checksum, which is not yet compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredLine<'a> {
    pub(super) line: Line<'a>,
    /// The whole line without its sum.
    summed: &'a [u8],
    sum: u32,
}

impl<'a> StoredLine<'a> {
    /// Splits off the first line; `None` if there is none that can be read.
    pub(super) fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (whole, rest) = bytes.split_at_checked(Self::bytes(bytes)?)?;
        let (summed, sum) = whole.split_last_chunk()?;
        let (&kind, after_kind) = summed.split_first()?;
        let (_, body) = take_varint(after_kind).ok()?;
        let line = Line::of(kind, body)?;
        Some((Self { line, summed, sum: u32::from_le_bytes(*sum) }, rest))
    }

    /// How many bytes the line has that begins here; its first few are enough to tell.
    pub(super) fn bytes(first: &[u8]) -> Option<usize> {
        let (_, after_kind) = first.split_first()?;
        let (body, after_length) = take_varint(after_kind).ok()?;
        let body = u32::try_from(body).ok().filter(|body| *body <= LINE_BYTES_MAX)?;
        Some(first.len() - after_length.len() + body as usize + SUM_BYTES)
    }

    /// Tells whether it is what was written.
    pub(super) fn is_whole(&self, seed: Seed) -> bool {
        seed.short_sum(self.summed) == self.sum
    }
}

/// Tells whether a line begins with this byte, and not a record.
pub(super) const fn begins_line(byte: u8) -> bool {
    matches!(byte, ENTRY..=POSITION)
}

const fn varint_bytes(value: u64) -> usize {
    (70 - (value | 1).leading_zeros() as usize) / 7
}

const ENTRY: u8 = 1;
const PUT_ROW: u8 = 2;
const DELETE_ROW: u8 = 3;
const REMOVED: u8 = 4;
const POSITION: u8 = 5;
const SUM_BYTES: usize = 4;
/// Bytes of a line's body: a row of the largest key and value, and some.
const LINE_BYTES_MAX: u32 = 2 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::directory::layout::StoreId;

    fn seed() -> Seed {
        Seed::of(StoreId([1; 16]))
    }

    fn lines() -> [Line<'static>; 7] {
        let id = |byte| Id16::from_bytes([byte; 16]);
        let request = RequestKey { agent: id(1), request: id(2) };
        [
            Line::Entry { number: 1 << 40, request, operation_at: 300, bytes: b"entry" },
            Line::PutRow { key: b"key", value: b"value" },
            Line::PutRow { key: b"", value: b"" },
            Line::DeleteRow { key: b"key" },
            Line::Removed { id: ContentId::from_bytes([4; 32]) },
            Line::Position { subscriber: "catalog", position: 9 },
            Line::PutRow { key: &[7; 200], value: &[8; 1_000] },
        ]
    }

    #[test]
    fn lines_come_back_one_after_the_other() {
        let mut out = Vec::new();
        lines().iter().for_each(|line| line.put(&mut out, seed()));

        let mut rest = &out[..];
        for line in lines() {
            let whole = StoredLine::bytes(rest).unwrap();
            let (found, after) = StoredLine::split(rest).unwrap();
            assert_eq!((found.line, rest.len() - after.len()), (line, whole));
            assert!(found.is_whole(seed()));
            rest = after;
        }

        assert!(rest.is_empty());
    }

    #[test]
    fn no_flipped_bit_and_no_lost_end_of_a_line_passes() {
        for line in lines() {
            let mut out = Vec::new();
            line.put(&mut out, seed());
            for bit in 0..out.len() * 8 {
                let mut flipped = out.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let found = StoredLine::split(&flipped);
                assert!(!found.is_some_and(|(found, _)| found.is_whole(seed())), "bit {bit}");
            }
            for length in 0..out.len() {
                assert!(StoredLine::split(&out[..length]).is_none(), "{length}");
            }
        }
    }

    #[test]
    fn a_line_of_another_workspace_does_not_pass() {
        use markerbed_core::WorkspaceId;
        let [ours, theirs] = [1, 2].map(|byte| WorkspaceId::from_bytes([byte; 32]));
        let mut out = Vec::new();
        lines()[1].put(&mut out, seed().of_lines(ours));

        let (line, _) = StoredLine::split(&out).unwrap();

        assert!(line.is_whole(seed().of_lines(ours)));
        assert!(!line.is_whole(seed().of_lines(theirs)));
    }
}
