//! The conformance suite on IndexedDB, and on the memory store in a browser.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "this is how a test fails")]

use std::{cell::Cell, rc::Rc, sync::Arc};

use markerbed_conformance::{Fixture, store_conformance_in_browser};
use markerbed_storage::{MemoryStore, Store};
use markerbed_web::store::IndexedDbStore;
use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_browser);

store_conformance_in_browser!(memory, Fixture::fleeting(MemoryStore::default()));

store_conformance_in_browser!(indexed_db, indexed_db());

/// A store of its own, which is opened again in the same database.
fn indexed_db() -> Fixture {
    let name = format!("conformance {}", NUMBER.with(|number| number.replace(number.get() + 1)));
    let is_made = Rc::new(Cell::new(false));
    Fixture::lasting(move || {
        let (name, is_made) = (name.clone(), is_made.clone());
        async move {
            let store = if is_made.replace(true) {
                IndexedDbStore::open(&name).await.unwrap()
            } else {
                IndexedDbStore::create(&name).await.unwrap()
            };
            #[expect(clippy::arc_with_non_send_sync, reason = "there is one thread")]
            let store: Arc<dyn Store> = Arc::new(store);
            store
        }
    })
}

thread_local! {
    static NUMBER: Cell<u32> = const { Cell::new(0) };
}
