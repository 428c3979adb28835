//! Compression: an encoding of records, below identity.

use std::{cell::RefCell, io};

use zstd::{
    bulk::{Compressor, Decompressor},
    zstd_safe::{CParameter, Strategy},
};

/// Compresses `raw`; `None` if that is not worth the time to undo it.
pub(super) fn compress(raw: &[u8]) -> Option<Vec<u8>> {
    if raw.len() < RAW_BYTES_MIN || !sample_shrinks(raw) {
        return None;
    }
    try_compress(raw)
}

/// Decompresses to exactly `raw_bytes`; `None` if that is not what comes out.
pub(super) fn decompress(stored: &[u8], raw_bytes: usize) -> Option<Vec<u8>> {
    let mut raw = Vec::new();
    decompress_into(stored, raw_bytes, &mut raw).then_some(raw)
}

/// As [`decompress`], in place of what `raw` holds.
pub(super) fn decompress_into(stored: &[u8], raw_bytes: usize, raw: &mut Vec<u8>) -> bool {
    raw.clear();
    raw.reserve_exact(raw_bytes);
    let written = DECOMPRESSOR.with_borrow_mut(|slot| {
        let decompressor = kept(slot, Decompressor::new)?;
        decompressor.decompress_to_buffer(stored, raw)
    });
    written.is_ok_and(|written| written == raw_bytes)
}

/// Tries small pieces from all over it first: most of what does not shrink is found out there.
fn sample_shrinks(raw: &[u8]) -> bool {
    if raw.len() < SAMPLED_BYTES_MIN {
        return true;
    }
    let shrinks = |sample: &[u8]| try_compress(sample).is_some();
    raw.chunks_exact(raw.len() / SAMPLES).any(|stretch| {
        let start = (stretch.len() - SAMPLE_BYTES) / 2;
        stretch.get(start..start + SAMPLE_BYTES).is_some_and(shrinks)
    })
}

fn try_compress(raw: &[u8]) -> Option<Vec<u8>> {
    // What does not fit is not worth it, and zstd says so by failing.
    let mut stored = Vec::with_capacity(raw.len() - raw.len() / SAVED_PART_MIN);
    let written = COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = kept(slot, new_compressor)?;
        compressor.compress_to_buffer(raw, &mut stored)
    });
    written.is_ok().then_some(stored)
}

/// Between two levels of Zstandard: with frames of small files a twentieth smaller than the lower
/// one, at a tenth more of its time.
fn new_compressor() -> io::Result<Compressor<'static>> {
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.set_parameter(CParameter::Strategy(Strategy::ZSTD_dfast))?;
    compressor.set_parameter(CParameter::ChainLog(13))?;
    compressor.set_parameter(CParameter::HashLog(15))?;
    compressor.set_parameter(CParameter::MinMatch(5))?;
    compressor.set_parameter(CParameter::TargetLength(0))?;
    Ok(compressor)
}

/// The context of this thread: making one costs more than compressing a small file.
fn kept<T>(slot: &mut Option<T>, make: impl FnOnce() -> io::Result<T>) -> io::Result<&mut T> {
    if slot.is_none() {
        *slot = Some(make()?);
    }
    slot.as_mut().ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

const LEVEL: i32 = 1;
/// Below that a frame's own bytes eat what it saves.
const RAW_BYTES_MIN: usize = 64;
/// One part in so many must be saved.
const SAVED_PART_MIN: usize = 16;
const SAMPLES: usize = 4;
const SAMPLE_BYTES: usize = 2 << 10;
const SAMPLED_BYTES_MIN: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shrinks_comes_back_and_what_does_not_is_left() {
        let text = b"marker bed ".repeat(10_000);
        let noise: Vec<u8> = (0..4_096_u32)
            .flat_map(|number| *blake3_like(number).first_chunk::<32>().unwrap())
            .collect();

        let stored = compress(&text).unwrap();

        assert!(stored.len() < text.len() / 100);
        assert_eq!(decompress(&stored, text.len()), Some(text.clone()));
        assert_eq!(decompress(&stored, text.len() - 1), None);
        assert_eq!(decompress(&stored, text.len() + 1), None);
        assert_eq!(decompress(b"no frame", 8), None);
        assert_eq!(compress(&noise), None);
        assert_eq!(compress(b""), None);
    }

    #[test]
    fn a_quarter_that_shrinks_is_enough_to_try() {
        let noise: Vec<u8> = (0..8_192).flat_map(blake3_like).collect();
        let quarter = noise.len() / 4;

        for start in [0, quarter, 2 * quarter, 3 * quarter] {
            let mut mixed = noise.clone();
            mixed[start..start + quarter].fill(b'm');
            let stored = compress(&mixed).unwrap();
            assert!(stored.len() < noise.len() * 4 / 5);
            assert_eq!(decompress(&stored, mixed.len()), Some(mixed));
        }
    }

    fn blake3_like(number: u32) -> [u8; 32] {
        *markerbed_core::hash::content_id(&number.to_le_bytes()).as_bytes()
    }
}
