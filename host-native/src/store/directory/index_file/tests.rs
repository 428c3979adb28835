//! The index file against maps, and against everything that may happen to its bytes.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Mutex,
};

use markerbed_suites::{Random, print_count, seed};

use super::{
    blocks::{BLOCK_BYTES, BlockSums, DATA_BYTES},
    filter::Filter,
    *,
};
use crate::store::directory::layout::StoreId;

const PACK: u32 = 7;
const END: u64 = 1 << 26;

fn store_seed() -> Seed {
    Seed::of(StoreId([7; 16]))
}

const fn covered() -> Covered {
    Covered { pack: PACK, end: END, first_sequence: 3, last_sequence: 90 }
}

fn workspace(number: u8) -> WorkspaceId {
    WorkspaceId::from_bytes([number; 32])
}

/// A file in memory, whose reads are counted.
#[derive(Default)]
struct FileInMemory {
    bytes: Vec<u8>,
    reads: Mutex<usize>,
}

impl FileInMemory {
    fn of(bytes: &[u8]) -> Arc<Self> {
        Arc::new(Self { bytes: bytes.to_vec(), reads: Mutex::default() })
    }

    fn reads(&self) -> usize {
        *self.reads.lock().unwrap()
    }
}

impl StoreFile for FileInMemory {
    fn length(&self) -> io::Result<u64> {
        Ok(self.bytes.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        *self.reads.lock().unwrap() += 1;
        let rest = self.bytes.get(offset as usize..).unwrap_or_default();
        let count = buffer.len().min(rest.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        unreachable!("an index is only read")
    }

    fn truncate(&self, _: u64) -> io::Result<()> {
        unreachable!("an index is only read")
    }

    fn sync(&self) -> io::Result<()> {
        unreachable!("an index is only read")
    }

    fn try_lock(&self) -> io::Result<bool> {
        unreachable!("an index is only read")
    }
}

fn open(bytes: &[u8]) -> Result<IndexFile, &'static str> {
    open_as(bytes, PACK, store_seed())
}

fn open_as(bytes: &[u8], pack: u32, seed: Seed) -> Result<IndexFile, &'static str> {
    IndexFile::open(FileInMemory::of(bytes), pack, seed, Arc::default()).unwrap()
}

fn candidates(index: &IndexFile, workspace: WorkspaceId, hash: u64) -> BTreeSet<u32> {
    index.candidates(workspace, hash).unwrap().unwrap().into_iter().collect()
}

/// A section with random keys, some of which share their hash.
fn section(random: &mut Random, workspace: WorkspaceId, keys: usize, rows: usize) -> Section {
    let offset = |random: &mut Random| random.below(END) as u32;
    let mut keys: Vec<_> = (0..keys).map(|_| (random.next(), offset(random))).collect();
    for at in (9..keys.len()).step_by(10) {
        keys[at].0 = keys[at - 1].0;
    }
    let rows = (0..rows).map(|_| offset(random)).collect();
    let start = random.below(100);
    Section { workspace, entries: start..start + random.below(9), keys, rows }
}

/// Asserts that the index says of `section` what is true, and returns how much was asked.
fn assert_says(index: &IndexFile, section: &Section) -> u64 {
    let mut oracle: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    for (hash, offset) in &section.keys {
        oracle.entry(*hash).or_default().insert(*offset);
    }
    for (hash, offsets) in &oracle {
        assert_eq!(candidates(index, section.workspace, *hash), *offsets, "{hash:x}");
    }
    assert_eq!(index.row_count(section.workspace), section.rows.len() as u64);
    for (nth, row) in section.rows.iter().enumerate() {
        assert_eq!(index.row_offset(section.workspace, nth as u64).unwrap(), Ok(*row));
    }
    let behind = index.row_offset(section.workspace, section.rows.len() as u64).unwrap();
    assert_eq!(behind, Err(NO_ROW));
    (oracle.len() + section.rows.len()) as u64
}

#[test]
fn every_key_and_row_is_found_and_nothing_else() {
    let mut random = Random::new(seed(), "index_file");
    let mut asked = 0;
    for keys in [0, 1, 2, 127, 128, 129, 10_000, 300_000] {
        let section = section(&mut random, workspace(1), keys, keys / 2 + keys % 2);
        let bytes = encode(covered(), vec![section.clone()], store_seed());
        assert!(bytes.len() as f64 <= (10.5 * keys as f64 + 2.0 * keys as f64) + 8_192.0);

        let index = open(&bytes).unwrap();

        assert_eq!(index.covered(), covered());
        let workspaces: Vec<_> = index.workspaces().collect();
        assert_eq!(workspaces, [(workspace(1), section.entries.clone())]);
        asked += assert_says(&index, &section);
        let absent = (0..1_000).filter(|_| {
            !index.candidates(workspace(1), random.next()).unwrap().unwrap().is_empty()
        });
        assert_eq!(absent.count(), 0, "what the filter lets pass has the tag of no key");
        assert!(candidates(&index, workspace(2), random.next()).is_empty());
        assert_eq!(index.row_count(workspace(2)), 0);
        assert_eq!(index.check().unwrap(), Ok(()));
    }
    print_count("index_file_questions", asked, 400_000);
}

#[test]
fn many_workspaces_are_kept_apart() {
    let mut random = Random::new(seed(), "index_file_workspaces");
    let sections: Vec<_> = (0..200)
        .map(|number| {
            let (keys, rows) = (random.below(300) as usize, random.below(300) as usize);
            section(&mut random, workspace(number), keys, rows)
        })
        .collect();
    let in_order = encode(covered(), sections.clone(), store_seed());
    let mut turned: Vec<_> = sections.clone();
    turned.reverse();
    turned.iter_mut().for_each(|section| section.keys.reverse());

    let index = open(&in_order).unwrap();

    assert_eq!(encode(covered(), turned, store_seed()), in_order);
    assert_eq!(index.workspaces().count(), sections.len());
    let asked: u64 = sections.iter().map(|section| assert_says(&index, section)).sum();
    for pair in sections.windows(2) {
        for (hash, _) in &pair[0].keys {
            assert!(candidates(&index, pair[1].workspace, *hash).is_empty());
        }
    }
    print_count("index_file_workspaces", asked, 20_000);
}

#[test]
fn keys_that_share_a_hash_are_all_candidates() {
    let mut random = Random::new(seed(), "index_file_equal");
    let shared = random.next();
    let equal = (0..10_000).map(|offset| (shared, offset));
    let others = (0..10_000).map(|offset| (random.next(), 10_000 + offset));
    let keys: Vec<_> = equal.chain(others).collect();
    let rows = Vec::new();
    let section = Section { workspace: workspace(1), entries: 0..0, keys, rows };

    let index = open(&encode(covered(), vec![section.clone()], store_seed())).unwrap();

    assert_eq!(candidates(&index, workspace(1), shared), (0..10_000).collect());
    assert_says(&index, &section);
}

#[test]
fn buckets_may_be_empty() {
    let mut random = Random::new(seed(), "index_file_buckets");
    for bits in [0, 0b01, 0b11] {
        let hash = |random: &mut Random| (random.next() >> 2) | (bits << 62);
        let keys = (0..2_000).map(|offset| (hash(&mut random), offset)).collect();
        let section = Section { workspace: workspace(1), entries: 0..0, keys, rows: Vec::new() };

        let index = open(&encode(covered(), vec![section.clone()], store_seed())).unwrap();

        assert_says(&index, &section);
        let absent = (0..1_000).map(|_| candidates(&index, workspace(1), random.next()).len());
        assert_eq!(absent.sum::<usize>(), 0);
    }
}

#[test]
fn an_absent_key_costs_no_read_and_a_present_one_at_most_two() {
    let mut random = Random::new(seed(), "index_file_reads");
    let section = section(&mut random, workspace(1), 100_000, 0);
    let file = FileInMemory::of(&encode(covered(), vec![section.clone()], store_seed()));
    let cache = Arc::<BlockCache>::default();
    let index = IndexFile::open(file.clone(), PACK, store_seed(), cache).unwrap().unwrap();
    candidates(&index, workspace(1), 0);
    let before = file.reads();

    let absent = 100_000;
    (0..absent).for_each(|_| drop(candidates(&index, workspace(1), random.next())));
    let for_absent = file.reads() - before;
    for (hash, _) in section.keys.iter().take(1_000) {
        let before = file.reads();
        candidates(&index, workspace(1), *hash);
        assert!(file.reads() <= before + 2);
    }

    // Of a hundred absent keys fewer than two pass the filter, and most of these find their block.
    assert!(for_absent <= absent * 2 / 100, "{for_absent}");
}

#[test]
fn the_filter_lets_fewer_than_two_of_a_hundred_absent_keys_pass() {
    let mut random = Random::new(seed(), "index_file_filter");
    for keys in [1_000, 10_000, 300_000] {
        let mut filter = Filter::new(keys);
        let put: Vec<_> = (0..keys).map(|_| random.next()).collect();
        put.iter().for_each(|hash| filter.put(*hash));

        let passed = (0..200_000).filter(|_| filter.may_hold(random.next())).count();

        assert!(put.iter().all(|hash| filter.may_hold(*hash)));
        assert!(passed < 4_000, "{passed} of 200,000 with {keys}");
        println!("{keys} keys: {passed} of 200,000 absent keys pass");
    }
}

/// Two workspaces in two blocks, one of them with more than one bucket.
fn small() -> (Vec<Section>, Vec<u8>) {
    let mut random = Random::new(0, "index_file_small");
    let first = section(&mut random, workspace(1), 200, 20);
    let second = section(&mut random, workspace(2), 9, 600);
    let sections = vec![first, second];
    let bytes = encode(covered(), sections.clone(), store_seed());
    assert_eq!(bytes.len(), 2 * BLOCK_BYTES);
    (sections, bytes)
}

/// Asks for a part of everything; fails if an answer is not the true one.
fn assert_never_lies(bytes: &[u8], sections: &[Section]) -> Result<(), &'static str> {
    let index = open(bytes)?;
    assert_eq!(index.covered(), covered());
    let wanted = sections.iter().map(|section| (section.workspace, section.entries.clone()));
    assert!(index.workspaces().eq(wanted));
    let mut found = Ok(());
    for section in sections {
        for (hash, offset) in section.keys.iter().step_by(7) {
            match index.candidates(section.workspace, *hash).unwrap() {
                Ok(offsets) => assert!(offsets.contains(offset) && offsets.len() <= 2),
                Err(why) => found = Err(why),
            }
        }
        for nth in (0..section.rows.len()).step_by(29) {
            match index.row_offset(section.workspace, nth as u64).unwrap() {
                Ok(offset) => assert_eq!(offset, section.rows[nth]),
                Err(why) => found = Err(why),
            }
        }
    }
    let checked = index.check().unwrap();
    assert!(checked.is_err() || found.is_ok(), "check finds what a question finds");
    checked
}

#[test]
fn every_flipped_bit_is_found_and_gives_no_other_answer() {
    let (sections, bytes) = small();
    assert_eq!(assert_never_lies(&bytes, &sections), Ok(()));
    let mut damaged = bytes.clone();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            damaged[at] ^= 1 << bit;
            assert!(assert_never_lies(&damaged, &sections).is_err(), "bit {bit} of byte {at}");
            damaged[at] = bytes[at];
        }
    }
    print_count("index_file_flips", bytes.len() as u64 * 8, 65_536);
}

#[test]
fn every_other_length_is_refused() {
    let (_, bytes) = small();
    let longer = [bytes.clone(), vec![0; BLOCK_BYTES]].concat();
    for length in 0..longer.len() {
        let opened = open(&longer[..length]);
        assert_eq!(opened.is_ok(), length == bytes.len(), "{length}");
    }
    assert!(open(&longer).is_err());
    assert!(open(&[bytes.clone(), bytes].concat()).is_err());
}

#[test]
fn blocks_that_change_places_are_found() {
    let (sections, bytes) = small();
    let (first, second) = bytes.split_at(BLOCK_BYTES);
    let newer = Covered { end: END - 1, ..covered() };
    let other = encode(newer, sections.clone(), store_seed());

    assert!(open(&[second, first].concat()).is_err());
    let repeated = [first, first].concat();
    assert_eq!(assert_never_lies(&repeated, &sections), Err("a block is not what was written"));
    // What follows the first block, from another index of the same pack with the same tables.
    let mixed = [first, &other[BLOCK_BYTES..]].concat();
    assert_eq!(assert_never_lies(&mixed, &sections), Err("a block is not what was written"));
}

#[test]
fn the_index_of_another_store_or_pack_is_refused() {
    let (_, bytes) = small();
    let other = Seed::of(StoreId([8; 16]));
    let why = "its first block is not one of this pack of this store";

    assert_eq!(open_as(&bytes, PACK, other).err(), Some(why));
    assert_eq!(open_as(&bytes, PACK + 1, store_seed()).err(), Some(why));
}

/// Bytes with true sums that were never encoded.
fn forged(data: &[u8]) -> Vec<u8> {
    let mut sums = BlockSums::new(store_seed(), PACK);
    let mut out = Vec::new();
    for (number, data) in data.chunks(DATA_BYTES).enumerate() {
        let mut block = data.to_vec();
        block.resize(DATA_BYTES, 0);
        let sum = sums.sum(number as u32, &block);
        out.extend_from_slice(&block);
        out.extend_from_slice(&sum.to_le_bytes());
    }
    out
}

#[test]
fn a_forged_head_is_refused_before_anything_is_reserved() {
    let head = |blocks, sections, keys, rows, pack| {
        let covered = Covered { pack, ..covered() };
        let mut out = Header { covered, sections, blocks }.encode();
        let counts = Counts { keys, rows };
        let head = SectionHead { workspace: workspace(1), entries: 0..1, counts };
        out.extend_from_slice(&head.encode());
        out.extend_from_slice(&head.encode());
        forged(&out)
    };

    assert!(open(&head(1, 1, 0, 0, PACK)).is_ok());
    for (blocks, sections, keys, rows, pack) in [
        (2, 1, 0, 0, PACK),
        (1, 1, 0, 0, PACK + 1),
        (1, 2, 0, 0, PACK),
        (1, u32::MAX, 0, 0, PACK),
        (1, 1, u32::MAX, 0, PACK),
        (1, 1, 0, u32::MAX, PACK),
        (1, 1, 1_000, 0, PACK),
    ] {
        assert!(open(&head(blocks, sections, keys, rows, pack)).is_err());
    }
}

#[test]
fn forged_tables_give_an_error_or_none_and_never_a_panic() {
    let mut random = Random::new(seed(), "index_file_forged");
    let (sections, bytes) = small();
    let data: Vec<u8> =
        bytes.chunks(BLOCK_BYTES).flat_map(|block| &block[..DATA_BYTES]).copied().collect();
    let mut tried = 0;
    for _ in 0..5_000 {
        let mut data = data.clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(data.len() as u64) as usize;
            data[at] = random.next() as u8;
        }
        let Ok(index) = open(&forged(&data)) else { continue };
        for section in &sections {
            for (hash, _) in section.keys.iter().step_by(7) {
                let _ = index.candidates(section.workspace, *hash).unwrap();
            }
            for nth in 0..index.row_count(section.workspace).min(700) {
                if let Ok(offset) = index.row_offset(section.workspace, nth).unwrap() {
                    assert!(u64::from(offset) < index.covered().end);
                }
            }
        }
        let _ = index.check().unwrap();
        tried += 1;
    }
    print_count("index_file_forgeries", tried, 1_000);
}

#[test]
fn what_the_system_reports_is_told_from_damage() {
    struct Failing(Arc<FileInMemory>);

    impl StoreFile for Failing {
        fn length(&self) -> io::Result<u64> {
            self.0.length()
        }

        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            match offset {
                0 => self.0.read_at(buffer, offset),
                _ => Err(io::ErrorKind::TimedOut.into()),
            }
        }

        fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
            unreachable!("an index is only read")
        }

        fn truncate(&self, _: u64) -> io::Result<()> {
            unreachable!("an index is only read")
        }

        fn sync(&self) -> io::Result<()> {
            unreachable!("an index is only read")
        }

        fn try_lock(&self) -> io::Result<bool> {
            unreachable!("an index is only read")
        }
    }

    let (sections, bytes) = small();
    let file = Arc::new(Failing(FileInMemory::of(&bytes)));
    let index = IndexFile::open(file, PACK, store_seed(), Arc::default()).unwrap().unwrap();

    let last = sections[1].rows.len() as u64 - 1;
    let error = index.row_offset(workspace(2), last).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[test]
fn two_files_do_not_share_cached_blocks() {
    let mut random = Random::new(seed(), "index_file_cache");
    let cache = Arc::<BlockCache>::default();
    let mut opened = Vec::new();
    for _ in 0..3 {
        let section = section(&mut random, workspace(1), 5_000, 5_000);
        let file = FileInMemory::of(&encode(covered(), vec![section.clone()], store_seed()));
        let index = IndexFile::open(file, PACK, store_seed(), cache.clone()).unwrap().unwrap();
        opened.push((index, section));
    }

    for (index, section) in &opened {
        assert_says(index, section);
    }
}
