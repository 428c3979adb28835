//! What the browser gives a page or a worker, found by name: not all have all of it.

use js_sys::{Function, Object, Reflect};
use markerbed_storage::StoreError;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Crypto, IdbFactory, StorageManager};

use super::failure::failure;

/// What the browser answered when it was asked to keep the data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Persistence {
    /// It keeps the data until the user takes it away.
    Granted,
    /// It may take the data away when it needs room.
    Refused,
    /// It has not answered yet: some ask the user.
    Asked,
    /// It has no such promise to give.
    Unknown,
}

/// A property of an object; `None` if it has none, or does not let at it.
pub(super) fn property(object: &JsValue, name: &str) -> Option<JsValue> {
    let found = Reflect::get(object, &name.into()).ok()?;
    (!found.is_undefined() && !found.is_null()).then_some(found)
}

pub(super) fn indexed_db(place: &str) -> Result<IdbFactory, StoreError> {
    let found = Reflect::get(&js_sys::global(), &"indexedDB".into());
    let found = found.map_err(|cause| failure(place, &cause))?;
    found.dyn_into().map_err(|_| StoreError::NoAccess { place: place.to_owned() })
}

#[wasm_bindgen]
extern "C" {
    /// Where marks are kept: what `localStorage` does of itself.
    pub(super) type Marks;

    #[wasm_bindgen(method, catch, js_name = getItem)]
    pub(super) fn get_item(this: &Marks, key: &str) -> Result<Option<String>, JsValue>;

    #[wasm_bindgen(method, catch, js_name = setItem)]
    pub(super) fn set_item(this: &Marks, key: &str, value: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = removeItem)]
    pub(super) fn remove_item(this: &Marks, key: &str) -> Result<(), JsValue>;
}

/// Where marks are kept; a worker has none, but for those that its page keeps for it.
pub(super) fn marks() -> Option<Marks> {
    let of_page = property(&js_sys::global(), "markerbedMarks");
    let marks = of_page.or_else(|| property(&js_sys::global(), "localStorage"))?;
    Some(marks.unchecked_into())
}

/// The browser's locks, as something that is only asked for `request`.
pub(super) fn lock_manager() -> Option<Object> {
    property(&property(&js_sys::global(), "navigator")?, "locks")?.dyn_into().ok()
}

fn storage_manager() -> Option<StorageManager> {
    property(&property(&js_sys::global(), "navigator")?, "storage")?.dyn_into().ok()
}

/// What the browser says of itself.
pub(super) async fn persistence() -> Persistence {
    let promise = storage_manager().and_then(|storage| storage.persisted().ok());
    answer(promise).await
}

/// What it says when it is asked to promise it.
pub(super) async fn ask_to_persist() -> Persistence {
    let promise = storage_manager().and_then(|storage| storage.persist().ok());
    answer(promise).await
}

async fn answer(promise: Option<js_sys::Promise>) -> Persistence {
    let Some(promise) = promise else { return Persistence::Unknown };
    match JsFuture::from(promise).await.ok().and_then(|answer| answer.as_bool()) {
        Some(true) => Persistence::Granted,
        Some(false) => Persistence::Refused,
        None => Persistence::Unknown,
    }
}

/// Something that is done later; undone when it is dropped.
#[derive(Debug)]
pub(super) struct Later {
    timer: JsValue,
    _work: Closure<dyn Fn()>,
}

impl Later {
    /// `None` where nothing can be done later.
    pub(super) fn after(ms: u32, work: impl Fn() + 'static) -> Option<Self> {
        let work = Closure::<dyn Fn()>::new(work);
        let timer = function("setTimeout")?;
        let timer = timer.call2(&js_sys::global(), work.as_ref(), &ms.into()).ok()?;
        Some(Self { timer, _work: work })
    }
}

impl Drop for Later {
    fn drop(&mut self) {
        if let Some(clear) = function("clearTimeout") {
            let _never_throws = clear.call1(&js_sys::global(), &self.timer);
        }
    }
}

fn function(name: &str) -> Option<Function> {
    property(&js_sys::global(), name)?.dyn_into().ok()
}

/// Sixteen bytes that nobody else draws.
pub(super) fn random(place: &str) -> Result<[u8; 16], StoreError> {
    let mut bytes = [0; 16];
    let crypto = property(&js_sys::global(), "crypto").and_then(|it| it.dyn_into::<Crypto>().ok());
    let crypto = crypto.ok_or_else(|| StoreError::NoAccess { place: place.to_owned() })?;
    let drawn = crypto.get_random_values_with_u8_array(&mut bytes);
    drawn.map_err(|cause| failure(place, &cause))?;
    Ok(bytes)
}
