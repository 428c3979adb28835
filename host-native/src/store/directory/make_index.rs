//! Makes the index file of a pack, from the pack alone.

use std::io;

use super::{
    IndexUse, Shared,
    batch::BatchHead,
    files::Files,
    index_file::{IndexFile, encode},
    layout::{PACK_HEADER_BYTES, PackHeader, Position},
    pack_index::{Frame, PackIndex},
    record::{Item, RecordKind},
    walk::{DamagedRecord, ENDS_EARLY, PAYLOAD_BROKEN, Record, Step, Walk},
};
use crate::store::{StoreError, StoredItem};

/// The bytes of the index of `pack` up to `end`, or what of it is damaged.
///
/// They follow from the pack alone. Of items the heads are read, of batches all.
pub(super) fn make_index(
    files: &Files,
    pack: u32,
    end: u64,
) -> io::Result<Result<Vec<u8>, Vec<DamagedRecord>>> {
    let file = files.open_pack(pack)?;
    let mut walk = Walk::new(&*file, files.seed, pack)?;
    let mut index = PackIndex::default();
    let mut damaged = Vec::new();
    let mut header = vec![0; PACK_HEADER_BYTES as usize];
    let read = file.read_at(&mut header, 0)?;
    header.truncate(read);
    if let Err(fault) = PackHeader::decode(&header, files.store, pack, files.seed) {
        let start = Position { pack, offset: 0 };
        damaged.push(DamagedRecord::new(start, StoredItem::Unknown, fault));
    }
    while walk.position().offset < end {
        match walk.step()? {
            Some(Step::Record(record)) => {
                damaged.extend(put_record(&mut index, files, &walk, &record)?);
            }
            Some(Step::Gap { from, fault }) => {
                damaged.push(DamagedRecord::new(from, StoredItem::Unknown, fault));
            }
            None => break,
        }
    }
    if walk.position().offset != end {
        let fault = DamagedRecord::new(walk.position(), StoredItem::Unknown, ENDS_EARLY);
        damaged.push(fault);
    }
    if !damaged.is_empty() {
        return Ok(Err(damaged));
    }
    let (covered, sections) = index.sections(pack, end, files.seed);
    Ok(Ok(encode(covered, sections, files.seed)))
}

impl Shared {
    /// Writes the index of a pack that was just sealed, and lets it take the place of what is in
    /// memory of that pack. If that fails, memory stays.
    pub(super) fn index_sealed(&self, pack: u32) {
        if self.index_use == IndexUse::Use
            && let Some(file) = write_index_to_end(&self.files, pack)
        {
            self.index_mut().put_file(file);
        }
    }

    /// Writes the index of the durable part of the newest pack, if opening would have to read much
    /// of it otherwise.
    pub(super) fn index_tail(&self) -> Result<(), StoreError> {
        if self.index_use == IndexUse::Ignore || self.writer.is_none() {
            return Ok(());
        }
        let _nobody_commits = self.queue.lead();
        let writer = self.writer()?;
        let (durable, pack_bytes) = (writer.mark().durable, writer.pack_bytes());
        let (_, end) = writer.end();
        drop(writer);
        let covered = self.index().covered_of(durable.pack);
        if durable.pack != end.pack || !is_much(covered, durable.offset, pack_bytes) {
            return Ok(());
        }
        let made = make_index(&self.files, durable.pack, durable.offset);
        let written = made.and_then(|made| match made {
            Ok(bytes) => self.files.write_index(durable.pack, &bytes),
            // What is damaged has no index.
            Err(_) => Ok(()),
        });
        written.map_err(|error| self.files.failed(error))
    }
}

/// Makes and writes the index of all of a pack that is durable; `None` if that is not to be had.
pub(super) fn write_index_to_end(files: &Files, pack: u32) -> Option<IndexFile> {
    let end = files.open_pack(pack).and_then(|file| file.length()).ok()?;
    let bytes = make_index(files, pack, end).ok()?.ok()?;
    files.write_index(pack, &bytes).ok()?;
    files.open_index(pack).ok()??.ok()
}

/// Tells whether so much of a pack lies between `covered` and `end` that it deserves an index.
pub(super) const fn is_much(covered: u64, end: u64, pack_bytes: u64) -> bool {
    end.saturating_sub(covered) > pack_bytes / TAIL_PART
}

fn put_record(
    index: &mut PackIndex,
    files: &Files,
    walk: &Walk<'_>,
    record: &Record,
) -> io::Result<Option<DamagedRecord>> {
    let workspace = record.header.workspace;
    let frame = Frame::of(record.position, &record.header);
    let readable = match record.header.kind {
        RecordKind::Items => {
            let items = Item::decode_table(&record.header, &record.table);
            items.map(|items| index.put_items(workspace, frame, &items))
        }
        RecordKind::Batch => {
            let payload = walk.payload(record)?.whole();
            payload.and_then(|payload| {
                let (head, lines) = BatchHead::decode(&payload)?;
                let whole = lines.are_whole(workspace, files.seed);
                whole.then(|| index.put_batch(workspace, head.sequence, frame.payload, lines))
            })
        }
    };
    let item = StoredItem::Batch(workspace);
    let damaged = DamagedRecord::new(record.position, item, PAYLOAD_BROKEN);
    Ok(if readable.is_none() { Some(damaged) } else { None })
}

/// What is not covered may be one such part of a pack: 4 MiB of 64.
const TAIL_PART: u64 = 16;
