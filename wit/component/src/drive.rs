//! Drives the engine's operations over the world's imports.

use alloc::vec::Vec;
use core::{future::Future, mem};

use markerbed_core::{
    Error, Object, ObjectId,
    step::{Io, Step},
};

use crate::bindings::{
    markerbed::engine::records,
    types::{self, StoreError},
};

/// Runs an operation to its end.
///
/// # Errors
///
/// As the operation, or as the store; nothing was changed by it.
pub(crate) fn drive<T: 'static, F>(
    workspace: types::Id,
    operation: impl FnOnce(Io) -> F,
) -> Result<T, types::Error>
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    let mut step = Step::start(operation)?;
    loop {
        let need = match step {
            Step::Done(output) => return Ok(output),
            Step::Need(need) => need,
        };
        let ids: Vec<types::ObjectId> = need.requests().iter().copied().map(Into::into).collect();
        let fetched = records::fetch_objects(workspace, &ids)?;
        if fetched.len() != ids.len() {
            return Err(Error::AnswersOutOfOrder.into());
        }
        let proven = |(id, bytes): (&ObjectId, Option<Vec<u8>>)| {
            bytes.map(|bytes| Object::check(*id, &bytes)).transpose()
        };
        let answers = need.requests().iter().zip(fetched).map(proven);
        let answers = answers.collect::<Result<_, Error>>()?;
        step = need.supply(answers)?;
    }
}

/// Puts any number of objects, in calls of bounded size.
///
/// # Errors
///
/// As the store; some may have been put.
pub(crate) fn put_objects(
    workspace: types::Id,
    objects: Vec<(ObjectId, Vec<u8>)>,
) -> Result<(), types::Error> {
    let mut call = Vec::new();
    let mut call_bytes = 0;
    for (id, bytes) in objects {
        call_bytes += bytes.len();
        call.push(types::Object { id: id.into(), bytes });
        if call.len() >= CALL_ITEMS || call_bytes >= CALL_BYTES {
            records::put_objects(workspace, &mem::take(&mut call))?;
            call_bytes = 0;
        }
    }
    if call.is_empty() { Ok(()) } else { Ok(records::put_objects(workspace, &call)?) }
}

impl From<StoreError> for types::Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A call's worth.
pub(crate) const CALL_ITEMS: usize = 4_096;
/// A call's worth of bytes, but for a single larger item.
pub(crate) const CALL_BYTES: usize = 4 << 20;
