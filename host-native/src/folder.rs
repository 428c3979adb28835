//! A directory by its handle: everything in it is reached by one name at a time, and no link is
//! followed.

use std::{
    fs::{File, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
};

use rustix::{
    fs::{AtFlags, CWD, Mode, OFlags, RawDir, RenameFlags, linkat, openat, renameat_with, statat},
    io::Errno,
};

/// An open directory.
#[derive(Debug)]
pub(crate) struct Folder(File);

/// What tells one file or directory from every other on this machine.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Identity {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

/// What a directory says an entry is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum EntryKind {
    File,
    Symlink,
    Directory,
    Fifo,
    Socket,
    Device,
    /// The file system does not tell; only the entry itself does.
    Untold,
}

/// Who may do what with something that is made, before it is said otherwise.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Permissions {
    /// Everybody whom the process lets.
    Usual,
    /// The same, and a file may be run.
    Executable,
    /// Nobody else.
    Owner,
}

impl Folder {
    /// Opens the directory at `path`. Links on the way to it, and it as one, are followed.
    pub(crate) fn open_at(path: &Path) -> io::Result<Self> {
        Ok(Self(openat(CWD, path, FOLDER_FLAGS, Mode::empty())?.into()))
    }

    /// Opens the directory `name` in this one.
    pub(crate) fn open_folder(&self, name: &[u8]) -> io::Result<Self> {
        Ok(Self(self.open(name, FOLDER_FLAGS | OFlags::NOFOLLOW)?))
    }

    /// Opens `name` in this directory for reading. It may turn out to be a fifo or a device: it is
    /// opened without waiting for anybody, and who reads looks first.
    pub(crate) fn open_file(&self, name: &[u8]) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        self.open(name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC)
    }

    /// What the directory is.
    pub(crate) fn identity(&self) -> io::Result<Identity> {
        Ok(Identity::of(&self.0.metadata()?))
    }

    /// Hands each entry's name and kind to `take`, in the order of the file system, `.` and `..`
    /// left out. To be called once: it goes on where it stopped.
    pub(crate) fn list(&self, mut take: impl FnMut(&[u8], EntryKind)) -> io::Result<()> {
        let mut buffer = Vec::with_capacity(LIST_BYTES);
        let mut entries = RawDir::new(&self.0, buffer.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                take(name, entry.file_type().into());
            }
        }
        Ok(())
    }

    /// Asks the entry `name` itself what it is.
    pub(crate) fn kind_of(&self, name: &[u8]) -> io::Result<EntryKind> {
        let stat = statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(rustix::fs::FileType::from_raw_mode(stat.st_mode).into())
    }

    /// What the entry `name` is; it itself is not followed.
    #[allow(clippy::unnecessary_cast, reason = "the system's types differ")]
    pub(crate) fn identity_of(&self, name: &[u8]) -> io::Result<Identity> {
        let stat = statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(Identity { device: stat.st_dev as u64, inode: stat.st_ino as u64 })
    }

    /// Where the symlink `name` points.
    pub(crate) fn read_link(&self, name: &[u8]) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&self.0, name, Vec::new())?.into_bytes())
    }

    /// Makes the directory `name`, which must not be there.
    pub(crate) fn make_folder(&self, name: &[u8], permissions: Permissions) -> io::Result<()> {
        let mode = match permissions {
            Permissions::Usual | Permissions::Executable => 0o777,
            Permissions::Owner => 0o700,
        };
        Ok(rustix::fs::mkdirat(&self.0, name, Mode::from_raw_mode(mode))?)
    }

    /// Makes the file `name`, which must not be there, for writing.
    pub(crate) fn create_file(&self, name: &[u8], permissions: Permissions) -> io::Result<File> {
        let mode = match permissions {
            Permissions::Usual => 0o666,
            Permissions::Executable => 0o777,
            Permissions::Owner => 0o600,
        };
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(openat(&self.0, name, flags, Mode::from_raw_mode(mode))?.into())
    }

    /// Makes the symlink `name`, which must not be there.
    pub(crate) fn make_symlink(&self, name: &[u8], target: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(target, &self.0, name)?)
    }

    /// Gives the entry `old` the name `new` in place of whatever file or symlink has it.
    pub(crate) fn replace(&self, old: &[u8], new: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.0, old, &self.0, new)?)
    }

    /// Gives the entry `old` the name `new`, which must be free.
    pub(crate) fn rename(&self, old: &[u8], new: &[u8]) -> io::Result<()> {
        match renameat_with(&self.0, old, &self.0, new, RenameFlags::NOREPLACE) {
            // The file system cannot rename so; a second link takes no name that is taken either.
            Err(Errno::INVAL | Errno::NOSYS) => {
                linkat(&self.0, old, &self.0, new, AtFlags::empty())?;
                self.remove_file(old)
            }
            done => Ok(done?),
        }
    }

    /// Gives the file `name`, a symlink not followed, the name `new` in `other`, which is free.
    pub(crate) fn link(&self, name: &[u8], other: &Self, new: &[u8]) -> io::Result<()> {
        Ok(linkat(&self.0, name, &other.0, new, AtFlags::empty())?)
    }

    /// Removes the file or symlink `name`.
    pub(crate) fn remove_file(&self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// Removes the empty directory `name`.
    pub(crate) fn remove_folder(&self, name: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::REMOVEDIR)?)
    }

    /// The same directory by a second handle.
    pub(crate) fn again(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Makes everything durable that was written to the directory's file system.
    pub(crate) fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(&self.0)?)
    }

    /// The handle itself.
    pub(crate) const fn as_file(&self) -> &File {
        &self.0
    }

    fn open(&self, name: &[u8], flags: OFlags) -> io::Result<File> {
        Ok(openat(&self.0, name, flags, Mode::empty())?.into())
    }
}

impl Identity {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

impl From<rustix::fs::FileType> for EntryKind {
    fn from(kind: rustix::fs::FileType) -> Self {
        use rustix::fs::FileType;
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Symlink => Self::Symlink,
            FileType::Directory => Self::Directory,
            FileType::Fifo => Self::Fifo,
            FileType::Socket => Self::Socket,
            FileType::CharacterDevice | FileType::BlockDevice => Self::Device,
            _ => Self::Untold,
        }
    }
}

const FOLDER_FLAGS: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);
/// Room for a few hundred names a call.
const LIST_BYTES: usize = 1 << 16;
