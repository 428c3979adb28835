//! What reading every record of a store has found, as a check takes it.

use std::{collections::HashSet, path::Path, sync::Arc};

use markerbed_core::{ContentId, ObjectId, WorkspaceId};

use super::{CheckFault, CheckedItem, Run};
use crate::store::{
    StoreError, StoredItem,
    directory::{self, DamagedRecord, layer::SystemFiles},
};

/// What was found by reading every record of a store, without any index.
#[derive(Clone, Debug, Default)]
pub struct Scanned {
    /// What is not as it was written.
    pub damaged: Vec<ScannedDamage>,
    /// What is stored, so that what nothing leads to can be counted.
    pub stored: Option<ScannedItems>,
}

/// Something that is not as it was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ScannedDamage {
    /// What it is.
    pub item: StoredItem,
    /// Where it lies.
    pub place: String,
    /// How it shows.
    pub fault: &'static str,
}

/// What a workspace has stored.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ScannedItems {
    /// Its objects.
    pub objects: HashSet<ObjectId>,
    /// Its contents.
    pub contents: HashSet<ContentId>,
}

/// Reads every record of the directory store at `root` and proves it, without any index.
///
/// What `workspace` has stored is remembered by its id, so that leftovers can be counted.
///
/// # Errors
///
/// As [`DirectoryStore::open`](directory::DirectoryStore::open) for reading; damage is no error.
pub fn scan_directory(root: &Path, workspace: WorkspaceId) -> Result<Scanned, StoreError> {
    let mut damaged = Vec::new();
    let mut note = |found: DamagedRecord| {
        let place = format!("pack {}, byte {}", found.pack, found.offset);
        damaged.push(ScannedDamage { item: found.item, place, fault: found.fault });
    };
    let mut stored = ScannedItems::default();
    let mut remember = |item| match item {
        StoredItem::Object(of, id) if of == workspace => drop(stored.objects.insert(id)),
        StoredItem::Content(of, id) if of == workspace => drop(stored.contents.insert(id)),
        _ => {}
    };
    directory::scan_items(root, Arc::new(SystemFiles), &mut remember, &mut note)?;
    Ok(Scanned { damaged, stored: Some(stored) })
}

impl Run<'_> {
    /// Takes what the scan has found of this workspace, and of the store as a whole.
    pub(super) fn take_scanned(&mut self, scanned: Scanned) {
        for ScannedDamage { item, place, fault } in scanned.damaged {
            let detail = format!("{place}: {fault}");
            match item {
                StoredItem::Object(workspace, id) if self.is_ours(workspace) => {
                    self.findings.add(CheckFault::DamagedObject, id, detail);
                }
                StoredItem::Content(workspace, id) if self.is_ours(workspace) => {
                    self.findings.add(CheckFault::DamagedContent, id, detail);
                }
                StoredItem::Entry(workspace, number) if self.is_ours(workspace) => {
                    self.findings.add(CheckFault::BadEntry, CheckedItem::Entry(number), detail);
                }
                _ => self.findings.add(CheckFault::DamagedStore, CheckedItem::Stored(item), detail),
            }
        }
        if let Some(stored) = scanned.stored {
            self.looked.objects = Some(stored.objects.len() as u64);
            self.looked.contents = Some(stored.contents.len() as u64);
            self.unreferenced = stored;
        }
    }

    fn is_ours(&self, workspace: WorkspaceId) -> bool {
        workspace == self.workspace.id()
    }
}
