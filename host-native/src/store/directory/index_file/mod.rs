//! The index file of a pack: where in the pack the keys of its first part are.
//!
//! Its bytes are fixed in `docs/spec/store-directory.md`. It is a hint that is never trusted: an
//! answer is a place to look at, and who asks compares what stands there with the whole key.

mod blocks;
mod encode;
mod filter;
mod guide;
mod head;
mod kept;
#[cfg(test)]
mod tests;

use std::{
    io,
    ops::Range,
    sync::{Arc, OnceLock},
};

pub(super) use blocks::BlockCache;
use blocks::{Blocks, Fault};
pub(super) use encode::encode;
use guide::{Guide, tag};
use head::{Counts, Header, SectionHead};
use kept::KeptFile;
use markerbed_core::WorkspaceId;

use super::{layer::StoreFile, sum::Seed};

/// What an index covers: a pack from its first record up to `end`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Covered {
    pub(super) pack: u32,
    /// An offset in the pack.
    pub(super) end: u64,
    /// The number of the first batch in that part; 0 if there is none.
    pub(super) first_sequence: u64,
    /// The number of the last batch; 0 if there is none.
    pub(super) last_sequence: u64,
}

/// What an index says of one workspace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Section {
    pub(super) workspace: WorkspaceId,
    /// The numbers of the entries in the part that is covered.
    pub(super) entries: Range<u64>,
    /// The hash of each key, and the offset in the pack to look at; in any order.
    pub(super) keys: Vec<(u64, u32)>,
    /// The offsets of the rows, ascending by the keys of the rows.
    pub(super) rows: Vec<u32>,
}

/// An open index file.
///
/// What is read of it is proven first: a block that is not what was written is an error, here a
/// sentence about the file, and never an answer.
pub(super) struct IndexFile {
    covered: Covered,
    sections: Vec<OpenSection>,
    blocks: Blocks,
}

struct OpenSection {
    head: SectionHead,
    /// Where its tables begin, in the data of the file.
    at: u64,
    guide: OnceLock<Guide>,
}

impl IndexFile {
    /// Opens the index of pack `pack` of the store of `seed`, reading no more than its head.
    ///
    /// Blocks that are read later are kept in `cache`, which the files of a store share.
    ///
    /// # Errors
    ///
    /// What the system reports; inside, why the file cannot be used.
    pub(super) fn open(
        file: Arc<dyn StoreFile>,
        pack: u32,
        seed: Seed,
        cache: Arc<BlockCache>,
    ) -> io::Result<Result<Self, &'static str>> {
        split(Self::read_head(file, pack, seed, cache))
    }

    /// An index that is no file, for whoever may not trust one and has no room for more.
    pub(super) fn in_memory(
        bytes: Vec<u8>,
        pack: u32,
        seed: Seed,
        cache: Arc<BlockCache>,
    ) -> Option<Self> {
        Self::open(Arc::new(KeptFile(bytes)), pack, seed, cache).ok()?.ok()
    }

    /// What the file covers.
    pub(super) const fn covered(&self) -> Covered {
        self.covered
    }

    /// The workspaces that have something in it, ascending, with the numbers of their entries.
    pub(super) fn workspaces(&self) -> impl Iterator<Item = (WorkspaceId, Range<u64>)> {
        self.sections.iter().map(|section| (section.head.workspace, section.head.entries.clone()))
    }

    /// The offsets in the pack at which the key with this hash may be, in no order: none, if it is
    /// certainly not in the part that is covered.
    ///
    /// # Errors
    ///
    /// What the system reports; inside, what is broken in the file.
    pub(super) fn candidates(
        &self,
        workspace: WorkspaceId,
        hash: u64,
    ) -> io::Result<Result<Vec<u32>, &'static str>> {
        match self.section(workspace) {
            Some(section) => split(self.find(section, hash)),
            None => Ok(Ok(Vec::new())),
        }
    }

    /// How many rows the part that is covered has of a workspace.
    pub(super) fn row_count(&self, workspace: WorkspaceId) -> u64 {
        self.section(workspace).map_or(0, |section| u64::from(section.head.counts.rows))
    }

    /// The offset in the pack of a workspace's `nth` row, from 0 on, in the order of the keys.
    ///
    /// # Errors
    ///
    /// What the system reports; inside, what is broken in the file, or that there is no such row.
    pub(super) fn row_offset(
        &self,
        workspace: WorkspaceId,
        nth: u64,
    ) -> io::Result<Result<u32, &'static str>> {
        match self.section(workspace) {
            Some(section) if nth < u64::from(section.head.counts.rows) => {
                split(self.read_row(section, nth))
            }
            _ => Ok(Err(NO_ROW)),
        }
    }

    /// Reads every block.
    ///
    /// # Errors
    ///
    /// What the system reports; inside, what is broken in the file.
    pub(super) fn check(&self) -> io::Result<Result<(), &'static str>> {
        let guides = || self.sections.iter().try_for_each(|section| self.guide(section).map(drop));
        split(self.blocks.check().and_then(|()| guides()))
    }

    fn read_head(
        file: Arc<dyn StoreFile>,
        pack: u32,
        seed: Seed,
        cache: Arc<BlockCache>,
    ) -> Result<Self, Fault> {
        let (blocks, first) = Blocks::open(file, pack, seed, cache)?;
        let header = Header::decode(&first).filter(|header| header.covered.pack == pack);
        let Some(header) = header.filter(|header| header.blocks == blocks.count()) else {
            return Err(Fault::Broken(HEAD_BROKEN));
        };
        let heads_bytes = u64::from(header.sections) * SectionHead::BYTES as u64;
        let heads = blocks.read(Header::BYTES as u64, heads_bytes)?;
        let mut sections: Vec<OpenSection> = Vec::new();
        let mut at = Header::BYTES as u64 + heads_bytes;
        for head in heads.as_chunks().0 {
            let head = SectionHead::decode(head).ok_or(Fault::Broken(HEAD_BROKEN))?;
            if sections.last().is_some_and(|before| before.head.workspace >= head.workspace) {
                return Err(Fault::Broken(HEAD_BROKEN));
            }
            let counts = head.counts;
            sections.push(OpenSection { head, at, guide: OnceLock::new() });
            at += counts.bytes();
        }
        if !blocks.holds_exactly(at) {
            return Err(Fault::Broken(HEAD_BROKEN));
        }
        Ok(Self { covered: header.covered, sections, blocks })
    }

    fn section(&self, workspace: WorkspaceId) -> Option<&OpenSection> {
        let found = self.sections.binary_search_by_key(&workspace, |other| other.head.workspace);
        self.sections.get(found.ok()?)
    }

    fn guide<'a>(&self, section: &'a OpenSection) -> Result<&'a Guide, Fault> {
        if let Some(guide) = section.guide.get() {
            return Ok(guide);
        }
        let counts = section.head.counts;
        let bytes = self.blocks.read(section.at, counts.guide_bytes())?;
        let guide = Guide::decode(&bytes, counts).ok_or(Fault::Broken(GUIDE_BROKEN))?;
        // Whoever was faster has read the same.
        Ok(section.guide.get_or_init(|| guide))
    }

    fn find(&self, section: &OpenSection, hash: u64) -> Result<Vec<u32>, Fault> {
        let guide = self.guide(section)?;
        if !guide.may_hold(hash) {
            return Ok(Vec::new());
        }
        let keys_at = section.at + section.head.counts.guide_bytes();
        let bucket = guide.bucket(hash);
        let place = |key: u32| keys_at + u64::from(key) * Counts::KEY_BYTES;
        let (mut at, end) = (place(bucket.start), place(bucket.end));
        let tag = tag(hash, section.head.counts.bucket_bits());
        let mut found = Vec::new();
        while at < end {
            let block = self.blocks.block_of(at)?;
            let part = block.part(at, end);
            let (keys, _) = part.as_chunks::<8>();
            let first = keys.partition_point(|key| split_key(key).0 < tag);
            let mut from_first = keys.get(first..).unwrap_or_default().iter().map(split_key);
            loop {
                match from_first.next() {
                    Some((other, offset)) if other == tag => found.push(self.checked(offset)?),
                    Some(_) => return Ok(found),
                    None => break,
                }
            }
            at += part.len() as u64;
        }
        Ok(found)
    }

    fn read_row(&self, section: &OpenSection, nth: u64) -> Result<u32, Fault> {
        let counts = section.head.counts;
        let at = section.at + counts.guide_bytes() + counts.key_bytes() + nth * Counts::ROW_BYTES;
        let block = self.blocks.block_of(at)?;
        let offset = block.part(at, at + Counts::ROW_BYTES).first_chunk();
        self.checked(offset.map_or(u32::MAX, |offset| u32::from_le_bytes(*offset)))
    }

    fn checked(&self, offset: u32) -> Result<u32, Fault> {
        let inside = u64::from(offset) < self.covered.end;
        if inside { Ok(offset) } else { Err(Fault::Broken(POINTS_OUTSIDE)) }
    }
}

fn split_key(key: &[u8; 8]) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = *key;
    (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
}

/// Parts what the system reports from what is broken in the file.
fn split<T>(found: Result<T, Fault>) -> io::Result<Result<T, &'static str>> {
    match found {
        Ok(found) => Ok(Ok(found)),
        Err(Fault::Broken(why)) => Ok(Err(why)),
        Err(Fault::System(error)) => Err(error),
    }
}

const HEAD_BROKEN: &str = "its head does not say what a head can";
const GUIDE_BROKEN: &str = "its directory of keys is not in order";
const POINTS_OUTSIDE: &str = "it points outside of what it covers";
const NO_ROW: &str = "it has no such row";
