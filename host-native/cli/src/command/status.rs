//! `markerbed status`

use std::{io, path::PathBuf, sync::Arc};

use markerbed_core::tree::{Expansion, TreeDifference};
use markerbed_host::{
    drive::blocking::wait,
    snapshot::{HashOnly, Memory, Taken, take_again},
    workspace::{RecordedSnapshot, names_unfit_elsewhere},
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    sealing::Seals,
    source::{Rules, Source},
};
use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    json::{CHANGES_MAX, Change, ChangeCounts, GapMembers, HexId, UnfitMembers, note_gaps},
    open::{Opened, Purpose},
    output::{Colour, Report, Text},
    progress::Progress,
    text::{counted, grouped},
};

/// Compare a directory with the newest snapshot of it, and write nothing
///
/// With --portable it looks as `snap --portable` does, and names what another system cannot hold.
/// Exits with 3 if something cannot be read, and with --exit-code with 1 if something differs, or
/// cannot be held elsewhere.
#[derive(clap::Args)]
pub(crate) struct Status {
    /// The directory
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// What the source is called; else the last name of PATH
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Exit with 1 if something differs
    #[arg(long)]
    exit_code: bool,
    /// Read every file, also those that look unchanged
    #[arg(long)]
    rehash: bool,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    seals: Seals,
}

/// What `markerbed status --json` answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "status")]
pub(crate) struct StatusAnswer {
    /// What the source is called.
    source: String,
    /// The NodeId that the directory has now.
    root: HexId,
    /// The newest snapshot of the source; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<HexId>,
    /// How the directory differs from it.
    changes: ChangeCounts,
    /// Whether modes, times, owners or extended attributes differ from what was recorded.
    attributes_differ: bool,
    /// The same one by one; empty if there is no snapshot.
    list: Vec<Change>,
    /// How many entries the rules leave out; a directory counts once.
    left_out: u64,
    /// What cannot be recorded.
    gaps: Vec<GapMembers>,
    /// With `--portable`: the first of what another system cannot hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    unfit: Option<Vec<UnfitMembers>>,
    /// With `--portable`: how many names another system cannot hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    unfit_count: Option<u64>,
}

impl Status {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let opened = Opened::of(host, Purpose::Read)?;
        let source = Source::new(self.path.clone(), self.source.as_deref())?;
        let newest = wait(opened.workspace.newest_of_source(&source.label))?;
        let sealed = self.seals.find(host, &opened, newest.as_ref(), Purpose::Read)?;
        let sink = HashOnly::of(&opened.workspace);
        let progress = Progress::begin(&host.output, "reading");
        let options = self.rules.options(&opened, host, sealed.as_ref());
        let recalled = if self.rehash { None } else { source.recall(&opened, &options)? };
        let seen = recalled.as_ref().map(|recalled| &recalled.seen);
        let memory = Memory { seen, ..Memory::default() };
        let (taken, _) = take_again(&source.path, &options, &sink, &progress, memory)?;
        drop(progress);
        if let Some(sealed) = &sealed {
            sealed.check(host, &opened, taken.root)?;
        }
        let objects = Arc::new(sink.into_objects());
        let difference = match &newest {
            Some(newest) => Some(wait(opened.workspace.difference(
                newest.snapshot.root,
                taken.root,
                Expansion::Everything,
                CHANGES_MAX,
                objects.clone(),
            ))?),
            None => None,
        };
        let mut answer = StatusAnswer::of(&source, &taken, newest.as_ref(), difference.as_ref());
        if options.portable {
            let workspace = &opened.workspace;
            let names = wait(names_unfit_elsewhere(workspace, taken.root, &taken.gaps, &objects))?;
            answer.unfit = Some(names.first.iter().map(UnfitMembers::of).collect());
            answer.unfit_count = Some(names.count);
        }
        note_gaps(&mut host.output, &answer.gaps);
        let is_whole = taken.gaps.is_empty() && answer.changes.complete;
        let is_unfit = answer.unfit_count.is_some_and(|count| count > 0);
        let exit = match (is_whole, self.exit_code && (answer.differs() || is_unfit)) {
            (false, _) => Exit::Incomplete,
            (true, true) => Exit::False,
            (true, false) => Exit::Done,
        };
        host.output.conclude(&answer, exit)
    }
}

impl StatusAnswer {
    fn of(
        source: &Source,
        taken: &Taken,
        newest: Option<&RecordedSnapshot>,
        difference: Option<&TreeDifference>,
    ) -> Self {
        let changes = match difference {
            Some(difference) => ChangeCounts::of(difference),
            None => ChangeCounts::all_added(taken.directory.below().nodes),
        };
        Self {
            source: source.label.to_string(),
            root: taken.root.into(),
            snapshot: newest.map(|newest| newest.id.into()),
            changes,
            attributes_differ: newest.is_some_and(|newest| {
                taken.attributes.is_some() && newest.snapshot.attributes != taken.attributes
            }),
            list: difference.iter().flat_map(|list| &list.changes).map(Change::of).collect(),
            left_out: taken.left_out,
            gaps: taken.gaps.iter().map(GapMembers::of).collect(),
            unfit: None,
            unfit_count: None,
        }
    }

    fn differs(&self) -> bool {
        let nothing = ChangeCounts { complete: self.changes.complete, ..ChangeCounts::default() };
        self.snapshot.is_none() || self.attributes_differ || self.changes != nothing
    }
}

impl Report for StatusAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        self.put_changes(text)?;
        let (Some(unfit), Some(count)) = (&self.unfit, self.unfit_count) else { return Ok(()) };
        let names = counted(count, "name", "names");
        text.line(format_args!("{names} that another system cannot hold"))?;
        unfit.iter().try_for_each(|name| name.put_text(text))?;
        match count.saturating_sub(unfit.len() as u64) {
            0 => Ok(()),
            more => text.line(format_args!("unfit  {} more", grouped(more))),
        }
    }
}

impl StatusAnswer {
    fn put_changes(&self, text: &mut Text<'_>) -> io::Result<()> {
        let source = text.paint(Colour::Bold, crate::failure::one_line(&self.source));
        let Some(snapshot) = &self.snapshot else {
            let nodes = counted(self.changes.added, "node", "nodes");
            return text.line(format_args!("{source}: no snapshot yet, {nodes} to record"));
        };
        let snapshot = snapshot.short();
        if !self.differs() {
            return text
                .line(format_args!("{source}: nothing has changed since snapshot {snapshot}"));
        }
        let changes = match self.changes.is_nothing() && self.attributes_differ {
            true => "only modes, times, owners or extended attributes differ".to_owned(),
            false => self.changes.sentence(),
        };
        text.line(format_args!("{source}: {changes} since snapshot {snapshot}"))?;
        self.list.iter().try_for_each(|change| change.put_text(text))
    }
}
