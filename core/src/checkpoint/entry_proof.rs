//! A file that shows that an entry is in a ledger (TLP-1 to TLP-3).

use alloc::{format, string::String, vec::Vec};

use super::{
    head::SignedCheckpoint,
    lines::{read_hashes, read_number, write_hashes},
};
use crate::{
    codec::Canonical,
    error::Error,
    id::Sha256Digest,
    ledger::{InclusionClaim, LedgerEntry, leaf_hash},
    limits::PROOF_BYTES_MAX,
    tree::base64,
};

/// An entry, its place in a log, and the checkpoint of that log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EntryProof {
    /// The bytes of the entry, if they are brought along.
    pub entry: Option<Vec<u8>>,
    /// Its number.
    pub index: u64,
    /// The hashes beside the path from its leaf to the root.
    pub hashes: Vec<Sha256Digest>,
    /// The head of the log.
    pub checkpoint: SignedCheckpoint,
}

impl EntryProof {
    /// Reads a proof.
    ///
    /// # Errors
    ///
    /// [`Error::BadProof`] for another form (TLP-1), [`Error::BadNote`] for the checkpoint's.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let (entry, index, hashes, rest) = Self::read(bytes).ok_or(Error::BadProof)?;
        Ok(Self { entry, index, hashes, checkpoint: SignedCheckpoint::parse(rest)? })
    }

    /// The proof as it is read.
    pub fn to_text(&self) -> String {
        let mut text = format!("{TITLE}\n");
        if let Some(entry) = &self.entry {
            text.push_str(&format!("{EXTRA}{}\n", base64::encode(entry)));
        }
        text.push_str(&format!("{INDEX}{}\n", self.index));
        write_hashes(&mut text, &self.hashes);
        text.push_str(&self.checkpoint.note().to_text());
        text
    }

    /// Checks that the entry that is brought along is the leaf, and gives it (TLP-2).
    ///
    /// Who signed the checkpoint is another question.
    ///
    /// # Errors
    ///
    /// [`Error::BadProof`] without an entry, [`Error::Malformed`], [`Error::WrongNumber`], or as
    /// [`InclusionClaim::check`].
    pub fn check_entry(&self) -> Result<LedgerEntry, Error> {
        let bytes = self.entry.as_deref().ok_or(Error::BadProof)?;
        let entry = LedgerEntry::decode(bytes)?;
        if entry.number != self.index {
            return Err(Error::WrongNumber { expected: self.index, found: entry.number });
        }
        self.check_leaf(leaf_hash(bytes))?;
        Ok(entry)
    }

    /// Checks that `leaf` is the one.
    ///
    /// # Errors
    ///
    /// As [`InclusionClaim::check`].
    pub fn check_leaf(&self, leaf: Sha256Digest) -> Result<(), Error> {
        let checkpoint = self.checkpoint.checkpoint();
        let (leaves, root) = (checkpoint.size(), checkpoint.root());
        InclusionClaim { leaf, index: self.index, leaves, root }.check(&self.hashes)
    }

    /// Tells whether bytes begin as a proof of this form.
    pub fn begins(bytes: &[u8]) -> bool {
        bytes.starts_with(TITLE.as_bytes())
    }

    fn read(bytes: &[u8]) -> Option<Parts<'_>> {
        if bytes.len() > PROOF_BYTES_MAX as usize {
            return None;
        }
        let text = core::str::from_utf8(bytes).ok()?;
        let mut rest = text.strip_prefix(TITLE)?.strip_prefix('\n')?;
        let mut entry = None;
        if let Some(after) = rest.strip_prefix(EXTRA) {
            let (line, after) = after.split_once('\n')?;
            entry = Some(base64::decode(line)?);
            rest = after;
        }
        let (index, rest) = rest.strip_prefix(INDEX)?.split_once('\n')?;
        let (hashes, rest) = read_hashes(rest)?;
        Some((entry, read_number(index)?, hashes, rest.as_bytes()))
    }
}

type Parts<'a> = (Option<Vec<u8>>, u64, Vec<Sha256Digest>, &'a [u8]);

const TITLE: &str = "c2sp.org/tlog-proof@v1";
const EXTRA: &str = "extra ";
const INDEX: &str = "index ";
