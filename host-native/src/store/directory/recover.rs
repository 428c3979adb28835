//! Makes the index from the packs, and decides what of an interrupted write counts.
//!
//! Everything before the newest place that is known to have been durable must be whole: what is
//! not, is damage. Behind it a crash may have left anything; there the first thing that is not
//! whole ends the store, and what follows never happened.

use std::{collections::VecDeque, io, mem};

use super::{
    IndexUse,
    batch::BatchHead,
    files::Files,
    index::Index,
    index_file::{IndexFile, encode},
    layer::StoreFile,
    layout::{FOREIGN_PACK, MISNAMED_PACK, Mark, PACK_HEADER_BYTES, PackHeader, Position},
    pack_index::Frame,
    record::{Item, RecordKind},
    walk::{DamagedRecord, PAYLOAD_BROKEN, Record, Step, Walk},
};
use crate::store::StoredItem;

/// What the packs hold.
#[derive(Default)]
pub(super) struct Recovered {
    pub(super) index: Index,
    /// The newest batch, and how far the store is known to be durable.
    pub(super) mark: Mark,
    /// Behind the last byte that counts.
    pub(super) end: Position,
    /// What should be whole and is not.
    pub(super) damage: Vec<DamagedRecord>,
    /// Batches are missing: rows and numbers cannot be known.
    pub(super) batches_lost: bool,
    /// The packs, ascending.
    pub(super) packs: Vec<ReadPack>,
}

/// How a pack was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadPack {
    pub(super) pack: u32,
    /// Up to where an index file tells what is in it.
    pub(super) covered: u64,
    pub(super) length: u64,
    /// What was read of it is whole.
    pub(super) is_whole: bool,
    /// It may have an index file that cannot be used.
    pub(super) has_unusable_index: bool,
}

/// What the packs are read for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// To make the index of a store; the size of packs tells how much of it may be in memory.
    Open { index: IndexUse, uncommitted: Uncommitted, pack_bytes: u64 },
    /// To know where the store ends and what is damaged; nothing else is kept, no index is read.
    Scan,
}

/// Which of the items behind the last batch count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Uncommitted {
    /// All: who writes goes on from there.
    Keep,
    /// None: they may still be taken back by who writes.
    Leave,
}

/// Reads all packs, but for what index files tell of them.
pub(super) fn recover(files: &Files, purpose: Purpose) -> io::Result<Recovered> {
    // Before the packs: whoever writes meanwhile moves the mark last.
    let mark = files.read_mark()?;
    let mut recovery = Recovery {
        files,
        purpose,
        pending: VecDeque::new(),
        found: Recovered { mark: Mark { sequence: 0, ..mark }, ..Recovered::default() },
    };
    // A store is named one only when its first pack was durably begun.
    recovery.durable_to(Position { pack: 1, offset: PACK_HEADER_BYTES });
    for pack in files.pack_numbers()? {
        let before = recovery.found.packs.last().map_or(0, |before| before.pack);
        if pack != before + 1 {
            recovery.push_gap(Position { pack: before + 1, offset: 0 }, PACK_MISSING);
        }
        recovery.read_pack(pack)?;
    }
    if recovery.found.packs.is_empty() {
        recovery.found.end = Position { pack: 1, offset: 0 };
        recovery.push_gap(recovery.found.end, PACK_MISSING);
    }
    recovery.finish(mark)
}

struct Recovery<'a> {
    files: &'a Files,
    purpose: Purpose,
    /// What lies behind the durable part, as far as that is known, in order.
    pending: VecDeque<Event>,
    found: Recovered,
}

enum Event {
    Items { record: Record, items: Vec<Item> },
    Batch { record: Record, payload: Vec<u8> },
    Gap(DamagedRecord),
}

impl Event {
    fn position(&self) -> Position {
        match self {
            Self::Items { record, .. } | Self::Batch { record, .. } => record.position,
            Self::Gap(damage) => damage.position(),
        }
    }
}

impl Recovery<'_> {
    fn read_pack(&mut self, pack: u32) -> io::Result<()> {
        let file = self.files.open_pack(pack)?;
        let index = self.open_index(pack);
        // After the index: whoever writes meanwhile makes the pack longer first.
        let mut walk = Walk::new(&*file, self.files.seed, pack)?;
        let length = walk.length();
        let is_ours = self.read_header(&*file, pack)?;
        let has_index = index.is_some();
        let index = index.flatten().filter(|index| is_ours && fits(index, length));
        let mut covered = PACK_HEADER_BYTES;
        if let Some(index) = index
            && begins_record(&*file, self.files, index.covered().end, pack)?
        {
            covered = index.covered().end;
            walk.go_on_at(covered);
            self.put_index(index);
        }
        self.found.end = Position { pack, offset: length };
        let uses_index = self.uses_index();
        self.found.packs.push(ReadPack {
            pack,
            covered,
            length,
            is_whole: is_ours,
            has_unusable_index: covered == PACK_HEADER_BYTES && (has_index || !uses_index),
        });
        while let Some(step) = walk.step()? {
            match step {
                Step::Gap { from, fault } => self.push_gap(from, fault),
                Step::Record(record) => self.push_record(&walk, record)?,
            }
            self.settle();
        }
        self.keep_little();
        Ok(())
    }

    /// Keeps of older packs only what an index file would say, if there is much: an item then needs
    /// a tenth of the memory, and ten times as long to be found.
    fn keep_little(&mut self) {
        let Purpose::Open { pack_bytes, .. } = self.purpose else { return };
        let items_at_hand = (pack_bytes / BYTES_AN_ITEM) as usize;
        while self.found.index.item_count() > items_at_hand
            && let Some((pack, held)) = self.found.index.oldest()
            && self.pending.front().is_none_or(|event| event.position().pack > pack)
            && let Some(read) = self.found.packs.iter().rev().skip(1).find(|of| of.pack == pack)
        {
            let (covered, sections) = held.sections(pack, read.length, self.files.seed);
            let bytes = encode(covered, sections, self.files.seed);
            match self.files.index_in_memory(pack, bytes) {
                Some(index) => self.found.index.put_file(index),
                None => return,
            }
        }
    }

    /// The index file of a pack; inside, none if it cannot be used.
    fn open_index(&self, pack: u32) -> Option<Option<IndexFile>> {
        if !self.uses_index() {
            return None;
        }
        match self.files.open_index(pack) {
            Ok(found) => found.map(Result::ok),
            // What cannot be read is as good as broken: the pack itself says more.
            Err(_) => Some(None),
        }
    }

    const fn uses_index(&self) -> bool {
        matches!(self.purpose, Purpose::Open { index: IndexUse::Use, .. })
    }

    /// Reads the header of a pack; tells whether it is this store's.
    fn read_header(&mut self, file: &dyn StoreFile, pack: u32) -> io::Result<bool> {
        let mut head = vec![0; PACK_HEADER_BYTES as usize];
        let read = file.read_at(&mut head, 0)?;
        head.truncate(read);
        match PackHeader::decode(&head, self.files.store, pack, self.files.seed) {
            Ok(header) => {
                // It was begun once all before it was durable.
                self.durable_to(Position { pack, offset: PACK_HEADER_BYTES });
                let before = self.found.packs.last().copied().filter(|b| b.pack + 1 == pack);
                if let Some(before) = before.filter(|b| b.length != header.previous_bytes) {
                    let end = Position { pack: before.pack, offset: before.length };
                    self.push_damage(DamagedRecord::new(end, StoredItem::Unknown, PACK_RESIZED));
                }
                Ok(true)
            }
            Err(fault) => {
                let at = Position { pack, offset: 0 };
                if matches!(fault, FOREIGN_PACK | MISNAMED_PACK) {
                    // No crash leaves it behind the end; what stood there is not known.
                    self.found.batches_lost = true;
                    self.push_damage(DamagedRecord::new(at, StoredItem::Unknown, fault));
                } else {
                    self.push_gap(at, fault);
                }
                Ok(false)
            }
        }
    }

    /// Takes in an index file, which is only ever written of what is durable.
    fn put_index(&mut self, index: IndexFile) {
        let covered = index.covered();
        self.durable_to(Position { pack: covered.pack, offset: covered.end });
        if covered.last_sequence > 0 {
            self.put_sequences(covered.first_sequence, covered.last_sequence);
        }
        self.found.index.put_file(index);
    }

    fn put_sequences(&mut self, first: u64, last: u64) {
        let sequence = &mut self.found.mark.sequence;
        self.found.batches_lost |= first != *sequence + 1;
        *sequence = last;
    }

    fn push_record(&mut self, walk: &Walk<'_>, record: Record) -> io::Result<()> {
        let event = match record.header.kind {
            RecordKind::Items => Item::decode_table(&record.header, &record.table)
                .map(|items| Event::Items { record: record.clone(), items }),
            RecordKind::Batch => {
                let payload = walk.payload(&record)?.whole();
                let readable = payload.and_then(|payload| {
                    let (head, lines) = BatchHead::decode(&payload)?;
                    lines.are_readable().then_some((head.durable, payload))
                });
                readable.map(|(durable, payload)| {
                    self.durable_to(durable);
                    Event::Batch { record: record.clone(), payload }
                })
            }
        };
        let item = StoredItem::Batch(record.header.workspace);
        let gap = Event::Gap(DamagedRecord::new(record.position, item, PAYLOAD_BROKEN));
        self.pending.push_back(event.unwrap_or(gap));
        Ok(())
    }

    fn push_gap(&mut self, from: Position, fault: &'static str) {
        let damage = DamagedRecord::new(from, StoredItem::Unknown, fault);
        self.pending.push_back(Event::Gap(damage));
    }

    fn durable_to(&mut self, position: Position) {
        let durable = &mut self.found.mark.durable;
        *durable = position.max(*durable);
        self.settle();
    }

    /// Takes in what lies in the durable part.
    fn settle(&mut self) {
        while let Some(event) = self.pending.pop_front() {
            if event.position() >= self.found.mark.durable {
                self.pending.push_front(event);
                return;
            }
            self.apply(event);
        }
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Gap(damage) => self.push_damage(damage),
            Event::Items { record, items } => {
                let frame = Frame::of(record.position, &record.header);
                if self.purpose != Purpose::Scan {
                    self.found.index.put_items(record.header.workspace, frame, &items);
                }
            }
            Event::Batch { record, payload } => {
                let Some((head, lines)) = BatchHead::decode(&payload) else { return };
                self.put_sequences(head.sequence, head.sequence);
                let at = record.position.offset + record.header.head_bytes();
                let workspace = record.header.workspace;
                if self.purpose != Purpose::Scan {
                    let index = &mut self.found.index;
                    index.put_batch(workspace, head.sequence, record.position, at, lines);
                }
            }
        }
    }

    fn push_damage(&mut self, damage: DamagedRecord) {
        let is_it = |read: &&mut ReadPack| read.pack == damage.pack;
        if let Some(read) = self.found.packs.iter_mut().find(is_it) {
            read.is_whole = false;
        }
        self.found.damage.push(damage);
    }

    /// Decides over what a crash may have left.
    fn finish(mut self, mark: Mark) -> io::Result<Recovered> {
        let mut whole = Vec::new();
        let mut batches_end = 0;
        for event in mem::take(&mut self.pending) {
            if !self.is_whole(&event)? {
                self.found.end = event.position();
                break;
            }
            let is_batch = matches!(event, Event::Batch { .. });
            whole.push(event);
            batches_end = if is_batch { whole.len() } else { batches_end };
        }
        if matches!(self.purpose, Purpose::Open { uncommitted: Uncommitted::Leave, .. }) {
            whole.truncate(batches_end);
        }
        whole.into_iter().for_each(|event| self.apply(event));
        let found = &mut self.found;
        if found.end < found.mark.durable || found.mark.sequence < mark.sequence {
            found.batches_lost = true;
            let at = found.end;
            found.damage.push(DamagedRecord::new(at, StoredItem::Unknown, ACKNOWLEDGED_MISSING));
        }
        if found.batches_lost && found.damage.is_empty() {
            found.damage.push(DamagedRecord::new(found.end, StoredItem::Unknown, BATCHES_MISSING));
        }
        found.batches_lost |= found.mark.sequence == 0 && !found.damage.is_empty();
        Ok(self.found)
    }

    fn is_whole(&self, event: &Event) -> io::Result<bool> {
        match event {
            Event::Gap(_) => Ok(false),
            Event::Batch { .. } => Ok(true),
            Event::Items { record, .. } => {
                let file = self.files.open_pack(record.position.pack)?;
                let walk = Walk::new(&*file, self.files.seed, record.position.pack)?;
                Ok(walk.payload(record)?.is_whole)
            }
        }
    }
}

/// Tells whether an index can be that of a pack of `length` bytes.
fn fits(index: &IndexFile, length: u64) -> bool {
    (PACK_HEADER_BYTES..=length).contains(&index.covered().end)
}

/// Tells whether a record begins at `offset`, or the pack ends there. If not, the index that ends
/// there may be of another past of the pack; so nothing of it counts.
fn begins_record(file: &dyn StoreFile, files: &Files, offset: u64, pack: u32) -> io::Result<bool> {
    let mut walk = Walk::new(file, files.seed, pack)?;
    walk.go_on_at(offset);
    Ok(walk.length() == offset || walk.is_at_record()?)
}

/// With packs of 64 MiB 419,430 items are known in memory, some 75 bytes each.
const BYTES_AN_ITEM: u64 = 160;
const PACK_MISSING: &str = "a pack is missing";
const PACK_RESIZED: &str = "a sealed pack is not as long as it was";
const BATCHES_MISSING: &str = "numbers of batches before it are missing";
const ACKNOWLEDGED_MISSING: &str = "what was acknowledged behind it is missing";
