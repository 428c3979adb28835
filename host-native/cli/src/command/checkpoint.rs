//! `markerbed checkpoint`

use std::{io, path::Path};

use markerbed_core::{
    Id16,
    checkpoint::{SignedCheckpoint, VerifierKey},
};
use markerbed_host::{
    drive::blocking::wait,
    workspace::{
        Head, KeyError, Keys, Stamp, check_goes_on, note_signed_head, signed_head, signed_head_file,
    },
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    inputs::TimeOption,
    interrupt,
    json::HexId,
    open::{Opened, Purpose, key_path},
    output::{Report, Text},
};

/// Sign how long the ledger is and which root it has
///
/// Prints the checkpoint: whoever has it and the key of `markerbed key export` sees later whether
/// anything before it was changed. The newest entry becomes one that says the state. Exits with 12
/// if a larger checkpoint, or another one of this size, was signed before.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Checkpoint {
    /// What else to do.
    #[command(subcommand)]
    command: Option<CheckpointCommand>,
    #[command(flatten)]
    time: TimeOption,
}

#[derive(clap::Subcommand)]
enum CheckpointCommand {
    Ls(List),
}

/// List the checkpoints that the store keeps, the smallest first
#[derive(clap::Args)]
struct List {}

/// What `markerbed checkpoint --json` and `markerbed checkpoint ls --json` answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "checkpoint, checkpoint ls")]
pub(crate) struct CheckpointAnswer {
    /// Which log it is of.
    origin: String,
    /// How many entries it has.
    size: u64,
    /// The root over them.
    root: HexId,
    /// How many signatures are on it.
    signatures: u64,
    /// The checkpoint itself: a signed note.
    note: String,
    #[serde(skip)]
    is_listed: bool,
}

impl Checkpoint {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        if self.command.is_some() {
            return list(host);
        }
        let time_ms = host.inputs.now_ms(self.time.given_ms)?;
        let opened = Opened::of(host, Purpose::Write)?;
        let stamp = opened.stamp(host, time_ms)?;
        let path = key_path(&host.place, opened.workspace.id())?;
        let keys = Keys::load(&path, opened.workspace.id())?;
        interrupt::hold().until_the_end();
        let signed = sign(&opened, &path, &[&keys], &stamp)?;
        host.output.show(&CheckpointAnswer::of(&signed, false))?;
        Ok(Exit::Done)
    }
}

/// Computes the head, notes that it is signed, signs it with those of `keys` that must, keeps it.
///
/// # Errors
///
/// If a key is not at hand, or signing it would make a second history.
pub(super) fn sign(
    opened: &Opened,
    path: &Path,
    keys: &[&Keys],
    stamp: &Stamp,
) -> Result<SignedCheckpoint, Failure> {
    let workspace = &opened.workspace;
    let file = signed_head_file(path);
    let before = signed_head(&file, workspace.id())?;
    if let Some((size, root)) = before {
        let entries = wait(workspace.number())? + 1;
        let found = if size <= entries { wait(workspace.root_of(size))? } else { root };
        // Before anything is written to a ledger that does not go on from what was signed.
        check_goes_on(&file, (size, root), entries, || found)?;
    }
    let Head { checkpoint, signers } = wait(workspace.head(stamp))?;
    let mut with = Vec::new();
    for public in signers {
        let keys = keys.iter().find(|keys| keys.public() == public);
        let keys = keys.ok_or(KeyError::SignerMissing { key: public })?;
        with.push((VerifierKey::of_workspace(workspace.id(), public), *keys));
    }
    note_signed_head(&file, &checkpoint, before)?;
    let text = checkpoint.to_text();
    let signatures: Vec<_> =
        with.into_iter().map(|(key, keys)| (key, keys.sign(text.as_bytes()))).collect();
    let signed = checkpoint.signed_by(&signatures)?;
    wait(workspace.keep_checkpoint(&signed))?;
    Ok(signed)
}

/// A stamp for one more entry of the same command.
///
/// # Errors
///
/// If the system has no random bytes.
pub(super) fn next_stamp(host: &mut Host, stamp: &Stamp) -> Result<Stamp, Failure> {
    Ok(Stamp { request: Id16::from_bytes(host.inputs.random()?), ..*stamp })
}

fn list(host: &mut Host) -> Result<Exit, Failure> {
    let opened = Opened::of(host, Purpose::Read)?;
    for signed in wait(opened.workspace.checkpoints())? {
        host.output.show(&CheckpointAnswer::of(&signed, true))?;
    }
    Ok(Exit::Done)
}

impl CheckpointAnswer {
    fn of(signed: &SignedCheckpoint, is_listed: bool) -> Self {
        let checkpoint = signed.checkpoint();
        Self {
            origin: checkpoint.origin().to_owned(),
            size: checkpoint.size(),
            root: checkpoint.root().into(),
            signatures: signed.note().signatures().len() as u64,
            note: signed.note().to_text(),
            is_listed,
        }
    }
}

impl Report for CheckpointAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        if self.is_listed {
            let root = self.root.as_str();
            return text.line(format_args!("{:>8}  {root}", self.size));
        }
        text.bytes(self.note.as_bytes())
    }
}
