//! Contents: the bytes of files and documents, by their plain hash.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ContentId, WorkspaceId};

use super::{Capabilities, MaybeSend, MaybeSync, StoreError};

/// Keeps bytes by what they hash to.
///
/// Order, absence and durability are as for [`Records`](super::Records): what was put is durable
/// after the next commit, or after [`Contents::flush_contents`].
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
pub trait Contents: MaybeSend + MaybeSync {
    /// What this store can do.
    fn content_capabilities(&self) -> Capabilities;

    /// Puts contents that are in memory, and says how each is called.
    ///
    /// Neighbours are kept together, so hand over in one call what is read together. Callers on
    /// many threads do not wait for each other to hash and compress.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; some of the contents may have been put.
    async fn put_contents(
        &self,
        workspace: WorkspaceId,
        contents: &[Bytes],
    ) -> Result<Vec<ContentId>, StoreError>;

    /// Begins a content of unknown length, in bounded memory.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn write_content(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Box<dyn ContentWriter>, StoreError>;

    /// Reads whole contents, each proven to have its id.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] for the first that has not; [`StoreError::TooLarge`] above
    /// [`WHOLE_CONTENT_BYTES_MAX`](super::limits::WHOLE_CONTENT_BYTES_MAX) each.
    async fn fetch_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<Bytes>>, StoreError>;

    /// Reads a part of a content; what lies behind its end is left out.
    ///
    /// A store checks that the bytes are those it wrote, not that the whole has its id.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooLarge`] above [`RANGE_BYTES_MAX`](super::limits::RANGE_BYTES_MAX).
    async fn read_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError>;

    /// Opens a content for reading from its first byte to its last, in bounded memory.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn open_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
    ) -> Result<Option<Box<dyn ContentReader>>, StoreError>;

    /// Tells which contents are there.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn has_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<bool>, StoreError>;

    /// Tells how many bytes contents have.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn content_lengths(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<u64>>, StoreError>;

    /// Takes contents away; those that are absent are no error. Durable when it answers.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn remove_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<(), StoreError>;

    /// Makes durable what was put before.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn flush_contents(&self, workspace: WorkspaceId) -> Result<(), StoreError>;
}

/// Takes a content piece by piece. Dropping it leaves no content.
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
pub trait ContentWriter: MaybeSend {
    /// Adds the next bytes.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the content is then lost.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError>;

    /// Ends the content; only now it is there.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    async fn finish(self: Box<Self>) -> Result<Written, StoreError>;
}

/// What a [`ContentWriter`] has written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Written {
    /// How the content is called.
    pub id: ContentId,
    /// How many bytes it has.
    pub bytes: u64,
}

/// Gives a content piece by piece.
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
pub trait ContentReader: MaybeSend {
    /// How many bytes the whole content has.
    fn length(&self) -> u64;

    /// Reads the next piece, never empty; `None` after the last.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] before the last piece is handed over, if the whole has not its id.
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError>;
}
