//! Counts what was restored, and names what was not.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{Lack, Lacking, NotPutBack, Restored};

/// What was done.
#[derive(Debug, Default)]
pub(super) struct Done {
    files: AtomicU64,
    directories: AtomicU64,
    symlinks: AtomicU64,
    bytes: AtomicU64,
    /// The first by name, and how many there are.
    lacking: Mutex<(BTreeSet<Lacking>, u64)>,
    /// The same of attributes that were not put back.
    not_put_back: Mutex<(BTreeSet<NotPutBack>, u64)>,
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
        note(&self.lacking, Lacking { path, why });
    }

    /// Notes an attribute that the system refused.
    pub(super) fn not_put_back(&self, path: Vec<u8>, what: &'static str) {
        note(&self.not_put_back, NotPutBack { path, what });
    }

    pub(super) fn into_restored(self) -> Restored {
        let (lacking, lacking_count) = noted(self.lacking);
        let (not_put_back, not_put_back_count) = noted(self.not_put_back);
        Restored {
            files: self.files.into_inner(),
            directories: self.directories.into_inner(),
            symlinks: self.symlinks.into_inner(),
            bytes: self.bytes.into_inner(),
            lacking,
            lacking_count,
            not_put_back,
            not_put_back_count,
        }
    }
}

/// Counts something and keeps it if it is among the first.
fn note<T: Ord>(noted: &Mutex<(BTreeSet<T>, u64)>, new: T) {
    let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
    let (first, count) = &mut *noted;
    *count += 1;
    first.insert(new);
    if first.len() > NAMED_MAX {
        first.pop_last();
    }
}

fn noted<T>(noted: Mutex<(BTreeSet<T>, u64)>) -> (Vec<T>, u64) {
    let (first, count) = noted.into_inner().unwrap_or_else(PoisonError::into_inner);
    (first.into_iter().collect(), count)
}

/// How many that could not be restored are named.
const NAMED_MAX: usize = 1_000;
