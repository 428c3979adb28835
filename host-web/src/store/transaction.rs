//! One transaction of the database: requests are issued together, and the last is waited for.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use markerbed_storage::{StoreError, StoredItem};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DomException, Event, IdbDatabase, IdbKeyRange, IdbObjectStore, IdbRequest,
    IdbRequestReadyState, IdbTransaction,
};

use super::{
    connection::Connection,
    failure::{aborted, failure},
    globals::property,
    layout::{self, damaged, open, seal},
};

/// What a transaction may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Access {
    Read,
    /// Durable when it is done.
    Write,
}

/// The transactions that are under way. A browser that takes the database away closes it, and
/// may never say to them that they have ended.
#[derive(Debug, Default)]
pub(super) struct Underway {
    ends: RefCell<BTreeMap<u64, Function>>,
    next: Cell<u64>,
}

impl Underway {
    /// Ends all of them, with what closed the database.
    pub(super) fn end_all(&self, closed: &Event) {
        for end in self.ends.take().values() {
            let _never_throws = end.call1(&JsValue::NULL, closed);
        }
    }

    fn add(&self, end: Function) -> u64 {
        let id = self.next.get();
        self.next.set(id.wrapping_add(1));
        self.ends.borrow_mut().insert(id, end);
        id
    }
}

/// A transaction that undoes itself unless it is committed.
///
/// The browser ends it when control returns to it and no request is under way: between two steps
/// of one transaction nothing else may be waited for.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    inner: IdbTransaction,
    connection: &'a Connection,
    id: u64,
    access: Access,
    /// Resolves with the event that ended the transaction.
    ended: Promise,
    /// Without waiting for the answers: then no request may fail.
    commits_early: bool,
    is_done: bool,
}

/// Which keys, from a first one to before a last one.
pub(super) struct Keys {
    pub(super) from: Vec<u8>,
    /// Leaves out `from` itself.
    pub(super) after: bool,
    pub(super) to: Option<Vec<u8>>,
}

impl Keys {
    /// All that begin with `prefix`.
    pub(super) fn beginning_with(prefix: Vec<u8>) -> Self {
        let to = layout::behind(&prefix);
        Self { from: prefix, after: false, to }
    }

    fn range(&self) -> Result<IdbKeyRange, JsValue> {
        let from = Uint8Array::from(&self.from[..]);
        match &self.to {
            Some(to) => {
                let to = Uint8Array::from(&to[..]);
                IdbKeyRange::bound_with_lower_open_and_upper_open(&from, &to, self.after, true)
            }
            None => IdbKeyRange::lower_bound_with_open(&from, self.after),
        }
    }
}

impl<'a> Transaction<'a> {
    pub(super) fn begin(
        connection: &'a Connection,
        database: &IdbDatabase,
        tables: &[&str],
        access: Access,
    ) -> Result<Self, JsValue> {
        let tables: Array = tables.iter().map(|table| JsValue::from(*table)).collect();
        let mode = match access {
            Access::Read => "readonly",
            Access::Write => "readwrite",
        };
        let options = Object::new();
        Reflect::set(&options, &"durability".into(), &"strict".into())?;
        // web-sys has the durability only among its unstable parts.
        let begin: Function = Reflect::get(database, &"transaction".into())?.dyn_into()?;
        let inner: IdbTransaction =
            begin.call3(database, &tables, &mode.into(), &options)?.dyn_into()?;
        let mut id = 0;
        let ended = Promise::new(&mut |resolve, _| {
            inner.set_oncomplete(Some(&resolve));
            inner.set_onabort(Some(&resolve));
            id = connection.underway.add(resolve);
        });
        Ok(Self { inner, connection, id, access, ended, commits_early: true, is_done: false })
    }

    /// Reads values, one a key; each is proven to be what was written there.
    pub(super) async fn fetch(
        &self,
        table: &str,
        keys: &[Vec<u8>],
        item: impl Fn(usize) -> StoredItem,
    ) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let store = self.table(table)?;
        let get = |key: &Vec<u8>| store.get(&Uint8Array::from(&key[..]));
        let found = self.ask(keys.iter().map(get)).await?;
        let keys = keys.iter().enumerate();
        let value = |(found, (at, key)): (JsValue, (usize, &Vec<u8>))| {
            if found.is_undefined() {
                return Ok(None);
            }
            let payload = open(table, key, Uint8Array::new(&found).to_vec());
            payload.map(Some).ok_or_else(|| damaged(item(at), self.place(), table))
        };
        found.into_iter().zip(keys).map(value).collect()
    }

    /// Tells which keys are there.
    pub(super) async fn has(&self, table: &str, keys: &[Vec<u8>]) -> Result<Vec<bool>, StoreError> {
        let store = self.table(table)?;
        let has = |key: &Vec<u8>| store.get_key(&Uint8Array::from(&key[..]));
        let found = self.ask(keys.iter().map(has)).await?;
        Ok(found.iter().map(|found| !found.is_undefined()).collect())
    }

    /// Reads at most `limit` rows of a range, in order of their keys.
    pub(super) async fn range(
        &self,
        table: &str,
        keys: &Keys,
        limit: u32,
        item: impl Fn(usize) -> StoredItem,
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let store = self.table(table)?;
        let range = keys.range().map_err(|cause| failure(self.place(), &cause))?;
        let keys = store.get_all_keys_with_key_and_limit(&range, limit);
        let values = store.get_all_with_key_and_limit(&range, limit);
        let found = self.ask([keys, values].into_iter()).await?;
        let [keys, values] =
            <[JsValue; 2]>::try_from(found).unwrap_or_default().map(|found| Array::from(&found));
        let row = |(at, (key, value)): (usize, (JsValue, JsValue))| {
            let key = Uint8Array::new(&key).to_vec();
            let payload = open(table, &key, Uint8Array::new(&value).to_vec());
            payload.map(|value| (key, value)).ok_or_else(|| damaged(item(at), self.place(), table))
        };
        keys.iter().zip(values.iter()).enumerate().map(row).collect()
    }

    /// Reads all keys of a table.
    pub(super) async fn all_keys(&self, table: &str) -> Result<Vec<Vec<u8>>, StoreError> {
        let store = self.table(table)?;
        let found = self.ask([store.get_all_keys()].into_iter()).await?;
        let keys = found.into_iter().flat_map(|keys| Array::from(&keys).to_vec());
        Ok(keys.map(|key| Uint8Array::new(&key).to_vec()).collect())
    }

    /// Puts a value, over what may be there.
    pub(super) fn put(&self, table: &str, key: &[u8], payload: &[u8]) -> Result<(), StoreError> {
        let value = Uint8Array::from(&seal(table, key, payload)[..]).buffer();
        let put = self.table(table)?.put_with_key(&value, &Uint8Array::from(key));
        put.map(drop).map_err(|cause| failure(self.place(), &cause))
    }

    /// Puts a value unless there is one; see [`Transaction::leave_what_is_there`].
    pub(super) fn add(&self, table: &str, key: &[u8], payload: &[u8]) -> Result<(), StoreError> {
        let value = Uint8Array::from(&seal(table, key, payload)[..]).buffer();
        let add = self.table(table)?.add_with_key(&value, &Uint8Array::from(key));
        add.map(drop).map_err(|cause| failure(self.place(), &cause))
    }

    /// Deletes a row, if it is there.
    pub(super) fn delete(&self, table: &str, key: &[u8]) -> Result<(), StoreError> {
        let delete = self.table(table)?.delete(&Uint8Array::from(key));
        delete.map(drop).map_err(|cause| failure(self.place(), &cause))
    }

    /// Deletes the rows of a range.
    pub(super) fn delete_range(&self, table: &str, keys: &Keys) -> Result<(), StoreError> {
        let range = keys.range().map_err(|cause| failure(self.place(), &cause))?;
        let delete = self.table(table)?.delete(&range);
        delete.map(drop).map_err(|cause| failure(self.place(), &cause))
    }

    /// Hears of what [`Transaction::add`] found there already, instead of ending with it.
    pub(super) fn leave_what_is_there(&mut self, listener: &Closure<dyn Fn(Event)>) {
        self.commits_early = false;
        self.inner.set_onerror(Some(listener.as_ref().unchecked_ref()));
    }

    /// Waits until everything is durable.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.is_done = true;
        if self.commits_early {
            // What fails here has ended already, and says why.
            let commit = property(&self.inner, "commit").and_then(|commit| commit.dyn_into().ok());
            let _ended_already = commit.map(|commit: Function| commit.call0(&self.inner));
        }
        let event = self.end().await?;
        match event.type_().as_str() {
            "complete" => Ok(()),
            _ => Err(self.connection.explain(self.reason()).await),
        }
    }

    /// Whether the database still answers.
    pub(super) async fn can_read(&self, table: &str) -> bool {
        let Ok(store) = self.table(table) else { return false };
        self.answers([store.get_all_keys()].into_iter()).await.is_ok()
    }

    async fn end(&self) -> Result<Event, StoreError> {
        let ended = JsFuture::from(self.ended.clone()).await;
        ended.map(JsCast::unchecked_into).map_err(|cause| failure(self.place(), &cause))
    }

    fn reason(&self) -> StoreError {
        let reason: Option<DomException> = self.inner.error();
        reason.map_or_else(|| aborted(self.place()), |reason| failure(self.place(), &reason))
    }

    fn table(&self, table: &str) -> Result<IdbObjectStore, StoreError> {
        self.inner.object_store(table).map_err(|cause| failure(self.place(), &cause))
    }

    fn place(&self) -> &'a str {
        &self.connection.place.text
    }

    /// Issues requests and waits for all of them.
    async fn ask(
        &self,
        requests: impl Iterator<Item = Result<IdbRequest, JsValue>>,
    ) -> Result<Vec<JsValue>, StoreError> {
        match self.answers(requests).await {
            Ok(answers) => Ok(answers),
            Err(failure) => Err(self.connection.explain(failure).await),
        }
    }

    /// Waits for the last: they are answered in order.
    async fn answers(
        &self,
        requests: impl Iterator<Item = Result<IdbRequest, JsValue>>,
    ) -> Result<Vec<JsValue>, StoreError> {
        let requests = requests.collect::<Result<Vec<_>, _>>();
        let requests = requests.map_err(|cause| failure(self.place(), &cause))?;
        let Some(last) = requests.last() else { return Ok(Vec::new()) };
        let answered = Promise::new(&mut |resolve, _| {
            last.set_onsuccess(Some(&resolve));
            last.set_onerror(Some(&resolve));
        });
        let either = Promise::race(&Array::of2(&answered, &self.ended));
        JsFuture::from(either).await.map_err(|cause| failure(self.place(), &cause))?;
        if last.ready_state() != IdbRequestReadyState::Done || !matches!(last.error(), Ok(None)) {
            self.end().await?;
            return Err(self.reason());
        }
        let results = requests.iter().map(IdbRequest::result);
        results.collect::<Result<_, _>>().map_err(|cause| failure(self.place(), &cause))
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        self.connection.underway.ends.borrow_mut().remove(&self.id);
        if !self.is_done && self.access == Access::Write {
            let _ended_already = self.inner.abort();
        }
    }
}
