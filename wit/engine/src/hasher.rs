//! The id of a content that streams by, on this machine.

use async_trait::async_trait;
use markerbed_core::{ContentId, hash};

use crate::{CallError, ContentHasher};

/// Core's own, on this machine.
#[derive(Default)]
pub(crate) struct DirectHasher(hash::ContentHasher);

#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
impl ContentHasher for DirectHasher {
    async fn update(&mut self, bytes: &[u8]) -> Result<(), CallError> {
        self.0.update(bytes);
        Ok(())
    }

    async fn finish(&mut self) -> Result<ContentId, CallError> {
        Ok(self.0.finish())
    }
}
