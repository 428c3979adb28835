//! The state of a workspace inside an instance.

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_engine::{CallError, Replay, Replayed};
use wasmtime::component::ResourceAny;

use super::{
    failure::{answered, stopped},
    instance::Instance,
};

/// The resource `replay` and the instance that it lives in.
pub(super) struct InstanceReplay {
    instance: Instance,
    replay: ResourceAny,
}

impl InstanceReplay {
    pub(super) async fn new(mut instance: Instance) -> Result<Self, CallError> {
        let Instance { store, world } = &mut instance;
        let replays = world.markerbed_engine_ledger().replay();
        let replay = replays.call_constructor(&mut *store).await.map_err(stopped)?;
        Ok(Self { instance, replay })
    }
}

#[async_trait]
impl Replay for InstanceReplay {
    async fn apply(&mut self, entries: Vec<Bytes>) -> Result<(), CallError> {
        let entries: Vec<Vec<u8>> = entries.into_iter().map(Into::into).collect();
        let (store, world) = self.instance.begin();
        let replays = world.markerbed_engine_ledger().replay();
        let applied = replays.call_apply(&mut *store, self.replay, &entries).await;
        answered(store.data_mut(), applied.map_err(stopped)?)
    }

    async fn state(&mut self) -> Result<Replayed, CallError> {
        let (store, world) = self.instance.begin();
        let replays = world.markerbed_engine_ledger().replay();
        let entries = replays.call_entries(&mut *store, self.replay).await.map_err(stopped)?;
        let log_root = replays.call_log_root(&mut *store, self.replay).await.map_err(stopped)?;
        let built = replays.call_state(&mut *store, self.replay).await.map_err(stopped)?;
        let (id, objects) = answered(store.data_mut(), built)?;
        let objects = objects.into_iter().map(Into::into).collect();
        Ok(Replayed { entries, log_root: log_root.into(), id: id.into(), objects })
    }
}
