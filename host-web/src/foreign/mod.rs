//! A store that JavaScript brings: an object whose methods keep bytes.
//!
//! It only keeps: ids, limits, the judgement over a batch, notices and positions are done here, and
//! what it answers is proven before anybody sees it. `npm/src/store.ts` says what each method must
//! promise.

mod answer;
mod contents;
mod records;
mod streams;

use std::rc::Rc;

use js_sys::{Array, Function, Reflect};
use markerbed_storage::{Capabilities, StoreError, tail::Tail};
use wasm_bindgen::prelude::*;

use self::answer::{Answer, failure};
use crate::values;

#[wasm_bindgen(module = "/src/foreign/ask.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn ask(object: &JsValue, method: &str, given: &Array) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = askForObject)]
    async fn ask_for_object(
        object: &JsValue,
        method: &str,
        given: &Array,
    ) -> Result<JsValue, JsValue>;

    async fn tell(object: &JsValue, method: &str);
}

/// A store that JavaScript brings. Clones share it.
#[derive(Clone)]
pub struct ForeignStore(Rc<Foreign>);

struct Foreign {
    object: JsValue,
    place: String,
    is_durable: bool,
    tail: Tail,
}

impl ForeignStore {
    /// Takes an object for a store.
    ///
    /// # Errors
    ///
    /// `bad-usage` if a method is missing, or what it says of itself is of the wrong type.
    pub fn over(object: &JsValue) -> Result<Self, JsValue> {
        for method in METHODS {
            let (found, called) = values::field(object, method, "store")?;
            if !found.is_instance_of::<Function>() {
                let message = format!("{called} is not a function");
                return Err(values::refused("bad-usage", &message));
            }
        }
        let (name, called) = values::field(object, "name", "store")?;
        let name = values::text_or_nothing(&name, &called)?;
        let (is_durable, called) = values::field(object, "isDurable", "store")?;
        Ok(Self(Rc::new(Foreign {
            object: object.clone(),
            place: name.unwrap_or_else(|| "a store of one's own".to_owned()),
            is_durable: values::flag(&is_durable, &called)?,
            tail: Tail::default(),
        })))
    }

    /// Whether what it keeps survives its closing.
    pub fn is_durable(&self) -> bool {
        self.0.is_durable
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            store: "a store of one's own",
            durable: self.0.is_durable,
            conditional_put: true,
            read_after_write: true,
            transactions: true,
            blocks_thread: false,
            value_bytes_max: u64::MAX,
            concurrency_wanted: 1,
        }
    }

    async fn ask(&self, method: &'static str, given: &[JsValue]) -> Result<Answer, StoreError> {
        self.ask_of(&self.0.object, method, given).await
    }

    async fn ask_of(
        &self,
        object: &JsValue,
        method: &'static str,
        given: &[JsValue],
    ) -> Result<Answer, StoreError> {
        let answered = ask(object, method, &given.iter().collect()).await;
        let value = answered.map_err(|thrown| failure(&self.0.place, &thrown))?;
        Ok(Answer { value, method })
    }
}

/// An object with these fields.
fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = js_sys::Object::new();
    for (name, value) in fields {
        let _never_fails = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}

/// What every store can do.
const METHODS: [&str; 16] = [
    "fetchObjects",
    "hasObjects",
    "putObjects",
    "fetchRows",
    "rangeRows",
    "number",
    "fetchEntries",
    "findRequests",
    "commit",
    "putContents",
    "writeContent",
    "fetchContents",
    "readContent",
    "contentLengths",
    "removeContents",
    "flush",
];
