//! Objects on their way to the sink.

use std::mem;

use bytes::Bytes;
use markerbed_core::{MapId, ObjectId, codec::Canonical, map::Page};

use crate::{snapshot::Sink, store::StoreError};

/// Objects that are kept back so that a store gets many at once.
pub(super) struct Objects<'a> {
    sink: &'a dyn Sink,
    waiting: Vec<(ObjectId, Bytes)>,
}

impl<'a> Objects<'a> {
    pub(super) const fn new(sink: &'a dyn Sink) -> Self {
        Self { sink, waiting: Vec::new() }
    }

    pub(super) fn put(&mut self, id: ObjectId, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.waiting.push((id, bytes.into()));
        if self.waiting.len() < OBJECTS_AT_ONCE {
            return Ok(());
        }
        self.sink.put_objects(mem::take(&mut self.waiting))
    }

    pub(super) fn put_pages(&mut self, pages: Vec<(MapId, Page)>) -> Result<(), StoreError> {
        pages.iter().try_for_each(|(id, page)| self.put((*id).into(), page.encode()))
    }

    pub(super) fn put_all(self) -> Result<(), StoreError> {
        if self.waiting.is_empty() { Ok(()) } else { self.sink.put_objects(self.waiting) }
    }
}

const OBJECTS_AT_ONCE: usize = 1_024;
