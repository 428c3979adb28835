//! Where bytes lie, on every host: three contracts, and what all stores share.
//!
//! Every call takes the workspace first: there is no key without one. Calls are batches. Nothing
//! here needs threads, files or a clock, so it builds for browsers too. Futures and stores are
//! `Send` where there are threads, and need not be on wasm32 ([`MaybeSend`]).
#![forbid(unsafe_code)]

mod capabilities;
mod combined;
mod contents;
pub mod drive;
mod error;
pub mod judge;
mod layer;
pub mod limits;
mod maybe_send;
mod memory;
mod records;
mod streams;
pub mod tail;

pub use capabilities::Capabilities;
pub use combined::Combined;
pub use contents::{ContentReader, ContentWriter, Contents, Written};
pub use error::{Cause, StoreError, StoredItem};
pub use layer::{ContentsLayer, RecordsLayer, StreamsLayer};
pub use maybe_send::{MaybeSend, MaybeSync};
pub use memory::MemoryStore;
pub use records::{Batch, Outcome, Records, RequestKey, RowChange, RowRange, StoredEntry};
pub use streams::{Notice, Streams, Subscription};

/// All three contracts in one place.
pub trait Store: Records + Contents + Streams {}

impl<T: Records + Contents + Streams + ?Sized> Store for T {}
