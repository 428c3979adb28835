//! Look-ups: first in memory, then in the index files, the newest pack first.
//!
//! An index file only says where to look. What stands there is read and compared with the whole
//! key, so a key that shares the hash of another is never answered in its place.

use std::{io, sync::Arc};

use bytes::Bytes;
use markerbed_core::{ContentId, WorkspaceId};

use super::{
    Shared,
    cache::Head,
    index::{Index, IndexFiles},
    index_file::IndexFile,
    layout::{self, Position},
    line::{Line, StoredLine, begins_line},
    pack_index::{Found, Frame, ItemState, PackIndex, RowPlace, entry_hash, request_hash},
    record::{HEADER_BYTES, Header, Item, ItemKind, KeyClass},
    walk::{DamagedRecord, HEADER_BROKEN, PAYLOAD_BROKEN},
};
use crate::store::{RequestKey, StoreError, StoredItem};

impl Shared {
    /// Finds an item.
    pub(super) fn find(
        &self,
        workspace: WorkspaceId,
        kind: ItemKind,
        id: [u8; 32],
    ) -> Result<Option<Found>, StoreError> {
        let found = self.find_all(workspace, [(kind.class(), id)].into_iter())?;
        Ok(found.into_iter().next().flatten().map(|(_, found)| found))
    }

    /// Finds a content, in one piece or in parts.
    pub(super) fn find_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
    ) -> Result<Option<(ItemKind, Found)>, StoreError> {
        Ok(self.find_contents(workspace, &[id])?.into_iter().next().flatten())
    }

    /// Finds contents, each in one piece or in parts.
    pub(super) fn find_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<(ItemKind, Found)>>, StoreError> {
        self.find_all(workspace, ids.iter().map(|id| (KeyClass::CONTENT, *id.as_bytes())))
    }

    /// Finds items; answers in order.
    pub(super) fn find_all(
        &self,
        workspace: WorkspaceId,
        wanted: impl Iterator<Item = (KeyClass, [u8; 32])>,
    ) -> Result<Vec<Option<(ItemKind, Found)>>, StoreError> {
        let index = self.index();
        let in_memory =
            |(class, id)| (class, id, index.newest(|pack| pack.item(workspace, class, id)));
        let held: Vec<_> = wanted.map(in_memory).collect();
        let files = index.files();
        drop(index);
        let found = held.into_iter().map(|(class, id, held)| {
            let hash = || self.files.seed.hash(class, &id);
            let state = self.in_files(&files, workspace, hash, held, |at| {
                self.item_at(workspace, class, id, at)
            })?;
            Ok(match state {
                Some(ItemState::Stored(kind, found)) => Some((kind, found)),
                Some(ItemState::Removed) | None => None,
            })
        });
        found.collect()
    }

    /// Reads rows, all as they were at one moment; answers in order.
    pub(super) fn rows_of(
        &self,
        workspace: WorkspaceId,
        keys: &[Bytes],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let index = self.index();
        let in_memory = |key: &Bytes| index.newest(|pack| pack.row(workspace, key));
        let held: Vec<_> = keys.iter().map(in_memory).collect();
        let files = index.files();
        drop(index);
        let rows = keys.iter().zip(held).map(|(key, held)| {
            let held = held.map(|(pack, place)| (pack, Row::Held(pack, place)));
            let hash = || self.files.seed.hash(KeyClass::ROW, key);
            let newest = self.in_files(&files, workspace, hash, held, |at| {
                Ok(self.row_at(workspace, key, at)?.map(Row::Read))
            })?;
            match newest {
                None => Ok(None),
                Some(Row::Read(value)) => Ok(value),
                Some(Row::Held(pack, place)) => self.held_row(workspace, key, pack, place),
            }
        });
        rows.collect()
    }

    /// Reads the row that memory says is at `place` of `pack`; `None` if it is deleted there.
    pub(super) fn held_row(
        &self,
        workspace: WorkspaceId,
        key: &[u8],
        pack: u32,
        place: RowPlace,
    ) -> Result<Option<Bytes>, StoreError> {
        if place.is_deleted {
            return Ok(None);
        }
        let at = Position { pack, offset: u64::from(place.line) };
        let found = self.row_at(workspace, key, at)?;
        found.ok_or_else(|| self.line_damaged(StoredItem::Batch(workspace), at))
    }

    /// The numbers of the entries that recorded requests, all as known at one moment.
    pub(super) fn requests_of(
        &self,
        workspace: WorkspaceId,
        wanted: &[RequestKey],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        let index = self.index();
        let in_memory = |key: &RequestKey| index.newest(|pack| pack.request(workspace, key));
        let held: Vec<_> = wanted.iter().map(in_memory).collect();
        let files = index.files();
        drop(index);
        let found = wanted.iter().zip(held).map(|(wanted, held)| {
            let hash = || request_hash(self.files.seed, wanted);
            self.in_files(&files, workspace, hash, held, |at| {
                self.with_line(workspace, StoredItem::Batch(workspace), at, |line| match line {
                    Line::Entry { number, request, .. } if request == *wanted => Some(number),
                    _ => None,
                })
            })
        });
        found.collect()
    }

    /// How far a subscriber has read.
    pub(super) fn subscriber(
        &self,
        workspace: WorkspaceId,
        name: &str,
    ) -> Result<Option<u64>, StoreError> {
        let (held, files) = self.held(|pack| pack.position(workspace, name));
        let hash = || self.files.seed.hash(KeyClass::SUBSCRIBER, name.as_bytes());
        self.in_files(&files, workspace, hash, held, |at| {
            self.with_line(workspace, StoredItem::Batch(workspace), at, |line| match line {
                Line::Position { subscriber, position } if subscriber == name => Some(position),
                _ => None,
            })
        })
    }

    /// The bytes of an entry, and where in them the operation begins.
    pub(super) fn entry(
        &self,
        workspace: WorkspaceId,
        wanted: u64,
    ) -> Result<Option<(Bytes, u32)>, StoreError> {
        if wanted >= self.index().count(workspace) {
            return Ok(None);
        }
        let (held, files) = self.held(|pack| pack.entry(workspace, wanted));
        let item = StoredItem::Entry(workspace, wanted);
        let read = |at| {
            self.with_line(workspace, item, at, |line| match line {
                Line::Entry { number, operation_at, bytes, .. } if number == wanted => {
                    Some((Bytes::copy_from_slice(bytes), operation_at))
                }
                _ => None,
            })
        };
        let found = match held {
            Some((pack, line)) => read(Position { pack, offset: u64::from(line) })?,
            None => {
                let hash = || entry_hash(self.files.seed, wanted);
                self.in_files(&files, workspace, hash, None, read)?
            }
        };
        let place = || self.files.place.clone();
        let lost = || StoreError::Damaged { item, place: place(), fault: ENTRY_NOT_FOUND };
        found.map(Some).ok_or_else(lost)
    }

    /// Reads the line at `at` if it is that of the row `key`; inside, its value, or that the row
    /// is deleted.
    pub(super) fn row_at(
        &self,
        workspace: WorkspaceId,
        key: &[u8],
        at: Position,
    ) -> Result<Option<Option<Bytes>>, StoreError> {
        self.with_line(workspace, StoredItem::Batch(workspace), at, |line| match line {
            Line::PutRow { key: found, value } if found == key => {
                Some(Some(Bytes::copy_from_slice(value)))
            }
            Line::DeleteRow { key: found } if found == key => Some(None),
            _ => None,
        })
    }

    /// Reads and proves the line at `at`. `item` is what is lost if it is damaged.
    pub(super) fn with_line<T>(
        &self,
        workspace: WorkspaceId,
        item: StoredItem,
        at: Position,
        read: impl FnOnce(Line<'_>) -> T,
    ) -> Result<T, StoreError> {
        let damaged = || self.line_damaged(item, at);
        let mut near = [0; NEAR_BYTES];
        let near = self.files.read_some(at, &mut near)?;
        let bytes = StoredLine::bytes(near).ok_or_else(damaged)?;
        let far;
        let whole = if bytes <= near.len() {
            near
        } else {
            let mut buffer = vec![0; bytes];
            let read = self.files.read_some(at, &mut buffer)?.len();
            buffer.truncate(read);
            far = buffer;
            &far
        };
        let (stored, _) = StoredLine::split(whole).ok_or_else(damaged)?;
        if !stored.is_whole(self.files.seed.of_lines(workspace)) {
            return Err(damaged());
        }
        Ok(read(stored.line))
    }

    /// What of an index file cannot be read, as an error of this store.
    pub(super) fn of_index<T>(
        &self,
        file: &IndexFile,
        found: io::Result<Result<T, &'static str>>,
    ) -> Result<T, StoreError> {
        let pack = file.covered().pack;
        found.map_err(|error| self.files.failed(error))?.map_err(|why| {
            let place = format!("{}: {}: {why}", self.files.place, layout::index_name(pack));
            StoreError::Damaged { item: StoredItem::Index(pack), place, fault: MAKE_ANEW }
        })
    }

    /// The newest in memory, with the index files of the same moment.
    fn held<T>(&self, find: impl Fn(&PackIndex) -> Option<T>) -> (Option<(u32, T)>, IndexFiles) {
        let index: &Index = &self.index();
        (index.newest(find), index.files())
    }

    /// The newest state of a key, of which `held` is the newest in memory.
    fn in_files<T>(
        &self,
        files: &IndexFiles,
        workspace: WorkspaceId,
        hash: impl FnOnce() -> u64,
        held: Option<(u32, T)>,
        mut read: impl FnMut(Position) -> Result<Option<T>, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let known_in = held.as_ref().map_or(0, |(pack, _)| *pack);
        let known = held.map(|(_, state)| state);
        if files.last().is_none_or(|newest| newest.covered().pack <= known_in) {
            return Ok(known);
        }
        let hash = hash();
        let newer = files.iter().rev().take_while(|file| file.covered().pack > known_in);
        for file in newer {
            let pack = file.covered().pack;
            for offset in self.of_index(file, file.candidates(workspace, hash))? {
                let at = Position { pack, offset: u64::from(offset) };
                if let Some(found) = read(at)? {
                    return Ok(Some(found));
                }
            }
        }
        Ok(known)
    }

    /// The state of an item that the record or the line at `at` made, if it is of that item.
    fn item_at(
        &self,
        workspace: WorkspaceId,
        class: KeyClass,
        id: [u8; 32],
        at: Position,
    ) -> Result<Option<ItemState>, StoreError> {
        if let Some(head) = self.heads.find(at) {
            return Ok(head.item(workspace, class, id));
        }
        let mut near = vec![0; HEAD_NEAR_BYTES];
        let near = self.files.read_some(at, &mut near)?;
        if near.first().copied().is_some_and(begins_line) {
            return self.with_line(workspace, StoredItem::Batch(workspace), at, |line| {
                let removed = Line::Removed { id: ContentId::from_bytes(id) };
                (class == KeyClass::CONTENT && line == removed).then_some(ItemState::Removed)
            });
        }
        let head = Arc::new(self.head_at(at, near)?);
        self.heads.keep(&head);
        Ok(head.item(workspace, class, id))
    }

    /// Reads and proves the head of the record of items at `at`, of which `near` is the beginning.
    fn head_at(&self, at: Position, near: &[u8]) -> Result<Head, StoreError> {
        let broken =
            || DamagedRecord::new(at, StoredItem::Unknown, HEADER_BROKEN).error(&self.files.place);
        let header = Header::decode(near).ok_or_else(broken)?;
        let bytes = header.head_bytes() as usize;
        let far;
        let head = match near.get(..bytes) {
            Some(head) => head,
            None => {
                far = self.files.read(at, bytes)?;
                &far
            }
        };
        if !header.is_at(head, at, self.files.seed) {
            return Err(broken());
        }
        let table = head.get(HEADER_BYTES..).unwrap_or_default();
        let items = Item::decode_table(&header, table).ok_or_else(broken)?;
        Ok(Head { workspace: header.workspace, frame: Frame::of(at, &header), items })
    }

    fn line_damaged(&self, item: StoredItem, at: Position) -> StoreError {
        DamagedRecord::new(at, item, PAYLOAD_BROKEN).error(&self.files.place)
    }
}

/// The newest change of a row: where in which pack, or read already.
enum Row {
    Held(u32, RowPlace),
    Read(Option<Bytes>),
}

const ENTRY_NOT_FOUND: &str = "nothing leads to it";
const MAKE_ANEW: &str = "`repair --rebuild-index` makes it anew";
/// Enough for most lines.
const NEAR_BYTES: usize = 512;
/// Enough for most heads.
const HEAD_NEAR_BYTES: usize = 8 << 10;
