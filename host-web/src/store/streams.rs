//! Notices between tabs, and positions, in IndexedDB.

use async_trait::async_trait;
use markerbed_core::WorkspaceId;
use markerbed_storage::{
    Capabilities, Notice, Records, StoreError, StoredItem, Streams, Subscription,
    limits::{ANSWER_ITEMS_MAX, check_subscriber},
};

use super::{
    IndexedDbStore,
    globals::Later,
    layout::{POSITIONS, damaged, decode_number, key},
    transaction::Access,
};

#[async_trait(?Send)]
impl Streams for IndexedDbStore {
    fn stream_capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    async fn publish(&self, workspace: WorkspaceId, _: u64) -> Result<(), StoreError> {
        self.0.check()?;
        self.0.tell(workspace);
        Ok(())
    }

    async fn subscribe(
        &self,
        workspace: WorkspaceId,
        position: u64,
    ) -> Result<Box<dyn Subscription>, StoreError> {
        self.0.check()?;
        Ok(Box::new(Follower { store: self.clone(), workspace, position }))
    }

    async fn position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
    ) -> Result<Option<u64>, StoreError> {
        let item = StoredItem::Batch(workspace);
        let keys = [key(workspace, subscriber.as_bytes())];
        let transaction = self.begin(&[POSITIONS], Access::Read)?;
        let found = transaction.fetch(POSITIONS, &keys, |_| item).await?;
        let Some(payload) = found.into_iter().flatten().next() else { return Ok(None) };
        let position = decode_number(&payload);
        position.map(Some).ok_or_else(|| damaged(item, &self.0.place.text, POSITIONS))
    }

    async fn put_position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
        position: u64,
    ) -> Result<(), StoreError> {
        check_subscriber(subscriber)?;
        let key = key(workspace, subscriber.as_bytes());
        let transaction = self.begin(&[POSITIONS], Access::Write)?;
        transaction.put(POSITIONS, &key, &position.to_be_bytes())?;
        transaction.commit().await
    }
}

/// Follows a ledger, of which any tab may write the next entry.
struct Follower {
    store: IndexedDbStore,
    workspace: WorkspaceId,
    position: u64,
}

#[async_trait(?Send)]
impl Subscription for Follower {
    async fn next(&mut self, limit: usize) -> Result<Vec<Notice>, StoreError> {
        let hint = self.store.0.hint(self.workspace);
        let count = loop {
            // Listened for before the number is read: what comes between is heard.
            let told = hint.listen();
            let number = self.store.number(self.workspace).await?;
            let count = number.map_or(0, |number| number.saturating_add(1));
            if count > self.position {
                break count;
            }
            let _look_again = Later::after(LOOK_AGAIN_MS, {
                let hint = hint.clone();
                move || {
                    hint.notify(usize::MAX);
                }
            });
            told.await;
        };
        let limit = limit.clamp(1, ANSWER_ITEMS_MAX) as u64;
        let end = count.min(self.position.saturating_add(limit));
        let notices = (self.position..end).map(|number| Notice { number }).collect();
        self.position = end;
        Ok(notices)
    }
}

/// A hint may be lost, and some browsers have none. Those that throttle hidden tabs wake them less
/// often than this.
const LOOK_AGAIN_MS: u32 = 1_000;
