//! What was seen of a directory, so that what has not changed is not read again.
//!
//! A hint below identity: a snapshot taken with it is the one that would be taken without it. It is
//! one file for a workspace and a directory, of what was there when a snapshot was taken; what it
//! says counts only while that snapshot is in the workspace. A lost or damaged one costs reading.
//!
//! A file is known again by device, inode, size, mode and times. Its times must lie a margin
//! before the moment at which the looking began ([`Stamp::is_old_at`]), or a change that came
//! after it was read might not show. A directory known again in this way has the names it had.

mod layout;
mod owners;
mod place;
mod write;

use std::io::{self, Read, Seek, SeekFrom};

use markerbed_core::{ContentId, NodeId, SnapshotId};
use xxhash_rust::xxh3::Xxh3;
use zstd::stream::read::Decoder;

use super::{
    extras::Extras,
    owners::Owner,
    stamp::{Moment, take},
};

pub(super) use layout::{Block, Body, Entries, Entry, Head, KnownExtras};
pub use place::SeenPlace;
pub use write::NewSeen;

/// What was seen when a snapshot was taken.
#[derive(Debug)]
pub struct Seen {
    bytes: Vec<u8>,
    trailer: Trailer,
}

/// The end of the file: what it is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Trailer {
    /// Made from everything that it is bound to.
    key: [u8; 32],
    snapshot: SnapshotId,
    root: NodeId,
    device: u64,
    began_at: Moment,
    /// Where the block of the root begins.
    block: u64,
    /// Where the names of owners begin, which end where the trailer begins.
    owners: u64,
}

impl Seen {
    /// The snapshot it was taken for. Who uses it checks that the snapshot is recorded and has
    /// [`Self::root`].
    pub const fn snapshot(&self) -> SnapshotId {
        self.trailer.snapshot
    }

    /// The root of that snapshot.
    pub const fn root(&self) -> NodeId {
        self.trailer.root
    }

    pub(super) fn is_of(&self, key: &[u8; 32]) -> bool {
        self.trailer.key == *key
    }

    pub(super) const fn device(&self) -> u64 {
        self.trailer.device
    }

    pub(super) fn root_block(&self) -> Option<Block<'_>> {
        self.block(self.trailer.block)
    }

    pub(super) fn block(&self, at: u64) -> Option<Block<'_>> {
        Block::read(&self.bytes, at, self.trailer.device)
    }

    pub(super) fn entry(&self, at: u64) -> Option<Entry<'_>> {
        layout::entry_at(&self.bytes, at, self.trailer.device)
    }

    /// What the machine called the owners that are in the attributes.
    pub(super) fn owners(&self) -> Option<Vec<(Owner, Option<String>)>> {
        let start = usize::try_from(self.trailer.owners).ok()?;
        let end = self.bytes.len().checked_sub(TRAILER_BYTES)?;
        owners::take_all(self.bytes.get(start..end)?)
    }

    /// The contents that are said to be stored, some of them more than once.
    pub(super) fn stored_contents(&self) -> impl Iterator<Item = ContentId> {
        let mut open: Vec<Entries<'_>> = self.root_block().iter().map(Block::entries).collect();
        let mut values: Vec<ContentId> = Vec::new();
        std::iter::from_fn(move || {
            loop {
                if let Some(value) = values.pop() {
                    return Some(value);
                }
                let Some(entry) = open.last_mut()?.next() else {
                    open.pop();
                    continue;
                };
                match entry.body {
                    Body::File { content, is_stored: true, extras, .. } => {
                        values.extend(extras.decode().iter().flat_map(Extras::contents));
                        return Some(content);
                    }
                    Body::Directory { block } => {
                        open.extend(self.block(block).iter().map(Block::entries));
                    }
                    _ => {}
                }
            }
        })
    }

    /// Reads a file; none if it is not whole, or of another version.
    fn parse(mut file: impl Read + Seek) -> Option<Self> {
        let packed_bytes = file.seek(SeekFrom::End(-END_BYTES)).ok()?;
        let (mut length, mut sum) = ([0; 8], [0; 8]);
        file.read_exact(&mut length).and_then(|()| file.read_exact(&mut sum)).ok()?;
        let length = u64::from_le_bytes(length);
        file.rewind().ok()?;
        let mut summed = Xxh3::new();
        io::copy(&mut (&mut file).take(packed_bytes + 8), &mut summed).ok()?;
        if summed.digest() != u64::from_le_bytes(sum) {
            return None;
        }
        file.rewind().ok()?;
        let mut magic = [0; MAGIC.len()];
        file.read_exact(&mut magic).ok().filter(|()| magic == *MAGIC)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(usize::try_from(length).ok()?).ok()?;
        Decoder::new(file.take(packed_bytes)).ok()?.take(length).read_to_end(&mut bytes).ok()?;
        let (_, mut trailer) = bytes.split_at_checked(bytes.len().checked_sub(TRAILER_BYTES)?)?;
        let trailer = Trailer::take(&mut trailer)?;
        Some(Self { bytes, trailer })
    }
}

impl Trailer {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.key);
        out.extend_from_slice(self.snapshot.as_bytes());
        out.extend_from_slice(self.root.as_bytes());
        out.extend_from_slice(&self.device.to_le_bytes());
        self.began_at.put(out);
        out.extend_from_slice(&self.block.to_le_bytes());
        out.extend_from_slice(&self.owners.to_le_bytes());
    }

    fn take(input: &mut &[u8]) -> Option<Self> {
        Some(Self {
            key: take(input)?,
            snapshot: SnapshotId::from_bytes(take(input)?),
            root: NodeId::from_bytes(take(input)?),
            device: u64::from_le_bytes(take(input)?),
            began_at: Moment::take(input)?,
            block: u64::from_le_bytes(take(input)?),
            owners: u64::from_le_bytes(take(input)?),
        })
    }
}

/// Begins every file; the number is the version. One frame of Zstandard follows, then how many
/// bytes that says, and a sum of all before it.
const MAGIC: &[u8] = b"markerbed seen 3\n";
/// Bytes of that number and of the sum.
const END_BYTES: i64 = 16;
const TRAILER_BYTES: usize = 3 * 32 + 8 + 12 + 2 * 8;
