//! What a program does with a store and a workspace.
#![forbid(unsafe_code)]

mod check;
mod directory;
mod keys;
mod ledger;
mod properties;
mod references;
mod support;
mod wrapped;
