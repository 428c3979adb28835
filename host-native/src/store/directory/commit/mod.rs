//! Commits: one record each, one sync for all that wait.

mod queue;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use bytes::Bytes;
use markerbed_core::WorkspaceId;
pub(super) use queue::Queue;
use queue::{Member, Wish};

use super::{
    Shared,
    batch::{BatchHead, Change},
    layout::Mark,
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
        self.make_durable(workspace, Wish::Batch(batch))
    }

    /// Makes a change durable that depends on nothing.
    pub(super) fn commit_change(
        &self,
        workspace: WorkspaceId,
        change: Change,
    ) -> Result<(), StoreError> {
        self.make_durable(workspace, Wish::Change(change)).map(drop)
    }

    /// Makes durable what was put, without a batch.
    pub(super) fn flush(&self, workspace: WorkspaceId) -> Result<(), StoreError> {
        self.make_durable(workspace, Wish::Flush).map(drop)
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

    fn make_durable(&self, workspace: WorkspaceId, wish: Wish) -> Result<Outcome, StoreError> {
        self.writable()?;
        self.queue.ask(workspace, wish, |group| self.commit_group(group))
    }

    /// Decides over each of a group in turn, makes durable what is taken, and answers.
    fn commit_group(&self, group: Vec<Member>) -> Vec<(u64, Result<Outcome, StoreError>)> {
        let mut pending = match self.writer() {
            Ok(writer) => Pending::new(writer.mark()),
            Err(error) => return group.iter().map(|member| failed(member, &error)).collect(),
        };
        let mut answers = Vec::with_capacity(group.len());
        for Member { ticket, workspace, wish } in group {
            answers.push((ticket, self.decide(workspace, wish, &mut pending)));
        }
        if let Err(error) = self.write(&pending) {
            // Who was told that another one of the group was faster heard of what is not durable.
            for (_, answer) in answers.iter_mut().filter(|(_, answer)| answer.is_ok()) {
                *answer = Err(same_failure(&error));
            }
            return answers;
        }
        for (workspace, number) in pending.numbers {
            if let Some(number) = number {
                self.notices.publish(workspace, number.saturating_add(1));
            }
        }
        answers
    }

    /// Decides over one of a group; what it changes is pending then.
    fn decide(
        &self,
        workspace: WorkspaceId,
        wish: Wish,
        pending: &mut Pending,
    ) -> Result<Outcome, StoreError> {
        let batch = match wish {
            Wish::Batch(batch) => batch,
            Wish::Change(change) => {
                self.put_record(workspace, &change, pending)?;
                return Ok(Outcome::Committed { number: None });
            }
            Wish::Flush => {
                pending.wants_sync = true;
                return Ok(Outcome::Committed { number: None });
            }
        };
        let before = match pending.numbers.get(&workspace) {
            Some(number) => *number,
            None => self.number(workspace)?,
        };
        let decided =
            judge(before, &batch, |request| match pending.recorded(workspace, request) {
                Some(recorded) => Ok(Some(recorded)),
                None => self.recorded(workspace, request),
            })?;
        if let Some(outcome) = decided {
            return Ok(outcome);
        }
        let change = Change::from(batch);
        self.put_record(workspace, &change, pending)?;
        let number = change.entries.last().map(|entry| entry.number).or(before);
        pending.numbers.insert(workspace, number);
        for entry in &change.entries {
            let operation = operation_of(&entry.bytes, entry.operation_at);
            pending.requests.insert((workspace, entry.request), (entry.number, operation));
        }
        Ok(Outcome::Committed { number })
    }

    /// Makes the record of a change.
    fn put_record(
        &self,
        workspace: WorkspaceId,
        change: &Change,
        pending: &mut Pending,
    ) -> Result<(), StoreError> {
        let sequence = pending.mark.sequence + 1;
        let head = BatchHead { sequence, durable: pending.mark.durable };
        let payload = head.encode(change, workspace, self.files.seed);
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
        pending.mark.sequence = sequence;
        pending.records.push((header, payload));
        Ok(())
    }

    /// Appends the records, syncs once, and only then lets others see them.
    fn write(&self, pending: &Pending) -> Result<(), StoreError> {
        if pending.records.is_empty() && !pending.wants_sync {
            return Ok(());
        }
        let mut writer = self.writer()?;
        let positions = self.append_together(&mut writer, &pending.records)?;
        let (file, durable) = writer.end();
        let is_durable = durable <= writer.mark().durable;
        drop(writer);
        if is_durable {
            return Ok(());
        }

        self.tail.sync(&self.files, &*file)?;

        self.writer()?.put_mark(Mark { durable, ..pending.mark });
        let mut index = self.index_mut();
        for ((header, payload), position) in pending.records.iter().zip(positions) {
            if let Some((head, lines)) = BatchHead::decode(payload) {
                let at = position.offset + header.head_bytes();
                index.put_batch(header.workspace, head.sequence, position, at, lines);
            }
        }
        Ok(())
    }

    fn recorded(
        &self,
        workspace: WorkspaceId,
        request: &RequestKey,
    ) -> Result<Option<Recorded>, StoreError> {
        let known = self.requests_of(workspace, &[*request])?.into_iter().next().flatten();
        let Some(number) = known else { return Ok(None) };
        let entry = self.entry(workspace, number)?;
        Ok(entry.map(|(bytes, operation_at)| Recorded {
            number,
            operation: operation_of(&bytes, operation_at),
        }))
    }
}

/// What a group changes before it is durable.
struct Pending {
    /// The number of its last batch, and how far everything was durable before it.
    mark: Mark,
    records: Vec<(Header, Vec<u8>)>,
    wants_sync: bool,
    numbers: HashMap<WorkspaceId, Option<u64>>,
    requests: HashMap<(WorkspaceId, RequestKey), (u64, Bytes)>,
}

impl Pending {
    fn new(mark: Mark) -> Self {
        let (numbers, requests) = (HashMap::new(), HashMap::new());
        Self { mark, records: Vec::new(), wants_sync: false, numbers, requests }
    }

    fn recorded(&self, workspace: WorkspaceId, request: &RequestKey) -> Option<Recorded> {
        let (number, operation) = self.requests.get(&(workspace, *request))?.clone();
        Some(Recorded { number, operation })
    }
}

fn operation_of(entry: &Bytes, operation_at: u32) -> Bytes {
    entry.slice((operation_at as usize).min(entry.len())..)
}

fn failed(member: &Member, error: &StoreError) -> (u64, Result<Outcome, StoreError>) {
    (member.ticket, Err(same_failure(error)))
}

/// One failure, for each of those whom it hit.
fn same_failure(error: &StoreError) -> StoreError {
    match error {
        StoreError::Full { place } => StoreError::Full { place: place.clone() },
        StoreError::NoAccess { place } => StoreError::NoAccess { place: place.clone() },
        StoreError::ReadOnly { place } => StoreError::ReadOnly { place: place.clone() },
        StoreError::Temporary { place, cause } => {
            StoreError::Temporary { place: place.clone(), cause: cause.to_string().into() }
        }
        StoreError::Permanent { place, cause } => {
            StoreError::Permanent { place: place.clone(), cause: cause.to_string().into() }
        }
        other => StoreError::Permanent {
            place: "another commit of the same group".into(),
            cause: other.to_string().into(),
        },
    }
}
