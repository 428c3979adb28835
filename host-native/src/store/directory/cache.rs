//! The frames that were decompressed last, and the heads of records that were read last.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use markerbed_core::WorkspaceId;

use super::{
    layout::Position,
    pack_index::{Found, Frame, ItemState, Place},
    record::{Item, KeyClass},
};

/// A few frames, by the place of their record: neighbours are read one after the other.
#[derive(Debug, Default)]
pub(super) struct FrameCache(Mutex<VecDeque<(Position, Bytes)>>);

impl FrameCache {
    pub(super) fn find(&self, record: Position) -> Option<Bytes> {
        find(&self.0, record)
    }

    pub(super) fn keep(&self, record: Position, bytes: &Bytes) {
        if bytes.len() <= FRAME_BYTES_MAX {
            let mut frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            frames.push_front((record, bytes.clone()));
            frames.truncate(FRAMES_MAX);
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

/// A few heads, by the place of their record: neighbours are looked up one after the other.
#[derive(Debug, Default)]
pub(super) struct HeadCache(Mutex<VecDeque<(Position, Arc<Head>)>>);

impl HeadCache {
    pub(super) fn find(&self, record: Position) -> Option<Arc<Head>> {
        find(&self.0, record)
    }

    pub(super) fn keep(&self, head: &Arc<Head>) {
        let mut heads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heads.push_front((head.frame.record, head.clone()));
        let mut items = 0;
        let fits = |(_, head): &&(Position, Arc<Head>)| {
            items += head.items.len();
            items <= HEAD_ITEMS_MAX
        };
        let count = heads.iter().take(HEADS_MAX).take_while(fits).count();
        heads.truncate(count);
    }
}

fn find<T: Clone>(kept: &Mutex<VecDeque<(Position, T)>>, record: Position) -> Option<T> {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    let at = kept.iter().position(|(known, _)| *known == record)?;
    let found = kept.remove(at)?;
    let value = found.1.clone();
    kept.push_front(found);
    Some(value)
}

/// Larger frames hold one item, which is not asked for twice in a row.
const FRAME_BYTES_MAX: usize = 256 << 10;
const FRAMES_MAX: usize = 32;
const HEADS_MAX: usize = 64;
/// Some 2 MiB.
const HEAD_ITEMS_MAX: usize = 32 << 10;
