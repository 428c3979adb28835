//! Notices and positions over a store that JavaScript brings.
//!
//! It hears of the entries that were published over this very object; positions are rows of it.

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::WorkspaceId;
use markerbed_storage::{
    Capabilities, Records, StoreError, Streams, Subscription, limits::check_subscriber,
};

use super::ForeignStore;

#[async_trait(?Send)]
impl Streams for ForeignStore {
    fn stream_capabilities(&self) -> Capabilities {
        self.capabilities()
    }

    async fn publish(&self, workspace: WorkspaceId, number: u64) -> Result<(), StoreError> {
        self.0.tail.publish(workspace, number.saturating_add(1));
        Ok(())
    }

    async fn subscribe(
        &self,
        workspace: WorkspaceId,
        position: u64,
    ) -> Result<Box<dyn Subscription>, StoreError> {
        Ok(self.0.tail.subscribe(workspace, position))
    }

    async fn position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
    ) -> Result<Option<u64>, StoreError> {
        let key = position_key(subscriber);
        let found = self.fetch_rows_at(workspace, &[key]).await?.pop().flatten();
        let Some(value) = found else { return Ok(None) };
        let position = value[..].try_into().map(u64::from_le_bytes);
        position.map(Some).map_err(|_| StoreError::Permanent {
            place: self.0.place.clone(),
            cause: "a position is not what was put".into(),
        })
    }

    async fn put_position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
        position: u64,
    ) -> Result<(), StoreError> {
        check_subscriber(subscriber)?;
        let value = Bytes::copy_from_slice(&position.to_le_bytes());
        let rows = [(position_key(subscriber), Some(value))];
        for _ in 0..TRIES {
            let number = self.number(workspace).await?;
            if self.swap(workspace, number, &[], &rows).await?.flag()? {
                return Ok(());
            }
        }
        let cause = "others write all the time".into();
        Err(StoreError::Temporary { place: self.0.place.clone(), cause })
    }
}

/// The key of a row, as the store has it, beside those of [`super::records`].
fn position_key(subscriber: &str) -> Bytes {
    [b"p", subscriber.as_bytes()].concat().into()
}

const TRIES: u32 = 100;
