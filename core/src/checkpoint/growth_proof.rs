//! A file that shows that a log only grew (TLP-4): what a witness takes, too.

use alloc::{format, string::String, vec::Vec};

use super::{
    head::{Checkpoint, SignedCheckpoint},
    lines::{read_hashes, read_number, write_hashes},
};
use crate::{error::Error, id::Sha256Digest, ledger::ConsistencyClaim, limits::PROOF_BYTES_MAX};

/// How long a log was, and the checkpoint that it grew into.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GrowthProof {
    /// How many entries there were.
    pub size_before: u64,
    /// The hashes that lead from both roots to one another.
    pub hashes: Vec<Sha256Digest>,
    /// The newer head.
    pub checkpoint: SignedCheckpoint,
}

impl GrowthProof {
    /// Reads a proof.
    ///
    /// # Errors
    ///
    /// [`Error::BadProof`] for another form, [`Error::BadNote`] for the checkpoint's.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let (size_before, hashes, rest) = Self::read(bytes).ok_or(Error::BadProof)?;
        Ok(Self { size_before, hashes, checkpoint: SignedCheckpoint::parse(rest)? })
    }

    /// The proof as it is read.
    pub fn to_text(&self) -> String {
        let mut text = format!("{OLD}{}\n", self.size_before);
        write_hashes(&mut text, &self.hashes);
        text.push_str(&self.checkpoint.note().to_text());
        text
    }

    /// Checks that the log of `before` grew into that of the checkpoint.
    ///
    /// # Errors
    ///
    /// [`Error::OtherOrigin`], [`Error::BadProof`] for another size, or as
    /// [`ConsistencyClaim::check`].
    pub fn check(&self, before: &Checkpoint) -> Result<(), Error> {
        let now = self.checkpoint.checkpoint();
        if before.origin() != now.origin() {
            return Err(Error::OtherOrigin);
        }
        if before.size() != self.size_before {
            return Err(Error::BadProof);
        }
        let claim = ConsistencyClaim {
            leaves_before: before.size(),
            root_before: before.root(),
            leaves: now.size(),
            root: now.root(),
        };
        claim.check(&self.hashes)
    }

    /// Tells whether bytes begin as a proof of this form.
    pub fn begins(bytes: &[u8]) -> bool {
        bytes.starts_with(OLD.as_bytes())
    }

    fn read(bytes: &[u8]) -> Option<(u64, Vec<Sha256Digest>, &[u8])> {
        if bytes.len() > PROOF_BYTES_MAX as usize {
            return None;
        }
        let text = core::str::from_utf8(bytes).ok()?;
        let (size, rest) = text.strip_prefix(OLD)?.split_once('\n')?;
        let (hashes, rest) = read_hashes(rest)?;
        Some((read_number(size)?, hashes, rest.as_bytes()))
    }
}

const OLD: &str = "old ";
