//! Objects on their way to the sink.

use std::mem;

use bytes::Bytes;
use markerbed_core::{MapId, ObjectId, codec::Canonical, map::Page};

use crate::{snapshot::Sink, store::StoreError};

/// Objects that are kept back so that a store gets many at once.
///
/// Nodes with their pages, and attributes with theirs, go by themselves: who reads a tree seldom
/// reads what is beside it, and like is stored with like.
pub(super) struct Objects<'a> {
    sink: &'a dyn Sink,
    tree: Vec<(ObjectId, Bytes)>,
    attributes: Vec<(ObjectId, Bytes)>,
}

/// What an object is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Of {
    Tree,
    Attributes,
}

impl<'a> Objects<'a> {
    pub(super) const fn new(sink: &'a dyn Sink) -> Self {
        Self { sink, tree: Vec::new(), attributes: Vec::new() }
    }

    pub(super) fn put(&mut self, of: Of, id: ObjectId, bytes: Vec<u8>) -> Result<(), StoreError> {
        let waiting = match of {
            Of::Tree => &mut self.tree,
            Of::Attributes => &mut self.attributes,
        };
        waiting.push((id, bytes.into()));
        if waiting.len() < OBJECTS_AT_ONCE {
            return Ok(());
        }
        self.sink.put_objects(mem::take(waiting))
    }

    pub(super) fn put_pages(
        &mut self,
        of: Of,
        pages: Vec<(MapId, Page)>,
    ) -> Result<(), StoreError> {
        pages.iter().try_for_each(|(id, page)| self.put(of, (*id).into(), page.encode()))
    }

    pub(super) fn put_all(self) -> Result<(), StoreError> {
        let waiting =
            [self.tree, self.attributes].into_iter().filter(|waiting| !waiting.is_empty());
        waiting.into_iter().try_for_each(|waiting| self.sink.put_objects(waiting))
    }
}

const OBJECTS_AT_ONCE: usize = 1_024;
