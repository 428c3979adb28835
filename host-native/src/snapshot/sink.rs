//! Where what was read goes: into a store, or nowhere but into ids.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use markerbed_core::{
    ContentId, ObjectId, ObjectKind, WorkspaceId,
    hash::{ContentHasher, content_id},
};
use markerbed_engine::{CallError, Engine};

use crate::{
    drive::{self, blocking::wait},
    store::{ContentWriter, Store, StoreError, Written},
    workspace::Workspace,
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

    /// What computes in place of core in this program; none: core does.
    fn engine(&self) -> Option<&dyn Engine> {
        None
    }

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
    engine: Option<&'a dyn Engine>,
}

impl<'a> StoreSink<'a> {
    /// Puts into `workspace` of `store`. The calls hold their thread; do not use it inside an
    /// asynchronous runtime's own threads.
    pub const fn new(store: &'a dyn Store, workspace: WorkspaceId) -> Self {
        Self { store, workspace, engine: None }
    }

    /// Puts into `workspace`, computed by what computes for it.
    pub fn of(workspace: &'a Workspace) -> Self {
        let (store, engine) = (&**workspace.proven_store(), workspace.computed_elsewhere());
        Self { store, workspace: workspace.id(), engine: engine.map(|engine| &**engine) }
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

    fn engine(&self) -> Option<&dyn Engine> {
        self.engine
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
        ids_of(contents, self.engine())
    }

    fn write_content(&self) -> Result<Box<dyn PieceSink + '_>, StoreError> {
        hashed_pieces(self.engine())
    }

    fn put_objects(&self, objects: Vec<(ObjectId, Bytes)>) -> Result<(), StoreError> {
        self.0.put_objects(objects)
    }

    fn engine(&self) -> Option<&dyn Engine> {
        self.0.engine()
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
#[derive(Default)]
pub struct HashOnly {
    objects: Mutex<HashMap<ObjectId, Bytes>>,
    engine: Option<Arc<dyn Engine>>,
}

impl HashOnly {
    /// Hashes by what computes for `workspace`.
    pub fn of(workspace: &Workspace) -> Self {
        Self { engine: workspace.computed_elsewhere().cloned(), ..Self::default() }
    }

    /// The objects that came: all nodes and pages of what was taken in, no attributes.
    pub fn into_objects(self) -> HashMap<ObjectId, Bytes> {
        self.objects.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for HashOnly {
    fn put_contents(&self, contents: &[Bytes]) -> Result<Vec<ContentId>, StoreError> {
        ids_of(contents, self.engine())
    }

    fn write_content(&self) -> Result<Box<dyn PieceSink + '_>, StoreError> {
        hashed_pieces(self.engine())
    }

    fn engine(&self) -> Option<&dyn Engine> {
        self.engine.as_deref()
    }

    fn put_objects(&self, objects: Vec<(ObjectId, Bytes)>) -> Result<(), StoreError> {
        if let Some(engine) = self.engine() {
            for checked in wait(engine.check_objects(objects.clone()))? {
                checked.map_err(CallError::from)?;
            }
        }
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

fn ids_of(contents: &[Bytes], engine: Option<&dyn Engine>) -> Result<Vec<ContentId>, StoreError> {
    match engine {
        Some(engine) => Ok(wait(engine.content_ids(contents))?),
        None => Ok(contents.iter().map(|content| content_id(content)).collect()),
    }
}

fn hashed_pieces(engine: Option<&dyn Engine>) -> Result<Box<dyn PieceSink>, StoreError> {
    Ok(match engine {
        Some(engine) => {
            Box::new(PiecesElsewhere { hasher: wait(engine.content_hasher())?, bytes: 0 })
        }
        None => Box::new(HashedPieces::default()),
    })
}

/// Pieces that an engine hashes elsewhere.
struct PiecesElsewhere {
    hasher: Box<dyn markerbed_engine::ContentHasher>,
    bytes: u64,
}

impl PieceSink for PiecesElsewhere {
    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        wait(self.hasher.update(bytes))?;
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Written, StoreError> {
        Ok(Written { id: wait(self.hasher.finish())?, bytes: self.bytes })
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
