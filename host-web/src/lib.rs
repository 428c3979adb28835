//! The engine in a browser: a store over IndexedDB, and what JavaScript calls.
//!
//! Natively there is nothing here: every item needs what only a browser has.
#![forbid(unsafe_code)]
#![cfg(target_arch = "wasm32")]

mod exports;
mod pieces;
pub mod store;
mod values;

pub use exports::{Workspace, content_ids, remove_store, verify_path};
pub use pieces::{ContentReader, ContentWriter, TreeWriter};
