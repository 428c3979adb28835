//! Where a tree is restored to, and what is there.

use std::{
    ffi::OsStr,
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::RestoreError;
use crate::folder::{EntryKind, Folder, Permissions};

/// A place in an open directory.
#[derive(Debug)]
pub(super) struct Target {
    path: PathBuf,
    /// The directory that holds it, or it itself if it has no name of its own (`.`, `/`).
    above: Folder,
    name: Option<Vec<u8>>,
    there: There,
}

/// What is at a place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum There {
    Nothing,
    EmptyDirectory,
    FullDirectory,
    File,
    Symlink,
    Other,
}

/// What is to be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wanted {
    Directory,
    /// A file or a symlink, as the word says.
    Leaf(&'static str),
}

impl Target {
    /// Looks at the place `path`. Links on the way to it are followed, it itself is not.
    ///
    /// # Errors
    ///
    /// [`RestoreError::ParentNotFound`], [`RestoreError::NoAccess`], [`RestoreError::System`].
    pub(super) fn look(path: &Path) -> Result<Self, RestoreError> {
        let name = path.file_name().map(|name| name.as_bytes().to_vec());
        let holder = match (&name, path.parent()) {
            (None, _) => path,
            (Some(_), Some(above)) if !above.as_os_str().is_empty() => above,
            (Some(_), _) => Path::new("."),
        };
        let above = Folder::open_at(holder).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                RestoreError::ParentNotFound { path: path.to_owned() }
            }
            _ => failed(path, error),
        })?;
        let there = match &name {
            None => emptiness(&above),
            Some(name) => look_at(&above, name),
        };
        let there = there.map_err(|error| failed(path, error))?;
        Ok(Self { path: path.to_owned(), above, name, there })
    }

    /// Checks that `wanted` may be written there.
    ///
    /// # Errors
    ///
    /// [`RestoreError::TargetExists`], [`RestoreError::TargetUnfit`].
    pub(super) fn check(&self, wanted: Wanted, force: bool) -> Result<(), RestoreError> {
        let unfit = |found| {
            let wanted = match wanted {
                Wanted::Directory => "a directory",
                Wanted::Leaf(word) => word,
            };
            Err(RestoreError::TargetUnfit { path: self.path.clone(), found, wanted })
        };
        match (wanted, self.there) {
            (_, There::Nothing) | (Wanted::Directory, There::EmptyDirectory) => Ok(()),
            (Wanted::Directory, There::FullDirectory) | (Wanted::Leaf(_), There::File) if force => {
                Ok(())
            }
            (Wanted::Leaf(_), There::Symlink) if force => Ok(()),
            (Wanted::Directory, There::FullDirectory) | (Wanted::Leaf(_), There::File) => {
                Err(RestoreError::TargetExists { path: self.path.clone() })
            }
            (Wanted::Leaf(_), There::Symlink) => {
                Err(RestoreError::TargetExists { path: self.path.clone() })
            }
            (_, There::EmptyDirectory | There::FullDirectory) => unfit("a directory"),
            (_, There::File) => unfit("a file"),
            (_, There::Symlink) => unfit("a symlink"),
            (_, There::Other) => unfit("a device, a fifo or a socket"),
        }
    }

    /// Checks that there is room for so many bytes and nodes, as far as the system tells.
    ///
    /// # Errors
    ///
    /// [`RestoreError::NoSpace`].
    pub(super) fn check_room(&self, needed_bytes: u64) -> Result<(), RestoreError> {
        let Ok(room) = rustix::fs::fstatvfs(self.above.as_file()) else { return Ok(()) };
        let free_bytes = room.f_bavail.saturating_mul(room.f_frsize);
        // A file system that counts no blocks at all tells nothing.
        if room.f_blocks > 0 && needed_bytes > free_bytes {
            return Err(RestoreError::NoSpace {
                path: self.path.clone(),
                needed_bytes,
                free_bytes,
            });
        }
        Ok(())
    }

    /// The directory in which names can be tried out.
    ///
    /// # Errors
    ///
    /// As [`Target::enter`].
    pub(super) fn with_probe_folder<T>(
        &self,
        probe: impl FnOnce(&Folder) -> io::Result<T>,
    ) -> Result<T, RestoreError> {
        let probed = match (&self.name, self.there) {
            (Some(name), There::EmptyDirectory | There::FullDirectory) => {
                self.above.open_folder(name).and_then(|folder| probe(&folder))
            }
            _ => probe(&self.above),
        };
        probed.map_err(|error| failed(&self.path, error))
    }

    /// Opens the directory, and makes it before, with `permissions`, if it is not there.
    ///
    /// # Errors
    ///
    /// [`RestoreError::NoAccess`], [`RestoreError::System`].
    pub(super) fn enter(self, permissions: Permissions) -> Result<Folder, RestoreError> {
        let Some(name) = &self.name else { return Ok(self.above) };
        let made = match self.there {
            There::Nothing => self.above.make_folder(name, permissions),
            _ => Ok(()),
        };
        made.and_then(|()| self.above.open_folder(name)).map_err(|error| failed(&self.path, error))
    }

    /// The directory that holds it, and its name there.
    pub(super) fn into_leaf(self) -> Option<(Folder, Vec<u8>)> {
        Some((self.above, self.name?))
    }
}

/// Sorts what the system says of a place in or at the target.
pub(super) fn failed(path: &Path, cause: io::Error) -> RestoreError {
    let path = path.to_owned();
    match cause.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            RestoreError::NoAccess { path }
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => RestoreError::Full { path },
        _ => RestoreError::System { path, cause },
    }
}

/// As [`failed`], of a path below the target.
pub(super) fn failed_below(target: &Path, below: &[u8], cause: io::Error) -> RestoreError {
    failed(&target.join(OsStr::from_bytes(below)), cause)
}

fn look_at(above: &Folder, name: &[u8]) -> io::Result<There> {
    match above.kind_of(name) {
        Ok(EntryKind::Directory) => emptiness(&above.open_folder(name)?),
        Ok(EntryKind::File) => Ok(There::File),
        Ok(EntryKind::Symlink) => Ok(There::Symlink),
        Ok(_) => Ok(There::Other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(There::Nothing),
        Err(error) => Err(error),
    }
}

fn emptiness(folder: &Folder) -> io::Result<There> {
    let mut is_empty = true;
    folder.list(|_, _| is_empty = false)?;
    Ok(if is_empty { There::EmptyDirectory } else { There::FullDirectory })
}
