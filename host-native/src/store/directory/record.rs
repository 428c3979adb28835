//! Records: what packs are made of.
//!
//! A record is a header, a table that says which items it holds, and the items' bytes one after
//! the other, compressed together or as they are.

use markerbed_core::{
    ContentId, ObjectId, ObjectKind, WorkspaceId,
    codec::{Reader, put_u32},
};

use super::{layout::Position, sum::Seed};
use crate::store::StoredItem;

/// Bytes of a record's header.
pub(super) const HEADER_BYTES: usize = 72;
/// What each record begins with.
pub(super) const MAGIC: [u8; 4] = *b"mbR1";
/// Bytes of all items of a record, before compression.
pub(super) const RAW_BYTES_MAX: u32 = 80 << 20;
/// Bytes of a record's table.
const TABLE_BYTES_MAX: u32 = 8 << 20;

/// What a record is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RecordKind {
    /// Objects and contents.
    Items = 1,
    /// A committed batch.
    Batch = 2,
}

/// How the items' bytes are stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Packing {
    /// As they are.
    Plain = 0,
    /// As one frame of zstd.
    Zstd = 1,
}

/// The fixed part of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Header {
    pub(super) kind: RecordKind,
    pub(super) packing: Packing,
    pub(super) items: u32,
    pub(super) table_bytes: u32,
    pub(super) raw_bytes: u32,
    pub(super) stored_bytes: u32,
    pub(super) workspace: WorkspaceId,
    /// The checksum of the stored bytes.
    pub(super) payload_sum: u64,
}

impl Header {
    /// The header's bytes, with a checksum over itself and `table` for one place.
    pub(super) fn encode(&self, table: &[u8], position: Position, seed: Seed) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES + table.len());
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[self.kind as u8, self.packing as u8, 0, 0]);
        for number in [self.items, self.table_bytes, self.raw_bytes, self.stored_bytes] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(self.workspace.as_bytes());
        out.extend_from_slice(&self.payload_sum.to_le_bytes());
        out.extend_from_slice(table);
        let sum = seed.sum_at(position, &out);
        out.truncate(HEADER_BYTES - 8);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    /// Reads the fields; that they are true is only known once [`Header::is_at`] says so.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<4>()?;
        let (&[kind, packing, 0, 0], rest) = rest.split_first_chunk::<4>()? else { return None };
        let kind = match kind {
            1 => RecordKind::Items,
            2 => RecordKind::Batch,
            _ => return None,
        };
        let packing = match packing {
            0 => Packing::Plain,
            1 => Packing::Zstd,
            _ => return None,
        };
        let (items, rest) = take_u32(rest)?;
        let (table_bytes, rest) = take_u32(rest)?;
        let (raw_bytes, rest) = take_u32(rest)?;
        let (stored_bytes, rest) = take_u32(rest)?;
        let (workspace, rest) = rest.split_first_chunk()?;
        let (payload_sum, _) = rest.split_first_chunk()?;
        let workspace = WorkspaceId::from_bytes(*workspace);
        let payload_sum = u64::from_le_bytes(*payload_sum);
        let is_bare = items == 0 && table_bytes == 0 && packing == Packing::Plain;
        let fits = *magic == MAGIC
            && (kind != RecordKind::Batch || is_bare)
            && table_bytes <= TABLE_BYTES_MAX
            && raw_bytes <= RAW_BYTES_MAX
            && stored_bytes <= raw_bytes
            && (packing != Packing::Plain || stored_bytes == raw_bytes);
        let header = Self {
            kind,
            packing,
            items,
            table_bytes,
            raw_bytes,
            stored_bytes,
            workspace,
            payload_sum,
        };
        fits.then_some(header)
    }

    /// Tells whether `head`, header and table, was written at `position`.
    pub(super) fn is_at(&self, head: &[u8], position: Position, seed: Seed) -> bool {
        let table = head.get(HEADER_BYTES..).unwrap_or_default();
        head.get(..HEADER_BYTES) == Some(&self.encode(table, position, seed))
    }

    /// Bytes before the items' bytes.
    pub(super) fn head_bytes(&self) -> u64 {
        HEADER_BYTES as u64 + u64::from(self.table_bytes)
    }

    /// Bytes of the whole record.
    pub(super) fn record_bytes(&self) -> u64 {
        self.head_bytes() + u64::from(self.stored_bytes)
    }
}

fn take_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), rest))
}

/// What an item of a record is, with its id the key under which it is found.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum ItemKind {
    /// An object.
    Object(ObjectKind),
    /// A whole content.
    Content,
    /// A part of a large content; its id is the plain hash of the part.
    Part,
    /// Of which parts a large content is made.
    Recipe,
}

impl ItemKind {
    const CONTENT: u8 = 0x10;
    const PART: u8 = 0x11;
    const RECIPE: u8 = 0x12;

    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Object(kind) => kind.number(),
            Self::Content => Self::CONTENT,
            Self::Part => Self::PART,
            Self::Recipe => Self::RECIPE,
        }
    }

    /// The class under which such an item is looked up: a content has one state, in one piece, in
    /// parts, or removed.
    pub(super) const fn class(self) -> KeyClass {
        match self {
            Self::Object(kind) => KeyClass(kind.number()),
            Self::Content | Self::Recipe => KeyClass::CONTENT,
            Self::Part => KeyClass(Self::PART),
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        match number {
            Self::CONTENT => Some(Self::Content),
            Self::PART => Some(Self::Part),
            Self::RECIPE => Some(Self::Recipe),
            number => ObjectKind::from_number(number).map(Self::Object),
        }
    }

    /// How errors and findings name such an item.
    pub(super) fn item(self, workspace: WorkspaceId, id: [u8; 32]) -> StoredItem {
        let content = ContentId::from_bytes(id);
        match self {
            Self::Object(kind) => StoredItem::Object(workspace, ObjectId { kind, bytes: id }),
            Self::Content | Self::Recipe => StoredItem::Content(workspace, content),
            Self::Part => StoredItem::Part(workspace, content),
        }
    }
}

/// What a key is the key of.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct KeyClass(pub(super) u8);

impl KeyClass {
    pub(super) const CONTENT: Self = Self(ItemKind::CONTENT);
    pub(super) const ROW: Self = Self(0x20);
    pub(super) const ENTRY: Self = Self(0x21);
    pub(super) const REQUEST: Self = Self(0x22);
    pub(super) const SUBSCRIBER: Self = Self(0x23);
}

/// One line of a record's table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Item {
    pub(super) kind: ItemKind,
    pub(super) id: [u8; 32],
    /// Where in the items' bytes it begins, before compression.
    pub(super) offset: u32,
    pub(super) length: u32,
    /// The short checksum of its bytes.
    pub(super) sum: u32,
}

impl Item {
    /// Appends the line to a table.
    pub(super) fn put(&self, table: &mut Vec<u8>) {
        table.push(self.kind.number());
        table.extend_from_slice(&self.id);
        put_u32(table, self.length);
        table.extend_from_slice(&self.sum.to_le_bytes());
    }

    /// Reads a whole table; `None` if it is not one.
    pub(super) fn decode_table(header: &Header, table: &[u8]) -> Option<Vec<Self>> {
        let mut reader = Reader::new(table);
        let mut items = Vec::new();
        let mut offset = 0_u32;
        while !reader.is_at_end() {
            let kind = ItemKind::from_number(reader.take_byte().ok()?)?;
            let id = reader.take_fixed().ok()?;
            let length = reader.take_u32().ok()?;
            let sum = u32::from_le_bytes(reader.take_fixed().ok()?);
            items.push(Self { kind, id, offset, length, sum });
            offset = offset.checked_add(length)?;
        }
        (offset == header.raw_bytes && items.len() == header.items as usize).then_some(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::directory::layout::StoreId;

    fn record() -> (Header, Vec<u8>) {
        let mut table = Vec::new();
        for (kind, length) in [(ItemKind::Object(ObjectKind::Page), 3), (ItemKind::Part, 200)] {
            Item { kind, id: [9; 32], offset: 0, length, sum: 5 }.put(&mut table);
        }
        let header = Header {
            kind: RecordKind::Items,
            packing: Packing::Plain,
            items: 2,
            table_bytes: table.len() as u32,
            raw_bytes: 203,
            stored_bytes: 203,
            workspace: WorkspaceId::from_bytes([3; 32]),
            payload_sum: 1,
        };
        (header, table)
    }

    #[test]
    fn a_head_comes_back_as_it_was_and_only_at_its_place() {
        let (header, table) = record();
        let seed = Seed::of(StoreId([1; 16]));
        let position = Position { pack: 1, offset: 64 };

        let mut head = header.encode(&table, position, seed);
        head.extend_from_slice(&table);

        assert_eq!(Header::decode(&head), Some(header));
        assert!(header.is_at(&head, position, seed));
        assert!(!header.is_at(&head, Position { pack: 1, offset: 65 }, seed));
        assert!(!header.is_at(&head, Position { pack: 2, offset: 64 }, seed));
        assert!(!header.is_at(&head, position, Seed::of(StoreId([2; 16]))));
    }

    #[test]
    fn no_flipped_bit_of_a_head_passes() {
        let (header, table) = record();
        let seed = Seed::of(StoreId([1; 16]));
        let position = Position { pack: 1, offset: 64 };
        let mut head = header.encode(&table, position, seed);
        head.extend_from_slice(&table);

        for bit in 0..head.len() * 8 {
            let mut flipped = head.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let passes = Header::decode(&flipped)
                .is_some_and(|header| header.is_at(&flipped, position, seed));
            assert!(!passes, "bit {bit}");
        }
    }

    #[test]
    fn a_table_gives_its_items_with_their_places() {
        let (header, table) = record();

        let items = Item::decode_table(&header, &table).unwrap();

        assert_eq!([items[0].offset, items[1].offset], [0, 3]);
        assert_eq!(items[0].kind, ItemKind::Object(ObjectKind::Page));
        assert_eq!(Item::decode_table(&Header { items: 3, ..header }, &table), None);
        assert_eq!(Item::decode_table(&Header { raw_bytes: 204, ..header }, &table), None);
    }
}
