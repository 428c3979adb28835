//! Goes through a pack record by record, without any index.

use std::{fmt, io};

use super::{
    layer::StoreFile,
    layout::{PACK_HEADER_BYTES, Position},
    record::{HEADER_BYTES, Header, MAGIC},
    sum::Seed,
};
use crate::store::{StoreError, StoredItem};

/// Something in a pack that is not as it was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DamagedRecord {
    /// The pack's number.
    pub pack: u32,
    /// Where the record begins, in bytes from the pack's start.
    pub offset: u64,
    /// What is lost, as far as it can be told.
    pub item: StoredItem,
    /// How it shows.
    pub fault: &'static str,
}

impl DamagedRecord {
    pub(super) const fn new(position: Position, item: StoredItem, fault: &'static str) -> Self {
        Self { pack: position.pack, offset: position.offset, item, fault }
    }

    pub(super) const fn position(&self) -> Position {
        Position { pack: self.pack, offset: self.offset }
    }

    /// The error of whoever needs what is lost, in the store at `place`.
    pub(super) fn error(&self, place: &str) -> StoreError {
        let place = format!("{place}: {}", self.position());
        StoreError::Damaged { item: self.item, place, fault: self.fault }
    }
}

impl fmt::Display for DamagedRecord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}: {}", self.position(), self.item, self.fault)
    }
}

/// A record whose header and table are as they were written.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) position: Position,
    pub(super) header: Header,
    pub(super) table: Vec<u8>,
}

impl Record {
    /// Where the next record begins.
    pub(super) fn end(&self) -> Position {
        let offset = self.position.offset + self.header.record_bytes();
        Position { offset, ..self.position }
    }
}

/// The stored bytes of a record's items.
pub(super) struct Payload {
    pub(super) bytes: Vec<u8>,
    /// They are those that were written.
    pub(super) is_whole: bool,
}

impl Payload {
    /// The bytes, if they are those that were written.
    pub(super) fn whole(self) -> Option<Vec<u8>> {
        self.is_whole.then_some(self.bytes)
    }
}

/// What comes next in a pack.
#[derive(Debug)]
pub(super) enum Step {
    /// A record.
    Record(Record),
    /// Bytes that are no record, up to the next record or the end.
    Gap { from: Position, fault: &'static str },
}

/// Reads a pack from its first record on.
pub(super) struct Walk<'a> {
    file: &'a dyn StoreFile,
    seed: Seed,
    position: Position,
    length: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(file: &'a dyn StoreFile, seed: Seed, pack: u32) -> io::Result<Self> {
        let length = file.length()?;
        let position = Position { pack, offset: PACK_HEADER_BYTES.min(length) };
        Ok(Self { file, seed, position, length, window: Vec::new(), window_at: 0 })
    }

    /// Goes on at `offset`, where a record begins.
    pub(super) const fn go_on_at(&mut self, offset: u64) {
        self.position.offset = offset;
    }

    /// Where the next record is looked for.
    pub(super) const fn position(&self) -> Position {
        self.position
    }

    /// Bytes of the pack, when the walk began.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// The next record or gap; `None` at the end.
    pub(super) fn step(&mut self) -> io::Result<Option<Step>> {
        if self.position.offset >= self.length {
            return Ok(None);
        }
        let from = self.position;
        match self.record_at(from.offset)? {
            Ok(record) => {
                self.position = record.end();
                Ok(Some(Step::Record(record)))
            }
            Err(fault) => {
                self.position.offset = self.next_record(from.offset + 1)?;
                Ok(Some(Step::Gap { from, fault }))
            }
        }
    }

    /// Tells whether the next step is a record.
    pub(super) fn is_at_record(&mut self) -> io::Result<bool> {
        Ok(self.record_at(self.position.offset)?.is_ok())
    }

    /// Reads the items' bytes of a record, as they are stored.
    pub(super) fn payload(&self, record: &Record) -> io::Result<Payload> {
        let mut bytes = vec![0; record.header.stored_bytes as usize];
        let start = record.position.offset + record.header.head_bytes();
        let read = self.file.read_at(&mut bytes, start)?;
        bytes.truncate(read);
        let is_whole = self.seed.sum(&bytes) == record.header.payload_sum;
        Ok(Payload { bytes, is_whole })
    }

    fn record_at(&mut self, offset: u64) -> io::Result<Result<Record, &'static str>> {
        let position = Position { offset, ..self.position };
        let Some(header) = Header::decode(self.bytes(offset, HEADER_BYTES)?) else {
            return Ok(Err(HEADER_BROKEN));
        };
        if header.record_bytes() > self.length - offset {
            return Ok(Err(ENDS_EARLY));
        }
        let seed = self.seed;
        let head = self.bytes(offset, HEADER_BYTES + header.table_bytes as usize)?;
        if !header.is_at(head, position, seed) {
            return Ok(Err(HEADER_BROKEN));
        }
        let table = head.get(HEADER_BYTES..).unwrap_or_default().to_vec();
        Ok(Ok(Record { position, header, table }))
    }

    /// Finds the first record at `offset` or behind it, else the end.
    fn next_record(&mut self, mut offset: u64) -> io::Result<u64> {
        while offset < self.length {
            let block = self.bytes(offset, SEARCH_BYTES)?;
            let known = block.len() as u64;
            match block.windows(MAGIC.len()).position(|bytes| bytes == MAGIC) {
                Some(at) if self.record_at(offset + at as u64)?.is_ok() => {
                    return Ok(offset + at as u64);
                }
                Some(at) => offset += at as u64 + 1,
                // The magic may begin in the last bytes of this block.
                None => offset += (known + 1).saturating_sub(MAGIC.len() as u64).max(1),
            }
        }
        Ok(self.length)
    }

    /// As many of `count` bytes as there are from `offset` on.
    fn bytes(&mut self, offset: u64, count: usize) -> io::Result<&[u8]> {
        let ends = |at: u64, count: usize| at.saturating_add(count as u64).min(self.length);
        let covered = offset >= self.window_at
            && ends(offset, count) <= self.window_at + self.window.len() as u64;
        if !covered {
            let wanted = ends(offset, count.max(WINDOW_BYTES)).saturating_sub(offset);
            self.window.resize(wanted as usize, 0);
            let read = self.file.read_at(&mut self.window, offset)?;
            self.window.truncate(read);
            self.window_at = offset;
        }
        let from = self.window.get((offset - self.window_at) as usize..).unwrap_or_default();
        Ok(from.get(..count).unwrap_or(from))
    }
}

pub(super) const PAYLOAD_BROKEN: &str = "its bytes are not those that were written";
pub(super) const HEADER_BROKEN: &str = "its header is not what was written";
pub(super) const ENDS_EARLY: &str = "the file ends inside it";

/// Enough for the head of most records, little enough to skip what lies between them.
const WINDOW_BYTES: usize = 8 << 10;
const SEARCH_BYTES: usize = 256 << 10;
