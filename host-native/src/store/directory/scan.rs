//! Checks every byte of the packs, without any index.

use std::{cmp::Ordering, io, path::Path, sync::Arc};

use markerbed_core::{ContentId, Object, ObjectId, hash::content_id};

use super::{
    batch::BatchHead,
    compress::decompress,
    files::Files,
    large::{NOT_ITS_ID, Recipe},
    layer::{FileLayer, OpenMode},
    layout::Position,
    line::Line,
    open::identify,
    record::{Item, ItemKind, Packing, RecordKind},
    recover::{Purpose, Recovered, recover},
    walk::{DamagedRecord, PAYLOAD_BROKEN, Payload, Record, Step, Walk},
};
use crate::store::{StoreError, StoredItem};

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
    scan_items(root, layer, &mut |_| {}, damaged)
}

/// As [`scan`]; `whole` is called for each item that is as it was written, each time it is stored.
///
/// # Errors
///
/// As [`scan`].
pub fn scan_items(
    root: &Path,
    layer: Arc<dyn FileLayer>,
    whole: &mut dyn FnMut(StoredItem),
    damaged: &mut dyn FnMut(DamagedRecord),
) -> Result<ScanReport, StoreError> {
    let store = identify(&*layer, root)?;
    let files = Files::new(layer, root, store, OpenMode::Read);
    let recovered = recover(&files, Purpose::Scan).map_err(|error| files.failed(error))?;
    let Recovered { end, damage, .. } = recovered;
    let mut scan = Scan { files: &files, end, report: ScanReport::default(), whole, damaged };
    // Gaps between records were found while recovering; the scan finds the rest.
    damage.into_iter().for_each(|found| scan.push(found));
    scan.packs().map_err(|error| files.failed(error))?;
    Ok(scan.report)
}

struct Scan<'a> {
    files: &'a Files,
    end: Position,
    report: ScanReport,
    whole: &'a mut dyn FnMut(StoredItem),
    damaged: &'a mut dyn FnMut(DamagedRecord),
}

impl Scan<'_> {
    fn packs(&mut self) -> io::Result<()> {
        for pack in self.files.pack_numbers()? {
            let file = self.files.open_pack(pack)?;
            let mut walk = Walk::new(&*file, self.files.seed, pack)?;
            self.report.packs += 1;
            self.report.bytes += walk.length();
            let counted_bytes = match self.end.pack.cmp(&pack) {
                Ordering::Less => 0,
                Ordering::Equal => self.end.offset.min(walk.length()),
                Ordering::Greater => walk.length(),
            };
            self.report.torn_bytes += walk.length() - counted_bytes;
            while let Some(step) = walk.step()? {
                if let Step::Record(record) = step {
                    if record.position >= self.end {
                        break;
                    }
                    self.record(&walk, &record)?;
                }
            }
        }
        Ok(())
    }

    fn push(&mut self, damage: DamagedRecord) {
        self.report.damaged += 1;
        (self.damaged)(damage);
    }

    fn record(&mut self, walk: &Walk<'_>, record: &Record) -> io::Result<()> {
        self.report.records += 1;
        let payload = walk.payload(record)?;
        match record.header.kind {
            RecordKind::Batch => self.batch(record, payload),
            RecordKind::Items => self.items(record, payload),
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
                self.push(DamagedRecord::new(record.position, item, PAYLOAD_BROKEN));
            }
        }
    }

    fn items(&mut self, record: &Record, payload: Payload) {
        let header = &record.header;
        let items = Item::decode_table(header, &record.table).unwrap_or_default();
        self.report.items += items.len() as u64;
        let raw = match header.packing {
            // Of plain items those that are whole can be told from the others.
            Packing::Plain => Some(payload.bytes),
            Packing::Zstd => {
                payload.whole().and_then(|bytes| decompress(&bytes, header.raw_bytes as usize))
            }
        };
        for item in items {
            let end = (item.offset as usize).saturating_add(item.length as usize);
            let bytes = raw.as_ref().and_then(|raw| raw.get(item.offset as usize..end));
            let fault = match bytes {
                Some(bytes) if self.files.seed.short_sum(bytes) == item.sum => check(&item, bytes),
                _ => Err(PAYLOAD_BROKEN),
            };
            let named = item.kind.item(header.workspace, item.id);
            match fault {
                Ok(()) => (self.whole)(named),
                Err(fault) => self.push(DamagedRecord::new(record.position, named, fault)),
            }
        }
    }
}

/// Proves that an item's bytes have its id, as far as one item alone can show it.
fn check(item: &Item, bytes: &[u8]) -> Result<(), &'static str> {
    let proven = match item.kind {
        ItemKind::Object(kind) => Object::check(ObjectId { kind, bytes: item.id }, bytes).is_ok(),
        ItemKind::Content | ItemKind::Part => content_id(bytes) == ContentId::from_bytes(item.id),
        ItemKind::Recipe => Recipe::decode(bytes).is_some(),
    };
    if proven { Ok(()) } else { Err(NOT_ITS_ID) }
}
