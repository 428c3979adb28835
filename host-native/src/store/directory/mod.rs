//! The directory store: everything in one directory, in packs that are only appended to.
//!
//! The layout of the files is in `docs/spec/store-directory.md`. One process writes, others read
//! beside it.

mod aside;
mod batch;
mod cache;
mod commit;
mod compress;
mod contents;
mod cut;
pub mod faulting;
mod files;
mod find;
mod frame;
mod index;
mod index_file;
mod large;
mod large_writer;
pub mod layer;
mod layout;
mod line;
mod make_index;
mod network;
mod open;
mod pack_index;
mod prove;
mod put;
mod range;
mod read;
mod record;
mod records;
mod recover;
mod reindex;
mod row_key;
mod scan;
mod streams;
mod sum;
mod walk;
mod writer;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

pub use aside::{SetAside, list_aside};
use cache::{FrameCache, HeadCache};
use commit::Queue;
use files::Files;
use index::Index;
use layer::StoreFile;
use markerbed_core::WorkspaceId;
pub use open::{Access, IndexUse, Options, check_local};
pub use prove::{Choice, WholeItem};
pub use reindex::{IndexFinding, IndexReport, compare_index, rebuild_index};
pub use scan::{ScanReport, scan, scan_items};
pub use walk::DamagedRecord;
use writer::{Tail, Writer};

use super::{Capabilities, StoreError};

/// A store in one directory. Clones share the open files.
#[derive(Clone)]
pub struct DirectoryStore(Arc<Shared>);

/// What the clones of one store share.
///
/// Locks are taken in this order: `queue`, `writer`, `index`.
struct Shared {
    files: Arc<Files>,
    index: RwLock<Index>,
    /// None for a handle that only reads.
    writer: Option<Mutex<Writer>>,
    tail: Arc<Tail>,
    /// Those who commit.
    queue: Queue,
    cache: FrameCache,
    heads: HeadCache,
    index_use: IndexUse,
    notices: super::tail::Tail,
    damage: Vec<DamagedRecord>,
    batches_lost: bool,
    /// Locked while it is open; nobody asks it anything.
    _lock: Option<Arc<dyn StoreFile>>,
}

impl DirectoryStore {
    /// What was found damaged when the store was opened, by reading no more than that needs.
    ///
    /// What is not damaged can be read. What is not found may be lost in the damage, so asking for
    /// it is an error; it can be put again.
    pub fn damage(&self) -> &[DamagedRecord] {
        &self.0.damage
    }

    /// The workspaces that have something here, ascending.
    pub fn workspaces(&self) -> Vec<WorkspaceId> {
        let index = self.0.index();
        let mut found: Vec<_> = index.workspaces().map(|(workspace, _)| workspace).collect();
        found.sort_unstable();
        found
    }

    /// Makes the next opening fast: writes the index of what is durable, if that is much.
    ///
    /// The same happens, and a failure stays unknown, when the last clone of a handle that writes
    /// is dropped. What was put and not committed or flushed is not made durable by this.
    ///
    /// # Errors
    ///
    /// What the system reports; the store is whole, and only slower to open.
    pub fn close(self) -> Result<(), StoreError> {
        self.0.index_tail()
    }

    const CAPABILITIES: Capabilities = Capabilities {
        store: "the directory store",
        durable: true,
        conditional_put: true,
        read_after_write: true,
        transactions: true,
        blocks_thread: true,
        value_bytes_max: record::RAW_BYTES_MAX as u64,
        concurrency_wanted: 8,
    };
}

impl fmt::Debug for DirectoryStore {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DirectoryStore({})", self.0.files.place)
    }
}

impl Shared {
    fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The next opening reads more of the pack instead.
        let _ = self.index_tail();
    }
}

/// Locks; what a panicking thread left behind is whole, because nothing panics halfway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
