//! How long a log is and which root it has, signed (CHK-1 to CHK-5).

use alloc::{format, string::String, vec::Vec};

use super::{
    key::{VerifierKey, VerifierKind},
    lines::{read_hash, read_number},
    note::{NoteSignature, SignedNote, Signer},
};
use crate::{
    error::Error,
    id::{Sha256Digest, WorkspaceId},
    signature::Signature,
    tree::base64,
};

/// What a checkpoint says: which log, how many entries, which root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Sha256Digest,
}

/// A checkpoint and who signed it; nobody has been believed yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: SignedNote,
}

/// Who of the known keys signed a checkpoint.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Signers {
    /// Keys of the log; at least one.
    pub log: Vec<VerifierKey>,
    /// Witnesses who saw the log grow into it.
    pub witnesses: Vec<Witness>,
}

/// A witness that cosigned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Witness {
    /// Its key.
    pub key: VerifierKey,
    /// When, by its own clock, in seconds since 1970 UTC.
    pub time: u64,
}

impl Checkpoint {
    /// The first `size` entries of a workspace.
    pub fn new(workspace: WorkspaceId, size: u64, root: Sha256Digest) -> Self {
        Self { origin: Self::origin_of(workspace), size, root }
    }

    /// What the checkpoints of a workspace begin with, and what its keys are called (CHK-1).
    pub fn origin_of(workspace: WorkspaceId) -> String {
        format!("{ORIGIN}{workspace}")
    }

    /// Reads the text of a note as a checkpoint.
    ///
    /// # Errors
    ///
    /// [`Error::BadNote`] (CHK-2).
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::read(text).ok_or(Error::BadNote)
    }

    /// Which log it is of.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Which workspace it is of; none if the log is no ledger of markerbed.
    pub fn workspace(&self) -> Option<WorkspaceId> {
        self.origin.strip_prefix(ORIGIN)?.parse().ok()
    }

    /// How many entries the log had.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root over them.
    pub const fn root(&self) -> Sha256Digest {
        self.root
    }

    /// The text that is signed.
    pub fn to_text(&self) -> String {
        let Self { origin, size, root } = self;
        format!("{origin}\n{size}\n{}\n", base64::encode(root.as_bytes()))
    }

    /// The checkpoint with the signatures of keys of its workspace, in this order.
    ///
    /// # Errors
    ///
    /// [`Error::BadNote`] if there is none or too many.
    pub fn signed_by(
        &self,
        signatures: &[(VerifierKey, Signature)],
    ) -> Result<SignedCheckpoint, Error> {
        let line = |(key, signature): &(VerifierKey, Signature)| NoteSignature {
            name: key.name().into(),
            key_id: key.id(),
            bytes: signature.as_bytes().as_slice().into(),
        };
        let note = SignedNote::new(self.to_text(), signatures.iter().map(line).collect())?;
        Ok(SignedCheckpoint { checkpoint: self.clone(), note })
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let origin = lines.next().filter(|origin| !origin.is_empty())?.into();
        let size = read_number(lines.next()?)?;
        let root = read_hash(lines.next()?)?;
        lines.next().is_none().then_some(Self { origin, size, root })
    }
}

impl SignedCheckpoint {
    /// Reads a signed checkpoint.
    ///
    /// # Errors
    ///
    /// [`Error::BadNote`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let note = SignedNote::parse(bytes)?;
        Ok(Self { checkpoint: Checkpoint::parse(note.text())?, note })
    }

    /// What it says; true only if [`Self::check`] finds a signer who is believed.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note as it was read.
    pub const fn note(&self) -> &SignedNote {
        &self.note
    }

    /// Finds who of `keys` signed it (CHK-3).
    ///
    /// # Errors
    ///
    /// [`Error::BadSignature`] if a signature of a known key is wrong; [`Error::OtherOrigin`] if
    /// keys of logs are known but none of this one; [`Error::UnknownKey`] if no key of the log
    /// signed it.
    pub fn check(&self, keys: &[VerifierKey]) -> Result<Signers, Error> {
        let of_logs = || keys.iter().filter(|key| key.kind() == VerifierKind::Log);
        if of_logs().next().is_some() && !of_logs().any(|key| self.is_of_log(key)) {
            return Err(Error::OtherOrigin);
        }
        let mut signers = Signers::default();
        for Signer { key, time } in self.note.signers(keys)? {
            match time {
                Some(time) => signers.witnesses.push(Witness { key, time }),
                None if self.is_of_log(&key) => signers.log.push(key),
                None => {}
            }
        }
        if signers.log.is_empty() { Err(Error::UnknownKey) } else { Ok(signers) }
    }

    fn is_of_log(&self, key: &VerifierKey) -> bool {
        key.kind() == VerifierKind::Log && key.name() == self.checkpoint.origin
    }
}

const ORIGIN: &str = "markerbed.dev/v1/";
