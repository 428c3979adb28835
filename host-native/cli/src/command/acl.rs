//! `markerbed acl`

use std::{ffi::OsString, io, os::unix::ffi::OsStrExt};

use markerbed_core::{
    Id16,
    access::{Decision, Right, Role, Scope},
    tree::Path,
};
use markerbed_host::{drive::blocking::wait, workspace::GrantOutcome};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    inputs::TimeOption,
    interrupt,
    json::{HexId16, PathBytes},
    open::{Opened, Purpose},
    output::{Report, Text},
};

/// Say who may do what: grant roles to agents, take them away, list them, ask
///
/// Until the first grant, whoever holds the files of the store and the key writes. From then on,
/// who has no right to write is refused with exit code 12. Who holds the files can always read
/// them.
#[derive(clap::Args)]
pub(crate) struct Acl {
    /// What to do.
    #[command(subcommand)]
    command: AclCommand,
}

#[derive(clap::Subcommand)]
enum AclCommand {
    Grant(GrantRole),
    Revoke(RevokeRole),
    Ls(List),
    Why(Why),
}

/// Give an agent a role, in the whole workspace or below a path
///
/// It takes the place of the role that the agent has with exactly this path. The path is recorded
/// as it is and cannot be erased. Exits with 12 if you may not administer the path.
#[derive(clap::Args)]
struct GrantRole {
    /// The agent, as 32 hexadecimal digits
    #[arg(value_name = "AGENT", value_parser = parse_agent)]
    agent: Id16,
    /// reader, writer, synthesiser or admin
    #[arg(value_name = "ROLE", value_parser = parse_role)]
    role: Role,
    /// Names joined by /; the whole workspace without it
    #[arg(value_name = "PATH", default_value = "")]
    path: OsString,
    #[command(flatten)]
    time: TimeOption,
}

/// Take the role of an agent away that it has with exactly this path
///
/// Exits with 2 if it has none there, and with 12 if you may not administer the path, or if the
/// role is your own.
#[derive(clap::Args)]
struct RevokeRole {
    /// The agent, as 32 hexadecimal digits
    #[arg(value_name = "AGENT", value_parser = parse_agent)]
    agent: Id16,
    /// Names joined by /; the whole workspace without it
    #[arg(value_name = "PATH", default_value = "")]
    path: OsString,
    #[command(flatten)]
    time: TimeOption,
}

/// List all grants
#[derive(clap::Args)]
struct List {}

/// Say whether an agent may do something at a path, and which entry granted it
///
/// Exits with 1 if it may not.
#[derive(clap::Args)]
struct Why {
    /// The agent, as 32 hexadecimal digits
    #[arg(value_name = "AGENT", value_parser = parse_agent)]
    agent: Id16,
    /// read, write, synthesise or administer
    #[arg(value_name = "RIGHT", value_parser = parse_right)]
    right: Right,
    /// Names joined by /; the root without it
    #[arg(value_name = "PATH", default_value = "")]
    path: OsString,
}

/// What `markerbed acl grant --json` and `markerbed acl revoke --json` answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "acl grant, acl revoke")]
pub(crate) struct AclAnswer {
    /// The agent.
    agent: HexId16,
    /// Its role now; absent if it was taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    /// Where; empty for the whole workspace.
    #[serde(flatten)]
    path: PathBytes,
    /// The entry that was written; absent if it was so already.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
}

/// What `markerbed acl ls --json` answers: one line for each grant.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "acl ls")]
pub(crate) struct AclLsAnswer {
    /// The agent.
    agent: HexId16,
    /// Its role.
    role: &'static str,
    /// Where; empty for the whole workspace.
    #[serde(flatten)]
    path: PathBytes,
    /// The agent that granted it.
    by: HexId16,
    /// The number of the entry that did.
    number: u64,
}

/// What `markerbed acl why --json` answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "acl why")]
pub(crate) struct AclWhyAnswer {
    /// The agent.
    agent: HexId16,
    /// What it would do.
    right: &'static str,
    /// Where.
    #[serde(flatten)]
    path: PathBytes,
    /// `allowed`, `open` (nothing was ever granted) or `denied`.
    decision: &'static str,
    /// The number of the entry that allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
}

impl Acl {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        match self.command {
            AclCommand::Grant(grant) => {
                change(host, grant.agent, Some(grant.role), &grant.path, &grant.time)
            }
            AclCommand::Revoke(revoke) => {
                change(host, revoke.agent, None, &revoke.path, &revoke.time)
            }
            AclCommand::Ls(list) => list.run(host),
            AclCommand::Why(why) => why.run(host),
        }
    }
}

fn change(
    host: &mut Host,
    agent: Id16,
    role: Option<Role>,
    path: &OsString,
    time: &TimeOption,
) -> Result<Exit, Failure> {
    let time_ms = host.inputs.now_ms(time.given_ms)?;
    let scope = Scope::new(path.as_bytes()).map_err(|_| bad_path(path))?;
    let opened = Opened::of(host, Purpose::Write)?;
    let stamp = opened.unchecked_stamp(host, time_ms)?;
    interrupt::hold().until_the_end();
    let outcome = match role {
        Some(role) => wait(opened.workspace.grant(agent, role, &scope, &stamp))?,
        None => wait(opened.workspace.revoke(agent, &scope, &stamp))?,
    };
    let number = match outcome {
        GrantOutcome::Changed { number } => Some(number),
        GrantOutcome::Unchanged => None,
    };
    let path = PathBytes(scope.path().as_bytes().to_vec());
    let answer = AclAnswer { agent: agent.into(), role: role.map(Role::word), path, number };
    host.output.tell(&answer, Exit::Done)
}

impl List {
    fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let opened = Opened::of(host, Purpose::Read)?;
        for (agent, scope, grant) in wait(opened.workspace.grants())?.iter() {
            let Some(role) = grant.role else { continue };
            host.output.show(&AclLsAnswer {
                agent: agent.into(),
                role: role.word(),
                path: PathBytes(scope.path().as_bytes().to_vec()),
                by: grant.by.into(),
                number: grant.since,
            })?;
        }
        Ok(Exit::Done)
    }
}

impl Why {
    fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let path = Path::new(self.path.as_bytes()).map_err(|_| bad_path(&self.path))?;
        let opened = Opened::of(host, Purpose::Read)?;
        let decision = wait(opened.workspace.decide(self.agent, self.right, &path))?;
        let (word, number, exit) = match decision {
            Decision::Allowed { by_entry } => ("allowed", Some(by_entry), Exit::Done),
            Decision::Open => ("open", None, Exit::Done),
            Decision::Denied => ("denied", None, Exit::False),
        };
        let answer = AclWhyAnswer {
            agent: self.agent.into(),
            right: self.right.word(),
            path: PathBytes(path.as_bytes().to_vec()),
            decision: word,
            number,
        };
        host.output.tell(&answer, exit)
    }
}

fn parse_agent(text: &str) -> Result<Id16, String> {
    text.parse().map_err(|_| "an agent is 32 lower-case hexadecimal digits".to_owned())
}

fn parse_role(text: &str) -> Result<Role, String> {
    let found = Role::ALL.into_iter().find(|role| role.word() == text);
    found.ok_or_else(|| "a role is reader, writer, synthesiser or admin".to_owned())
}

fn parse_right(text: &str) -> Result<Right, String> {
    let found = Right::ALL.into_iter().find(|right| right.word() == text);
    found.ok_or_else(|| "a right is read, write, synthesise or administer".to_owned())
}

fn bad_path(path: &OsString) -> Failure {
    let message = format!(
        "{path:?} is no path: names joined by /, none of them empty, . or .., at most 1,024 bytes"
    );
    Failure::usage("bad-path", message)
}

/// A path of a grant, for people.
pub(super) fn in_words(path: &PathBytes) -> String {
    if path.0.is_empty() { "the whole workspace".to_owned() } else { path.shown().to_string() }
}

impl Report for AclAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let (agent, place) = (self.agent.as_str(), in_words(&self.path));
        match (self.role, self.number) {
            (Some(role), Some(number)) => {
                text.line(format_args!("agent {agent} is {role} of {place}, by entry #{number}"))
            }
            (Some(role), None) => {
                text.line(format_args!("agent {agent} is {role} of {place} already"))
            }
            (None, _) => text.line(format_args!("agent {agent} has no role of {place} any more")),
        }
    }
}

impl Report for AclLsAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let Self { agent, role, path, number, .. } = self;
        let (agent, place) = (agent.as_str(), in_words(path));
        text.line(format_args!("{agent}  {role} of {place}, by entry #{number}"))
    }
}

impl Report for AclWhyAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let (agent, right) = (self.agent.as_str(), self.right);
        match (self.number, self.decision) {
            (Some(number), _) => {
                text.line(format_args!("agent {agent} may {right} there, by entry #{number}"))
            }
            (None, "open") => text.line(format_args!(
                "agent {agent} may {right} there: nothing was ever granted in this workspace"
            )),
            (None, _) => text.line(format_args!("agent {agent} may not {right} there")),
        }
    }
}
