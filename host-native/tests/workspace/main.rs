//! What a program does with a store and a workspace.
#![forbid(unsafe_code)]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is how a test fails"
)]

mod check;
mod check_data;
mod check_listing;
mod check_records;
mod check_trees;
mod directory;
mod grants;
mod group;
mod keys;
mod killed_writers;
mod ledger;
mod opening;
mod properties;
mod references;
mod refs;
mod support;
mod wrapped;
