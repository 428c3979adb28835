//! What went wrong in a call, sorted.

use markerbed_core::Error;
use markerbed_engine::{CallError, RuntimeError};

use super::{bindings::engine::markerbed::engine::types, host::Guest};

/// What the runtime says, in one line.
pub(super) fn in_one_line(cause: &wasmtime::Error) -> String {
    let text = format!("{cause:#}");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Sorts why an instance stopped: what this program said itself, or what it did.
pub(super) fn stopped(error: wasmtime::Error) -> CallError {
    let error = match error.downcast::<RuntimeError>() {
        Ok(ours) => return ours.into(),
        Err(error) => error,
    };
    let cause = format!("{:#}", error.root_cause());
    if cause.starts_with(TOO_MUCH_AT_ONCE) {
        let (what, limit) = ("data in one call", "host_call_bytes");
        return RuntimeError::OverLimit { what, max: None, limit }.into();
    }
    RuntimeError::Trapped { cause }.into()
}

/// How wasmtime says that a call brought more than it may: the type of that error is not public.
const TOO_MUCH_AT_ONCE: &str = "too much data is being copied between the host and the guest";

/// Sorts what a component answered: if the store failed, that is the answer, whatever it says.
pub(super) fn answered<T>(
    guest: &mut Guest,
    answer: Result<T, types::Error>,
) -> Result<T, CallError> {
    if let Some(failure) = guest.take_failure() {
        return Err(failure.into());
    }
    answer.map_err(|error| match Result::<Error, _>::from(error) {
        Ok(error) => error.into(),
        Err(said) => {
            wrong(format!("it says that the store failed, which it did not: {}", said.message))
        }
    })
}

/// The component answered what core in this program does not.
pub(super) fn wrong(what: impl Into<String>) -> CallError {
    RuntimeError::Wrong { what: what.into() }.into()
}

/// The component answered what no right one can.
pub(super) fn cannot_be(error: Error) -> CallError {
    wrong(format!("it answers what cannot be: {error}"))
}
