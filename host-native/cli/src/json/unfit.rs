//! Names that a file system cannot hold, as members of an answer.

use std::io;

use markerbed_host::restore::{UnfitName, UnfitNames};
use schemars::JsonSchema;
use serde::Serialize;

use super::{PathBytes, TwinPath};
use crate::{
    output::{Colour, Output, Report, Text},
    text::grouped,
};

/// A name that cannot be held.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct UnfitMembers {
    #[serde(flatten)]
    path: PathBytes,
    /// The stable name of the reason.
    code: String,
    #[serde(flatten)]
    twin: Option<TwinPath>,
    #[serde(skip)]
    why: &'static str,
}

impl UnfitMembers {
    /// As an answer tells of it.
    pub(crate) fn of(name: &UnfitName) -> Self {
        Self {
            path: PathBytes(name.path.clone()),
            code: name.why.code().to_owned(),
            twin: name.twin_path().map(TwinPath),
            why: name.why.sentence(),
        }
    }

    fn sentence(&self) -> String {
        match &self.twin {
            Some(twin) => {
                format!("{}: it is the same as {} there", self.path.shown(), twin.shown())
            }
            None => format!("{}: {}", self.path.shown(), self.why),
        }
    }
}

/// Says which names cannot be held, if there are several: the first few, or those that are listed
/// with `--verbose`.
pub(crate) fn note_unfit(output: &mut Output, names: &UnfitNames) {
    if names.count <= 1 {
        return;
    }
    let shown = if output.is_verbose() { names.first.len() } else { UNFIT_SHOWN };
    for name in names.first.iter().take(shown) {
        output.note(format_args!("cannot be held: {}", UnfitMembers::of(name).sentence()));
    }
    let more = names.count.saturating_sub(shown as u64);
    if more > 0 {
        output.note(format_args!("cannot be held: {} more", grouped(more)));
    }
}

impl Report for UnfitMembers {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let word = text.paint(Colour::Yellow, "unfit");
        text.line(format_args!("{word}  {}", self.sentence()))
    }
}

const UNFIT_SHOWN: usize = 10;
