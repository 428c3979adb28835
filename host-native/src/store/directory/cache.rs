//! The frames that were decompressed last, and the heads of records that were read last.

use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::RandomState;
use markerbed_core::WorkspaceId;
use quick_cache::{
    Weighter,
    sync::{Cache, DefaultLifecycle},
};

use super::{
    layout::Position,
    pack_index::{Found, Frame, ItemState, Place},
    record::{Item, KeyClass},
};

/// Frames, by the place of their record: neighbours are read one after the other.
pub(super) struct FrameCache(Kept<Bytes, FrameBytes>);

impl Default for FrameCache {
    fn default() -> Self {
        Self(kept(FRAMES, FRAMES_BYTES_MAX, FrameBytes))
    }
}

impl FrameCache {
    pub(super) fn find(&self, record: Position) -> Option<Bytes> {
        self.0.get(&record)
    }

    pub(super) fn keep(&self, record: Position, bytes: &Bytes) {
        if bytes.len() <= FRAME_BYTES_MAX {
            self.0.insert(record, bytes.clone());
        }
    }
}

/// The head of a record of items.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) workspace: WorkspaceId,
    pub(super) frame: Frame,
    pub(super) items: Vec<Item>,
}

impl Head {
    /// Finds an item of `workspace`.
    pub(super) fn item(
        &self,
        workspace: WorkspaceId,
        class: KeyClass,
        id: [u8; 32],
    ) -> Option<ItemState> {
        let is_it = |item: &&Item| item.id == id && item.kind.class() == class;
        let item = self.items.iter().find(is_it).filter(|_| self.workspace == workspace)?;
        Some(ItemState::Stored(item.kind, Found { frame: self.frame, place: Place::of(item) }))
    }
}

/// Heads, by the place of their record: neighbours are looked up one after the other.
pub(super) struct HeadCache(Kept<Arc<Head>, HeadBytes>);

impl Default for HeadCache {
    fn default() -> Self {
        Self(kept(HEADS, HEADS_BYTES_MAX, HeadBytes))
    }
}

impl HeadCache {
    pub(super) fn find(&self, record: Position) -> Option<Arc<Head>> {
        self.0.get(&record)
    }

    pub(super) fn keep(&self, head: &Arc<Head>) {
        self.0.insert(head.frame.record, head.clone());
    }
}

type Kept<T, W> = Cache<Position, T, W, RandomState>;

fn kept<T: Clone, W: Weighter<Position, T> + Clone>(
    count: usize,
    most: u64,
    weigher: W,
) -> Kept<T, W> {
    Cache::with(count, most, weigher, RandomState::default(), DefaultLifecycle::default())
}

#[derive(Clone)]
struct FrameBytes;

impl Weighter<Position, Bytes> for FrameBytes {
    fn weight(&self, _: &Position, bytes: &Bytes) -> u64 {
        bytes.len() as u64 + ENTRY_BYTES
    }
}

#[derive(Clone)]
struct HeadBytes;

impl Weighter<Position, Arc<Head>> for HeadBytes {
    fn weight(&self, _: &Position, head: &Arc<Head>) -> u64 {
        (head.items.len() * size_of::<Item>()) as u64 + ENTRY_BYTES
    }
}

/// Larger frames hold one item, which is not asked for twice in a row.
const FRAME_BYTES_MAX: usize = 256 << 10;
/// About so many: frames of objects have 32 KiB.
const FRAMES: usize = 256;
const FRAMES_BYTES_MAX: u64 = 8 << 20;
const HEADS: usize = 512;
const HEADS_BYTES_MAX: u64 = 4 << 20;
/// What anything kept takes besides its own bytes: what has no weight would never be put out.
const ENTRY_BYTES: u64 = 256;
