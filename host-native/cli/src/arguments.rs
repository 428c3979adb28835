//! The command line as types.

use std::{ffi::OsString, path::PathBuf};

use clap::{ArgAction, Args, Parser, Subcommand};

use crate::{
    command::{
        acl::Acl, audit::Audit, cat::Cat, check::Check, checkpoint::Checkpoint,
        completions::Completions, demo::Demo, diff::Diff, documents::Documents, init::Init,
        key::Key, log::Log, ls::Ls, man::Man, prove::Prove, refs::Ref, repair::Repair,
        restore::Restore, show::Show, snap::Snap, status::Status, verify::Verify, version::Version,
        watch::Watch,
    },
    exit::Exit,
    failure::Failure,
    host::Host,
    output::Notes,
};

/// Keep a verifiable, append-only record of trees of files
///
/// REF is @ for the newest snapshot, @- for the one before, #41 for an entry of the ledger, the
/// name of a ref, or 8 or more digits of an id; REF:PATH is what lies at a path in it.
#[derive(Parser)]
#[command(name = "markerbed", version, max_term_width = 100)]
#[command(after_help = EXITS)]
pub(crate) struct Arguments {
    /// What is said whatever the command is.
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Everywhere {
    /// The store; else MARKERBED_STORE, else the nearest .markerbed upwards
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// The workspace in the store, if it is not the only one
    #[arg(long, global = true, value_name = "ID")]
    pub(crate) workspace: Option<String>,
    /// The key file of the workspace; else MARKERBED_KEY, else in the configuration folder
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Write nothing to the store; what would is refused
    #[arg(long, global = true)]
    pub(crate) read_only: bool,
    /// What computes: native, or component=FILE in a sandbox; else MARKERBED_ENGINE
    #[arg(long, global = true, value_name = "ENGINE")]
    pub(crate) engine: Option<OsString>,
    /// Answer in JSON, one object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing but errors and what was asked for
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more
    #[arg(long, short, global = true, action = ArgAction::SetTrue)]
    pub(crate) verbose: bool,
}

/// One file each, in `command/`.
#[derive(Subcommand)]
pub(crate) enum Command {
    Init(Init),
    Status(Status),
    Snap(Snap),
    Watch(Watch),
    Log(Log),
    Show(Show),
    Ls(Ls),
    Cat(Cat),
    Diff(Diff),
    Restore(Restore),
    Prove(Prove),
    Verify(Verify),
    Check(Check),
    Repair(Repair),
    Audit(Audit),
    Checkpoint(Checkpoint),
    Key(Key),
    Ref(Ref),
    Acl(Acl),
    Demo(Demo),
    Version(Version),
    Completions(Completions),
    #[command(hide = true)]
    Man(Man),
    #[command(hide = true)]
    Documents(Documents),
}

impl Command {
    /// Does what was asked and says how it ended.
    ///
    /// # Errors
    ///
    /// If it could not be done.
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        match self {
            Self::Init(init) => init.run(host),
            Self::Status(status) => status.run(host),
            Self::Snap(snap) => snap.run(host),
            Self::Watch(watch) => watch.run(host),
            Self::Log(log) => log.run(host),
            Self::Show(show) => show.run(host),
            Self::Ls(ls) => ls.run(host),
            Self::Cat(cat) => cat.run(host),
            Self::Diff(diff) => diff.run(host),
            Self::Restore(restore) => restore.run(host),
            Self::Prove(prove) => prove.run(host),
            Self::Verify(verify) => verify.run(host),
            Self::Check(check) => check.run(host),
            Self::Repair(repair) => repair.run(host),
            Self::Audit(audit) => audit.run(host),
            Self::Checkpoint(checkpoint) => checkpoint.run(host),
            Self::Key(key) => key.run(host),
            Self::Ref(refs) => refs.run(host),
            Self::Acl(acl) => acl.run(host),
            Self::Demo(demo) => demo.run(host),
            Self::Version(version) => version.run(host),
            Self::Completions(completions) => completions.run(host),
            Self::Man(man) => man.run(),
            Self::Documents(documents) => documents.run(),
        }
    }
}

impl Everywhere {
    /// What is to be said beside results.
    pub(crate) const fn notes(&self) -> Notes {
        match (self.quiet, self.verbose) {
            (true, _) => Notes::Quiet,
            (_, true) => Notes::Verbose,
            _ => Notes::Normal,
        }
    }
}

/// What the parser says, in one line.
pub(crate) fn failure_of(error: &clap::Error) -> Failure {
    let said = error.render().to_string();
    let mut paragraphs = said.split("\n\n");
    let first = paragraphs.next().unwrap_or_default().trim_start_matches("error: ");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let tip = paragraphs.next().filter(|tip| tip.trim_start().starts_with("tip: "));
    let tip = tip.map_or_else(String::new, |tip| format!("; {}", words(tip)));
    let usage = said.lines().find_map(|line| line.strip_prefix("Usage: markerbed "));
    let command = usage.and_then(|usage| usage.split(' ').next()).unwrap_or_default();
    let is_command = command.bytes().all(|byte| byte.is_ascii_lowercase()) && !command.is_empty();
    let command = if is_command { format!(" {command}") } else { String::new() };
    let message = format!("{}{tip}; see `markerbed{command} --help`", words(first));
    Failure::usage("bad-usage", message)
}

const EXITS: &str = "Exit codes: 0 done or verified, 1 the claim is false, 2 wrong usage, \
    3 incomplete or undecidable, 4 the store or the machine failed, 10 no such store, 11 lost a \
    race, 12 not permitted, 130 interrupted";
