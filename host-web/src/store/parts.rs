//! The parts of large contents: written before what names them, and found again if nothing does.

use markerbed_core::WorkspaceId;
use markerbed_storage::StoreError;

use super::{
    IndexedDbStore,
    layout::{PARTS, WRITINGS, Writing, writing_key},
    locks::is_free,
    mark::lock_name,
    transaction::{Access, Keys},
};

impl IndexedDbStore {
    /// Takes away the parts of a content that was not finished.
    pub(super) async fn remove_writing(
        &self,
        workspace: WorkspaceId,
        writing: Writing,
    ) -> Result<(), StoreError> {
        let key = writing_key(workspace, &writing);
        let transaction = self.begin(&[PARTS, WRITINGS], Access::Write)?;
        transaction.delete(WRITINGS, &key)?;
        transaction.delete_range(PARTS, &Keys::beginning_with(key))?;
        transaction.commit().await
    }
}

/// Takes away what tabs wrote that are gone. Where there are no locks nobody knows: it stays.
pub(super) async fn remove_abandoned(store: &IndexedDbStore) -> Result<(), StoreError> {
    let keys = store.begin(&[WRITINGS], Access::Read)?.all_keys(WRITINGS).await?;
    for key in keys {
        let Some((workspace, writing)) = key.split_first_chunk::<32>() else { continue };
        let Ok(writing) = writing.try_into().map(Writing) else { continue };
        if is_free(&lock_name(store.name(), &writing)).await == Some(true) {
            store.remove_writing(WorkspaceId::from_bytes(*workspace), writing).await?;
        }
    }
    Ok(())
}
