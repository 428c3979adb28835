//! What an index file begins with.

use std::ops::Range;

use markerbed_core::WorkspaceId;

use super::{Covered, filter};

/// What an index file begins with.
pub(super) const MAGIC: [u8; 8] = *b"mbidx01\n";

/// The fixed part of the head.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Header {
    pub(super) covered: Covered,
    pub(super) sections: u32,
    /// Blocks of the file.
    pub(super) blocks: u32,
}

impl Header {
    pub(super) const BYTES: usize = 48;

    pub(super) fn encode(&self) -> Vec<u8> {
        let Covered { pack, end, first_sequence, last_sequence } = self.covered;
        let mut out = Vec::with_capacity(Self::BYTES);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&pack.to_le_bytes());
        out.extend_from_slice(&self.sections.to_le_bytes());
        for number in [end, first_sequence, last_sequence, u64::from(self.blocks)] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.get(..Self::BYTES)?.strip_prefix(&MAGIC)?;
        let (pack, rest) = take_u32(rest)?;
        let (sections, rest) = take_u32(rest)?;
        let (end, rest) = take_u64(rest)?;
        let (first_sequence, rest) = take_u64(rest)?;
        let (last_sequence, rest) = take_u64(rest)?;
        let (blocks, _) = take_u64(rest)?;
        let covered = Covered { pack, end, first_sequence, last_sequence };
        Some(Self { covered, sections, blocks: u32::try_from(blocks).ok()? })
    }
}

/// What the head says of one workspace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct SectionHead {
    pub(super) workspace: WorkspaceId,
    pub(super) entries: Range<u64>,
    pub(super) counts: Counts,
}

impl SectionHead {
    pub(super) const BYTES: usize = 56;

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::BYTES);
        out.extend_from_slice(self.workspace.as_bytes());
        out.extend_from_slice(&self.entries.start.to_le_bytes());
        out.extend_from_slice(&self.entries.end.to_le_bytes());
        out.extend_from_slice(&self.counts.keys.to_le_bytes());
        out.extend_from_slice(&self.counts.rows.to_le_bytes());
        out
    }

    pub(super) fn decode(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (workspace, rest) = bytes.split_first_chunk()?;
        let (start, rest) = take_u64(rest)?;
        let (end, rest) = take_u64(rest)?;
        let (keys, rest) = take_u32(rest)?;
        let (rows, _) = take_u32(rest)?;
        let workspace = WorkspaceId::from_bytes(*workspace);
        let head = Self { workspace, entries: start..end, counts: Counts { keys, rows } };
        (start <= end).then_some(head)
    }
}

/// How much a section has; where its tables are follows from that.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Counts {
    pub(super) keys: u32,
    pub(super) rows: u32,
}

impl Counts {
    pub(super) const KEY_BYTES: u64 = 8;
    pub(super) const ROW_BYTES: u64 = 4;

    /// So many first bits of the hash choose a key's bucket.
    pub(super) const fn bucket_bits(self) -> u32 {
        self.keys.div_ceil(BUCKET_KEYS).next_power_of_two().trailing_zeros()
    }

    /// Buckets whose start is written down: none if there is only one.
    pub(super) const fn starts(self) -> u32 {
        match self.bucket_bits() {
            0 => 0,
            bits => 1 << bits,
        }
    }

    /// Bytes of the filter and of the buckets' starts.
    pub(super) const fn guide_bytes(self) -> u64 {
        filter::bytes(self.keys) + self.starts() as u64 * 4
    }

    /// Bytes of the table of keys.
    pub(super) const fn key_bytes(self) -> u64 {
        self.keys as u64 * Self::KEY_BYTES
    }

    /// Bytes of the table of rows, up to where the next section begins.
    pub(super) const fn row_bytes(self) -> u64 {
        (self.rows as u64 * Self::ROW_BYTES).next_multiple_of(ALIGNMENT)
    }

    /// Bytes of all its tables.
    pub(super) const fn bytes(self) -> u64 {
        self.guide_bytes() + self.key_bytes() + self.row_bytes()
    }
}

fn take_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    bytes.split_first_chunk().map(|(number, rest)| (u32::from_le_bytes(*number), rest))
}

fn take_u64(bytes: &[u8]) -> Option<(u64, &[u8])> {
    bytes.split_first_chunk().map(|(number, rest)| (u64::from_le_bytes(*number), rest))
}

/// A bucket has about half as many keys up to as many.
const BUCKET_KEYS: u32 = 128;
/// No key and no row lies in two blocks, because each section begins at a multiple of that.
const ALIGNMENT: u64 = 8;
