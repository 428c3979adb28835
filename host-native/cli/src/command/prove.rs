//! `markerbed prove`

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use markerbed_core::tree::{Expectation, Finding, Grade, Verdict};
use markerbed_host::{drive::blocking::wait, workspace::WorkspaceError};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    interrupt::Scratch,
    json::{FilePath, HexId, PathBytes},
    open::{Opened, Purpose, reference},
    output::{Report, Text},
    text::{counted, shown},
};

/// Write a proof that a path is in a snapshot, or is not; or that an entry is in the ledger
///
/// Whoever has the root or the snapshot's id checks it with `markerbed verify` and needs nothing
/// else. Exits with 1 if --absent is asked for and the path is there. With --entry, or --since, the
/// proof stands on the newest checkpoint, and the key that signed it is what the verifier needs.
#[derive(clap::Args)]
pub(crate) struct Prove {
    /// The path
    #[arg(value_name = "REF:PATH", required_unless_present_any = ["entry", "since"])]
    reference: Option<OsString>,
    /// Where the proof goes: a new file, or - for standard output
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// Show no name but those of the path; that no other node is there is then not shown
    #[arg(long)]
    blind: bool,
    /// Prove that nothing is there
    #[arg(long, conflicts_with = "blind")]
    absent: bool,
    /// Prove that the entry with this number is in the ledger
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["reference", "blind", "absent"])]
    pub(super) entry: Option<u64>,
    /// Prove that the ledger grew from so many entries and nothing before was changed
    #[arg(
        long,
        value_name = "ENTRIES",
        conflicts_with_all = ["reference", "blind", "absent", "entry"]
    )]
    pub(super) since: Option<u64>,
}

/// What `markerbed prove --json` answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "prove")]
pub(crate) struct ProveAnswer {
    #[serde(flatten)]
    file: FilePath,
    /// How many bytes it has.
    size: u64,
    /// What it shows of the path: present, contained or absent.
    claim: String,
    #[serde(flatten)]
    path: PathBytes,
    /// The root of the tree.
    root: HexId,
    /// The snapshot, if it is of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<HexId>,
}

impl Prove {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let Some(argument) = &self.reference else { return self.prove_ledger(host) };
        let opened = Opened::of(host, Purpose::Read)?;
        let reference = reference(argument)?;
        if !self.absent {
            // Says which part of the path is not there, instead of proving that.
            wait(opened.workspace.resolve_node(&reference))?;
        }
        let grade = if self.blind { Grade::Blind } else { Grade::Full };
        let proof = wait(opened.workspace.prove(&reference, grade))?;
        let verdict = wait(host.computer.engine().verify_path(&proof, Expectation::Nothing));
        let claim = match verdict.map_err(WorkspaceError::from)? {
            Verdict::Broken(error) => return Err(error.into()),
            Verdict::Verified(claim) | Verdict::Consistent(claim) | Verdict::Differs(claim) => {
                claim
            }
        };
        let word = match claim.found {
            Finding::Present { .. } => "present",
            Finding::Contained { .. } => "contained",
            Finding::Absent => "absent",
        };
        if self.absent && claim.found != Finding::Absent {
            let message = format!("{reference}: is there; leave out --absent to prove that");
            return Err(Failure::new(Exit::False, "path-present", message));
        }
        if self.output.as_os_str() == "-" {
            host.output.bytes(&proof)?;
            return Ok(Exit::Done);
        }
        write_new(&self.output, &proof)?;
        let answer = ProveAnswer {
            file: self.output.as_path().into(),
            size: proof.len() as u64,
            claim: word.to_owned(),
            path: PathBytes(claim.path.as_bytes().to_vec()),
            root: claim.root.into(),
            snapshot: claim.snapshot.map(HexId::from),
        };
        host.output.tell(&answer, Exit::Done)
    }
}

/// Writes a file that was not there, durably; nothing is left of it if that fails.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |cause: io::Error| match cause.kind() {
        io::ErrorKind::AlreadyExists => {
            let message = format!("{}: exists already; name a new file", shown(path));
            Failure::usage("file-exists", message)
        }
        _ => Failure::system(shown(path), &cause),
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    let unfinished = Scratch::new(path.to_owned());
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.and_then(|()| sync_directory(path)).map_err(failed)?;
    unfinished.keep();
    Ok(())
}

fn sync_directory(file: &Path) -> io::Result<()> {
    let directory = file.parent().filter(|directory| !directory.as_os_str().is_empty());
    let directory = fs::canonicalize(directory.unwrap_or(Path::new(".")))?;
    File::open(directory)?.sync_all()
}

impl Report for ProveAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let size = counted(self.size, "byte", "bytes");
        text.line(format_args!("wrote {}, {size}", self.file.shown()))?;
        text.field(&self.claim, self.path.shown())?;
        text.field("root", self.root.as_str())?;
        match &self.snapshot {
            Some(snapshot) => text.field("snapshot", snapshot.as_str()),
            None => Ok(()),
        }
    }
}
