//! The engine in a browser: a store over IndexedDB, and what JavaScript calls.
//!
//! Natively there is nothing here: every item needs what only a browser has.
#![forbid(unsafe_code)]
#![cfg(target_arch = "wasm32")]

mod exports;
mod history;
mod pieces;
pub mod store;
mod stores;
mod values;

pub use exports::{Workspace, content_ids, verify_path};
pub use pieces::{ContentReader, ContentWriter, TreeWriter};
pub use stores::{OpenStore, remove_store};
