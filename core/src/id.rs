//! Ids as types: 32 bytes that name what they were made from (`docs/spec/ids.md`).

use core::{
    fmt::{self, Write},
    str::FromStr,
};

use crate::error::Error;

macro_rules! hash_types {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes 32 bytes as they are; nothing is hashed.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(out, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                let mut bytes = [0; 32];
                read_hex(text, &mut bytes)?;
                Ok(Self(bytes))
            }
        }
    )*};
}

hash_types! {
    /// Names the bytes of a file or document: their plain BLAKE3 (ID-1).
    ContentId
    /// Names a node by what it holds.
    NodeId
    /// Names a map: the id of its root page.
    MapId
    /// Names an attributes object.
    AttributesId
    /// Names a snapshot.
    SnapshotId
    /// Names all that a workspace holds.
    StateId
    /// Names a workspace: the hash of its genesis.
    WorkspaceId
    /// A SHA-256: of a ledger leaf, of the log tree, or a foreign digest (ID-4).
    Sha256Digest
    /// A hash inside a page: of an item, an entry or a subtree (MAP-6 to MAP-8).
    PageHash
    /// What keeps a sealed node from being guessed (SEAL-1).
    Salt
    /// An Ed25519 public key.
    PublicKey
    /// Says which files are one file (attribute 6).
    LinkGroup
}

/// 16 random bytes: an agent's pseudonym, a run or a request.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Id16([u8; 16]);

impl Id16 {
    /// Takes 16 bytes as they are.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Id16 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(out, &self.0)
    }
}

impl fmt::Debug for Id16 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Id16({self})")
    }
}

impl FromStr for Id16 {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut bytes = [0; 16];
        read_hex(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

fn write_hex(out: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            out.write_char(char::from_digit(u32::from(digit), 16).unwrap_or('?'))?;
        }
    }
    Ok(())
}

/// Reads exactly as many lower-case digits as `bytes` needs (ID-3).
fn read_hex(text: &str, bytes: &mut [u8]) -> Result<(), Error> {
    let pairs = text.as_bytes().chunks(2);
    if text.len() != 2 * bytes.len() {
        return Err(Error::BadId);
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        for &digit in pair {
            *byte = (*byte << 4)
                | match digit {
                    b'0'..=b'9' => digit - b'0',
                    b'a'..=b'f' => digit - b'a' + 10,
                    _ => return Err(Error::BadId),
                };
        }
    }
    Ok(())
}
