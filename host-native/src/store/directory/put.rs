//! Puts items: finds out which are new, packs them, appends them.

use std::sync::MutexGuard;

use foldhash::{HashSet, HashSetExt};
use markerbed_core::WorkspaceId;

use super::{
    Shared,
    frame::{NewItem, PackedFrame, runs},
    layout::Position,
    pack_index::Frame,
    record::Header,
    writer::Writer,
};
use crate::store::StoreError;

impl Shared {
    /// Puts those of `items` that are not there yet.
    ///
    /// Callers on other threads are kept out only while bytes are copied to the buffer. Two that
    /// put the same new item at the same time may both write it; the first one counts.
    pub(super) fn put_items(
        &self,
        workspace: WorkspaceId,
        items: Vec<NewItem>,
    ) -> Result<(), StoreError> {
        self.writable()?;
        let new = self.absent_among(workspace, items)?;
        for run in runs(&new) {
            let frame = PackedFrame::of(workspace, run, self.files.seed);
            let mut writer = self.writer()?;
            let position = self.append(&mut writer, &frame.header, &frame.table, &frame.payload)?;
            let place = Frame::of(position, &frame.header);
            self.index_mut().put_items(workspace, place, &frame.items);
        }
        Ok(())
    }

    /// Appends one record, and indexes the pack before it if that was sealed for it.
    pub(super) fn append(
        &self,
        writer: &mut Writer,
        header: &Header,
        table: &[u8],
        payload: &[u8],
    ) -> Result<Position, StoreError> {
        let position = writer.append(header, table, payload);
        self.index_newly_sealed(writer);
        position
    }

    /// As [`Self::append`], for records that become durable together; all of them or none.
    pub(super) fn append_together(
        &self,
        writer: &mut Writer,
        records: &[(Header, Vec<u8>)],
    ) -> Result<Vec<Position>, StoreError> {
        let positions = writer.append_together(records);
        self.index_newly_sealed(writer);
        positions
    }

    fn index_newly_sealed(&self, writer: &mut Writer) {
        for pack in writer.take_sealed() {
            self.index_sealed(pack);
        }
    }

    /// The writer, or who is to blame that there is none.
    pub(super) fn writer(&self) -> Result<MutexGuard<'_, Writer>, StoreError> {
        let writer = self.writer.as_ref();
        let read_only = || StoreError::ReadOnly { place: self.files.place.clone() };
        Ok(super::lock(writer.ok_or_else(read_only)?))
    }

    /// Refuses a handle that only reads, before any work is done for it.
    pub(super) fn writable(&self) -> Result<(), StoreError> {
        match self.writer {
            Some(_) => Ok(()),
            None => Err(StoreError::ReadOnly { place: self.files.place.clone() }),
        }
    }

    fn absent_among(
        &self,
        workspace: WorkspaceId,
        items: Vec<NewItem>,
    ) -> Result<Vec<NewItem>, StoreError> {
        let mut seen = HashSet::with_capacity(items.len());
        let wanted = items.iter().map(|item| (item.kind.class(), item.id));
        let known = self.find_all(workspace, wanted)?;
        let mut known = known.into_iter();
        let mut new = items;
        new.retain(|item| {
            let is_known = known.next().flatten().is_some();
            !is_known && seen.insert((item.kind.class(), item.id))
        });
        Ok(new)
    }
}
