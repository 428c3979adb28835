//! What a program does with a store and a workspace.
#![forbid(unsafe_code)]

mod keys;
mod ledger;
mod references;
mod rival;
mod support;
