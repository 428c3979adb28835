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
        let memory = vec![0x5a; (mebibytes as usize) << 20];
        let hash = |_| *blake3::hash(std::hint::black_box(&memory)).as_bytes();
        (0..times).map(hash).last().unwrap_or_default().to_vec()
    }
}
