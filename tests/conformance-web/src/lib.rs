//! The suite that every store must pass, for a store that JavaScript brings.
//!
//! A test that fails panics, and that stops the module in the middle of a call. So tests are polled
//! by JavaScript, which catches it: nobody waits for a promise that is never kept.
#![forbid(unsafe_code)]
#![cfg(target_arch = "wasm32")]
#![expect(clippy::panic, reason = "this is how a test fails")]

use std::{
    cell::RefCell,
    future::Future,
    panic::set_hook,
    pin::Pin,
    sync::{Arc, Once},
    task::{Context, Poll, Wake, Waker},
};

use js_sys::Function;
use markerbed_conformance::{Fixture, TESTS, test};
use markerbed_storage::Store;
use markerbed_web::foreign::ForeignStore;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(inline_js = "export async function open(how, place) { return how(place); }")]
extern "C" {
    #[wasm_bindgen(catch, js_name = open)]
    async fn open_place(how: &Function, place: &str) -> Result<JsValue, JsValue>;
}

/// The names of all tests.
#[wasm_bindgen(js_name = conformanceCases)]
pub fn conformance_cases() -> Vec<String> {
    TESTS.iter().map(ToString::to_string).collect()
}

/// What the test said that failed last.
#[wasm_bindgen(js_name = conformanceFailure)]
pub fn conformance_failure() -> String {
    FAILURE.with_borrow(Clone::clone)
}

/// A test on its way. One is under way at a time.
#[wasm_bindgen]
pub struct ConformanceCase(Pin<Box<dyn Future<Output = ()>>>);

#[wasm_bindgen]
impl ConformanceCase {
    /// Prepares a test. `open` gives a promise of the store at a place, an empty one at first;
    /// `wake` is called when the test is to be polled again.
    #[wasm_bindgen(constructor)]
    pub fn new(name: String, place: String, open: Function, wake: Function) -> Self {
        // Not again: after a panic nothing else may change the hook.
        HOOK.call_once(|| set_hook(Box::new(|panic| FAILURE.set(panic.to_string()))));
        WAKE.set(Some(wake));
        Self(Box::pin(async move {
            let mut fixture = fixture(open, place).await;
            let Some(test) = test(&name, &mut fixture) else { panic!("there is no test {name}") };
            test.await;
        }))
    }

    /// Goes on with the test, and tells whether it has passed; throws in the middle if it fails.
    pub fn poll(&mut self) -> bool {
        let waker = Waker::from(Arc::new(Alarm));
        matches!(self.0.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Ready(()))
    }
}

struct Alarm;

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        let wake = WAKE.with_borrow(Clone::clone);
        let _never_throws = wake.map(|wake| wake.call0(&JsValue::UNDEFINED));
    }
}

async fn fixture(open: Function, place: String) -> Fixture {
    let first = opened(&open, &place).await;
    if !first.is_durable() {
        return Fixture::fleeting(first);
    }
    let mut first = Some(first);
    Fixture::lasting(move || {
        let (given, open, place) = (first.take(), open.clone(), place.clone());
        async move {
            let store = match given {
                Some(store) => store,
                None => opened(&open, &place).await,
            };
            #[expect(clippy::arc_with_non_send_sync, reason = "there is one thread")]
            let store: Arc<dyn Store> = Arc::new(store);
            store
        }
    })
}

async fn opened(open: &Function, place: &str) -> ForeignStore {
    let opened = open_place(open, place).await.and_then(|object| ForeignStore::over(&object));
    opened.unwrap_or_else(|thrown| panic!("the store was not opened: {thrown:?}"))
}

static HOOK: Once = Once::new();

thread_local! {
    static FAILURE: RefCell<String> = const { RefCell::new(String::new()) };
    static WAKE: RefCell<Option<Function>> = const { RefCell::new(None) };
}
