//! What lies aside in a store, as members of an answer.

use std::io;

use markerbed_host::store::directory::SetAside;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    failure::one_line,
    output::{Colour, Text},
    text::counted,
};

/// Whole records that were found behind the end of a pack, and kept.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct AsideMembers {
    /// The file, from the store's directory on.
    file: String,
    /// How many bytes it has.
    bytes: u64,
}

impl AsideMembers {
    /// Writes it as a line for people.
    ///
    /// # Errors
    ///
    /// What the output reports.
    pub(crate) fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let word = text.paint(Colour::Yellow, "aside");
        let (file, bytes) = (one_line(&self.file), counted(self.bytes, "byte", "bytes"));
        text.line(format_args!(
            "{word}: {file}: {bytes} that were written behind the end and never acknowledged"
        ))
    }
}

impl From<SetAside> for AsideMembers {
    fn from(SetAside { name, bytes }: SetAside) -> Self {
        Self { file: name, bytes }
    }
}
