//! Ids of contents, computed by an instance.

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ContentId, Error};
use markerbed_engine::{CallError, ContentHasher};
use wasmtime::component::ResourceAny;

use super::{
    failure::{cannot_be, stopped},
    instance::Instance,
};

/// Computes the ids of contents of any size in little of the instance's memory.
///
/// Small ones go together, large ones in pieces: a piece is still in the processor's cache when it
/// is hashed, and is copied once.
pub(super) async fn content_ids(
    mut instance: Instance,
    contents: &[Bytes],
) -> Result<Vec<ContentId>, CallError> {
    let mut ids = Vec::with_capacity(contents.len());
    let mut rest = contents;
    while let Some((first, after)) = rest.split_first() {
        if first.len() > PIECE_BYTES {
            let mut hasher = InstanceHasher::new(instance).await?;
            hasher.update(first).await?;
            ids.push(hasher.finish().await?);
            instance = hasher.end().await?;
            rest = after;
        } else {
            let (together, after) = rest.split_at(together(rest));
            ids.extend(hash_together(&mut instance, together).await?);
            rest = after;
        }
    }
    Ok(ids)
}

/// How many contents from the first on go into one call.
fn together(contents: &[Bytes]) -> usize {
    let mut bytes = 0;
    let fits = |content: &&Bytes| {
        bytes += content.len();
        bytes <= PIECE_BYTES
    };
    contents.iter().take(CALL_ITEMS).take_while(fits).count()
}

async fn hash_together(
    instance: &mut Instance,
    contents: &[Bytes],
) -> Result<Vec<ContentId>, CallError> {
    let contents: Vec<Vec<u8>> = contents.iter().map(|bytes| bytes.to_vec()).collect();
    let (store, world) = instance.begin();
    let ids = world.markerbed_engine_hashing().call_content_ids(store, &contents).await;
    let ids = ids.map_err(stopped)?;
    if ids.len() != contents.len() {
        return Err(cannot_be(Error::AnswersOutOfOrder));
    }
    Ok(ids.into_iter().map(Into::into).collect())
}

/// The resource `content-hasher` and the instance that it lives in.
pub(super) struct InstanceHasher {
    instance: Instance,
    hasher: ResourceAny,
}

impl InstanceHasher {
    pub(super) async fn new(mut instance: Instance) -> Result<Self, CallError> {
        let (store, world) = instance.begin();
        let hashers = world.markerbed_engine_hashing().content_hasher();
        let hasher = hashers.call_constructor(store).await.map_err(stopped)?;
        Ok(Self { instance, hasher })
    }

    /// Gives the instance back for other calls.
    async fn end(mut self) -> Result<Instance, CallError> {
        let (store, _) = self.instance.begin();
        self.hasher.resource_drop_async(store).await.map_err(stopped)?;
        Ok(self.instance)
    }
}

#[async_trait]
impl ContentHasher for InstanceHasher {
    async fn update(&mut self, bytes: &[u8]) -> Result<(), CallError> {
        for piece in bytes.chunks(PIECE_BYTES) {
            let (store, world) = self.instance.begin();
            let hashers = world.markerbed_engine_hashing().content_hasher();
            hashers.call_update(store, self.hasher, piece).await.map_err(stopped)?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<ContentId, CallError> {
        let (store, world) = self.instance.begin();
        let hashers = world.markerbed_engine_hashing().content_hasher();
        let id = hashers.call_finish(store, self.hasher).await;
        Ok(id.map_err(stopped)?.into())
    }
}

/// What is copied into an instance at once.
const PIECE_BYTES: usize = 256 << 10;

const CALL_ITEMS: usize = 4_096;
