//! Counts what was restored, and names what was not.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{Lack, Lacking, Restored};

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Done {
    files: AtomicU64,
    directories: AtomicU64,
    symlinks: AtomicU64,
    bytes: AtomicU64,
    /// The first by name, and how many there are.
    lacking: Mutex<(BTreeSet<Lacking>, u64)>,
}

impl Done {
    pub(super) fn add_file(&self, bytes: u64) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_directory(&self) {
        self.directories.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_symlink(&self) {
        self.symlinks.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes what could not be restored.
    pub(super) fn lack(&self, path: Vec<u8>, why: Lack) {
        let mut lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, count) = &mut *lacking;
        *count += 1;
        first.insert(Lacking { path, why });
        if first.len() > LACKING_MAX {
            first.pop_last();
        }
    }

    pub(super) fn into_restored(self) -> Restored {
        let (lacking, lacking_count) =
            self.lacking.into_inner().unwrap_or_else(PoisonError::into_inner);
        Restored {
            files: self.files.into_inner(),
            directories: self.directories.into_inner(),
            symlinks: self.symlinks.into_inner(),
            bytes: self.bytes.into_inner(),
            lacking: lacking.into_iter().collect(),
            lacking_count,
        }
    }
}

/// How many that could not be restored are named.
const LACKING_MAX: usize = 1_000;
