//! The engine against the golden vectors, on whatever machine this is built for.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is how a suite fails"
)]

mod checkpoint;
mod ledger;
mod map;
mod object;
mod proof;
mod snapshot;

use crate::count::tried_by;

/// Runs one suite and tells how many cases it tried.
///
/// # Panics
///
/// If a case comes out otherwise, naming it, or if no suite has this name.
pub fn check(name: &str) -> u64 {
    let suite = SUITES.iter().find(|(known, _)| *known == name);
    let (_, suite) = suite.unwrap_or_else(|| panic!("no suite of vectors is called {name}"));
    tried_by(suite)
}

/// Every suite by its name.
pub const SUITES: &[(&str, fn())] = &[
    ("workspaces", ledger::workspaces),
    ("entries", ledger::entries),
    ("states", ledger::states),
    ("grants", ledger::grants),
    ("logs", ledger::logs),
    ("notes", checkpoint::notes),
    ("checkpoints", checkpoint::checkpoints),
    ("hashes", map::hashes),
    ("pages", map::pages),
    ("maps", map::maps),
    ("operations_and_what_they_ask_for", map::operations_and_what_they_ask_for),
    ("partial_pages", map::partial_pages),
    ("map_proofs", map::map_proofs),
    ("fields", object::fields),
    ("names", object::names),
    ("nodes", object::nodes),
    ("trees", object::trees),
    ("tree_proofs", proof::tree_proofs),
    ("attributes", snapshot::attributes),
    ("snapshots", snapshot::snapshots),
    ("json", snapshot::json),
    ("listings", snapshot::listings),
    ("a_line_that_no_item_has_is_refused", snapshot::a_line_that_no_item_has_is_refused),
];
