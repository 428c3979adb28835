//! `markerbed ref`

use std::{ffi::OsString, io};

use markerbed_core::tree::Label;
use markerbed_host::{
    drive::blocking::wait,
    workspace::{RefOutcome, RefPlace, WorkspaceError},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    exit::Exit,
    failure::{Failure, one_line},
    host::Host,
    inputs::TimeOption,
    interrupt,
    json::HexId,
    open::{Opened, Purpose, reference},
    output::{Colour, Report, Text},
};

/// Set, list and remove refs: names that point at snapshots
#[derive(clap::Args)]
pub(crate) struct Ref {
    /// What to do.
    #[command(subcommand)]
    command: RefCommand,
}

#[derive(clap::Subcommand)]
enum RefCommand {
    Set(Set),
    Ls(List),
    Rm(Remove),
}

/// Point a ref at a snapshot
///
/// Exits with 11 if somebody else moved it in the meantime, or if it is not where --was says.
#[derive(clap::Args)]
struct Set {
    /// The ref
    #[arg(value_name = "NAME")]
    name: String,
    /// The snapshot
    #[arg(value_name = "REF")]
    to: OsString,
    /// Only if the ref points at this snapshot now
    #[arg(long, value_name = "REF")]
    was: Option<OsString>,
    #[command(flatten)]
    time: TimeOption,
}

/// List all refs and where they point
#[derive(clap::Args)]
struct List {}

/// Remove a ref; the snapshots stay
///
/// Exits with 2 if there is no such ref, and with 11 if somebody else moved it in the meantime.
#[derive(clap::Args)]
struct Remove {
    /// The ref
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    time: TimeOption,
}

/// What `markerbed ref set --json` and `markerbed ref rm --json` answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "ref set, ref rm")]
pub(crate) struct RefAnswer {
    /// The ref.
    name: String,
    /// Where it points now; absent if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<HexId>,
    /// Where it pointed; absent if there was no such ref.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<HexId>,
    /// The entry that was written; absent if it was there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
}

/// What `markerbed ref ls --json` answers: one line for each ref.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "ref ls")]
pub(crate) struct RefLsAnswer {
    /// The ref.
    name: String,
    /// Where it points.
    snapshot: HexId,
    /// The number of the entry that moved it there.
    number: u64,
}

impl Ref {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        match self.command {
            RefCommand::Set(set) => set.run(host),
            RefCommand::Ls(list) => list.run(host),
            RefCommand::Rm(remove) => remove.run(host),
        }
    }
}

impl Set {
    fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let time_ms = host.inputs.now_ms(self.time.given_ms)?;
        let opened = Opened::of(host, Purpose::Write)?;
        let name = label(&self.name)?;
        let to = wait(opened.workspace.resolve_snapshot(&reference(&self.to)?))?.id;
        let from = match &self.was {
            Some(was) => Some(wait(opened.workspace.resolve_snapshot(&reference(was)?))?.id),
            None => wait(opened.workspace.find_ref(&name))?,
        };
        let stamp = opened.stamp(host, time_ms)?;
        interrupt::hold().until_the_end();
        let outcome = wait(opened.workspace.move_ref(&name, from, to, &stamp))?;
        let answer = RefAnswer {
            name: name.to_string(),
            snapshot: Some(to.into()),
            from: from.map(HexId::from),
            number: number(outcome),
        };
        host.output.tell(&answer, Exit::Done)
    }
}

impl List {
    fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let opened = Opened::of(host, Purpose::Read)?;
        for RefPlace { name, snapshot, number } in wait(opened.workspace.refs())? {
            let name = name.to_string();
            host.output.show(&RefLsAnswer { name, snapshot: snapshot.into(), number })?;
        }
        Ok(Exit::Done)
    }
}

impl Remove {
    fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let time_ms = host.inputs.now_ms(self.time.given_ms)?;
        let opened = Opened::of(host, Purpose::Write)?;
        let name = label(&self.name)?;
        let found = wait(opened.workspace.find_ref(&name))?;
        let from = found.ok_or_else(|| WorkspaceError::NoRef { name: name.clone() })?;
        let stamp = opened.stamp(host, time_ms)?;
        interrupt::hold().until_the_end();
        let outcome = wait(opened.workspace.remove_ref(&name, from, &stamp))?;
        let answer = RefAnswer {
            name: name.to_string(),
            snapshot: None,
            from: Some(from.into()),
            number: number(outcome),
        };
        host.output.tell(&answer, Exit::Done)
    }
}

fn label(name: &str) -> Result<Label, Failure> {
    Label::new(name).map_err(|_| {
        let message = format!(
            "{name:?} cannot name a ref: 1 to 255 bytes without control characters; choose another \
             name"
        );
        Failure::usage("bad-ref-name", message)
    })
}

const fn number(outcome: RefOutcome) -> Option<u64> {
    match outcome {
        RefOutcome::Moved { number } => Some(number),
        RefOutcome::Unchanged => None,
    }
}

impl Report for RefAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let name = one_line(&self.name);
        match (&self.snapshot, &self.from) {
            (Some(to), _) if self.number.is_none() => {
                text.line(format_args!("ref {name} is at snapshot {} already", to.short()))
            }
            (Some(to), Some(from)) => text.line(format_args!(
                "ref {name} moved from snapshot {} to {}",
                from.short(),
                to.short()
            )),
            (Some(to), None) => {
                text.line(format_args!("ref {name} set to snapshot {}", to.short()))
            }
            (None, from) => {
                let was = from.as_ref().map(HexId::short).unwrap_or_default();
                text.line(format_args!("ref {name} removed; it was at snapshot {was}"))
            }
        }
    }
}

impl Report for RefLsAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let snapshot = text.paint(Colour::Dim, self.snapshot.short());
        text.line(format_args!("{snapshot}  {}", one_line(&self.name)))
    }
}
