//! Where everything is: in memory for what no index file covers, in index files for the rest.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use markerbed_core::WorkspaceId;

use super::{
    batch::Lines,
    index_file::{Covered, IndexFile},
    layout::{PACK_HEADER_BYTES, Position},
    line::Line,
    pack_index::{Frame, PackIndex},
    record::Item,
};

/// The index of a store.
#[derive(Default)]
pub(super) struct Index {
    /// By pack: what no index file covers.
    packs: BTreeMap<u32, PackIndex>,
    files: IndexFiles,
    /// How many entries each workspace has.
    counts: HashMap<WorkspaceId, u64>,
}

/// Index files, ascending by their packs. Whoever has them reads without a lock.
pub(super) type IndexFiles = Arc<Vec<Arc<IndexFile>>>;

impl Index {
    /// The newest state that `find` finds in memory, and the pack that it is from: in a newer pack
    /// than that, an index file may have a newer one.
    pub(super) fn newest<T>(&self, find: impl Fn(&PackIndex) -> Option<T>) -> Option<(u32, T)> {
        self.packs.iter().rev().find_map(|(pack, index)| Some((*pack, find(index)?)))
    }

    /// What is in memory, the newest pack first.
    pub(super) fn packs(&self) -> impl Iterator<Item = (u32, &PackIndex)> {
        self.packs.iter().rev().map(|(pack, index)| (*pack, index))
    }

    /// How many items are in memory.
    pub(super) fn item_count(&self) -> usize {
        self.packs.values().map(PackIndex::item_count).sum()
    }

    /// The oldest of what is in memory.
    pub(super) fn oldest(&self) -> Option<(u32, &PackIndex)> {
        self.packs.first_key_value().map(|(pack, index)| (*pack, index))
    }

    /// The index files.
    pub(super) fn files(&self) -> IndexFiles {
        self.files.clone()
    }

    /// Up to which byte of a pack there is an index file.
    pub(super) fn covered_of(&self, pack: u32) -> u64 {
        self.covered(pack).map_or(PACK_HEADER_BYTES, |covered| covered.end)
    }

    /// How many entries a workspace has.
    pub(super) fn count(&self, workspace: WorkspaceId) -> u64 {
        self.counts.get(&workspace).copied().unwrap_or_default()
    }

    /// Every workspace that has something, with the count of its entries.
    pub(super) fn workspaces(&self) -> impl Iterator<Item = (WorkspaceId, u64)> {
        self.counts.iter().map(|(workspace, count)| (*workspace, *count))
    }

    /// Takes in a record of items.
    pub(super) fn put_items(&mut self, workspace: WorkspaceId, frame: Frame, items: &[Item]) {
        self.counts.entry(workspace).or_default();
        if let Some(pack) = self.pack_of(frame.record) {
            pack.put_items(workspace, frame, items);
        }
    }

    /// Takes in batch `sequence` of the record at `record`, whose payload begins at `payload`.
    pub(super) fn put_batch(
        &mut self,
        workspace: WorkspaceId,
        sequence: u64,
        record: Position,
        payload: u64,
        lines: Lines<'_>,
    ) {
        let count = self.counts.entry(workspace).or_default();
        for (_, stored) in lines.clone() {
            if let Line::Entry { number, .. } = stored.line {
                *count = number.saturating_add(1).max(*count);
            }
        }
        if let Some(pack) = self.pack_of(record) {
            pack.put_batch(workspace, sequence, payload, lines);
        }
    }

    /// Takes in an index file. What it covers of its pack may not be in memory otherwise: either
    /// nothing of that pack is, or all that is is covered.
    pub(super) fn put_file(&mut self, file: IndexFile) {
        let pack = file.covered().pack;
        self.packs.remove(&pack);
        for (workspace, entries) in file.workspaces() {
            let count = self.counts.entry(workspace).or_default();
            *count = entries.end.max(*count);
        }
        let files = Arc::make_mut(&mut self.files);
        files.retain(|known| known.covered().pack != pack);
        let at = files.partition_point(|known| known.covered().pack < pack);
        files.insert(at, Arc::new(file));
    }

    /// The index in memory for what is at `position`; `None` if an index file has it already,
    /// because the pack was sealed before whoever wrote there came here.
    fn pack_of(&mut self, position: Position) -> Option<&mut PackIndex> {
        let covered = self.covered(position.pack);
        let is_covered = covered.is_some_and(|covered| position.offset < covered.end);
        (!is_covered).then(|| self.packs.entry(position.pack).or_default())
    }

    fn covered(&self, pack: u32) -> Option<Covered> {
        let at = self.files.partition_point(|known| known.covered().pack < pack);
        self.files.get(at).map(|file| file.covered()).filter(|covered| covered.pack == pack)
    }
}
