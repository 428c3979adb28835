//! Checksums: they tell damage and misplaced bytes, not forgery (ids do that).

use markerbed_core::WorkspaceId;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{
    layout::{Position, StoreId},
    record::KeyClass,
};

/// The seed of all checksums of one store: bytes of another store do not pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed(u64);

impl Seed {
    pub(super) fn of(store: StoreId) -> Self {
        Self(xxh3_64_with_seed(&store.0, 0))
    }

    /// The seed of the checksums of one workspace's lines: another workspace's do not pass.
    pub(super) fn of_lines(self, workspace: WorkspaceId) -> Self {
        Self(self.sum(workspace.as_bytes()))
    }

    /// What a key is looked up by in index files. Keys that share it are told apart by who asks.
    pub(super) fn hash(self, class: KeyClass, key: &[u8]) -> u64 {
        xxh3_64_with_seed(key, self.0.wrapping_add(u64::from(class.0) << 56))
    }

    /// The checksum of bytes wherever they lie in the store.
    pub(super) fn sum(self, bytes: &[u8]) -> u64 {
        xxh3_64_with_seed(bytes, self.0)
    }

    /// The checksum of bytes at one place: old bytes left at another do not pass.
    pub(super) fn sum_at(self, position: Position, bytes: &[u8]) -> u64 {
        let place = (u64::from(position.pack) << 40) ^ position.offset;
        xxh3_64_with_seed(bytes, self.0.wrapping_add(place))
    }

    /// A short checksum, of one item inside a record.
    pub(super) fn short_sum(self, bytes: &[u8]) -> u32 {
        let sum = self.sum(bytes);
        (sum >> 32) as u32 ^ sum as u32
    }
}
