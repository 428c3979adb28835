//! Contents and trees of any size, piece by piece, for JavaScript.
#![allow(unreachable_pub, reason = "JavaScript reaches them")]

use js_sys::{Object, Uint8Array};
use markerbed_engine::TreeStep;
use wasm_bindgen::prelude::*;

use crate::{
    exports::{guard, object, parse, thrown},
    values,
};

/// A content that is being written.
#[wasm_bindgen]
pub struct ContentWriter(Option<Box<dyn markerbed_storage::ContentWriter>>);

#[wasm_bindgen]
impl ContentWriter {
    /// Takes the next bytes.
    pub async fn write(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue,
    ) -> Result<(), JsValue> {
        let bytes = values::bytes(&bytes, "bytes")?;
        let writer = self.0.as_mut().ok_or_else(ended)?;
        writer.write(&bytes).await.map_err(|failure| thrown(failure.into()))
    }

    /// Ends the content, durably, and answers `{ id, size }`.
    pub async fn finish(&mut self) -> Result<Object, JsValue> {
        let writer = self.0.take().ok_or_else(ended)?;
        let written = writer.finish().await.map_err(|failure| thrown(failure.into()))?;
        let size = js_sys::BigInt::from(written.bytes);
        object(&[("id", written.id.to_string().into()), ("size", size.into())])
    }
}

impl ContentWriter {
    pub(crate) fn guarded(writer: Box<dyn markerbed_storage::ContentWriter>) -> JsValue {
        guarded(Self(Some(writer)).into())
    }
}

/// A tree that is being made and put.
#[wasm_bindgen]
pub struct TreeWriter(Option<Box<dyn markerbed_engine::TreeWriter>>);

#[wasm_bindgen]
impl TreeWriter {
    /// Takes the next steps, names in any order: `{ enter: name }`, `{ file: name, content, size,
    /// executable? }` with the id and the size of a content that was written, `{ symlink: name,
    /// target }`, `{ leave: true }`.
    pub async fn take(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "object[]")] steps: JsValue,
    ) -> Result<(), JsValue> {
        let steps = values::list(&steps, "steps")?.into_iter().enumerate();
        let steps = steps.map(|(at, given)| step(&given, &format!("steps[{at}]")));
        let steps = steps.collect::<Result<_, _>>()?;
        let writer = self.0.as_mut().ok_or_else(ended)?;
        writer.take(steps).await.map_err(thrown)
    }

    /// Ends the tree, and answers its root.
    pub async fn finish(&mut self) -> Result<String, JsValue> {
        let writer = self.0.take().ok_or_else(ended)?;
        writer.finish().await.map(|root| root.to_string()).map_err(thrown)
    }
}

impl TreeWriter {
    pub(crate) fn guarded(writer: Box<dyn markerbed_engine::TreeWriter>) -> JsValue {
        guarded(Self(Some(writer)).into())
    }
}

/// A content that is being read.
#[wasm_bindgen]
pub struct ContentReader(Box<dyn markerbed_storage::ContentReader>);

#[wasm_bindgen]
impl ContentReader {
    /// The next bytes; `undefined` behind the last.
    pub async fn read(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        let piece = self.0.next().await.map_err(|failure| thrown(failure.into()))?;
        Ok(piece.map(|piece| Uint8Array::from(&piece[..])))
    }
}

impl ContentReader {
    pub(crate) fn guarded(reader: Box<dyn markerbed_storage::ContentReader>) -> JsValue {
        guarded(Self(reader).into())
    }
}

fn step(given: &JsValue, called: &str) -> Result<TreeStep, JsValue> {
    let field = |name: &str| values::field(given, name, called);
    let bytes = |name: &str| field(name).and_then(|(it, called)| values::bytes(&it, &called));
    let has = |name: &str| field(name).map(|(it, _)| !it.is_undefined());
    if has("enter")? {
        return Ok(TreeStep::Enter(bytes("enter")?));
    }
    if has("symlink")? {
        return Ok(TreeStep::Symlink { name: bytes("symlink")?, target: bytes("target")? });
    }
    if has("file")? {
        let (content, content_called) = field("content")?;
        let (size, size_called) = field("size")?;
        let (executable, executable_called) = field("executable")?;
        return Ok(TreeStep::StoredFile {
            name: bytes("file")?,
            executable: values::flag(&executable, &executable_called)?,
            size: values::number(&size, &size_called)?,
            content: parse(&values::text(&content, &content_called)?)?,
        });
    }
    if has("leave")? {
        return Ok(TreeStep::Leave);
    }
    Err(values::refused("bad-usage", &format!("{called} is no step")))
}

fn guarded(piece: JsValue) -> JsValue {
    guard(&piece, "bad-usage", "it was freed");
    piece
}

fn ended() -> JsValue {
    values::refused("bad-usage", "it was finished before")
}
