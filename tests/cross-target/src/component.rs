//! The suites as a component.
#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::all,
    reason = "the exports are made by generated code"
)]

wit_bindgen::generate!({ path: "wit", world: "cross-target" });

struct Suites;

export!(Suites);

impl Guest for Suites {
    fn vectors(suite: String) -> u64 {
        markerbed_suites::vectors::check(&suite)
    }

    fn program(seed: u64, plant: bool) -> String {
        crate::run_direct(seed, plant).text
    }

    fn bare_hash(mebibytes: u32, times: u32) -> Vec<u8> {
        crate::bare::hash(mebibytes, times)
    }
}
