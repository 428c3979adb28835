//! Bytes of a file, of which a copy costs next to nothing.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bytes in pages. Clones share the pages that are equal; who writes to one gets one of its own.
#[derive(Clone, Default)]
pub(super) struct Pages {
    /// Behind `length` all bytes are zero.
    pages: Vec<Arc<Page>>,
    length: usize,
}

type Page = [u8; PAGE_BYTES];

impl Pages {
    /// How many bytes there are.
    pub(super) const fn length(&self) -> usize {
        self.length
    }

    /// Fills as much of `buffer` as there is from `offset` on; says how many bytes that are.
    pub(super) fn read(&self, buffer: &mut [u8], offset: usize) -> usize {
        let count = buffer.len().min(self.length.saturating_sub(offset));
        let mut left = buffer.get_mut(..count).unwrap_or_default();
        let mut at = offset;
        while !left.is_empty() {
            let page = self.pages.get(at / PAGE_BYTES).map(|page| &page[..]).unwrap_or_default();
            let bytes = page.get(at % PAGE_BYTES..).unwrap_or_default();
            let (now, later) = left.split_at_mut(bytes.len().min(left.len()));
            now.copy_from_slice(bytes.get(..now.len()).unwrap_or_default());
            at += now.len();
            left = later;
        }
        count
    }

    /// Writes at `offset`; what is skipped before it becomes zero.
    pub(super) fn write(&mut self, bytes: &[u8], offset: usize) {
        if offset + bytes.len() > self.length {
            self.resize(offset + bytes.len());
        }
        let mut left = bytes;
        let mut at = offset;
        while !left.is_empty() {
            let Some(page) = self.pages.get_mut(at / PAGE_BYTES) else { return };
            let page = &mut Arc::make_mut(page)[..];
            let place = page.get_mut(at % PAGE_BYTES..).unwrap_or_default();
            let (now, later) = left.split_at(place.len().min(left.len()));
            place.get_mut(..now.len()).unwrap_or_default().copy_from_slice(now);
            at += now.len();
            left = later;
        }
    }

    /// Cuts off, or fills up with zeros.
    pub(super) fn resize(&mut self, length: usize) {
        let within = length % PAGE_BYTES;
        if length < self.length
            && within > 0
            && let Some(page) = self.pages.get_mut(length / PAGE_BYTES)
        {
            Arc::make_mut(page).get_mut(within..).unwrap_or_default().fill(0);
        }
        let empty = || Arc::new([0; PAGE_BYTES]);
        self.pages.resize_with(length.div_ceil(PAGE_BYTES), empty);
        self.length = length;
    }

    /// A number that other bytes are most unlikely to have.
    pub(super) fn fingerprint(&self) -> u64 {
        let pages = self.pages.iter().zip(0..);
        pages.fold(self.length as u64, |sum, (page, at)| sum ^ xxh3_64_with_seed(&page[..], at))
    }

    /// All of them.
    pub(super) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.length];
        self.read(&mut bytes, 0);
        bytes
    }
}

const PAGE_BYTES: usize = 1 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_as_a_vector_and_copies_stay_as_they_were() {
        let mut pages = Pages::default();
        let mut bytes = Vec::<u8>::new();
        let mut copies = Vec::new();
        let steps = [(0, 10, 1), (5, 3_000, 2), (9_000, 100, 3), (1_023, 2, 4), (0, 0, 5)];

        for (offset, count, value) in steps {
            pages.write(&vec![value; count], offset);
            bytes.resize(bytes.len().max(offset + count), 0);
            bytes[offset..offset + count].fill(value);
            copies.push((pages.clone(), bytes.clone()));
            for length in [9_050, 2_000, 2_048, 5_000] {
                pages.resize(length);
                bytes.resize(length, 0);
                copies.push((pages.clone(), bytes.clone()));
            }
        }

        for (pages, bytes) in copies {
            assert_eq!(pages.length(), bytes.len());
            assert!(pages.to_vec() == bytes);
            let mut part = [9; 700];
            let count = pages.read(&mut part, 1_900);
            assert!(part[..count] == bytes[1_900.min(bytes.len())..bytes.len().min(2_600)]);
        }
    }
}
