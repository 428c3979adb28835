//! Puts one file or symlink under its name, whole or not at all.

use std::{
    fs::File,
    io,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;

use markerbed_core::tree::Attributes;

use super::{Lack, RestoreError, UnfinishedNames, holes::HoleyWriter};
use crate::{
    drive::blocking::wait,
    folder::{Folder, Permissions},
    store::{ContentReader, StoreError},
};

/// Gives each file that is begun a name of its own.
#[derive(Debug)]
pub(super) struct TemporaryNames {
    names: UnfinishedNames,
    next: AtomicU64,
}

/// Where something is written.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) folder: &'a Folder,
    pub(super) name: &'a [u8],
    pub(super) take: Take,
    pub(super) names: &'a TemporaryNames,
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
    /// What was to be done with it besides has failed.
    Restore(Box<RestoreError>),
}

impl TemporaryNames {
    pub(super) const fn new(names: UnfinishedNames) -> Self {
        Self { names, next: AtomicU64::new(0) }
    }

    pub(super) fn next(&self) -> Vec<u8> {
        self.names.name(self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// Writes a file of `bytes` bytes, and lets `finish` do the rest before it gets its name.
pub(super) fn write_file(
    at: At<'_>,
    permissions: Permissions,
    content: Content,
    bytes: u64,
    attributes: Option<&Attributes>,
    finish: impl FnOnce(&File) -> Result<(), RestoreError>,
) -> Result<(), Unwritten> {
    let temporary = at.names.next();
    let mut file = at.folder.create_file(&temporary, permissions)?;
    let mut out = HoleyWriter::new(&mut file, attributes);
    let written = match content {
        Content::Whole(whole) if whole.len() as u64 == bytes => {
            out.write_all(&whole).map_err(Unwritten::System)
        }
        Content::Whole(_) => Err(Unwritten::Lacks(Lack::Damaged)),
        Content::Pieces(reader) => write_pieces(&mut out, reader, bytes),
    };
    let written = written.and_then(|()| Ok(out.finish()?));
    let finish = |()| finish(&file).map_err(|error| Unwritten::Restore(Box::new(error)));
    let written = written.and_then(finish);
    drop(file);
    settle(at, written, &temporary)
}

/// Makes a symlink.
pub(super) fn write_symlink(at: At<'_>, target: &[u8]) -> Result<(), Unwritten> {
    make(at, |name| at.folder.make_symlink(name, target))
}

/// Gives a file that was written another name.
pub(super) fn write_link(at: At<'_>, old: &Folder, old_name: &[u8]) -> Result<(), Unwritten> {
    make(at, |name| old.link(old_name, at.folder, name))
}

/// Makes what is whole at once.
fn make(at: At<'_>, make: impl Fn(&[u8]) -> io::Result<()>) -> Result<(), Unwritten> {
    match make(at.name) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
        Err(_) if at.take == Take::Free => Err(Unwritten::Lacks(Lack::InTheWay)),
        Err(_) => {
            let temporary = at.names.next();
            make(&temporary)?;
            settle(at, Ok(()), &temporary)
        }
    }
}

impl From<io::Error> for Unwritten {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

fn write_pieces(
    out: &mut HoleyWriter<'_>,
    mut reader: Box<dyn ContentReader>,
    bytes: u64,
) -> Result<(), Unwritten> {
    if reader.length() != bytes {
        return Err(Unwritten::Lacks(Lack::Damaged));
    }
    loop {
        match wait(reader.next()) {
            Ok(Some(piece)) => out.write_all(&piece)?,
            Ok(None) => return Ok(()),
            Err(StoreError::Damaged { .. }) => return Err(Unwritten::Lacks(Lack::Damaged)),
            Err(error) => return Err(Unwritten::Store(error)),
        }
    }
}

/// Gives what was written its name, or removes it.
fn settle(at: At<'_>, written: Result<(), Unwritten>, temporary: &[u8]) -> Result<(), Unwritten> {
    let named = written.and_then(|()| match at.take {
        Take::Free => at.folder.rename(temporary, at.name).map_err(Unwritten::System),
        Take::Replace => at.folder.replace(temporary, at.name).map_err(Unwritten::System),
    });
    if named.is_ok() && at.take == Take::Free {
        return Ok(());
    }
    // It has failed already, and a second failure would say less; or it had another name of the
    // same file, and then a replacement leaves both.
    let _ = at.folder.remove_file(temporary);
    let Err(why) = named else { return Ok(()) };
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
