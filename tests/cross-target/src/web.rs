//! The suites for JavaScript.
#![allow(unreachable_pub, reason = "JavaScript reaches them")]

use markerbed_core::hash::ContentHasher;
use wasm_bindgen::prelude::wasm_bindgen;

/// Runs one suite of vectors and tells how many cases it tried; throws if one comes out otherwise.
#[wasm_bindgen]
pub fn vectors(suite: &str) -> u32 {
    u32::try_from(markerbed_suites::vectors::check(suite)).unwrap_or(u32::MAX)
}

/// The names of the suites of vectors.
#[wasm_bindgen]
pub fn suites() -> Vec<String> {
    markerbed_suites::vectors::SUITES.iter().map(|(name, _)| (*name).to_owned()).collect()
}

/// Runs the program of a seed: its transcript; with `plant` one that is wrong.
#[wasm_bindgen]
pub fn program(seed: u64, plant: bool) -> String {
    crate::run_direct(seed, plant).text
}

/// Makes the id of a content that comes in pieces.
#[wasm_bindgen]
#[derive(Default)]
pub struct Hasher(ContentHasher);

#[wasm_bindgen]
impl Hasher {
    /// One that has seen nothing.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The id of all bytes.
    pub fn finish(&self) -> Vec<u8> {
        self.0.finish().as_bytes().to_vec()
    }
}

/// Hashes so many mebibytes of memory so often, by the bare hash function: what hashing through the
/// engine is measured beside.
#[wasm_bindgen]
pub fn bare_hash(mebibytes: u32, times: u32) -> Vec<u8> {
    crate::bare::hash(mebibytes, times)
}
