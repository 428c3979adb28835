//! What reading every record of a store has found, as a check takes it.

use std::{path::Path, sync::Arc};

use foldhash::HashSet;
use markerbed_core::{ContentId, ObjectId, WorkspaceId};

use super::{CheckData, CheckFault, CheckedItem, Run, id_set::IdSet};
use crate::store::{
    StoreError, StoredItem,
    directory::{self, DamagedRecord, WholeItem, layer::SystemFiles},
};

/// What was found by reading every record of a store, without any index.
#[derive(Clone, Debug, Default)]
pub struct Scanned {
    /// What is not as it was written.
    pub damaged: Vec<ScannedDamage>,
    /// What is stored, so that what nothing leads to can be counted.
    pub stored: Option<ScannedItems>,
    /// Which contents have been proven, so that nobody need do it again.
    pub data: CheckData,
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
    objects: IdSet,
    contents: IdSet,
    /// Contents that the scan was to prove and could not: those in parts.
    unproven: HashSet<ContentId>,
    /// Bytes of contents that it did prove.
    proven_bytes: u64,
}

impl ScannedItems {
    /// Adds an object that is stored.
    pub fn insert_object(&mut self, id: ObjectId) {
        self.objects.insert(&id.bytes);
    }

    /// Adds a content that is stored.
    pub fn insert_content(&mut self, id: ContentId) {
        self.contents.insert(id.as_bytes());
    }

    /// Adds a content that is stored, and that only reading it as a whole can prove.
    pub fn insert_unproven_content(&mut self, id: ContentId) {
        self.insert_content(id);
        self.unproven.insert(id);
    }

    fn insert(&mut self, WholeItem { item, bytes, is_proven }: WholeItem, data: CheckData) {
        match item {
            StoredItem::Object(_, id) => self.insert_object(id),
            StoredItem::Content(_, id) if data == CheckData::Read && !is_proven => {
                self.insert_unproven_content(id);
            }
            StoredItem::Content(_, id) => self.insert_content(id),
            _ => {}
        }
        if is_proven && !matches!(item, StoredItem::Object(..)) {
            self.proven_bytes = self.proven_bytes.saturating_add(u64::from(bytes));
        }
    }
}

/// Reads every record of the directory store at `root` without any index, and compares it with its
/// checksums; the contents of `data` are proven, and the objects of other workspaces if that is all
/// contents. Those of `workspace` are proven by its check.
///
/// What `workspace` has stored is remembered, so that leftovers can be counted.
///
/// # Errors
///
/// As [`DirectoryStore::open`](directory::DirectoryStore::open) for reading; damage is no error.
pub fn scan_directory(
    root: &Path,
    workspace: WorkspaceId,
    data: CheckData,
) -> Result<Scanned, StoreError> {
    let mut damaged = Vec::new();
    let mut note = |found: DamagedRecord| {
        let place = format!("pack {}, byte {}", found.pack, found.offset);
        damaged.push(ScannedDamage { item: found.item, place, fault: found.fault });
    };
    let mut stored = ScannedItems::default();
    let mut remember = |whole: WholeItem| match whole.item {
        StoredItem::Object(of, _) | StoredItem::Content(of, _) | StoredItem::Part(of, _)
            if of == workspace =>
        {
            stored.insert(whole, data);
        }
        _ => {}
    };
    let choice = |item: StoredItem, pack, offset| match (item, data) {
        (_, CheckData::Present) => false,
        // A part is proven with the content that it belongs to.
        (StoredItem::Part(of, _) | StoredItem::Object(of, _), CheckData::Read) => of != workspace,
        (StoredItem::Object(..), CheckData::Slice(_)) => false,
        (_, CheckData::Read) => true,
        (_, CheckData::Slice(slice)) => slice.has(pack, offset),
    };
    let layer = Arc::new(SystemFiles);
    directory::scan_items(root, layer, &choice, &mut remember, &mut note)?;
    Ok(Scanned { damaged, stored: Some(stored), data })
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
        let Some(mut stored) = scanned.stored else { return };
        stored.objects.complete();
        stored.contents.complete();
        self.looked.objects = Some(stored.objects.len());
        self.looked.contents = Some(stored.contents.len());
        if let CheckData::Slice(_) = scanned.data {
            self.looked.bytes_read = stored.proven_bytes;
        }
        self.is_data_proven = scanned.data == CheckData::Read;
        self.stored = stored;
    }

    fn is_ours(&self, workspace: WorkspaceId) -> bool {
        workspace == self.workspace.id()
    }
}

/// What a check has met of what the scan found.
impl ScannedItems {
    /// Notes that something leads to an object.
    pub(super) fn meet_object(&mut self, id: &ObjectId) {
        self.objects.mark(&id.bytes);
    }

    /// Notes that something leads to a content; tells whether that is new.
    pub(super) fn meet_content(&mut self, id: &ContentId) -> bool {
        self.contents.mark(id.as_bytes())
    }

    /// Tells, the first time, whether a content is one that the scan could not prove.
    pub(super) fn take_unproven(&mut self, id: &ContentId) -> bool {
        self.unproven.remove(id)
    }

    pub(super) const fn objects_not_met(&self) -> u64 {
        self.objects.unmarked()
    }

    pub(super) const fn contents_not_met(&self) -> u64 {
        self.contents.unmarked()
    }
}
