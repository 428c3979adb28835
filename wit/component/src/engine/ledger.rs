//! Entries, the state they make, and the log they are leaves of.

use alloc::vec::Vec;
use core::cell::RefCell;

use markerbed_core::{
    ObjectId, Sha256Digest,
    codec::Canonical,
    ledger::{CompactRange, LedgerEntry, State, prove_consistency, prove_inclusion},
};

use super::maps::pages;
use crate::{
    bindings::{
        exports::markerbed::engine::ledger as exported,
        markerbed::engine::records::{self, Batch, Outcome, RowChange, StoredEntry},
        types,
    },
    convert::ids,
    guest::Guest,
};

impl exported::Guest for Guest {
    type Replay = Replay;

    fn prove_inclusion(leaves: Vec<types::Id>, index: u64) -> Result<Vec<types::Id>, types::Error> {
        let proof = prove_inclusion(&ids::<Sha256Digest>(leaves), index)?;
        Ok(proof.into_iter().map(Into::into).collect())
    }

    fn prove_consistency(
        leaves: Vec<types::Id>,
        leaves_before: u64,
    ) -> Result<Vec<types::Id>, types::Error> {
        let proof = prove_consistency(&ids::<Sha256Digest>(leaves), leaves_before)?;
        Ok(proof.into_iter().map(Into::into).collect())
    }

    fn commit_entry(
        workspace: types::Id,
        entry: Vec<u8>,
        rows: Vec<RowChange>,
    ) -> Result<Outcome, types::Error> {
        let entry = LedgerEntry::decode(&entry)?;
        let expected = entry.number.checked_sub(1);
        let batch = Batch { expected, entries: alloc::vec![stored(&entry)], rows };
        Ok(records::commit(workspace, &batch)?)
    }
}

/// The state of a workspace, entry by entry. A component runs on one thread at a time.
#[derive(Default)]
pub(crate) struct Replay(RefCell<(State, CompactRange)>);

impl exported::GuestReplay for Replay {
    fn new() -> Self {
        Self::default()
    }

    fn apply(&self, entries: Vec<Vec<u8>>) -> Result<(), types::Error> {
        let (state, log) = &mut *self.0.borrow_mut();
        for bytes in entries {
            let entry = LedgerEntry::decode(&bytes)?;
            state.apply(&entry)?;
            log.append(entry.leaf());
        }
        Ok(())
    }

    fn entries(&self) -> u64 {
        self.0.borrow().0.entries()
    }

    fn state(&self) -> Result<(types::Id, Vec<types::Object>), types::Error> {
        let built = self.0.borrow().0.build()?;
        let id = ObjectId::from(built.id);
        let mut objects =
            alloc::vec![types::Object { id: id.into(), bytes: built.object.encode() }];
        objects.extend(pages(built.pages));
        Ok((built.id.into(), objects))
    }

    fn log_root(&self) -> types::Id {
        self.0.borrow().1.root().into()
    }
}

/// An entry as a store sees it.
fn stored(entry: &LedgerEntry) -> StoredEntry {
    StoredEntry {
        number: entry.number,
        agent: entry.agent.into(),
        request: entry.request.into(),
        operation_at: entry.operation_at(),
        bytes: entry.encode(),
    }
}
