//! A tree that an instance makes.

use async_trait::async_trait;
use markerbed_core::{NodeId, ObjectId, WorkspaceId};
use markerbed_engine::{CallError, TreeStep, TreeWriter};
use wasmtime::component::ResourceAny;

use super::{
    bindings::engine::exports::markerbed::engine::trees::{NewFile, Step, StoredFile},
    failure::{answered, stopped},
    instance::Instance,
};

/// The resource `writer` and the instance that it lives in.
pub(super) struct InstanceWriter {
    instance: Instance,
    writer: ResourceAny,
}

impl InstanceWriter {
    pub(super) async fn new(
        mut instance: Instance,
        workspace: WorkspaceId,
    ) -> Result<Self, CallError> {
        let Instance { store, world } = &mut instance;
        let writers = world.markerbed_engine_trees().writer();
        let writer = writers.call_constructor(&mut *store, workspace.into()).await;
        Ok(Self { writer: writer.map_err(stopped)?, instance })
    }
}

#[async_trait]
impl TreeWriter for InstanceWriter {
    async fn take(&mut self, steps: Vec<TreeStep>) -> Result<(), CallError> {
        let steps: Vec<Step> = steps.into_iter().map(step).collect();
        let (store, world) = self.instance.begin();
        let writers = world.markerbed_engine_trees().writer();
        let taken = writers.call_take(&mut *store, self.writer, &steps).await;
        answered(store.data_mut(), taken.map_err(stopped)?)
    }

    async fn finish(mut self: Box<Self>) -> Result<NodeId, CallError> {
        let (store, world) = self.instance.begin();
        let writers = world.markerbed_engine_trees().writer();
        let finished = writers.call_finish(&mut *store, self.writer).await;
        let root: ObjectId = answered(store.data_mut(), finished.map_err(stopped)?)?.into();
        Ok(NodeId::from_bytes(root.bytes))
    }
}

fn step(step: TreeStep) -> Step {
    match step {
        TreeStep::Enter(name) => Step::Enter(name),
        TreeStep::File { name, executable, bytes } => {
            Step::File(NewFile { name, executable, bytes: bytes.into() })
        }
        TreeStep::StoredFile { name, executable, size, content } => {
            Step::StoredFile(StoredFile { name, executable, size, content: content.into() })
        }
        TreeStep::Symlink { name, target } => Step::Symlink((name, target)),
        TreeStep::Leave => Step::Leave,
    }
}
