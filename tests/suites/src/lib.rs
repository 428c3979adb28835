//! What the suites of the engine share: how many cases, from which seed, and how they are counted.
//!
//! `MARKERBED_SEED` chooses the seed (0 if unset), `MARKERBED_LONG` the cases of each test (its own
//! floor if unset). `cargo xtask test` hands in a seed made from the commit, `cargo xtask long` one
//! seed after another. So every run can be repeated, and no two commits try the same cases.
#![forbid(unsafe_code)]

mod count;
mod objects;
mod property;
mod random;
pub mod vector;

pub use count::{cases, print_count, seed};
pub use objects::{Driven, Objects};
pub use property::check_property;
pub use random::Random;
