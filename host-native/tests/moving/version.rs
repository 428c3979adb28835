//! Contents that say which version of which file they are.

use markerbed_core::hash::content_id;

use crate::rewritten;

/// Which version of which file a content is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Version {
    pub(crate) file: u32,
    pub(crate) number: u64,
}

/// What a content is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Content {
    /// Nothing: a file that was just made or truncated.
    Empty,
    /// One version, or where it is rewritten in place, what was there on the way to it.
    Whole(Version),
    /// Anything else: a mixture, a part, or something from outside.
    Wrong,
}

impl Version {
    /// The bytes of this version, `length` of them or a few more: what it is, how long it is, what
    /// only this version has, and a checksum of it all.
    pub(crate) fn bytes(self, length: usize) -> Vec<u8> {
        let length = length.max(HEAD_BYTES + SUM_BYTES);
        let mut bytes = Vec::with_capacity(length);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.file.to_le_bytes());
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&(length as u64).to_le_bytes());
        // A page of one version is a page of no other.
        let mut state = (u64::from(self.file) << 40) ^ self.number;
        while bytes.len() < length - SUM_BYTES {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            let word = (state >> 8).to_le_bytes();
            let room = (length - SUM_BYTES - bytes.len()).min(word.len());
            bytes.extend_from_slice(&word[..room]);
        }
        let sum = content_id(&bytes);
        bytes.extend_from_slice(sum.as_bytes());
        bytes
    }
}

impl Content {
    /// Judges bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        let Some((body, sum)) = bytes.split_last_chunk::<SUM_BYTES>() else { return Self::Wrong };
        let Some((head, _)) = body.split_first_chunk::<HEAD_BYTES>() else { return Self::Wrong };
        let file = u32::from_le_bytes(head[8..12].try_into().unwrap());
        let number = u64::from_le_bytes(head[12..20].try_into().unwrap());
        let length = u64::from_le_bytes(head[20..28].try_into().unwrap());
        let is_whole = head.starts_with(MAGIC)
            && length == bytes.len() as u64
            && content_id(body).as_bytes() == sum;
        if is_whole {
            return Self::Whole(Version { file, number });
        }
        rewritten::newest(bytes).map_or(Self::Wrong, Self::Whole)
    }
}

const MAGIC: &[u8; 8] = b"version:";
const HEAD_BYTES: usize = 8 + 4 + 8 + 8;
const SUM_BYTES: usize = 32;

#[test]
fn a_mixture_of_two_versions_is_neither() {
    let [one, two] = [1, 2].map(|number| Version { file: 3, number });
    for length in [0, 100, 5_000, 2 << 20] {
        let (bytes, other) = (one.bytes(length), two.bytes(length));

        assert_eq!(Content::of(&bytes), Content::Whole(one));
        assert_eq!(Content::of(&other), Content::Whole(two));
        // They begin alike; the first byte that differs is that of the number.
        for at in [13, bytes.len() / 2, bytes.len() - 1] {
            assert_eq!(Content::of(&[&bytes[..at], &other[at..]].concat()), Content::Wrong);
            assert_eq!(Content::of(&bytes[..at]), Content::Wrong);
        }
    }
}
