//! Contents in IndexedDB: small ones in a value each, large ones in parts.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{
    ContentId, WorkspaceId,
    hash::{ContentHasher, content_id},
};
use markerbed_storage::{
    Capabilities, ContentReader, ContentWriter, Contents, StoreError, limits::clip_range,
};

use super::{
    IndexedDbStore,
    layout::{CONTENTS, INLINE_BYTES_MAX, Kept, PARTS, content_key, part_key},
    reader::{Reader, fetch_kept, fetch_range, fetch_whole},
    transaction::{Access, Keys},
    writer::Writer,
};

#[async_trait(?Send)]
impl Contents for IndexedDbStore {
    fn content_capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    async fn put_contents(
        &self,
        workspace: WorkspaceId,
        contents: &[Bytes],
    ) -> Result<Vec<ContentId>, StoreError> {
        let ids: Vec<_> = contents.iter().map(|content| content_id(content)).collect();
        let mut small = Vec::new();
        let mut small_bytes = 0;
        for (id, content) in ids.iter().zip(contents) {
            if content.len() > INLINE_BYTES_MAX {
                let mut writer = self.write_content(workspace).await?;
                writer.write(content).await?;
                writer.finish().await?;
                continue;
            }
            small.push((*id, content));
            small_bytes += content.len();
            if small_bytes >= TRANSACTION_BYTES {
                self.put_small(workspace, &std::mem::take(&mut small)).await?;
                small_bytes = 0;
            }
        }
        self.put_small(workspace, &small).await?;
        Ok(ids)
    }

    async fn write_content(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Box<dyn ContentWriter>, StoreError> {
        self.0.check()?;
        Ok(Box::new(Writer::new(self.clone(), workspace)))
    }

    async fn fetch_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let place = &self.0.place.text;
        let transaction = self.begin(&[CONTENTS, PARTS], Access::Read)?;
        let kept = fetch_kept(&transaction, place, workspace, ids).await?;
        let mut found = Vec::with_capacity(ids.len());
        for (id, kept) in ids.iter().zip(kept) {
            found.push(match kept {
                Some(kept) => Some(fetch_whole(&transaction, place, (workspace, *id), kept).await?),
                None => None,
            });
        }
        Ok(found)
    }

    async fn read_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
        range: Range<u64>,
    ) -> Result<Option<Bytes>, StoreError> {
        let place = &self.0.place.text;
        let transaction = self.begin(&[CONTENTS, PARTS], Access::Read)?;
        let kept = fetch_kept(&transaction, place, workspace, &[id]).await?;
        let Some(kept) = kept.into_iter().flatten().next() else { return Ok(None) };
        let range = clip_range(range, kept.bytes())?;
        Ok(Some(match kept {
            Kept::Inline(bytes) => {
                Bytes::from(bytes).slice(range.start as usize..range.end as usize)
            }
            Kept::Parts(recipe) => {
                fetch_range(&transaction, place, (workspace, id), &recipe, range).await?.into()
            }
        }))
    }

    async fn open_content(
        &self,
        workspace: WorkspaceId,
        id: ContentId,
    ) -> Result<Option<Box<dyn ContentReader>>, StoreError> {
        let transaction = self.begin(&[CONTENTS], Access::Read)?;
        let kept = fetch_kept(&transaction, &self.0.place.text, workspace, &[id]).await?;
        let reader = |kept: Kept| {
            let (store, hasher) = (self.clone(), ContentHasher::default());
            Box::new(Reader { store, workspace, id, kept, position: 0, hasher }) as _
        };
        Ok(kept.into_iter().flatten().next().map(reader))
    }

    async fn has_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<bool>, StoreError> {
        let keys: Vec<_> = ids.iter().map(|id| content_key(workspace, id)).collect();
        self.begin(&[CONTENTS], Access::Read)?.has(CONTENTS, &keys).await
    }

    async fn content_lengths(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        let transaction = self.begin(&[CONTENTS], Access::Read)?;
        let mut lengths = Vec::with_capacity(ids.len());
        // Small contents are read for it, so a few at a time.
        for some in ids.chunks(LENGTHS_AT_ONCE) {
            let kept = fetch_kept(&transaction, &self.0.place.text, workspace, some).await?;
            lengths.extend(kept.iter().map(|kept| kept.as_ref().map(Kept::bytes)));
        }
        Ok(lengths)
    }

    async fn remove_contents(
        &self,
        workspace: WorkspaceId,
        ids: &[ContentId],
    ) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let transaction = self.begin(&[CONTENTS, PARTS], Access::Write)?;
        let kept = fetch_kept(&transaction, &self.0.place.text, workspace, ids).await?;
        for (id, kept) in ids.iter().zip(kept) {
            transaction.delete(CONTENTS, &content_key(workspace, id))?;
            if let Some(Kept::Parts(recipe)) = kept {
                let from = part_key(workspace, &recipe.writing, 0);
                let to = Some(part_key(workspace, &recipe.writing, recipe.parts()));
                transaction.delete_range(PARTS, &Keys { from, after: false, to })?;
            }
        }
        transaction.commit().await
    }

    async fn flush_contents(&self, _: WorkspaceId) -> Result<(), StoreError> {
        // Every transaction is durable when it is done.
        self.0.check()
    }
}

impl IndexedDbStore {
    async fn put_small(
        &self,
        workspace: WorkspaceId,
        contents: &[(ContentId, &Bytes)],
    ) -> Result<(), StoreError> {
        if contents.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin(&[CONTENTS], Access::Write)?;
        self.0.leave_what_is_there(&mut transaction);
        for (id, content) in contents {
            let key = content_key(workspace, id);
            transaction.add(CONTENTS, &key, &Kept::encode_inline(content))?;
        }
        transaction.commit().await
    }
}

const TRANSACTION_BYTES: usize = 4 << 20;
const LENGTHS_AT_ONCE: usize = 256;
