//! Proves the items of records, on many threads.

use std::{io, mem, sync::Arc};

use markerbed_core::{ContentId, Object, ObjectId, hash::content_id};

use super::{
    compress::decompress_into,
    large::{NOT_ITS_ID, Recipe},
    layer::StoreFile,
    record::{Item, ItemKind, Packing},
    sum::Seed,
    walk::{DamagedRecord, PAYLOAD_BROKEN, Record},
};
use crate::{pool::Over, store::StoredItem};

/// Decides, by what and where an item is, whether it is proven; all others are compared with their
/// checksums.
///
/// The place is a pack's number and where the item's record begins in it.
pub type Choice<'a> = &'a (dyn Fn(StoredItem, u32, u64) -> bool + Sync);

/// An item that is as it was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WholeItem {
    /// What it is.
    pub item: StoredItem,
    /// Bytes of it, before compression.
    pub bytes: u32,
    /// Its bytes have its id. Never so for what says of which parts a large content is made: only
    /// all of these together can show it.
    pub is_proven: bool,
}

/// What became of the items of some records.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) whole: Vec<WholeItem>,
    pub(super) damaged: Vec<DamagedRecord>,
}

/// Records of one pack that one thread judges.
pub(super) struct Job {
    file: Arc<dyn StoreFile>,
    records: Vec<Record>,
}

/// Makes jobs of the records of a pack.
pub(super) struct Jobs<F> {
    file: Arc<dyn StoreFile>,
    records: Vec<Record>,
    bytes: u64,
    put: F,
}

impl<F: FnMut(Job) -> Result<(), Over>> Jobs<F> {
    /// Hands jobs of records in `file` to `put`.
    pub(super) fn new(file: Arc<dyn StoreFile>, put: F) -> Self {
        Self { file, records: Vec::new(), bytes: 0, put }
    }

    /// Adds a record.
    pub(super) fn add(&mut self, record: Record) -> Result<(), Over> {
        self.bytes += record.header.record_bytes();
        self.records.push(record);
        if self.bytes >= JOB_BYTES || self.records.len() >= JOB_RECORDS {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Hands over what is left.
    pub(super) fn flush(&mut self) -> Result<(), Over> {
        self.bytes = 0;
        let records = mem::take(&mut self.records);
        if records.is_empty() {
            return Ok(());
        }
        (self.put)(Job { file: self.file.clone(), records })
    }
}

impl Job {
    /// Reads the records and judges their items.
    ///
    /// # Errors
    ///
    /// What the system reports.
    pub(super) fn judge(self, seed: Seed, choice: Choice<'_>) -> io::Result<Judged> {
        let mut judge =
            Judge { seed, stored: Vec::new(), raw: Vec::new(), judged: Judged::default() };
        for record in &self.records {
            judge.record(&*self.file, record, choice)?;
        }
        Ok(judge.judged)
    }
}

struct Judge {
    seed: Seed,
    /// What the last records held, as it is stored and unpacked; the room is used again.
    stored: Vec<u8>,
    raw: Vec<u8>,
    judged: Judged,
}

impl Judge {
    fn record(
        &mut self,
        file: &dyn StoreFile,
        record: &Record,
        choice: Choice<'_>,
    ) -> io::Result<()> {
        let header = &record.header;
        let start = record.position.offset + header.head_bytes();
        self.stored.resize(header.stored_bytes as usize, 0);
        let read = file.read_at(&mut self.stored, start)?;
        self.stored.truncate(read);
        let is_whole = self.seed.sum(&self.stored) == header.payload_sum;
        let items = Item::decode_table(header, &record.table).unwrap_or_default();
        let chosen = |item: &Item| {
            let named = item.kind.item(header.workspace, item.id);
            choice(named, record.position.pack, record.position.offset)
        };
        // Whole stored bytes are all that is asked of what is not chosen.
        let is_read = !is_whole || items.iter().any(chosen);
        let raw = match header.packing {
            // Of plain items those that are whole can be told from the others.
            Packing::Plain => Some(self.stored.as_slice()),
            Packing::Zstd if is_whole && is_read => {
                let is_unpacked =
                    decompress_into(&self.stored, header.raw_bytes as usize, &mut self.raw);
                is_unpacked.then_some(self.raw.as_slice())
            }
            Packing::Zstd => None,
        };
        for item in &items {
            let named = item.kind.item(header.workspace, item.id);
            let is_chosen = chosen(item);
            let judged = if is_whole && !is_chosen {
                Ok(false)
            } else {
                let end = (item.offset as usize).saturating_add(item.length as usize);
                let bytes = raw.and_then(|raw| raw.get(item.offset as usize..end));
                match bytes {
                    Some(bytes) if self.seed.short_sum(bytes) == item.sum => {
                        if is_chosen {
                            prove(item, bytes)
                        } else {
                            Ok(false)
                        }
                    }
                    _ => Err(PAYLOAD_BROKEN),
                }
            };
            match judged {
                Ok(is_proven) => {
                    self.judged.whole.push(WholeItem {
                        item: named,
                        bytes: item.length,
                        is_proven,
                    });
                }
                Err(fault) => {
                    self.judged.damaged.push(DamagedRecord::new(record.position, named, fault));
                }
            }
        }
        Ok(())
    }
}

/// Proves that an item's bytes have its id, as far as one item alone can show it.
fn prove(item: &Item, bytes: &[u8]) -> Result<bool, &'static str> {
    let is_proven = match item.kind {
        ItemKind::Object(kind) => Object::check(ObjectId { kind, bytes: item.id }, bytes).is_ok(),
        ItemKind::Content | ItemKind::Part => content_id(bytes) == ContentId::from_bytes(item.id),
        ItemKind::Recipe => return Recipe::decode(bytes).map(|_| false).ok_or(NOT_ITS_ID),
    };
    if is_proven { Ok(true) } else { Err(NOT_ITS_ID) }
}

/// Enough work that handing it over costs nothing.
const JOB_BYTES: u64 = 1 << 20;
const JOB_RECORDS: usize = 64;
