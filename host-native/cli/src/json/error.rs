//! A failure as an answer.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    failure::Told,
    output::{Report, Text},
};

/// What `--json` answers when a command fails: the last line of its output.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "error")]
pub(crate) struct ErrorAnswer {
    /// What went wrong.
    error: ErrorMembers,
}

/// A failure.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ErrorMembers {
    /// Its stable name.
    code: String,
    /// What is wrong, where, and what to do; for people, and not stable.
    message: String,
    /// The exit code of the program.
    exit_code: u8,
}

impl ErrorAnswer {
    /// The failure as an answer.
    pub(crate) fn new(told: &Told) -> Self {
        let error = ErrorMembers {
            code: told.code.to_owned(),
            message: told.message.clone(),
            exit_code: told.exit.number(),
        };
        Self { error }
    }
}

impl Report for ErrorAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> std::io::Result<()> {
        text.line(&self.error.message)
    }
}
