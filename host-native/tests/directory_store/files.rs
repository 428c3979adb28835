//! A file layer in memory that fails and crashes when told to.

use std::{
    collections::BTreeMap,
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use markerbed_host::store::directory::layer::{FileKind, FileLayer, OpenMode, StoreFile};
use markerbed_suites::Random;

/// Files in memory. Clones share them.
#[derive(Clone)]
pub(crate) struct FakeFiles(Arc<Mutex<Disk>>);

impl Default for FakeFiles {
    /// One empty directory, `disk`.
    fn default() -> Self {
        let names = BTreeMap::from([(PathBuf::from("disk"), Node::Directory)]);
        let durable_names = names.clone();
        Self(Arc::new(Mutex::new(Disk { names, durable_names, ..Disk::default() })))
    }
}

#[derive(Clone, Default)]
struct Disk {
    names: BTreeMap<PathBuf, Node>,
    durable_names: BTreeMap<PathBuf, Node>,
    files: Vec<Contents>,
    operations: u64,
    changes: u64,
    fault: Option<Fault>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Node {
    Directory,
    File(usize),
}

#[derive(Clone, Default)]
struct Contents {
    current: Vec<u8>,
    durable: Vec<u8>,
    /// Written since the last sync, in order.
    dirty: Vec<Range<usize>>,
    locked: bool,
}

/// What goes wrong, and from which operation on.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    /// The number of the operation, from 1 on.
    pub(crate) at: u64,
    pub(crate) kind: FaultKind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FaultKind {
    /// One operation fails; half of what it should write is written.
    Error(io::ErrorKind),
    /// Every operation from this one on fails.
    Gone(io::ErrorKind),
}

/// What a crash leaves of what was not synced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Loss {
    /// Nothing.
    All,
    /// Everything: only the process died.
    None,
    /// What was written first.
    Late,
    /// Any sectors.
    Sectors,
    /// The lengths, with zeros.
    Bytes,
}

impl Loss {
    pub(crate) const EVERY: [Self; 5] =
        [Self::All, Self::None, Self::Late, Self::Sectors, Self::Bytes];

    /// How often to try it: as often as chance decides.
    pub(crate) const fn draws(self) -> u64 {
        match self {
            Self::Late => 3,
            Self::Sectors => 6,
            _ => 1,
        }
    }
}

impl FakeFiles {
    /// Lets something go wrong; what happened before does not count.
    pub(crate) fn set_fault(&self, fault: Option<Fault>) {
        let mut disk = self.disk();
        disk.operations = 0;
        disk.fault = fault;
    }

    /// How many operations there were since the fault was set.
    pub(crate) fn operations(&self) -> u64 {
        self.disk().operations
    }

    /// How many operations changed something.
    pub(crate) fn changes(&self) -> u64 {
        self.disk().changes
    }

    /// What is there after a power cut.
    pub(crate) fn after_crash(&self, loss: Loss, random: &mut Random) -> Self {
        let mut disk = self.disk().clone();
        if loss != Loss::None {
            disk.names = disk.durable_names.clone();
        }
        for file in &mut disk.files {
            file.lose(loss, random);
        }
        disk.fault = None;
        Self(Arc::new(Mutex::new(disk)))
    }

    /// The bytes of a file.
    pub(crate) fn bytes(&self, path: &Path) -> Vec<u8> {
        let disk = self.disk();
        disk.files[disk.file(path).unwrap()].current.clone()
    }

    /// Puts other bytes into a file.
    pub(crate) fn set_bytes(&self, path: &Path, bytes: &[u8]) {
        let mut disk = self.disk();
        let file = disk.file(path).unwrap();
        disk.files[file].current = bytes.to_vec();
        disk.files[file].durable = bytes.to_vec();
    }

    /// Takes a name away.
    pub(crate) fn remove(&self, path: &Path) {
        let mut disk = self.disk();
        disk.names.remove(path).unwrap();
        disk.durable_names.remove(path);
    }

    /// A copy of everything.
    pub(crate) fn copy(&self) -> Self {
        self.after_crash(Loss::None, &mut Random::new(0, "copy"))
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap()
    }
}

impl Disk {
    /// Counts an operation; the error if it is one that fails.
    fn operate(&mut self, changes: bool) -> io::Result<()> {
        self.operations += 1;
        self.changes += u64::from(changes);
        match self.fault {
            Some(Fault { at, kind: FaultKind::Error(kind) }) if at == self.operations => {
                Err(kind.into())
            }
            Some(Fault { at, kind: FaultKind::Gone(kind) }) if at <= self.operations => {
                Err(kind.into())
            }
            _ => Ok(()),
        }
    }

    /// Tells whether every operation fails once one does.
    fn power_goes(&self) -> bool {
        matches!(self.fault, Some(Fault { kind: FaultKind::Gone(_), .. }))
    }

    fn file(&self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(Node::File(file)) => Ok(*file),
            Some(Node::Directory) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Contents {
    fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        self.current.resize(self.current.len().max(end), 0);
        self.current[offset..end].copy_from_slice(bytes);
        self.dirty.push(offset..end);
    }

    fn sync(&mut self) {
        for range in std::mem::take(&mut self.dirty) {
            self.keep(range);
        }
        self.durable.resize(self.current.len(), 0);
    }

    fn keep(&mut self, range: Range<usize>) {
        let range = range.start.min(self.current.len())..range.end.min(self.current.len());
        self.durable.resize(self.durable.len().max(range.end), 0);
        self.durable[range.clone()].copy_from_slice(&self.current[range]);
    }

    fn lose(&mut self, loss: Loss, random: &mut Random) {
        let dirty = std::mem::take(&mut self.dirty);
        match loss {
            Loss::All => {}
            Loss::None => {
                dirty.into_iter().for_each(|range| self.keep(range));
                self.durable.resize(self.current.len(), 0);
            }
            Loss::Late => {
                let bytes: usize = dirty.iter().map(Range::len).sum();
                let mut left = random.below(bytes as u64 + 1) as usize;
                for range in dirty {
                    let count = left.min(range.len());
                    self.keep(range.start..range.start + count);
                    left -= count;
                }
            }
            Loss::Sectors => {
                let sectors = dirty.into_iter().flat_map(|range| {
                    let end = range.end;
                    range
                        .step_by(SECTOR_BYTES)
                        .map(move |start| start..end.min(start + SECTOR_BYTES))
                });
                for sector in sectors.collect::<Vec<_>>() {
                    if random.below(2) == 0 {
                        self.keep(sector);
                    }
                }
            }
            Loss::Bytes => self.durable.resize(self.current.len(), 0),
        }
        self.current = self.durable.clone();
        self.locked = false;
    }
}

impl FileLayer for FakeFiles {
    fn kind(&self, path: &Path) -> io::Result<Option<FileKind>> {
        let mut disk = self.disk();
        disk.operate(false)?;
        Ok(disk.names.get(path).map(|node| match node {
            Node::Directory => FileKind::Directory,
            Node::File(_) => FileKind::File,
        }))
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.operate(true)?;
        match disk.names.insert(path.to_owned(), Node::Directory) {
            None => Ok(()),
            Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let mut disk = self.disk();
        disk.operate(false)?;
        let inside = disk.names.keys().filter(|path| path.parent() == Some(directory));
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        // Directories are listed in no order.
        Ok(inside.rev().map(name).collect())
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn StoreFile>> {
        let mut disk = self.disk();
        disk.operate(mode == OpenMode::Create)?;
        if mode == OpenMode::Create && !disk.names.contains_key(path) {
            let file = Node::File(disk.files.len());
            disk.files.push(Contents::default());
            disk.names.insert(path.to_owned(), file);
        }
        let file = disk.file(path)?;
        let writable = mode != OpenMode::Read;
        Ok(Arc::new(FakeFile { files: self.clone(), file, writable, locks: Mutex::new(false) }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.operate(true)?;
        let node = disk.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        disk.names.insert(to.to_owned(), node);
        Ok(())
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.operate(true)?;
        let is_inside = |path: &Path| path.parent() == Some(directory);
        let now: Vec<_> = disk.names.iter().filter(|(path, _)| is_inside(path)).collect();
        let now: Vec<_> = now.into_iter().map(|(path, node)| (path.clone(), *node)).collect();
        disk.durable_names.retain(|path, _| !is_inside(path));
        disk.durable_names.extend(now);
        Ok(())
    }
}

struct FakeFile {
    files: FakeFiles,
    file: usize,
    writable: bool,
    locks: Mutex<bool>,
}

impl FakeFile {
    fn write(&self, act: impl FnOnce(&mut Contents, bool)) -> io::Result<()> {
        assert!(self.writable, "it was opened for reading");
        let mut disk = self.files.disk();
        let failed = disk.operate(true);
        act(&mut disk.files[self.file], failed.is_ok());
        failed
    }
}

impl StoreFile for FakeFile {
    fn length(&self) -> io::Result<u64> {
        let mut disk = self.files.disk();
        disk.operate(false)?;
        Ok(disk.files[self.file].current.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut disk = self.files.disk();
        disk.operate(false)?;
        let current = &disk.files[self.file].current;
        let rest = current.get(offset as usize..).unwrap_or_default();
        let count = buffer.len().min(rest.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write(|file, works| {
            let count = if works { bytes.len() } else { bytes.len() / 2 };
            file.write(&bytes[..count], offset as usize);
        })
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.write(|file, works| {
            if works {
                let before = file.current.len();
                file.current.resize(length as usize, 0);
                if length as usize > before {
                    file.dirty.push(before..length as usize);
                }
            }
        })
    }

    fn sync(&self) -> io::Result<()> {
        let power_went = self.files.disk().power_goes();
        self.write(|file, works| match works {
            true => file.sync(),
            false if power_went => {}
            // As the system does it: what could not be written is forgotten to be dirty.
            false => file.dirty.clear(),
        })
    }

    fn try_lock(&self) -> io::Result<bool> {
        let mut disk = self.files.disk();
        disk.operate(false)?;
        let file = &mut disk.files[self.file];
        let free = !file.locked;
        file.locked = true;
        *self.locks.lock().unwrap() |= free;
        Ok(free)
    }
}

impl Drop for FakeFile {
    fn drop(&mut self) {
        if *self.locks.lock().unwrap() {
            self.files.disk().files[self.file].locked = false;
        }
    }
}

const SECTOR_BYTES: usize = 512;
