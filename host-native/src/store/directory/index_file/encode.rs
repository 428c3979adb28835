//! Makes index files.

use super::{
    Covered, Section, Seed,
    blocks::{BLOCK_BYTES, BlockSums, DATA_BYTES},
    guide::{Guide, tag},
    head::{Counts, Header, SectionHead},
};

/// The bytes of an index file: the same for the same sections, in whatever order they and their
/// keys come.
pub(in crate::store::directory) fn encode(
    covered: Covered,
    mut sections: Vec<Section>,
    seed: Seed,
) -> Vec<u8> {
    sections.sort_unstable_by_key(|section| section.workspace);
    let heads: Vec<_> = sections.iter().map(head).collect();
    let heads_bytes = (heads.len() * SectionHead::BYTES) as u64;
    let tables_bytes: u64 = heads.iter().map(|head| head.counts.bytes()).sum();
    let blocks = (Header::BYTES as u64 + heads_bytes + tables_bytes).div_ceil(DATA_BYTES as u64);
    let blocks = narrow(blocks as usize);
    let mut out = BlockWriter::new(BlockSums::new(seed, covered.pack), blocks);
    out.put(&Header { covered, sections: narrow(heads.len()), blocks }.encode());
    heads.iter().for_each(|head| out.put(&head.encode()));
    for (section, head) in sections.into_iter().zip(heads) {
        put_tables(&mut out, section, head.counts);
    }
    out.finish()
}

fn head(section: &Section) -> SectionHead {
    let counts = Counts { keys: narrow(section.keys.len()), rows: narrow(section.rows.len()) };
    SectionHead { workspace: section.workspace, entries: section.entries.clone(), counts }
}

fn put_tables(out: &mut BlockWriter, mut section: Section, counts: Counts) {
    section.keys.sort_unstable();
    out.put(&Guide::of(section.keys.iter().map(|(hash, _)| *hash), counts).encode());
    for (hash, offset) in section.keys {
        out.put(&tag(hash, counts.bucket_bits()).to_le_bytes());
        out.put(&offset.to_le_bytes());
    }
    let rows_bytes = section.rows.len() as u64 * Counts::ROW_BYTES;
    section.rows.iter().for_each(|row| out.put(&row.to_le_bytes()));
    out.put(PADDING.get(..(counts.row_bytes() - rows_bytes) as usize).unwrap_or_default());
}

/// Cuts data into blocks and puts the sum behind each.
struct BlockWriter {
    out: Vec<u8>,
    sums: BlockSums,
}

impl BlockWriter {
    fn new(sums: BlockSums, blocks: u32) -> Self {
        Self { out: Vec::with_capacity(blocks as usize * BLOCK_BYTES), sums }
    }

    fn put(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = DATA_BYTES - self.out.len() % BLOCK_BYTES;
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.out.extend_from_slice(now);
            bytes = later;
            if now.len() == room {
                self.end_block();
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if !self.out.len().is_multiple_of(BLOCK_BYTES) {
            self.out.resize(self.out.len().next_multiple_of(BLOCK_BYTES) - 8, 0);
            self.end_block();
        }
        self.out
    }

    fn end_block(&mut self) {
        let number = self.out.len() / BLOCK_BYTES;
        let data = self.out.get(number * BLOCK_BYTES..).unwrap_or_default();
        let sum = self.sums.sum(narrow(number), data);
        self.out.extend_from_slice(&sum.to_le_bytes());
    }
}

/// A pack has fewer than 2³² bytes, so it has fewer of anything.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

const PADDING: [u8; 8] = [0; 8];
