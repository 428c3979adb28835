//! `markerbed show`

use std::{ffi::OsString, io};

use markerbed_core::{ContentId, Error, tree::EvidenceDocument};
use markerbed_host::{
    drive::blocking::wait,
    snapshot::Holding,
    workspace::{Found, Place, RecordedSnapshot, WorkspaceError},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    exit::Exit,
    failure::{Failure, one_line},
    host::Host,
    json::{AttributesMembers, GapMembers, HexId, HexId16, NodeMembers, PathBytes},
    open::{Opened, Purpose, reference},
    output::{Report, Text},
    text::{counted, grouped},
    time::show_time,
};

/// Show a snapshot, or what is at a path in it
///
/// All 64 digits of an id also show other objects and contents. Exits with 3 if the rules or the
/// evidence of a snapshot are not in the store.
#[derive(clap::Args)]
pub(crate) struct Show {
    /// The snapshot or node
    #[arg(value_name = "REF[:PATH]", default_value = "@")]
    reference: OsString,
}

/// What `markerbed show --json` answers.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(title = "show")]
pub(crate) enum ShowAnswer {
    /// A snapshot.
    Snapshot(Box<ShownSnapshot>),
    /// A node.
    Node(Box<ShownNode>),
    /// Another object.
    Object(ShownObject),
    /// A content.
    Content(ShownContent),
}

/// A snapshot and what belongs to it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct ShownSnapshot {
    /// Its SnapshotId.
    id: HexId,
    /// The number of the entry that recorded it.
    number: u64,
    /// How many snapshots were recorded before it.
    ordinal: u64,
    /// What was there.
    root: HexId,
    /// The snapshots it follows.
    parents: Vec<HexId>,
    /// What it was taken from.
    source_kind: String,
    /// What people call the source.
    source: String,
    /// One attempt to take the source in.
    run: HexId16,
    /// When it was taken.
    captured_at: String,
    /// The same in milliseconds since 1970 UTC.
    captured_at_ms: i64,
    /// Whose clock that was.
    clock: String,
    /// A pseudonym of who took it.
    agent: HexId16,
    /// What took it.
    tool: String,
    /// Whether all of the source was seen.
    coverage: String,
    /// The ContentId of the rules.
    rules: HexId,
    /// The rules in force, a document of `docs/spec/snapshots.md`; absent if not in the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules_document: Option<Value>,
    /// The ContentId of the evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<HexId>,
    /// What was seen and what could not be, a document of `docs/spec/snapshots.md`.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence_document: Option<Value>,
    /// Attributes of the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<HexId>,
    /// SHA-256 of the plain listing.
    #[serde(skip_serializing_if = "Option::is_none")]
    listing: Option<HexId>,
    #[serde(skip)]
    seen: Option<EvidenceDocument>,
}

/// A node and where it is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct ShownNode {
    #[serde(flatten)]
    path: PathBytes,
    #[serde(flatten)]
    node: NodeMembers,
    /// The snapshot it was looked for in.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<HexId>,
    /// What the file system said of it, if the snapshot has that.
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<AttributesMembers>,
}

/// An object that is neither a snapshot nor a node.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct ShownObject {
    /// What it is.
    kind: String,
    /// Its id.
    id: HexId,
}

/// A content.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct ShownContent {
    /// Its ContentId.
    id: HexId,
    /// How many bytes it has.
    size: u64,
}

impl Show {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let opened = Opened::of(host, Purpose::Read)?;
        let found = wait(opened.workspace.find(&reference(&self.reference)?))?;
        let (answer, exit) = match found {
            Found::Snapshot(recorded) => show_snapshot(host, &opened, &recorded)?,
            Found::Node(place) => show_node(host, &opened, &place)?,
            Found::Object(object) => {
                let id = object.id();
                let object = ShownObject {
                    kind: id.kind.word().to_owned(),
                    id: ContentId::from_bytes(id.bytes).into(),
                };
                (ShowAnswer::Object(object), Exit::Done)
            }
            Found::Content { id, bytes } => {
                (ShowAnswer::Content(ShownContent { id: id.into(), size: bytes }), Exit::Done)
            }
        };
        host.output.conclude(&answer, exit)
    }
}

fn show_node(
    host: &mut Host,
    opened: &Opened,
    place: &Place,
) -> Result<(ShowAnswer, Exit), Failure> {
    let attributes = wait(opened.workspace.resolve_attributes(place)).and_then(|id| match id {
        Some(id) => wait(opened.workspace.attributes(id)).map(Some),
        None => Ok(None),
    });
    let (attributes, exit) = match attributes {
        Ok(attributes) => (attributes, Exit::Done),
        Err(WorkspaceError::Engine(Error::MissingObject { .. })) => {
            host.output.note(format_args!("its attributes are not in the store"));
            (None, Exit::Incomplete)
        }
        Err(error) => return Err(error.into()),
    };
    let attributes = attributes.as_ref().map(AttributesMembers::of);
    Ok((ShowAnswer::Node(Box::new(ShownNode::of(place, attributes))), exit))
}

fn show_snapshot(
    host: &mut Host,
    opened: &Opened,
    recorded: &RecordedSnapshot,
) -> Result<(ShowAnswer, Exit), Failure> {
    let snapshot = &recorded.snapshot;
    let mut exit = Exit::Done;
    let mut documents = Vec::new();
    for (name, id) in [("rules", Some(snapshot.rules)), ("evidence", snapshot.evidence)] {
        let document = match id {
            Some(id) => opened.content(id)?,
            None => None,
        };
        if id.is_some() && document.is_none() {
            host.output.note(format_args!("the {name} of the snapshot are not in the store"));
            exit = Exit::Incomplete;
        }
        documents.push(document);
    }
    let evidence = documents.pop().flatten();
    let rules = documents.pop().flatten();
    let value = |document: &[u8]| serde_json::from_slice(document).ok();
    let shown = ShownSnapshot {
        id: recorded.id.into(),
        number: recorded.number,
        ordinal: recorded.ordinal,
        root: snapshot.root.into(),
        parents: snapshot.parents.iter().map(HexId::from).collect(),
        source_kind: snapshot.source_kind.word().to_owned(),
        source: snapshot.source_label.to_string(),
        run: snapshot.run.into(),
        captured_at: show_time(snapshot.captured_at_ms),
        captured_at_ms: snapshot.captured_at_ms,
        clock: snapshot.clock.word().to_owned(),
        agent: snapshot.agent.into(),
        tool: snapshot.tool.to_string(),
        coverage: snapshot.coverage.word().to_owned(),
        rules: snapshot.rules.into(),
        rules_document: rules.as_deref().and_then(value),
        evidence: snapshot.evidence.map(HexId::from),
        evidence_document: evidence.as_deref().and_then(value),
        attributes: snapshot.attributes.map(HexId::from),
        listing: snapshot.listing.map(HexId::from),
        seen: evidence.and_then(|document| EvidenceDocument::read(&document).ok()),
    };
    Ok((ShowAnswer::Snapshot(Box::new(shown)), exit))
}

impl ShownNode {
    fn of(place: &Place, attributes: Option<AttributesMembers>) -> Self {
        Self {
            path: PathBytes(place.path.as_bytes().to_vec()),
            node: NodeMembers::of(place.id, &place.node),
            snapshot: place.tree.snapshot.as_ref().map(|snapshot| snapshot.id.into()),
            attributes,
        }
    }
}

impl Report for ShowAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        match self {
            Self::Snapshot(snapshot) => snapshot.put_text(text),
            Self::Node(node) => {
                if !node.path.0.is_empty() {
                    text.field("path", node.path.shown())?;
                }
                text.node(&node.node)?;
                node.attributes.as_ref().map_or(Ok(()), |own| put_attributes(own, text))?;
                match &node.snapshot {
                    Some(snapshot) => text.field("snapshot", snapshot.as_str()),
                    None => Ok(()),
                }
            }
            Self::Object(object) => text.field(&object.kind, object.id.as_str()),
            Self::Content(content) => {
                text.field("content", content.id.as_str())?;
                text.field("size", counted(content.size, "byte", "bytes"))
            }
        }
    }
}

fn put_attributes(own: &AttributesMembers, text: &mut Text<'_>) -> io::Result<()> {
    if let Some(mode) = &own.mode {
        text.field("mode", mode)?;
    }
    if let Some(modified) = &own.modified {
        text.field("modified", &modified.time)?;
    }
    if let Some(owner) = own.owner() {
        text.field("owner", owner)?;
    }
    for extended in &own.extended {
        let size = counted(extended.size, "byte", "bytes");
        text.field("extended", format_args!("{}, {size}", extended.name.shown()))?;
    }
    if let Some(group) = &own.link_group {
        text.field("link group", group.short())?;
    }
    if let Some(holes) = own.holes {
        text.field("holes", grouped(holes as u64))?;
    }
    Ok(())
}

impl ShownSnapshot {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        text.field("snapshot", self.id.as_str())?;
        text.field("entry", format_args!("#{}", self.number))?;
        text.field("source", format_args!("{} ({})", one_line(&self.source), self.source_kind))?;
        text.field("captured", format_args!("{} ({} clock)", self.captured_at, self.clock))?;
        text.field("agent", self.agent.as_str())?;
        text.field("tool", &self.tool)?;
        for parent in &self.parents {
            text.field("parent", parent.as_str())?;
        }
        text.field("root", self.root.as_str())?;
        text.field("coverage", &self.coverage)?;
        text.field("rules", self.rules.as_str())?;
        if let Some(evidence) = &self.evidence {
            text.field("evidence", evidence.as_str())?;
        }
        if let Some(listing) = &self.listing {
            text.field("listing", format_args!("{} (SHA-256)", listing.as_str()))?;
        }
        let Some(seen) = &self.seen else { return Ok(()) };
        if let Some(message) = &seen.message {
            text.field("message", one_line(message))?;
        }
        if Holding::of(seen) == Holding::Hashed {
            text.field("contents", "hashed and not kept")?;
        }
        text.field("left out", grouped(seen.left_out))?;
        for gap in &seen.gaps {
            text.field("gap", GapMembers::of(gap).sentence())?;
        }
        Ok(())
    }
}
