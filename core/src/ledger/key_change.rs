//! Keys that take over, and keys that count no more (LED-5, LED-6).

use alloc::vec::Vec;

use crate::{
    codec::{Reader, put_byte, put_fixed, put_u64},
    error::{Error, Fault},
    id::{PublicKey, WorkspaceId},
    signature::Signature,
};

/// A key that takes over from another one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyRotation {
    /// The key that signed so far.
    pub old: PublicKey,
    /// The key that signs from here on.
    pub new: PublicKey,
    /// That of the new key over [`Self::message`]: its owner has it, and agreed to this place.
    pub signature: Signature,
}

/// A key that counts no more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyRevocation {
    /// The key.
    pub key: PublicKey,
    /// Why: for people, nothing follows from it.
    pub reason: RevocationReason,
}

/// Why a key is revoked. The numbers are hashed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RevocationReason {
    /// It is no longer needed.
    Retired = 1,
    /// Nobody has it any more.
    Lost = 2,
    /// Somebody else may have it.
    Compromised = 3,
}

impl KeyRotation {
    /// What the new key signs (LED-5).
    pub fn message(old: &PublicKey, workspace: WorkspaceId, number: u64) -> Vec<u8> {
        let mut message = Vec::new();
        put_fixed(&mut message, ROTATION_CONTEXT);
        put_fixed(&mut message, old.as_bytes());
        put_fixed(&mut message, workspace.as_bytes());
        put_u64(&mut message, number);
        message
    }

    /// Checks the signature for the entry with this number.
    ///
    /// # Errors
    ///
    /// [`Error::BadSignature`].
    pub fn check(&self, workspace: WorkspaceId, number: u64) -> Result<(), Error> {
        self.signature.check(&self.new, &Self::message(&self.old, workspace, number))
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_fixed(out, self.old.as_bytes());
        put_fixed(out, self.new.as_bytes());
        put_fixed(out, self.signature.as_bytes());
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self {
            old: PublicKey::from_bytes(reader.take_fixed()?),
            new: PublicKey::from_bytes(reader.take_fixed()?),
            signature: Signature::from_bytes(reader.take_fixed()?),
        })
    }
}

impl KeyRevocation {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_fixed(out, self.key.as_bytes());
        put_byte(out, self.reason as u8);
    }

    pub(super) fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let key = PublicKey::from_bytes(reader.take_fixed()?);
        let start = reader.at();
        let number = reader.take_byte()?;
        let found = RevocationReason::ALL.into_iter().find(|reason| *reason as u8 == number);
        match found {
            Some(reason) => Ok(Self { key, reason }),
            None => reader.fault(Fault::UnsupportedFormat, start),
        }
    }
}

impl RevocationReason {
    /// Every one, by number.
    pub const ALL: [Self; 3] = [Self::Retired, Self::Lost, Self::Compromised];

    /// The word for it, the same in every binding.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Retired => "retired",
            Self::Lost => "lost",
            Self::Compromised => "compromised",
        }
    }
}

/// A byte that no note has ends it, so no message is a note, too.
const ROTATION_CONTEXT: &[u8] = b"markerbed 2026-11-21 v1 key rotated\0";
