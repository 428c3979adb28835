//! Keys and values that are the same in every run.

/// How many records are made durable together.
pub(crate) const BATCH: u64 = 1_000;
pub(crate) const KEY_BYTES: usize = 32;
pub(crate) const VALUE_BYTES: usize = 200;

pub(crate) type Key = [u8; KEY_BYTES];
pub(crate) type Value = [u8; VALUE_BYTES];
pub(crate) type Record = (Key, Value);

/// A key like a hash, and a value that does not compress.
pub(crate) fn record(number: u64) -> Record {
    (key(number), filled(number ^ (1 << 62)))
}

/// The key of that record.
pub(crate) fn key(number: u64) -> Key {
    filled(number)
}

/// A key that no record has.
pub(crate) fn absent_key(number: u64) -> Key {
    filled(number ^ (1 << 63))
}

/// A number that looks like chance (SplitMix64).
pub(crate) const fn mix(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn filled<const LENGTH: usize>(number: u64) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    let seed = mix(number);
    for (part, place) in (0..).zip(bytes.chunks_mut(8)) {
        let word = mix(seed.wrapping_add(part)).to_le_bytes();
        place.iter_mut().zip(word).for_each(|(byte, drawn)| *byte = drawn);
    }
    bytes
}
