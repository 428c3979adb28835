//! What a map holds, and so which keys and values it may have.

use crate::{
    access::{Grant, Scope},
    codec::{Canonical, Reader},
    error::{Error, Fault},
    limits::LABEL_BYTES_MAX,
    tree::{
        NodeKind,
        name::{check_label_text, check_name},
    },
};

/// What a map holds. The numbers are hashed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum MapKind {
    /// Name → node kind and NodeId.
    Directory = 1,
    /// Ref name → SnapshotId.
    Refs = 4,
    /// Agent and path → role, who granted it and in which entry.
    Grants = 5,
    /// SnapshotId → ordinal.
    Snapshots = 7,
    /// Public key → status.
    Keys = 9,
    /// Name → AttributesId.
    Attributes = 11,
    /// State tag → MapId.
    State = 12,
}

impl MapKind {
    /// Every kind, by number.
    pub const ALL: [Self; 7] = [
        Self::Directory,
        Self::Refs,
        Self::Grants,
        Self::Snapshots,
        Self::Keys,
        Self::Attributes,
        Self::State,
    ];

    /// The kind's number.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// Tells whether "contained" says enough of an entry of this kind (PROOF-6).
    pub(super) const fn allows_blind_proofs(self) -> bool {
        matches!(self, Self::Directory | Self::Snapshots | Self::Attributes)
    }

    /// Checks what a key of this kind must be (MAP-11), its general limits apart.
    pub(super) fn check_key(self, key: &[u8]) -> Result<(), Fault> {
        match self {
            Self::Directory | Self::Attributes => check_name(key),
            Self::Refs if key.len() > LABEL_BYTES_MAX as usize => Err(Fault::OutOfRange),
            Self::Refs => check_label_text(core::str::from_utf8(key).map_err(|_| Fault::BadUtf8)?),
            Self::Grants => match key.get(AGENT_BYTES..).map(Scope::new) {
                Some(Ok(_)) => Ok(()),
                Some(Err(Error::Malformed { fault, .. })) => Err(fault),
                _ => Err(Fault::OutOfRange),
            },
            Self::Snapshots | Self::Keys if key.len() != HASH_BYTES => Err(Fault::OutOfRange),
            Self::Snapshots | Self::Keys => Ok(()),
            Self::State => match key {
                [tag] if STATE_TAGS.contains(tag) => Ok(()),
                [_] => Err(Fault::UnsupportedFormat),
                _ => Err(Fault::OutOfRange),
            },
        }
    }

    /// Decodes a value of this kind and forgets it (MAP-12).
    pub(super) fn check_value(self, mut value: Reader<'_>) -> Result<(), Error> {
        let start = value.at();
        match self {
            Self::Directory => {
                if NodeKind::from_number(value.take_byte()?).is_none() {
                    return value.fault(Fault::UnsupportedFormat, start);
                }
                value.take_fixed::<HASH_BYTES>()?;
            }
            Self::Refs | Self::Attributes | Self::State => {
                value.take_fixed::<HASH_BYTES>()?;
            }
            Self::Grants => {
                Grant::take(&mut value)?;
            }
            Self::Snapshots => {
                value.take_u64()?;
            }
            Self::Keys => {
                if !KEY_STATUSES.contains(&value.take_byte()?) {
                    return value.fault(Fault::UnsupportedFormat, start);
                }
            }
        }
        value.finish()
    }
}

const HASH_BYTES: usize = 32;
const AGENT_BYTES: usize = 16;
/// Tags of the state map that this version knows (`docs/spec/ledger.md`).
const STATE_TAGS: [u8; 4] = [1, 2, 6, 9];
/// Active, rotated out, revoked.
const KEY_STATUSES: [u8; 3] = [1, 2, 3];
