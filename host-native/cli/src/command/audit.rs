//! `markerbed audit`

use std::{collections::BTreeMap, io, path::PathBuf, thread, time::Duration};

use markerbed_core::{
    Error,
    checkpoint::{Checkpoint, SignedCheckpoint, VerifierKey},
    ledger::Operation,
};
use markerbed_host::{drive::blocking::wait, workspace::Logged};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    log::{LogAnswer, messages},
    verify::{Judgement, Wrong, read},
};
use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    json::HexId,
    open::{Opened, Purpose},
    output::{Report, Text},
    text::{grouped, shown},
};

/// List what was done, by whom, the oldest first
///
/// As `log`, with the pseudonyms of those who did it, from any entry to any other, and for as long
/// as it takes with --follow. Reading and exporting leave no entry.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Audit {
    /// What else to do.
    #[command(subcommand)]
    command: Option<AuditCommand>,
    /// Only what this agent did: the first digits of a pseudonym
    #[arg(long, value_name = "DIGITS", value_parser = digits)]
    agent: Option<String>,
    /// Only this, as `log` calls it, for example "ref moved"; again for more
    #[arg(long = "operation", value_name = "NAME", value_parser = operation)]
    operations: Vec<String>,
    /// The number of the first entry
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    from: u64,
    /// The number of the last entry
    #[arg(long, value_name = "NUMBER", conflicts_with = "follow")]
    to: Option<u64>,
    /// Go on with what comes, until interrupted
    #[arg(long)]
    follow: bool,
}

#[derive(clap::Subcommand)]
enum AuditCommand {
    Verify(AuditVerify),
}

/// Check that the ledger grew from a checkpoint, and that its entries give its states
///
/// Reads every entry: the ones of the checkpoint must give its root, and all must apply one after
/// the other, with each state as recorded. The checkpoint must be signed by a key of --trust or,
/// without one, by a key that the ledger itself names.
#[derive(clap::Args)]
struct AuditVerify {
    /// The checkpoint to begin with: what `checkpoint` printed, kept by you
    #[arg(long, value_name = "FILE")]
    since: PathBuf,
    /// A key of the log that you trust, as `key export` prints it; again for more
    #[arg(long, value_name = "KEY")]
    trust: Vec<VerifierKey>,
}

/// What `markerbed audit verify --json` answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "audit verify")]
pub(crate) struct AuditVerifyAnswer {
    /// What it turned out to be.
    verdict: Judgement,
    /// How many entries the checkpoint has.
    since: u64,
    /// The root over them.
    since_root: HexId,
    /// How many entries the ledger has now.
    entries: u64,
    /// The root over all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<HexId>,
    /// How often each operation was recorded since.
    operations: BTreeMap<String, u64>,
    /// How many agents recorded something since.
    agents: u64,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<Wrong>,
}

impl Audit {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        match self.command {
            Some(AuditCommand::Verify(verify)) => verify.run(host),
            None => self.list(host),
        }
    }

    fn list(&self, host: &mut Host) -> Result<Exit, Failure> {
        let mut next = self.from;
        loop {
            // A process that reads sees what was there when it opened the store.
            let opened = Opened::of(host, Purpose::Read)?;
            let count = wait(opened.workspace.number())?.saturating_add(1);
            let end = self.to.map_or(count, |to| count.min(to.saturating_add(1)));
            while next < end {
                let until = end.min(next.saturating_add(ENTRIES_AT_ONCE));
                let few = usize::try_from(until - next).unwrap_or(usize::MAX);
                let mut logged = wait(opened.workspace.log(Some(until), few))?;
                logged.reverse();
                logged.retain(|logged| self.wants(logged));
                let messages = messages(&opened, &logged)?;
                for logged in &logged {
                    host.output.show(&LogAnswer::of(logged, &messages).with_agent())?;
                }
                next = until;
            }
            if !self.follow || host.output.is_closed() {
                return Ok(Exit::Done);
            }
            host.output.flush()?;
            thread::sleep(LOOKS_AGAIN);
        }
    }

    fn wants(&self, logged: &Logged) -> bool {
        let entry = &logged.entry;
        let digits = self.agent.as_deref().unwrap_or_default();
        let is_wanted = |name: &String| name == entry.operation.word();
        entry.agent.to_string().starts_with(digits)
            && (self.operations.is_empty() || self.operations.iter().any(is_wanted))
    }
}

impl AuditVerify {
    fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let signed = SignedCheckpoint::parse(&read(&self.since)?).map_err(|error| {
            let message = format!("{}: {error}", shown(&self.since));
            Failure::new(Exit::False, error.code(), message)
        })?;
        let checkpoint = signed.checkpoint();
        let opened = Opened::of(host, Purpose::Read)?;
        let workspace = &opened.workspace;
        let mut answer = AuditVerifyAnswer {
            verdict: Judgement::False,
            since: checkpoint.size(),
            since_root: checkpoint.root().into(),
            entries: wait(workspace.number())?.saturating_add(1),
            root: None,
            operations: BTreeMap::new(),
            agents: 0,
            wrong: None,
        };
        if checkpoint.origin() != Checkpoint::origin_of(workspace.id()) {
            return answer.refuse(host, Wrong::of(&Error::OtherOrigin));
        }
        if checkpoint.size() > answer.entries {
            return answer.refuse(host, Wrong::told("rollback", BEHIND));
        }
        let audited = wait(workspace.audit(checkpoint.size()))?;
        answer.root = Some(audited.log.root().into());
        let mut keys = self.trust;
        if keys.is_empty() {
            let counting = audited.terms.of_size(checkpoint.size());
            keys.extend(counting.map(|key| VerifierKey::of_workspace(workspace.id(), key)));
        }
        if let Err(error) = signed.check(&keys) {
            return answer.refuse(host, Wrong::of(&error));
        }
        if audited.root_since != checkpoint.root() {
            return answer.refuse(host, Wrong::told("fork", FORK));
        }
        let operations = audited.operations.into_iter();
        answer.operations = operations.map(|(word, count)| (word.to_owned(), count)).collect();
        answer.agents = audited.agents.len() as u64;
        answer.verdict = Judgement::Verified;
        host.output.conclude(&answer, Exit::Done)
    }
}

impl AuditVerifyAnswer {
    fn refuse(mut self, host: &mut Host, wrong: Wrong) -> Result<Exit, Failure> {
        self.wrong = Some(wrong);
        host.output.conclude(&self, Exit::False)
    }
}

impl Report for AuditVerifyAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let (since, entries) = (grouped(self.since), grouped(self.entries));
        let claim = format_args!(
            "the ledger grew from {since} entries to {entries}, and its states are what its \
             entries give"
        );
        let wrong = self.wrong.as_ref().map(Wrong::message).unwrap_or_default();
        self.verdict.put(text, claim, wrong, wrong)?;
        if self.wrong.is_some() {
            text.field("checkpoint", format_args!("{since} entries"))?;
            text.field("its root", self.since_root.as_str())?;
            text.field("here", format_args!("{entries} entries"))?;
        }
        if let Some(root) = &self.root {
            text.field("root now", root.as_str())?;
        }
        for (operation, count) in &self.operations {
            text.field(operation, grouped(*count))?;
        }
        Ok(())
    }
}

/// Digits that an agent's pseudonym may begin with.
fn digits(text: &str) -> Result<String, String> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    match text.len() {
        1..=32 if text.bytes().all(is_digit) => Ok(text.to_owned()),
        _ => Err("1 to 32 lower-case hex digits".to_owned()),
    }
}

/// The name of an operation.
fn operation(text: &str) -> Result<String, String> {
    if Operation::words().any(|word| word == text) {
        return Ok(text.to_owned());
    }
    let words: Vec<&str> = Operation::words().collect();
    Err(format!("one of: {}", words.join(", ")))
}

const ENTRIES_AT_ONCE: u64 = 1_000;
const LOOKS_AGAIN: Duration = Duration::from_millis(500);
const BEHIND: &str = "the ledger here has fewer entries than the checkpoint: an older copy was \
    put back, or the newest entries are lost";
const FORK: &str = "a fork: the entries here are not those that the checkpoint was signed over";
