//! Stores, and the workspaces that they hold, for JavaScript.
#![allow(unreachable_pub, reason = "JavaScript reaches them")]

use std::sync::Arc;

use js_sys::{Array, Object};
use markerbed_core::{
    id::PublicKey,
    ledger::{Genesis, Nonce},
};
use markerbed_storage::MemoryStore;
use wasm_bindgen::prelude::*;

use crate::{
    exports::{Workspace, guard, object, parse_value, thrown, unworkable},
    foreign::ForeignStore,
    history::stamp,
    store::IndexedDbStore,
    values,
};

/// A store of this origin, or one in memory.
#[wasm_bindgen(js_name = Store)]
pub struct OpenStore {
    store: Arc<dyn markerbed_storage::Store>,
    /// None if everything is kept in memory.
    database: Option<IndexedDbStore>,
}

#[wasm_bindgen(js_class = Store)]
impl OpenStore {
    /// Makes the store `name`; throws `store-exists`, and `store-damaged` if one was taken away.
    #[wasm_bindgen(unchecked_return_type = "Store")]
    pub async fn create(
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
    ) -> Result<JsValue, JsValue> {
        let name = values::text(&name, "name")?;
        let store = IndexedDbStore::create(&name).await;
        store.map(Self::in_database).map_err(|failure| thrown(failure.into()))
    }

    /// Opens the store `name`, and never makes one; throws `no-store` and `store-damaged`.
    #[wasm_bindgen(unchecked_return_type = "Store")]
    pub async fn open(
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
    ) -> Result<JsValue, JsValue> {
        let name = values::text(&name, "name")?;
        let store = IndexedDbStore::open(&name).await;
        store.map(Self::in_database).map_err(|failure| thrown(failure.into()))
    }

    /// Begins a store in memory: what it holds is gone with it.
    #[wasm_bindgen(js_name = inMemory, unchecked_return_type = "Store")]
    pub fn in_memory() -> JsValue {
        Self::guarded(Self { store: Arc::new(MemoryStore::default()), database: None })
    }

    /// Takes an object for a store, as `npm/src/store.ts` says; throws `bad-usage`.
    #[wasm_bindgen(unchecked_return_type = "Store")]
    pub fn over(
        #[wasm_bindgen(unchecked_param_type = "object")] object: &JsValue,
    ) -> Result<JsValue, JsValue> {
        #[expect(clippy::arc_with_non_send_sync, reason = "a browser has one thread")]
        let store = Arc::new(ForeignStore::over(object)?);
        Ok(Self::guarded(Self { store, database: None }))
    }

    /// What the browser said when it was asked to keep the data: `granted`, `refused`,
    /// `asked` as long as it has not answered, `unknown` if it gives no such promise; `none` of a
    /// store in memory.
    pub fn persistence(&self) -> String {
        let answer = self.database.as_ref().map(IndexedDbStore::persistence);
        answer.map_or("none".to_owned(), |answer| format!("{answer:?}").to_lowercase())
    }

    /// Begins a workspace with 32 random bytes and an Ed25519 public key; the first one of a store
    /// becomes its default. `label` is what people call it.
    #[wasm_bindgen(unchecked_return_type = "Workspace")]
    pub async fn begin(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] nonce: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] public_key: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] label: JsValue,
        #[wasm_bindgen(
            unchecked_param_type = "{ agent: Uint8Array, request: Uint8Array, timeMs: number }"
        )]
        stamp_given: JsValue,
    ) -> Result<JsValue, JsValue> {
        let genesis = Genesis {
            nonce: Nonce::from_bytes(values::fixed(&nonce, "nonce")?),
            first_key: PublicKey::from_bytes(values::fixed(&public_key, "publicKey")?),
        };
        let label = values::text(&label, "label")?;
        let stamp = stamp(&stamp_given)?;
        let store = self.store.clone();
        let begun = markerbed_workspace::Workspace::create(store, genesis, &label, &stamp).await;
        begun.map(Workspace::guarded).map_err(unworkable)
    }

    /// Opens the workspace `id`, or the default one; throws `unknown-workspace`, `no-workspace`,
    /// `which-workspace`.
    #[wasm_bindgen(js_name = openWorkspace, unchecked_return_type = "Workspace")]
    pub async fn open_workspace(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string | undefined")] id: JsValue,
    ) -> Result<JsValue, JsValue> {
        let store = self.store.clone();
        let opened = match values::text_or_nothing(&id, "id")? {
            None => markerbed_workspace::Workspace::open_default(store).await,
            Some(_) => {
                let id = parse_value(&id, "id")?;
                markerbed_workspace::Workspace::open(store, id).await
            }
        };
        opened.map(Workspace::guarded).map_err(unworkable)
    }

    /// The workspace with this id, whether or not it has begun: its trees and its entries.
    #[wasm_bindgen(unchecked_return_type = "Workspace")]
    pub fn at(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] id: &JsValue,
    ) -> Result<JsValue, JsValue> {
        let id = parse_value(id, "id")?;
        let at = markerbed_workspace::Workspace::at(self.store.clone(), id);
        Ok(Workspace::guarded(at))
    }

    /// Lists the workspaces that have begun, each `{ id, label, isDefault }`.
    pub async fn workspaces(&self) -> Result<Array, JsValue> {
        let listed = markerbed_workspace::Workspace::list(&*self.store).await;
        let shown = listed.map_err(unworkable)?.into_iter().map(|listed| {
            object(&[
                ("id", listed.id.to_string().into()),
                ("label", listed.label.into()),
                ("isDefault", listed.is_default.into()),
            ])
        });
        shown.collect::<Result<Vec<Object>, _>>().map(|shown| shown.into_iter().collect())
    }
}

impl OpenStore {
    fn in_database(database: IndexedDbStore) -> JsValue {
        #[expect(clippy::arc_with_non_send_sync, reason = "a browser's store has one thread")]
        let store = Arc::new(database.clone());
        Self::guarded(Self { store, database: Some(database) })
    }

    fn guarded(store: Self) -> JsValue {
        let store = store.into();
        guard(&store, "bad-usage", "the store was freed");
        store
    }
}

/// Removes a store with all that is in it, and the mark of one that the browser took away.
#[wasm_bindgen(js_name = removeStore)]
pub async fn remove_store(
    #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
) -> Result<(), JsValue> {
    let name = values::text(&name, "name")?;
    IndexedDbStore::remove(&name).await.map_err(|failure| thrown(failure.into()))
}
