//! `markerbed verify`

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use markerbed_core::{
    Error, NodeId, SnapshotId,
    checkpoint::{SignedCheckpoint, VerifierKey},
    limits::PROOF_BYTES_MAX,
    tree::{Expectation, Finding, TreeClaim, Verdict},
};
use markerbed_host::{drive::blocking::wait, workspace::WorkspaceError};
use schemars::JsonSchema;
use serde::Serialize;

use super::verify_ledger::{LedgerFile, Trust};
use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    json::{HexId, NodeMembers, PathBytes},
    output::{Colour, Report, Text},
    text::shown,
};

/// Check a proof, without a store and without trusting who made it
///
/// Exits with 0 if the proof shows its claim in the tree that --root or --snapshot names, with 1 if
/// it does not, and with 3 if it agrees with itself but nobody said what to compare it with.
///
/// A checkpoint, or a proof of an entry or of growth, is compared with the keys of --trust, and
/// with the checkpoint of the same log that was verified before: a fork or a rollback exits with 1
/// and shows both; with 3 if nothing shows that the log grew from the one into the other.
#[derive(clap::Args)]
pub(crate) struct Verify {
    /// The proof; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The root that the tree must have, known from elsewhere
    #[arg(long, value_name = "ID", conflicts_with = "snapshot")]
    root: Option<NodeId>,
    /// The snapshot that the tree must be of, known from elsewhere
    #[arg(long, value_name = "ID")]
    snapshot: Option<SnapshotId>,
    /// A key of a log or of a witness, known from elsewhere; may be given several times
    #[arg(long, value_name = "KEY", conflicts_with_all = ["root", "snapshot"])]
    trust: Vec<VerifierKey>,
    /// An earlier checkpoint of the same log, to compare with
    #[arg(long, value_name = "FILE", conflicts_with_all = ["root", "snapshot"])]
    since: Option<PathBuf>,
    /// Neither compare with checkpoints verified before nor keep this one
    #[arg(long)]
    no_keep: bool,
}

/// What `markerbed verify --json` answers of a proof about a tree.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "verify")]
pub(crate) struct VerifyAnswer {
    /// What the proof turned out to be.
    verdict: Judgement,
    /// What was compared with what is known from elsewhere; absent: nothing. What a proof says of a
    /// snapshot is true only if that was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Compared>,
    /// What it shows; absent if it shows nothing.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    claim: Option<Claim>,
    /// What is wrong with it; only if the verdict is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<Wrong>,
}

/// What a proof turned out to be.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Judgement {
    /// It shows its claim, in the tree that was expected.
    Verified,
    /// It agrees with itself; nobody said what to compare it with.
    Consistent,
    /// It shows nothing, or something about another tree.
    #[default]
    False,
}

impl Judgement {
    /// The first line for people: the claim, or what is wrong with it.
    pub(super) fn put(
        self,
        text: &mut Text<'_>,
        claim: impl fmt::Display,
        consistent: impl fmt::Display,
        wrong: impl fmt::Display,
    ) -> io::Result<()> {
        match self {
            Self::Verified => {
                let word = text.paint(Colour::Green, "VERIFIED");
                text.line(format_args!("{word}: {claim}"))
            }
            Self::Consistent => {
                let words = text.paint(Colour::Yellow, "CONSISTENT, not authenticated");
                text.line(format_args!("{words}: {consistent}"))
            }
            Self::False => {
                let words = text.paint(Colour::Red, "NOT VERIFIED");
                text.line(format_args!("{words}: {wrong}"))
            }
        }
    }
}

/// What was compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Compared {
    /// The root of the tree.
    Root,
    /// The snapshot, and so its root.
    Snapshot,
}

/// What a proof shows.
#[derive(Debug, Serialize, JsonSchema)]
struct Claim {
    /// Whether the path is there; contained: another node of the name is not excluded.
    claim: Found,
    #[serde(flatten)]
    path: PathBytes,
    /// The root of the tree.
    root: HexId,
    /// The snapshot of the tree, if the proof brings it.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<HexId>,
    /// What is at the path, as its author states it.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_path: Option<NodeMembers>,
}

/// Whether a path is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Found {
    /// This node and no other.
    Present,
    /// This node; another one is not excluded.
    Contained,
    /// Nothing.
    Absent,
}

/// What is wrong with a proof.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Wrong {
    /// Its stable name.
    code: String,
    /// The same for people.
    message: String,
}

impl Verify {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let proof = read(&self.file)?;
        if let Some(file) = LedgerFile::of(&proof) {
            return file.verify(host, &self.trust()?);
        }
        let expectation = match (self.root, self.snapshot) {
            (Some(root), _) => Expectation::Root(root),
            (None, Some(snapshot)) => Expectation::Snapshot(snapshot),
            (None, None) => Expectation::Nothing,
        };
        let verdict = wait(host.computer.engine().verify_path(&proof, expectation));
        let verdict = verdict.map_err(WorkspaceError::from)?;
        let exit = match verdict {
            Verdict::Verified(_) => Exit::Done,
            Verdict::Consistent(_) => Exit::Incomplete,
            Verdict::Differs(_) | Verdict::Broken(_) => Exit::False,
        };
        host.output.conclude(&VerifyAnswer::of(verdict, expectation), exit)
    }
}

impl Verify {
    fn trust(self) -> Result<Trust, Failure> {
        let parse = |file: PathBuf| SignedCheckpoint::parse(&read(&file)?).map_err(Failure::from);
        let since = self.since.map(parse).transpose()?;
        Ok(Trust { keys: self.trust, since, keeps: !self.no_keep })
    }
}

impl VerifyAnswer {
    fn of(verdict: Verdict, expectation: Expectation) -> Self {
        let (verdict, claim, wrong) = match verdict {
            Verdict::Verified(claim) => (Judgement::Verified, Some(claim), None),
            Verdict::Consistent(claim) => (Judgement::Consistent, Some(claim), None),
            Verdict::Differs(claim) => {
                let wrong = Wrong::other_tree(&claim, expectation);
                (Judgement::False, Some(claim), Some(wrong))
            }
            Verdict::Broken(error) => {
                let (code, message) = (error.code().to_owned(), error.to_string());
                (Judgement::False, None, Some(Wrong { code, message }))
            }
        };
        let compared = match expectation {
            Expectation::Nothing => None,
            Expectation::Root(_) => Some(Compared::Root),
            Expectation::Snapshot(_) => Some(Compared::Snapshot),
        };
        Self { verdict, compared, claim: claim.map(Claim::of), wrong }
    }
}

impl Claim {
    fn of(claim: TreeClaim) -> Self {
        let (found, at_path) = match claim.found {
            Finding::Present { id, node } => (Found::Present, Some(NodeMembers::of(id, &node))),
            Finding::Contained { id, node } => (Found::Contained, Some(NodeMembers::of(id, &node))),
            Finding::Absent => (Found::Absent, None),
        };
        Self {
            claim: found,
            path: PathBytes(claim.path.as_bytes().to_vec()),
            root: claim.root.into(),
            snapshot: claim.snapshot.map(HexId::from),
            at_path,
        }
    }

    /// The claim as a sentence.
    fn sentence(&self) -> String {
        let path = match self.path.shown() {
            _ if self.path.0.is_empty() => "the root".to_owned(),
            shown => shown.to_string(),
        };
        match self.claim {
            Found::Present => format!("{path} is in the tree"),
            Found::Contained => format!("{path} is contained in the tree"),
            Found::Absent => format!("{path} is not in the tree"),
        }
    }
}

impl Wrong {
    pub(super) fn of(error: &Error) -> Self {
        Self { code: error.code().to_owned(), message: error.to_string() }
    }

    pub(super) fn told(code: &str, message: &str) -> Self {
        Self { code: code.to_owned(), message: message.to_owned() }
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    fn other_tree(claim: &TreeClaim, expectation: Expectation) -> Self {
        let message = match (expectation, claim.snapshot) {
            (Expectation::Snapshot(_), None) => {
                "the proof brings no snapshot, so it can be compared by --root only".to_owned()
            }
            (Expectation::Snapshot(_), Some(found)) => {
                format!("the proof is about snapshot {found}, not the one expected")
            }
            _ => {
                format!("the proof is about the tree of root {}, not the one expected", claim.root)
            }
        };
        Self { code: "other-tree".to_owned(), message }
    }
}

impl Report for VerifyAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let sentence = self.claim.as_ref().map(Claim::sentence).unwrap_or_default();
        let wrong = self.wrong.as_ref().map(|wrong| wrong.message.as_str()).unwrap_or_default();
        self.verdict.put(text, &sentence, &sentence, wrong)?;
        let Some(claim) = &self.claim else { return Ok(()) };
        if let Some(node) = &claim.at_path {
            text.proven_node(node)?;
        }
        text.field("root", claim.root.as_str())?;
        if let Some(snapshot) = &claim.snapshot {
            let not = if self.compared == Some(Compared::Root) { "  (not compared)" } else { "" };
            text.field("snapshot", format_args!("{}{not}", snapshot.as_str()))?;
        }
        if self.verdict == Judgement::Consistent {
            text.line("compare the root or the snapshot with what you know: --root, --snapshot")?;
        }
        Ok(())
    }
}

/// Reads a proof, and no more of a file than a proof may have.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |cause: io::Error| Failure::system(shown(file), &cause);
    let mut bytes = Vec::new();
    // One byte more, so that a file that is too long is seen to be so.
    let limit = u64::from(PROOF_BYTES_MAX) + 1;
    if file.as_os_str() == "-" {
        io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let file = File::open(file).map_err(failed)?;
        file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    }
    Ok(bytes)
}
