//! Keys as verifiers are told of them (KEY-1 to KEY-3).

use alloc::{format, string::String};
use core::{fmt, str::FromStr};

use super::head::Checkpoint;
use crate::{
    error::Error,
    hash::sha256,
    id::{PublicKey, WorkspaceId},
    limits::KEY_NAME_BYTES_MAX,
    tree::base64,
};

/// A public key with a name and a use, which a verifier trusts from elsewhere.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifierKey {
    name: String,
    kind: VerifierKind,
    public: PublicKey,
}

/// What a key signs. The numbers are hashed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum VerifierKind {
    /// Notes, and so the checkpoints of a log.
    Log = 1,
    /// That it saw a log grow into a checkpoint, and when.
    Witness = 4,
}

impl VerifierKey {
    /// The key of a workspace: its name is the origin of the checkpoints.
    pub fn of_workspace(workspace: WorkspaceId, public: PublicKey) -> Self {
        Self { name: Checkpoint::origin_of(workspace), kind: VerifierKind::Log, public }
    }

    /// Names a key.
    ///
    /// # Errors
    ///
    /// [`Error::BadKey`] for a name that a key cannot have (KEY-1).
    pub fn new(name: &str, kind: VerifierKind, public: PublicKey) -> Result<Self, Error> {
        let key = Self { name: name.into(), kind, public };
        if Self::is_name(name) { Ok(key) } else { Err(Error::BadKey) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub const fn kind(&self) -> VerifierKind {
        self.kind
    }

    /// The key itself.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Four bytes that tell which key of a name it is (KEY-2).
    pub fn id(&self) -> [u8; 4] {
        let parts = [self.name.as_bytes(), b"\n", &[self.kind as u8], self.public.as_bytes()];
        let [a, b, c, d, ..] = *sha256(&parts).as_bytes();
        [a, b, c, d]
    }

    /// Tells whether a key can be called so (KEY-1).
    pub(super) fn is_name(name: &str) -> bool {
        let is_allowed = |letter: char| !letter.is_whitespace() && letter != '+' && letter >= ' ';
        (1..=KEY_NAME_BYTES_MAX as usize).contains(&name.len()) && name.chars().all(is_allowed)
    }

    fn read(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let bytes = base64::decode(key)?;
        let (kind, public) = bytes.split_first()?;
        let kind = match kind {
            1 => VerifierKind::Log,
            4 => VerifierKind::Witness,
            _ => return None,
        };
        let public = PublicKey::from_bytes(public.try_into().ok()?);
        let key = Self::new(name, kind, public).ok()?;
        (hex(key.id()) == id).then_some(key)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.kind as u8], self.public.as_bytes().as_slice()].concat();
        write!(out, "{}+{}+{}", self.name, hex(self.id()), base64::encode(&bytes))
    }
}

impl FromStr for VerifierKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::read(text).ok_or(Error::BadKey)
    }
}

fn hex(id: [u8; 4]) -> String {
    let [a, b, c, d] = id;
    format!("{a:02x}{b:02x}{c:02x}{d:02x}")
}
