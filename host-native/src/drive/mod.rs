//! Runs the engine's operations over a store, from threads and from tasks of tokio.
//!
//! What loops between the two is the same on every host (`markerbed_storage::drive`).

pub mod blocking;
mod offloaded;
pub mod tokio;

pub use markerbed_storage::drive::{DriveError, put_objects};
