//! What JavaScript hands over, proven to be what it must be.
//!
//! The glue takes a number for an empty array, wraps what does not fit, and mends text that is
//! none. So exports take any value and look for themselves.
#![cfg_attr(not(feature = "engine"), allow(dead_code, reason = "the suite hands over less"))]

use js_sys::{Array, BigInt, Error, JsString, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

/// A string that is text: half of a surrogate pair is none.
pub(crate) fn text(value: &JsValue, name: &str) -> Result<String, JsValue> {
    let text = value.dyn_ref::<JsString>().ok_or_else(|| no(name, "a string"))?;
    if !text.is_valid_utf16() {
        return Err(no(name, "text: it has half of a surrogate pair"));
    }
    Ok(text.into())
}

/// As [`text`]; nothing is given as `undefined` or `null`.
pub(crate) fn text_or_nothing(value: &JsValue, name: &str) -> Result<Option<String>, JsValue> {
    if is_nothing(value) { Ok(None) } else { text(value, name).map(Some) }
}

/// The bytes of a `Uint8Array`, unless they were handed over to another thread.
pub(crate) fn bytes(value: &JsValue, name: &str) -> Result<Vec<u8>, JsValue> {
    let bytes = value.dyn_ref::<Uint8Array>().ok_or_else(|| no(name, "a Uint8Array"))?;
    let is_detached = Reflect::get(&bytes.buffer(), &"detached".into());
    if is_detached.is_ok_and(|it| it.is_truthy()) {
        return Err(no(name, "a Uint8Array with its bytes: they were handed over"));
    }
    Ok(bytes.to_vec())
}

/// As [`bytes`], exactly `N` of them.
pub(crate) fn fixed<const N: usize>(value: &JsValue, name: &str) -> Result<[u8; N], JsValue> {
    let wrong = |_| no(name, &format!("{N} bytes"));
    bytes(value, name)?.try_into().map_err(wrong)
}

/// The items of an array.
pub(crate) fn list(value: &JsValue, name: &str) -> Result<Vec<JsValue>, JsValue> {
    let list = value.dyn_ref::<Array>().ok_or_else(|| no(name, "an array"))?;
    Ok(list.iter().collect())
}

/// The byte strings of an array.
pub(crate) fn byte_list(value: &JsValue, name: &str) -> Result<Vec<Vec<u8>>, JsValue> {
    let items = list(value, name)?.into_iter().enumerate();
    items.map(|(at, item)| bytes(&item, &format!("{name}[{at}]"))).collect()
}

/// A count or number, as a number or a bigint.
pub(crate) fn number(value: &JsValue, name: &str) -> Result<u64, JsValue> {
    let outside = || refused("out-of-range", &format!("{name} is not within 0 to 2^64 - 1"));
    if value.is_bigint() {
        // Wraps, so that what comes back tells whether it fits.
        let wrapped = BigInt::as_uint_n(64.0, value.unchecked_ref());
        if !Object::is(&wrapped, value) {
            return Err(outside());
        }
        return u64::try_from(wrapped).map_err(|_| outside());
    }
    let number = value.as_f64().ok_or_else(|| no(name, "a number or a bigint"))?;
    if number.fract() != 0.0 || number.is_nan() {
        return Err(no(name, "a whole number"));
    }
    if !(0.0..=SAFE_MAX).contains(&number) {
        return Err(refused("out-of-range", &format!("{name} is not within 0 to 2^53 - 1")));
    }
    Ok(number as u64)
}

/// As [`number`]; nothing is given as `undefined` or `null`.
pub(crate) fn number_or_nothing(value: &JsValue, name: &str) -> Result<Option<u64>, JsValue> {
    if is_nothing(value) { Ok(None) } else { number(value, name).map(Some) }
}

/// A boolean; nothing is `false`.
pub(crate) fn flag(value: &JsValue, name: &str) -> Result<bool, JsValue> {
    if is_nothing(value) {
        return Ok(false);
    }
    value.as_bool().ok_or_else(|| no(name, "a boolean"))
}

/// A field of an object, and what messages call it. What a getter throws is thrown on.
pub(crate) fn field(object: &JsValue, name: &str, of: &str) -> Result<(JsValue, String), JsValue> {
    if !object.is_object() {
        return Err(no(of, "an object"));
    }
    Ok((Reflect::get(object, &name.into())?, format!("{of}.{name}")))
}

/// An error with a code.
pub(crate) fn refused(code: &str, message: &str) -> JsValue {
    let error = Error::new(message);
    let _never_fails = Reflect::set(&error, &"code".into(), &code.into());
    error.into()
}

/// What an error says, or whatever else was thrown.
pub(crate) fn message(thrown: &JsValue) -> String {
    let text = text_field(thrown, "message").or_else(|| plain_text(thrown));
    text.unwrap_or_else(|| "no error".to_owned())
}

/// A string among the fields of whatever was thrown.
pub(crate) fn text_field(thrown: &JsValue, name: &str) -> Option<String> {
    if !thrown.is_object() {
        return None;
    }
    plain_text(&Reflect::get(thrown, &name.into()).ok()?)
}

fn plain_text(value: &JsValue) -> Option<String> {
    value.dyn_ref::<JsString>().map(String::from)
}

fn no(name: &str, wanted: &str) -> JsValue {
    refused("bad-usage", &format!("{name} is not {wanted}"))
}

fn is_nothing(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

/// The largest number of JavaScript's that stands for itself alone.
const SAFE_MAX: f64 = 9_007_199_254_740_991.0;
