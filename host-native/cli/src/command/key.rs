//! `markerbed key`

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use markerbed_core::{
    WorkspaceId,
    access::{Right, Scope},
    checkpoint::VerifierKey,
    id::PublicKey,
    ledger::{KeyStatus, RevocationReason},
};
use markerbed_host::{drive::blocking::wait, workspace::Keys};
use schemars::JsonSchema;
use serde::Serialize;

use super::checkpoint::{next_stamp, sign};
use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    inputs::TimeOption,
    interrupt,
    json::{HexId, KeyPath},
    open::{Opened, Purpose, key_path},
    output::{Report, Text},
    text::shown,
};

/// Show, export, rotate and revoke the keys that sign checkpoints
#[derive(clap::Args)]
pub(crate) struct Key {
    /// What to do.
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(clap::Subcommand)]
enum KeyCommand {
    Export(Export),
    Ls(List),
    New(New),
    Rotate(Rotate),
    Revoke(Revoke),
}

/// Print the public half of the key that signs, for --trust of `markerbed verify`
#[derive(clap::Args)]
struct Export {}

/// List all keys of the workspace and whether they sign
#[derive(clap::Args)]
struct List {}

/// Make the key that the next `markerbed key rotate` turns to
///
/// It lies beside the key of the workspace, with .next at the end of its name. Exits with 2 if
/// there is one already.
#[derive(clap::Args)]
struct New {}

/// Let another key sign from here on
///
/// The next checkpoint is made at once, signed by both keys. What was the key is kept beside the
/// new one. Done again after it was ended, it goes on where it was.
#[derive(clap::Args)]
struct Rotate {
    #[command(flatten)]
    time: TimeOption,
}

/// Declare that nothing a key signed counts by itself any more
///
/// The key that signs is rotated first: until then this exits with 2.
#[derive(clap::Args)]
struct Revoke {
    /// The key, as `markerbed key ls` says it
    #[arg(value_name = "KEY")]
    revoked: PublicKey,
    /// Why
    #[arg(long, value_name = "REASON", value_parser = read_reason)]
    reason: RevocationReason,
    #[command(flatten)]
    time: TimeOption,
}

/// What `markerbed key export --json` and `markerbed key ls --json` answer: one line for each key.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "key export, key ls")]
pub(crate) struct KeyAnswer {
    /// The public half.
    public_key: HexId,
    /// active, rotated out or revoked.
    status: String,
    /// The key as verifiers are told of it.
    verifier_key: String,
    #[serde(skip)]
    is_listed: bool,
}

/// What `markerbed key new --json` answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "key new")]
pub(crate) struct KeyNewAnswer {
    #[serde(flatten)]
    key: KeyPath,
    /// Its public half.
    public_key: HexId,
}

/// What `markerbed key rotate --json` and `markerbed key revoke --json` answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "key rotate, key revoke")]
pub(crate) struct KeyChangeAnswer {
    /// The key that does not count as before.
    public_key: HexId,
    /// Its status now.
    status: String,
    /// The entry that says so; absent if it was written before.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    /// The key that took over; only if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_key: Option<HexId>,
    /// The checkpoint that both keys signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Key {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        match self.command {
            KeyCommand::Export(_) => list(host, false),
            KeyCommand::Ls(_) => list(host, true),
            KeyCommand::New(_) => make(host),
            KeyCommand::Rotate(rotate) => rotate.run(host),
            KeyCommand::Revoke(revoke) => revoke.run(host),
        }
    }
}

impl Rotate {
    fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let time_ms = host.inputs.now_ms(self.time.given_ms)?;
        let opened = Opened::of(host, Purpose::Write)?;
        let (workspace, id) = (&opened.workspace, opened.workspace.id());
        let path = key_path(&host.place, id)?;
        let old = Keys::load(&path, id)?;
        let next = next_key(&path);
        if !next.exists() {
            make_next(host, &next, &old, id)?;
        }
        let new = Keys::load(&next, id)?;
        let active = wait(workspace.active_key())?;
        let stamp = opened.stamp_of(host, time_ms, &old)?;
        wait(workspace.check_permitted(stamp.agent, Right::Administer, &Scope::WHOLE))?;
        interrupt::hold().until_the_end();
        let mut number = None;
        if active != new.public() {
            old.check_fits(active)?;
            let rotated = workspace.rotate_key(new.public(), |message| new.sign(message), &stamp);
            number = Some(wait(rotated)?);
        }
        let stamp = next_stamp(host, &stamp)?;
        let signed = sign(&opened, &path, &[&old, &new], &stamp)?;
        turn(&path, &next, old.public()).map_err(|cause| Failure::system(shown(&path), &cause))?;
        let answer = KeyChangeAnswer {
            public_key: old.public().into(),
            status: KeyStatus::RotatedOut.word().to_owned(),
            number,
            new_key: Some(new.public().into()),
            note: Some(signed.note().to_text()),
        };
        host.output.tell(&answer, Exit::Done)
    }
}

impl Revoke {
    fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let time_ms = host.inputs.now_ms(self.time.given_ms)?;
        let opened = Opened::of(host, Purpose::Write)?;
        let stamp = opened.unchecked_stamp(host, time_ms)?;
        let workspace = &opened.workspace;
        wait(workspace.check_permitted(stamp.agent, Right::Administer, &Scope::WHOLE))?;
        interrupt::hold().until_the_end();
        let number = wait(workspace.revoke_key(self.revoked, self.reason, &stamp))?;
        let answer = KeyChangeAnswer {
            public_key: self.revoked.into(),
            status: KeyStatus::Revoked.word().to_owned(),
            number: Some(number),
            new_key: None,
            note: None,
        };
        host.output.tell(&answer, Exit::Done)
    }
}

fn list(host: &mut Host, is_listed: bool) -> Result<Exit, Failure> {
    let opened = Opened::of(host, Purpose::Read)?;
    for (public, status) in wait(opened.workspace.signing_keys())? {
        if is_listed || status == KeyStatus::Active {
            let verifier_key = VerifierKey::of_workspace(opened.workspace.id(), public).to_string();
            let status = status.word().to_owned();
            let answer = KeyAnswer { public_key: public.into(), status, verifier_key, is_listed };
            host.output.show(&answer)?;
        }
    }
    Ok(Exit::Done)
}

fn make(host: &mut Host) -> Result<Exit, Failure> {
    let opened = Opened::of(host, Purpose::Read)?;
    let id = opened.workspace.id();
    let path = key_path(&host.place, id)?;
    let next = next_key(&path);
    let public = make_next(host, &next, &Keys::load(&path, id)?, id)?;
    let answer = KeyNewAnswer { key: next.as_path().into(), public_key: public.into() };
    host.output.tell(&answer, Exit::Done)
}

/// Makes the next key, of the same agent.
fn make_next(
    host: &mut Host,
    next: &Path,
    of: &Keys,
    workspace: WorkspaceId,
) -> Result<PublicKey, Failure> {
    let keys = Keys::from_random(&host.inputs.random()?, of.agent());
    keys.save(next, workspace)?;
    Ok(keys.public())
}

fn next_key(key: &Path) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(".next");
    name.into()
}

/// Puts the next key in the place of the old one, which stays beside it.
fn turn(key: &Path, next: &Path, old: PublicKey) -> io::Result<()> {
    let mut kept = key.as_os_str().to_owned();
    kept.push(format!(".{}", old.to_string().get(..8).unwrap_or_default()));
    // The old one is there under both names until the new one takes its place in one step.
    match fs::hard_link(key, &kept) {
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => return Err(cause),
        _ => {}
    }
    fs::rename(next, key)?;
    let folder = key.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn read_reason(text: &str) -> Result<RevocationReason, String> {
    let found = RevocationReason::ALL.into_iter().find(|reason| reason.word() == text);
    found.ok_or_else(|| "one of retired, lost, compromised".to_owned())
}

impl Report for KeyAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        if self.is_listed {
            return text.line(format_args!("{}  {}", self.public_key.as_str(), self.status));
        }
        text.line(&self.verifier_key)
    }
}

impl Report for KeyNewAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let (path, key) = (self.key.shown(), self.public_key.as_str());
        text.line(format_args!("made the key {key} in {path}; `markerbed key rotate` turns to it"))
    }
}

impl Report for KeyChangeAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let (key, status) = (self.public_key.as_str(), &self.status);
        text.line(format_args!("key {key} is {status}"))?;
        if let Some(new) = &self.new_key {
            text.line(format_args!("key {} signs from here on", new.as_str()))?;
        }
        match &self.note {
            Some(note) => text.line(format_args!("both signed:\n\n{}", note.trim_end())),
            None => Ok(()),
        }
    }
}
