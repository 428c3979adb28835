//! Reads what may be damaged: one bad record must not hide the others of its batch.

use bytes::Bytes;
use markerbed_core::{ContentId, Error, Object, ObjectId, hash::ContentHasher};

use super::super::{Workspace, WorkspaceError};
use crate::store::StoreError;

/// What became of a question about something that may be damaged.
#[derive(Clone, Debug)]
pub(super) enum Fetched<T> {
    /// It is there and proven.
    Whole(T),
    /// It is not there.
    Missing,
    /// It is not as it was written; how that shows.
    Damaged(String),
}

/// Reads objects and proves them, each by itworkspace.
pub(super) async fn fetch_each_object(
    workspace: &Workspace,
    ids: &[ObjectId],
) -> Result<Vec<Fetched<Object>>, WorkspaceError> {
    let all = workspace.store().fetch_objects(workspace.id(), ids).await;
    if let Some(all) = undamaged(all)? {
        let checked = workspace.check_objects(ids, all).await?;
        return Ok(checked.into_iter().map(proven).collect());
    }
    let mut each = Vec::with_capacity(ids.len());
    for id in ids {
        let one = one(workspace.store().fetch_objects(workspace.id(), &[*id]).await)?;
        each.push(match one {
            Fetched::Whole(bytes) => {
                let checked = workspace.check_objects(&[*id], vec![Some(bytes)]).await?;
                proven(checked.into_iter().next().flatten())
            }
            Fetched::Missing => Fetched::Missing,
            Fetched::Damaged(why) => Fetched::Damaged(why),
        });
    }
    Ok(each)
}

/// Asks how long contents are, for each by itworkspace.
pub(super) async fn fetch_each_length(
    workspace: &Workspace,
    ids: &[ContentId],
) -> Result<Vec<Fetched<u64>>, StoreError> {
    let all = workspace.store().content_lengths(workspace.id(), ids).await;
    if let Some(all) = undamaged(all)? {
        return Ok(all
            .into_iter()
            .map(|one| one.map_or(Fetched::Missing, Fetched::Whole))
            .collect());
    }
    let mut each = Vec::with_capacity(ids.len());
    for id in ids {
        each.push(one(workspace.store().content_lengths(workspace.id(), &[*id]).await)?);
    }
    Ok(each)
}

/// Reads entries from the start of the range on, the first of which may be damaged.
pub(super) async fn fetch_some_entries(
    workspace: &Workspace,
    start: u64,
    end: u64,
) -> Result<Fetched<Vec<Bytes>>, StoreError> {
    let all = workspace.store().fetch_entries(workspace.id(), start..end).await;
    match undamaged(all)? {
        Some(entries) if entries.is_empty() => Ok(Fetched::Missing),
        Some(entries) => Ok(Fetched::Whole(entries)),
        None => {
            let one = workspace
                .store()
                .fetch_entries(workspace.id(), start..start.saturating_add(1))
                .await;
            Ok(match one {
                Ok(entries) if entries.is_empty() => Fetched::Missing,
                Ok(entries) => Fetched::Whole(entries),
                Err(error @ StoreError::Damaged { .. }) => Fetched::Damaged(error.to_string()),
                Err(error) => return Err(error),
            })
        }
    }
}

/// Reads a content from its first byte to its last and proves it; gives its length.
pub(super) async fn read_whole_content(
    workspace: &Workspace,
    id: ContentId,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Fetched<u64>, StoreError> {
    let read = async {
        let Some(mut reader) = workspace.store().open_content(workspace.id(), id).await? else {
            return Ok(Fetched::Missing);
        };
        let mut hasher = ContentHasher::default();
        let mut length = 0_u64;
        while let Some(piece) = reader.next().await? {
            hasher.update(&piece);
            length = length.saturating_add(piece.len() as u64);
            progress(piece.len() as u64);
        }
        Ok(if hasher.finish() == id {
            Fetched::Whole(length)
        } else {
            Fetched::Damaged("its bytes are not those of its id".to_owned())
        })
    };
    match read.await {
        Err(error @ StoreError::Damaged { .. }) => Ok(Fetched::Damaged(error.to_string())),
        other => other,
    }
}

/// What proving an object says of it.
fn proven(checked: Option<Result<Object, Error>>) -> Fetched<Object> {
    match checked {
        Some(Ok(object)) => Fetched::Whole(object),
        Some(Err(error)) => Fetched::Damaged(error.to_string()),
        None => Fetched::Missing,
    }
}

/// The answer, or none if something in it is damaged.
fn undamaged<T>(answer: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(StoreError::Damaged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The answer to a single question.
fn one<T>(answer: Result<Vec<Option<T>>, StoreError>) -> Result<Fetched<T>, StoreError> {
    match answer {
        Ok(mut answer) => Ok(answer.pop().flatten().map_or(Fetched::Missing, Fetched::Whole)),
        Err(error @ StoreError::Damaged { .. }) => Ok(Fetched::Damaged(error.to_string())),
        Err(error) => Err(error),
    }
}
