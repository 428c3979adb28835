//! Runs the engine's operations over a workspace.

use std::{future::Future, sync::Arc};

use markerbed_core::{
    Error, NodeId, Object, ObjectId,
    codec::Canonical,
    step::{Answer, Io, Step},
    tree::{Expansion, Grade, TreeDifference},
};
use markerbed_engine::Engine;

use crate::{
    Reference, Workspace, WorkspaceError,
    overlay::{Overlay, overlaid},
};
use markerbed_storage::StoreError;

impl Workspace {
    /// Runs an operation of the engine to its end.
    ///
    /// # Errors
    ///
    /// As the operation, or a failure of the store; nothing was changed by it.
    pub async fn run<T, F>(&self, operation: impl FnOnce(Io) -> F) -> Result<T, WorkspaceError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        self.drive(Step::start(operation)?, &Overlay::new()).await
    }

    /// As [`Self::run`], also over objects that are not in the store.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub async fn run_over<T, F>(
        &self,
        overlay: &Overlay,
        operation: impl FnOnce(Io) -> F,
    ) -> Result<T, WorkspaceError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        self.drive(Step::start(operation)?, overlay).await
    }

    /// Lists what differs between the trees under two nodes, of which either may be in `overlay`.
    ///
    /// See [`difference`](markerbed_core::tree::difference) for the order, the pairing of moves and
    /// the bound.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub async fn difference(
        &self,
        before: NodeId,
        after: NodeId,
        expansion: Expansion,
        changes_max: u64,
        overlay: Arc<Overlay>,
    ) -> Result<TreeDifference, WorkspaceError> {
        let engine = self.engine_over(overlay)?;
        Ok(engine.compare_trees(self.id(), before, after, expansion, changes_max).await?)
    }

    /// Makes the bytes of a proof file: that a path is in a tree or, of grade full, that it is not.
    ///
    /// A reference to a snapshot gives a proof that brings the snapshot along.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::NoPath`] for an absent path with grade blind, as [`Self::resolve_tree`],
    /// or as [`Self::run`].
    pub async fn prove(
        &self,
        reference: &Reference,
        grade: Grade,
    ) -> Result<Vec<u8>, WorkspaceError> {
        let tree = self.resolve_tree(reference).await?;
        let path = reference.path().cloned().unwrap_or_default();
        let snapshot = tree.snapshot.map(|recorded| recorded.snapshot.encode().into());
        let prove = self.engine().prove_path(self.id(), tree.root, snapshot, path.clone(), grade);
        let made = prove.await?;
        let absent =
            || WorkspaceError::NoPath { reference: reference.shown_base(), path: path.clone() };
        made.ok_or_else(absent)
    }

    /// The engine, which also finds the objects of `overlay`.
    fn engine_over(&self, overlay: Arc<Overlay>) -> Result<Arc<dyn Engine>, StoreError> {
        if overlay.is_empty() {
            return Ok(self.engine().clone());
        }
        Ok(self.engine().on(overlaid(self.store(), overlay)?))
    }

    async fn drive<T: Send + 'static>(
        &self,
        mut step: Step<T>,
        overlay: &Overlay,
    ) -> Result<T, WorkspaceError> {
        loop {
            let need = match step {
                Step::Done(output) => return Ok(output),
                Step::Need(need) => need,
            };
            let answers = self.fetch_over(need.requests(), overlay).await?;
            step = need.supply(answers)?;
        }
    }

    async fn fetch_over(
        &self,
        ids: &[ObjectId],
        overlay: &Overlay,
    ) -> Result<Vec<Answer>, WorkspaceError> {
        if overlay.is_empty() {
            return self.fetch_objects(ids).await;
        }
        let stored: Vec<ObjectId> =
            ids.iter().filter(|id| !overlay.contains_key(id)).copied().collect();
        let mut fetched = self.fetch_objects(&stored).await?.into_iter();
        let answer = |id: &ObjectId| match overlay.get(id) {
            Some(bytes) => Object::check(*id, bytes).map(Some),
            None => Ok(fetched.next().flatten()),
        };
        Ok(ids.iter().map(answer).collect::<Result<_, Error>>()?)
    }
}
