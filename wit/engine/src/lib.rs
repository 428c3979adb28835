//! The world `engine` (`wit/*.wit`) as a Rust trait, and core behind it.
//!
//! Who calls [`Engine`] does not see whether core runs here ([`Direct`]) or as a component in a
//! sandbox (`markerbed_host::component`): the same calls ask a store for the same things in the
//! same order and give the same answers.
#![forbid(unsafe_code)]

mod builder;
mod call;
mod direct;
mod error;
mod hasher;
mod replay;
mod writer;

pub use call::{
    BuiltDirectory, BuiltMap, ContentHasher, Engine, MapBuilder, StoredObject, TreeStep, TreeWriter,
};
pub use direct::Direct;
pub use error::{CallError, RuntimeError};
pub use replay::{Replay, Replayed};
