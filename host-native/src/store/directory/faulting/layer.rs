//! The files as a store sees them.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    FaultKind, FaultingFiles,
    disk::{Disk, Node, WriteKind},
};
use crate::store::directory::layer::{FileKind, FileLayer, OpenMode, StoreFile};

impl FileLayer for FaultingFiles {
    fn kind(&self, path: &Path) -> io::Result<Option<FileKind>> {
        let mut disk = self.disk();
        disk.operate()?;
        Ok(disk.names.get(path).map(|node| match node {
            Node::Directory => FileKind::Directory,
            Node::File(_) => FileKind::File,
        }))
    }

    fn network(&self, _: &Path) -> io::Result<Option<String>> {
        let mut disk = self.disk();
        disk.operate()?;
        Ok(disk.network.clone())
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.operate_to_change(|_| {})?;
        if disk.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        disk.check_parent(path)?;
        disk.rename_all(vec![(path.to_owned(), Some(Node::Directory))]);
        Ok(())
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let mut disk = self.disk();
        disk.operate()?;
        if disk.names.get(directory) != Some(&Node::Directory) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = disk.names.keys().filter(|path| path.parent() == Some(directory));
        let name = |path: &PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
        // Directories are listed in no order.
        Ok(inside.rev().filter_map(name).collect())
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn StoreFile>> {
        let mut disk = self.disk();
        if mode == OpenMode::Create && !disk.names.contains_key(path) {
            disk.operate_to_change(|_| {})?;
            disk.check_parent(path)?;
            disk.create_file(path);
        } else {
            disk.operate()?;
        }
        let file = disk.file(path)?;
        let writable = mode != OpenMode::Read;
        let holds_lock = AtomicBool::new(false);
        Ok(Arc::new(FaultingFile { files: self.clone(), file, writable, holds_lock }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.operate_to_change(|_| {})?;
        disk.check_parent(to)?;
        let node = Node::File(disk.file(from)?);
        disk.rename_all(vec![(from.to_owned(), None), (to.to_owned(), Some(node))]);
        Ok(())
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.operate_to_change(|_| {})?;
        disk.sync_names(directory);
        Ok(())
    }
}

impl Disk {
    fn check_parent(&self, path: &Path) -> io::Result<()> {
        match path.parent().and_then(|parent| self.names.get(parent)) {
            Some(Node::Directory) => Ok(()),
            Some(Node::File(_)) => Err(io::ErrorKind::NotADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// An open file.
struct FaultingFile {
    files: FaultingFiles,
    file: usize,
    writable: bool,
    holds_lock: AtomicBool,
}

impl FaultingFile {
    fn check_writable(&self) -> io::Result<()> {
        if self.writable { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }
}

impl StoreFile for FaultingFile {
    fn length(&self) -> io::Result<u64> {
        let mut disk = self.files.disk();
        disk.operate()?;
        Ok(disk.inode(self.file)?.current.length() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut disk = self.files.disk();
        disk.operate()?;
        Ok(disk.inode(self.file)?.current.read(buffer, place(offset)?))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.check_writable()?;
        let offset = place(offset)?;
        let mut disk = self.files.disk();
        let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
        disk.operate_to_change(|disk| {
            disk.write(self.file, WriteKind::Bytes { offset, bytes: half.into() });
        })?;
        disk.write(self.file, WriteKind::Bytes { offset, bytes: bytes.into() });
        Ok(())
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.check_writable()?;
        let length = place(length)?;
        let mut disk = self.files.disk();
        disk.operate_to_change(|_| {})?;
        disk.write(self.file, WriteKind::Length(length));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut disk = self.files.disk();
        match disk.operate_to_change(|_| {}) {
            Ok(()) => disk.sync(self.file),
            Err(error) => {
                let power_goes =
                    disk.fault.is_some_and(|fault| matches!(fault.kind, FaultKind::PowerCut(_)));
                if !power_goes {
                    disk.forget(self.file);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        let mut disk = self.files.disk();
        disk.operate()?;
        let is_free = disk.locked.insert(self.file);
        self.holds_lock.fetch_or(is_free, Ordering::Relaxed);
        Ok(is_free)
    }
}

impl Drop for FaultingFile {
    fn drop(&mut self) {
        if *self.holds_lock.get_mut() {
            self.files.disk().locked.remove(&self.file);
        }
    }
}

/// A place in a file, which must fit into memory with all that is before it.
fn place(offset: u64) -> io::Result<usize> {
    match usize::try_from(offset) {
        Ok(place) if offset <= FILE_BYTES_MAX => Ok(place),
        _ => Err(io::ErrorKind::FileTooLarge.into()),
    }
}

const FILE_BYTES_MAX: u64 = 1 << 30;
