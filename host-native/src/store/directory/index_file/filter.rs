//! The filter: tells at once of most absent keys that they are.
//!
//! A split-block Bloom filter: one key has one bit in each of eight words that lie together.

/// The filter of one section.
#[derive(Debug)]
pub(super) struct Filter(Vec<Slot>);

/// Where the bits of a key are; one line of a processor's cache holds it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(32))]
struct Slot([u32; SLOT_WORDS]);

/// Bytes of the filter for so many keys.
pub(super) const fn bytes(keys: u32) -> u64 {
    slots(keys) * SLOT_BYTES as u64
}

impl Filter {
    /// Without a key yet, made for `keys`.
    pub(super) fn new(keys: u32) -> Self {
        Self(vec![Slot::default(); slots(keys) as usize])
    }

    /// Puts the hash of a key.
    pub(super) fn put(&mut self, hash: u64) {
        let at = self.slot(hash);
        if let Some(slot) = self.0.get_mut(at) {
            slot.0.iter_mut().zip(bits(hash)).for_each(|(word, bit)| *word |= bit);
        }
    }

    /// Tells whether this hash may have been put.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        self.0
            .get(self.slot(hash))
            .is_some_and(|slot| slot.0.iter().zip(bits(hash)).all(|(word, bit)| word & bit != 0))
    }

    /// Its words, in the order in which they are stored.
    pub(super) fn words(&self) -> impl Iterator<Item = u32> {
        self.0.iter().flat_map(|slot| slot.0)
    }

    /// Makes it of bytes, of which it takes whole slots.
    pub(super) fn decode(bytes: &[u8]) -> Self {
        let slot = |bytes: &[u8; SLOT_BYTES]| {
            let mut slot = Slot::default();
            let words = bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word));
            slot.0.iter_mut().zip(words).for_each(|(to, word)| *to = word);
            slot
        };
        Self(bytes.as_chunks().0.iter().map(slot).collect())
    }

    /// The first bits of the hash choose the slot.
    fn slot(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.0.len() as u128) >> 64) as usize
    }
}

/// One bit a word, by five bits of the hash each, from its last ones on.
fn bits(hash: u64) -> impl Iterator<Item = u32> {
    (0..SLOT_WORDS as u32).map(move |word| 1 << ((hash >> (5 * word)) & 31))
}

const fn slots(keys: u32) -> u64 {
    (keys as u64 * BITS_A_KEY).div_ceil(SLOT_BYTES as u64 * 8)
}

const SLOT_WORDS: usize = 8;
const SLOT_BYTES: usize = 4 * SLOT_WORDS;
const BITS_A_KEY: u64 = 10;
