//! Puts items: finds out which are new, packs them, appends them.

use std::{collections::HashSet, sync::MutexGuard};

use markerbed_core::{ContentId, WorkspaceId};

use super::{
    Shared,
    frame::{NewItem, PackedFrame, runs},
    index::Frame,
    record::ItemKind,
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
        let new = self.absent_among(workspace, items);
        for run in runs(&new) {
            let frame = PackedFrame::of(workspace, run, self.files.seed);
            let mut writer = self.writer()?;
            let position = writer.append(&frame.header, &frame.table, &frame.payload)?;
            let place = Frame::of(position, &frame.header);
            self.index_mut().put_items(workspace, place, &frame.items);
        }
        Ok(())
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

    fn absent_among(&self, workspace: WorkspaceId, items: Vec<NewItem>) -> Vec<NewItem> {
        let mut seen = HashSet::with_capacity(items.len());
        let index = self.index();
        let is_absent = |item: &NewItem| match item.kind {
            // A content in parts has a recipe instead.
            ItemKind::Content => {
                index.find_content(workspace, ContentId::from_bytes(item.id)).is_none()
            }
            kind => index.find(workspace, kind, item.id).is_none(),
        };
        let mut new = items;
        new.retain(|item| is_absent(item) && seen.insert((item.kind, item.id)));
        new
    }
}
