//! Blocks: what an index file is read in, each proven by its own sum.

use std::{
    io,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use foldhash::fast::RandomState;
use quick_cache::{
    UnitWeighter,
    sync::{Cache, DefaultLifecycle},
};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Seed, StoreFile, head::MAGIC};

/// Bytes of a block.
pub(super) const BLOCK_BYTES: usize = 4_096;
/// Bytes of a block that are data; its sum follows them.
pub(super) const DATA_BYTES: usize = BLOCK_BYTES - 8;

/// Why something could not be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// What the system reports.
    System(io::Error),
    /// What is broken in the file.
    Broken(&'static str),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// The blocks that were read last, of all index files of a store.
///
/// Nobody waits here while somebody else reads a file.
pub(in crate::store::directory) struct BlockCache {
    blocks: Cache<(u32, u32), Arc<[u8]>, UnitWeighter, RandomState>,
    files: AtomicU32,
}

impl Default for BlockCache {
    fn default() -> Self {
        let (hashes, life) = (RandomState::default(), DefaultLifecycle::default());
        let most = CACHED_BLOCKS as u64;
        let blocks = Cache::with(CACHED_BLOCKS, most, UnitWeighter, hashes, life);
        Self { blocks, files: AtomicU32::new(0) }
    }
}

/// What tells the blocks of one file from those of others.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockSums {
    seed: Seed,
    pack: u32,
    /// The sum of the first block; 0 for that block itself.
    first: u64,
}

impl BlockSums {
    /// For the index of a pack, before its first block is known.
    pub(super) const fn new(seed: Seed, pack: u32) -> Self {
        Self { seed, pack, first: 0 }
    }

    /// The sum of the data of block `number`; the first block's binds those that follow.
    pub(super) fn sum(&mut self, number: u32, data: &[u8]) -> u64 {
        let mut place = [0; 24];
        let fields: [&[u8]; 4] =
            [&MAGIC, &self.pack.to_le_bytes(), &number.to_le_bytes(), &self.first.to_le_bytes()];
        let bytes = fields.into_iter().flatten();
        place.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        let sum = xxh3_64_with_seed(data, self.seed.sum(&place));
        if number == 0 {
            self.first = sum;
        }
        sum
    }
}

/// The blocks of one file.
pub(super) struct Blocks {
    file: Arc<dyn StoreFile>,
    sums: BlockSums,
    count: u32,
    cache: Arc<BlockCache>,
    /// The file's number in the cache.
    number: u32,
}

impl Blocks {
    /// Opens a file; returns the data of its first block too.
    pub(super) fn open(
        file: Arc<dyn StoreFile>,
        pack: u32,
        seed: Seed,
        cache: Arc<BlockCache>,
    ) -> Result<(Self, Vec<u8>), Fault> {
        let length = file.length()?;
        let count = u32::try_from(length / BLOCK_BYTES as u64).unwrap_or(0);
        if count == 0 || u64::from(count) * BLOCK_BYTES as u64 != length {
            return Err(Fault::Broken(NOT_IN_BLOCKS));
        }
        let number = cache.files.fetch_add(1, Ordering::Relaxed);
        let mut blocks = Self { file, sums: BlockSums::new(seed, pack), count, cache, number };
        let first = blocks.read_blocks(0, 1)?;
        let (data, sum) = split_block(&first);
        if blocks.sums.sum(0, data) != sum {
            return Err(Fault::Broken(FIRST_BROKEN));
        }
        let data = data.to_vec();
        Ok((blocks, data))
    }

    /// How many blocks the file has.
    pub(super) const fn count(&self) -> u32 {
        self.count
    }

    /// Tells whether `bytes` of data need as many blocks as the file has.
    pub(super) fn holds_exactly(&self, bytes: u64) -> bool {
        bytes.div_ceil(DATA_BYTES as u64) == u64::from(self.count)
    }

    /// Reads `bytes` of data from `at` on, past the cache.
    pub(super) fn read(&self, at: u64, bytes: u64) -> Result<Vec<u8>, Fault> {
        let end = at.saturating_add(bytes);
        if end > u64::from(self.count) * DATA_BYTES as u64 {
            return Err(Fault::Broken(ENDS_EARLY));
        }
        let mut data = Vec::with_capacity(bytes as usize);
        let mut at = at;
        while at < end {
            let number = (at / DATA_BYTES as u64) as u32;
            let count = (end.div_ceil(DATA_BYTES as u64) as u32 - number).min(READ_BLOCKS);
            let read = self.read_blocks(number, count)?;
            for (block, number) in read.chunks(BLOCK_BYTES).zip(number..) {
                let part = part_of(self.proven(number, block)?, at, end);
                data.extend_from_slice(part);
                at += part.len() as u64;
            }
        }
        Ok(data)
    }

    /// The block that has the byte of data at `at`, from the cache if it is there.
    pub(super) fn block_of(&self, at: u64) -> Result<Block, Fault> {
        let number = (at / DATA_BYTES as u64) as u32;
        if let Some(data) = self.cache.blocks.get(&(self.number, number)) {
            return Ok(Block(data));
        }
        let bytes = self.read_blocks(number, 1)?;
        let data: Arc<[u8]> = self.proven(number, &bytes)?.into();
        self.cache.blocks.insert((self.number, number), data.clone());
        Ok(Block(data))
    }

    /// Reads all blocks.
    pub(super) fn check(&self) -> Result<(), Fault> {
        for number in (0..self.count).step_by(READ_BLOCKS as usize) {
            let count = READ_BLOCKS.min(self.count - number);
            let read = self.read_blocks(number, count)?;
            for (block, number) in read.chunks(BLOCK_BYTES).zip(number..) {
                self.proven(number, block)?;
            }
        }
        Ok(())
    }

    fn read_blocks(&self, number: u32, count: u32) -> Result<Vec<u8>, Fault> {
        let mut bytes = vec![0; count as usize * BLOCK_BYTES];
        let read = self.file.read_at(&mut bytes, u64::from(number) * BLOCK_BYTES as u64)?;
        if read == bytes.len() { Ok(bytes) } else { Err(Fault::Broken(ENDS_EARLY)) }
    }

    fn proven<'a>(&self, number: u32, block: &'a [u8]) -> Result<&'a [u8], Fault> {
        let (data, sum) = split_block(block);
        let mut sums = self.sums;
        if number == 0 {
            sums.first = 0;
        }
        let whole = sums.sum(number, data) == sum && (number > 0 || sum == self.sums.first);
        if whole { Ok(data) } else { Err(Fault::Broken(BLOCK_BROKEN)) }
    }
}

/// The data of one block.
pub(super) struct Block(Arc<[u8]>);

impl Block {
    /// What it has of the data from `at`, which lies in it, to `end`.
    pub(super) fn part(&self, at: u64, end: u64) -> &[u8] {
        part_of(self.0.deref(), at, end)
    }
}

fn part_of(data: &[u8], at: u64, end: u64) -> &[u8] {
    let start = (at % DATA_BYTES as u64) as usize;
    let bytes = usize::try_from(end.saturating_sub(at)).unwrap_or(DATA_BYTES);
    data.get(start..data.len().min(start.saturating_add(bytes))).unwrap_or_default()
}

fn split_block(block: &[u8]) -> (&[u8], u64) {
    match block.split_last_chunk() {
        Some((data, sum)) => (data, u64::from_le_bytes(*sum)),
        None => (&[], 0),
    }
}

const NOT_IN_BLOCKS: &str = "its length is not that of an index";
const FIRST_BROKEN: &str = "its first block is not one of this pack of this store";
const BLOCK_BROKEN: &str = "a block is not what was written";
const ENDS_EARLY: &str = "it ends early";
/// 24 MiB.
const CACHED_BLOCKS: usize = 6_144;
/// 256 KiB at a time.
const READ_BLOCKS: u32 = 64;
