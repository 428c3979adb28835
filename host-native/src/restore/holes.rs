//! Files that have no bytes where they had none.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
};

use markerbed_core::tree::{Attribute, Attributes, Hole};

/// Writes what a file holds, and leaves out those of its holes that are zeros.
pub(super) struct HoleyWriter<'a> {
    file: &'a mut File,
    holes: &'a [Hole],
    at: u64,
}

impl<'a> HoleyWriter<'a> {
    pub(super) fn new(file: &'a mut File, attributes: Option<&'a Attributes>) -> Self {
        let holes = attributes.into_iter().flat_map(Attributes::own).find_map(|own| match own {
            Attribute::Holes(holes) => Some(holes.as_slice()),
            _ => None,
        });
        Self { file, holes: holes.unwrap_or_default(), at: 0 }
    }

    pub(super) fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let is_before = |hole: &Hole| hole.offset_bytes + hole.length_bytes <= self.at;
            let passed = self.holes.iter().take_while(|hole| is_before(hole)).count();
            self.holes = self.holes.get(passed..).unwrap_or_default();
            let (is_hole, until) = match self.holes.first() {
                Some(hole) if hole.offset_bytes <= self.at => {
                    (true, hole.offset_bytes + hole.length_bytes)
                }
                Some(hole) => (false, hole.offset_bytes),
                None => (false, u64::MAX),
            };
            let length = usize::try_from(until - self.at).unwrap_or(usize::MAX).min(bytes.len());
            let (piece, rest) = bytes.split_at(length);
            // Whoever says that there is a hole may err: bytes are never lost for it.
            if is_hole && piece.iter().all(|byte| *byte == 0) {
                self.file.seek(SeekFrom::Current(length as i64))?;
            } else {
                self.file.write_all(piece)?;
            }
            self.at += length as u64;
            bytes = rest;
        }
        Ok(())
    }

    /// Makes the file as long as what was written, if it ends with a hole.
    pub(super) fn finish(self) -> io::Result<()> {
        if self.file.metadata()?.len() < self.at { self.file.set_len(self.at) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(holes: &[(u64, u64)], pieces: &[&[u8]]) -> (Vec<u8>, u64) {
        use std::os::unix::fs::MetadataExt;
        let hole = |(offset_bytes, length_bytes): &(u64, u64)| Hole {
            offset_bytes: *offset_bytes,
            length_bytes: *length_bytes,
        };
        let holes = Attribute::Holes(holes.iter().map(hole).collect());
        let attributes = Attributes::new(vec![holes], None).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut opened = file.reopen().unwrap();

        let mut out = HoleyWriter::new(&mut opened, Some(&attributes));
        pieces.iter().try_for_each(|piece| out.write_all(piece)).unwrap();
        out.finish().unwrap();

        (std::fs::read(file.path()).unwrap(), file.path().metadata().unwrap().blocks())
    }

    #[test]
    fn bytes_where_a_hole_is_said_to_be_are_written() {
        let bytes = [&[0; 5][..], &[1; 5], &[0; 10]].concat();

        assert_eq!(written(&[(0, 3), (4, 4), (12, 100)], &[&bytes]).0, bytes);
        assert_eq!(written(&[(2, 2), (6, 9)], &[&bytes[..7], &bytes[7..]]).0, bytes);
        assert_eq!(written(&[(500, 1)], &[&bytes]).0, bytes);
    }

    #[test]
    fn zeros_where_a_hole_was_take_no_room() {
        let zeros = vec![0; 1 << 20];

        let (bytes, blocks) = written(&[(0, 2 << 20)], &[&zeros, &zeros]);

        assert!(bytes.len() == 2 << 20 && bytes.iter().all(|byte| *byte == 0));
        assert_eq!(blocks, 0);
    }
}
