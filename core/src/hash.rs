//! The only place that hashes (`docs/spec/ids.md`).

use alloc::vec::Vec;

use blake3::hazmat::HasherExt;
use sha2::Digest;

use crate::id::{ContentId, Sha256Digest};

/// Hashes a content as it streams by (ID-1).
#[derive(Clone, Debug, Default)]
pub struct ContentHasher(blake3::Hasher);

impl ContentHasher {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The id of all bytes so far.
    pub fn finish(&self) -> ContentId {
        ContentId::from_bytes(*self.0.finalize().as_bytes())
    }
}

/// The id of a content that is in memory (ID-1).
pub fn content_id(bytes: &[u8]) -> ContentId {
    ContentId::from_bytes(*blake3::hash(bytes).as_bytes())
}

/// Computes a SHA-256 as the bytes stream by.
#[derive(Clone, Debug, Default)]
pub struct Sha256Hasher(sha2::Sha256);

impl Sha256Hasher {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes so far.
    pub fn finish(self) -> Sha256Digest {
        Sha256Digest::from_bytes(self.0.finalize().into())
    }
}

/// The SHA-256 of `parts`, one after the other.
pub fn sha256(parts: &[&[u8]]) -> Sha256Digest {
    let mut hasher = Sha256Hasher::default();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finish()
}

macro_rules! contexts {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $key:literal;)*) => {
        /// What a key-derivation hash is for: each use has a context of its own (ID-2).
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum Context {
            $($(#[$doc])* $name,)*
        }

        impl Context {
            /// Every context.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The context string.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => concat!("markerbed 2026-11-21 ", $text),)*
                }
            }

            /// The BLAKE3 context key of [`Context::text`], kept so that it is not made again for
            /// each hash; a test compares the two.
            const fn key(self) -> &'static [u8; 32] {
                match self {
                    // Without the block the digits would be read for each hash.
                    $(Self::$name => const { &key_bytes($key) },)*
                }
            }
        }
    };
}

contexts! {
    /// A node.
    Node = "v1 node", "b8285ce67dcef72e524df0e15a4ad33b9f68e022b164310cfa008e44fc861c9c";
    /// An attributes object.
    Attributes = "v1 attributes",
        "34d30e4796f1838418d00b4340bb5b92f087643f002dd9424f24e71526807333";
    /// A snapshot.
    Snapshot = "v1 snapshot", "3a3bb89b59a90a20a34c31498a3cc587cdb966b56b7fae65cd7cfb8f667a9053";
    /// A state object.
    State = "v1 state", "a2540daa38150a9a375f078e88d1a870b67b08d6ba9f95a24a73f056f9bbd660";
    /// A genesis.
    Workspace = "v1 workspace", "dbef6b3103c1144bca7875c6957e6167edacbd972691a0983b6f0500937df6f1";
    /// A page of a map.
    MapPage = "v1 map page", "e5e9a91bfe51f1bb84326b31e87c1f42f75f443b4144495a6cce54a0b7a4dab1";
    /// An entry of a map.
    MapItem = "v1 map item", "269f3e8de2a7df15d69d7c5f5957ccc41e5b453ce45f97457490d88b712fbd15";
    /// An item above level 0.
    MapChild = "v1 map child", "846bf6254d7668cd2a6e9f59a61137e046cd681c4d0bac17e03403fffe7056f6";
    /// Two halves inside a page.
    MapInner = "v1 map inner", "0de76c6e153b73ee22b4e8d603a295540d0041d74aca85367f4f9c6bfc185ccd";
    /// Where a level is cut.
    MapCut = "v1 map cut", "af097263b9e8ab28e0c74d47f00bb65f3b7687531cc142181fff8583f90d5ee6";
    /// The salt of a sealed node.
    SealSalt = "v1 seal salt", "e5428626d65e1cf5cfb318a5d3e9ea0f00b8ef5f88ebd8ee0a6db20aaf8a332a";
    /// Files that are one file.
    LinkGroup = "v1 link group", "26b20c015320858da09004df474610c02c5155c1af7492e0a6bb65e6ed85fd2e";
}

/// `DK(context, parts)`: BLAKE3 in key-derivation mode over `parts`, one after the other.
pub fn derive_key(context: Context, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_from_context_key(context.key());
    for part in parts {
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

/// As [`derive_key`], for bytes that are made for this.
pub(crate) fn derive_key_of(context: Context, put: impl FnOnce(&mut Vec<u8>)) -> [u8; 32] {
    let mut bytes = Vec::new();
    put(&mut bytes);
    derive_key(context, &[&bytes])
}

/// Reads 64 hexadecimal digits at compile time.
const fn key_bytes(digits: &str) -> [u8; 32] {
    let digits = digits.as_bytes();
    let mut bytes = [0; 32];
    let mut rest = digits;
    let mut at = 0;
    while let [high, low, after @ ..] = rest {
        #[allow(clippy::indexing_slicing, reason = "evaluated at compile time only")]
        {
            bytes[at] = digit(*high) << 4 | digit(*low);
        }
        at += 1;
        rest = after;
    }
    bytes
}

const fn digit(digit: u8) -> u8 {
    if digit > b'9' { digit - b'a' + 10 } else { digit - b'0' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kept_context_keys_are_those_of_the_context_strings() {
        for context in Context::ALL {
            let made = blake3::hazmat::hash_derive_key_context(context.text());
            let hex = blake3::Hash::from_bytes(made).to_hex();

            assert_eq!(&made, context.key(), "{}: {hex}", context.text());
        }
    }
}
