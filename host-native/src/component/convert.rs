//! Between the words of the worlds and those of core: the same values, other types.

use markerbed_core::{
    AttributesId, ContentId, Error, Fault, Id16, MapId, NodeId, ObjectId, ObjectKind, Sha256Digest,
    SnapshotId, StateId, WorkspaceId,
    codec::Canonical,
    id::PublicKey,
    map,
    tree::{Expectation, Finding, Node, Path, TreeClaim, Verdict},
};
use markerbed_engine::StoredObject;

use super::bindings::{engine, verifier};

/// What both worlds have, each in types of its own.
macro_rules! world {
    ($types:path, $verify:path) => {
        const _: () = {
            use $types as types;
            use $verify as verify;

            world! { @ids types; AttributesId ContentId MapId NodeId PublicKey Sha256Digest
                SnapshotId StateId WorkspaceId }

            impl From<types::ObjectId> for ObjectId {
                fn from(types::ObjectId { kind, id }: types::ObjectId) -> Self {
                    let kind = match kind {
                        types::ObjectKind::Node => ObjectKind::Node,
                        types::ObjectKind::Page => ObjectKind::Page,
                        types::ObjectKind::Attributes => ObjectKind::Attributes,
                        types::ObjectKind::Snapshot => ObjectKind::Snapshot,
                        types::ObjectKind::State => ObjectKind::State,
                    };
                    Self { kind, bytes: bytes_of([id.a, id.b, id.c, id.d]) }
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
                    let [a, b, c, d] = numbers_of(&bytes);
                    Self { kind, id: types::Id { a, b, c, d } }
                }
            }

            impl From<types::Object> for StoredObject {
                fn from(types::Object { id, bytes }: types::Object) -> Self {
                    (id.into(), bytes.into())
                }
            }

            impl From<types::Error> for Result<Error, types::StoreError> {
                fn from(error: types::Error) -> Self {
                    engine_error(error)
                }
            }

            fn engine_error(error: types::Error) -> Result<Error, types::StoreError> {
                let malformed = |fault, offset| Error::Malformed { fault, offset };
                Ok(match error {
                    types::Error::Truncated(at) => malformed(Fault::Truncated, at),
                    types::Error::NumberTooLarge(at) => malformed(Fault::NumberTooLarge, at),
                    types::Error::OverlongVarint(at) => malformed(Fault::OverlongVarint, at),
                    types::Error::OutOfRange(at) => malformed(Fault::OutOfRange, at),
                    types::Error::BadFlag(at) => malformed(Fault::BadFlag, at),
                    types::Error::BadUtf8(at) => malformed(Fault::BadUtf8, at),
                    types::Error::BadName(at) => malformed(Fault::BadName, at),
                    types::Error::BadText(at) => malformed(Fault::BadText, at),
                    types::Error::BadTarget(at) => malformed(Fault::BadTarget, at),
                    types::Error::NotAscending(at) => malformed(Fault::NotAscending, at),
                    types::Error::BadCount(at) => malformed(Fault::BadCount, at),
                    types::Error::BadPartial(at) => malformed(Fault::BadPartial, at),
                    types::Error::UnsupportedFormat(at) => malformed(Fault::UnsupportedFormat, at),
                    types::Error::TrailingBytes(at) => malformed(Fault::TrailingBytes, at),
                    types::Error::WrongCut => Error::WrongCut,
                    types::Error::PageMismatch => Error::PageMismatch,
                    types::Error::HashMismatch(Some(id)) => {
                        Error::HashMismatch { wanted: id.into() }
                    }
                    types::Error::HashMismatch(None) => Error::RootMismatch,
                    types::Error::NodeMismatch => Error::NodeMismatch,
                    types::Error::MissingObject(id) => Error::MissingObject { id: id.into() },
                    types::Error::BadProof => Error::BadProof,
                    types::Error::CountOverflow => Error::CountOverflow,
                    types::Error::TooDeep => Error::TooDeep,
                    types::Error::BadJson(offset) => Error::BadJson { offset },
                    types::Error::BadId => Error::BadId,
                    types::Error::WrongNumber((expected, found)) => {
                        Error::WrongNumber { expected, found }
                    }
                    types::Error::NotGenesis => Error::NotGenesis,
                    types::Error::RefConflict(found) => {
                        Error::RefConflict { found: found.map(Into::into) }
                    }
                    types::Error::UnknownSnapshot(id) => Error::UnknownSnapshot { id: id.into() },
                    types::Error::AlreadyRecorded(id) => Error::AlreadyRecorded { id: id.into() },
                    types::Error::WrongState(id) => Error::WrongState { found: id.into() },
                    types::Error::BadNote => Error::BadNote,
                    types::Error::BadKey => Error::BadKey,
                    types::Error::BadSignature => Error::BadSignature,
                    types::Error::UnknownKey => Error::UnknownKey,
                    types::Error::OtherOrigin => Error::OtherOrigin,
                    types::Error::ForeignKey(key) => Error::ForeignKey { key: key.into() },
                    types::Error::KnownKey(key) => Error::KnownKey { key: key.into() },
                    types::Error::RotatedKey(key) => Error::RotatedKey { key: key.into() },
                    types::Error::RevokedKey(key) => Error::RevokedKey { key: key.into() },
                    types::Error::LastKey(key) => Error::LastKey { key: key.into() },
                    types::Error::NotPermitted(agent) => {
                        Error::NotPermitted { agent: agent.into() }
                    }
                    types::Error::OwnGrant(agent) => Error::OwnGrant { agent: agent.into() },
                    types::Error::GrantConflict(agent) => {
                        Error::GrantConflict { agent: agent.into() }
                    }
                    types::Error::AnswersOutOfOrder => Error::AnswersOutOfOrder,
                    types::Error::AwaitedForeign => Error::AwaitedForeign,
                    types::Error::Store(said) => return Err(said),
                })
            }

            impl From<Expectation> for verify::Expectation {
                fn from(expectation: Expectation) -> Self {
                    match expectation {
                        Expectation::Nothing => Self::Nothing,
                        Expectation::Root(root) => Self::Root(root.into()),
                        Expectation::Snapshot(snapshot) => Self::Snapshot(snapshot.into()),
                    }
                }
            }

            /// The verdict; an error if what is shown is no node.
            impl TryFrom<verify::Verdict> for Verdict {
                type Error = Error;

                fn try_from(verdict: verify::Verdict) -> Result<Self, Error> {
                    Ok(match verdict {
                        verify::Verdict::Verified(claim) => Self::Verified(tree_claim(claim)?),
                        verify::Verdict::Consistent(claim) => Self::Consistent(tree_claim(claim)?),
                        verify::Verdict::Differs(claim) => Self::Differs(tree_claim(claim)?),
                        // A verifier asks no store: there is no other failure.
                        verify::Verdict::Broken(error) => {
                            Self::Broken(engine_error(error).unwrap_or(Error::AwaitedForeign))
                        }
                    })
                }
            }

            fn tree_claim(claim: verify::TreeClaim) -> Result<TreeClaim, Error> {
                let shown = |object: types::Object| -> Result<(NodeId, Node), Error> {
                    let id: ObjectId = object.id.into();
                    Ok((NodeId::from_bytes(id.bytes), Node::decode(&object.bytes)?))
                };
                let found = match claim.found {
                    verify::Finding::Present(object) => {
                        let (id, node) = shown(object)?;
                        Finding::Present { id, node }
                    }
                    verify::Finding::Contained(object) => {
                        let (id, node) = shown(object)?;
                        Finding::Contained { id, node }
                    }
                    verify::Finding::Absent => Finding::Absent,
                };
                Ok(TreeClaim {
                    root: claim.root.into(),
                    snapshot: claim.snapshot.map(Into::into),
                    path: Path::new(&claim.path)?,
                    found,
                })
            }

            impl From<map::Entry> for verify::Entry {
                fn from(map::Entry { key, value }: map::Entry) -> Self {
                    Self { key, value }
                }
            }

            impl From<verify::Entry> for map::Entry {
                fn from(verify::Entry { key, value }: verify::Entry) -> Self {
                    Self { key, value }
                }
            }
        };
    };
    (@ids $types:ident; $($name:ident)*) => {$(
        impl From<$types::Id> for $name {
            fn from($types::Id { a, b, c, d }: $types::Id) -> Self {
                Self::from_bytes(bytes_of([a, b, c, d]))
            }
        }

        impl From<$name> for $types::Id {
            fn from(id: $name) -> Self {
                let [a, b, c, d] = numbers_of(id.as_bytes());
                Self { a, b, c, d }
            }
        }
    )*};
}

world!(engine::markerbed::engine::types, engine::exports::markerbed::engine::verify);
world!(verifier::exports::markerbed::engine::types, verifier::exports::markerbed::engine::verify);

impl From<engine::markerbed::engine::types::Id16> for Id16 {
    fn from(id: engine::markerbed::engine::types::Id16) -> Self {
        Self::from_bytes((u128::from(id.b) << 64 | u128::from(id.a)).to_le_bytes())
    }
}

impl From<verifier::exports::markerbed::engine::types::Id16> for Id16 {
    fn from(id: verifier::exports::markerbed::engine::types::Id16) -> Self {
        Self::from_bytes((u128::from(id.b) << 64 | u128::from(id.a)).to_le_bytes())
    }
}

impl From<Id16> for engine::markerbed::engine::types::Id16 {
    fn from(id: Id16) -> Self {
        let number = u128::from_le_bytes(*id.as_bytes());
        Self { a: number as u64, b: (number >> 64) as u64 }
    }
}

fn bytes_of(numbers: [u64; 4]) -> [u8; 32] {
    let mut bytes = [0; 32];
    let (chunks, _) = bytes.as_chunks_mut::<8>();
    for (chunk, number) in chunks.iter_mut().zip(numbers) {
        *chunk = number.to_le_bytes();
    }
    bytes
}

fn numbers_of(bytes: &[u8; 32]) -> [u64; 4] {
    let mut numbers = [0; 4];
    let (chunks, _) = bytes.as_chunks::<8>();
    for (number, chunk) in numbers.iter_mut().zip(chunks) {
        *number = u64::from_le_bytes(*chunk);
    }
    numbers
}
