//! Runs the engine's operations over a store: fetch what is asked for, prove it, hand it over.
//!
//! The engine says what it needs ([`markerbed_core::step`]); only here that meets a store. Bytes
//! are proven on the thread that fetched them, before anybody else sees them.

use bytes::Bytes;
use markerbed_core::{
    Error, Object, ObjectId, WorkspaceId,
    step::{Answer, Step},
};

use crate::{Records, StoreError};

/// Why an operation was not carried to its end.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// What was stored, or what was asked, is not what it should be.
    #[error(transparent)]
    Engine(#[from] Error),
    /// The place could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DriveError {
    /// The stable, machine-readable name of this failure.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Engine(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

/// Puts any number of objects, in calls of bounded size.
///
/// # Errors
///
/// As [`Records::put_objects`]; some may have been put.
pub async fn put_objects(
    records: &dyn Records,
    workspace: WorkspaceId,
    objects: &[(ObjectId, Bytes)],
) -> Result<(), StoreError> {
    for chunk in chunks(objects) {
        records.put_objects(workspace, chunk).await?;
    }
    Ok(())
}

/// Runs an operation to its end, wherever a future is run.
///
/// # Errors
///
/// [`DriveError`]; the operation is then over, and nothing was changed by it.
pub async fn drive<T>(
    mut step: Step<T>,
    records: &dyn Records,
    workspace: WorkspaceId,
) -> Result<T, DriveError> {
    loop {
        let need = match step {
            Step::Done(output) => return Ok(output),
            Step::Need(need) => need,
        };
        let answers = fetch(records, workspace, need.requests()).await?;
        step = need.supply(answers)?;
    }
}

/// Fetches what an operation needs and proves it, one answer a request.
///
/// # Errors
///
/// [`DriveError`].
pub async fn fetch(
    records: &dyn Records,
    workspace: WorkspaceId,
    ids: &[ObjectId],
) -> Result<Vec<Answer>, DriveError> {
    let fetched = records.fetch_objects(workspace, ids).await?;
    if fetched.len() != ids.len() {
        return Err(Error::AnswersOutOfOrder.into());
    }
    let proven = |(id, bytes): (&ObjectId, Option<Bytes>)| {
        bytes.map(|bytes| Object::check(*id, &bytes)).transpose()
    };
    Ok(ids.iter().zip(fetched).map(proven).collect::<Result<_, Error>>()?)
}

/// Splits off a call's worth at a time: at most 4,096 objects and, but for a larger single one,
/// 4 MiB.
pub fn chunks(mut objects: &[(ObjectId, Bytes)]) -> impl Iterator<Item = &[(ObjectId, Bytes)]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |(_, object): &&(ObjectId, Bytes)| {
            bytes += object.len();
            bytes <= CHUNK_BYTES
        };
        let count = objects.iter().take(CHUNK_OBJECTS).take_while(fits).count();
        let (chunk, rest) = objects.split_at_checked(count.max(1))?;
        objects = rest;
        Some(chunk)
    })
}

const CHUNK_OBJECTS: usize = 4_096;
const CHUNK_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use markerbed_core::ObjectKind;

    fn object(bytes: usize) -> (ObjectId, Bytes) {
        (ObjectId { kind: ObjectKind::Node, bytes: [0; 32] }, vec![0; bytes].into())
    }

    fn lengths(objects: &[(ObjectId, Bytes)]) -> Vec<usize> {
        chunks(objects).map(<[_]>::len).collect()
    }

    #[test]
    fn a_list_is_cut_by_number_and_by_bytes() {
        assert_eq!(lengths(&[]), [0; 0]);
        assert_eq!(lengths(&vec![object(1); CHUNK_OBJECTS + 1]), [CHUNK_OBJECTS, 1]);
        assert_eq!(lengths(&vec![object(CHUNK_BYTES / 2); 3]), [2, 1]);
    }

    #[test]
    fn an_object_above_the_bytes_of_a_chunk_goes_alone() {
        assert_eq!(lengths(&[object(1), object(CHUNK_BYTES + 1), object(1)]), [1, 1, 1]);
    }
}
