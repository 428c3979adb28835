//! What differs between two trees, as members of an answer.

use std::io;

use markerbed_core::tree::{Child, Path, TreeChange, TreeDifference};
use schemars::JsonSchema;
use serde::Serialize;

use super::{FromPath, HexId, Kind, PathBytes};
use crate::{
    output::{Colour, Report, Text},
    text::grouped,
};

/// One thing that differs between two trees.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "diff")]
pub(crate) struct Change {
    /// How it differs.
    change: How,
    #[serde(flatten)]
    path: PathBytes,
    #[serde(flatten)]
    from: Option<FromPath>,
    /// What was there; absent if it was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Item>,
    /// What is there; absent if it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Item>,
    /// If the mode differs: whether the file may be run now.
    #[serde(skip_serializing_if = "Option::is_none")]
    executable: Option<bool>,
}

/// How something differs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum How {
    /// It is in the second tree only.
    Added,
    /// It is in the first tree only.
    Removed,
    /// Its kind, content or target is another.
    Changed,
    /// Nothing differs but the executable bit.
    Mode,
    /// The same node is elsewhere, with all that is below it.
    Moved,
}

/// A node, as its directory says.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Item {
    /// Its NodeId.
    node: HexId,
    /// What it is.
    kind: Kind,
}

/// How many things differ.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct ChangeCounts {
    /// Nodes that are new.
    pub(crate) added: u64,
    /// Nodes of which kind, content, target or executable bit is another.
    pub(crate) changed: u64,
    /// Nodes that are gone.
    pub(crate) removed: u64,
    /// Nodes that are elsewhere, with all that is below them.
    pub(crate) moved: u64,
    /// Whether this is all; otherwise there are more than these.
    pub(crate) complete: bool,
}

impl Change {
    /// As an answer tells of it.
    pub(crate) fn of(change: &TreeChange) -> Self {
        let (how, before, after) = match change {
            TreeChange::Added { child, .. } => (How::Added, None, Some(child)),
            TreeChange::Removed { child, .. } => (How::Removed, Some(child), None),
            TreeChange::Changed { before, after, .. } => (How::Changed, Some(before), Some(after)),
            TreeChange::Mode { before, after, .. } => (How::Mode, Some(before), Some(after)),
            TreeChange::Moved { child, .. } => (How::Moved, Some(child), Some(child)),
        };
        let bytes = |path: &Path| path.as_bytes().to_vec();
        let from = if let TreeChange::Moved { from, .. } = change { Some(from) } else { None };
        let executable =
            if let TreeChange::Mode { executable, .. } = change { Some(*executable) } else { None };
        Self {
            change: how,
            path: PathBytes(bytes(change.path())),
            from: from.map(|path| FromPath(bytes(path))),
            before: before.map(Item::of),
            after: after.map(Item::of),
            executable,
        }
    }
}

impl Item {
    fn of(child: &Child) -> Self {
        Self { node: child.id.into(), kind: Kind(child.kind) }
    }

    /// A slash after a directory, so that it is not taken for a file.
    const fn mark(&self) -> &'static str {
        if self.kind.0.is_directory() { "/" } else { "" }
    }
}

impl Report for Change {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let (word, colour) = match self.change {
            How::Added => ("added", Colour::Green),
            How::Removed => ("removed", Colour::Red),
            How::Changed => ("changed", Colour::Yellow),
            How::Mode => ("mode", Colour::Yellow),
            How::Moved => ("moved", Colour::Yellow),
        };
        let word = text.paint(colour, format_args!("{word:<7}"));
        let mark = self.after.as_ref().or(self.before.as_ref()).map(Item::mark).unwrap_or_default();
        let path = match self.path.0.as_slice() {
            [] => ".".to_owned(),
            _ => format!("{}{mark}", self.path.shown()),
        };
        let from = self.from.as_ref().map(|from| format!("{}{mark} -> ", from.shown()));
        let from = from.unwrap_or_default();
        let kinds = self.before.as_ref().zip(self.after.as_ref());
        let note = match (kinds, self.executable) {
            (Some((before, after)), _) if before.kind != after.kind => {
                format!("  (was a {}, is a {})", before.kind.0, after.kind.0)
            }
            (_, Some(true)) => "  (executable)".to_owned(),
            (_, Some(false)) => "  (not executable)".to_owned(),
            _ => String::new(),
        };
        text.line(format_args!("{word}  {from}{path}{note}"))
    }
}

impl ChangeCounts {
    /// Counts what is listed.
    pub(crate) fn of(difference: &TreeDifference) -> Self {
        let mut counts = Self { complete: difference.is_complete, ..Self::default() };
        for change in &difference.changes {
            *match change {
                TreeChange::Added { .. } => &mut counts.added,
                TreeChange::Removed { .. } => &mut counts.removed,
                TreeChange::Changed { .. } | TreeChange::Mode { .. } => &mut counts.changed,
                TreeChange::Moved { .. } => &mut counts.moved,
            } += 1;
        }
        counts
    }

    /// Nothing was there before, and now there are so many nodes.
    pub(crate) fn all_added(nodes: u64) -> Self {
        Self { added: nodes, complete: true, ..Self::default() }
    }

    /// Whether nothing differs.
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self { complete: true, ..Self::default() }
    }

    /// The counts in words.
    pub(crate) fn sentence(&self) -> String {
        let Self { added, changed, removed, moved, complete } = *self;
        let least = if complete { "" } else { "at least " };
        let [added, changed, removed] = [added, changed, removed].map(grouped);
        let moved = if moved == 0 { String::new() } else { format!(", {} moved", grouped(moved)) };
        format!("{least}{added} added, {changed} changed, {removed} removed{moved}")
    }
}

/// How many changes a command lists or counts before it says that there are more.
pub(crate) const CHANGES_MAX: u64 = 100_000;
