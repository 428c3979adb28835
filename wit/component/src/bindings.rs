//! What wit-bindgen makes of the worlds: the only unsafe code of a guest.
//!
//! A component calls and is called by pointers into its memory; the generated code turns them into
//! values. Nothing here is written by hand but the choice of the world.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "generated"
)]

#[cfg(feature = "engine")]
wit_bindgen::generate!({ path: "..", world: "engine", generate_all });
#[cfg(not(feature = "engine"))]
wit_bindgen::generate!({ path: "..", world: "verifier", generate_all });

// Without imports the shared words are exported, beside the functions that use them.
#[cfg(not(feature = "engine"))]
pub(crate) use exports::markerbed::engine::types;
#[cfg(feature = "engine")]
pub(crate) use markerbed::engine::types;
