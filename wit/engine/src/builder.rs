//! A map that is made piece by piece, on this machine.

use async_trait::async_trait;
use markerbed_core::map::{Builder, Entry, MapKind};

use crate::{BuiltMap, CallError, MapBuilder, StoredObject, direct::objects};

/// Core's own, on this machine.
pub(crate) struct DirectBuilder(Builder);

impl DirectBuilder {
    pub(crate) const fn new(kind: MapKind) -> Self {
        Self(Builder::new(kind))
    }
}

#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
impl MapBuilder for DirectBuilder {
    async fn push(&mut self, entries: Vec<Entry>) -> Result<Vec<StoredObject>, CallError> {
        entries.into_iter().try_for_each(|entry| self.0.push(entry))?;
        Ok(objects(self.0.take_pages()).collect())
    }

    async fn finish(self: Box<Self>) -> Result<BuiltMap, CallError> {
        let (root, pages) = self.0.finish()?;
        Ok(BuiltMap { root, pages: objects(pages).collect() })
    }
}
