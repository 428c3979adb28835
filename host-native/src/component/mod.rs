//! Runs the engine as a WIT component in wasmtime: both worlds of `wit/`, over the same stores.
//!
//! A component is bytes from somewhere: it may trap, loop, lie or want all memory there is. Every
//! call gets a fresh instance from a pool, with limits ([`Limits`]); whatever it does ends as a
//! typed error, and this program lives on. Runs inside a runtime of tokio with timers.

mod answers;
mod bindings;
mod builder;
mod convert;
mod engine;
mod failure;
mod hasher;
mod host;
mod instance;
mod limits;
mod replay;
mod runtime;
mod verifier;
mod writer;

pub use engine::ComponentEngine;
pub use limits::Limits;
pub use runtime::{Component, Runtime};
pub use verifier::Verifier;
