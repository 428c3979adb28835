//! What could not be recorded, as members of an answer.

use std::borrow::Cow;

use markerbed_core::tree::{Gap, GapReason};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::PathBytes;
use crate::{output::Output, text::grouped};

/// Something that was there and could not be recorded.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct GapMembers {
    #[serde(flatten)]
    path: PathBytes,
    /// Why it could not.
    reason: Reason,
    /// How often it was tried.
    attempts: u32,
}

/// Why something could not be recorded.
#[derive(Clone, Copy, Debug)]
struct Reason(GapReason);

impl GapMembers {
    /// As an answer tells of it.
    pub(crate) fn of(gap: &Gap) -> Self {
        let path = PathBytes(gap.path.clone());
        Self { path, reason: Reason(gap.reason), attempts: gap.attempts }
    }

    /// The gap as a sentence.
    pub(crate) fn sentence(&self) -> String {
        let name = self.path.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let why = match self.reason.0 {
            GapReason::Unreadable => "the system refused to read it",
            GapReason::Changed => "it changed while it was read, each time",
            GapReason::Fifo => "it is a named pipe",
            GapReason::Socket => "it is a socket",
            GapReason::Device => "it is a device",
            GapReason::Name if str::from_utf8(name).is_err() => {
                "its name is not UTF-8, or is longer than the format allows"
            }
            GapReason::Name => "its name or target is longer than the format allows",
            GapReason::TooDeep => "it lies deeper than the format allows",
            GapReason::TooLarge => "it is larger than the format allows",
            GapReason::Symlink => "it is a symlink, and not every system tells where it leads",
            GapReason::Attributes => "an extended attribute of it cannot be read",
        };
        format!("{}: {why}", self.path.shown())
    }
}

/// Says what could not be recorded: the first few, or all with `--verbose`.
pub(crate) fn note_gaps(output: &mut Output, gaps: &[GapMembers]) {
    let shown = if output.is_verbose() { gaps.len() } else { GAPS_SHOWN };
    for gap in gaps.iter().take(shown) {
        output.note(format_args!("not recorded: {}", gap.sentence()));
    }
    if let Some(more) = gaps.len().checked_sub(shown).filter(|more| *more > 0) {
        let more = grouped(more as u64);
        output.note(format_args!("not recorded: {more} more; --verbose lists them"));
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

impl JsonSchema for Reason {
    fn schema_name() -> Cow<'static, str> {
        "Reason".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": GapReason::ALL.map(GapReason::word) })
    }
}

const GAPS_SHOWN: usize = 10;
