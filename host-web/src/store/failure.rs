//! What the browser reports, sorted by what the caller can do.

use js_sys::{Error, JsString};
use markerbed_storage::{Cause, StoreError, StoredItem};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::DomException;

/// Sorts what was thrown, or what a request ended with.
pub(super) fn failure(place: &str, thrown: &JsValue) -> StoreError {
    let (name, cause) = described(thrown);
    let place = place.to_owned();
    match name.as_str() {
        "QuotaExceededError" => StoreError::Full { place },
        "SecurityError" | "NotAllowedError" => StoreError::NoAccess { place },
        // The page goes away, or the database does; the next opening tells.
        "AbortError" | "InvalidStateError" | "TimeoutError" | "TransactionInactiveError" => {
            StoreError::Temporary { place, cause }
        }
        _ => StoreError::Permanent { place, cause },
    }
}

/// The browser took the whole store away.
pub(super) fn taken_away(place: &str, fault: &'static str) -> StoreError {
    StoreError::Damaged { item: StoredItem::Store, place: place.to_owned(), fault }
}

/// A transaction was ended without a reason.
pub(super) fn aborted(place: &str) -> StoreError {
    let cause = "the browser ended the transaction".into();
    StoreError::Temporary { place: place.to_owned(), cause }
}

fn described(thrown: &JsValue) -> (String, Cause) {
    if let Some(exception) = thrown.dyn_ref::<DomException>() {
        let name = exception.name();
        let cause = format!("{name}: {}", exception.message()).into();
        return (name, cause);
    }
    if let Some(error) = thrown.dyn_ref::<Error>() {
        let name = String::from(error.name());
        let cause = format!("{name}: {}", error.message()).into();
        return (name, cause);
    }
    let text = thrown.dyn_ref::<JsString>().map_or_else(|| format!("{thrown:?}"), String::from);
    (String::new(), text.into())
}
