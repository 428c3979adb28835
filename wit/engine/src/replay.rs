//! The state of a workspace, entry by entry.

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{
    Sha256Digest, StateId,
    codec::Canonical,
    ledger::{CompactRange, LedgerEntry, State},
};
use markerbed_storage::MaybeSend;

use crate::{CallError, call::StoredObject, direct::objects};

/// The state of a workspace, entry by entry.
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
pub trait Replay: MaybeSend {
    /// Applies entries in order; what was applied before the first refused one stays.
    ///
    /// # Errors
    ///
    /// Why the first refused one is.
    async fn apply(&mut self, entries: Vec<Bytes>) -> Result<(), CallError>;

    /// The state now.
    ///
    /// # Errors
    ///
    /// As every call.
    async fn state(&mut self) -> Result<Replayed, CallError>;
}

/// The state after some entries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Replayed {
    /// How many entries were applied.
    pub entries: u64,
    /// The root of the log of all of them.
    pub log_root: Sha256Digest,
    /// The state.
    pub id: StateId,
    /// What it is made of: the state's own object, then pages.
    pub objects: Vec<StoredObject>,
}

/// Core's own, on this machine.
#[derive(Default)]
pub(crate) struct DirectReplay {
    state: State,
    log: CompactRange,
}

#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
impl Replay for DirectReplay {
    async fn apply(&mut self, entries: Vec<Bytes>) -> Result<(), CallError> {
        for bytes in entries {
            let entry = LedgerEntry::decode(&bytes)?;
            self.state.apply(&entry)?;
            self.log.append(entry.leaf());
        }
        Ok(())
    }

    async fn state(&mut self) -> Result<Replayed, CallError> {
        let built = self.state.build()?;
        let own = (built.id.into(), built.object.encode().into());
        Ok(Replayed {
            entries: self.state.entries(),
            log_root: self.log.root(),
            id: built.id,
            objects: [own].into_iter().chain(objects(built.pages)).collect(),
        })
    }
}
