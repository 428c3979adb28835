//! The only place that checks signatures (SIG-1).

use core::fmt;

use ed25519_dalek::VerifyingKey;

use crate::{error::Error, id::PublicKey};

/// An Ed25519 signature: 64 bytes.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Signature([u8; SIGNATURE_BYTES]);

impl Signature {
    /// Takes 64 bytes as they are; nothing is checked.
    pub const fn from_bytes(bytes: [u8; SIGNATURE_BYTES]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; SIGNATURE_BYTES] {
        &self.0
    }

    /// Checks that the owner of `key` signed `message`, strictly: every implementation of SIG-1
    /// says the same of every input.
    ///
    /// # Errors
    ///
    /// [`Error::BadSignature`].
    pub fn check(&self, key: &PublicKey, message: &[u8]) -> Result<(), Error> {
        let bad = |_| Error::BadSignature;
        if !is_reduced(key.as_bytes()) {
            return Err(Error::BadSignature);
        }
        let key = VerifyingKey::from_bytes(key.as_bytes()).map_err(bad)?;
        key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&self.0)).map_err(bad)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Signature(")?;
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
        out.write_str(")")
    }
}

/// Tells whether the coordinate is below 2²⁵⁵ − 19: the library takes others, too.
fn is_reduced(key: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = key;
    *first < 0xed || last & 0x7f != 0x7f || middle.iter().any(|byte| *byte != 0xff)
}

const SIGNATURE_BYTES: usize = 64;
