//! What went wrong in a call, sorted.

use markerbed_core::Error;
use markerbed_engine::{CallError, RuntimeError};

use super::{bindings::engine::markerbed::engine::types, host::Guest};

/// Sorts why an instance stopped: what this program said itself, or what it did.
pub(super) fn stopped(error: wasmtime::Error) -> CallError {
    match error.downcast::<RuntimeError>() {
        Ok(ours) => ours.into(),
        Err(error) => RuntimeError::Trapped { cause: format!("{:#}", error.root_cause()) }.into(),
    }
}

/// Sorts what a component answered: the store's own failure is the one that it was told.
pub(super) fn answered<T>(
    guest: &mut Guest,
    answer: Result<T, types::Error>,
) -> Result<T, CallError> {
    let failure = guest.take_failure();
    answer.map_err(|error| match (Result::<Error, _>::from(error), failure) {
        (Ok(error), _) => error.into(),
        (Err(_), Some(failure)) => failure.into(),
        (Err(said), None) => RuntimeError::Trapped {
            cause: format!("it says that the store failed, which it did not: {}", said.message),
        }
        .into(),
    })
}
