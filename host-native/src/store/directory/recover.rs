//! Makes the index from the packs, and decides what of an interrupted write counts.
//!
//! Everything before the newest place that is known to have been durable must be whole: what is
//! not, is damage. Behind it a crash may have left anything; there the first thing that is not
//! whole ends the store, and what follows never happened.

use std::{collections::VecDeque, io, mem};

use super::{
    batch::BatchRecord,
    files::Files,
    index::{Frame, Index, Place},
    layout::{Mark, PACK_HEADER_BYTES, PackHeader, Position},
    record::{Item, RecordKind},
    sum::Seed,
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
}

/// Which of the items behind the last batch count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Uncommitted {
    /// All: who writes goes on from there.
    Keep,
    /// None: they may still be taken back by who writes.
    Leave,
}

/// Reads all packs.
pub(super) fn recover(files: &Files, uncommitted: Uncommitted) -> io::Result<Recovered> {
    // Before the packs: whoever writes meanwhile moves the mark last.
    let mark = files.read_mark()?;
    let mut recovery = Recovery {
        files,
        pending: VecDeque::new(),
        found: Recovered { mark: Mark { sequence: 0, ..mark }, ..Recovered::default() },
    };
    let mut previous: Option<(u32, u64)> = None;
    for pack in files.pack_numbers()? {
        let before = previous.map_or(0, |(pack, _)| pack);
        if pack != before + 1 {
            recovery.push_gap(Position { pack: before + 1, offset: 0 }, PACK_MISSING);
        }
        previous = Some((pack, recovery.read_pack(pack, previous)?));
    }
    recovery.finish(mark, uncommitted)
}

struct Recovery<'a> {
    files: &'a Files,
    /// What lies behind the durable part, as far as that is known, in order.
    pending: VecDeque<Event>,
    found: Recovered,
}

enum Event {
    Items {
        record: Record,
        items: Vec<Item>,
    },
    /// `at` says where in the record each entry is.
    Batch {
        record: Record,
        batch: BatchRecord,
        at: Vec<u32>,
    },
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
    /// Reads one pack; returns its length.
    fn read_pack(&mut self, pack: u32, previous: Option<(u32, u64)>) -> io::Result<u64> {
        let file = self.files.open_pack(pack)?;
        let mut walk = Walk::new(&*file, self.files.seed, pack)?;
        let mut head = vec![0; PACK_HEADER_BYTES as usize];
        let read = file.read_at(&mut head, 0)?;
        head.truncate(read);
        let start = Position { pack, offset: 0 };
        match PackHeader::decode(&head, self.files.store, pack, self.files.seed) {
            Ok(header) => {
                // It was begun once all before it was durable.
                self.durable_to(Position { pack, offset: PACK_HEADER_BYTES });
                if let Some((before, length)) =
                    previous.filter(|(_, b)| *b != header.previous_bytes)
                {
                    self.damaged(Position { pack: before, offset: length }, PACK_RESIZED);
                }
            }
            Err(fault) => self.push_gap(start, fault),
        }
        self.found.end = Position { pack, offset: walk.length() };
        while let Some(step) = walk.step()? {
            match step {
                Step::Gap { from, fault } => self.push_gap(from, fault),
                Step::Record(record) => self.push_record(&walk, record)?,
            }
            self.settle();
        }
        Ok(walk.length())
    }

    fn push_record(&mut self, walk: &Walk<'_>, record: Record) -> io::Result<()> {
        let event = match record.header.kind {
            RecordKind::Items => Item::decode_table(&record.header, &record.table)
                .map(|items| Event::Items { record: record.clone(), items }),
            RecordKind::Batch => {
                let payload = walk.payload(&record)?.whole();
                payload.and_then(|payload| BatchRecord::decode(&payload)).map(|(batch, at)| {
                    self.durable_to(batch.durable);
                    Event::Batch { record: record.clone(), batch, at }
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
            Event::Gap(damage) => self.found.damage.push(damage),
            Event::Items { record, items } => {
                let frame = Frame::of(record.position, &record.header);
                self.found.index.put_items(record.header.workspace, frame, &items);
            }
            Event::Batch { record, batch, at } => {
                let sequence = &mut self.found.mark.sequence;
                self.found.batches_lost |= batch.sequence != *sequence + 1;
                *sequence = batch.sequence;
                let frame = Frame::of(record.position, &record.header);
                let places = entry_places(self.files.seed, &batch, &at);
                let workspace = record.header.workspace;
                self.found.index.put_batch(workspace, frame, batch.change, &places);
            }
        }
    }

    fn damaged(&mut self, at: Position, fault: &'static str) {
        self.found.damage.push(DamagedRecord::new(at, StoredItem::Unknown, fault));
    }

    /// Decides over what a crash may have left.
    fn finish(mut self, mark: Mark, uncommitted: Uncommitted) -> io::Result<Recovered> {
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
        if uncommitted == Uncommitted::Leave {
            whole.truncate(batches_end);
        }
        whole.into_iter().for_each(|event| self.apply(event));
        let found = &mut self.found;
        if found.end < found.mark.durable || found.mark.sequence < mark.sequence {
            found.batches_lost = true;
            let at = found.end;
            found.damage.push(DamagedRecord::new(at, StoredItem::Unknown, ACKNOWLEDGED_MISSING));
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

/// The places of a batch's entries in its record.
pub(super) fn entry_places(seed: Seed, batch: &BatchRecord, at: &[u32]) -> Vec<Place> {
    let entries = batch.change.entries.iter().zip(at);
    entries
        .map(|(entry, &offset)| Place {
            frame: 0,
            offset,
            length: entry.bytes.len() as u32,
            sum: seed.short_sum(&entry.bytes),
        })
        .collect()
}

const PACK_MISSING: &str = "a pack is missing";
const PACK_RESIZED: &str = "a sealed pack is not as long as it was";
const ACKNOWLEDGED_MISSING: &str = "what was acknowledged behind it is missing";
