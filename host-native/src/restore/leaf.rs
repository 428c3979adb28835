//! Puts one file or symlink under its name, whole or not at all.

use std::{
    io::{self, Write},
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;

use super::{Lack, UnfinishedNames};
use crate::{
    drive::blocking::wait,
    folder::{Executable, Folder},
    store::{ContentReader, StoreError},
};

/// Gives each file that is begun a name of its own.
#[derive(Debug)]
pub(super) struct TemporaryNames {
    names: UnfinishedNames,
    next: AtomicU64,
}

/// How a name is taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Take {
    /// It must be free.
    Free,
    /// A file or symlink that has it goes.
    Replace,
}

/// What a file shall hold.
pub(super) enum Content {
    /// All of it, which was proven.
    Whole(Bytes),
    /// As it comes; it is proven when the last piece is there.
    Pieces(Box<dyn ContentReader>),
}

/// Why a leaf was not written.
#[derive(Debug)]
pub(super) enum Unwritten {
    /// The rest of the tree can be.
    Lacks(Lack),
    /// The system failed.
    System(io::Error),
    /// The store failed.
    Store(StoreError),
}

impl TemporaryNames {
    pub(super) const fn new(names: UnfinishedNames) -> Self {
        Self { names, next: AtomicU64::new(0) }
    }

    pub(super) fn next(&self) -> Vec<u8> {
        self.names.name(self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// Writes a file of `bytes` bytes.
pub(super) fn write_file(
    folder: &Folder,
    name: &[u8],
    executable: Executable,
    content: Content,
    bytes: u64,
    take: Take,
    names: &TemporaryNames,
) -> Result<(), Unwritten> {
    let temporary = names.next();
    let mut file = folder.create_file(&temporary, executable)?;
    let written = match content {
        Content::Whole(whole) if whole.len() as u64 == bytes => {
            file.write_all(&whole).map_err(Unwritten::System)
        }
        Content::Whole(_) => Err(Unwritten::Lacks(Lack::Damaged)),
        Content::Pieces(reader) => write_pieces(&mut file, reader, bytes),
    };
    drop(file);
    settle(folder, written, &temporary, name, take)
}

/// Makes a symlink.
pub(super) fn write_symlink(
    folder: &Folder,
    name: &[u8],
    target: &[u8],
    take: Take,
    names: &TemporaryNames,
) -> Result<(), Unwritten> {
    match folder.make_symlink(name, target) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
        Err(_) if take == Take::Free => Err(Unwritten::Lacks(Lack::InTheWay)),
        Err(_) => {
            let temporary = names.next();
            folder.make_symlink(&temporary, target)?;
            settle(folder, Ok(()), &temporary, name, take)
        }
    }
}

impl From<io::Error> for Unwritten {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

fn write_pieces(
    file: &mut impl Write,
    mut reader: Box<dyn ContentReader>,
    bytes: u64,
) -> Result<(), Unwritten> {
    if reader.length() != bytes {
        return Err(Unwritten::Lacks(Lack::Damaged));
    }
    loop {
        match wait(reader.next()) {
            Ok(Some(piece)) => file.write_all(&piece)?,
            Ok(None) => return Ok(()),
            Err(StoreError::Damaged { .. }) => return Err(Unwritten::Lacks(Lack::Damaged)),
            Err(error) => return Err(Unwritten::Store(error)),
        }
    }
}

/// Gives what was written its name, or removes it.
fn settle(
    folder: &Folder,
    written: Result<(), Unwritten>,
    temporary: &[u8],
    name: &[u8],
    take: Take,
) -> Result<(), Unwritten> {
    let named = written.and_then(|()| match take {
        Take::Free => folder.rename(temporary, name).map_err(Unwritten::System),
        Take::Replace => folder.replace(temporary, name).map_err(Unwritten::System),
    });
    let Err(why) = named else { return Ok(()) };
    // It has failed already; a second failure would say less.
    let _ = folder.remove_file(temporary);
    Err(match why {
        Unwritten::System(error) if is_in_the_way(&error) => Unwritten::Lacks(Lack::InTheWay),
        why => why,
    })
}

fn is_in_the_way(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AlreadyExists
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::DirectoryNotEmpty
    )
}
