//! The directory store's streams: notices inside this process, positions in the packs.

use async_trait::async_trait;
use markerbed_core::WorkspaceId;

use super::{DirectoryStore, batch::Change};
use crate::store::{Capabilities, StoreError, Streams, Subscription, limits::check_subscriber};

#[async_trait]
impl Streams for DirectoryStore {
    fn stream_capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    async fn publish(&self, workspace: WorkspaceId, number: u64) -> Result<(), StoreError> {
        self.0.notices.publish(workspace, number.saturating_add(1));
        Ok(())
    }

    async fn subscribe(
        &self,
        workspace: WorkspaceId,
        position: u64,
    ) -> Result<Box<dyn Subscription>, StoreError> {
        Ok(self.0.notices.subscribe(workspace, position))
    }

    async fn position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
    ) -> Result<Option<u64>, StoreError> {
        self.0.batches_known()?;
        self.0.subscriber(workspace, subscriber)
    }

    async fn put_position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
        position: u64,
    ) -> Result<(), StoreError> {
        check_subscriber(subscriber)?;
        let positions = vec![(subscriber.to_owned(), position)];
        self.0.commit_change(workspace, Change { positions, ..Change::default() })
    }
}
