//! The frames that were decompressed last.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;

use super::layout::Position;

/// A few frames, by the place of their record: neighbours are read one after the other.
#[derive(Debug, Default)]
pub(super) struct FrameCache(Mutex<VecDeque<(Position, Bytes)>>);

impl FrameCache {
    pub(super) fn find(&self, record: Position) -> Option<Bytes> {
        let mut frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = frames.iter().position(|(known, _)| *known == record)?;
        let found = frames.remove(at)?;
        let bytes = found.1.clone();
        frames.push_front(found);
        Some(bytes)
    }

    pub(super) fn keep(&self, record: Position, bytes: &Bytes) {
        if bytes.len() > FRAME_BYTES_MAX {
            return;
        }
        let mut frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        frames.push_front((record, bytes.clone()));
        frames.truncate(FRAMES_MAX);
    }
}

/// Larger frames hold one item, which is not asked for twice in a row.
const FRAME_BYTES_MAX: usize = 256 << 10;
const FRAMES_MAX: usize = 32;
