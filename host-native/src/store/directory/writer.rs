//! Appends records to the newest pack.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::{
    files::Files,
    layer::{OpenMode, StoreFile},
    layout::{self, Mark, PACK_HEADER_BYTES, PackHeader, Position},
    record::Header,
};
use crate::store::StoreError;

/// What appends; one call at a time.
pub(super) struct Writer {
    files: Arc<Files>,
    tail: Arc<Tail>,
    file: Arc<dyn StoreFile>,
    pack: u32,
    /// Bytes of the pack that are written; `buffer` follows them.
    written: u64,
    buffer: Vec<u8>,
    /// A pack of that many bytes is sealed before the next record.
    pack_bytes: u64,
    /// Items that this handle has appended to the pack.
    items: u32,
    mark: Mark,
    mark_file: Arc<dyn StoreFile>,
    mark_turn: u64,
    /// Packs that were sealed and have no index file yet.
    sealed: Vec<u32>,
}

/// What is known of the end of the packs without asking the writer.
#[derive(Default)]
pub(super) struct Tail {
    /// What lies from here on is in the writer's buffer.
    written: AtomicU64,
    /// A sync has failed: nothing more is promised by this handle.
    broken: AtomicBool,
    /// Held while syncing: the system tells of a failure only once.
    sync: Mutex<()>,
}

impl Tail {
    /// Of a handle that only reads: nothing is buffered.
    pub(super) fn without_writer() -> Self {
        Self { written: AtomicU64::new(u64::MAX), ..Self::default() }
    }

    /// Tells whether the bytes at `position` may still be in the writer's buffer.
    pub(super) fn may_be_buffered(&self, position: Position) -> bool {
        packed(position) >= self.written.load(Ordering::Acquire)
    }

    /// Makes a file durable. After one failure no later sync counts.
    pub(super) fn sync(&self, files: &Files, file: &dyn StoreFile) -> Result<(), StoreError> {
        let _guard = self.sync.lock().unwrap_or_else(PoisonError::into_inner);
        self.check(files)?;
        file.sync().map_err(|error| {
            self.broken.store(true, Ordering::Release);
            files.failed(error)
        })
    }

    fn check(&self, files: &Files) -> Result<(), StoreError> {
        if !self.broken.load(Ordering::Acquire) {
            return Ok(());
        }
        let cause = io::Error::other("an earlier sync failed; open the store again");
        Err(StoreError::Permanent { place: files.place.clone(), cause: cause.into() })
    }
}

impl Writer {
    /// Goes on at `end`, of a store that is durable up to there.
    pub(super) fn new(
        files: Arc<Files>,
        end: Position,
        mark: Mark,
        pack_bytes: u64,
    ) -> io::Result<Self> {
        let mark_path = files.root.join(layout::MARK_FILE);
        let mark_file = files.layer.open(&mark_path, OpenMode::Create)?;
        let file = files.open_pack(end.pack)?;
        let tail = Arc::new(Tail::default());
        tail.written.store(packed(end), Ordering::Release);
        Ok(Self {
            files,
            tail,
            file,
            pack: end.pack,
            written: end.offset,
            buffer: Vec::new(),
            pack_bytes: pack_bytes.clamp(PACK_HEADER_BYTES + 1, PACK_BYTES_MAX),
            items: 0,
            mark,
            mark_file,
            mark_turn: mark.sequence,
            sealed: Vec::new(),
        })
    }

    pub(super) fn tail(&self) -> Arc<Tail> {
        self.tail.clone()
    }

    /// The newest batch, and how far everything is durable.
    pub(super) const fn mark(&self) -> Mark {
        self.mark
    }

    /// The file that is written to, and behind its last record.
    pub(super) fn end(&self) -> (Arc<dyn StoreFile>, Position) {
        let offset = self.written + self.buffer.len() as u64;
        (self.file.clone(), Position { pack: self.pack, offset })
    }

    /// Appends one record; says where it is. Nothing is appended if it fails.
    pub(super) fn append(
        &mut self,
        header: &Header,
        table: &[u8],
        payload: &[u8],
    ) -> Result<Position, StoreError> {
        self.make_room()?;
        let (_, position) = self.end();
        if payload.len() >= DIRECT_BYTES {
            let head = header.encode(table, position, self.files.seed);
            self.write_through(position, &[&head, table], payload)?;
        } else {
            self.put_in_buffer(header, table, payload);
        }
        self.items = self.items.saturating_add(header.items);
        Ok(position)
    }

    /// Appends records without tables one behind the other and hands all that is in the buffer to
    /// the system; says where they are. None of them is appended if it fails.
    pub(super) fn append_together(
        &mut self,
        records: &[(Header, Vec<u8>)],
    ) -> Result<Vec<Position>, StoreError> {
        let positions = match records {
            [(header, payload)] => vec![self.append(header, &[], payload)?],
            several => {
                self.make_room()?;
                let append = |(header, payload): &(Header, Vec<u8>)| {
                    let (_, position) = self.end();
                    self.put_in_buffer(header, &[], payload);
                    position
                };
                several.iter().map(append).collect()
            }
        };
        if let Err(error) = self.write_out() {
            positions.first().into_iter().for_each(|first| self.take_back(*first));
            return Err(error);
        }
        Ok(positions)
    }

    /// Seals a full pack and empties a full buffer.
    fn make_room(&mut self) -> Result<(), StoreError> {
        self.tail.check(&self.files)?;
        if self.end().1.offset >= self.pack_bytes || self.items >= PACK_ITEMS {
            self.seal()
        } else if self.buffer.len() >= BUFFER_BYTES {
            self.write_out()
        } else {
            Ok(())
        }
    }

    fn put_in_buffer(&mut self, header: &Header, table: &[u8], payload: &[u8]) {
        let head = header.encode(table, self.end().1, self.files.seed);
        self.buffer.extend_from_slice(&head);
        self.buffer.extend_from_slice(table);
        self.buffer.extend_from_slice(payload);
    }

    /// Writes a large record without copying it: its payload first, then what is before it.
    fn write_through(
        &mut self,
        position: Position,
        head: &[&[u8]],
        payload: &[u8],
    ) -> Result<(), StoreError> {
        head.iter().for_each(|bytes| self.buffer.extend_from_slice(bytes));
        let (file, place) = self.end();
        let written =
            file.write_at(payload, place.offset).map_err(|error| self.files.failed(error));
        if let Err(error) = written.and_then(|()| self.write_out()) {
            self.take_back(position);
            let _ = self.file.truncate(self.written);
            return Err(error);
        }
        self.written += payload.len() as u64;
        self.publish();
        Ok(())
    }

    /// Takes back what lies from `position` on, which was not written out.
    fn take_back(&mut self, position: Position) {
        self.buffer.truncate(position.offset.saturating_sub(self.written) as usize);
    }

    /// Hands the buffer to the system. If it fails, it can be tried again.
    pub(super) fn write_out(&mut self) -> Result<(), StoreError> {
        self.tail.check(&self.files)?;
        if self.buffer.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.file.write_at(&self.buffer, self.written) {
            // Room is given back; should that fail too, the next try writes over it.
            let _ = self.file.truncate(self.written);
            return Err(self.files.failed(error));
        }
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        self.buffer.shrink_to(2 * BUFFER_BYTES);
        self.publish();
        Ok(())
    }

    /// Bytes that are in the buffer; `None` if they are in the file.
    pub(super) fn buffered(&self, at: Position, count: usize) -> Option<&[u8]> {
        if at.pack != self.pack {
            return None;
        }
        let start = usize::try_from(at.offset.checked_sub(self.written)?).ok()?;
        self.buffer.get(start..start.checked_add(count)?)
    }

    /// The packs that were sealed since this was asked last.
    pub(super) fn take_sealed(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.sealed)
    }

    /// Tells how many bytes a pack has at the least when it is sealed.
    pub(super) const fn pack_bytes(&self) -> u64 {
        self.pack_bytes
    }

    /// Notes that everything before `durable` is, with the newest batch.
    pub(super) fn put_mark(&mut self, mark: Mark) {
        self.mark = Mark {
            sequence: self.mark.sequence.max(mark.sequence),
            durable: self.mark.durable.max(mark.durable),
        };
        self.mark_turn += 1;
        // Only a hint is lost if it cannot be written.
        let bytes = self.mark.encode(self.files.seed);
        let _ = self.mark_file.write_at(&bytes, Mark::place(self.mark_turn));
    }

    /// Ends this pack, durably, and begins the next.
    fn seal(&mut self) -> Result<(), StoreError> {
        self.write_out()?;
        // What a failed write has left may be there still, if taking it away failed as well.
        let length = self.file.length().map_err(|error| self.files.failed(error))?;
        if length > self.written {
            self.file.truncate(self.written).map_err(|error| self.files.failed(error))?;
        }
        self.tail.sync(&self.files, &*self.file)?;
        let pack = self.pack + 1;
        // Nothing may tell of a pack that was lost and is now begun again.
        self.files.empty_index(pack).map_err(|error| self.files.failed(error))?;
        let header = PackHeader { store: self.files.store, pack, previous_bytes: self.written };
        let file = create_pack(&self.files, &header).map_err(|error| self.files.failed(error))?;
        self.files.keep_pack(pack, file.clone());
        self.file = file;
        self.sealed.push(self.pack);
        self.items = 0;
        self.pack = pack;
        self.written = PACK_HEADER_BYTES;
        self.mark.durable = self.mark.durable.max(self.end().1);
        self.publish();
        Ok(())
    }

    fn publish(&self) {
        let written = Position { pack: self.pack, offset: self.written };
        self.tail.written.store(packed(written), Ordering::Release);
    }
}

/// Makes a pack without records, durably. What a crash left under its name is written over.
pub(super) fn create_pack(files: &Files, header: &PackHeader) -> io::Result<Arc<dyn StoreFile>> {
    let file = files.layer.open(&layout::pack_path(&files.root, header.pack), OpenMode::Create)?;
    file.truncate(0)?;
    file.write_at(&header.encode(files.seed), 0)?;
    file.sync()?;
    files.layer.sync_directory(&files.root.join(layout::PACKS_DIRECTORY))?;
    Ok(file)
}

/// A position as one number, in the same order; packs are far below 2⁴⁰ bytes.
const fn packed(position: Position) -> u64 {
    ((position.pack as u64) << 40) | position.offset
}

/// A pack with that many items is sealed too: those of the newest pack are known in memory, some 75
/// bytes each.
const PACK_ITEMS: u32 = 200_000;
const BUFFER_BYTES: usize = 1 << 20;
/// With the largest record behind it, every offset in a pack fits 32 bits.
const PACK_BYTES_MAX: u64 = 3 << 30;
/// Payloads of at least that go to the file without a stop in the buffer.
const DIRECT_BYTES: usize = 256 << 10;
