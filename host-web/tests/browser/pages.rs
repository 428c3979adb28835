//! What a page of the tests calls: a ledger whose every entry says what else has to be there.
//!
//! Entry `n` of a writer stands beside two rows that say `n`, an object and a content. So whoever
//! opens the store can tell whether it is one that some number of commits has made.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, unreachable_pub, reason = "what `wasm_bindgen` makes of these functions")]

use bytes::Bytes;
use js_sys::{Error, Function, Reflect};
use markerbed_core::{Id16, ObjectId, ObjectKind, WorkspaceId, hash::content_id};
use markerbed_storage::{
    Batch, Contents, Outcome, Records, RequestKey, RowChange, StoreError, StoredEntry, Streams,
};
use markerbed_web::store::IndexedDbStore;
use wasm_bindgen::prelude::*;

/// A store that a page has open.
#[wasm_bindgen]
pub struct Ledger(IndexedDbStore);

/// Removes a store, and the mark of a lost one.
#[wasm_bindgen]
pub async fn remove(name: &str) -> Result<(), JsValue> {
    IndexedDbStore::remove(name).await.map_err(thrown)
}

#[wasm_bindgen]
impl Ledger {
    pub async fn create(name: &str) -> Result<Ledger, JsValue> {
        IndexedDbStore::create(name).await.map(Ledger).map_err(thrown)
    }

    pub async fn open(name: &str) -> Result<Ledger, JsValue> {
        IndexedDbStore::open(name).await.map(Ledger).map_err(thrown)
    }

    pub fn persistence(&self) -> String {
        format!("{:?}", self.0.persistence())
    }

    /// The number of the newest entry, or nothing.
    pub async fn number(&self) -> Result<Option<f64>, JsValue> {
        let number = self.0.number(OURS).await.map_err(thrown)?;
        Ok(number.map(|number| number as f64))
    }

    /// Wins `count` numbers as `writer`, and says each to `acknowledged` when it is durable.
    pub async fn win(
        &self,
        writer: u32,
        count: u32,
        content_bytes: u32,
        acknowledged: &Function,
    ) -> Result<(), JsValue> {
        let mut request = 0;
        while request < count {
            let number = self.0.number(OURS).await.map_err(thrown)?;
            let next = number.map_or(0, |number| number + 1);
            let batch = self.prepare(next, writer, content_bytes as usize).await.map_err(thrown)?;
            match self.0.commit(OURS, batch).await.map_err(thrown)? {
                Outcome::Committed { .. } => {
                    acknowledged.call1(&JsValue::NULL, &(next as f64).into())?;
                    request += 1;
                }
                Outcome::Lost { .. } => {}
                Outcome::Already { .. } => {
                    return Err(JsValue::from_str("nobody has this request"));
                }
            }
        }
        Ok(())
    }

    /// Reads everything, and throws unless it is what some number of commits has made. Answers the
    /// number and the writers of all entries.
    pub async fn check(&self) -> Result<JsValue, JsValue> {
        let number = self.0.number(OURS).await.map_err(thrown)?;
        let count = number.map_or(0, |number| number + 1);
        let mut writers = String::new();
        while let from = writers.len() as u64
            && from < count
        {
            let entries = self.0.fetch_entries(OURS, from..count).await.map_err(thrown)?;
            for (entry, number) in entries.iter().zip(from..) {
                let (writer, length) = self.check_entry(entry, number).await?;
                self.check_content(number, writer, length).await?;
                writers.push(char::from(b'0' + writer as u8));
            }
        }
        let behind = self.0.fetch_entries(OURS, count..u64::MAX).await.map_err(thrown)?;
        holds(behind.is_empty(), "there is an entry behind the newest")?;
        let rows = self.0.fetch_rows(OURS, &["a".into(), "b".into()]).await.map_err(thrown)?;
        let wanted = number.map(|number| Bytes::from(number.to_string()));
        holds(rows == [wanted.clone(), wanted], "the rows are not those of the newest entry")?;
        let answer = js_sys::Object::new();
        Reflect::set(&answer, &"count".into(), &(count as f64).into())?;
        Reflect::set(&answer, &"writers".into(), &writers.into())?;
        Ok(answer.into())
    }

    /// Writes a content of `bytes` as a stream.
    pub async fn stream(&self, seed: u32, bytes: u32) -> Result<(), JsValue> {
        let mut writer = self.0.write_content(OURS).await.map_err(thrown)?;
        let piece = content(u64::from(seed), 9, 1 << 20);
        for _ in 0..bytes >> 20 {
            writer.write(&piece).await.map_err(thrown)?;
        }
        writer.finish().await.map(drop).map_err(thrown)
    }

    /// Waits for the entry numbered `position`, and answers its number.
    pub async fn follow(&self, position: u32) -> Result<f64, JsValue> {
        let tail = self.0.subscribe(OURS, u64::from(position)).await;
        let notices = tail.map_err(thrown)?.next(1).await.map_err(thrown)?;
        let first = notices.first().ok_or_else(|| JsValue::from_str("no notice"))?;
        Ok(first.number as f64)
    }

    /// Puts `count` objects of `bytes` each, in calls of `at_once`.
    pub async fn put_objects(&self, count: u32, bytes: u32, at_once: u32) -> Result<(), JsValue> {
        let objects: Vec<_> = (0..count).map(|seed| object(seed, bytes as usize)).collect();
        for some in objects.chunks(at_once as usize) {
            self.0.put_objects(OURS, some).await.map_err(thrown)?;
        }
        Ok(())
    }

    /// Reads them again, and says how many were there.
    pub async fn fetch_objects(
        &self,
        count: u32,
        bytes: u32,
        at_once: u32,
    ) -> Result<u32, JsValue> {
        let ids: Vec<_> = (0..count).map(|seed| object(seed, bytes as usize).0).collect();
        let mut found = 0;
        for some in ids.chunks(at_once as usize) {
            let objects = self.0.fetch_objects(OURS, some).await.map_err(thrown)?;
            found += objects.into_iter().flatten().count();
        }
        Ok(found as u32)
    }
}

impl Ledger {
    async fn prepare(
        &self,
        number: u64,
        writer: u32,
        content_bytes: usize,
    ) -> Result<Batch, StoreError> {
        let content = content(number, writer, content_bytes);
        self.0.put_contents(OURS, &[content]).await?;
        self.0.put_objects(OURS, &[object(number as u32, 100)]).await?;
        let before = format!("entry {number} ");
        let operation = format!("{writer} {content_bytes}");
        let row = |key: &'static str| RowChange {
            key: key.into(),
            value: Some(number.to_string().into()),
        };
        let entry = StoredEntry {
            number,
            request: request(number, writer),
            operation_at: before.len() as u32,
            bytes: (before + &operation).into(),
        };
        let rows = vec![row("a"), row("b")];
        Ok(Batch { expected: number.checked_sub(1), entries: vec![entry], rows })
    }

    async fn check_entry(&self, entry: &Bytes, number: u64) -> Result<(u32, usize), JsValue> {
        let text = String::from_utf8_lossy(entry);
        let mut words = text.split(' ').skip(1).map(str::parse::<u64>);
        let mut word = || words.next().and_then(Result::ok);
        let (said, writer, length) = (word(), word(), word());
        holds(said == Some(number), "an entry is another one")?;
        let writer = writer.unwrap_or_default() as u32;
        let found = self.0.find_requests(OURS, &[request(number, writer)]).await.map_err(thrown)?;
        holds(found == [Some(number)], "a request of an entry is not known")?;
        Ok((writer, length.unwrap_or_default() as usize))
    }

    async fn check_content(&self, number: u64, writer: u32, length: usize) -> Result<(), JsValue> {
        let content = content(number, writer, length);
        let found = self.0.fetch_contents(OURS, &[content_id(&content)]).await.map_err(thrown)?;
        holds(found == [Some(content)], "a content of an entry is not there")?;
        let (id, bytes) = object(number as u32, 100);
        let found = self.0.fetch_objects(OURS, &[id]).await.map_err(thrown)?;
        holds(found == [Some(bytes)], "an object of an entry is not there")
    }
}

fn request(number: u64, writer: u32) -> RequestKey {
    let id = |number: u64| Id16::from_bytes(u128::from(number).to_be_bytes());
    RequestKey { agent: id(u64::from(writer)), request: id(number) }
}

/// Bytes that do not compress and that no other number or writer has.
fn content(number: u64, writer: u32, length: usize) -> Bytes {
    let mut state = number << 8 | u64::from(writer);
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn object(seed: u32, length: usize) -> (ObjectId, Bytes) {
    let bytes = content(u64::from(seed), 7, length);
    (ObjectId { kind: ObjectKind::Node, bytes: *content_id(&bytes).as_bytes() }, bytes)
}

fn holds(is_so: bool, otherwise: &str) -> Result<(), JsValue> {
    if is_so { Ok(()) } else { Err(Error::new(otherwise).into()) }
}

/// An error with the code that it has everywhere.
fn thrown(failure: StoreError) -> JsValue {
    let error = Error::new(&failure.to_string());
    let _never_fails = Reflect::set(&error, &"code".into(), &failure.code().into());
    error.into()
}

const OURS: WorkspaceId = WorkspaceId::from_bytes([0x11; 32]);
