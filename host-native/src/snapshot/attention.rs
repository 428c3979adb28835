//! What may be expected of a directory before it is looked at.

use std::fmt;

/// Hears of every directory before it is looked at, and says what to expect there.
///
/// Only a directory and its entries are meant, not what is below its subdirectories.
pub trait Attention: fmt::Debug + Sync {
    /// Says what to expect of a directory, by its path from the root, which is the empty path.
    fn expect(&self, directory: &[u8]) -> Expect;

    /// Says whether the store must be asked for the contents of files that are not read, before a
    /// snapshot of them is recorded.
    fn must_ask_store(&self) -> bool {
        true
    }

    /// Hears that the store was asked and has them all.
    fn store_has_all(&self) {}
}

/// What may be expected of a directory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expect {
    /// Anything: it must be looked at.
    Anything,
    /// It has the names that it had, and these are what they were when they were seen.
    AsBefore,
}
