//! The file layer: every operation on files that the directory store does.
//!
//! It stands below every byte, so a test can fail or lose any of them.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::Path,
    sync::Arc,
};

use super::network::network_at;

/// Opens, lists and renames files.
pub trait FileLayer: Send + Sync {
    /// Tells what is at `path`; `None` if there is nothing.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn kind(&self, path: &Path) -> io::Result<Option<FileKind>>;

    /// Names the network file system on which `path` lies, or would lie if it were there; `None` if
    /// it is a local one, as far as can be told.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn network(&self, path: &Path) -> io::Result<Option<String>>;

    /// Makes a directory, whose parent is there.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn create_directory(&self, path: &Path) -> io::Result<()>;

    /// The names in a directory, in no order.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;

    /// Opens a file.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn StoreFile>>;

    /// Renames a file, in place of what has the new name.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
}

/// An open file. Its methods may be called from many threads at once.
pub trait StoreFile: Send + Sync {
    /// How many bytes it has.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn length(&self) -> io::Result<u64>;

    /// Fills as much of `buffer` as there is from `offset` on; returns how many bytes that are.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `bytes` at `offset`. After a failure any of them may have been written.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts the file, or fills it with zeros, to `length` bytes.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn truncate(&self, length: u64) -> io::Result<()>;

    /// Makes its bytes and its length durable. After a failure nothing is known of what was
    /// written since the last success.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn sync(&self) -> io::Result<()>;

    /// Takes the exclusive lock, which ends with the process; tells whether it was free.
    ///
    /// # Errors
    ///
    /// What the system reports.
    fn try_lock(&self) -> io::Result<bool>;
}

/// What a path is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// Something else.
    Other,
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OpenMode {
    /// For reading; it must be there.
    Read,
    /// For reading and writing; it must be there.
    Write,
    /// For reading and writing; it is made if it is not there.
    Create,
}

/// The files of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemFiles;

impl FileLayer for SystemFiles {
    fn kind(&self, path: &Path) -> io::Result<Option<FileKind>> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Ok(Some(FileKind::Directory)),
            Ok(found) if found.is_file() => Ok(Some(FileKind::File)),
            Ok(_) => Ok(Some(FileKind::Other)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            // A part of the path is a file: there is nothing below it.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn network(&self, path: &Path) -> io::Result<Option<String>> {
        network_at(path)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        fs::DirBuilder::new().mode(DIRECTORY_MODE).create(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let name = |entry: io::Result<fs::DirEntry>| {
            entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
        };
        fs::read_dir(directory)?.map(name).collect()
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn StoreFile>> {
        let mut options = OpenOptions::new();
        options.mode(FILE_MODE);
        options.read(true).write(mode != OpenMode::Read).create(mode == OpenMode::Create);
        Ok(Arc::new(SystemFile(options.truncate(false).open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }
}

struct SystemFile(File);

impl StoreFile for SystemFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<usize> {
        let wanted = buffer.len();
        while !buffer.is_empty() {
            let read = match self.0.read_at(buffer, offset) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            buffer = buffer.get_mut(read..).unwrap_or_default();
            offset += read as u64;
        }
        Ok(wanted - buffer.len())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn try_lock(&self) -> io::Result<bool> {
        match self.0.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// A store holds what the files recorded in it hold, private ones too: its owner alone may look.
const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
