//! Reads the lines of a listing that was kept.

use bytes::Bytes;
use markerbed_core::{Sha256Digest, hash::Sha256Hasher, tree::ListingLine};

use super::merge::Stop;
use crate::{
    drive::blocking::wait,
    store::{ContentReader, StoreError},
};

/// The lines of a content, and whether it is the listing that it should be.
///
/// What is wrong with it is [`Stop::Before`]: it can be made anew.
pub(super) struct Lines {
    content: Box<dyn ContentReader>,
    digest: Sha256Digest,
    hasher: Sha256Hasher,
    /// What was read and given to nobody.
    piece: Bytes,
    /// The beginning of a line whose end is in a later piece.
    begun: Vec<u8>,
}

impl Lines {
    pub(super) fn new(content: Box<dyn ContentReader>, digest: Sha256Digest) -> Self {
        let hasher = Sha256Hasher::default();
        Self { content, digest, hasher, piece: Bytes::new(), begun: Vec::new() }
    }

    /// The next line; none after the last.
    pub(super) fn next(&mut self) -> Result<Option<ListingLine>, Stop> {
        loop {
            if let Some(end) = self.piece.iter().position(|byte| *byte == b'\n') {
                let line = self.piece.split_to(end + 1);
                let line = line.get(..end).unwrap_or_default();
                let read = if self.begun.is_empty() {
                    ListingLine::read(line)
                } else {
                    self.begun.extend_from_slice(line);
                    ListingLine::read(&std::mem::take(&mut self.begun))
                };
                return read.map(Some).map_err(|_| Stop::Before);
            }
            self.begun.extend_from_slice(&std::mem::take(&mut self.piece));
            if self.begun.len() > LINE_BYTES_MAX {
                return Err(Stop::Before);
            }
            match self.read()? {
                Some(piece) => self.piece = piece,
                None if self.begun.is_empty() => return Ok(None),
                None => return Err(Stop::Before),
            }
        }
    }

    /// Checks, after the last line, that it was the listing it should be.
    pub(super) fn check(self) -> Result<(), Stop> {
        if self.hasher.finish() == self.digest { Ok(()) } else { Err(Stop::Before) }
    }

    fn read(&mut self) -> Result<Option<Bytes>, Stop> {
        let piece = match wait(self.content.next()) {
            Ok(piece) => piece,
            Err(StoreError::Damaged { .. }) => return Err(Stop::Before),
            Err(error) => return Err(Stop::Failed(error)),
        };
        if let Some(piece) = &piece {
            self.hasher.update(piece);
        }
        Ok(piece)
    }
}

/// More than the longest path has, escaped, and what stands before it.
const LINE_BYTES_MAX: usize = 4 << 20;
