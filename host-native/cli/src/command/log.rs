//! `markerbed log`

use std::{collections::BTreeMap, io};

use markerbed_core::{
    ContentId, Id16, SnapshotId,
    access::{Role, Scope},
    ledger::{KeyRevocation, Operation, RefChange, RefMove},
    tree::{EvidenceDocument, Snapshot},
};
use markerbed_host::{drive::blocking::wait, workspace::Logged};
use schemars::JsonSchema;
use serde::Serialize;

use super::acl::in_words;
use crate::{
    exit::Exit,
    failure::{Failure, one_line},
    host::Host,
    json::{HexId, HexId16, PathBytes},
    open::{Opened, Purpose},
    output::{Colour, Report, Text},
    text::grouped,
    time::show_time,
};

/// List the entries of the ledger, the newest first
#[derive(clap::Args)]
pub(crate) struct Log {
    /// List at most so many
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 100)]
    limit: u64,
}

/// What `markerbed log --json` answers: one line for each entry.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "log")]
pub(crate) struct LogAnswer {
    /// The number of the entry.
    number: u64,
    /// When, by the clock of who wrote it.
    time: String,
    /// The same in milliseconds since 1970 UTC.
    time_ms: i64,
    /// A pseudonym of who wrote it.
    agent: HexId16,
    /// What was done.
    operation: String,
    /// The snapshot that was committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<LoggedSnapshot>,
    /// The ref that was set, moved or removed.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    moved: Option<LoggedRef>,
    /// The workspace that began.
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace: Option<HexId>,
    /// The StateId that was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<HexId>,
    /// The role that was given or taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<LoggedGrant>,
    /// The key that was rotated out or revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<LoggedKey>,
    #[serde(skip)]
    shows_agent: bool,
}

/// A role that was given or taken away.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct LoggedGrant {
    /// Whose role.
    agent: HexId16,
    /// Which one it is now; absent if it was taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    /// Where; empty for the whole workspace.
    #[serde(flatten)]
    path: PathBytes,
}

/// A key that signs no more.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct LoggedKey {
    /// The key.
    public_key: HexId,
    /// The key that took over, if it was rotated.
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<HexId>,
    /// Why it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// A snapshot that was committed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct LoggedSnapshot {
    /// Its SnapshotId.
    id: HexId,
    /// What its source is called; absent if the snapshot is not in the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// Its root.
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<HexId>,
    /// Whether all of the source was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<String>,
    /// What was said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// A ref that was set, moved or removed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct LoggedRef {
    /// Its name.
    name: String,
    /// Where it was; absent if it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<HexId>,
    /// Where it is; absent if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<HexId>,
}

impl Log {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let opened = Opened::of(host, Purpose::Read)?;
        let mut left = self.limit;
        let mut before = None;
        while left > 0 {
            let count = left.min(ENTRIES_AT_ONCE);
            let logged = wait(opened.workspace.log(before, count as usize))?;
            let Some(oldest) = logged.last() else { return Ok(Exit::Done) };
            before = Some(oldest.entry.number);
            left -= (logged.len() as u64).min(left);
            let messages = messages(&opened, &logged)?;
            for logged in &logged {
                host.output.show(&LogAnswer::of(logged, &messages))?;
            }
        }
        if let Some(older) = before.filter(|older| *older > 0) {
            let older = grouped(older);
            host.output.note(format_args!("{older} older entries; --limit takes a larger number"));
        }
        Ok(Exit::Done)
    }
}

/// What was said of the snapshots, as far as that can be read without much ado.
pub(super) fn messages(
    opened: &Opened,
    logged: &[Logged],
) -> Result<BTreeMap<ContentId, String>, Failure> {
    let evidence = |logged: &Logged| logged.snapshot.as_ref()?.evidence;
    let ids: Vec<ContentId> = logged.iter().filter_map(evidence).collect();
    let (store, workspace) = (opened.store(), opened.workspace.id());
    let lengths = wait(store.content_lengths(workspace, &ids))?;
    let is_small = |length: &Option<u64>| length.is_some_and(|bytes| bytes <= EVIDENCE_BYTES_MAX);
    let ids: Vec<ContentId> = ids
        .into_iter()
        .zip(&lengths)
        .filter_map(|(id, length)| is_small(length).then_some(id))
        .collect();
    let documents = wait(store.fetch_contents(workspace, &ids))?;
    let message = |document: &[u8]| EvidenceDocument::read(document).ok()?.message;
    let said = ids.into_iter().zip(documents);
    Ok(said.filter_map(|(id, document)| Some((id, message(&document?)?))).collect())
}

impl LogAnswer {
    pub(super) fn of(logged: &Logged, messages: &BTreeMap<ContentId, String>) -> Self {
        let entry = &logged.entry;
        let mut answer = Self {
            number: entry.number,
            time: show_time(entry.time_ms),
            time_ms: entry.time_ms,
            agent: entry.agent.into(),
            operation: entry.operation.word().to_owned(),
            snapshot: None,
            moved: None,
            workspace: None,
            state: None,
            grant: None,
            key: None,
            shows_agent: false,
        };
        match &entry.operation {
            Operation::WorkspaceCreated(genesis) => answer.workspace = Some(genesis.id().into()),
            Operation::SnapshotCommitted { snapshot, moves } => {
                answer.snapshot =
                    Some(LoggedSnapshot::of(*snapshot, logged.snapshot.as_ref(), messages));
                answer.moved = moves.as_ref().map(|moves| LoggedRef::moved(moves, *snapshot));
            }
            Operation::RefMoved(change) => answer.moved = Some(LoggedRef::changed(change)),
            Operation::State(id) => answer.state = Some(id.into()),
            Operation::Granted { agent, role, scope } => {
                answer.grant = Some(LoggedGrant::of(*agent, Some(*role), scope));
            }
            Operation::Revoked { agent, scope } => {
                answer.grant = Some(LoggedGrant::of(*agent, None, scope));
            }
            Operation::KeyRotated(rotation) => {
                let new = Some(rotation.new.into());
                answer.key = Some(LoggedKey { public_key: rotation.old.into(), new, reason: None });
            }
            Operation::KeyRevoked(KeyRevocation { key, reason }) => {
                let reason = Some(reason.word());
                answer.key = Some(LoggedKey { public_key: key.into(), new: None, reason });
            }
            _ => {}
        }
        answer
    }
}

impl LogAnswer {
    /// The same, whose text says who did it.
    pub(super) fn with_agent(self) -> Self {
        Self { shows_agent: true, ..self }
    }
}

impl LogAnswer {
    /// Who may do what now, or which key counts.
    fn change_of_access(&self) -> Option<String> {
        let grant = self.grant.as_ref().map(LoggedGrant::sentence);
        grant.or_else(|| self.key.as_ref().map(LoggedKey::sentence))
    }
}

impl LoggedSnapshot {
    fn of(
        id: SnapshotId,
        snapshot: Option<&Snapshot>,
        messages: &BTreeMap<ContentId, String>,
    ) -> Self {
        let message = snapshot.and_then(|snapshot| messages.get(&snapshot.evidence?)).cloned();
        Self {
            id: id.into(),
            source: snapshot.map(|snapshot| snapshot.source_label.to_string()),
            root: snapshot.map(|snapshot| snapshot.root.into()),
            coverage: snapshot.map(|snapshot| snapshot.coverage.word().to_owned()),
            message,
        }
    }
}

impl LoggedGrant {
    fn of(agent: Id16, role: Option<Role>, scope: &Scope) -> Self {
        let path = PathBytes(scope.path().as_bytes().to_vec());
        Self { agent: agent.into(), role: role.map(Role::word), path }
    }

    fn sentence(&self) -> String {
        let (agent, place) = (self.agent.as_str(), in_words(&self.path));
        match self.role {
            Some(role) => format!("agent {agent} made {role} of {place}"),
            None => format!("the role of agent {agent} in {place} taken away"),
        }
    }
}

impl LoggedKey {
    fn sentence(&self) -> String {
        let key = self.public_key.short();
        match (&self.new, self.reason) {
            (Some(new), _) => format!("key {key} rotated to {}", new.short()),
            (None, Some(reason)) => format!("key {key} revoked: {reason}"),
            (None, None) => format!("key {key}"),
        }
    }
}

impl LoggedRef {
    fn moved(moves: &RefMove, to: SnapshotId) -> Self {
        let from = moves.from.map(HexId::from);
        Self { name: moves.name.to_string(), from, to: Some(to.into()) }
    }

    fn changed(change: &RefChange) -> Self {
        Self {
            name: change.name().to_string(),
            from: change.from().map(HexId::from),
            to: change.to().map(HexId::from),
        }
    }

    fn sentence(&self) -> String {
        let name = one_line(&self.name);
        match (&self.from, &self.to) {
            (None, Some(to)) => format!("ref {name} set to {}", to.short()),
            (Some(from), Some(to)) => {
                format!("ref {name} moved from {} to {}", from.short(), to.short())
            }
            (_, None) => format!("ref {name} removed"),
        }
    }
}

impl Report for LogAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let number = text.paint(Colour::Yellow, format_args!("#{}", self.number));
        let time = text.paint(Colour::Dim, &self.time);
        let what = match (&self.snapshot, &self.moved, &self.state, &self.workspace) {
            (Some(snapshot), ..) => {
                let source = snapshot.source.as_deref().map(one_line);
                let source = source.unwrap_or_else(|| "(not in the store)".to_owned());
                let partial = match snapshot.coverage.as_deref() {
                    Some("complete") | None => String::new(),
                    Some(coverage) => format!(" ({coverage})"),
                };
                let message = snapshot.message.as_deref().map(one_line);
                let message = message.map(|said| format!(": {said}")).unwrap_or_default();
                format!("snapshot {} {source}{partial}{message}", snapshot.id.short())
            }
            (None, Some(moved), ..) => moved.sentence(),
            (None, None, Some(state), _) => format!("state {}", state.short()),
            (None, None, None, Some(workspace)) => {
                format!("workspace {} created", workspace.short())
            }
            _ => self.change_of_access().unwrap_or_else(|| self.operation.clone()),
        };
        let agent =
            if self.shows_agent { format!("{}  ", self.agent.as_str()) } else { String::new() };
        text.line(format_args!("{number}  {time}  {agent}{what}"))
    }
}

const ENTRIES_AT_ONCE: u64 = 1_000;

/// Evidence with many gaps is not read for the sake of its message.
const EVIDENCE_BYTES_MAX: u64 = 1 << 16;
