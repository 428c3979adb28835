//! The interfaces of the world `engine`, one file each.

mod builder;
mod hashing;
mod ledger;
mod maps;
mod trees;
mod writer;
