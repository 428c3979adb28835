//! Where what was read goes: into a store, or nowhere but into ids.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use markerbed_core::{
    ContentId, ObjectId, ObjectKind, WorkspaceId,
    hash::{ContentHasher, content_id},
};

use crate::{
    drive::{self, blocking::wait},
    store::{ContentWriter, Store, StoreError, Written},
};

/// Takes contents and objects from many threads.
pub trait Sink: Sync {
    /// Takes contents that are in memory and were read together; says how each is called.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn put_contents(&self, contents: &[Bytes]) -> Result<Vec<ContentId>, StoreError>;

    /// Begins a content that comes piece by piece.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn write_content(&self) -> Result<Box<dyn PieceSink + '_>, StoreError>;

    /// Takes objects.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn put_objects(&self, objects: Vec<(ObjectId, Bytes)>) -> Result<(), StoreError>;

    /// Tells whether contents are kept, or only hashed.
    fn keeps_contents(&self) -> bool;

    /// Tells which contents are kept already.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn has_contents(&self, ids: &[ContentId]) -> Result<Vec<bool>, StoreError>;
}

/// Takes one content piece by piece; dropping it leaves no content.
pub trait PieceSink {
    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError>;

    /// Ends the content.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn finish(self: Box<Self>) -> Result<Written, StoreError>;
}

/// Puts everything into a workspace of a store.
#[derive(Clone, Copy)]
pub struct StoreSink<'a> {
    store: &'a dyn Store,
    workspace: WorkspaceId,
}

impl<'a> StoreSink<'a> {
    /// Puts into `workspace` of `store`. The calls hold their thread; do not use it inside an
    /// asynchronous runtime's own threads.
    pub const fn new(store: &'a dyn Store, workspace: WorkspaceId) -> Self {
        Self { store, workspace }
    }
}

impl Sink for StoreSink<'_> {
    fn put_contents(&self, contents: &[Bytes]) -> Result<Vec<ContentId>, StoreError> {
        wait(self.store.put_contents(self.workspace, contents))
    }

    fn write_content(&self) -> Result<Box<dyn PieceSink + '_>, StoreError> {
        Ok(Box::new(StorePieces(wait(self.store.write_content(self.workspace))?)))
    }

    fn put_objects(&self, objects: Vec<(ObjectId, Bytes)>) -> Result<(), StoreError> {
        wait(drive::put_objects(self.store, self.workspace, &objects))
    }

    fn keeps_contents(&self) -> bool {
        true
    }

    fn has_contents(&self, ids: &[ContentId]) -> Result<Vec<bool>, StoreError> {
        wait(self.store.has_contents(self.workspace, ids))
    }
}

/// Hashes contents and puts only the objects into a workspace of a store.
#[derive(Clone, Copy)]
pub struct NodesOnly<'a>(pub StoreSink<'a>);

impl Sink for NodesOnly<'_> {
    fn put_contents(&self, contents: &[Bytes]) -> Result<Vec<ContentId>, StoreError> {
        Ok(contents.iter().map(|content| content_id(content)).collect())
    }

    fn write_content(&self) -> Result<Box<dyn PieceSink + '_>, StoreError> {
        Ok(Box::new(HashedPieces::default()))
    }

    fn put_objects(&self, objects: Vec<(ObjectId, Bytes)>) -> Result<(), StoreError> {
        self.0.put_objects(objects)
    }

    fn keeps_contents(&self) -> bool {
        false
    }

    fn has_contents(&self, ids: &[ContentId]) -> Result<Vec<bool>, StoreError> {
        self.0.has_contents(ids)
    }
}

struct StorePieces(Box<dyn ContentWriter>);

impl PieceSink for StorePieces {
    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        wait(self.0.write(bytes))
    }

    fn finish(self: Box<Self>) -> Result<Written, StoreError> {
        wait(self.0.finish())
    }
}

/// Hashes contents and forgets them; keeps the objects, so that operations can be driven over them.
#[derive(Debug, Default)]
pub struct HashOnly {
    objects: Mutex<HashMap<ObjectId, Bytes>>,
}

impl HashOnly {
    /// The objects that came: all nodes and pages of what was taken in, no attributes.
    pub fn into_objects(self) -> HashMap<ObjectId, Bytes> {
        self.objects.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for HashOnly {
    fn put_contents(&self, contents: &[Bytes]) -> Result<Vec<ContentId>, StoreError> {
        Ok(contents.iter().map(|content| content_id(content)).collect())
    }

    fn write_content(&self) -> Result<Box<dyn PieceSink + '_>, StoreError> {
        Ok(Box::new(HashedPieces::default()))
    }

    fn put_objects(&self, objects: Vec<(ObjectId, Bytes)>) -> Result<(), StoreError> {
        let nodes = objects.into_iter().filter(|(id, _)| id.kind != ObjectKind::Attributes);
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).extend(nodes);
        Ok(())
    }

    fn keeps_contents(&self) -> bool {
        false
    }

    fn has_contents(&self, ids: &[ContentId]) -> Result<Vec<bool>, StoreError> {
        Ok(vec![false; ids.len()])
    }
}

#[derive(Default)]
struct HashedPieces {
    hasher: ContentHasher,
    bytes: u64,
}

impl PieceSink for HashedPieces {
    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hasher.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Written, StoreError> {
        Ok(Written { id: self.hasher.finish(), bytes: self.bytes })
    }
}
