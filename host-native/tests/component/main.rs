//! Components in wasmtime: what is wrong with them, with the stores under them, and how much they
//! may have. After each failure the same runtime does a right call.
#![cfg(feature = "component")]
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is how a test fails"
)]

mod guests;
mod hashing;
mod limits;
mod lying;
mod many;
mod place;
#[allow(dead_code, reason = "some wrong answers are tried by the program's tests alone")]
mod planted;
mod stores;
mod verifier;
