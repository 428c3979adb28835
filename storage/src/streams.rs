//! Streams: notices that a ledger has grown.

use async_trait::async_trait;
use markerbed_core::WorkspaceId;

use super::{Capabilities, MaybeSend, MaybeSync, StoreError};

/// Tells subscribers of the tail of each ledger, at least once.
///
/// A *position* is the number of the next entry that a subscriber wants to hear of.
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
pub trait Streams: MaybeSend + MaybeSync {
    /// What this store can do.
    fn stream_capabilities(&self) -> Capabilities;

    /// Says that the entries up to `number` are durable. Saying it again, or late, is harmless; a
    /// host says it after each commit and once when it starts.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn publish(&self, workspace: WorkspaceId, number: u64) -> Result<(), StoreError>;

    /// Subscribes from `position` on: entries that are there already are told of first.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn subscribe(
        &self,
        workspace: WorkspaceId,
        position: u64,
    ) -> Result<Box<dyn Subscription>, StoreError>;

    /// The position that this subscriber made durable last.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
    ) -> Result<Option<u64>, StoreError>;

    /// Makes a position durable: everything before it has been dealt with.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooLarge`] for a name above
    /// [`SUBSCRIBER_BYTES_MAX`](super::limits::SUBSCRIBER_BYTES_MAX).
    async fn put_position(
        &self,
        workspace: WorkspaceId,
        subscriber: &str,
        position: u64,
    ) -> Result<(), StoreError>;
}

/// Hears of the entries of one ledger, in order.
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
pub trait Subscription: MaybeSend {
    /// Waits until there is something to tell, then tells of at most `limit` entries.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn next(&mut self, limit: usize) -> Result<Vec<Notice>, StoreError>;
}

/// An entry is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Notice {
    /// Its number.
    pub number: u64,
}
