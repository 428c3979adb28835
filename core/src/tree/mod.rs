//! Trees of files, what is said beside them, and snapshots of them.

pub mod name;
