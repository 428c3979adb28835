//! Notices of ledger tails inside one process.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use event_listener::Event;
use markerbed_core::WorkspaceId;

use super::{Notice, StoreError, Subscription, limits::ANSWER_ITEMS_MAX};

/// How many entries each ledger has, for whoever waits for more.
///
/// Only a count is kept for a subscriber, however far it lags behind.
#[derive(Debug, Default)]
pub struct Tail(Mutex<HashMap<WorkspaceId, Arc<Ledger>>>);

#[derive(Debug, Default)]
struct Ledger {
    count: AtomicU64,
    is_closed: AtomicBool,
    changed: Event,
}

impl Tail {
    /// Says that a ledger has `count` entries; fewer than said before changes nothing.
    pub fn publish(&self, workspace: WorkspaceId, count: u64) {
        let ledger = self.ledger(workspace);
        if ledger.count.fetch_max(count, Ordering::SeqCst) < count {
            ledger.changed.notify(usize::MAX);
        }
    }

    /// Hears of entries from `position` on.
    pub fn subscribe(&self, workspace: WorkspaceId, position: u64) -> Box<dyn Subscription> {
        Box::new(Follower { ledger: self.ledger(workspace), position })
    }

    fn ledger(&self, workspace: WorkspaceId) -> Arc<Ledger> {
        self.ledgers().entry(workspace).or_default().clone()
    }

    fn ledgers(&self) -> MutexGuard<'_, HashMap<WorkspaceId, Arc<Ledger>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        for ledger in self.ledgers().values() {
            ledger.is_closed.store(true, Ordering::SeqCst);
            ledger.changed.notify(usize::MAX);
        }
    }
}

struct Follower {
    ledger: Arc<Ledger>,
    position: u64,
}

impl Follower {
    /// Waits until the ledger has entries from the position on, and says how many it has.
    async fn count(&self) -> Result<u64, StoreError> {
        loop {
            // Listened for before it is looked at: what comes between is heard.
            let changed = self.ledger.changed.listen();
            let count = self.ledger.count.load(Ordering::SeqCst);
            if count > self.position {
                return Ok(count);
            }
            if self.ledger.is_closed.load(Ordering::SeqCst) {
                let place = "the store was closed".to_owned();
                return Err(StoreError::Permanent { place, cause: "nothing more comes".into() });
            }
            changed.await;
        }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl Subscription for Follower {
    async fn next(&mut self, limit: usize) -> Result<Vec<Notice>, StoreError> {
        let count = self.count().await?;
        let limit = limit.clamp(1, ANSWER_ITEMS_MAX) as u64;
        let end = count.min(self.position.saturating_add(limit));
        let notices = (self.position..end).map(|number| Notice { number }).collect();
        self.position = end;
        Ok(notices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    #[test]
    fn who_waits_hears_that_the_store_was_closed() {
        let tail = Tail::default();
        let mut subscription = tail.subscribe(WorkspaceId::from_bytes([1; 32]), 0);
        let mut next = pin!(subscription.next(1));
        let mut context = Context::from_waker(Waker::noop());

        let before = next.as_mut().poll(&mut context);
        drop(tail);
        let after = next.as_mut().poll(&mut context);

        assert!(before.is_pending());
        assert!(matches!(after, Poll::Ready(Err(StoreError::Permanent { .. }))));
    }
}
