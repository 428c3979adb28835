//! What the texts of this room share: decimal numbers and lines of base64.

use alloc::{string::String, vec::Vec};

use crate::{
    id::Sha256Digest,
    limits::{LOG_LEAVES_MAX, LOG_PROOF_HASHES_MAX},
    tree::base64,
};

/// Reads a number of entries: ASCII digits without a zero before them (CHK-2).
pub(super) fn read_number(text: &str) -> Option<u64> {
    let is_digits = text.bytes().all(|digit| digit.is_ascii_digit());
    let has_surplus_zero = text.len() > 1 && text.starts_with('0');
    if !is_digits || has_surplus_zero {
        return None;
    }
    text.parse().ok().filter(|number| *number <= LOG_LEAVES_MAX)
}

/// Reads 32 bytes in base64.
pub(super) fn read_hash(text: &str) -> Option<Sha256Digest> {
    Some(Sha256Digest::from_bytes(base64::decode(text)?.try_into().ok()?))
}

/// Reads hashes, one a line, up to and with the empty line; gives the rest.
pub(super) fn read_hashes(mut text: &str) -> Option<(Vec<Sha256Digest>, &str)> {
    let mut hashes = Vec::new();
    loop {
        let (line, rest) = text.split_once('\n')?;
        text = rest;
        if line.is_empty() {
            return Some((hashes, rest));
        }
        if hashes.len() == LOG_PROOF_HASHES_MAX {
            return None;
        }
        hashes.push(read_hash(line)?);
    }
}

/// Writes hashes, one a line, and an empty line.
pub(super) fn write_hashes(text: &mut String, hashes: &[Sha256Digest]) {
    for hash in hashes {
        text.push_str(&base64::encode(hash.as_bytes()));
        text.push('\n');
    }
    text.push('\n');
}
