//! Reads items, and checks each against what was written.

use bytes::Bytes;
use markerbed_core::WorkspaceId;

use super::{
    Shared,
    compress::decompress,
    layout::Position,
    pack_index::{Found, Frame},
    record::{ItemKind, Packing},
    walk::{DamagedRecord, PAYLOAD_BROKEN},
};
use crate::store::{StoreError, StoredItem};

impl Shared {
    /// Reads many items, those that lie together one after the other; answers in order.
    pub(super) fn read_items(
        &self,
        workspace: WorkspaceId,
        wanted: &[(ItemKind, [u8; 32])],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let keys = wanted.iter().map(|(kind, id)| (kind.class(), *id));
        let found = self.find_all(workspace, keys)?.into_iter();
        let found = found.map(|found| found.map(|(_, found)| found));
        let mut places: Vec<_> = found.zip(0_usize..).collect();
        places
            .sort_by_key(|(found, _)| found.map(|found| (found.frame.record, found.place.offset)));
        let mut answers = vec![None; wanted.len()];
        for (found, at) in places {
            let Some(((kind, id), answer)) = wanted.get(at).zip(answers.get_mut(at)) else {
                continue;
            };
            *answer = match found {
                Some(found) => Some(self.read_item(kind.item(workspace, *id), found)?),
                None => self.absent()?,
            };
        }
        Ok(answers)
    }

    /// Reads one item.
    pub(super) fn read_item(&self, item: StoredItem, found: Found) -> Result<Bytes, StoreError> {
        let Found { frame, place } = found;
        let bytes = match frame.packing {
            Packing::Plain => {
                let offset = frame.payload + u64::from(place.offset);
                let bytes = self.read_bytes(Position { offset, ..frame.record }, place.length);
                self.of_item(bytes, item, frame)?.into()
            }
            Packing::Zstd => {
                let whole = self.unpacked(frame, item)?;
                let range =
                    place.offset as usize..place.offset.saturating_add(place.length) as usize;
                if range.len() == whole.len() {
                    whole
                } else {
                    // A copy, so that a small item does not keep a whole frame in memory.
                    Bytes::copy_from_slice(whole.get(range).unwrap_or_default())
                }
            }
        };
        let whole = bytes.len() == place.length as usize;
        if whole && self.files.seed.short_sum(&bytes) == place.sum {
            return Ok(bytes);
        }
        Err(self.damaged(item, frame, PAYLOAD_BROKEN))
    }

    /// The answer for something that is not in the index: `None`, or an error if damage may be why.
    pub(super) fn absent<T>(&self) -> Result<Option<T>, StoreError> {
        match self.damage.first() {
            Some(damage) => Err(damage.error(&self.files.place)),
            None => Ok(None),
        }
    }

    /// The error of an item whose record is not what was written.
    pub(super) fn damaged(
        &self,
        item: StoredItem,
        frame: Frame,
        fault: &'static str,
    ) -> StoreError {
        DamagedRecord::new(frame.record, item, fault).error(&self.files.place)
    }

    /// The items' bytes of a compressed frame.
    fn unpacked(&self, frame: Frame, item: StoredItem) -> Result<Bytes, StoreError> {
        if let Some(bytes) = self.cache.find(frame.record) {
            return Ok(bytes);
        }
        let position = Position { offset: frame.payload, ..frame.record };
        let stored = self.read_bytes(position, frame.stored_bytes);
        let stored = self.of_item(stored, item, frame)?;
        let whole = self.files.seed.sum(&stored) == frame.sum;
        let raw = if whole { decompress(&stored, frame.raw_bytes as usize) } else { None };
        let raw = Bytes::from(raw.ok_or_else(|| self.damaged(item, frame, PAYLOAD_BROKEN))?);
        self.cache.keep(frame.record, &raw);
        Ok(raw)
    }

    /// Reads bytes of a pack, wherever they are by now.
    fn read_bytes(&self, at: Position, count: u32) -> Result<Vec<u8>, StoreError> {
        let count = count as usize;
        if self.tail.may_be_buffered(at)
            && let Ok(writer) = self.writer()
            && let Some(bytes) = writer.buffered(at, count)
        {
            return Ok(bytes.to_vec());
        }
        self.files.read(at, count)
    }

    /// Names the item in an error about a file that ends early.
    fn of_item(
        &self,
        bytes: Result<Vec<u8>, StoreError>,
        item: StoredItem,
        frame: Frame,
    ) -> Result<Vec<u8>, StoreError> {
        bytes.map_err(|error| match error {
            StoreError::Damaged { fault, .. } => self.damaged(item, frame, fault),
            other => other,
        })
    }
}
