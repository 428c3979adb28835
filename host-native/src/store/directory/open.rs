//! Makes a store, and opens one.

use std::{
    cmp::Ordering,
    io,
    path::Path,
    process,
    sync::{Arc, Mutex, RwLock},
};

use super::{
    DirectoryStore, Shared,
    aside::set_aside,
    cache::{FrameCache, HeadCache},
    commit::Queue,
    files::Files,
    layer::{FileKind, FileLayer, OpenMode, StoreFile, SystemFiles},
    layout::{self, Format, Mark, PACK_HEADER_BYTES, PackHeader, Position, StoreId},
    make_index::{is_much, write_index_to_end},
    recover::{Purpose, Recovered, Uncommitted, recover},
    walk::DamagedRecord,
    writer::{Tail, Writer, create_pack},
};
use crate::{
    shown::shown,
    store::{StoreError, StoredItem, tail},
};

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Whether to write.
    pub access: Access,
    /// What to reach the files through.
    pub layer: Arc<dyn FileLayer>,
    /// Bytes from which on a pack is sealed; at most 3 GiB.
    pub pack_bytes: u64,
    /// Whether to use index files.
    pub index: IndexUse,
}

/// Whether the index files count. The answers are the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IndexUse {
    /// They are read, and who writes makes them.
    Use,
    /// None is read or made: all is known from the packs, and opening reads all of them.
    Ignore,
}

/// What a handle is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Reading and writing; one process at a time.
    Write,
    /// Reading, beside whoever writes; no file is touched. Shows what was committed when it opened.
    Read,
}

impl Options {
    /// For `access`, with the files of the system.
    pub fn new(access: Access) -> Self {
        Self { access, layer: Arc::new(SystemFiles), pack_bytes: PACK_BYTES, index: IndexUse::Use }
    }
}

impl DirectoryStore {
    /// Makes a store in a directory that is empty or not there yet, and opens it for writing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`], [`StoreError::NotAStore`] if something else is there,
    /// [`StoreError::NetworkPlace`], or what the system reports.
    pub fn create(root: &Path, options: Options) -> Result<Self, StoreError> {
        let layer = options.layer.clone();
        let failed = |error| StoreError::from_io(shown(root).to_string(), error);
        check_free(&*layer, root)?;
        match layer.create_directory(root) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed(error));
            }
            _ => {}
        }
        let lock = take_lock(&*layer, root)?;
        // Somebody else may have made one before the lock was ours.
        check_free(&*layer, root)?;
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| failed(error.into()))?;
        create_files(&layer, root, StoreId(random)).map_err(failed)?;
        Self::open_locked(root, StoreId(random), Some(lock), options)
    }

    /// Opens a store.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::NotAStore`], [`StoreError::UnknownFormat`],
    /// [`StoreError::NetworkPlace`], [`StoreError::NoAccess`]; for writing [`StoreError::Busy`],
    /// and [`StoreError::Damaged`] if batches are lost.
    pub fn open(root: &Path, options: Options) -> Result<Self, StoreError> {
        let store = identify(&*options.layer, root)?;
        let lock = match options.access {
            Access::Write => Some(take_lock(&*options.layer, root)?),
            Access::Read => None,
        };
        Self::open_locked(root, store, lock, options)
    }

    /// Opens a store for writing if the lock is held.
    fn open_locked(
        root: &Path,
        store: StoreId,
        lock: Option<Arc<dyn StoreFile>>,
        options: Options,
    ) -> Result<Self, StoreError> {
        let writes = lock.is_some();
        let mode = if writes { OpenMode::Write } else { OpenMode::Read };
        let files = Arc::new(Files::new(options.layer, root, store, mode));
        let uncommitted = if writes { Uncommitted::Keep } else { Uncommitted::Leave };
        let Options { index, pack_bytes, .. } = options;
        let purpose = Purpose::Open { index, uncommitted, pack_bytes };
        let mut found = recover(&files, purpose).map_err(|error| files.failed(error))?;
        let writer = if writes {
            let writer = begin_writing(&files, &mut found, pack_bytes)?;
            if index == IndexUse::Use {
                complete_index(&files, &mut found, writer.pack_bytes());
            }
            Some(writer)
        } else {
            None
        };
        let tail = writer.as_ref().map_or_else(|| Tail::without_writer().into(), Writer::tail);
        let notices = tail::Tail::default();
        for (workspace, count) in found.index.workspaces() {
            notices.publish(workspace, count);
        }
        Ok(Self(Arc::new(Shared {
            files,
            index: RwLock::new(found.index),
            writer: writer.map(Mutex::new),
            tail,
            queue: Queue::default(),
            cache: FrameCache::default(),
            heads: HeadCache::default(),
            index_use: index,
            notices,
            damage: found.damage,
            batches_lost: found.batches_lost,
            _lock: lock,
        })))
    }
}

/// Refuses to make a store where something is, but for what an interrupted try has left.
fn check_free(layer: &dyn FileLayer, root: &Path) -> Result<(), StoreError> {
    let place = || shown(root).to_string();
    let failed = |error| StoreError::from_io(place(), error);
    check_local(layer, root)?;
    match layer.kind(root).map_err(failed)? {
        None => return Ok(()),
        Some(FileKind::Directory) => {}
        Some(_) => return Err(StoreError::NotAStore { place: place(), why: NO_DIRECTORY }),
    }
    let names = layer.list(root).map_err(failed)?;
    if names.iter().any(|name| name == layout::FORMAT_FILE) {
        return Err(match identify(layer, root) {
            Ok(_) => StoreError::Exists { place: place() },
            Err(error) => error,
        });
    }
    let first_pack = layer.kind(&layout::pack_path(root, 1)).map_err(failed)?;
    let begun = match first_pack {
        Some(_) => {
            let file = layer.open(&layout::pack_path(root, 1), OpenMode::Read).map_err(failed)?;
            file.length().map_err(failed)? > PACK_HEADER_BYTES
        }
        None => false,
    };
    if names.iter().all(|name| LEFT_BY_CREATE.contains(&name.as_str())) && !begun {
        return Ok(());
    }
    Err(StoreError::NotAStore { place: place(), why: "the directory is not empty" })
}

/// Refuses to keep promises on a network file system, where `path` lies or would lie.
///
/// # Errors
///
/// [`StoreError::NetworkPlace`], or what the system reports.
pub fn check_local(layer: &dyn FileLayer, path: &Path) -> Result<(), StoreError> {
    let place = || shown(path).to_string();
    match layer.network(path).map_err(|error| StoreError::from_io(place(), error))? {
        None => Ok(()),
        Some(network) => Err(StoreError::NetworkPlace { place: place(), network }),
    }
}

/// Makes all files; `format` last, so that what is interrupted is no store.
fn create_files(layer: &Arc<dyn FileLayer>, root: &Path, store: StoreId) -> io::Result<()> {
    for directory in [layout::PACKS_DIRECTORY, layout::INDEX_DIRECTORY] {
        let directory = root.join(directory);
        if layer.kind(&directory)?.is_none() {
            layer.create_directory(&directory)?;
        }
    }
    let files = Files::new(layer.clone(), root, store, OpenMode::Write);
    create_pack(&files, &PackHeader { store, pack: 1, previous_bytes: 0 })?;
    let mark = layer.open(&root.join(layout::MARK_FILE), OpenMode::Create)?;
    mark.truncate(0)?;
    mark.truncate(Mark::FILE_BYTES as u64)?;
    mark.sync()?;
    let new_format = root.join(layout::NEW_FORMAT_FILE);
    let format = layer.open(&new_format, OpenMode::Create)?;
    format.truncate(0)?;
    format.write_at(layout::format_text(store).as_bytes(), 0)?;
    format.sync()?;
    layer.sync_directory(root)?;
    layer.rename(&new_format, &root.join(layout::FORMAT_FILE))?;
    sync_place(&**layer, root)
}

/// Makes durable that there is a store.
fn sync_place(layer: &dyn FileLayer, root: &Path) -> io::Result<()> {
    layer.sync_directory(root)?;
    match root.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => layer.sync_directory(parent),
        None => layer.sync_directory(Path::new(".")),
    }
}

/// Reads what `format` says, or says what is there instead of a store.
pub(super) fn identify(layer: &dyn FileLayer, root: &Path) -> Result<StoreId, StoreError> {
    let place = shown(root).to_string();
    let failed = |error| StoreError::from_io(shown(root).to_string(), error);
    match layer.kind(root).map_err(failed)? {
        None => return Err(StoreError::NotFound { place }),
        Some(FileKind::Directory) => {}
        Some(_) => return Err(StoreError::NotAStore { place, why: NO_DIRECTORY }),
    }
    check_local(layer, root)?;
    let packs = layer.kind(&root.join(layout::PACKS_DIRECTORY)).map_err(failed)?;
    if packs.is_some() {
        check_local(layer, &root.join(layout::PACKS_DIRECTORY))?;
    }
    let path = root.join(layout::FORMAT_FILE);
    if layer.kind(&path).map_err(failed)? != Some(FileKind::File) {
        let why = if packs.is_some() { HALF_A_STORE } else { NO_FORMAT };
        return Err(StoreError::NotAStore { place, why });
    }
    let mut text = vec![0; FORMAT_BYTES_MAX];
    let file = layer.open(&path, OpenMode::Read).map_err(failed)?;
    let read = file.read_at(&mut text, 0).map_err(failed)?;
    text.truncate(read);
    match layout::parse_format(&text) {
        Format::Known(_) if packs != Some(FileKind::Directory) => {
            let fault = "the directory `packs` is missing";
            Err(StoreError::Damaged { item: StoredItem::Unknown, place, fault })
        }
        Format::Known(store) => Ok(store),
        Format::Unknown(found) => {
            Err(StoreError::UnknownFormat { place, found, known: layout::FORMAT_VERSION })
        }
        Format::Foreign => Err(StoreError::NotAStore { place, why: FOREIGN_FORMAT }),
    }
}

/// Takes the lock of who writes, and says in it who that is.
pub(super) fn take_lock(
    layer: &dyn FileLayer,
    root: &Path,
) -> Result<Arc<dyn StoreFile>, StoreError> {
    let place = || shown(root).to_string();
    let failed = |error| StoreError::from_io(place(), error);
    let file = layer.open(&root.join(layout::LOCK_FILE), OpenMode::Create).map_err(failed)?;
    if !file.try_lock().map_err(failed)? {
        return Err(StoreError::Busy { place: place(), holder: holder(&*file) });
    }
    // Who is told of the holder can do without it.
    let _ = file.truncate(0);
    let _ = file.write_at(format!("process {}", process::id()).as_bytes(), 0);
    Ok(file)
}

fn holder(file: &dyn StoreFile) -> Option<String> {
    let mut text = vec![0; HOLDER_BYTES_MAX];
    let read = file.read_at(&mut text, 0).ok()?;
    text.truncate(read);
    let text = String::from_utf8(text).ok()?;
    (!text.is_empty() && text.chars().all(|letter| letter.is_ascii_graphic() || letter == ' '))
        .then_some(text)
}

/// Makes sure of what a crash has left, and goes on behind it.
fn begin_writing(
    files: &Arc<Files>,
    found: &mut Recovered,
    pack_bytes: u64,
) -> Result<Writer, StoreError> {
    if let Some(damage) = found.damage.first().filter(|_| found.batches_lost) {
        return Err(damage.error(&files.place));
    }
    let failed = |error| files.failed(error);
    if found.end.offset < PACK_HEADER_BYTES {
        found.end = last_whole_pack(files, found.end)?;
    }
    if found.end.offset == PACK_HEADER_BYTES {
        // Whoever made the pack, or the store, may have died before its name was durable.
        let synced = files.layer.sync_directory(&files.root.join(layout::PACKS_DIRECTORY));
        synced.and_then(|()| sync_place(&*files.layer, &files.root)).map_err(failed)?;
    }
    let newest = found.packs.iter().find(|read| read.pack == found.end.pack);
    if newest.is_some_and(|read| read.has_unusable_index) {
        // It may be of another past of the pack; what is written now must not fit it by chance.
        files.empty_index(found.end.pack).map_err(failed)?;
    }
    set_aside(files, found.end).map_err(failed)?;
    let changed = make_durable(files, found.mark.durable, found.end).map_err(failed)?;
    let mut writer =
        Writer::new(files.clone(), found.end, found.mark, pack_bytes).map_err(failed)?;
    if changed {
        writer.put_mark(Mark { durable: found.end, ..found.mark });
    }
    Ok(writer)
}

/// Makes index files of whole packs that have none, and of the newest if much of it has none. What
/// fails is tried again at the next opening.
fn complete_index(files: &Files, found: &mut Recovered, pack_bytes: u64) {
    let newest = found.end;
    for read in found.packs.iter().filter(|read| read.is_whole) {
        let is_wanted = match read.pack.cmp(&newest.pack) {
            Ordering::Less => read.covered < read.length,
            Ordering::Equal => is_much(read.covered, newest.offset, pack_bytes),
            Ordering::Greater => false,
        };
        let file = is_wanted.then(|| write_index_to_end(files, read.pack)).flatten();
        if let Some(file) = file {
            found.index.put_file(file);
        }
    }
}

/// The end of the pack before one that was never begun.
fn last_whole_pack(files: &Files, end: Position) -> Result<Position, StoreError> {
    let pack = end.pack.saturating_sub(1);
    if pack == 0 {
        let fault = "there is no whole pack";
        return Err(DamagedRecord::new(end, StoredItem::Unknown, fault).error(&files.place));
    }
    let length = files.open_pack(pack).and_then(|file| file.length());
    Ok(Position { pack, offset: length.map_err(|error| files.failed(error))? })
}

/// Makes durable what lies between `durable` and `end`, and cuts off what follows.
///
/// It is written once more: if an earlier sync failed, the system may believe that what it still
/// shows is on the disk already, and a sync alone would do nothing.
fn make_durable(files: &Files, durable: Position, end: Position) -> io::Result<bool> {
    let file = files.open_pack(end.pack)?;
    let mut changed = false;
    let mut offset = 0;
    // That a pack was begun makes all before it durable, and not yet its own header.
    if durable.pack == end.pack && durable.offset > PACK_HEADER_BYTES {
        offset = durable.offset;
    }
    while offset < end.offset {
        let mut bytes = vec![0; REWRITE_BYTES.min(end.offset - offset) as usize];
        let read = file.read_at(&mut bytes, offset)?;
        bytes.truncate(read);
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        file.write_at(&bytes, offset)?;
        offset += read as u64;
        changed = true;
    }
    if file.length()? > end.offset {
        file.truncate(end.offset)?;
        changed = true;
    }
    if changed {
        file.sync()?;
    }
    Ok(changed)
}

const PACK_BYTES: u64 = 64 << 20;
const FORMAT_BYTES_MAX: usize = 4_096;
const HOLDER_BYTES_MAX: usize = 100;
const REWRITE_BYTES: u64 = 1 << 20;
const LEFT_BY_CREATE: [&str; 5] = [
    layout::LOCK_FILE,
    layout::PACKS_DIRECTORY,
    layout::INDEX_DIRECTORY,
    layout::MARK_FILE,
    layout::NEW_FORMAT_FILE,
];

const NO_DIRECTORY: &str = "it is not a directory";
const NO_FORMAT: &str = "it is not a markerbed store";
const HALF_A_STORE: &str = "it is half a store: its file `format` is missing";
const FOREIGN_FORMAT: &str = "it is not a markerbed store: its file `format` says something else";
