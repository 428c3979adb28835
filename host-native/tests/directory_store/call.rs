//! Calls of a store as values, so that two stores are asked the same.

use std::ops::Range;

use bytes::Bytes;
use markerbed_core::{ContentId, ObjectId, WorkspaceId};
use markerbed_host::{
    drive::blocking::wait,
    store::{Batch, Outcome, RequestKey, RowRange, Store, StoreError},
};

/// A call.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    PutContents(WorkspaceId, Vec<Bytes>),
    /// A content piece by piece, and whether it is finished.
    WriteContent(WorkspaceId, Bytes, bool),
    FetchContents(WorkspaceId, Vec<ContentId>),
    ReadContent(WorkspaceId, ContentId, Range<u64>),
    OpenContent(WorkspaceId, ContentId),
    HasContents(WorkspaceId, Vec<ContentId>),
    ContentLengths(WorkspaceId, Vec<ContentId>),
    RemoveContents(WorkspaceId, Vec<ContentId>),
    Flush(WorkspaceId),
    PutObjects(WorkspaceId, Vec<(ObjectId, Bytes)>),
    FetchObjects(WorkspaceId, Vec<ObjectId>),
    HasObjects(WorkspaceId, Vec<ObjectId>),
    Commit(WorkspaceId, Batch),
    FetchRows(WorkspaceId, Vec<Bytes>),
    RangeRows(WorkspaceId, RowRange, usize),
    Number(WorkspaceId),
    FetchEntries(WorkspaceId, Range<u64>),
    FindRequests(WorkspaceId, Vec<RequestKey>),
    PutPosition(WorkspaceId, String, u64),
    Position(WorkspaceId, String),
    /// Notices of entries that are there.
    Subscribe(WorkspaceId, u64, usize),
}

/// What a store answered.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    Done,
    Ids(Vec<ContentId>),
    Found(Vec<Option<Bytes>>),
    There(Vec<bool>),
    Numbers(Vec<Option<u64>>),
    Decided(Outcome),
    Rows(Vec<(Bytes, Bytes)>),
    Entries(Vec<Bytes>),
    Notices(Vec<u64>),
}

impl Call {
    /// Asks a store.
    pub(crate) fn ask(&self, store: &dyn Store) -> Result<Answer, StoreError> {
        wait(self.ask_later(store))
    }

    async fn ask_later(&self, store: &dyn Store) -> Result<Answer, StoreError> {
        Ok(match self {
            Self::PutContents(workspace, contents) => {
                Answer::Ids(store.put_contents(*workspace, contents).await?)
            }
            Self::WriteContent(workspace, bytes, finishes) => {
                let mut writer = store.write_content(*workspace).await?;
                for piece in bytes.chunks(bytes.len() / 3 + 1) {
                    writer.write(piece).await?;
                }
                if !finishes {
                    return Ok(Answer::Done);
                }
                Answer::Ids(vec![writer.finish().await?.id])
            }
            Self::FetchContents(workspace, ids) => {
                Answer::Found(store.fetch_contents(*workspace, ids).await?)
            }
            Self::ReadContent(workspace, id, range) => {
                Answer::Found(vec![store.read_content(*workspace, *id, range.clone()).await?])
            }
            Self::OpenContent(workspace, id) => {
                let Some(mut reader) = store.open_content(*workspace, *id).await? else {
                    return Ok(Answer::Found(vec![None]));
                };
                let mut bytes = Vec::new();
                while let Some(piece) = reader.next().await? {
                    bytes.extend_from_slice(&piece);
                }
                assert_eq!(reader.length(), bytes.len() as u64);
                Answer::Found(vec![Some(bytes.into())])
            }
            Self::HasContents(workspace, ids) => {
                Answer::There(store.has_contents(*workspace, ids).await?)
            }
            Self::ContentLengths(workspace, ids) => {
                Answer::Numbers(store.content_lengths(*workspace, ids).await?)
            }
            Self::RemoveContents(workspace, ids) => {
                store.remove_contents(*workspace, ids).await?;
                Answer::Done
            }
            Self::Flush(workspace) => {
                store.flush_contents(*workspace).await?;
                Answer::Done
            }
            _ => return self.ask_records(store).await,
        })
    }

    async fn ask_records(&self, store: &dyn Store) -> Result<Answer, StoreError> {
        Ok(match self {
            Self::PutObjects(workspace, objects) => {
                store.put_objects(*workspace, objects).await?;
                Answer::Done
            }
            Self::FetchObjects(workspace, ids) => {
                Answer::Found(store.fetch_objects(*workspace, ids).await?)
            }
            Self::HasObjects(workspace, ids) => {
                Answer::There(store.has_objects(*workspace, ids).await?)
            }
            Self::Commit(workspace, batch) => {
                Answer::Decided(store.commit(*workspace, batch.clone()).await?)
            }
            Self::FetchRows(workspace, keys) => {
                Answer::Found(store.fetch_rows(*workspace, keys).await?)
            }
            Self::RangeRows(workspace, range, limit) => {
                Answer::Rows(store.range_rows(*workspace, range, *limit).await?)
            }
            Self::Number(workspace) => Answer::Numbers(vec![store.number(*workspace).await?]),
            Self::FetchEntries(workspace, numbers) => {
                Answer::Entries(store.fetch_entries(*workspace, numbers.clone()).await?)
            }
            Self::FindRequests(workspace, requests) => {
                Answer::Numbers(store.find_requests(*workspace, requests).await?)
            }
            Self::PutPosition(workspace, subscriber, position) => {
                store.put_position(*workspace, subscriber, *position).await?;
                Answer::Done
            }
            Self::Position(workspace, subscriber) => {
                Answer::Numbers(vec![store.position(*workspace, subscriber).await?])
            }
            Self::Subscribe(workspace, position, limit) => {
                let mut subscription = store.subscribe(*workspace, *position).await?;
                let notices = subscription.next(*limit).await?;
                Answer::Notices(notices.iter().map(|notice| notice.number).collect())
            }
            _ => unreachable!("it was asked of the contents"),
        })
    }

    /// What workspace it is about.
    pub(crate) const fn workspace(&self) -> WorkspaceId {
        match self {
            Self::PutContents(workspace, _)
            | Self::WriteContent(workspace, ..)
            | Self::FetchContents(workspace, _)
            | Self::ReadContent(workspace, ..)
            | Self::OpenContent(workspace, _)
            | Self::HasContents(workspace, _)
            | Self::ContentLengths(workspace, _)
            | Self::RemoveContents(workspace, _)
            | Self::Flush(workspace)
            | Self::PutObjects(workspace, _)
            | Self::FetchObjects(workspace, _)
            | Self::HasObjects(workspace, _)
            | Self::Commit(workspace, _)
            | Self::FetchRows(workspace, _)
            | Self::RangeRows(workspace, ..)
            | Self::Number(workspace)
            | Self::FetchEntries(workspace, _)
            | Self::FindRequests(workspace, _)
            | Self::PutPosition(workspace, ..)
            | Self::Position(workspace, _)
            | Self::Subscribe(workspace, ..) => *workspace,
        }
    }

    /// Tells whether it puts what a later durable call makes durable.
    pub(crate) const fn puts(&self) -> bool {
        matches!(
            self,
            Self::PutContents(..) | Self::WriteContent(_, _, true) | Self::PutObjects(..)
        )
    }

    /// Tells whether it is durable when it answers, with all that was put before.
    pub(crate) const fn is_durable(&self) -> bool {
        match self {
            // Who takes nothing away writes nothing.
            Self::RemoveContents(_, ids) => !ids.is_empty(),
            _ => matches!(self, Self::Commit(..) | Self::PutPosition(..) | Self::Flush(_)),
        }
    }
}

impl Answer {
    /// Tells whether each part of the answer is as in one of two others.
    pub(crate) fn is_between(&self, one: &Self, other: &Self) -> bool {
        fn each<T: PartialEq>(found: &[T], one: &[T], other: &[T]) -> bool {
            let lengths = [one.len(), other.len()].map(|length| length == found.len());
            let mut parts = found.iter().zip(one.iter().zip(other));
            lengths == [true; 2]
                && parts.all(|(found, (one, other))| found == one || found == other)
        }
        match (self, one, other) {
            (Self::Found(found), Self::Found(one), Self::Found(other)) => each(found, one, other),
            (Self::There(found), Self::There(one), Self::There(other)) => each(found, one, other),
            (Self::Numbers(found), Self::Numbers(one), Self::Numbers(other)) => {
                each(found, one, other)
            }
            _ => self == one,
        }
    }

    /// One word for it, of which a suite counts that it was seen.
    pub(crate) fn word(&self) -> &'static str {
        let of = |there: &mut dyn Iterator<Item = bool>| {
            let (mut some, mut none) = (false, false);
            there.for_each(|there| *(if there { &mut some } else { &mut none }) = true);
            match (some, none) {
                (true, true) => "some",
                (true, false) => "all",
                (false, true) => "absent",
                (false, false) => "empty",
            }
        };
        match self {
            Self::Done | Self::Ids(_) => "done",
            Self::Found(found) => of(&mut found.iter().map(Option::is_some)),
            Self::There(found) => of(&mut found.iter().copied()),
            Self::Numbers(found) => of(&mut found.iter().map(Option::is_some)),
            Self::Decided(Outcome::Committed { .. }) => "committed",
            Self::Decided(Outcome::Lost { .. }) => "lost",
            Self::Decided(Outcome::Already { .. }) => "already",
            Self::Rows(rows) => of(&mut rows.iter().map(|_| true)),
            Self::Entries(entries) => of(&mut entries.iter().map(|_| true)),
            Self::Notices(notices) => of(&mut notices.iter().map(|_| true)),
        }
    }
}
