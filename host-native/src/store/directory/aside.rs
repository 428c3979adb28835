//! What lies behind the end of a store and may be more than a torn write: kept aside, not deleted.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    files::Files,
    layer::{FileLayer, OpenMode, StoreFile},
    layout::{ASIDE_DIRECTORY, PACK_HEADER_BYTES, Position},
    open::identify,
    walk::{Step, Walk},
};
use crate::{shown::shown, store::StoreError};

/// Bytes that were cut off a pack, or a pack that was not gone on with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SetAside {
    /// Its name in the store: the pack, where in it the bytes were, and their sum.
    pub name: String,
    /// How many they are.
    pub bytes: u64,
}

/// Lists what was set aside in the store at `root`, by name.
///
/// # Errors
///
/// As [`DirectoryStore::open`](super::DirectoryStore::open) for reading.
pub fn list_aside(root: &Path, layer: &dyn FileLayer) -> Result<Vec<SetAside>, StoreError> {
    identify(layer, root)?;
    list(root, layer).map_err(|error| StoreError::from_io(shown(root).to_string(), error))
}

/// Copies what lies behind `end`, durably, where a whole record is in it: what a crash tore needs
/// no copy, but whole records may have been written, and nobody knows by whom.
pub(super) fn set_aside(files: &Files, end: Position) -> io::Result<()> {
    for pack in files.pack_numbers()?.into_iter().filter(|pack| *pack >= end.pack) {
        let from = if pack == end.pack { end.offset } else { 0 };
        let file = files.open_pack(pack)?;
        if has_record(files, &*file, Position { pack, offset: from })? {
            copy(files, file, Position { pack, offset: from })?;
        }
    }
    Ok(())
}

fn has_record(files: &Files, file: &dyn StoreFile, from: Position) -> io::Result<bool> {
    let mut walk = Walk::new(file, files.seed, from.pack)?;
    walk.go_on_at(from.offset.max(PACK_HEADER_BYTES));
    while let Some(step) = walk.step()? {
        if let Step::Record(record) = step
            && walk.payload(&record)?.is_whole
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn copy(files: &Files, source: Arc<dyn StoreFile>, from: Position) -> io::Result<()> {
    let directory = files.root.join(ASIDE_DIRECTORY);
    if files.layer.kind(&directory)?.is_none() {
        files.layer.create_directory(&directory)?;
        files.layer.sync_directory(&files.root)?;
    }
    let mut sum = 0_u64;
    for_each_piece(&*source, from.offset, |bytes, _| {
        let both = [sum, files.seed.sum(bytes)].map(u64::to_le_bytes).concat();
        sum = files.seed.sum(&both);
        Ok(())
    })?;
    let name = format!("{:08}-{:010}-{sum:016x}", from.pack, from.offset);
    if files.layer.kind(&directory.join(&name))?.is_none() {
        let new = directory.join(NEW_FILE);
        let file = files.layer.open(&new, OpenMode::Create)?;
        file.truncate(0)?;
        for_each_piece(&*source, from.offset, |bytes, at| file.write_at(bytes, at))?;
        file.sync()?;
        files.layer.rename(&new, &directory.join(name))?;
    }
    // Also where it was there: its name may not be durable.
    files.layer.sync_directory(&directory)
}

/// Reads a file from `from` on; hands over each piece and how many bytes came before it.
fn for_each_piece(
    file: &dyn StoreFile,
    from: u64,
    mut take: impl FnMut(&[u8], u64) -> io::Result<()>,
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE_BYTES];
    let mut done = 0;
    loop {
        let read = file.read_at(&mut buffer, from + done)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok(());
        };
        take(bytes, done)?;
        done += read as u64;
    }
}

fn list(root: &Path, layer: &dyn FileLayer) -> io::Result<Vec<SetAside>> {
    let directory: PathBuf = root.join(ASIDE_DIRECTORY);
    if layer.kind(&directory)?.is_none() {
        return Ok(Vec::new());
    }
    let mut names = layer.list(&directory)?;
    names.retain(|name| name != NEW_FILE);
    names.sort_unstable();
    let aside = |name: String| {
        let bytes = layer.open(&directory.join(&name), OpenMode::Read)?.length()?;
        Ok(SetAside { name: format!("{ASIDE_DIRECTORY}/{name}"), bytes })
    };
    names.into_iter().map(aside).collect()
}

const NEW_FILE: &str = "new";
const PIECE_BYTES: usize = 1 << 20;
