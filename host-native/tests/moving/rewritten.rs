//! Files that are rewritten in place, chunk by chunk in an order that differs from version to
//! version.
//!
//! What such a file holds while it is written is known: the first so many chunks of that order are
//! new, the next one is new up to some byte, and the others are old. Who reads while it is written
//! gets something else.

use std::{fs::File, os::unix::fs::FileExt};

use crate::version::Version;

/// Writes the next version over the last one.
pub(crate) fn rewrite(file: &File, version: Version, chunks: usize) {
    let bytes = bytes(version, chunks);
    for chunk in order(version, chunks) {
        let at = chunk * CHUNK_BYTES;
        file.write_all_at(&bytes[at..at + CHUNK_BYTES], at as u64).unwrap();
    }
}

/// A version as a whole.
pub(crate) fn bytes(version: Version, chunks: usize) -> Vec<u8> {
    let chunk = |chunk: usize| {
        let number = version.number << 16 | chunk as u64;
        Version { number, ..version }.bytes(CHUNK_BYTES)
    };
    (0..chunks).flat_map(chunk).collect()
}

/// The newest version of which there is something in `held`, if a file held that at some moment.
pub(crate) fn newest(held: &[u8]) -> Option<Version> {
    let chunks = held.len() / CHUNK_BYTES;
    if !held.len().is_multiple_of(CHUNK_BYTES) || !chunks.is_power_of_two() || chunks < 2 {
        return None;
    }
    let file = u32::from_le_bytes(held[8..12].try_into().unwrap());
    let number = |chunk: &[u8]| u64::from_le_bytes(chunk[12..20].try_into().unwrap()) >> 16;
    let mut numbers: Vec<u64> = held.chunks(CHUNK_BYTES).map(number).collect();
    // Of the newest there may be less than what says so.
    numbers.extend(numbers.iter().max().map(|number| number.saturating_add(1)));
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.len() > 4 {
        return None;
    }
    let newest = numbers.into_iter().find(|number| {
        let [new, old] = [*number, number.saturating_sub(1)];
        let [new, old] = [new, old].map(|number| Version { file, number });
        is_on_the_way(held, new, old, chunks)
    });
    newest.map(|number| Version { file, number })
}

/// Whether `old` was `held` at some moment while it became `new`.
fn is_on_the_way(held: &[u8], new: Version, old: Version, chunks: usize) -> bool {
    let (new_bytes, old_bytes) = (bytes(new, chunks), bytes(old, chunks));
    let mut is_writing = true;
    order(new, chunks).all(|chunk| {
        let range = chunk * CHUNK_BYTES..(chunk + 1) * CHUNK_BYTES;
        let [held, new, old] = [held, &new_bytes, &old_bytes].map(|bytes| &bytes[range.clone()]);
        if is_writing && held == new {
            return true;
        }
        let alike = held.iter().zip(new).take_while(|(held, new)| held == new).count();
        let written = if is_writing { alike } else { 0 };
        is_writing = false;
        held[written..] == old[written..]
    })
}

/// Each chunk once; the number of chunks is a power of two.
fn order(version: Version, chunks: usize) -> impl Iterator<Item = usize> {
    let stride = 2 * (version.number as usize * 7 + 3) + 1;
    (0..chunks).map(move |chunk| (chunk * stride + version.number as usize) % chunks)
}

pub(crate) const CHUNK_BYTES: usize = 4_096;

#[test]
fn only_what_was_on_the_way_from_one_version_to_the_next_was_there() {
    let [old, new] = [4, 5].map(|number| Version { file: 1, number });
    let mut held = bytes(old, 8);
    assert_eq!(newest(&held), Some(old));

    let (first, second) = (order(new, 8).next().unwrap(), order(new, 8).nth(1).unwrap());
    let all = bytes(new, 8);
    let range = |chunk: usize, length: usize| chunk * CHUNK_BYTES..chunk * CHUNK_BYTES + length;
    held[range(second, 100)].copy_from_slice(&all[range(second, 100)]);
    assert_eq!(newest(&held), None, "the second chunk before the first");
    held[range(first, CHUNK_BYTES)].copy_from_slice(&all[range(first, CHUNK_BYTES)]);
    assert_eq!(newest(&held), Some(new));
    held[range(second, 200)][150..].copy_from_slice(&all[range(second, 200)][150..]);
    assert_eq!(newest(&held), None, "bytes before those in front of them");
    assert_eq!(newest(&all), Some(new));
}
