//! What a store answers or throws, proven to be what it must be.

use bytes::Bytes;
use markerbed_storage::{StoreError, StoredItem};
use wasm_bindgen::JsValue;

use crate::values::{self, message, text_field};

/// What a method answered.
pub(super) struct Answer {
    pub(super) value: JsValue,
    pub(super) method: &'static str,
}

impl Answer {
    /// One answer for each of `count` questions.
    pub(super) fn each(&self, count: usize) -> Result<Vec<Self>, StoreError> {
        let answers = self.list()?;
        if answers.len() == count {
            return Ok(answers);
        }
        Err(self.wrong(&format!("{} answers to {count} questions", answers.len())))
    }

    /// A list with at most `limit` items.
    pub(super) fn at_most(&self, limit: usize) -> Result<Vec<Self>, StoreError> {
        let answers = self.list()?;
        if answers.len() <= limit {
            return Ok(answers);
        }
        Err(self.wrong(&format!("{} items where {limit} were asked for", answers.len())))
    }

    fn list(&self) -> Result<Vec<Self>, StoreError> {
        let items =
            values::list(&self.value, "the answer").map_err(|refused| self.not(&refused))?;
        Ok(items.into_iter().map(|value| Self { value, method: self.method }).collect())
    }

    pub(super) fn bytes(&self) -> Result<Bytes, StoreError> {
        let bytes = values::bytes(&self.value, "the answer");
        bytes.map(Bytes::from).map_err(|refused| self.not(&refused))
    }

    pub(super) fn bytes_or_nothing(&self) -> Result<Option<Bytes>, StoreError> {
        if self.is_nothing() { Ok(None) } else { self.bytes().map(Some) }
    }

    pub(super) fn number_or_nothing(&self) -> Result<Option<u64>, StoreError> {
        let number = values::number_or_nothing(&self.value, "the answer");
        number.map_err(|refused| self.not(&refused))
    }

    pub(super) fn flag(&self) -> Result<bool, StoreError> {
        self.value.as_bool().ok_or_else(|| self.wrong("what is not a boolean"))
    }

    /// That a method answered what it may not.
    pub(super) fn wrong(&self, what: &str) -> StoreError {
        let cause = format!("the store answered {} with {what}", self.method).into();
        StoreError::Computing { code: WRONG, cause }
    }

    fn not(&self, refused: &JsValue) -> StoreError {
        let cause = format!("the store answered {} wrongly: {}", self.method, message(refused));
        StoreError::Computing { code: WRONG, cause: cause.into() }
    }

    fn is_nothing(&self) -> bool {
        self.value.is_undefined() || self.value.is_null()
    }
}

/// What a store threw, as its code says; anything else has failed for good.
pub(super) fn failure(place: &str, thrown: &JsValue) -> StoreError {
    let place = place.to_owned();
    let text = message(thrown);
    match text_field(thrown, "code").as_deref() {
        Some("no-store") => StoreError::NotFound { place },
        Some("store-exists") => StoreError::Exists { place },
        Some("store-damaged") => {
            let place = format!("{place}: {text}");
            StoreError::Damaged { item: StoredItem::Unknown, place, fault: "the store says so" }
        }
        Some("store-full") => StoreError::Full { place },
        Some("store-no-access") => StoreError::NoAccess { place },
        Some("store-read-only") => StoreError::ReadOnly { place },
        Some("store-busy") => StoreError::Busy { place, holder: None },
        Some("store-temporary") => StoreError::Temporary { place, cause: text.into() },
        _ => StoreError::Permanent { place, cause: text.into() },
    }
}

/// The code of an answer that is none.
const WRONG: &str = "store-wrong";
