//! A part of a store's contents, so that a long check can be done bit by bit.

/// Some of the stretches of one mebibyte that packs consist of; what begins in them belongs to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DataSlice(Way);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    Nth { number: u32, of: u32 },
    Share { percent: u32, draw: u64 },
}

impl DataSlice {
    /// The slice `number`, from 1, of `of` slices that together are everything.
    ///
    /// None if there is no such slice. Packs never change, so a slice stays what it is while others
    /// are added.
    pub const fn nth(number: u32, of: u32) -> Option<Self> {
        if number == 0 || number > of {
            return None;
        }
        Some(Self(Way::Nth { number, of }))
    }

    /// About `percent` in a hundred stretches, each chosen by lot; `draw` decides which.
    ///
    /// None for more than 100.
    pub const fn share(percent: u32, draw: u64) -> Option<Self> {
        if percent > 100 {
            return None;
        }
        Some(Self(Way::Share { percent, draw }))
    }

    /// Tells whether what begins at `offset` of pack `pack` belongs to it.
    pub fn has(self, pack: u32, offset: u64) -> bool {
        // Packs are sealed at some 64 stretches; a longer one only makes two of them go together.
        let stretch = u64::from(pack) * STRETCHES_A_PACK + offset / STRETCH_BYTES;
        match self.0 {
            Way::Nth { number, of } => stretch % u64::from(of) == u64::from(number - 1),
            Way::Share { percent, draw } => mixed(draw ^ mixed(stretch)) % 100 < u64::from(percent),
        }
    }
}

/// The finishing step of SplitMix64: each bit of the number decides on all bits of the answer.
const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

const STRETCH_BYTES: u64 = 1 << 20;
const STRETCHES_A_PACK: u64 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> impl Iterator<Item = (u32, u64)> {
        (1..=20).flat_map(|pack| (0..64).map(move |stretch| (pack, (stretch << 20) + 77)))
    }

    #[test]
    fn every_place_is_in_one_of_all_slices() {
        for of in [1, 2, 3, 7, 100] {
            let slices: Vec<_> =
                (1..=of).map(|number| DataSlice::nth(number, of).unwrap()).collect();

            for (pack, offset) in places() {
                let count = slices.iter().filter(|slice| slice.has(pack, offset)).count();
                assert_eq!(count, 1, "{of}: {pack} {offset}");
            }
        }
    }

    #[test]
    fn a_share_has_about_its_percentage_and_another_draw_has_others() {
        let chosen = |percent, draw| -> Vec<_> {
            let slice = DataSlice::share(percent, draw).unwrap();
            places().filter(|(pack, offset)| slice.has(*pack, *offset)).collect()
        };
        let total = places().count();

        for percent in [0, 5, 30, 100] {
            let wanted = total * percent as usize / 100;
            assert!(chosen(percent, 1).len().abs_diff(wanted) <= total / 25, "{percent}");
        }
        assert_ne!(chosen(30, 1), chosen(30, 2));
        assert_eq!(chosen(100, 3).len(), total);
    }

    #[test]
    fn slices_that_are_not_there_are_refused() {
        assert_eq!(DataSlice::nth(0, 3), None);
        assert_eq!(DataSlice::nth(4, 3), None);
        assert_eq!(DataSlice::nth(0, 0), None);
        assert_eq!(DataSlice::share(101, 1), None);
    }
}
