//! `markerbed verify` of checkpoints and of what stands on them

use std::io;

use markerbed_core::{
    Error,
    checkpoint::{EntryProof, GrowthProof, SignedCheckpoint, Signers, VerifierKey, Witness},
    ledger::LedgerEntry,
};
use markerbed_host::workspace::{Standing, kept_checkpoints, stand};
use schemars::JsonSchema;
use serde::Serialize;

use super::verify::{Judgement, Wrong};
use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    json::HexId,
    output::{Report, Text},
    time::show_time,
};

/// A file about a ledger, whose form was recognised.
pub(super) enum LedgerFile {
    /// A checkpoint alone.
    Checkpoint(Result<SignedCheckpoint, Error>),
    /// An entry.
    Entry(Result<EntryProof, Error>),
    /// That the ledger only grew.
    Growth(Result<GrowthProof, Error>),
}

/// What somebody trusts from elsewhere.
pub(super) struct Trust {
    /// Keys of logs and witnesses.
    pub(super) keys: Vec<VerifierKey>,
    /// An earlier checkpoint to compare with.
    pub(super) since: Option<SignedCheckpoint>,
    /// Whether to compare with the checkpoint kept of the log, and to keep this one.
    pub(super) keeps: bool,
}

/// What `markerbed verify --json` answers about a checkpoint or a proof of the ledger.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(title = "verify, of a ledger")]
pub(crate) struct VerifyLedgerAnswer {
    /// What it turned out to be.
    verdict: Judgement,
    /// Which log it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    /// How many entries the checkpoint has.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// The root over them.
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<HexId>,
    /// The entry that is shown to be among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<VerifiedEntry>,
    /// The number of entries from which the log is shown to have grown.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
    /// The trusted keys of the log that signed.
    signers: Vec<String>,
    /// The trusted witnesses that cosigned.
    witnesses: Vec<Cosigned>,
    /// How it stands to the checkpoint kept of this log: first, same, grew, unproven, older or
    /// fork; absent if it was not compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<String>,
    /// The kept checkpoint, if this one does not follow from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_note: Option<String>,
    /// This checkpoint, if it does not follow from the kept one.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// What is wrong with it, or what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<Wrong>,
}

/// An entry that was shown to be in the ledger.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct VerifiedEntry {
    /// Its number.
    number: u64,
    /// When, by the clock of the host that recorded it.
    time: String,
    /// What was done.
    operation: String,
    /// The leaf hash.
    leaf: HexId,
}

/// A witness that cosigned.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Cosigned {
    /// What it is called.
    name: String,
    /// When, by its own clock, in seconds since 1970 UTC.
    time: u64,
}

impl LedgerFile {
    /// Recognises a file about a ledger by its first bytes; none if it is something else.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        if EntryProof::begins(bytes) {
            return Some(Self::Entry(EntryProof::parse(bytes)));
        }
        if GrowthProof::begins(bytes) {
            return Some(Self::Growth(GrowthProof::parse(bytes)));
        }
        let is_text = bytes.windows(CHECKPOINT_SIGN.len()).any(|part| part == CHECKPOINT_SIGN);
        is_text.then(|| Self::Checkpoint(SignedCheckpoint::parse(bytes)))
    }

    pub(super) fn verify(self, host: &mut Host, trust: &Trust) -> Result<Exit, Failure> {
        let (answer, exit) = match self.judge(host, trust) {
            Ok((answer, exit)) => (answer, exit),
            Err(Judged::Failed(failure)) => return Err(failure),
            Err(Judged::Wrong(error)) => {
                let wrong = Some(Wrong::of(&error));
                (VerifyLedgerAnswer { wrong, ..VerifyLedgerAnswer::default() }, Exit::False)
            }
        };
        host.output.conclude(&answer, exit)
    }

    fn judge(self, host: &Host, trust: &Trust) -> Result<(VerifyLedgerAnswer, Exit), Judged> {
        let mut answer = VerifyLedgerAnswer::default();
        let mut growth = None;
        let mut is_alone = false;
        let signed = match self {
            Self::Checkpoint(signed) => {
                is_alone = true;
                signed?
            }
            Self::Entry(proof) => {
                let proof = proof?;
                answer.entry = Some(VerifiedEntry::of(&proof.check_entry()?));
                proof.checkpoint
            }
            Self::Growth(proof) => {
                let proof = proof?;
                if let Some(since) = &trust.since {
                    proof.check(since.checkpoint())?;
                    answer.since = Some(proof.size_before);
                }
                let signed = proof.checkpoint.clone();
                growth = Some(proof);
                signed
            }
        };
        answer.say(&signed);
        let since = trust.since.as_ref();
        if let Some(exit) = answer.compare_given(&signed, since, growth.is_some())? {
            return Ok((answer, exit));
        }
        if trust.keys.is_empty() {
            answer.verdict = Judgement::Consistent;
            answer.wrong = Some(Wrong::told("no-trust", "name a key that you trust with --trust"));
            return Ok((answer, Exit::Incomplete));
        }
        answer.signed_by(signed.check(&trust.keys)?);
        if let Some(since) = since {
            since.check(&trust.keys)?;
        }
        answer.verdict = Judgement::Verified;
        if !trust.keeps {
            return Ok((answer, Exit::Done));
        }
        let place = &host.place;
        let folder = kept_checkpoints(place.data_home.as_deref(), place.home.as_deref());
        let standing = folder.and_then(|folder| stand(&folder, &signed, growth.as_ref()));
        let exit = answer.compare_kept(&signed, standing.map_err(Failure::from)?, is_alone);
        Ok((answer, exit))
    }
}

impl VerifyLedgerAnswer {
    fn say(&mut self, signed: &SignedCheckpoint) {
        let checkpoint = signed.checkpoint();
        self.origin = Some(checkpoint.origin().to_owned());
        self.size = Some(checkpoint.size());
        self.root = Some(checkpoint.root().into());
    }

    fn signed_by(&mut self, signers: Signers) {
        self.signers = signers.log.iter().map(VerifierKey::to_string).collect();
        let cosigned =
            |Witness { key, time }: &Witness| Cosigned { name: key.name().to_owned(), time: *time };
        self.witnesses = signers.witnesses.iter().map(cosigned).collect();
    }

    /// Compares with the checkpoint that was given; an exit if that decides.
    fn compare_given(
        &mut self,
        signed: &SignedCheckpoint,
        since: Option<&SignedCheckpoint>,
        is_growth: bool,
    ) -> Result<Option<Exit>, Judged> {
        let Some(since) = since.filter(|_| !is_growth) else { return Ok(None) };
        let (before, now) = (since.checkpoint(), signed.checkpoint());
        if before.origin() != now.origin() {
            return Err(Error::OtherOrigin.into());
        }
        if before == now {
            return Ok(None);
        }
        self.note = Some(signed.note().to_text());
        self.kept_note = Some(since.note().to_text());
        if before.size() == now.size() {
            self.wrong = Some(Wrong::told("fork", FORK));
            return Ok(Some(Exit::False));
        }
        self.verdict = Judgement::Consistent;
        self.wrong = Some(Wrong::told("growth-unproven", UNPROVEN));
        Ok(Some(Exit::Incomplete))
    }

    fn compare_kept(&mut self, signed: &SignedCheckpoint, found: Standing, is_alone: bool) -> Exit {
        let (word, kept, wrong, exit) = match found {
            Standing::First => ("first", None, None, Exit::Done),
            Standing::Same => ("same", None, None, Exit::Done),
            Standing::Grew => ("grew", None, None, Exit::Done),
            Standing::Unproven(kept) => {
                let wrong = Wrong::told("growth-unproven", UNPROVEN);
                ("unproven", Some(kept), Some(wrong), Exit::Incomplete)
            }
            Standing::Older(kept) if is_alone => {
                ("older", Some(kept), Some(Wrong::told("rollback", ROLLBACK)), Exit::False)
            }
            Standing::Older(kept) => {
                let wrong = Wrong::told("growth-unproven", OLDER);
                ("older", Some(kept), Some(wrong), Exit::Incomplete)
            }
            Standing::Fork(kept) => {
                ("fork", Some(kept), Some(Wrong::told("fork", FORK)), Exit::False)
            }
        };
        self.kept = Some(word.to_owned());
        self.verdict = match exit {
            Exit::Done => Judgement::Verified,
            Exit::Incomplete => Judgement::Consistent,
            _ => Judgement::False,
        };
        self.note = kept.as_ref().map(|_| signed.note().to_text());
        self.kept_note = kept.map(|kept| kept.note().to_text());
        self.wrong = wrong;
        exit
    }
}

impl VerifiedEntry {
    fn of(entry: &LedgerEntry) -> Self {
        Self {
            number: entry.number,
            time: show_time(entry.time_ms),
            operation: entry.operation.word().to_owned(),
            leaf: entry.leaf().into(),
        }
    }
}

impl Report for VerifyLedgerAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let wrong = self.wrong.as_ref().map(Wrong::message).unwrap_or_default();
        let sentence = match (&self.entry, self.since) {
            (Some(entry), _) => format!("entry #{} is in the ledger", entry.number),
            (None, Some(since)) => format!("the ledger grew from {since} entries"),
            (None, None) => "the checkpoint is signed".to_owned(),
        };
        self.verdict.put(text, &sentence, wrong, wrong)?;
        if let Some(entry) = &self.entry {
            text.field("entry", format_args!("{}, {}", entry.operation, entry.time))?;
        }
        if let (Some(origin), Some(size), Some(root)) = (&self.origin, self.size, &self.root) {
            text.field("origin", origin)?;
            text.field("entries", size)?;
            text.field("root", root.as_str())?;
        }
        for key in &self.signers {
            text.field("signed", key)?;
        }
        for Cosigned { name, time } in &self.witnesses {
            let seen = i64::try_from(*time).ok().and_then(|time| time.checked_mul(1_000));
            text.field("witness", format_args!("{name}, {}", show_time(seen.unwrap_or(i64::MAX))))?;
        }
        if let (Some(kept), Some(note)) = (&self.kept_note, &self.note) {
            text.line(format_args!(
                "known before:\n\n{}\n\nnow:\n\n{}",
                kept.trim_end(),
                note.trim_end()
            ))?;
        }
        Ok(())
    }
}

/// Why a judgement was not reached.
enum Judged {
    /// The file is wrong.
    Wrong(Error),
    /// The machine failed.
    Failed(Failure),
}

impl From<Error> for Judged {
    fn from(error: Error) -> Self {
        Self::Wrong(error)
    }
}

impl From<Failure> for Judged {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What every checkpoint has and no other proof: an empty line and an em dash.
const CHECKPOINT_SIGN: &[u8] = "\n\n\u{2014} ".as_bytes();
const FORK: &str = "a fork: two signed heads of one log that cannot both be true";
const ROLLBACK: &str = "a rollback: a checkpoint with more entries is known";
const OLDER: &str = "a checkpoint with more entries is known; prove it on that one";
const UNPROVEN: &str = "nothing shows that the ledger grew from the checkpoint known before; \
    bring what `markerbed prove --since` writes";
