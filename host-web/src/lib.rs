//! The engine in a browser: a store over IndexedDB.
//!
//! Natively there is nothing here: every item needs what only a browser has.
#![forbid(unsafe_code)]
#![cfg(target_arch = "wasm32")]

pub mod store;
