//! `markerbed check`

use std::{io, path::Path, sync::Arc};

use markerbed_core::WorkspaceId;
use markerbed_host::{
    drive::blocking::wait,
    store::directory::{compare_index, layer::SystemFiles},
    workspace::{
        CheckData, CheckOptions, CheckProgress, CheckReport, CheckStage, Finding, Health,
        ScannedDamage, check_workspace, scan_directory,
    },
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    exit::Exit,
    failure::{Failure, Told, one_line},
    host::Host,
    json::{AsideMembers, HexId, PathBytes},
    open::{Opened, Purpose, aside, find_store},
    output::{Colour, Report, Text},
    progress::Progress,
    slice::ReadData,
    text::{counted, grouped},
};

/// Check everything that is stored, from the objects up
///
/// Reads no index. Says which paths of which snapshots a damaged or missing thing serves. Exits
/// with 4 if something is damaged, and with 3 if something is only missing.
#[derive(clap::Args)]
pub(crate) struct Check {
    /// Hash the bytes of every file, too; or those of slice n of t, or of a share drawn by lot
    #[arg(long, value_name = "n/t|N%", require_equals = true, num_args = 0..=1)]
    #[arg(default_missing_value = "100%")]
    read_data: Option<ReadData>,
    /// Compare the index files with the packs they are made from, too
    #[arg(long)]
    index: bool,
}

/// What `markerbed check --json` answers.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(title = "check")]
pub(crate) struct CheckAnswer {
    /// The WorkspaceId, unless the store is too damaged to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace: Option<HexId>,
    /// How the workspace is.
    health: Condition,
    /// Entries that follow from those before them.
    entries: u64,
    /// The root of the log tree over them.
    #[serde(skip_serializing_if = "Option::is_none")]
    log_root: Option<HexId>,
    /// The StateId that they add up to.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<HexId>,
    /// Snapshots that they commit.
    snapshots: u64,
    /// Objects that are stored, if they were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<u64>,
    /// Objects that nothing recorded leads to: leftovers, no fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    objects_unreferenced: Option<u64>,
    /// Contents that are stored, if they were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    contents: Option<u64>,
    /// Contents that nothing recorded leads to: leftovers, no fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    contents_unreferenced: Option<u64>,
    /// Snapshots that were taken with --no-contents.
    snapshots_hashed: u64,
    /// Contents that only these lead to and that are not stored: no fault.
    contents_not_held: u64,
    /// Bytes of contents that were read and hashed, but for those of sealed files.
    bytes_read: u64,
    /// Index files that were compared with their packs.
    #[serde(skip_serializing_if = "Option::is_none")]
    index_files: Option<u64>,
    /// The first of what is wrong.
    findings: Vec<FindingMembers>,
    /// How many things are wrong.
    findings_total: u64,
    /// What could not be checked, because of what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    unchecked: Option<String>,
    /// What lies aside because it was found behind the end of a pack.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aside: Vec<AsideMembers>,
    /// Which of them: all (100%), a slice (3/10) or a share drawn by lot (5%).
    #[serde(skip_serializing_if = "Option::is_none")]
    read_data: Option<String>,
}

/// How a workspace is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Condition {
    /// Everything is as it was recorded.
    #[default]
    Sound,
    /// Something is absent; what is there is as it was recorded.
    Incomplete,
    /// Something is not as it was recorded.
    Damaged,
}

/// One thing that is not as it should be.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct FindingMembers {
    /// The stable name of what is wrong.
    code: String,
    /// With what.
    item: String,
    /// How it shows.
    detail: String,
    /// The first of the places that it serves.
    serves: Vec<ServedMembers>,
    /// How many places it serves, or how many were counted.
    serves_total: u64,
    /// Whether all of them were counted.
    serves_all_counted: bool,
}

/// A place that needs a thing.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ServedMembers {
    /// In which snapshot.
    snapshot: HexId,
    #[serde(flatten)]
    path: PathBytes,
    /// What of it: tree, snapshot, attributes, rules, evidence or listing.
    part: String,
}

impl Check {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let directory = find_store(&host.place)?;
        let progress = Progress::begin(&host.output, "checking");
        let mut answer = match Opened::at(host, directory.clone(), Purpose::Check) {
            Ok(opened) => self.check_workspace(host, &opened, &progress)?,
            Err(Failure::Told(told)) if told.code == DAMAGED => {
                check_packs(&directory, told, &progress)?
            }
            Err(failure) => return Err(failure),
        };
        if self.index {
            answer.compare_index(&directory, &progress)?;
        }
        answer.aside = aside(&directory)?;
        drop(progress);
        let exit = match answer.health {
            Condition::Sound => Exit::Done,
            Condition::Incomplete => Exit::Incomplete,
            Condition::Damaged => Exit::Failed,
        };
        host.output.conclude(&answer, exit)
    }

    fn check_workspace(
        &self,
        host: &mut Host,
        opened: &Opened,
        progress: &Progress,
    ) -> Result<CheckAnswer, Failure> {
        let data = match self.read_data {
            Some(chosen) => chosen.draw(&mut host.inputs)?,
            None => CheckData::Present,
        };
        let options = CheckOptions { data, ..CheckOptions::default() };
        progress.stage("reading records");
        let scanned = opened.scan(data)?;
        let report = wait(check_workspace(&opened.workspace, scanned, &options, progress))?;
        Ok(CheckAnswer {
            read_data: self.read_data.map(|data| data.to_string()),
            ..CheckAnswer::of(&report)
        })
    }
}

/// What can be said of a store that cannot even be opened.
fn check_packs(
    directory: &Path,
    failure: Told,
    progress: &Progress,
) -> Result<CheckAnswer, Failure> {
    progress.stage("reading records");
    // Of which workspace leftovers are, nobody can tell.
    let nobody = WorkspaceId::from_bytes([0; 32]);
    let mut answer =
        CheckAnswer { unchecked: Some(UNCHECKED.to_owned()), ..CheckAnswer::default() };
    let scanned = scan_directory(directory, nobody, CheckData::Read)?;
    for ScannedDamage { item, place, fault } in scanned.damaged {
        answer.add(DAMAGED_STORE, item.to_string(), format!("{place}: {fault}"));
    }
    if answer.findings.is_empty() {
        answer.add(DAMAGED_STORE, "the store".to_owned(), failure.message);
    }
    Ok(answer)
}

impl CheckProgress for Progress {
    fn begin(&self, stage: CheckStage) {
        self.stage(match stage {
            CheckStage::Ledger => "checking the ledger",
            CheckStage::Trees => "checking trees",
            CheckStage::Places => "looking for places",
        });
    }

    fn advance(&self, things: u64, bytes: u64) {
        self.step(things, bytes);
    }
}

impl CheckAnswer {
    fn of(report: &CheckReport) -> Self {
        let looked = report.looked;
        Self {
            workspace: Some(report.workspace.into()),
            health: match report.health {
                Health::Sound => Condition::Sound,
                Health::Incomplete => Condition::Incomplete,
                Health::Damaged => Condition::Damaged,
            },
            entries: looked.entries,
            log_root: Some(report.log_root.into()),
            state: report.state.map(HexId::from),
            snapshots: looked.snapshots,
            objects: looked.objects,
            objects_unreferenced: looked.objects_unreferenced,
            contents: looked.contents,
            contents_unreferenced: looked.contents_unreferenced,
            snapshots_hashed: looked.snapshots_hashed,
            contents_not_held: looked.contents_not_held,
            bytes_read: looked.bytes_read,
            findings: report.findings.iter().map(FindingMembers::of).collect(),
            findings_total: report.findings_total,
            ..Self::default()
        }
    }

    /// Compares each index file with what its pack makes it.
    fn compare_index(&mut self, directory: &Path, progress: &Progress) -> Result<(), Failure> {
        progress.stage("comparing index files");
        let report = compare_index(directory, Arc::new(SystemFiles), &mut |found| {
            let (file, fault) = (format!("index file of pack {}", found.pack), found.fault);
            self.add(WRONG_INDEX, file, format!("{fault}; `{REBUILD}` makes it anew"));
        })?;
        self.index_files = Some(report.files);
        Ok(())
    }

    /// Adds something that is damaged and serves no place of its own.
    fn add(&mut self, code: &str, item: String, detail: String) {
        self.health = Condition::Damaged;
        self.findings_total += 1;
        if self.findings.len() < CheckOptions::default().findings_max {
            let finding = FindingMembers {
                code: code.to_owned(),
                item,
                detail,
                serves: Vec::new(),
                serves_total: 0,
                serves_all_counted: true,
            };
            self.findings.push(finding);
        }
    }
}

impl FindingMembers {
    fn of(finding: &Finding) -> Self {
        let place = |served: &markerbed_host::workspace::Served| ServedMembers {
            snapshot: served.snapshot.into(),
            path: PathBytes(served.path.as_bytes().to_vec()),
            part: served.part.word().to_owned(),
        };
        Self {
            code: finding.fault.code().to_owned(),
            item: finding.item.to_string(),
            detail: finding.detail.clone(),
            serves: finding.serves.places.iter().map(place).collect(),
            serves_total: finding.serves.total,
            serves_all_counted: finding.serves.is_all,
        }
    }

    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let code = text.paint(Colour::Red, &self.code);
        text.line(format_args!("{code}: {}: {}", one_line(&self.item), one_line(&self.detail)))?;
        for place in &self.serves {
            let part = match place.part.as_str() {
                "tree" => String::new(),
                "listing" => format!(" (listing; {MAKE_LISTING})"),
                part => format!(" ({part})"),
            };
            let snapshot = place.snapshot.short();
            text.line(format_args!("    serves {snapshot}:{}{part}", place.path.shown()))?;
        }
        let more = self.serves_total.saturating_sub(self.serves.len() as u64);
        if more > 0 || !self.serves_all_counted {
            let least = if self.serves_all_counted { "" } else { "at least " };
            text.line(format_args!("    and {least}{} more places", grouped(more)))?;
        }
        Ok(())
    }
}

impl Report for CheckAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        for finding in &self.findings {
            finding.put_text(text)?;
        }
        let more = self.findings_total.saturating_sub(self.findings.len() as u64);
        if more > 0 {
            text.line(format_args!("and {} more findings", grouped(more)))?;
        }
        if let Some(unchecked) = &self.unchecked {
            let word = text.paint(Colour::Yellow, "not checked");
            text.line(format_args!("{word}: {unchecked}"))?;
        }
        for aside in &self.aside {
            aside.put_text(text)?;
        }
        let is_checked = self.unchecked.is_none();
        let looked = [
            is_checked.then(|| counted(self.entries, "entry", "entries")),
            is_checked.then(|| counted(self.snapshots, "snapshot", "snapshots")),
            self.index_files.map(|count| counted(count, "index file", "index files")),
            self.objects.map(|count| counted(count, "object", "objects")),
            self.contents.map(|count| counted(count, "content", "contents")),
            self.read_data.as_ref().map(|chosen| {
                let read = counted(self.bytes_read, "byte read", "bytes read");
                if chosen == "100%" { read } else { format!("{read} ({chosen} of all)") }
            }),
        ];
        let looked: Vec<String> = looked.into_iter().flatten().collect();
        let wrong = counted(self.findings_total, "finding", "findings");
        let verdict = match self.health {
            Condition::Sound => text.paint(Colour::Green, "all is as it was recorded"),
            Condition::Incomplete => text.paint(Colour::Yellow, format!("INCOMPLETE, {wrong}")),
            Condition::Damaged => text.paint(Colour::Red, format!("DAMAGED, {wrong}")),
        };
        let looked = if looked.is_empty() { "the packs".to_owned() } else { looked.join(", ") };
        text.line(format_args!("{verdict}: {looked}"))?;
        if self.snapshots_hashed == 0 {
            return Ok(());
        }
        let snapshots = counted(self.snapshots_hashed, "snapshot was", "snapshots were");
        let contents = counted(self.contents_not_held, "content is", "contents are");
        text.line(format_args!("{snapshots} taken without contents, {contents} not held"))
    }
}

const DAMAGED: &str = "store-damaged";
const DAMAGED_STORE: &str = "damaged-store";
const WRONG_INDEX: &str = "wrong-index";
const REBUILD: &str = "markerbed repair --rebuild-index";
const MAKE_LISTING: &str = "`markerbed ls --sha256` makes it from the files";
const UNCHECKED: &str =
    "the ledger, its rows and the trees, because numbers of entries may be lost";
