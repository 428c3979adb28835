//! The open files of one store, and what the system says when they cannot be had.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    index_file::{BlockCache, IndexFile},
    layer::{FileKind, FileLayer, OpenMode, StoreFile},
    layout::{self, Mark, Position, StoreId},
    sum::Seed,
    walk::{DamagedRecord, ENDS_EARLY},
};
use crate::{
    shown::shown,
    store::{StoreError, StoredItem},
};

/// The files of one store.
pub(super) struct Files {
    pub(super) layer: Arc<dyn FileLayer>,
    pub(super) root: PathBuf,
    /// How errors name the store.
    pub(super) place: String,
    pub(super) store: StoreId,
    pub(super) seed: Seed,
    mode: OpenMode,
    packs: RwLock<BTreeMap<u32, Arc<dyn StoreFile>>>,
    index_blocks: Arc<BlockCache>,
}

impl Files {
    pub(super) fn new(
        layer: Arc<dyn FileLayer>,
        root: &Path,
        store: StoreId,
        mode: OpenMode,
    ) -> Self {
        let (packs, index_blocks) = (RwLock::default(), Arc::default());
        let (root, place) = (root.to_owned(), shown(root).to_string());
        Self { layer, root, place, store, seed: Seed::of(store), mode, packs, index_blocks }
    }

    /// The numbers of the packs there are, ascending.
    pub(super) fn pack_numbers(&self) -> io::Result<Vec<u32>> {
        let names = self.layer.list(&self.root.join(layout::PACKS_DIRECTORY))?;
        let mut numbers: Vec<_> =
            names.iter().filter_map(|name| layout::pack_number(name)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The numbers of the packs whose index files there are, ascending.
    pub(super) fn index_numbers(&self) -> io::Result<Vec<u32>> {
        let directory = self.root.join(layout::INDEX_DIRECTORY);
        let names = match self.layer.kind(&directory)? {
            Some(_) => self.layer.list(&directory)?,
            None => Vec::new(),
        };
        let mut numbers: Vec<_> =
            names.iter().filter_map(|name| layout::index_number(name)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// A pack, opened once.
    pub(super) fn open_pack(&self, pack: u32) -> io::Result<Arc<dyn StoreFile>> {
        if let Some(file) = self.packs.read().unwrap_or_else(PoisonError::into_inner).get(&pack) {
            return Ok(file.clone());
        }
        let file = self.layer.open(&layout::pack_path(&self.root, pack), self.mode)?;
        self.keep_pack(pack, file.clone());
        Ok(file)
    }

    /// Keeps a pack that was just made.
    pub(super) fn keep_pack(&self, pack: u32, file: Arc<dyn StoreFile>) {
        self.packs.write().unwrap_or_else(PoisonError::into_inner).insert(pack, file);
    }

    /// Reads bytes of a pack, all of them.
    pub(super) fn read(&self, at: Position, count: usize) -> Result<Vec<u8>, StoreError> {
        let mut bytes = vec![0; count];
        let file = self.open_pack(at.pack).map_err(|error| self.failed(error))?;
        let read = file.read_at(&mut bytes, at.offset).map_err(|error| self.failed(error))?;
        if read == count {
            return Ok(bytes);
        }
        Err(DamagedRecord::new(at, StoredItem::Unknown, ENDS_EARLY).error(&self.place))
    }

    /// Reads as much of `buffer` as a pack has from `at` on.
    pub(super) fn read_some<'b>(
        &self,
        at: Position,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], StoreError> {
        let file = self.open_pack(at.pack).map_err(|error| self.failed(error))?;
        let read = file.read_at(buffer, at.offset).map_err(|error| self.failed(error))?;
        Ok(buffer.get(..read).unwrap_or_default())
    }

    /// The file that should be the index of a pack.
    pub(super) fn index_file(&self, pack: u32) -> io::Result<Option<Arc<dyn StoreFile>>> {
        match self.layer.open(&layout::index_path(&self.root, pack), OpenMode::Read) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens the index file of a pack; inside, why it cannot be used, and `None` if there is none.
    pub(super) fn open_index(
        &self,
        pack: u32,
    ) -> io::Result<Option<Result<IndexFile, &'static str>>> {
        let file = self.index_file(pack)?;
        let blocks = || self.index_blocks.clone();
        file.map(|file| IndexFile::open(file, pack, self.seed, blocks())).transpose()
    }

    /// An index like that file's, in memory alone.
    pub(super) fn index_in_memory(&self, pack: u32, bytes: Vec<u8>) -> Option<IndexFile> {
        IndexFile::in_memory(bytes, pack, self.seed, self.index_blocks.clone())
    }

    /// Puts an index file in place, durably and as a whole.
    pub(super) fn write_index(&self, pack: u32, bytes: &[u8]) -> io::Result<()> {
        let directory = self.root.join(layout::INDEX_DIRECTORY);
        if self.layer.kind(&directory)?.is_none() {
            self.layer.create_directory(&directory)?;
            self.layer.sync_directory(&self.root)?;
        }
        let new = layout::new_index_path(&self.root, pack);
        let file = self.layer.open(&new, OpenMode::Create)?;
        file.truncate(0)?;
        file.write_at(bytes, 0)?;
        file.sync()?;
        self.layer.rename(&new, &layout::index_path(&self.root, pack))?;
        self.layer.sync_directory(&directory)
    }

    /// Empties the index file of a pack if there is one, durably: it may be that of another past.
    pub(super) fn empty_index(&self, pack: u32) -> io::Result<()> {
        match self.layer.open(&layout::index_path(&self.root, pack), OpenMode::Write) {
            Ok(file) => file.truncate(0).and_then(|()| file.sync()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The newest mark; an absent or broken file is as one that says nothing.
    pub(super) fn read_mark(&self) -> io::Result<Mark> {
        let path = self.root.join(layout::MARK_FILE);
        if self.layer.kind(&path)? != Some(FileKind::File) {
            return Ok(Mark::default());
        }
        let mut bytes = vec![0; Mark::FILE_BYTES];
        let read = self.layer.open(&path, OpenMode::Read)?.read_at(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok(Mark::newest(&bytes, self.seed))
    }

    /// What the system reported, as an error of this store.
    pub(super) fn failed(&self, error: io::Error) -> StoreError {
        StoreError::from_io(self.place.as_str(), error)
    }
}
