//! What of a section is kept in memory: its filter, and where in the table of keys to look.

use std::ops::Range;

use super::{
    filter::{self, Filter},
    head::Counts,
};

/// The filter and the buckets of one section.
#[derive(Debug)]
pub(super) struct Guide {
    filter: Filter,
    /// The first key of each bucket; empty if there is only one.
    starts: Vec<u32>,
    counts: Counts,
}

impl Guide {
    /// Makes it of the hashes of all keys, ascending.
    pub(super) fn of(hashes: impl Iterator<Item = u64>, counts: Counts) -> Self {
        let mut filter = Filter::new(counts.keys);
        let mut starts = Vec::with_capacity(counts.starts() as usize);
        for (hash, key) in hashes.zip(0..) {
            filter.put(hash);
            let buckets = (bucket(hash, counts.bucket_bits()) + 1).min(counts.starts() as usize);
            starts.resize(buckets.max(starts.len()), key);
        }
        starts.resize(counts.starts() as usize, counts.keys);
        Self { filter, starts, counts }
    }

    /// Its bytes, [`Counts::guide_bytes`] of them.
    pub(super) fn encode(&self) -> Vec<u8> {
        let words = self.filter.words().chain(self.starts.iter().copied());
        words.flat_map(u32::to_le_bytes).collect()
    }

    /// Reads it; `None` if the buckets are not in order.
    pub(super) fn decode(bytes: &[u8], counts: Counts) -> Option<Self> {
        let (filter, starts) = bytes.split_at_checked(filter::bytes(counts.keys) as usize)?;
        let starts: Vec<_> =
            starts.as_chunks().0.iter().map(|start| u32::from_le_bytes(*start)).collect();
        let ordered = starts.is_sorted()
            && starts.first().is_none_or(|first| *first == 0)
            && starts.last().is_none_or(|last| *last <= counts.keys);
        ordered.then(|| Self { filter: Filter::decode(filter), starts, counts })
    }

    /// Tells whether a key with this hash may be there.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        self.filter.may_hold(hash)
    }

    /// The keys among which one with this hash is.
    pub(super) fn bucket(&self, hash: u64) -> Range<u32> {
        let bucket = bucket(hash, self.counts.bucket_bits());
        let start = |bucket: usize| self.starts.get(bucket).copied();
        start(bucket).unwrap_or(0)..start(bucket + 1).unwrap_or(self.counts.keys)
    }
}

/// What of a hash is written down, besides its bucket: the 32 bits behind those that choose it.
pub(super) const fn tag(hash: u64, bucket_bits: u32) -> u32 {
    ((hash << bucket_bits) >> 32) as u32
}

fn bucket(hash: u64, bucket_bits: u32) -> usize {
    hash.checked_shr(u64::BITS - bucket_bits).unwrap_or(0) as usize
}
