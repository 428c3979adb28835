//! Numbers that a seed repeats.

/// A small generator (SplitMix64).
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Draws from `0..end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.draw()) * end as u128) >> 64) as usize
    }

    /// Draws from `0..end`, small numbers more often, as words of a language are.
    pub(super) fn skewed(&mut self, end: usize) -> usize {
        let end = self.below(end) + 1;
        self.below(end)
    }

    /// Appends bytes that do not compress until there are `length`.
    pub(super) fn noise(&mut self, out: &mut Vec<u8>, length: usize) {
        while out.len() + 8 <= length {
            out.extend_from_slice(&self.draw().to_le_bytes());
        }
        while out.len() < length {
            out.push((self.draw() >> 56) as u8);
        }
    }
}
