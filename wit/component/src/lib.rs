//! The engine as a WIT component (`wit/*.wit`): core and nothing else, behind typed functions.
//!
//! With the feature `engine` it is the world `engine`, which asks the world's imports for what
//! operations need; without it the world `verifier`, which imports nothing. It has no WASI import,
//! no clock and no randomness. On any other machine than wasm32 this crate is empty.
#![cfg_attr(target_arch = "wasm32", no_std)]

#[cfg(target_arch = "wasm32")]
extern crate alloc;

#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
mod convert;
#[cfg(all(target_arch = "wasm32", feature = "engine"))]
mod drive;
#[cfg(all(target_arch = "wasm32", feature = "engine"))]
mod engine;
#[cfg(target_arch = "wasm32")]
mod format;
#[cfg(target_arch = "wasm32")]
mod guest;
#[cfg(target_arch = "wasm32")]
mod verify;
