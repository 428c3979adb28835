//! Locks that the browser frees when a tab goes away, however it goes.

use std::{cell::Cell, rc::Rc};

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use super::globals::lock_manager;

/// A lock, held until this is dropped or the tab is gone.
#[derive(Debug)]
pub(super) struct Held(Function);

impl Drop for Held {
    fn drop(&mut self) {
        let _never_throws = self.0.call0(&JsValue::NULL);
    }
}

/// Takes the lock `name`, which nobody else has; `None` in a browser without locks.
pub(super) async fn hold(name: &str) -> Option<Held> {
    let mut release = None;
    let released = Promise::new(&mut |resolve, _| release = Some(resolve));
    let granted = request(name, &Object::new(), move |_| released.clone().into())?;
    granted.await.ok()?;
    release.map(Held)
}

/// Whether nobody has the lock `name`; `None` in a browser without locks.
pub(super) async fn is_free(name: &str) -> Option<bool> {
    let options = Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &true.into()).ok()?;
    let is_free = Rc::new(Cell::new(false));
    let answered = request(name, &options, {
        let is_free = is_free.clone();
        move |lock| {
            is_free.set(!lock.is_null());
            JsValue::UNDEFINED
        }
    })?;
    answered.await.ok()?;
    Some(is_free.get())
}

/// Asks for a lock; the future ends when `with` was called with it, or with null.
fn request(
    name: &str,
    options: &Object,
    with: impl FnOnce(JsValue) -> JsValue + 'static,
) -> Option<JsFuture> {
    let manager = lock_manager()?;
    let request: Function = Reflect::get(&manager, &"request".into()).ok()?.dyn_into().ok()?;
    let mut callback = None;
    let called = Promise::new(&mut |resolve, _| callback = Some(resolve));
    let callback = callback?;
    let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let kept = with(lock);
        let _never_throws = callback.call0(&JsValue::NULL);
        kept
    });
    let asked = request.call3(&manager, &name.into(), options, &granted).ok()?;
    let asked: Promise = asked.dyn_into().ok()?;
    // Refused by the browser: as if it had none.
    let either = Promise::race(&js_sys::Array::of2(&called, &asked));
    Some(JsFuture::from(either))
}
