//! What all entries add up to: from the newest state that the ledger records, or from nothing.

use bytes::Bytes;
use markerbed_core::{
    Error, ObjectId, StateId,
    codec::Canonical,
    ledger::{BuiltState, LedgerEntry, Operation, StatePoint, advance},
};
use markerbed_storage::drive;

use crate::{Stamp, Workspace, WorkspaceError, commit::TRIES};

impl Workspace {
    /// Records what all entries so far add up to, and puts the maps that the id commits to.
    ///
    /// # Errors
    ///
    /// As [`Self::commit_snapshot`] and [`Self::state`].
    pub async fn record_state(&self, stamp: &Stamp) -> Result<(StateId, u64), WorkspaceError> {
        for _ in 0..TRIES {
            if let Some(entry) = self.recorded(stamp).await? {
                let number = entry.number;
                return match entry.operation {
                    Operation::State(id) => Ok((id, number)),
                    _ => Err(WorkspaceError::RequestTaken { request: stamp.key(), number }),
                };
            }
            let tip = self.tip().await?;
            // Should it hold more than the entries up to the tip, a rival has won this try.
            let built = self.state().await?;
            let pages = built.pages.iter().map(|(id, page)| ((*id).into(), page.encode().into()));
            let mut objects: Vec<(ObjectId, Bytes)> = pages.collect();
            objects.push((built.id.into(), built.object.encode().into()));
            drive::put_objects(&**self.store(), self.id(), &objects).await?;
            if let Some(number) = self.append(tip, Operation::State(built.id), stamp).await? {
                return Ok((built.id, number));
            }
        }
        Err(self.lost().await?)
    }

    /// Computes what all entries so far add up to.
    ///
    /// It begins at the newest state that the ledger records and reads what the entries since
    /// touch; where there is none among the newest 16,384 entries, or a page of its maps is
    /// missing, it replays all entries. The pages given back are those that the store may lack.
    ///
    /// # Errors
    ///
    /// A failure of the store, an object that is not what it should be, or the first entry that
    /// does not follow from those before.
    pub async fn state(&self) -> Result<BuiltState, WorkspaceError> {
        if let Some((from, entries)) = self.since_newest_state().await? {
            match self.run(move |io| async move { advance(&io, from, entries).await }).await {
                // All of it follows from the entries, and who puts it anew mends the store.
                Err(WorkspaceError::Engine(Error::MissingObject { .. })) => {}
                state => return state,
            }
        }
        Ok(self.replay().await?.state.build()?)
    }

    /// The newest recorded state and the entries after it, if it is near enough.
    async fn since_newest_state(
        &self,
    ) -> Result<Option<(StatePoint, Vec<LedgerEntry>)>, WorkspaceError> {
        let count = self.number().await?.saturating_add(1);
        let mut chunks = Vec::new();
        let mut end = count;
        while end > 0 && count - end < NEAR_ENTRIES {
            let start = end.saturating_sub(CHUNK_ENTRIES);
            let mut entries = Vec::new();
            // A store may give fewer than it was asked for.
            while start + (entries.len() as u64) < end {
                let number = start + entries.len() as u64;
                let found = self.entries(number..end).await?;
                if found.is_empty() {
                    return Err(WorkspaceError::MissingEntry { number });
                }
                entries.extend(found.into_iter().map(|(entry, _)| entry));
            }
            let states = entries.iter().enumerate().rev();
            let newest = states.into_iter().find_map(|(at, entry)| match entry.operation {
                Operation::State(id) => Some((at, entry.number, id)),
                _ => None,
            });
            if let Some((at, number, id)) = newest {
                let from = StatePoint {
                    workspace: self.id(),
                    founder: self.founder().await?,
                    id,
                    entries: number,
                };
                chunks.push(entries.split_off(at));
                chunks.reverse();
                return Ok(Some((from, chunks.into_iter().flatten().collect())));
            }
            chunks.push(entries);
            end = start;
        }
        Ok(None)
    }
}

/// How many entries after a state are taken into it rather than all replayed.
const NEAR_ENTRIES: u64 = 1 << 14;
const CHUNK_ENTRIES: u64 = 1_024;
