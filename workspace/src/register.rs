//! Which workspaces a store holds: rows of the host, beside the workspaces themselves.
//!
//! They stand under an id that no workspace has. A row is written before its workspace begins, so
//! a workspace is never without one, and a row whose workspace has no entry counts for nothing.

use bytes::Bytes;
use markerbed_core::{
    Error, WorkspaceId,
    codec::{Canonical, Reader, put_bytes, put_format},
    limits::{LABEL_BYTES_MAX, OBJECT_BYTES_MAX},
};

use crate::WorkspaceError;
use markerbed_storage::{Batch, Outcome, RowChange, RowRange, Store, limits::ANSWER_ITEMS_MAX};

/// The rows of a host stand under this id, which no genesis has.
pub const HOST: WorkspaceId = WorkspaceId::from_bytes([0; 32]);

/// A workspace of a store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// Its id.
    pub id: WorkspaceId,
    /// What the host calls it: for people only, in no hash.
    pub label: String,
    /// Tells whether a program uses it if it is told nothing else.
    pub is_default: bool,
}

/// Lists the workspaces that have begun, by id.
pub(crate) async fn list(store: &dyn Store) -> Result<Vec<Listed>, WorkspaceError> {
    let default = default(store).await?;
    let mut listed = Vec::new();
    let mut range = RowRange { prefix: WORKSPACE.into(), after: None };
    loop {
        let rows = store.range_rows(HOST, &range, ANSWER_ITEMS_MAX).await?;
        let Some((last, _)) = rows.last() else { break };
        range.after = Some(last.clone());
        for (key, value) in rows {
            let id = key.strip_prefix(WORKSPACE).and_then(|id| id.try_into().ok());
            let id = WorkspaceId::from_bytes(id.ok_or(BROKEN)?);
            let Entry { label } = Entry::decode(&value).map_err(|_| BROKEN)?;
            if store.number(id).await?.is_some() {
                listed.push(Listed { id, label, is_default: default == Some(id) });
            }
        }
    }
    Ok(listed)
}

/// Finds the workspace that a program uses if it is told nothing else.
pub(crate) async fn find_default(store: &dyn Store) -> Result<WorkspaceId, WorkspaceError> {
    let listed = list(store).await?;
    if let Some(default) = listed.iter().find(|listed| listed.is_default) {
        return Ok(default.id);
    }
    match &*listed {
        [] => Err(WorkspaceError::NoWorkspace),
        [only] => Ok(only.id),
        several => Err(WorkspaceError::WhichWorkspace { count: several.len() }),
    }
}

/// Notes a workspace that is about to begin; the first of a store becomes its default.
pub(crate) async fn note(
    store: &dyn Store,
    id: WorkspaceId,
    label: &str,
) -> Result<(), WorkspaceError> {
    let entry = Entry { label: clipped(label) };
    let mut rows = vec![RowChange { key: workspace_key(id), value: Some(entry.encode().into()) }];
    if list(store).await?.is_empty() {
        let value = Some(Bytes::copy_from_slice(id.as_bytes()));
        rows.push(RowChange { key: Bytes::from_static(DEFAULT), value });
    }
    let expected = store.number(HOST).await?;
    match store.commit(HOST, Batch { expected, entries: Vec::new(), rows }).await? {
        Outcome::Committed { .. } | Outcome::Already { .. } => Ok(()),
        Outcome::Lost { .. } => Err(WorkspaceError::LostRace { tries: 1 }),
    }
}

struct Entry {
    label: String,
}

impl Canonical for Entry {
    const BYTES_MAX: u32 = OBJECT_BYTES_MAX;

    fn put(&self, out: &mut Vec<u8>) {
        put_format(out);
        put_bytes(out, self.label.as_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        reader.take_format()?;
        Ok(Self { label: reader.take_string(0..=LABEL_BYTES_MAX)?.to_owned() })
    }
}

async fn default(store: &dyn Store) -> Result<Option<WorkspaceId>, WorkspaceError> {
    let row = store.fetch_rows(HOST, &[Bytes::from_static(DEFAULT)]).await?.pop().flatten();
    let id = |row: Bytes| <[u8; 32]>::try_from(&*row).map(WorkspaceId::from_bytes);
    row.map(id).transpose().map_err(|_| BROKEN)
}

/// The key of the row that lists a workspace.
pub fn workspace_key(id: WorkspaceId) -> Bytes {
    [WORKSPACE, id.as_bytes()].concat().into()
}

/// As much of a label as a row holds, cut between characters.
fn clipped(label: &str) -> String {
    let fits = |end: &usize| *end <= LABEL_BYTES_MAX as usize && label.is_char_boundary(*end);
    let end = (0..=label.len()).rev().find(fits).unwrap_or(0);
    label.get(..end).unwrap_or_default().to_owned()
}

const WORKSPACE: &[u8] = b"workspace/";
const DEFAULT: &[u8] = b"default";
const BROKEN: WorkspaceError = WorkspaceError::BrokenRow { row: "the list of workspaces" };
