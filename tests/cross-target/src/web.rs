//! The suites for JavaScript.
#![allow(unreachable_pub, reason = "JavaScript reaches them")]

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
