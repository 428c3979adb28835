//! A store in memory that writes down what it is asked for, and lies when it is told to.

use std::{
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ObjectId, WorkspaceId};
use markerbed_storage::{
    Batch, Combined, MemoryStore, Outcome, Records, RecordsLayer, Store, StoreError,
};

/// What is wrong with the next answer that has objects.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The first object is not there.
    Missing,
    /// A bit of the first object is another.
    Flipped,
    /// The first object is that of the last id.
    Swapped,
    /// One answer is lacking.
    TooFew,
    /// There is one answer too many.
    TooMany,
    /// The store fails.
    Fails,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 6] =
        [Self::Missing, Self::Flipped, Self::Swapped, Self::TooFew, Self::TooMany, Self::Fails];
}

/// A store in memory that writes down what it is asked for.
#[derive(Clone)]
pub struct Traced {
    memory: Arc<MemoryStore>,
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    trace: String,
    fault: Option<Fault>,
}

impl Default for Traced {
    fn default() -> Self {
        Self::new()
    }
}

impl Traced {
    /// Begins empty.
    pub fn new() -> Self {
        Self { memory: Arc::new(MemoryStore::default()), notes: Arc::default() }
    }

    /// The store that an engine works on.
    ///
    /// # Panics
    ///
    /// Never: memory can do all that is needed.
    #[expect(clippy::expect_used, reason = "it is always memory")]
    pub fn store(&self) -> Arc<dyn Store> {
        let records = Arc::new(TracedRecords(self.clone()));
        let (contents, streams) = (self.memory.clone(), self.memory.clone());
        #[cfg_attr(
            target_arch = "wasm32",
            expect(clippy::arc_with_non_send_sync, reason = "there a store has one thread")
        )]
        Arc::new(Combined::new(records, contents, streams).expect("memory can do all"))
    }

    /// The store without notes and lies, to prepare it.
    pub fn memory(&self) -> &MemoryStore {
        &self.memory
    }

    /// Lies, or no longer lies, the next time that objects are asked for.
    pub fn arm(&self, fault: Option<Fault>) {
        self.notes().fault = fault;
    }

    /// Takes what was asked for since the last time, a line a call, and forgets to lie.
    pub fn take_trace(&self) -> String {
        let notes = &mut *self.notes();
        notes.fault = None;
        std::mem::take(&mut notes.trace)
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note<'a>(&self, verb: &str, ids: impl Iterator<Item = &'a ObjectId>) -> Option<Fault> {
        let notes = &mut *self.notes();
        let _ = write!(notes.trace, "  {verb}");
        for id in ids {
            let _ = write!(notes.trace, " {id}");
        }
        notes.trace.push('\n');
        notes.fault.take()
    }
}

/// The records of a [`Traced`].
struct TracedRecords(Traced);

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl RecordsLayer for TracedRecords {
    fn below(&self) -> &dyn Records {
        &*self.0.memory
    }

    async fn fetch_objects(
        &self,
        workspace: WorkspaceId,
        ids: &[ObjectId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let fault = self.0.note("fetch", ids.iter());
        let found = self.0.memory.fetch_objects(workspace, ids).await?;
        match fault {
            Some(fault) => lie(fault, found),
            None => Ok(found),
        }
    }

    async fn put_objects(
        &self,
        workspace: WorkspaceId,
        objects: &[(ObjectId, Bytes)],
    ) -> Result<(), StoreError> {
        let fault = self.0.note("put", objects.iter().map(|(id, _)| id));
        match fault {
            Some(_) => Err(failed()),
            None => self.0.memory.put_objects(workspace, objects).await,
        }
    }

    async fn commit(&self, workspace: WorkspaceId, batch: Batch) -> Result<Outcome, StoreError> {
        let entries = batch.entries.len();
        match self.0.note(&format!("commit {entries} after {:?}", batch.expected), [].iter()) {
            Some(_) => Err(failed()),
            None => self.0.memory.commit(workspace, batch).await,
        }
    }
}

fn lie(fault: Fault, mut found: Vec<Option<Bytes>>) -> Result<Vec<Option<Bytes>>, StoreError> {
    let last = found.last().cloned().flatten();
    match (fault, found.first_mut()) {
        (Fault::Fails, _) => return Err(failed()),
        (Fault::Missing, Some(first)) => *first = None,
        (Fault::Flipped, Some(Some(first))) => {
            let mut bytes = first.to_vec();
            let middle = bytes.len() / 2;
            bytes.get_mut(middle).into_iter().for_each(|byte| *byte ^= 1);
            *first = bytes.into();
        }
        (Fault::Swapped, Some(first)) => *first = last,
        (Fault::TooFew, _) => drop(found.pop()),
        (Fault::TooMany, _) => found.push(last),
        (_, _) => {}
    }
    Ok(found)
}

fn failed() -> StoreError {
    StoreError::Temporary { place: "memory".to_owned(), cause: "it was told to fail".into() }
}
