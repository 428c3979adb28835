//! Large contents on their way in: one thread reads, hashes and cuts, a second one packs.

use std::{
    io, mem,
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};

use async_trait::async_trait;
use markerbed_core::{WorkspaceId, hash::ContentHasher};

use super::{
    DirectoryStore,
    cut::{Cutter, PART_BYTES_MAX},
    frame::NewItem,
    large::Recipe,
    record::ItemKind,
};
use crate::store::{ContentWriter, StoreError, Written};

/// Takes a content of unknown length, holding a few parts of it.
pub(super) struct LargeWriter {
    store: DirectoryStore,
    workspace: WorkspaceId,
    hasher: ContentHasher,
    taken: Taken,
}

enum Taken {
    /// All of it; it may end as one item.
    Whole(Vec<u8>),
    Parts(Parts),
}

impl LargeWriter {
    pub(super) fn new(store: DirectoryStore, workspace: WorkspaceId) -> Self {
        let (hasher, taken) = (ContentHasher::default(), Taken::Whole(Vec::new()));
        Self { store, workspace, hasher, taken }
    }
}

#[async_trait]
impl ContentWriter for LargeWriter {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hasher.update(bytes);
        match &mut self.taken {
            Taken::Parts(parts) => parts.take(bytes),
            Taken::Whole(whole) => {
                whole.extend_from_slice(bytes);
                if whole.len() > PART_BYTES_MAX {
                    let mut parts = Parts::begin(&self.store, self.workspace)?;
                    let taken = parts.take(whole);
                    self.taken = Taken::Parts(parts);
                    return taken;
                }
                Ok(())
            }
        }
    }

    async fn finish(self: Box<Self>) -> Result<Written, StoreError> {
        let Self { store, workspace, hasher, taken } = *self;
        let id = hasher.finish();
        match taken {
            Taken::Whole(whole) => {
                let bytes = whole.len() as u64;
                let (kind, name) = (ItemKind::Content, *id.as_bytes());
                let whole = NewItem { kind, id: name, bytes: whole.into() };
                store.0.put_items(workspace, vec![whole])?;
                Ok(Written { id, bytes })
            }
            Taken::Parts(parts) => {
                let recipe = parts.finish()?;
                store.0.put_recipe(workspace, id, &recipe)?;
                Ok(Written { id, bytes: recipe.length })
            }
        }
    }
}

/// Cuts a content and has its parts packed.
struct Parts {
    cutter: Cutter,
    /// The part that is not at its end.
    pending: Vec<u8>,
    recipe: Recipe,
    packer: Packer,
}

impl Parts {
    fn begin(store: &DirectoryStore, workspace: WorkspaceId) -> Result<Self, StoreError> {
        let packer = Packer::begin(store, workspace)?;
        let pending = Vec::with_capacity(PART_BYTES_MAX);
        Ok(Self { cutter: Cutter::default(), pending, recipe: Recipe::default(), packer })
    }

    fn take(&mut self, mut bytes: &[u8]) -> Result<(), StoreError> {
        while let Some(taken) = self.cutter.take(bytes) {
            let (end, rest) = bytes.split_at_checked(taken).unwrap_or((bytes, &[]));
            self.pending.extend_from_slice(end);
            self.hand_over()?;
            bytes = rest;
        }
        self.pending.extend_from_slice(bytes);
        Ok(())
    }

    fn hand_over(&mut self) -> Result<(), StoreError> {
        let part = mem::replace(&mut self.pending, Vec::with_capacity(PART_BYTES_MAX));
        self.packer.put(self.recipe.add(part.into())?)
    }

    fn finish(mut self) -> Result<Recipe, StoreError> {
        if !self.pending.is_empty() {
            self.hand_over()?;
        }
        self.packer.end()?;
        Ok(self.recipe)
    }
}

/// A thread that compresses parts and puts them, in their order.
struct Packer {
    place: String,
    /// Both are there until it is told to end.
    parts: Option<SyncSender<NewItem>>,
    thread: Option<thread::JoinHandle<Result<(), StoreError>>>,
}

impl Packer {
    fn begin(store: &DirectoryStore, workspace: WorkspaceId) -> Result<Self, StoreError> {
        let place = store.0.files.place.clone();
        let (parts, received) = sync_channel::<NewItem>(WAITING_MAX);
        let store = store.clone();
        let work =
            move || received.iter().try_for_each(|part| store.0.put_items(workspace, vec![part]));
        let begun = thread::Builder::new().name("packer".to_owned()).spawn(work);
        let thread = begun.map_err(|error| StoreError::from_io(place.clone(), error))?;
        Ok(Self { place, parts: Some(parts), thread: Some(thread) })
    }

    /// Hands over a part, and waits while too many are waiting.
    fn put(&mut self, part: NewItem) -> Result<(), StoreError> {
        let sent = self.parts.as_ref().is_some_and(|parts| parts.send(part).is_ok());
        if sent { Ok(()) } else { self.end().and(Err(self.ended_early())) }
    }

    /// Waits until all parts are put.
    fn end(&mut self) -> Result<(), StoreError> {
        drop(self.parts.take());
        let Some(thread) = self.thread.take() else { return Ok(()) };
        thread.join().unwrap_or_else(|_| Err(self.ended_early()))
    }

    fn ended_early(&self) -> StoreError {
        let cause = io::Error::other("a part of a content was not put");
        StoreError::Permanent { place: self.place.clone(), cause: cause.into() }
    }
}

impl Drop for Packer {
    /// Nothing of the store is in use after it, so that it can be opened again.
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// Parts that wait to be packed.
const WAITING_MAX: usize = 2;
