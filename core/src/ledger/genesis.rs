//! What a workspace begins with, and what names it (WS-1).

use alloc::vec::Vec;

use crate::{
    codec::{Canonical, Reader, put_fixed, put_format},
    error::Error,
    hash::{Context, derive_key},
    id::{PublicKey, WorkspaceId},
    limits::OBJECT_BYTES_MAX,
};

/// What a workspace begins with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Genesis {
    /// Makes the workspace another than every other one.
    pub nonce: Nonce,
    /// The Ed25519 key that is active from the start.
    pub first_key: PublicKey,
}

/// 32 random bytes, used once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Nonce([u8; 32]);

impl Nonce {
    /// Takes 32 bytes as they are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Genesis {
    /// The id of the workspace that begins so (WS-1).
    pub fn id(&self) -> WorkspaceId {
        WorkspaceId::from_bytes(derive_key(Context::Workspace, &[&self.encode()]))
    }
}

impl Canonical for Genesis {
    const BYTES_MAX: u32 = OBJECT_BYTES_MAX;

    fn put(&self, out: &mut Vec<u8>) {
        put_format(out);
        put_fixed(out, self.nonce.as_bytes());
        put_fixed(out, self.first_key.as_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.take_format()?;
        Ok(Self {
            nonce: Nonce::from_bytes(reader.take_fixed()?),
            first_key: PublicKey::from_bytes(reader.take_fixed()?),
        })
    }
}
