//! The plain listing, which `sha256sum -c` checks (`docs/spec/listing.md`).

use alloc::{format, vec::Vec};

use super::path::Path;
use crate::{
    error::{Error, Fault},
    hash::Sha256Hasher,
    id::{NodeId, Sha256Digest},
};

/// One line of a listing.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ListingLine {
    /// Where the item is.
    pub path: Path,
    /// What is said of it.
    pub item: ListedItem,
}

/// What a line says of its item.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ListedItem {
    /// A file: the SHA-256 of its content (LIST-1).
    File(Sha256Digest),
    /// A sealed item of any kind, for all that is below it (LIST-3).
    Sealed(NodeId),
}

/// Computes the SHA-256 of a listing as its lines stream by (LIST-5).
#[derive(Clone, Debug, Default)]
pub struct ListingHasher {
    hasher: Sha256Hasher,
    path_before: Option<Path>,
}

/// Writes a listing; `lines` may come in any order (LIST-4).
///
/// # Errors
///
/// [`Fault::NotAscending`] if two have the same path.
pub fn write_listing(mut lines: Vec<ListingLine>) -> Result<Vec<u8>, Error> {
    lines.sort_unstable();
    let mut out = Vec::new();
    let mut path_before = None;
    for line in &lines {
        check_ascends(path_before, &line.path)?;
        path_before = Some(&line.path);
        line.put(&mut out);
    }
    Ok(out)
}

impl ListingLine {
    /// Reads one line, without its line feed.
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfRange`] or [`Error::BadId`] for what is not exactly the line of an item, or
    /// as [`Path::new`].
    pub fn read(line: &[u8]) -> Result<Self, Error> {
        let unfit = || Error::malformed(Fault::OutOfRange);
        let (has_escapes, rest) = match line.strip_prefix(b"\\") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (is_sealed, rest) = match rest.strip_prefix(SEALED) {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (digits, rest) = rest.split_at_checked(DIGITS).ok_or_else(unfit)?;
        let digits = core::str::from_utf8(digits).map_err(|_| unfit())?;
        let path = rest.strip_prefix(b"  ").filter(|path| !path.is_empty()).ok_or_else(unfit)?;
        let item = if is_sealed {
            ListedItem::Sealed(digits.parse()?)
        } else {
            ListedItem::File(digits.parse()?)
        };
        let path = if has_escapes { Path::new(&unescaped(path))? } else { Path::new(path)? };
        let read = Self { path, item };
        // What it would be written as is the judge: each item has one line.
        let mut own = Vec::with_capacity(line.len() + 1);
        read.put(&mut own);
        if own.strip_suffix(b"\n") == Some(line) { Ok(read) } else { Err(unfit()) }
    }

    /// Appends the line, escaped as GNU coreutils do (LIST-2).
    pub fn put(&self, out: &mut Vec<u8>) {
        let path = self.path.as_bytes();
        let has_escapes = path.iter().any(|byte| escape(*byte).is_some());
        if has_escapes {
            out.push(b'\\');
        }
        let item = match &self.item {
            ListedItem::File(digest) => format!("{digest}  "),
            ListedItem::Sealed(id) => format!("sealed {id}  "),
        };
        out.extend_from_slice(item.as_bytes());
        for byte in path {
            match escape(*byte) {
                Some(letter) => out.extend_from_slice(&[b'\\', letter]),
                None => out.push(*byte),
            }
        }
        out.push(b'\n');
    }
}

impl ListingHasher {
    /// Adds the next line, in bytewise order of whole paths (LIST-4).
    ///
    /// # Errors
    ///
    /// [`Fault::NotAscending`].
    pub fn push(&mut self, line: ListingLine) -> Result<(), Error> {
        check_ascends(self.path_before.as_ref(), &line.path)?;
        let mut bytes = Vec::new();
        line.put(&mut bytes);
        self.hasher.update(&bytes);
        self.path_before = Some(line.path);
        Ok(())
    }

    /// The SHA-256 of all lines so far.
    pub fn finish(self) -> Sha256Digest {
        self.hasher.finish()
    }
}

fn check_ascends(before: Option<&Path>, path: &Path) -> Result<(), Error> {
    if before.is_some_and(|before| path <= before) {
        return Err(Error::malformed(Fault::NotAscending));
    }
    Ok(())
}

/// The path that was written so; what was never written gives some other path.
fn unescaped(path: &[u8]) -> Vec<u8> {
    let mut is_escaped = false;
    let byte = |byte: &u8| {
        let is_letter = core::mem::replace(&mut is_escaped, false);
        match (is_letter, byte) {
            (false, b'\\') => {
                is_escaped = true;
                None
            }
            (true, b'n') => Some(b'\n'),
            (true, b'r') => Some(b'\r'),
            (_, byte) => Some(*byte),
        }
    };
    path.iter().filter_map(byte).collect()
}

/// The letter after the `\` that stands for `byte`, if it must not stand as it is.
const fn escape(byte: u8) -> Option<u8> {
    match byte {
        b'\\' => Some(b'\\'),
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        _ => None,
    }
}

/// Begins the line of a sealed item (LIST-3).
const SEALED: &[u8] = b"sealed ";
/// Of a digest or an id as text.
const DIGITS: usize = 64;
