//! Commits: one record, one sync.

use std::sync::PoisonError;

use markerbed_core::WorkspaceId;

use super::{
    Shared,
    batch::{BatchHead, Change},
    layout::{Mark, Position},
    record::{Header, Packing, RAW_BYTES_MAX, RecordKind},
};
use crate::store::{
    Batch, Outcome, RequestKey, StoreError,
    judge::{Recorded, judge},
};

impl Shared {
    /// Decides over a batch and, if it is taken, makes it durable.
    pub(super) fn commit(
        &self,
        workspace: WorkspaceId,
        batch: Batch,
    ) -> Result<Outcome, StoreError> {
        self.writable()?;
        let _one_at_a_time = self.committer.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.number(workspace)?;
        let decided = judge(before, &batch, |request| self.recorded(workspace, request))?;
        if let Some(outcome) = decided {
            return Ok(outcome);
        }
        self.write_change(workspace, batch.into())?;
        let number = self.number(workspace)?;
        if let Some(number) = number {
            self.notices.publish(workspace, number.saturating_add(1));
        }
        Ok(Outcome::Committed { number })
    }

    /// Makes a change durable that depends on nothing.
    pub(super) fn commit_change(
        &self,
        workspace: WorkspaceId,
        change: Change,
    ) -> Result<(), StoreError> {
        self.writable()?;
        let _one_at_a_time = self.committer.lock().unwrap_or_else(PoisonError::into_inner);
        self.write_change(workspace, change)
    }

    /// Makes durable what was put, without a batch.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        self.writable()?;
        let _one_at_a_time = self.committer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut writer = self.writer()?;
        writer.write_out()?;
        let (file, durable) = writer.end();
        let mark = writer.mark();
        drop(writer);
        if mark.durable < durable {
            self.tail.sync(&self.files, &*file)?;
            self.writer()?.put_mark(Mark { durable, ..mark });
        }
        Ok(())
    }

    /// The workspace number.
    pub(super) fn number(&self, workspace: WorkspaceId) -> Result<Option<u64>, StoreError> {
        self.batches_known()?;
        Ok(self.index().count(workspace).checked_sub(1))
    }

    /// Refuses to answer from rows and numbers that lost batches may have changed.
    pub(super) fn batches_known(&self) -> Result<(), StoreError> {
        match self.damage.first() {
            Some(damage) if self.batches_lost => Err(damage.error(&self.files.place)),
            _ => Ok(()),
        }
    }

    fn recorded(
        &self,
        workspace: WorkspaceId,
        request: &RequestKey,
    ) -> Result<Option<Recorded>, StoreError> {
        let known = self.requests_of(workspace, &[*request])?.into_iter().next().flatten();
        let Some(number) = known else { return Ok(None) };
        let entry = self.entry(workspace, number)?;
        Ok(entry.map(|(bytes, operation_at)| {
            let operation = bytes.slice((operation_at as usize).min(bytes.len())..);
            Recorded { number, operation }
        }))
    }

    /// Appends the record, syncs once, and only then lets others see it.
    fn write_change(&self, workspace: WorkspaceId, change: Change) -> Result<(), StoreError> {
        let mut writer = self.writer()?;
        let Mark { sequence, durable } = writer.mark();
        let head = BatchHead { sequence: sequence + 1, durable };
        let payload = head.encode(&change, workspace, self.files.seed);
        let (bytes, bytes_max) = (payload.len() as u64, u64::from(RAW_BYTES_MAX));
        if bytes > bytes_max {
            return Err(StoreError::TooLarge { what: "a batch as it is stored", bytes, bytes_max });
        }
        let bytes = bytes as u32;
        let header = Header {
            kind: RecordKind::Batch,
            packing: Packing::Plain,
            items: 0,
            table_bytes: 0,
            raw_bytes: bytes,
            stored_bytes: bytes,
            workspace,
            payload_sum: self.files.seed.sum(&payload),
        };
        let position = self.append(&mut writer, &header, &[], &payload)?;
        if let Err(error) = writer.write_out() {
            writer.take_back(position);
            return Err(error);
        }
        let (file, _) = writer.end();
        drop(writer);

        self.tail.sync(&self.files, &*file)?;

        let end = position.offset + header.record_bytes();
        let durable = Position { offset: end, ..position };
        self.writer()?.put_mark(Mark { sequence: head.sequence, durable });
        if let Some((_, lines)) = BatchHead::decode(&payload) {
            let at = position.offset + header.head_bytes();
            self.index_mut().put_batch(workspace, head.sequence, position, at, lines);
        }
        Ok(())
    }
}
