//! Where bytes lie: three contracts, and the places that keep them.
//!
//! Every call takes the workspace first: there is no key without one. Calls are batches.
//! `README.md` beside this file has a section for each store.

mod capabilities;
mod combined;
mod contents;
pub mod directory;
mod error;
mod judge;
pub mod limits;
mod memory;
mod records;
mod streams;
mod tail;

pub use capabilities::Capabilities;
pub use combined::Combined;
pub use contents::{ContentReader, ContentWriter, Contents, Written};
pub use directory::DirectoryStore;
pub use error::{Cause, StoreError, StoredItem};
pub use memory::MemoryStore;
pub use records::{Batch, Outcome, Records, RequestKey, RowChange, RowRange, StoredEntry};
pub use streams::{Notice, Streams, Subscription};

/// All three contracts in one place.
pub trait Store: Records + Contents + Streams {}

impl<T: Records + Contents + Streams + ?Sized> Store for T {}
