//! Where bytes lie: the contracts that every host keeps, and the places of a native machine.
//!
//! Every call takes the workspace first: there is no key without one. Calls are batches.
//! `README.md` beside this file has a section for each store.

pub mod directory;

pub use directory::DirectoryStore;
pub use markerbed_storage::{
    Batch, Capabilities, Cause, Combined, ContentReader, ContentWriter, Contents, ContentsLayer,
    MemoryStore, Notice, Outcome, Records, RecordsLayer, RequestKey, RowChange, RowRange, Store,
    StoreError, StoredEntry, StoredItem, Streams, StreamsLayer, Subscription, Written, limits,
};
use markerbed_storage::{judge, tail};
