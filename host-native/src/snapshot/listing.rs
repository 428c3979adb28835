//! The names of one directory, close together.

use crate::folder::EntryKind;

/// Entries of a directory, in order of their names once [`Listing::sort`] was called.
#[derive(Debug, Default)]
pub(super) struct Listing {
    names: Vec<u8>,
    entries: Vec<Listed>,
}

/// 12 bytes an entry and its name: a directory may have millions.
#[derive(Clone, Copy, Debug)]
struct Listed {
    start: u32,
    length: u16,
    kind: EntryKind,
}

/// There are more names than a listing holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListingFull;

impl Listing {
    /// Adds an entry.
    pub(super) fn push(&mut self, name: &[u8], kind: EntryKind) -> Result<(), ListingFull> {
        let entries_fit = u32::try_from(self.entries.len()).is_ok_and(|count| count < u32::MAX);
        let start = u32::try_from(self.names.len()).ok().filter(|_| entries_fit);
        let (start, length) = start.zip(u16::try_from(name.len()).ok()).ok_or(ListingFull)?;
        self.names.extend_from_slice(name);
        self.entries.push(Listed { start, length, kind });
        Ok(())
    }

    /// Puts the entries in order of their names.
    pub(super) fn sort(&mut self) {
        let Self { names, entries } = self;
        entries.sort_unstable_by(|a, b| a.name(names).cmp(b.name(names)));
        entries.shrink_to_fit();
        names.shrink_to_fit();
    }

    /// Learns the kinds that the file system does not tell.
    pub(super) fn learn_kinds(&mut self, mut kind_of: impl FnMut(&[u8]) -> EntryKind) {
        let Self { names, entries } = self;
        for entry in entries.iter_mut().filter(|entry| entry.kind == EntryKind::Untold) {
            entry.kind = kind_of(entry.name(names));
        }
    }

    /// How many entries there are.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    /// Name and kind of an entry.
    pub(super) fn entry(&self, slot: u32) -> Option<(&[u8], EntryKind)> {
        let listed = self.entries.get(slot as usize)?;
        Some((listed.name(&self.names), listed.kind))
    }

    /// Whether there is an entry of this name; the listing is in order.
    pub(super) fn find(&self, name: &[u8]) -> Option<EntryKind> {
        let found = self.entries.binary_search_by(|entry| entry.name(&self.names).cmp(name));
        self.entries.get(found.ok()?).map(|entry| entry.kind)
    }
}

impl Listed {
    fn name<'a>(&self, names: &'a [u8]) -> &'a [u8] {
        let start = self.start as usize;
        names.get(start..start + usize::from(self.length)).unwrap_or_default()
    }
}
