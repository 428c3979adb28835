//! The hash function without the engine.

/// Hashes so many mebibytes of memory so often; empty if never.
pub(crate) fn hash(mebibytes: u32, times: u32) -> Vec<u8> {
    let memory = vec![0x5a; (mebibytes as usize) << 20];
    let mut digest = Vec::new();
    for _ in 0..times {
        digest = blake3::hash(std::hint::black_box(&memory)).as_bytes().to_vec();
    }
    digest
}
