//! Files that are one file in the tree.

use std::{
    collections::HashMap,
    io, mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use markerbed_core::{
    AttributesId, NodeId,
    tree::{Attribute, Attributes, File},
};

use super::jobs::FileToWrite;
use crate::folder::Identity;

/// The first path of each such file, and the others, which become links to it.
#[derive(Debug, Default)]
pub(super) struct LinkedFiles(Mutex<Found>);

#[derive(Debug, Default)]
struct Found {
    /// Attributes name the group; only what is the same in all else can be one file.
    first: HashMap<(NodeId, AttributesId), Vec<u8>>,
    /// What was written under the first path of each.
    written: HashMap<Vec<u8>, Identity>,
    others: Vec<Link>,
}

/// A path that is to be a link.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) path: Vec<u8>,
    /// Where the file is.
    pub(super) first: Vec<u8>,
    pub(super) file: File,
    pub(super) attributes: AttributesId,
}

impl LinkedFiles {
    /// Tells whether a file is to become a link to one that is written already, and notes it.
    pub(super) fn is_other(
        &self,
        to_write: &FileToWrite,
        file: &File,
        attributes: Option<&Attributes>,
        path: impl Fn() -> Vec<u8>,
    ) -> bool {
        let is_linked = attributes.is_some_and(is_linked);
        let Some(attributes) = to_write.attributes.filter(|_| is_linked) else { return false };
        let mut found = self.lock();
        let key = (to_write.child.id, attributes);
        let Some(first) = found.first.get(&key).cloned() else {
            found.first.insert(key, path());
            return false;
        };
        found.others.push(Link { path: path(), first, file: *file, attributes });
        true
    }

    /// Notes a file that was written, if it has other names in the tree.
    pub(super) fn note_written(
        &self,
        written: &std::fs::File,
        attributes: &Attributes,
        path: impl Fn() -> Vec<u8>,
    ) -> io::Result<()> {
        if is_linked(attributes) {
            let identity = Identity::of(&written.metadata()?);
            self.lock().written.insert(path(), identity);
        }
        Ok(())
    }

    /// What was written under a path; none if nothing was: what is there is something else.
    pub(super) fn written(&self, path: &[u8]) -> Option<Identity> {
        self.lock().written.get(path).copied()
    }

    /// Takes out what is to become links.
    pub(super) fn others(&self) -> Vec<Link> {
        mem::take(&mut self.lock().others)
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_linked(attributes: &Attributes) -> bool {
    attributes.own().iter().any(|own| matches!(own, Attribute::LinkGroup(_)))
}
