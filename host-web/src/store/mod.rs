//! The store over IndexedDB; `README.md` beside this file has its layout and its promises.

mod connection;
mod contents;
mod failure;
mod globals;
mod hints;
mod layout;
mod locks;
mod mark;
mod open;
mod parts;
mod reader;
mod records;
mod streams;
mod transaction;
mod writer;

use std::rc::Rc;

use markerbed_storage::{Capabilities, StoreError};

use connection::Connection;
pub use globals::Persistence;
use transaction::{Access, Transaction};

/// Records, contents and streams in one IndexedDB database of a page's origin.
///
/// Any number of tabs and workers may have the same store open and write to it. Clones share one
/// connection, which is closed with the last of them.
#[derive(Clone, Debug)]
pub struct IndexedDbStore(Rc<Connection>);

impl IndexedDbStore {
    const CAPABILITIES: Capabilities = Capabilities {
        store: "the IndexedDB store",
        durable: true,
        conditional_put: true,
        read_after_write: true,
        transactions: true,
        blocks_thread: false,
        // What browsers hand over to the process of the database in one message.
        value_bytes_max: 100 << 20,
        concurrency_wanted: 4,
    };

    /// Whether the browser has promised to keep this origin's data when it needs room.
    ///
    /// If it has not, it may take the whole store away; the next opening says so.
    pub fn persistence(&self) -> Persistence {
        self.0.persistence()
    }

    /// Asks the browser to keep this origin's data, as making a store does. Some ask the user.
    pub async fn ask_to_persist(&self) -> Persistence {
        self.0.ask_to_persist().await
    }

    /// The name of the database.
    pub fn name(&self) -> &str {
        &self.0.place.name
    }

    fn begin(&self, tables: &[&str], access: Access) -> Result<Transaction<'_>, StoreError> {
        self.0.begin(tables, access)
    }
}
