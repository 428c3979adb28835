//! Snapshots: a root node, and who recorded it, when, how, and what could not be seen
//! (`docs/spec/snapshots.md`).

use alloc::vec::Vec;
use core::ops::Deref;

use super::name::{Label, Tool};
use crate::{
    codec::{
        Canonical, Reader, put_byte, put_bytes, put_fixed, put_format, put_i64, put_option, put_u64,
    },
    error::{Error, Fault},
    hash::{Context, derive_key},
    id::{AttributesId, ContentId, Id16, NodeId, Sha256Digest, SnapshotId},
    limits::{OBJECT_BYTES_MAX, PARENTS_MAX},
};

/// A snapshot whose fields may stand together; reads as its [`SnapshotFields`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Snapshot(SnapshotFields);

/// The fields of a snapshot, by name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SnapshotFields {
    /// What was there.
    pub root: NodeId,
    /// At most 16 and no two equal, in the maker's order.
    pub parents: Vec<SnapshotId>,
    /// What the root was taken from.
    pub source_kind: SourceKind,
    /// What people call the source; never a machine's name or an absolute path.
    pub source_label: Label,
    /// One attempt to take the source in.
    pub run: Id16,
    /// Milliseconds since 1970 UTC.
    pub captured_at_ms: i64,
    /// Whose clock that was.
    pub clock: Clock,
    /// A pseudonym.
    pub agent: Id16,
    /// The rules in force: a document.
    pub rules: ContentId,
    /// Whether all of the source was seen.
    pub coverage: Coverage,
    /// What was seen and what could not be: a document.
    pub evidence: Option<ContentId>,
    /// Attributes of the root.
    pub attributes: Option<AttributesId>,
    /// SHA-256 of the plain listing.
    pub listing: Option<Sha256Digest>,
    /// What made the snapshot.
    pub tool: Tool,
}

/// What a root was taken from. The numbers are hashed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SourceKind {
    /// A directory of a file system.
    Directory = 1,
}

/// Whose clock said when. The numbers are hashed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Clock {
    /// The host's.
    Host = 1,
    /// The source's.
    Source = 2,
    /// Nobody knows.
    Unknown = 3,
}

/// Whether all of the source was seen. The numbers are hashed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Coverage {
    /// There is no gap.
    Complete = 1,
    /// The evidence lists the gaps.
    Partial = 2,
    /// Nobody knows.
    Unknown = 3,
}

impl Snapshot {
    /// Proves that `fields` may stand together.
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfRange`] for too many or equal parents (SNAP-2), or for partial coverage
    /// without evidence (SNAP-3).
    pub fn new(fields: SnapshotFields) -> Result<Self, Error> {
        // Its own bytes are the judge, so there is one place that knows the rules.
        Self::decode(&Self(fields).encode())
    }

    /// The snapshot's id (SNAP-1).
    pub fn id(&self) -> SnapshotId {
        SnapshotId::from_bytes(derive_key(Context::Snapshot, &[&self.encode()]))
    }

    /// Gives the fields away.
    pub fn into_fields(self) -> SnapshotFields {
        self.0
    }
}

impl Deref for Snapshot {
    type Target = SnapshotFields;

    fn deref(&self) -> &SnapshotFields {
        &self.0
    }
}

impl Canonical for Snapshot {
    const BYTES_MAX: u32 = OBJECT_BYTES_MAX;

    fn put(&self, out: &mut Vec<u8>) {
        put_format(out);
        put_fixed(out, self.root.as_bytes());
        put_u64(out, self.parents.len() as u64);
        self.parents.iter().for_each(|parent| put_fixed(out, parent.as_bytes()));
        put_byte(out, self.source_kind.number());
        put_bytes(out, self.source_label.as_str().as_bytes());
        put_fixed(out, self.run.as_bytes());
        put_i64(out, self.captured_at_ms);
        put_byte(out, self.clock.number());
        put_fixed(out, self.agent.as_bytes());
        put_fixed(out, self.rules.as_bytes());
        put_byte(out, self.coverage.number());
        put_option(out, self.evidence, |out, id| put_fixed(out, id.as_bytes()));
        put_option(out, self.attributes, |out, id| put_fixed(out, id.as_bytes()));
        put_option(out, self.listing, |out, digest| put_fixed(out, digest.as_bytes()));
        put_bytes(out, self.tool.as_str().as_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.take_format()?;
        Ok(Self(SnapshotFields {
            root: NodeId::from_bytes(reader.take_fixed()?),
            parents: take_parents(reader)?,
            source_kind: take_numbered(reader, &SourceKind::ALL, SourceKind::number)?,
            source_label: Label::take(reader)?,
            run: Id16::from_bytes(reader.take_fixed()?),
            captured_at_ms: reader.take_i64()?,
            clock: take_numbered(reader, &Clock::ALL, Clock::number)?,
            agent: Id16::from_bytes(reader.take_fixed()?),
            rules: ContentId::from_bytes(reader.take_fixed()?),
            coverage: take_numbered(reader, &Coverage::ALL, Coverage::number)?,
            evidence: reader.take_option(Reader::take_fixed)?.map(ContentId::from_bytes),
            attributes: reader.take_option(Reader::take_fixed)?.map(AttributesId::from_bytes),
            listing: reader.take_option(Reader::take_fixed)?.map(Sha256Digest::from_bytes),
            tool: Tool::take(reader)?,
        }))
    }

    fn check_whole(&self) -> Result<(), Error> {
        if self.coverage == Coverage::Partial && self.evidence.is_none() {
            return Err(Error::malformed(Fault::OutOfRange));
        }
        Ok(())
    }
}

/// Takes the parents; a repeat is found where it stands (SNAP-2).
fn take_parents(reader: &mut Reader<'_>) -> Result<Vec<SnapshotId>, Error> {
    let count = reader.take_u32_in(0..=PARENTS_MAX)?;
    let mut parents = Vec::new();
    for _ in 0..count {
        let start = reader.at();
        let parent = SnapshotId::from_bytes(reader.take_fixed()?);
        if parents.contains(&parent) {
            return reader.fault(Fault::OutOfRange, start);
        }
        parents.push(parent);
    }
    Ok(parents)
}

/// Takes one of `known`; any other number is a format of another version (ENC-7).
fn take_numbered<T: Copy>(
    reader: &mut Reader<'_>,
    known: &[T],
    number: fn(T) -> u8,
) -> Result<T, Error> {
    let start = reader.at();
    let found = reader.take_byte()?;
    let value = known.iter().find(|value| number(**value) == found);
    value.copied().map_or_else(|| reader.fault(Fault::UnsupportedFormat, start), Ok)
}

macro_rules! numbered {
    ($($name:ident { $($arm:ident = $word:literal),* })*) => {$(
        impl $name {
            /// Every one, by number.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$arm),*];

            /// Its number.
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// Its name, the same in every binding.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$arm => $word,)*
                }
            }
        }
    )*};
}

numbered! {
    SourceKind { Directory = "directory" }
    Clock { Host = "host", Source = "source", Unknown = "unknown" }
    Coverage { Complete = "complete", Partial = "partial", Unknown = "unknown" }
}
