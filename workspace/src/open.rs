//! A workspace of a store: made, opened, listed.

use std::{fmt, sync::Arc};

use markerbed_core::{
    Error, WorkspaceId,
    ledger::{Genesis, LedgerEntry, Operation},
};
use markerbed_engine::{Direct, Engine};

use crate::{
    Stamp, WorkspaceError,
    commit::batch_of,
    group::Queue,
    overlay::proven,
    register::{self, Listed},
    rows::Tip,
};
use markerbed_storage::{Store, StoreError};

/// One workspace of a store. Cheap to clone; nothing is kept between two calls.
///
/// Writers that share it or its clones, in as many threads as they like, share one durable batch if
/// they come at the same time.
#[derive(Clone)]
pub struct Workspace {
    store: Arc<dyn Store>,
    id: WorkspaceId,
    engine: Arc<dyn Engine>,
    /// The store, but for what it gives unproven.
    proven: Arc<dyn Store>,
    /// It is not core in this program that computes.
    is_elsewhere: bool,
    /// Who writes at the same time.
    queue: Arc<Queue>,
}

impl Workspace {
    /// Begins a workspace: its genesis is entry 0. The first one of a store becomes its default.
    ///
    /// `label` is what the host calls it, at most 255 bytes of it are kept.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::WorkspaceExists`] if it has begun by another request, a failure of the
    /// store, or a rival that made another workspace at the same time.
    pub async fn create(
        store: Arc<dyn Store>,
        genesis: Genesis,
        label: &str,
        stamp: &Stamp,
    ) -> Result<Self, WorkspaceError> {
        Self::at(store, genesis.id()).begin(genesis, label, stamp).await
    }

    /// As [`Self::create`], and as [`Self::computed_by`] from the first entry on.
    ///
    /// # Errors
    ///
    /// As both.
    pub async fn create_computed_by(
        engine: &dyn Engine,
        store: Arc<dyn Store>,
        genesis: Genesis,
        label: &str,
        stamp: &Stamp,
    ) -> Result<Self, WorkspaceError> {
        let workspace = Self::at(store, genesis.id()).computed_by(engine)?;
        workspace.begin(genesis, label, stamp).await
    }

    async fn begin(
        self,
        genesis: Genesis,
        label: &str,
        stamp: &Stamp,
    ) -> Result<Self, WorkspaceError> {
        register::note(&*self.store, self.id, label).await?;
        let entry = LedgerEntry {
            number: 0,
            time_ms: stamp.time_ms,
            agent: stamp.agent,
            request: stamp.request,
            operation: Operation::WorkspaceCreated(genesis),
        };
        let rows = batch_of(&entry, None, Tip::default()).rows;
        match self.commit(&entry, rows).await? {
            Some(_) => Ok(self),
            None => Err(WorkspaceError::WorkspaceExists { id: self.id }),
        }
    }

    /// Opens a workspace by its id.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::UnknownWorkspace`], or a failure of the store.
    pub async fn open(store: Arc<dyn Store>, id: WorkspaceId) -> Result<Self, WorkspaceError> {
        match store.number(id).await? {
            Some(_) => Ok(Self::at(store, id)),
            None => Err(WorkspaceError::UnknownWorkspace { id }),
        }
    }

    /// Opens the workspace that a program uses if it is told nothing else: the first that was made,
    /// or the only one.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::NoWorkspace`], [`WorkspaceError::WhichWorkspace`], or a failure of the
    /// store.
    pub async fn open_default(store: Arc<dyn Store>) -> Result<Self, WorkspaceError> {
        let id = register::find_default(&*store).await?;
        Ok(Self::at(store, id))
    }

    /// The same workspace, for which `engine` computes in place of core in this program: what
    /// `docs/reference/determinism.md` lists.
    ///
    /// # Errors
    ///
    /// [`StoreError::Incapable`] if the store cannot keep what is promised; then it never could.
    pub fn computed_by(self, engine: &dyn Engine) -> Result<Self, StoreError> {
        let engine = engine.on(self.store.clone());
        let proven = proven(&self.store, engine.clone())?;
        Ok(Self { proven, engine, is_elsewhere: true, ..self })
    }

    /// The workspace with this id, whether or not it has begun.
    pub fn at(store: Arc<dyn Store>, id: WorkspaceId) -> Self {
        let engine = Arc::new(Direct::new(store.clone()));
        Self {
            proven: store.clone(),
            engine,
            store,
            id,
            is_elsewhere: false,
            queue: Arc::default(),
        }
    }

    /// The same workspace, computed by the same engine, over a store that lies over its own.
    pub(crate) fn over(&self, store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let over = Self::at(store, self.id);
        if self.is_elsewhere { over.computed_by(&*self.engine) } else { Ok(over) }
    }

    /// Lists the workspaces of a store, by id.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    pub async fn list(store: &dyn Store) -> Result<Vec<Listed>, WorkspaceError> {
        register::list(store).await
    }

    /// What it began with: entry 0.
    ///
    /// # Errors
    ///
    /// A failure of the store, or an entry 0 that is no genesis.
    pub async fn genesis(&self) -> Result<Genesis, WorkspaceError> {
        let entry = self.entry(0).await?.ok_or(WorkspaceError::MissingEntry { number: 0 })?;
        match entry.operation {
            Operation::WorkspaceCreated(genesis) => Ok(genesis),
            _ => Err(Error::NotGenesis.into()),
        }
    }

    /// Its id.
    pub const fn id(&self) -> WorkspaceId {
        self.id
    }

    /// What computes for it.
    pub const fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }

    /// What computes for it, if that is not core in this program.
    pub fn computed_elsewhere(&self) -> Option<&Arc<dyn Engine>> {
        self.is_elsewhere.then_some(&self.engine)
    }

    /// Where it lies, for who proves objects in this program: an engine that computes elsewhere has
    /// proven them before.
    pub const fn proven_store(&self) -> &Arc<dyn Store> {
        &self.proven
    }

    /// Who writes at the same time.
    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Where it lies.
    pub const fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Workspace").field("id", &self.id).finish_non_exhaustive()
    }
}
