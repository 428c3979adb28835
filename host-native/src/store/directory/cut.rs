//! Where large contents are cut: after bytes that the content itself chooses.
//!
//! So equal stretches of two contents become equal parts wherever they lie, and a change moves the
//! cuts around it alone. The cut is a part of the format (`docs/spec/store-directory.md`).

use std::{cmp::Ordering, sync::LazyLock};

use markerbed_core::hash::content_id;

/// No part ends before that many bytes, but the last of a content.
pub(super) const PART_BYTES_MIN: usize = 64 << 10;
/// Every part ends here. A content of at most that is not cut at all.
pub(super) const PART_BYTES_MAX: usize = 1 << 20;

/// Finds the cuts of one content that comes piece by piece (CUT-2 and CUT-3 of the page).
///
/// How it is handed over does not matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Cutter {
    /// Bytes of the part so far.
    length: usize,
    /// Of the last 64 of them.
    hash: u64,
}

impl Cutter {
    /// Takes the next bytes up to the end of the part: how many those are. `None` if the part
    /// goes on behind all of them.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut taken = 0;
        for (zone_end, cuts_below) in ZONES {
            let room = zone_end.saturating_sub(self.length);
            let rest = bytes.get(taken..).unwrap_or_default();
            let zone = rest.get(..room).unwrap_or(rest);
            let cut = match zone_end.cmp(&HASH_START) {
                Ordering::Greater => self.roll(zone, cuts_below),
                _ => None,
            };
            let count = cut.unwrap_or(zone.len());
            taken += count;
            self.length += count;
            if cut.is_some() || self.length == PART_BYTES_MAX {
                *self = Self::default();
                return Some(taken);
            }
        }
        None
    }

    /// Hashes on; stops behind the first byte where the hash is small.
    fn roll(&mut self, zone: &[u8], cuts_below: u64) -> Option<usize> {
        let gear: &[u64; 256] = &GEAR;
        let mut hash = self.hash;
        let cut = zone.iter().position(|byte| {
            let number = gear.get(usize::from(*byte)).copied().unwrap_or_default();
            hash = (hash << 1).wrapping_add(number);
            hash < cuts_below
        });
        self.hash = hash;
        cut.map(|last| last + 1)
    }
}

/// The number of each byte: the first eight bytes of its plain hash.
static GEAR: LazyLock<[u64; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        let id = content_id(&[byte as u8]);
        id.as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
    })
});

/// The hash has forgotten what is 64 bytes back, so it need not begin earlier.
const HASH_START: usize = PART_BYTES_MIN - 64;
/// Up to where in a part, and which hashes end it there.
const ZONES: [(usize, u64); 3] =
    [(HASH_START, 0), (PART_BYTES_MIN, 0), (PART_BYTES_MAX, CUTS_BELOW)];
/// One place in 2¹⁷.
const CUTS_BELOW: u64 = 1 << (64 - 17);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use markerbed_suites::{
        Random, print_count, seed,
        vector::{Case, cases_of},
    };

    use super::*;

    /// The ends of all parts, where pieces are handed over as long as `piece` says.
    fn cuts(content: &[u8], mut piece: impl FnMut() -> usize) -> Vec<usize> {
        let (mut cutter, mut cuts, mut at) = (Cutter::default(), Vec::new(), 0);
        while at < content.len() {
            let end = content.len().min(at + piece());
            match cutter.take(&content[at..end]) {
                Some(taken) => {
                    at += taken;
                    cuts.push(at);
                }
                None => at = end,
            }
        }
        if cuts.last().copied().unwrap_or(0) < content.len() {
            cuts.push(content.len());
        }
        cuts
    }

    fn whole(content: &[u8]) -> Vec<usize> {
        cuts(content, || usize::MAX / 2)
    }

    /// CUT-2 as the page states it, place by place.
    fn plain_cuts(content: &[u8]) -> Vec<usize> {
        let small = |place: usize| {
            let hash = content[place - 64..place]
                .iter()
                .fold(0_u64, |hash, byte| (hash << 1).wrapping_add(GEAR[usize::from(*byte)]));
            hash < 1 << 47
        };
        let (mut cuts, mut start) = (Vec::new(), 0);
        while start < content.len() {
            let last = content.len().min(start + PART_BYTES_MAX);
            let end = (start + PART_BYTES_MIN + 1..last).find(|place| small(*place));
            start = end.unwrap_or(last);
            cuts.push(start);
        }
        cuts
    }

    #[test]
    fn the_cuts_are_those_of_the_vectors() {
        for case in cases_of(include_str!("../../../../tests/vectors/cuts.json"), 12) {
            let runs = case.get("input").unwrap().list();
            let content: Vec<u8> = runs.iter().flat_map(run).collect();
            let wanted = case.value("ends");

            let is_cut = content.len() > PART_BYTES_MAX;
            let ends = if is_cut { whole(&content) } else { vec![content.len()] };

            assert_eq!(serde_json::json!(ends), wanted, "{}", case.name());
        }
    }

    /// The bytes of one run of a vector's input (`docs/spec/vectors.md`).
    fn run(run: &Case) -> Vec<u8> {
        if let Some(bytes) = run.get("hex") {
            return bytes.as_bytes();
        }
        let bytes = run.number("bytes") as usize;
        let Some(name) = run.text_or_null("noise") else {
            return vec![run.number("byte") as u8; bytes];
        };
        let mut noise = Vec::new();
        for number in 0..bytes.div_ceil(32) as u64 {
            let block = [name.as_bytes(), &number.to_le_bytes()].concat();
            noise.extend_from_slice(content_id(&block).as_bytes());
        }
        noise.truncate(bytes);
        noise
    }

    #[test]
    fn a_content_in_any_pieces_is_cut_as_the_rule_says() {
        let mut random = Random::new(seed(), "any_pieces");
        let content = random.bytes(5 << 19);

        let expected = plain_cuts(&content);

        assert_eq!(whole(&content), expected);
        for pieces in [1, 64, 4_096, PART_BYTES_MIN, PART_BYTES_MAX] {
            assert_eq!(cuts(&content, || pieces), expected, "in pieces of {pieces}");
        }
        let mut tried = 0;
        for longest in [7, 1_000, 200_000, 3_000_000] {
            for _ in 0..3 {
                let found = cuts(&content, || 1 + random.below(longest) as usize);
                assert_eq!(found, expected, "in random pieces of at most {longest}");
                tried += 1;
            }
        }
        print_count("random ways to hand over", tried, 12);
    }

    #[test]
    fn every_length_around_the_limits_is_cut_as_the_rule_says() {
        let mut random = Random::new(seed(), "lengths");
        let noise = random.bytes(PART_BYTES_MAX + PART_BYTES_MIN + 66);
        let zeros = vec![0; noise.len()];
        let limits = [(0, 66), (PART_BYTES_MIN, 66), (PART_BYTES_MAX, 2)];

        for content in [noise, zeros] {
            let cuts = plain_cuts(&content);
            for (limit, near) in limits {
                for length in limit.saturating_sub(near)..limit + near {
                    let mut expected = cuts.clone();
                    expected.retain(|end| *end < length);
                    expected.extend((length > 0).then_some(length));
                    assert_eq!(whole(&content[..length]), expected, "{length} bytes");
                }
            }
        }
    }

    #[test]
    fn a_run_of_any_byte_makes_the_longest_parts() {
        for byte in 0..=255 {
            let run = vec![byte; PART_BYTES_MAX + 1];

            assert_eq!(whole(&run), [PART_BYTES_MAX, PART_BYTES_MAX + 1], "byte {byte}");
        }
    }

    #[test]
    fn a_change_moves_few_cuts() {
        let mut random = Random::new(seed(), "few_cuts");
        let content = random.bytes(8 << 20);
        let before: BTreeSet<_> = whole(&content).into_iter().collect();

        for _ in 0..6 {
            let at = random.below(content.len() as u64) as usize;
            let length = 1 + random.below(1_000) as usize;
            let inserted = random.bytes(length);
            let changed = [&content[..at], &inserted, &content[at..]].concat();
            let after = whole(&changed).into_iter();
            let kept = after.filter(|end| {
                let old = if *end <= at { *end } else { end.saturating_sub(inserted.len()) };
                before.contains(&old)
            });
            let lost = before.len().saturating_sub(kept.count());

            assert!(lost <= 15, "{lost} of {} cuts moved", before.len());
        }
    }
}
