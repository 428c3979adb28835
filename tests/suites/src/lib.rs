//! What the suites of the engine share: how many cases, from which seed, and how they are counted.
//!
//! `MARKERBED_SEED` chooses the seed (0 if unset), `MARKERBED_LONG` how many times its floor each
//! test tries (1 if unset). `cargo xtask test` hands in a seed made from the commit, `cargo xtask
//! long` one seed after another. So every run can be repeated, and no two commits try the same.
#![forbid(unsafe_code)]

mod count;
mod objects;
#[cfg(not(target_arch = "wasm32"))]
#[cfg(not(target_arch = "wasm32"))]
mod property;
mod random;
pub mod vector;
pub mod vectors;

pub use count::{cases, cases_in_ci, print_count, seed};
pub use objects::{Driven, Objects};
#[cfg(not(target_arch = "wasm32"))]
#[cfg(not(target_arch = "wasm32"))]
pub use property::check_property;
pub use random::Random;
