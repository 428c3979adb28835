//! What a component may ask for: a store, bounded in time and in bytes.

use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use markerbed_core::{Error, Object};
use markerbed_engine::{RuntimeError, StoredObject};
use tokio::runtime::Handle;
use wasmtime::{ResourceLimiter, Result};

use super::{
    Limits,
    bindings::engine::markerbed::engine::{
        contents,
        records::{self, Batch, Outcome},
        types::{self, Id, ObjectId, StoreError},
    },
    runtime::{Runtime, TICK},
};
use crate::store::{self, RequestKey, RowChange, Store, StoredEntry};

/// What belongs to one instance.
pub(super) struct Guest {
    store: Option<Arc<dyn Store>>,
    limits: Limits,
    /// What measures how long a store takes to answer, wherever it is asked from.
    clock: Option<Handle>,
    /// How often it was looked at while it computed, since it was called or asked for something.
    ticks: u128,
    /// How often it asked since it was called.
    asked: u64,
    /// What the store said; the component carries only its code and sentence.
    failure: Option<store::StoreError>,
    /// What it was asked to commit, until it does.
    ordered: Option<store::Batch>,
    /// What became of that.
    outcome: Option<store::Outcome>,
}

impl Guest {
    /// For an instance that may ask for nothing.
    pub(super) fn alone(runtime: &Runtime) -> Self {
        Self {
            store: None,
            limits: runtime.limits().clone(),
            clock: runtime.clock().cloned(),
            ticks: 0,
            asked: 0,
            failure: None,
            ordered: None,
            outcome: None,
        }
    }

    /// For an instance that works on `store`.
    pub(super) fn on(store: Arc<dyn Store>, runtime: &Runtime) -> Self {
        Self { store: Some(store), ..Self::alone(runtime) }
    }

    /// Takes what the store said when it failed last.
    pub(super) const fn take_failure(&mut self) -> Option<store::StoreError> {
        self.failure.take()
    }

    /// Begins a call: what it computed and asked before is over.
    pub(super) const fn begin(&mut self) {
        self.ticks = 0;
        self.asked = 0;
    }

    /// Lets it commit this batch, once.
    pub(super) fn order(&mut self, batch: store::Batch) {
        self.ordered = Some(batch);
    }

    /// What became of the batch that was ordered; none if it was not committed.
    pub(super) const fn outcome(&self) -> Option<store::Outcome> {
        self.outcome
    }

    /// Says whether an instance may go on computing.
    pub(super) fn may_go_on(&mut self) -> Result<(), RuntimeError> {
        self.ticks += 1;
        if self.ticks.saturating_mul(TICK.as_millis()) <= self.limits.compute.as_millis() {
            return Ok(());
        }
        let max = Some(format!("{:?} without asking for anything", self.limits.compute));
        Err(RuntimeError::OverLimit { what: "time", max, limit: "compute" })
    }

    /// Says whether it may ask once more.
    fn may_ask(&mut self) -> Result<(), RuntimeError> {
        let max = self.limits.questions;
        self.asked = self.asked.saturating_add(1);
        if self.asked <= max {
            return Ok(());
        }
        let max = Some(format!("{max} in one call"));
        let what = "answers of the store";
        Err(RuntimeError::OverLimit { what, max, limit: "questions" })
    }

    /// Asks the store, and waits for its answer no longer than it may take.
    async fn ask<T, F>(
        &mut self,
        question: impl FnOnce(Arc<dyn Store>) -> F,
    ) -> Result<Result<T, StoreError>>
    where
        F: Future<Output = Result<T, store::StoreError>>,
    {
        let store = self.store.clone().ok_or(RuntimeError::Trapped {
            cause: "it asked for a store and was given none".to_owned(),
        })?;
        self.may_ask()?;
        let answer = answer_of(question(store), self.limits.answer, self.clock.as_ref()).await;
        self.ticks = 0;
        let answer = answer?;
        Ok(answer.map_err(|failure| {
            let said = StoreError { code: failure.code().to_owned(), message: failure.to_string() };
            self.failure = Some(failure);
            said
        }))
    }
}

/// Waits for a store so long. One that panics takes nobody along: what was asked is given up.
async fn answer_of<T>(
    answer: impl Future<Output = T>,
    waited: Duration,
    clock: Option<&Handle>,
) -> Result<T, RuntimeError> {
    let mut answer = pin!(answer);
    let survived = poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context)));
        polled.map_or_else(|said| Poll::Ready(Err(said)), |polled| polled.map(Ok))
    });
    let limited = {
        let is_in_one = Handle::try_current().is_ok();
        let _entered = clock.filter(|_| !is_in_one).map(Handle::enter);
        tokio::time::timeout(waited, survived)
    };
    match limited.await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(said)) => Err(RuntimeError::StorePanicked { cause: words_of(&*said) }),
        Err(_) => Err(RuntimeError::NoAnswer { waited }),
    }
}

fn words_of(said: &(dyn Any + Send)) -> String {
    let text = said.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| said.downcast_ref::<&str>().copied());
    text.unwrap_or("it did not say why").to_owned()
}

impl types::Host for Guest {}

impl records::Host for Guest {
    async fn fetch_objects(
        &mut self,
        workspace: Id,
        ids: Vec<ObjectId>,
    ) -> Result<Result<Vec<Option<Vec<u8>>>, StoreError>> {
        let ids: Vec<_> = ids.into_iter().map(Into::into).collect();
        let fetch = |store: Arc<dyn Store>| async move {
            store.fetch_objects(workspace.into(), &ids).await
        };
        let found = self.ask(fetch).await?;
        Ok(found.map(|found| found.into_iter().map(|bytes| bytes.map(Into::into)).collect()))
    }

    async fn put_objects(
        &mut self,
        workspace: Id,
        objects: Vec<types::Object>,
    ) -> Result<Result<(), StoreError>> {
        let objects: Vec<StoredObject> = objects.into_iter().map(Into::into).collect();
        // Whatever a component is, nothing goes into a store that is not what it is called.
        if let Some((id, error)) = objects.iter().find_map(fault) {
            let what = format!("it puts something else than {id}: {error}");
            return Err(RuntimeError::Wrong { what }.into());
        }
        self.ask(|store| async move { store.put_objects(workspace.into(), &objects).await }).await
    }

    async fn commit(&mut self, workspace: Id, batch: Batch) -> Result<Result<Outcome, StoreError>> {
        let batch = store::Batch {
            expected: batch.expected,
            entries: batch.entries.into_iter().map(stored_entry).collect(),
            rows: batch.rows.into_iter().map(row_change).collect(),
        };
        if self.ordered.take().as_ref() != Some(&batch) {
            let what = "it commits something else than it was given".to_owned();
            return Err(RuntimeError::Wrong { what }.into());
        }
        let commit =
            |store: Arc<dyn Store>| async move { store.commit(workspace.into(), batch).await };
        let outcome = self.ask(commit).await?;
        self.outcome = outcome.as_ref().ok().copied();
        Ok(outcome.map(|outcome| match outcome {
            store::Outcome::Committed { number } => Outcome::Committed(number),
            store::Outcome::Lost { number } => Outcome::Lost(number),
            store::Outcome::Already { number } => Outcome::Already(number),
        }))
    }
}

impl contents::Host for Guest {
    async fn put_contents(
        &mut self,
        workspace: Id,
        contents: Vec<Vec<u8>>,
    ) -> Result<Result<Vec<Id>, StoreError>> {
        let contents: Vec<Bytes> = contents.into_iter().map(Into::into).collect();
        let put = |store: Arc<dyn Store>| async move {
            store.put_contents(workspace.into(), &contents).await
        };
        let ids = self.ask(put).await?;
        Ok(ids.map(|ids| ids.into_iter().map(Into::into).collect()))
    }
}

impl ResourceLimiter for Guest {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        let max = self.limits.memory_bytes;
        if desired <= max {
            return Ok(true);
        }
        let max = Some(format!("{max} bytes"));
        Err(RuntimeError::OverLimit { what: "memory", max, limit: "memory_bytes" }.into())
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        let max = self.limits.table_elements;
        if desired <= max {
            return Ok(true);
        }
        let max = Some(format!("{max} elements"));
        Err(RuntimeError::OverLimit { what: "tables", max, limit: "table_elements" }.into())
    }
}

/// Why bytes are not the object that they are called.
fn fault((id, bytes): &StoredObject) -> Option<(markerbed_core::ObjectId, Error)> {
    Object::check(*id, bytes).err().map(|error| (*id, error))
}

fn stored_entry(entry: records::StoredEntry) -> StoredEntry {
    StoredEntry {
        number: entry.number,
        request: RequestKey { agent: entry.agent.into(), request: entry.request.into() },
        operation_at: entry.operation_at,
        bytes: entry.bytes.into(),
    }
}

fn row_change(row: records::RowChange) -> RowChange {
    RowChange { key: row.key.into(), value: row.value.map(Into::into) }
}
