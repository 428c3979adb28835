//! Checks every byte of the packs, without any index.

use std::{
    cmp::Ordering,
    io,
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use super::{
    batch::BatchHead,
    files::Files,
    layer::{FileLayer, OpenMode},
    layout::Position,
    line::Line,
    open::identify,
    prove::{Choice, Job, Jobs, Judged, WholeItem},
    record::RecordKind,
    recover::{Purpose, Recovered, recover},
    walk::{DamagedRecord, PAYLOAD_BROKEN, Payload, Record, Step, Walk},
};
use crate::{
    pool::{self, Pool, Stop},
    store::{StoreError, StoredItem},
};

/// What a scan has read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ScanReport {
    /// Packs.
    pub packs: u64,
    /// Records.
    pub records: u64,
    /// Objects, contents, parts and recipes, each as often as it is stored.
    pub items: u64,
    /// Committed batches.
    pub batches: u64,
    /// Ledger entries.
    pub entries: u64,
    /// Bytes of all packs.
    pub bytes: u64,
    /// Bytes at the end that an interrupted write left; they count as never written.
    pub torn_bytes: u64,
    /// How often `damaged` was called.
    pub damaged: u64,
}

/// Reads every record of the store at `root` and proves every object and content in it.
///
/// No index is read, no lock is taken and nothing is written. `damaged` is called for each item
/// that is not as it was written, or for a whole record if not even its table can be read.
///
/// # Errors
///
/// As [`DirectoryStore::open`](super::DirectoryStore::open) for reading; damage is no error.
pub fn scan(
    root: &Path,
    layer: Arc<dyn FileLayer>,
    damaged: &mut dyn FnMut(DamagedRecord),
) -> Result<ScanReport, StoreError> {
    scan_items(root, layer, &|_, _, _| true, &mut |_| {}, damaged)
}

/// As [`scan`], but proves only the items of `choice`: all others are compared with their
/// checksums. `whole` is called for each item that is as it was written, each time it is stored and
/// in no order.
///
/// # Errors
///
/// As [`scan`].
pub fn scan_items(
    root: &Path,
    layer: Arc<dyn FileLayer>,
    choice: Choice<'_>,
    whole: &mut (dyn FnMut(WholeItem) + Send),
    damaged: &mut dyn FnMut(DamagedRecord),
) -> Result<ScanReport, StoreError> {
    let store = identify(&*layer, root)?;
    let files = Files::new(layer, root, store, OpenMode::Read);
    let recovered = recover(&files, Purpose::Scan).map_err(|error| files.failed(error))?;
    let Recovered { end, damage, .. } = recovered;
    let mut scan = Scan { files: &files, end, report: ScanReport::default(), damaged: Vec::new() };
    let judged = Mutex::new((whole, Vec::new()));
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let take = |job: Job, _: &Pool<Job, io::Error>| {
        let Judged { whole, damaged } = job.judge(files.seed, choice).map_err(Stop::Failed)?;
        let (take_whole, found) = &mut *judged.lock().unwrap_or_else(PoisonError::into_inner);
        whole.into_iter().for_each(take_whole);
        found.extend(damaged);
        Ok(())
    };
    pool::run(threads, 2 * threads, |pool| scan.packs(pool), take)
        .map_err(|error| files.failed(error))?;
    let (_, mut found) = judged.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.append(&mut scan.damaged);
    found.sort_by_key(DamagedRecord::position);
    // Gaps between records were found while recovering; the scan finds the rest.
    let all = damage.into_iter().chain(found);
    all.for_each(|found| {
        scan.report.damaged += 1;
        damaged(found);
    });
    Ok(scan.report)
}

struct Scan<'a> {
    files: &'a Files,
    end: Position,
    report: ScanReport,
    /// Lines of batches that are not as they were written.
    damaged: Vec<DamagedRecord>,
}

impl Scan<'_> {
    /// Goes through all packs; the items of their records are judged by others.
    fn packs(&mut self, pool: &Pool<Job, io::Error>) -> Result<(), Stop<io::Error>> {
        for pack in self.files.pack_numbers().map_err(Stop::Failed)? {
            let file = self.files.open_pack(pack).map_err(Stop::Failed)?;
            let mut jobs = Jobs::new(file.clone(), |job| pool.put(job));
            let mut walk = Walk::new(&*file, self.files.seed, pack).map_err(Stop::Failed)?;
            self.report.packs += 1;
            self.report.bytes += walk.length();
            let counted_bytes = match self.end.pack.cmp(&pack) {
                Ordering::Less => 0,
                Ordering::Equal => self.end.offset.min(walk.length()),
                Ordering::Greater => walk.length(),
            };
            self.report.torn_bytes += walk.length() - counted_bytes;
            while let Some(step) = walk.step().map_err(Stop::Failed)? {
                let Step::Record(record) = step else { continue };
                if record.position >= self.end {
                    break;
                }
                self.report.records += 1;
                match record.header.kind {
                    RecordKind::Batch => {
                        let payload = walk.payload(&record).map_err(Stop::Failed)?;
                        self.batch(&record, payload);
                    }
                    RecordKind::Items => {
                        self.report.items += u64::from(record.header.items);
                        jobs.add(record)?;
                    }
                }
            }
            jobs.flush()?;
        }
        Ok(())
    }

    fn batch(&mut self, record: &Record, payload: Payload) {
        self.report.batches += 1;
        // One that cannot be read was found while recovering.
        let Some(payload) = payload.whole() else { return };
        let Some((_, lines)) = BatchHead::decode(&payload) else { return };
        let workspace = record.header.workspace;
        let seed = self.files.seed.of_lines(workspace);
        for (_, stored) in lines {
            let item = match stored.line {
                Line::Entry { number, .. } => {
                    self.report.entries += 1;
                    StoredItem::Entry(workspace, number)
                }
                _ => StoredItem::Batch(workspace),
            };
            if !stored.is_whole(seed) {
                self.damaged.push(DamagedRecord::new(record.position, item, PAYLOAD_BROKEN));
            }
        }
    }
}
