//! The same vectors and random programs on every target.
//!
//! A program is a seed: it chooses engine operations one after the other, faults of the store among
//! them, and writes down what each gave and what it asked the store for. Two targets agree on a
//! program if their transcripts are equal to the last byte.

#[cfg(all(target_arch = "wasm32", any(feature = "component", feature = "web")))]
mod bare;
#[cfg(all(target_arch = "wasm32", feature = "component"))]
mod component;
mod program;
mod ready;
mod traced;
#[cfg(all(target_arch = "wasm32", feature = "web"))]
mod web;

pub use program::{Judged, Transcript, run, run_for_reference};
pub use ready::ready;
pub use traced::{Fault, Traced};

use std::sync::Arc;

use markerbed_engine::Direct;
use markerbed_storage::Store;

/// Runs the program of a seed on core itself, here; `plant` as in [`run`].
pub fn run_direct(seed: u64, plant: bool) -> Transcript {
    let traced = Traced::new();
    let store: Arc<dyn Store> = traced.store();
    ready(run(seed, &Direct::new(store), &traced, plant))
}
