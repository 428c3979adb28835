//! The engine of markerbed: ids, canonical bytes, the ordered Merkle map, trees and the ledger.
//!
//! It does no I/O and asks no clock; every operation is a value that says what it needs
//! ([`step`]). The bytes are fixed by the rules in `docs/spec`, which the comments name.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod access;
pub mod checkpoint;
pub mod codec;
pub mod error;
pub mod hash;
pub mod id;
pub mod json;
pub mod ledger;
pub mod limits;
pub mod map;
pub mod object;
pub mod signature;
pub mod step;
pub mod tree;

pub use error::{Error, Fault};
pub use id::{
    AttributesId, ContentId, Id16, MapId, NodeId, Sha256Digest, SnapshotId, StateId, WorkspaceId,
};
pub use object::{Object, ObjectId, ObjectKind};
