//! Objects on their way to the sink.

use std::{
    mem,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use markerbed_core::{AttributesId, MapId, ObjectId, codec::Canonical, map::Page, tree::Time};

use crate::{snapshot::Sink, store::StoreError};

/// Objects that are kept back so that a store gets many at once.
///
/// Nodes with their pages, and attributes with theirs, go by themselves: who reads a tree seldom
/// reads what is beside it, and like is stored with like.
pub(super) struct Objects<'a> {
    sink: &'a dyn Sink,
    gathered: &'a Gathered,
    tree: Vec<(ObjectId, Bytes)>,
    attributes: Vec<(ObjectId, Bytes)>,
    /// The attributes that were put last of those that follow from so little.
    last_plain: Option<(Plain, AttributesId)>,
}

/// Objects of directories that were made: many of them together are smaller, and found sooner.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    tree: Mutex<Vec<(ObjectId, Bytes)>>,
    attributes: Mutex<Vec<(ObjectId, Bytes)>>,
}

/// What an object is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Of {
    Tree,
    Attributes,
}

/// All that the attributes of a file or symlink follow from if it has none but these.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Plain {
    /// None of a symlink.
    pub(super) mode_bits: Option<u32>,
    pub(super) modified_at: Time,
    pub(super) user: u32,
    pub(super) group: u32,
}

impl<'a> Objects<'a> {
    pub(super) const fn new(sink: &'a dyn Sink, gathered: &'a Gathered) -> Self {
        Self { sink, gathered, tree: Vec::new(), attributes: Vec::new(), last_plain: None }
    }

    pub(super) fn put(
        &mut self,
        of: Of,
        id: ObjectId,
        bytes: impl Into<Bytes>,
    ) -> Result<(), StoreError> {
        let waiting = match of {
            Of::Tree => &mut self.tree,
            Of::Attributes => &mut self.attributes,
        };
        waiting.push((id, bytes.into()));
        if waiting.len() < OBJECTS_AT_ONCE {
            return Ok(());
        }
        put(of, mem::take(waiting), self.sink)
    }

    pub(super) fn put_pages(
        &mut self,
        of: Of,
        pages: Vec<(MapId, Page)>,
    ) -> Result<(), StoreError> {
        pages.iter().try_for_each(|(id, page)| self.put(of, (*id).into(), page.encode()))
    }

    pub(super) fn put_all(
        &mut self,
        of: Of,
        objects: Vec<(ObjectId, Bytes)>,
    ) -> Result<(), StoreError> {
        objects.into_iter().try_for_each(|(id, bytes)| self.put(of, id, bytes))
    }

    /// Puts attributes that follow from `plain`, which many neighbours share.
    pub(super) fn put_plain(
        &mut self,
        plain: Plain,
        id: AttributesId,
        bytes: Vec<u8>,
    ) -> Result<(), StoreError> {
        self.last_plain = Some((plain, id));
        self.put(Of::Attributes, id.into(), bytes)
    }

    /// The attributes that follow from `plain`, if they were just put.
    pub(super) fn last_plain(&self, plain: Plain) -> Option<AttributesId> {
        self.last_plain.filter(|(last, _)| *last == plain).map(|(_, id)| id)
    }

    /// Hands over what is left.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        self.gathered.add(Of::Tree, self.tree, self.sink)?;
        self.gathered.add(Of::Attributes, self.attributes, self.sink)
    }
}

impl Gathered {
    /// Puts what is still here.
    pub(super) fn put_all(self, sink: &dyn Sink) -> Result<(), StoreError> {
        for (of, rest) in [(Of::Tree, self.tree), (Of::Attributes, self.attributes)] {
            put(of, rest.into_inner().unwrap_or_else(PoisonError::into_inner), sink)?;
        }
        Ok(())
    }

    fn add(
        &self,
        of: Of,
        objects: Vec<(ObjectId, Bytes)>,
        sink: &dyn Sink,
    ) -> Result<(), StoreError> {
        let place = match of {
            Of::Tree => &self.tree,
            Of::Attributes => &self.attributes,
        };
        let mut gathered = place.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.extend(objects);
        if gathered.len() < OBJECTS_AT_ONCE {
            return Ok(());
        }
        let objects = mem::take(&mut *gathered);
        drop(gathered);
        put(of, objects, sink)
    }
}

fn put(of: Of, mut objects: Vec<(ObjectId, Bytes)>, sink: &dyn Sink) -> Result<(), StoreError> {
    if of == Of::Attributes {
        // Pages are mostly names, and what they are of is mostly the same as its neighbours.
        objects.sort_by_key(|(id, _)| id.kind);
    }
    if objects.is_empty() { Ok(()) } else { sink.put_objects(objects) }
}

const OBJECTS_AT_ONCE: usize = 1_024;
