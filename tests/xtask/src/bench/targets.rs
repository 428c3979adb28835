//! The lines of the table of targets: what is compared with what, and how much it may be.

use super::{
    contest::OURS,
    groups::{BARE, UNMARKED},
    results::{Group, Quantity, Results},
    tables::{amount, thousands},
};

/// One line.
pub(super) struct Line {
    pub(super) group: Group,
    /// What stands in the table.
    pub(super) shown: &'static str,
    pub(super) operation: &'static str,
    pub(super) quantity: Quantity,
    pub(super) bound: Bound,
}

/// What is asked of a line.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    /// At most so many times what the peer needs.
    Times(&'static str, f64),
    /// Shown beside the peer; nothing is asked.
    Beside(&'static str),
    /// At most so much.
    AtMost(f64),
    /// At most so many MiB, and so many bytes for each file of the input.
    Memory { mib: f64, bytes_a_file: f64 },
    /// At most one file of the store for so many bytes of the input.
    FilesForBytes(f64),
}

/// A line with what was measured.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) shown: String,
    pub(super) ours: String,
    pub(super) peer: String,
    pub(super) theirs: String,
    pub(super) ratio: Option<f64>,
    pub(super) at_most: String,
    /// Whether the target is met, if there is one.
    pub(super) met: Option<bool>,
}

/// The rows of a group; lines that were not measured are left out.
pub(super) fn rows(results: &Results) -> Vec<Row> {
    let of_group = LINES.iter().filter(|line| line.group == results.group);
    of_group.filter_map(|line| line.row(results)).collect()
}

impl Line {
    fn row(&self, results: &Results) -> Option<Row> {
        let ours = results.median(self.operation, OURS, self.quantity)?;
        let shown = self.shown.to_owned();
        let row = Row {
            shown,
            ours: amount(ours, self.quantity),
            peer: String::new(),
            theirs: String::new(),
            ratio: None,
            at_most: String::new(),
            met: None,
        };
        let input = |quantity| results.median("input", "", quantity);
        Some(match self.bound {
            Bound::Times(peer, at_most) => {
                let row = beside(row, ours, peer, self.peer_value(results, peer)?, self.quantity);
                Row { met: row.ratio.map(|ratio| ratio <= at_most), ..row }
                    .with_limit(format!("{at_most:.2} ×"))
            }
            Bound::Beside(peer) => {
                beside(row, ours, peer, self.peer_value(results, peer)?, self.quantity)
            }
            Bound::AtMost(at_most) => {
                Row { met: Some(ours <= at_most), ..row }.with_limit(amount(at_most, self.quantity))
            }
            Bound::Memory { mib, bytes_a_file } => {
                let files = input(Quantity::Files)?;
                let at_most = mib + bytes_a_file * files / f64::from(1 << 20);
                Row { met: Some(ours <= at_most), ..row }.with_limit(amount(at_most, self.quantity))
            }
            Bound::FilesForBytes(bytes) => {
                let at_most = 16.0 + input(Quantity::Bytes)? / bytes;
                Row { met: Some(ours <= at_most), ..row }.with_limit(thousands(at_most))
            }
        })
    }

    fn peer_value(&self, results: &Results, peer: &str) -> Option<f64> {
        results.median(self.operation, peer, self.quantity)
    }
}

impl Row {
    fn with_limit(self, at_most: String) -> Self {
        Self { at_most, ..self }
    }
}

fn beside(row: Row, ours: f64, peer: &str, theirs: f64, quantity: Quantity) -> Row {
    let ratio = (theirs > 0.0).then_some(ours / theirs);
    Row { peer: peer.to_owned(), theirs: amount(theirs, quantity), ratio, ..row }
}

const fn line(
    group: Group,
    shown: &'static str,
    operation: &'static str,
    quantity: Quantity,
    bound: Bound,
) -> Line {
    Line { group, shown, operation, quantity, bound }
}

use Bound::{AtMost, Beside, FilesForBytes, Memory, Times};
use Group::{Extended, Large, Records, Runtimes, Small, Tree, Watch};
use Quantity::{Bytes, CpuMs, CpuS, CpuUs, Files, PeakMib, WallMs, WallS};

const FLAT: Bound = Memory { mib: 64.0, bytes_a_file: 0.0 };
const A_FILE: Bound = Memory { mib: 64.0, bytes_a_file: 150.0 };
const ZSTD: &str = "tar | zstd -1";
const B3SUM: &str = "b3sum on two processes";
/// A browser reads files, and in as much time again they are a snapshot.
const TWICE_READ: Bound = Times("reading alone", 2.0);
/// At least nine tenths as fast as the hash function without the engine.
const NEARLY_BARE: Bound = Times("bare BLAKE3", 1.0 / 0.9);
const GIT_ADD: &str = "git add, write-tree";

const LINES: &[Line] = &[
    line(Tree, "cold snapshot with contents", "cold", CpuS, Times(ZSTD, 1.0)),
    line(Tree, "the same", "cold", CpuS, Times("borg", 0.35)),
    line(Tree, "the same", "cold", CpuS, Beside("restic")),
    line(Tree, "hashes only (`snap --no-contents`)", "hashes", CpuS, Times(B3SUM, 1.25)),
    line(Tree, "unchanged snapshot", "unchanged", CpuS, Times("git status", 0.8)),
    line(Tree, "the same", "unchanged", CpuS, Beside("restic")),
    line(Tree, "written by it to the store", "written when unchanged", Bytes, AtMost(0.0)),
    line(Tree, "1 % of files changed", "changed", CpuS, Times(GIT_ADD, 0.8)),
    line(Tree, "the same", "changed", CpuS, Beside("restic")),
    line(Tree, "`diff` of the two", "diff", CpuS, Times("git diff-tree", 0.8)),
    line(Tree, "`check --read-data`", "check", CpuS, Times("restic", 0.2)),
    line(Tree, "restore", "restore", CpuS, Times("cp -a", 1.3)),
    line(Tree, "the same", "restore", CpuS, Beside("restic")),
    line(Tree, "stored size", "stored", Bytes, Times("restic", 0.9)),
    line(Tree, "the same", "stored", Bytes, Beside(ZSTD)),
    line(Tree, "files in the store", "stored", Files, FilesForBytes(8e6)),
    line(Tree, "peak memory of the cold snapshot", "cold", PeakMib, A_FILE),
    line(Tree, "of the unchanged one", "unchanged", PeakMib, A_FILE),
    line(Tree, "of `check --read-data`", "check", PeakMib, FLAT),
    line(Tree, "of restore", "restore", PeakMib, FLAT),
    line(Small, "cold snapshot with contents", "cold", CpuS, Times(ZSTD, 1.0)),
    line(Small, "the same", "cold", CpuS, Times("borg", 0.35)),
    line(Small, "the same", "cold", CpuS, Beside("restic")),
    line(Small, "`diff`, one changed file", "diff of one", CpuS, AtMost(0.01)),
    line(Small, "`check --read-data`", "check", CpuS, Times("restic", 0.2)),
    line(Small, "restore", "restore", CpuS, Times("cp -a", 1.3)),
    line(Small, "stored size", "stored", Bytes, Times("restic", 0.9)),
    line(Small, "files in the store", "stored", Files, FilesForBytes(8e6)),
    line(Small, "peak memory of the cold snapshot", "cold", PeakMib, A_FILE),
    line(Small, "with one changed", "one changed", PeakMib, A_FILE),
    line(Small, "of `check --read-data`", "check", PeakMib, FLAT),
    line(Small, "of restore", "restore", PeakMib, FLAT),
    line(Large, "cold snapshot with contents", "cold", CpuS, Times("restic", 0.5)),
    line(Large, "the same", "cold", CpuS, Beside(ZSTD)),
    line(Large, "1 % overwritten in one stretch", "overwritten", CpuS, Times("restic", 0.5)),
    line(Large, "new bytes for each changed", "overwritten", Quantity::Times, AtMost(1.5)),
    line(Large, "beside restic", "overwritten", Quantity::Times, Beside("restic")),
    line(Large, "1 % inserted in one stretch", "inserted", CpuS, Times("restic", 0.5)),
    line(Large, "new bytes for each inserted", "inserted", Quantity::Times, AtMost(1.5)),
    line(Large, "beside restic", "inserted", Quantity::Times, Beside("restic")),
    line(Large, "stored size", "stored", Bytes, Beside("restic")),
    line(Large, "peak memory of the cold snapshot", "cold", PeakMib, A_FILE),
    line(Large, "of `check --read-data`", "check", PeakMib, FLAT),
    line(Large, "of restore", "restore", PeakMib, FLAT),
    line(Extended, "cold, an extended attribute a file", "extended", CpuS, Times(UNMARKED, 1.1)),
    line(Extended, "the same", "extended", CpuS, Beside(BARE)),
    line(Watch, "from an edit to its snapshot's line, wall", "edit", WallMs, AtMost(200.0)),
    line(Watch, "resident memory meanwhile, the largest", "edit", PeakMib, AtMost(57.2)),
    line(Runtimes, "hashing in wasmtime", "hashing in wasmtime", WallMs, NEARLY_BARE),
    line(Runtimes, "the same, streamed", "streamed in wasmtime", WallMs, NEARLY_BARE),
    line(Runtimes, "the same", "hashing in wasmtime", WallMs, Beside("natively")),
    line(Runtimes, "hashing in Node", "hashing in Node", WallMs, NEARLY_BARE),
    line(Runtimes, "hashing in Chromium", "hashing in Chromium", WallMs, NEARLY_BARE),
    line(Runtimes, "hashing in Firefox", "hashing in Firefox", WallMs, NEARLY_BARE),
    line(Runtimes, "10,000 files by the component", "tree", WallS, Times("natively", 2.5)),
    line(Runtimes, "runtime, cache, instance, answer", "begin", WallMs, AtMost(5.0)),
    line(Runtimes, "10,000 objects into IndexedDB", "put", WallS, AtMost(3.0)),
    line(Runtimes, "10,000 objects back", "fetch", WallS, AtMost(1.0)),
    line(Runtimes, "10,000 files, Chromium", "files into IndexedDB in Chromium", WallS, TWICE_READ),
    line(Runtimes, "as a folder", "directory into IndexedDB in Chromium", WallS, TWICE_READ),
    line(Runtimes, "10,000 files, Firefox", "files into IndexedDB in Firefox", WallS, TWICE_READ),
    line(Runtimes, "as a folder", "directory into IndexedDB in Firefox", WallS, TWICE_READ),
    line(Runtimes, "first use", "first use by a worker in Chromium", WallMs, AtMost(200.0)),
    line(Runtimes, "first use", "first use by a worker in Firefox", WallMs, AtMost(200.0)),
    line(Runtimes, "page blocked", "longest block of the page in Chromium", WallMs, AtMost(50.0)),
    line(Runtimes, "page blocked", "longest block of the page in Firefox", WallMs, AtMost(50.0)),
    line(Records, "insert", "insert", CpuUs, AtMost(3.0)),
    line(Records, "the same", "insert", CpuUs, Beside("LMDB")),
    line(Records, "the same", "insert", CpuUs, Beside("RocksDB")),
    line(Records, "point read", "point read", CpuUs, Times("LMDB", 1.0)),
    line(Records, "the same", "point read", CpuUs, Beside("RocksDB")),
    line(Records, "batch of 100, a record", "batch of 100", CpuUs, Times("LMDB", 1.0)),
    line(Records, "the same", "batch of 100", CpuUs, Beside("RocksDB")),
    line(Records, "absent key", "absent key", CpuUs, Times("RocksDB", 0.5)),
    line(Records, "the same", "absent key", CpuUs, Beside("LMDB")),
    line(Records, "on disk, for each byte of payload", "stored", Quantity::Times, AtMost(1.1)),
    line(Records, "the same", "stored", Quantity::Times, Beside("LMDB")),
    line(Records, "the same", "stored", Quantity::Times, Beside("RocksDB")),
    line(Records, "open, CPU", "open", CpuMs, AtMost(50.0)),
    line(Records, "the same", "open", CpuMs, Beside("RocksDB")),
    line(Records, "open, wall", "open", WallMs, AtMost(50.0)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::tests::empty;

    #[test]
    fn a_ratio_is_held_against_its_limit() {
        let mut results = empty(Tree);
        for (ours, theirs) in [(1.0, 2.0), (5.0, 2.0), (1.5, 2.0)] {
            results.add("unchanged", OURS, CpuS, ours);
            results.add("unchanged", "git status", CpuS, theirs);
        }

        let rows = rows(&results);

        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!((rows[0].ratio, rows[0].met), (Some(0.75), Some(true)));
        assert_eq!(rows[0].at_most, "0.80 ×");
    }

    #[test]
    fn a_limit_that_is_missed_is_said() {
        let mut results = empty(Tree);
        results.add("check", OURS, CpuS, 1.0);
        results.add("check", "restic", CpuS, 4.0);
        results.add("written when unchanged", OURS, Bytes, 1.0);

        let met: Vec<_> = rows(&results).iter().map(|row| row.met).collect();

        assert_eq!(met, [Some(false), Some(false)]);
    }

    #[test]
    fn memory_may_grow_with_files_where_the_target_says_so() {
        let mut results = empty(Small);
        results.add("input", "", Files, 200_000.0);
        results.add("cold", OURS, PeakMib, 90.0);
        results.add("check", OURS, PeakMib, 90.0);

        let met: Vec<_> = rows(&results).iter().map(|row| row.met).collect();

        assert_eq!(met, [Some(true), Some(false)]);
    }

    #[test]
    fn every_group_with_targets_has_lines_and_none_stands_twice() {
        for group in [Tree, Small, Large, Extended, Watch, Runtimes, Records] {
            assert!(LINES.iter().any(|line| line.group == group));
        }
        let key = |line: &Line| {
            let peer = match line.bound {
                Times(peer, _) | Beside(peer) => peer,
                _ => "",
            };
            (line.group, line.operation, line.quantity, peer)
        };
        let mut keys: Vec<_> = LINES.iter().map(key).collect();
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();

        assert_eq!(keys.len(), count);
    }
}
