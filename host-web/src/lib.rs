//! The engine in a browser: a store over IndexedDB, and what JavaScript calls.
//!
//! Natively there is nothing here: every item needs what only a browser has.
#![forbid(unsafe_code)]
#![cfg(target_arch = "wasm32")]

#[cfg(feature = "engine")]
mod exports;
pub mod foreign;
#[cfg(feature = "engine")]
mod history;
#[cfg(feature = "engine")]
mod pieces;
#[cfg(feature = "engine")]
pub mod store;
#[cfg(feature = "engine")]
mod stores;
mod values;

#[cfg(feature = "engine")]
pub use exports::{Workspace, content_ids, verify_path};
#[cfg(feature = "engine")]
pub use pieces::{ContentReader, ContentWriter, TreeWriter};
#[cfg(feature = "engine")]
pub use stores::{OpenStore, remove_store};
