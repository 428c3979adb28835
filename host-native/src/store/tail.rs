//! Notices of ledger tails inside one process.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use markerbed_core::WorkspaceId;
use tokio::sync::watch;

use super::{Notice, StoreError, Subscription, limits::ANSWER_ITEMS_MAX};

/// How many entries each ledger has, for whoever waits for more.
///
/// Only a count is kept for a subscriber, however far it lags behind.
#[derive(Debug, Default)]
pub(super) struct Tail(Mutex<HashMap<WorkspaceId, watch::Sender<u64>>>);

impl Tail {
    /// Says that a ledger has `count` entries; fewer than said before changes nothing.
    pub(super) fn publish(&self, workspace: WorkspaceId, count: u64) {
        let mut ledgers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ledger = ledgers.entry(workspace).or_default();
        ledger.send_if_modified(|known| {
            let grows = count > *known;
            *known = count.max(*known);
            grows
        });
    }

    /// Hears of entries from `position` on.
    pub(super) fn subscribe(&self, workspace: WorkspaceId, position: u64) -> Box<dyn Subscription> {
        let mut ledgers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = ledgers.entry(workspace).or_default().subscribe();
        Box::new(Follower { count, position })
    }
}

struct Follower {
    count: watch::Receiver<u64>,
    position: u64,
}

#[async_trait]
impl Subscription for Follower {
    async fn next(&mut self, limit: usize) -> Result<Vec<Notice>, StoreError> {
        let waited = self.count.wait_for(|count| *count > self.position).await;
        let count = *waited.map_err(|cause| StoreError::Permanent {
            place: "the store was closed".into(),
            cause: cause.into(),
        })?;
        let limit = limit.clamp(1, ANSWER_ITEMS_MAX) as u64;
        let end = count.min(self.position.saturating_add(limit));
        let notices = (self.position..end).map(|number| Notice { number }).collect();
        self.position = end;
        Ok(notices)
    }
}
