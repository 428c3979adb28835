//! What lies over the objects of a store: others, or a proof.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ObjectId, WorkspaceId};
use markerbed_engine::{CallError, Engine};

use crate::proven_contents::ProvenContents;
use markerbed_storage::{Combined, Contents, Records, RecordsLayer, Store, StoreError};

/// Objects that are in memory only: of a tree that was hashed and not put.
pub type Overlay = HashMap<ObjectId, Bytes>;

/// The store, in which the objects of `overlay` are found, too.
///
/// # Errors
///
/// [`StoreError::Incapable`] if the store cannot keep what is promised; then it never could.
pub(crate) fn overlaid(
    store: &Arc<dyn Store>,
    overlay: Arc<Overlay>,
) -> Result<Arc<dyn Store>, StoreError> {
    over(store, Layer::Overlay(overlay), store.clone())
}

/// The store, of which `engine` proves each object before it is put or handed on.
///
/// Bytes read that it refuses are handed on, so that who asked refuses them in the same words.
///
/// # Errors
///
/// As [`overlaid`].
pub(crate) fn proven(
    store: &Arc<dyn Store>,
    engine: Arc<dyn Engine>,
) -> Result<Arc<dyn Store>, StoreError> {
    let contents = ProvenContents { store: store.clone(), engine: engine.clone() };
    over(store, Layer::Proof(engine), Arc::new(contents))
}

fn over(
    store: &Arc<dyn Store>,
    layer: Layer,
    contents: Arc<dyn Contents>,
) -> Result<Arc<dyn Store>, StoreError> {
    let records = Arc::new(Layered { store: store.clone(), layer });
    Ok(Arc::new(Combined::new(records, contents, store.clone())?))
}

/// What lies over the objects of a store.
enum Layer {
    /// Other objects.
    Overlay(Arc<Overlay>),
    /// Who proves them.
    Proof(Arc<dyn Engine>),
}

struct Layered {
    store: Arc<dyn Store>,
    layer: Layer,
}

impl Layered {
    async fn fetch_over(
        &self,
        overlay: &Overlay,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let is_stored = |id: &&ObjectId| !overlay.contains_key(id);
        let stored: Vec<ObjectId> = ids.iter().filter(is_stored).copied().collect();
        let fetched = match stored.is_empty() {
            true => Vec::new(),
            false => self.store.fetch_objects(workspace, &stored).await?,
        };
        let mut fetched = fetched.into_iter();
        let answer = |id| match overlay.get(id) {
            Some(bytes) => Some(bytes.clone()),
            None => fetched.next().flatten(),
        };
        Ok(ids.iter().map(answer).collect())
    }

    async fn fetch_proven(
        &self,
        engine: &dyn Engine,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let fetched = self.store.fetch_objects(workspace, ids).await?;
        let there = ids.iter().zip(&fetched);
        let there = there.filter_map(|(id, bytes)| Some((*id, bytes.clone()?)));
        engine.check_objects(there.collect()).await?;
        Ok(fetched)
    }
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl RecordsLayer for Layered {
    fn below(&self) -> &dyn Records {
        &*self.store
    }

    async fn fetch_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        match &self.layer {
            Layer::Overlay(overlay) => self.fetch_over(overlay, workspace, ids).await,
            Layer::Proof(engine) => self.fetch_proven(&**engine, workspace, ids).await,
        }
    }

    async fn has_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<bool>, StoreError> {
        let found = self.store.has_objects(workspace, ids).await?;
        let Layer::Overlay(overlay) = &self.layer else { return Ok(found) };
        Ok(ids.iter().zip(found).map(|(id, is)| is || overlay.contains_key(id)).collect())
    }

    async fn put_objects(
        &self,
        workspace: WorkspaceId,
        objects: &[(ObjectId, Bytes)],
    ) -> Result<(), StoreError> {
        if let Layer::Proof(engine) = &self.layer {
            for checked in engine.check_objects(objects.to_vec()).await? {
                checked.map_err(CallError::from)?;
            }
        }
        self.store.put_objects(workspace, objects).await
    }
}
