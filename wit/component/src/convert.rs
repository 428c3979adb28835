//! Between the words of the world and those of core: the same values, other types.

use alloc::vec::Vec;

use markerbed_core::{
    AttributesId, ContentId, Error, Fault, Id16, MapId, NodeId, ObjectId, ObjectKind, Sha256Digest,
    SnapshotId, StateId, WorkspaceId,
    id::PublicKey,
    map::{self, MapKind},
};

use crate::bindings::{exports::markerbed::engine::verify, types};

macro_rules! ids {
    ($($name:ident)*) => {$(
        impl From<types::Id> for $name {
            fn from(id: types::Id) -> Self {
                Self::from_bytes(bytes_of(id))
            }
        }

        impl From<$name> for types::Id {
            fn from(id: $name) -> Self {
                id_of(id.as_bytes())
            }
        }
    )*};
}

ids! {
    AttributesId ContentId MapId NodeId PublicKey Sha256Digest SnapshotId StateId WorkspaceId
}

/// The 32 bytes of four little-endian numbers.
fn bytes_of(types::Id { a, b, c, d }: types::Id) -> [u8; 32] {
    let mut bytes = [0; 32];
    let (chunks, _) = bytes.as_chunks_mut::<8>();
    for (chunk, number) in chunks.iter_mut().zip([a, b, c, d]) {
        *chunk = number.to_le_bytes();
    }
    bytes
}

fn id_of(bytes: &[u8; 32]) -> types::Id {
    let (chunks, _) = bytes.as_chunks::<8>();
    let mut numbers = chunks.iter().map(|chunk| u64::from_le_bytes(*chunk));
    let mut next = || numbers.next().unwrap_or_default();
    types::Id { a: next(), b: next(), c: next(), d: next() }
}

impl From<types::Id16> for Id16 {
    fn from(types::Id16 { a, b }: types::Id16) -> Self {
        Self::from_bytes((u128::from(b) << 64 | u128::from(a)).to_le_bytes())
    }
}

impl From<Id16> for types::Id16 {
    fn from(id: Id16) -> Self {
        let number = u128::from_le_bytes(*id.as_bytes());
        Self { a: number as u64, b: (number >> 64) as u64 }
    }
}

impl From<types::ObjectId> for ObjectId {
    fn from(types::ObjectId { kind, id }: types::ObjectId) -> Self {
        let kind = match kind {
            types::ObjectKind::Node => ObjectKind::Node,
            types::ObjectKind::Page => ObjectKind::Page,
            types::ObjectKind::Attributes => ObjectKind::Attributes,
            types::ObjectKind::Snapshot => ObjectKind::Snapshot,
            types::ObjectKind::State => ObjectKind::State,
        };
        Self { kind, bytes: bytes_of(id) }
    }
}

impl From<ObjectId> for types::ObjectId {
    fn from(ObjectId { kind, bytes }: ObjectId) -> Self {
        let kind = match kind {
            ObjectKind::Node => types::ObjectKind::Node,
            ObjectKind::Page => types::ObjectKind::Page,
            ObjectKind::Attributes => types::ObjectKind::Attributes,
            ObjectKind::Snapshot => types::ObjectKind::Snapshot,
            // A kind that comes with a later format has a word of its own here, too.
            _ => types::ObjectKind::State,
        };
        Self { kind, id: id_of(&bytes) }
    }
}

impl From<Error> for types::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Malformed { fault, offset } => malformed(fault, offset),
            Error::WrongCut => Self::WrongCut,
            Error::PageMismatch => Self::PageMismatch,
            Error::HashMismatch { wanted } => Self::HashMismatch(Some(wanted.into())),
            Error::RootMismatch => Self::HashMismatch(None),
            Error::NodeMismatch => Self::NodeMismatch,
            Error::MissingObject { id } => Self::MissingObject(id.into()),
            Error::BadProof => Self::BadProof,
            Error::CountOverflow => Self::CountOverflow,
            Error::TooDeep => Self::TooDeep,
            Error::BadJson { offset } => Self::BadJson(offset),
            Error::BadId => Self::BadId,
            Error::WrongNumber { expected, found } => Self::WrongNumber((expected, found)),
            Error::NotGenesis => Self::NotGenesis,
            Error::RefConflict { found } => Self::RefConflict(found.map(Into::into)),
            Error::UnknownSnapshot { id } => Self::UnknownSnapshot(id.into()),
            Error::AlreadyRecorded { id } => Self::AlreadyRecorded(id.into()),
            Error::WrongState { found } => Self::WrongState(found.into()),
            Error::BadNote => Self::BadNote,
            Error::BadKey => Self::BadKey,
            Error::BadSignature => Self::BadSignature,
            Error::UnknownKey => Self::UnknownKey,
            Error::OtherOrigin => Self::OtherOrigin,
            Error::ForeignKey { key } => Self::ForeignKey(key.into()),
            Error::KnownKey { key } => Self::KnownKey(key.into()),
            Error::RotatedKey { key } => Self::RotatedKey(key.into()),
            Error::RevokedKey { key } => Self::RevokedKey(key.into()),
            Error::LastKey { key } => Self::LastKey(key.into()),
            Error::NotPermitted { agent } => Self::NotPermitted(agent.into()),
            Error::OwnGrant { agent } => Self::OwnGrant(agent.into()),
            Error::GrantConflict { agent } => Self::GrantConflict(agent.into()),
            Error::AnswersOutOfOrder => Self::AnswersOutOfOrder,
            _ => Self::AwaitedForeign,
        }
    }
}

fn malformed(fault: Fault, offset: u32) -> types::Error {
    let error = match fault {
        Fault::Truncated => types::Error::Truncated,
        Fault::NumberTooLarge => types::Error::NumberTooLarge,
        Fault::OverlongVarint => types::Error::OverlongVarint,
        Fault::OutOfRange => types::Error::OutOfRange,
        Fault::BadFlag => types::Error::BadFlag,
        Fault::BadUtf8 => types::Error::BadUtf8,
        Fault::BadName => types::Error::BadName,
        Fault::BadText => types::Error::BadText,
        Fault::BadTarget => types::Error::BadTarget,
        Fault::NotAscending => types::Error::NotAscending,
        Fault::BadCount => types::Error::BadCount,
        Fault::BadPartial => types::Error::BadPartial,
        Fault::TrailingBytes => types::Error::TrailingBytes,
        _ => types::Error::UnsupportedFormat,
    };
    error(offset)
}

/// A map's kind by its number.
///
/// # Errors
///
/// [`Fault::UnsupportedFormat`].
pub(crate) fn map_kind(number: u8) -> Result<MapKind, Error> {
    let unknown = Error::Malformed { fault: Fault::UnsupportedFormat, offset: 0 };
    MapKind::from_number(number).ok_or(unknown)
}

pub(crate) fn entry(map::Entry { key, value }: map::Entry) -> verify::Entry {
    verify::Entry { key, value }
}

pub(crate) fn ids<T: From<types::Id>>(ids: Vec<types::Id>) -> Vec<T> {
    ids.into_iter().map(Into::into).collect()
}

pub(crate) fn slices(list: &[Vec<u8>]) -> Vec<&[u8]> {
    list.iter().map(Vec::as_slice).collect()
}
