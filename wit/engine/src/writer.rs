//! Makes a tree step by step and puts it in batches, on this machine.

use std::{mem, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{
    ContentId, Error, NodeId, ObjectId, WorkspaceId,
    hash::content_id,
    tree::{MadeTree, TreeMaker},
};
use markerbed_storage::{Store, drive::put_objects};

use crate::{CallError, StoredObject, TreeStep, TreeWriter};

pub(crate) struct DirectWriter {
    store: Arc<dyn Store>,
    workspace: WorkspaceId,
    tree: TreeMaker,
    contents: Vec<Bytes>,
    ids: Vec<ContentId>,
    contents_bytes: usize,
}

impl DirectWriter {
    pub(crate) fn new(store: Arc<dyn Store>, workspace: WorkspaceId) -> Self {
        let (contents, ids) = (Vec::new(), Vec::new());
        Self { store, workspace, tree: TreeMaker::new(), contents, ids, contents_bytes: 0 }
    }

    fn add(&mut self, step: TreeStep) -> Result<(), Error> {
        match step {
            TreeStep::Enter(name) => self.tree.enter(&name),
            TreeStep::File { name, executable, bytes } => {
                let (size, id) = (bytes.len() as u64, content_id(&bytes));
                self.tree.add_file(&name, executable, size, id)?;
                self.contents_bytes += bytes.len();
                self.contents.push(bytes);
                self.ids.push(id);
                Ok(())
            }
            TreeStep::StoredFile { name, executable, size, content } => {
                self.tree.add_file(&name, executable, size, content)
            }
            TreeStep::Symlink { name, target } => self.tree.add_symlink(&name, &target),
            TreeStep::Leave => self.tree.leave(),
        }
    }

    async fn put_contents(&mut self) -> Result<(), CallError> {
        let contents = mem::take(&mut self.contents);
        let called = mem::take(&mut self.ids);
        self.contents_bytes = 0;
        if contents.is_empty() {
            return Ok(());
        }
        let ids = self.store.put_contents(self.workspace, &contents).await?;
        if ids == called { Ok(()) } else { Err(Error::AnswersOutOfOrder.into()) }
    }

    async fn put(&self, objects: Vec<(ObjectId, Vec<u8>)>) -> Result<(), CallError> {
        let objects: Vec<StoredObject> =
            objects.into_iter().map(|(id, bytes)| (id, bytes.into())).collect();
        Ok(put_objects(&*self.store, self.workspace, &objects).await?)
    }
}

#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
impl TreeWriter for DirectWriter {
    async fn take(&mut self, steps: Vec<TreeStep>) -> Result<(), CallError> {
        for step in steps {
            self.add(step)?;
            if self.contents.len() >= CALL_ITEMS || self.contents_bytes >= CALL_BYTES {
                self.put_contents().await?;
            }
            if self.tree.objects_bytes() >= CALL_BYTES {
                let objects = self.tree.take_objects();
                self.put(objects).await?;
            }
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<NodeId, CallError> {
        self.put_contents().await?;
        let tree = mem::take(&mut self.tree);
        let MadeTree { root, objects } = tree.finish()?;
        self.put(objects).await?;
        Ok(root)
    }
}

const CALL_ITEMS: usize = 4_096;
const CALL_BYTES: usize = 4 << 20;
