//! A map that an instance makes piece by piece.

use async_trait::async_trait;
use markerbed_core::map::{Builder, Entry, MapKind};
use markerbed_engine::{BuiltMap, CallError, MapBuilder, StoredObject};
use wasmtime::component::ResourceAny;

use super::{
    answers::built_map,
    bindings::engine::exports::markerbed::engine::verify,
    failure::{answered, stopped, wrong},
    instance::Instance,
};

/// The resource `builder` and the instance that it lives in.
pub(super) struct InstanceBuilder {
    instance: Instance,
    builder: ResourceAny,
    /// The same by core: who puts pages into a store must know that they hold what was given.
    core: Builder,
}

impl InstanceBuilder {
    pub(super) async fn new(mut instance: Instance, kind: MapKind) -> Result<Self, CallError> {
        let (store, world) = instance.begin();
        let builders = world.markerbed_engine_maps().builder();
        let builder = builders.call_constructor(store, kind.number()).await.map_err(stopped)?;
        Ok(Self { instance, builder, core: Builder::new(kind) })
    }
}

#[async_trait]
impl MapBuilder for InstanceBuilder {
    async fn push(&mut self, entries: Vec<Entry>) -> Result<Vec<StoredObject>, CallError> {
        let core = entries.iter().try_for_each(|entry| self.core.push(entry.clone()));
        let whole = self.core.take_pages().into_iter().map(|(id, _)| id.into());
        let entries: Vec<verify::Entry> = entries.into_iter().map(Into::into).collect();
        let (store, world) = self.instance.begin();
        let builders = world.markerbed_engine_maps().builder();
        let pages = builders.call_push(&mut *store, self.builder, &entries).await;
        let pages = answered(store.data_mut(), pages.map_err(stopped)?)?;
        let pages: Vec<StoredObject> = pages.into_iter().map(Into::into).collect();
        if core.is_ok() && pages.iter().map(|(id, _)| *id).eq(whole) {
            return Ok(pages);
        }
        Err(wrong(OTHER_PAGES))
    }

    async fn finish(mut self: Box<Self>) -> Result<BuiltMap, CallError> {
        let (store, world) = self.instance.begin();
        let builders = world.markerbed_engine_maps().builder();
        let built = builders.call_finish(&mut *store, self.builder).await;
        let built = built_map(answered(store.data_mut(), built.map_err(stopped)?)?);
        match self.core.finish() {
            Ok((root, _)) if root == built.root => Ok(built),
            _ => Err(wrong(OTHER_PAGES)),
        }
    }
}

const OTHER_PAGES: &str = "it makes other pages of the same entries";
