//! Files that are one file in the tree.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, PoisonError},
};

use markerbed_core::{
    AttributesId, NodeId,
    tree::{Attribute, Attributes, File},
};

use super::jobs::FileToWrite;

/// The first path of each such file, and the others, which become links to it.
#[derive(Debug, Default)]
pub(super) struct LinkedFiles(Mutex<Found>);

#[derive(Debug, Default)]
struct Found {
    /// Attributes name the group; only what is the same in all else can be one file.
    first: HashMap<(NodeId, AttributesId), Vec<u8>>,
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
        let own = attributes.map(Attributes::own).unwrap_or_default();
        let is_linked = own.iter().any(|own| matches!(own, Attribute::LinkGroup(_)));
        let Some(attributes) = to_write.attributes.filter(|_| is_linked) else { return false };
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (to_write.child.id, attributes);
        let Some(first) = found.first.get(&key).cloned() else {
            found.first.insert(key, path());
            return false;
        };
        found.others.push(Link { path: path(), first, file: *file, attributes });
        true
    }

    /// Takes out what is to become links.
    pub(super) fn others(&self) -> Vec<Link> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).others)
    }
}
