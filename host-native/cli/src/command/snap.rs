//! `markerbed snap`

use std::{collections::BTreeMap, io, path::PathBuf, sync::Arc};

use markerbed_core::{
    Id16, NodeId,
    tree::{Clock, Expansion, Tool},
};
use markerbed_host::{
    drive::blocking::wait,
    listing::{KeptListing, keep_listing},
    snapshot::{
        Attention, Holding, Memory, NodesOnly, Sink, SnapOptions, StoreSink, Taken, take_again,
    },
    workspace::{Capture, Committed, RecordedSnapshot, Stamp, When},
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    sealing::{Sealed, Seals},
    source::{Recalled, Rules, Source},
    version::TOOL,
};
use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    inputs::TimeOption,
    interrupt,
    json::{CHANGES_MAX, Change, ChangeCounts, GapMembers, HexId, note_gaps},
    open::{Opened, Purpose, find_store},
    output::{Colour, Report, Text},
    progress::Progress,
    text::{counted, grouped, shown},
};

/// Record what is in a directory
///
/// Each PATH is a source of its own, and the ref named like it moves to the new snapshot. Nothing
/// is written if nothing has changed. Exits with 3 if something could not be recorded; the rest is.
#[derive(clap::Args)]
pub(crate) struct Snap {
    /// The directories
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Say something about it
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,
    /// What the source is called; else the last name of PATH
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Record that nothing has changed, too
    #[arg(long)]
    record: bool,
    /// Record hashes only: what files hold is not kept
    #[arg(long)]
    no_contents: bool,
    /// Add the plain listing, which sha256sum -c checks in a restored tree
    #[arg(long)]
    listing: bool,
    /// Read every file, also those that look unchanged
    #[arg(long)]
    rehash: bool,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    seals: Seals,
    #[command(flatten)]
    time: TimeOption,
}

/// What is known of a source before it is taken in.
#[derive(Clone, Copy)]
pub(super) struct Recollection<'a> {
    /// What was seen of it, if that counts.
    pub(super) recalled: Option<&'a Recalled>,
    /// Who knows where something may have changed since.
    pub(super) attention: Option<&'a dyn Attention>,
}

/// What became of a source that was taken in; it holds signals off until that is told.
pub(super) struct Snapped {
    answer: SnapAnswer,
    exit: Exit,
    held: interrupt::Held,
    /// The newest snapshot of the source.
    pub(super) recorded: RecordedSnapshot,
    /// Whether something was seen that was not known.
    pub(super) has_seen: bool,
}

/// What `markerbed snap --json` answers: one line for each PATH.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "snap")]
pub(crate) struct SnapAnswer {
    /// What the source is called.
    source: String,
    /// Whether an entry was written; if not, the newest snapshot says the same.
    recorded: bool,
    /// The SnapshotId of the newest snapshot of the source.
    snapshot: HexId,
    /// The number of the entry that recorded it.
    number: u64,
    /// The NodeId of the directory.
    root: HexId,
    /// The snapshot it was compared with; absent for the first of a source.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<HexId>,
    /// How it differs from the snapshot before; absent if that one is damaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<ChangeCounts>,
    /// The AttributesId of the directory; absent if none were taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<HexId>,
    /// Whether modes, times, owners or extended attributes differ from the snapshot before.
    attributes_changed: bool,
    /// How many entries the rules left out; a directory counts once.
    left_out: u64,
    /// How many files, symlinks and directories are sealed; absent if nothing was to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<u64>,
    /// What could not be recorded.
    gaps: Vec<GapMembers>,
    /// Whether what files hold was kept when it was taken; else only hashes were recorded.
    contents_kept: bool,
    /// SHA-256 of the plain listing, if the snapshot has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    listing: Option<HexId>,
    /// Files, symlinks and directories below the root.
    nodes: u64,
    /// Bytes of files that are not sealed.
    bytes: u64,
}

impl Snap {
    pub(crate) fn run(mut self, host: &mut Host) -> Result<Exit, Failure> {
        self.check_fit()?;
        // What is missing first is told first.
        find_store(&host.place)?;
        let sources = self.sources()?;
        let time_ms = host.inputs.now_ms(self.time.given_ms)?;
        let opened = Opened::of(host, Purpose::Write)?;
        let mut exit = Exit::Done;
        let mut held = None;
        for source in sources {
            drop(held.take());
            let stamp = opened.stamp(host, time_ms)?;
            let recalled = if self.rehash {
                None
            } else {
                source.recall(&opened, &self.options(&opened, host, None))?
            };
            let before = Recollection { recalled: recalled.as_ref(), attention: None };
            let (told, answered) = self.snap(host, &opened, &source, &stamp, before)?.tell(host)?;
            exit = exit.worse(told);
            held = Some(answered);
        }
        held.into_iter().for_each(interrupt::Held::until_the_end);
        Ok(exit)
    }

    /// Refuses options that do not go together.
    fn check_fit(&self) -> Result<(), Failure> {
        if self.listing && self.no_contents {
            let message = "--listing is made from what files hold, and --no-contents keeps nothing \
                           of it; leave one of them out";
            return Err(Failure::usage("bad-usage", message));
        }
        Ok(())
    }

    /// What each look of `watch` does.
    pub(super) fn of_watch(
        source: Option<String>,
        no_contents: bool,
        listing: bool,
        rules: Rules,
        seals: Seals,
    ) -> Result<Self, Failure> {
        let snap = Self {
            paths: Vec::new(),
            message: None,
            source,
            record: false,
            no_contents,
            listing,
            rehash: false,
            rules,
            seals,
            time: TimeOption::default(),
        };
        snap.check_fit()?;
        Ok(snap)
    }

    /// How the pipeline takes a source in; what is sealed is no matter to what is remembered.
    pub(super) fn options(
        &self,
        opened: &Opened,
        host: &Host,
        sealed: Option<&Sealed>,
    ) -> SnapOptions {
        self.rules.options(opened, host, sealed)
    }

    fn sources(&mut self) -> Result<Vec<Source>, Failure> {
        let paths = std::mem::take(&mut self.paths);
        if self.source.is_some() && paths.len() > 1 {
            let message = "--source names one source; snap the paths one by one";
            return Err(Failure::usage("bad-source", message));
        }
        let mut seen = BTreeMap::new();
        for path in &paths {
            let source = Source::new(path.clone(), self.source.as_deref())?;
            if let Some(other) = seen.insert(source.label.clone(), path) {
                let message = format!(
                    "{} and {} are both called {}; snap them one by one, with --source",
                    shown(other),
                    shown(path),
                    source.label
                );
                return Err(Failure::usage("bad-source", message));
            }
        }
        paths.into_iter().map(|path| Source::new(path, self.source.as_deref())).collect()
    }

    /// Takes a source in and records it, if there is something to record.
    pub(super) fn snap(
        &self,
        host: &mut Host,
        opened: &Opened,
        source: &Source,
        stamp: &Stamp,
        before: Recollection<'_>,
    ) -> Result<Snapped, Failure> {
        let store = StoreSink::of(&opened.workspace);
        let hashing = NodesOnly(store);
        let sink: &dyn Sink = if self.no_contents { &hashing } else { &store };
        let newest = wait(opened.workspace.newest_of_source(&source.label))?;
        let sealed = self.seals.find(host, opened, newest.as_ref(), Purpose::Write)?;
        let progress = Progress::begin(&host.output, "reading");
        let options = self.options(opened, host, sealed.as_ref());
        let Recollection { recalled, attention } = before;
        let place = source.seen_place(opened, &options);
        let is_newest = |recalled: &&Recalled| {
            let newest = newest.as_ref().map(|newest| newest.id);
            let says_enough = (self.no_contents || recalled.holding == Holding::Kept)
                && (!self.listing || recalled.snapshot.snapshot.listing.is_some());
            !self.record && says_enough && newest == Some(recalled.snapshot.id)
        };
        let memory = Memory {
            seen: recalled.map(|recalled| &recalled.seen),
            place: place.as_ref(),
            recorded: recalled.filter(is_newest).and_then(Recalled::recorded),
            attention,
        };
        let (mut taken, seen) = take_again(&source.path, &options, sink, &progress, memory)?;
        if let Some(sealed) = &sealed {
            sealed.check(host, opened, taken.root)?;
        }
        if self.listing {
            progress.stage("listing");
            let listing = make_listing(opened, newest.as_ref(), taken.root, &progress)?;
            taken.listing = Some(listing);
        }
        drop(progress);
        let capture = capture(host, stamp)?;
        let message = self.message.as_deref();
        let draft = taken.draft(message, source.label.clone(), capture)?;
        let when = if self.record { When::Always } else { When::Changed };
        let held = interrupt::hold();
        let committed = wait(opened.workspace.commit_snapshot(&draft, when, stamp))?;
        let (recorded, is_new) = match committed {
            Committed::Recorded(recorded) => (recorded, true),
            Committed::Unchanged(recorded) => (recorded, false),
        };
        let has_seen = seen.is_some();
        if let Some(seen) = seen {
            seen.keep(recorded.id);
        }
        let mut exit = if taken.gaps.is_empty() { Exit::Done } else { Exit::Incomplete };
        let changes = counts(host, opened, &recorded, is_new, &taken)?;
        if changes.is_none() {
            exit = exit.worse(Exit::Incomplete);
        }
        let before = newest.filter(|_| is_new).map(|newest| newest.snapshot.attributes);
        let attributes_changed = before.is_some_and(|before| before != taken.attributes);
        let mut answer = SnapAnswer::of(&taken, &recorded, is_new, changes);
        (answer.sealed, answer.attributes_changed) =
            (sealed.map(|_| taken.sealed), attributes_changed);
        Ok(Snapped { answer, exit, held, recorded, has_seen })
    }
}

impl Snapped {
    /// Tells what was done, and how it ends.
    pub(super) fn tell(self, host: &mut Host) -> Result<(Exit, interrupt::Held), Failure> {
        note_gaps(&mut host.output, &self.answer.gaps);
        Ok((host.output.tell(&self.answer, self.exit)?, self.held))
    }

    /// Whether an entry was written.
    pub(super) const fn is_recorded(&self) -> bool {
        self.answer.recorded
    }
}

/// When and by what a source is taken in.
fn capture(host: &mut Host, stamp: &Stamp) -> Result<Capture, Failure> {
    Ok(Capture {
        run: Id16::from_bytes(host.inputs.random()?),
        captured_at_ms: stamp.time_ms,
        clock: Clock::Host,
        tool: Tool::new(TOOL)?,
    })
}

/// Makes the listing of what was taken, from that of the newest snapshot where it is the same.
fn make_listing(
    opened: &Opened,
    newest: Option<&RecordedSnapshot>,
    root: NodeId,
    progress: &Progress,
) -> Result<KeptListing, Failure> {
    let before = match newest {
        Some(newest) => opened.kept_listing(newest)?,
        None => None,
    };
    Ok(keep_listing(opened.store(), opened.workspace.id(), root, before, progress)?)
}

/// As [`compare`]; none, with a note, if the parent is damaged: the snapshot is recorded all the
/// same.
fn counts(
    host: &mut Host,
    opened: &Opened,
    recorded: &RecordedSnapshot,
    is_new: bool,
    taken: &Taken,
) -> Result<Option<ChangeCounts>, Failure> {
    match compare(host, opened, recorded, is_new, taken) {
        Ok(changes) => Ok(Some(changes)),
        Err(Failure::Told(told)) => {
            host.output.note(format_args!("not compared: {}", told.message));
            Ok(None)
        }
        Err(closed) => Err(closed),
    }
}

/// Counts how the snapshot differs from its parent; with `--verbose`, lists it too.
fn compare(
    host: &mut Host,
    opened: &Opened,
    recorded: &RecordedSnapshot,
    is_new: bool,
    taken: &Taken,
) -> Result<ChangeCounts, Failure> {
    if !is_new {
        return Ok(ChangeCounts::all_added(0));
    }
    let Some(parent) = recorded.snapshot.parents.first() else {
        return Ok(ChangeCounts::all_added(taken.directory.below().nodes));
    };
    let parent = wait(opened.workspace.find_snapshot(*parent))?;
    let Some(parent) = parent else { return Ok(ChangeCounts::default()) };
    let difference = wait(opened.workspace.difference(
        parent.snapshot.root,
        taken.root,
        Expansion::Everything,
        CHANGES_MAX,
        Arc::default(),
    ))?;
    if host.output.is_verbose() && !host.output.is_json() {
        for change in &difference.changes {
            host.output.show(&Change::of(change))?;
        }
    }
    Ok(ChangeCounts::of(&difference))
}

impl SnapAnswer {
    fn of(
        taken: &Taken,
        recorded: &RecordedSnapshot,
        is_new: bool,
        changes: Option<ChangeCounts>,
    ) -> Self {
        let snapshot = &recorded.snapshot;
        let below = taken.directory.below();
        let parent = if is_new { snapshot.parents.first().copied() } else { Some(recorded.id) };
        Self {
            source: snapshot.source_label.to_string(),
            recorded: is_new,
            snapshot: recorded.id.into(),
            number: recorded.number,
            root: taken.root.into(),
            parent: parent.map(HexId::from),
            changes,
            attributes: taken.attributes.map(HexId::from),
            left_out: taken.left_out,
            attributes_changed: false,
            sealed: None,
            gaps: taken.gaps.iter().map(GapMembers::of).collect(),
            contents_kept: taken.holding == Holding::Kept,
            listing: snapshot.listing.map(HexId::from),
            nodes: below.nodes,
            bytes: below.bytes,
        }
    }
}

impl Report for SnapAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let source = text.paint(Colour::Bold, crate::failure::one_line(&self.source));
        let snapshot = self.snapshot.short();
        let root = self.root.as_str();
        let sealed = self.sealed.map(|sealed| format!("{} sealed, ", grouped(sealed)));
        let left_out = grouped(self.left_out);
        let left_out = format!("{}{left_out} left out", sealed.unwrap_or_default());
        let gaps = match self.gaps.len() as u64 {
            0 => String::new(),
            gaps => format!(", {} not recorded", grouped(gaps)),
        };
        if !self.recorded {
            return text.line(format_args!(
                "{source}: nothing has changed, {left_out}{gaps}; snapshot {snapshot}, root {root}"
            ));
        }
        let gaps = if self.contents_kept { gaps } else { format!("{gaps}, contents not kept") };
        let changes = match &self.changes {
            Some(changes) if changes.is_nothing() && self.attributes_changed => {
                "only modes, times, owners or extended attributes have changed".to_owned()
            }
            Some(changes) => changes.sentence(),
            None => counted(self.nodes, "node", "nodes"),
        };
        text.line(format_args!(
            "{source}: {changes}, {left_out}{gaps}; snapshot {snapshot}, root {root}"
        ))
    }
}
