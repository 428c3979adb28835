//! Why a task stopped, in one sentence for the person who started it.

use std::fmt::{self, Display, Formatter};

/// What went wrong and, where it helps, what to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Says what was being done when something failed.
pub(crate) trait OrFail<T> {
    /// Puts `doing` before the cause.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if there is no value.
    fn or_fail(self, doing: impl Display) -> Result<T, Failure>;
}

impl<T, E: Display> OrFail<T> for Result<T, E> {
    fn or_fail(self, doing: impl Display) -> Result<T, Failure> {
        self.map_err(|cause| Failure(format!("{doing}: {cause}")))
    }
}

impl<T> OrFail<T> for Option<T> {
    fn or_fail(self, doing: impl Display) -> Result<T, Failure> {
        self.ok_or_else(|| Failure(doing.to_string()))
    }
}
