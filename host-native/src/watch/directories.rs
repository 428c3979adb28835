//! Which directories are watched, and in which of them something was told of.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use foldhash::HashMap;

/// Directories by their paths below the root, which is the empty path.
#[derive(Debug, Default)]
pub(super) struct Directories {
    watches: BTreeMap<Vec<u8>, i32>,
    paths: HashMap<i32, Vec<u8>>,
    /// Something was told of them since the last look began.
    noted: BTreeSet<Vec<u8>>,
    /// The same from before; the look at hand is for these.
    looked_at: BTreeSet<Vec<u8>>,
}

impl Directories {
    pub(super) fn count(&self) -> usize {
        self.watches.len()
    }

    pub(super) fn has(&self, directory: &[u8]) -> bool {
        self.watches.contains_key(directory)
    }

    /// Whether a directory is watched and nothing was told of it.
    pub(super) fn is_quiet(&self, directory: &[u8]) -> bool {
        self.has(directory) && !self.looked_at.contains(directory)
    }

    /// A directory is watched now under a number.
    pub(super) fn insert(&mut self, directory: &[u8], watch: i32) {
        let before = self.paths.insert(watch, directory.to_vec());
        if let Some(before) = before.filter(|before| before != directory)
            && self.watches.get(&before) == Some(&watch)
        {
            // It is one directory, by two paths or moved: the older one is watched no more.
            self.watches.remove(&before);
        }
        if let Some(other) = self.watches.insert(directory.to_vec(), watch)
            && other != watch
        {
            self.paths.remove(&other);
        }
    }

    /// Something was told of the directory with this number.
    pub(super) fn note(&mut self, watch: i32) {
        if let Some(path) = self.paths.get(&watch) {
            self.noted.insert(path.clone());
        }
    }

    /// Another directory may be where one was: forgets a child of it, or the directory itself, and
    /// all that was below; gives the numbers that they had.
    pub(super) fn forget(&mut self, watch: i32, name: Option<&[u8]>) -> Vec<i32> {
        let Some(path) = self.paths.get(&watch) else { return Vec::new() };
        let top = match name {
            Some(name) if path.is_empty() => name.to_vec(),
            Some(name) => [path.as_slice(), b"/", name].concat(),
            None => path.clone(),
        };
        let mut gone: Vec<Vec<u8>> = match top.is_empty() {
            true => self.watches.keys().cloned().collect(),
            false => {
                let below = [top.as_slice(), b"/"].concat();
                let range = (Bound::Included(below.clone()), Bound::Unbounded);
                let paths = self.watches.range(range).map(|(path, _)| path);
                paths.take_while(|path| path.starts_with(&below)).cloned().collect()
            }
        };
        gone.push(top);
        let watches: Vec<i32> = gone.iter().filter_map(|path| self.watches.remove(path)).collect();
        for watch in &watches {
            self.paths.remove(watch);
        }
        watches
    }

    /// The system has given up the number.
    pub(super) fn lose(&mut self, watch: i32) {
        if let Some(path) = self.paths.remove(&watch)
            && self.watches.get(&path) == Some(&watch)
        {
            self.watches.remove(&path);
        }
    }

    pub(super) fn begin_look(&mut self) {
        self.looked_at.append(&mut self.noted);
    }

    pub(super) fn end_look(&mut self) {
        self.looked_at.clear();
    }
}
