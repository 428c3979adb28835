//! What no stamp tells of an entry: its extended attributes, and where a file has no bytes.

use std::{fs::File, io};

use bytes::Bytes;
use markerbed_core::{
    ContentId,
    codec::Canonical,
    limits::FILE_BYTES_MAX,
    tree::{Attribute, Attributes, ExtendedAttribute, Hole},
};
use rustix::{
    fd::{AsFd, AsRawFd},
    fs::{SeekFrom, fgetxattr, flistxattr, lgetxattr, llistxattr, seek},
    io::{Errno, retry_on_intr},
};

use super::Sink;
use crate::{folder::Folder, store::StoreError};

/// Extended attributes and holes as they were read: values are not yet contents.
#[derive(Debug, Default)]
pub(super) struct RawExtras {
    /// By name, in order.
    values: Vec<(Vec<u8>, Bytes)>,
    holes: Vec<Hole>,
    /// Something is there that could not be read.
    is_partial: bool,
}

/// Attributes of the tags 5 and 7, in order; most entries have none.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Extras(Option<Box<Found>>);

#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Found {
    attributes: Vec<Attribute>,
    is_partial: bool,
}

/// Whether modes, times, owners and extended attributes are taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Attributing {
    Taken,
    Not,
}

impl RawExtras {
    /// Reads those of something that is open.
    pub(super) fn of_open(opened: impl AsFd) -> io::Result<Self> {
        let opened = opened.as_fd();
        Self::read(|list| flistxattr(opened, list), |name, value| fgetxattr(opened, name, value))
    }

    /// Reads those of the symlink `name`.
    pub(super) fn of_symlink(folder: &Folder, name: &[u8]) -> io::Result<Self> {
        // The system has no call for it but by a path, and one through the handle stays inside it.
        let handle = format!("/proc/self/fd/{}/", folder.as_file().as_raw_fd());
        let path = [handle.as_bytes(), name].concat();
        Self::read(
            |list| llistxattr(path.as_slice(), list),
            |name, value| lgetxattr(path.as_slice(), name, value),
        )
    }

    /// Finds the holes of a file, which is moved in by it.
    ///
    /// Of more than [`HOLES_MAX`] the first are told: the others are bytes like any.
    pub(super) fn find_holes(&mut self, file: &File, size_bytes: u64) -> io::Result<()> {
        let mut at = 0;
        while at < size_bytes.min(FILE_BYTES_MAX) && self.holes.len() < HOLES_MAX {
            let start = match seek(file, SeekFrom::Hole(at)) {
                Ok(start) if start < size_bytes => start,
                // There is always one behind the last byte.
                Ok(_) | Err(Errno::NXIO | Errno::INVAL | Errno::OPNOTSUPP) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            at = match seek(file, SeekFrom::Data(start)) {
                Ok(end) => end.min(size_bytes),
                Err(Errno::NXIO) => size_bytes,
                Err(error) => return Err(error.into()),
            };
            if at <= start {
                return Ok(());
            }
            self.holes.push(Hole { offset_bytes: start, length_bytes: at - start });
        }
        Ok(())
    }

    /// The values, which become contents.
    pub(super) fn values(&self) -> impl Iterator<Item = &Bytes> {
        self.values.iter().map(|(_, value)| value)
    }

    /// The same once the values are contents, whose ids come in their order.
    ///
    /// As many ids are taken as there are values.
    pub(super) fn with_contents(self, ids: &mut dyn Iterator<Item = ContentId>) -> Extras {
        let Self { values, holes, is_partial } = self;
        if values.is_empty() && holes.is_empty() && !is_partial {
            return Extras::default();
        }
        let mut attributes = Vec::new();
        if !values.is_empty() {
            let extended = |(name, value): (Vec<u8>, Bytes)| {
                let size_bytes = value.len() as u64;
                Some(ExtendedAttribute { name, content: ids.next()?, size_bytes })
            };
            let list = values.into_iter().map_while(extended).collect();
            attributes.push(Attribute::Extended(list));
        }
        if !holes.is_empty() {
            attributes.push(Attribute::Holes(holes));
        }
        Extras(Some(Box::new(Found { attributes, is_partial })))
    }

    /// The same, with the values put by themselves.
    pub(super) fn put(self, sink: &dyn Sink) -> Result<Extras, StoreError> {
        if self.values.is_empty() {
            return Ok(self.with_contents(&mut [].into_iter()));
        }
        let values: Vec<Bytes> = self.values().cloned().collect();
        let ids = sink.put_contents(&values)?;
        Ok(self.with_contents(&mut ids.into_iter()))
    }

    fn read(
        list: impl Fn(&mut [u8]) -> rustix::io::Result<usize>,
        value: impl Fn(&[u8], &mut [u8]) -> rustix::io::Result<usize>,
    ) -> io::Result<Self> {
        let mut extras = Self::default();
        let names = match fill(&list) {
            Ok(names) => names,
            // No such thing on this file system, or no way to ask for it.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(extras),
            Err(Errno::TOOBIG | Errno::ACCESS | Errno::PERM) => {
                extras.is_partial = true;
                return Ok(extras);
            }
            Err(error) => return Err(error.into()),
        };
        for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            match fill(|bytes| value(name, bytes)) {
                Ok(bytes) => extras.values.push((name.to_vec(), bytes.into())),
                // It went away meanwhile: the file's times tell.
                Err(Errno::NODATA) => {}
                Err(Errno::ACCESS | Errno::PERM | Errno::TOOBIG | Errno::OPNOTSUPP) => {
                    extras.is_partial = true;
                }
                Err(error) => return Err(error.into()),
            }
        }
        extras.values.sort_unstable();
        extras.values.dedup_by(|a, b| a.0 == b.0);
        Ok(extras)
    }
}

impl Extras {
    /// The attributes, in order of tags.
    pub(super) fn attributes(&self) -> &[Attribute] {
        self.0.as_ref().map_or(&[], |found| &found.attributes)
    }

    /// Whether something is there that could not be read.
    pub(super) fn is_partial(&self) -> bool {
        self.0.as_ref().is_some_and(|found| found.is_partial)
    }

    /// The contents that are the values.
    pub(super) fn contents(&self) -> impl Iterator<Item = ContentId> {
        self.attributes()
            .iter()
            .flat_map(|attribute| match attribute {
                Attribute::Extended(list) => list.as_slice(),
                _ => &[],
            })
            .map(|extended| extended.content)
    }

    /// Bytes from which [`Self::decode`] makes the same; none for nothing.
    pub(super) fn encode(&self) -> Vec<u8> {
        let attributes = self.attributes();
        if attributes.is_empty() {
            return Vec::new();
        }
        Attributes::new(attributes.to_vec(), None).map(|all| all.encode()).unwrap_or_default()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let attributes = Attributes::decode(bytes).ok()?.own().to_vec();
        Some(Self(Some(Box::new(Found { attributes, is_partial: false }))))
    }
}

/// Lets the system fill a buffer that is as large as it must be.
fn fill(call: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> rustix::io::Result<Vec<u8>> {
    let filled = |bytes: &mut [u8]| {
        let count = retry_on_intr(|| call(bytes))?;
        Ok(bytes.get(..count).unwrap_or_default().to_vec())
    };
    match filled(&mut [0; FIRST_BYTES]) {
        Err(Errno::RANGE) => filled(&mut vec![0; MOST_BYTES]),
        done => done,
    }
    .map_err(|error| if error == Errno::RANGE { Errno::TOOBIG } else { error })
}

const FIRST_BYTES: usize = 256;
/// What Linux gives at most: of names together, and of one value.
const MOST_BYTES: usize = 64 << 10;
/// How many holes are told, far below what an attribute holds: an object has at most 1 MiB.
const HOLES_MAX: usize = 32_768;
