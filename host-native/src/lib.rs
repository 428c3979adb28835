//! Stores, drivers and the snapshot pipeline of a native machine.
#![forbid(unsafe_code)]

mod chain;
#[cfg(feature = "component")]
pub mod component;
pub mod drive;
mod folder;
pub mod listing;
mod pool;
pub mod progress;
pub mod restore;
mod shown;
pub mod snapshot;
pub mod store;
pub mod watch;
pub mod workspace;
