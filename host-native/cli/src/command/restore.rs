//! `markerbed restore`

use std::{ffi::OsString, io, path::PathBuf};

use markerbed_host::{
    drive::blocking::wait,
    restore::{Lack, Lacking, NotPutBack, RestoreError, RestoreOptions, UnfinishedNames, restore},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    interrupt::Scratch,
    json::{HexId, PathBytes, TargetPath, note_unfit},
    open::{Opened, Purpose, reference},
    output::{Output, Report, Text},
    progress::Progress,
    text::{counted, grouped},
};

/// Write a snapshot, a directory or a file out again, checked as it is written
///
/// Writes only below TARGET. Modes, times, owners, extended attributes, holes and hard links come
/// back as far as the system lets them. Exits with 3 if something is not in the store; the rest is
/// restored.
#[derive(clap::Args)]
pub(crate) struct Restore {
    /// What to restore
    #[arg(value_name = "REF[:PATH]")]
    reference: OsString,
    /// Where: a new name, or an empty directory
    #[arg(value_name = "TARGET")]
    target: PathBuf,
    /// Write into a directory that is not empty, and over files and symlinks
    #[arg(long)]
    force: bool,
    /// Put modes, times, owners and extended attributes not back
    #[arg(long)]
    no_attributes: bool,
    /// Put owners not back; only the superuser can
    #[arg(long)]
    no_owner: bool,
}

/// What `markerbed restore --json` answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "restore")]
pub(crate) struct RestoreAnswer {
    /// The NodeId of what was restored.
    node: HexId,
    #[serde(flatten)]
    target: TargetPath,
    /// Files written.
    files: u64,
    /// Directories made or found there, the target too.
    directories: u64,
    /// Symlinks made.
    symlinks: u64,
    /// Bytes written, but for those of sealed files.
    bytes: u64,
    /// The first of what could not be restored, in order of paths.
    lacking: Vec<LackingMembers>,
    /// How many could not be restored.
    lacking_count: u64,
    /// The first of the attributes that the system did not let be put back, in order of paths.
    not_put_back: Vec<NotPutBackMembers>,
    /// How many there are.
    not_put_back_count: u64,
}

/// An attribute that is not as it was.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct NotPutBackMembers {
    #[serde(flatten)]
    path: PathBytes,
    /// What it is, in words.
    what: String,
}

/// Something of the tree that is not in the target.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct LackingMembers {
    #[serde(flatten)]
    path: PathBytes,
    /// The stable name of the reason.
    code: String,
    #[serde(skip)]
    why: &'static str,
}

impl Restore {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let opened = Opened::of(host, Purpose::Read)?;
        let place = wait(opened.workspace.resolve_node(&reference(&self.reference)?))?;
        let names = UnfinishedNames::draw()
            .map_err(|cause| Failure::system("randomness of the system", &cause))?;
        let attributes = match self.no_attributes {
            true => None,
            false => wait(opened.workspace.resolve_attributes(&place))?,
        };
        let options = RestoreOptions {
            force: self.force,
            attributes,
            owners: !self.no_owner && may_give_away(),
            unfinished: Some(names),
            ..RestoreOptions::default()
        };
        let progress = Progress::begin(&host.output, "restoring");
        let unfinished = Scratch::of_restore(self.target.clone(), names);
        let (store, workspace) = (opened.store(), opened.workspace.id());
        let restored = restore(store, workspace, place.id, &self.target, &options, &progress);
        if let Err(RestoreError::NamesUnfit { names }) = &restored {
            note_unfit(&mut host.output, names);
        }
        let restored = restored?;
        unfinished.keep();
        drop(progress);
        let answer = RestoreAnswer {
            node: place.id.into(),
            target: self.target.as_path().into(),
            files: restored.files,
            directories: restored.directories,
            symlinks: restored.symlinks,
            bytes: restored.bytes,
            lacking: restored.lacking.iter().map(LackingMembers::of).collect(),
            lacking_count: restored.lacking_count,
            not_put_back: restored.not_put_back.iter().map(NotPutBackMembers::of).collect(),
            not_put_back_count: restored.not_put_back_count,
        };
        for lacking in &answer.lacking {
            host.output.note(format_args!(
                "not restored: {}: {}",
                lacking.path.shown(),
                lacking.why
            ));
        }
        let more = answer.lacking_count.saturating_sub(answer.lacking.len() as u64);
        if more > 0 {
            host.output.note(format_args!("not restored: {} more", grouped(more)));
        }
        note_not_put_back(&mut host.output, &answer);
        let exit = if restored.is_complete() { Exit::Done } else { Exit::Incomplete };
        host.output.tell(&answer, exit)
    }
}

/// Says what was not put back: the first few, or all that are named with `--verbose`.
fn note_not_put_back(output: &mut Output, answer: &RestoreAnswer) {
    let named = answer.not_put_back.len();
    let shown = if output.is_verbose() { named } else { named.min(NOT_PUT_BACK_SHOWN) };
    for refused in answer.not_put_back.iter().take(shown) {
        let (path, what) = (refused.path.shown(), &refused.what);
        output.note(format_args!("not put back: {path}: {what}"));
    }
    let more = answer.not_put_back_count.saturating_sub(shown as u64);
    if more > 0 {
        output.note(format_args!("not put back: {} more", grouped(more)));
    }
}

/// Whether the system lets files be given to other owners.
fn may_give_away() -> bool {
    rustix::process::geteuid().is_root()
}

impl NotPutBackMembers {
    fn of(refused: &NotPutBack) -> Self {
        let path = match refused.path.as_slice() {
            [] => b".".to_vec(),
            path => path.to_vec(),
        };
        Self { path: PathBytes(path), what: refused.what.to_owned() }
    }
}

impl LackingMembers {
    fn of(lacking: &Lacking) -> Self {
        let why = match lacking.why {
            Lack::ObjectMissing => "its node is not in the store",
            Lack::ContentMissing => "its content is not in the store",
            Lack::Withheld => "it is sealed and withheld",
            Lack::Damaged => "what is stored for it is damaged",
            Lack::InTheWay => "a directory is in the way",
            Lack::Attributes => "it is there, but its attributes are not in the store",
            _ => "it cannot be restored",
        };
        let code = lacking.why.code().to_owned();
        Self { path: PathBytes(lacking.path.clone()), code, why }
    }
}

impl Report for RestoreAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let files = counted(self.files, "file", "files");
        let directories = counted(self.directories, "directory", "directories");
        let symlinks = counted(self.symlinks, "symlink", "symlinks");
        let bytes = counted(self.bytes, "byte", "bytes");
        let lacking = match self.lacking_count {
            0 => String::new(),
            count => format!(", {} not restored", grouped(count)),
        };
        let target = self.target.shown();
        text.line(format_args!(
            "restored {files}, {directories}, {symlinks}, {bytes}{lacking} to {target}; node {}",
            self.node.as_str()
        ))
    }
}

/// How many attributes that were not put back are named.
const NOT_PUT_BACK_SHOWN: usize = 10;
