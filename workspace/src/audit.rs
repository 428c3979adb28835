//! Reads a whole ledger once, for whoever kept an earlier head of it.

use std::collections::{BTreeMap, BTreeSet};

use markerbed_core::{
    Id16, Sha256Digest,
    checkpoint::KeyTerms,
    ledger::{CompactRange, State, leaf_hash},
};

use crate::{Workspace, WorkspaceError};

/// A ledger whose every entry applies, seen from one of its earlier heads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Audited {
    /// The root over the first entries, as many as the head has.
    pub root_since: Sha256Digest,
    /// The log tree over all entries.
    pub log: CompactRange,
    /// For which heads each key counts.
    pub terms: KeyTerms,
    /// How often each operation was recorded after the head, by its name.
    pub operations: BTreeMap<&'static str, u64>,
    /// Who recorded something after the head.
    pub agents: BTreeSet<Id16>,
}

impl Workspace {
    /// Applies every entry, one after the other, and looks at those from the number `since` on.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::MissingEntry`] if there are fewer than `since`, a failure of the store, or
    /// the first entry that does not follow from those before.
    pub async fn audit(&self, since: u64) -> Result<Audited, WorkspaceError> {
        let mut state = State::new();
        let mut root_since = None;
        let mut audited = Audited {
            root_since: CompactRange::new().root(),
            log: CompactRange::new(),
            terms: KeyTerms::new(),
            operations: BTreeMap::new(),
            agents: BTreeSet::new(),
        };
        let count = self.number().await?.saturating_add(1).max(since);
        self.each_entry(count, |entry, bytes| {
            if entry.number == since {
                root_since = Some(audited.log.root());
            }
            state.apply(entry)?;
            audited.log.append(leaf_hash(bytes));
            audited.terms.take(entry);
            if entry.number >= since {
                *audited.operations.entry(entry.operation.word()).or_default() += 1;
                audited.agents.insert(entry.agent);
            }
            Ok(())
        })
        .await?;
        audited.root_since = root_since.unwrap_or_else(|| audited.log.root());
        Ok(audited)
    }
}
