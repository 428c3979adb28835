//! `markerbed prove --entry`, `markerbed prove --since`

use std::io;

use markerbed_core::checkpoint::SignedCheckpoint;
use markerbed_host::drive::blocking::wait;
use schemars::JsonSchema;
use serde::Serialize;

use super::prove::{Prove, write_new};
use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    json::{FilePath, HexId},
    open::{Opened, Purpose},
    output::{Report, Text},
    text::counted,
};

/// What `markerbed prove --entry --json` and `markerbed prove --since --json` answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "prove --entry, prove --since")]
pub(crate) struct ProveLedgerAnswer {
    #[serde(flatten)]
    file: FilePath,
    /// How many bytes it has.
    size: u64,
    /// The entry that it shows to be in the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
    /// The number of entries from which it shows that the ledger grew.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
    /// How many entries the checkpoint has that it stands on.
    entries: u64,
    /// The root over them.
    root: HexId,
}

impl Prove {
    /// Proves something of the ledger, on the newest checkpoint.
    pub(super) fn prove_ledger(&self, host: &mut Host) -> Result<Exit, Failure> {
        let opened = Opened::of(host, Purpose::Read)?;
        let newest = wait(opened.workspace.newest_checkpoint())?;
        let reaches = |signed: &SignedCheckpoint| {
            let size = signed.checkpoint().size();
            self.entry.is_none_or(|entry| entry < size)
                && self.since.is_none_or(|since| since <= size)
        };
        let checkpoint = newest.filter(reaches).ok_or_else(|| {
            let message = "no checkpoint reaches so far; make one with `markerbed checkpoint`";
            Failure::usage("no-checkpoint", message)
        })?;
        let (entries, root) = (checkpoint.checkpoint().size(), checkpoint.checkpoint().root());
        let proof = match (self.entry, self.since) {
            (Some(entry), _) => wait(opened.workspace.prove_entry(entry, checkpoint))?.to_text(),
            (None, since) => {
                let since = since.unwrap_or_default();
                wait(opened.workspace.prove_growth(since, checkpoint))?.to_text()
            }
        };
        if self.output.as_os_str() == "-" {
            host.output.bytes(proof.as_bytes())?;
            return Ok(Exit::Done);
        }
        write_new(&self.output, proof.as_bytes())?;
        let answer = ProveLedgerAnswer {
            file: self.output.as_path().into(),
            size: proof.len() as u64,
            entry: self.entry,
            since: self.since,
            entries,
            root: root.into(),
        };
        host.output.tell(&answer, Exit::Done)
    }
}

impl Report for ProveLedgerAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let size = counted(self.size, "byte", "bytes");
        text.line(format_args!("wrote {}, {size}", self.file.shown()))?;
        if let Some(entry) = self.entry {
            text.field("entry", format_args!("#{entry}"))?;
        }
        if let Some(since) = self.since {
            text.field("since", counted(since, "entry", "entries"))?;
        }
        text.field("entries", self.entries)?;
        text.field("root", self.root.as_str())
    }
}
