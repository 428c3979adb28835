//! The ordered Merkle map: byte keys to byte values, in pages, with one root for one set of
//! entries (`docs/spec/map.md`, `docs/spec/map-proofs.md`).

mod build;
mod builder;
mod cut;
mod difference;
mod item;
mod kind;
mod page;
mod partial;
mod place;
mod prove;
mod read;
mod update;
mod verify;

pub use build::{BuiltMap, build, empty_map_id};
pub use builder::Builder;
pub use difference::{Difference, difference};
pub use item::{Below, Entry, Item};
pub use kind::MapKind;
pub use page::Page;
pub use partial::{Disclosure, Element, PartialPage};
pub use place::Place;
pub use prove::{BlindProof, prove_blind, prove_full};
pub use read::{look_up, range};
pub(crate) use update::OldMap;
pub use update::{Change, update};
pub use verify::{verify_blind, verify_full};
