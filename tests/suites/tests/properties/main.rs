//! Properties of the engine: what must hold for every input, tried on seeded random ones.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is how a test fails"
)]

mod checkpoint;
mod json;
mod ledger;
mod map;
mod map_forgery;
mod state;
mod tree;
mod tree_difference;
mod tree_model;
mod tree_proof;
