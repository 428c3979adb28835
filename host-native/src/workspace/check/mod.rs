//! Checks a workspace from the objects up; no row of an index is taken as truth.

mod documents;
mod fetch;
mod findings;
mod graph;
mod id_set;
mod ledger;
mod places;
mod report;
mod scan;
mod slice;
mod trees;

pub use report::{
    CheckFault, CheckReport, CheckedItem, Finding, Health, Looked, Part, Served, Serves,
};
pub use scan::{Scanned, ScannedDamage, ScannedItems, scan_directory};
pub use slice::DataSlice;

use findings::Findings;
use foldhash::HashSet;
use graph::Checked;
use ledger::Replayed;
use markerbed_core::{ContentId, Object, ObjectId, SnapshotId, tree::Snapshot};
use markerbed_engine::{CallError, Replay, RuntimeError};

use super::{Workspace, WorkspaceError};
use crate::{progress::Silent, snapshot::Holding};

/// How much a check shall do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CheckOptions {
    /// Whether the bytes of contents are read and hashed.
    pub data: CheckData,
    /// How many findings are listed; all are counted.
    pub findings_max: usize,
    /// How many places are listed for each finding; all are counted, up to a bound.
    pub places_max: usize,
    /// How often places are looked at: a tree can have more paths than anybody can count.
    pub visits_max: u64,
}

/// Whether the bytes of contents are read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CheckData {
    /// Only that they are there, with the right length.
    #[default]
    Present,
    /// All of them are read and hashed.
    Read,
    /// Some of them are read and hashed, by [`scan_directory`] alone.
    Slice(DataSlice),
}

/// A part of a check's work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CheckStage {
    /// Every entry of the ledger, and the rows derived from them.
    Ledger,
    /// The tree of every snapshot.
    Trees,
    /// The places that damaged and missing things serve.
    Places,
}

/// Hears how far a check has come.
pub trait CheckProgress: Send + Sync {
    /// Says that a stage begins.
    fn begin(&self, stage: CheckStage);

    /// Says that more things were looked at, and how many bytes of contents were read.
    fn advance(&self, things: u64, bytes: u64);
}

/// Checks everything that is stored of a workspace, from the objects up.
///
/// The ledger is replayed from its genesis and compared with the rows derived from it; the
/// tree of each snapshot is walked, each object is proven, each directory's counts are checked
/// against what is below it (NODE-8), and each content must be there with the right length.
/// What is wrong is no error of this call but a finding.
///
/// `scanned` is what reading every record of the store has found before; without it, what
/// nothing leads to is not looked at.
///
/// # Errors
///
/// A failure of the store that is no damage.
pub async fn check_workspace(
    workspace: &Workspace,
    scanned: Scanned,
    options: &CheckOptions,
    progress: &dyn CheckProgress,
) -> Result<CheckReport, WorkspaceError> {
    let mut run = Run {
        workspace,
        options,
        progress,
        findings: Findings::new(options.findings_max, options.places_max),
        looked: Looked::default(),
        checked: Checked::default(),
        stored: ScannedItems::default(),
        is_data_proven: false,
        holding: Holding::Kept,
        not_held: HashSet::default(),
        visits_left: options.visits_max,
    };
    run.take_scanned(scanned);
    progress.begin(CheckStage::Ledger);
    let mut state = workspace.engine().replay().await?;
    let mut replayed = run.replay(&mut *state).await?;
    run.check_rows(&mut replayed).await?;
    run.check_register().await?;
    progress.begin(CheckStage::Trees);
    run.check_snapshots(&replayed).await?;
    run.check_states(&replayed).await?;
    progress.begin(CheckStage::Places);
    run.name_all_places(&replayed).await?;
    run.into_report(&replayed, &mut *state).await
}
/// One check.
struct Run<'a> {
    workspace: &'a Workspace,
    options: &'a CheckOptions,
    progress: &'a dyn CheckProgress,
    findings: Findings,
    looked: Looked,
    checked: Checked,
    /// What the scan has found, and what of it was met.
    stored: ScannedItems,
    /// The scan has proven all contents that it could.
    is_data_proven: bool,
    /// What the snapshot at hand says of the bytes of its files.
    holding: Holding,
    /// Contents that were not kept, and that no snapshot says were.
    not_held: HashSet<ContentId>,
    /// How often places may still be looked at.
    visits_left: u64,
}

impl Run<'_> {
    async fn check_snapshots(&mut self, replayed: &Replayed) -> Result<(), WorkspaceError> {
        let mut hashed = Vec::new();
        for id in &replayed.snapshots {
            let object = self.take((*id).into()).await?;
            let Some(snapshot) = object.as_ref().and_then(Object::as_snapshot) else { continue };
            match self.holding_of(snapshot).await? {
                Holding::Kept => self.check_snapshot(*id, snapshot).await?,
                Holding::Hashed => hashed.push((*id, snapshot.clone())),
            }
        }
        // Last: what a snapshot that kept its contents leads to must be there.
        self.holding = Holding::Hashed;
        self.looked.snapshots_hashed = hashed.len() as u64;
        for (id, snapshot) in &hashed {
            self.check_snapshot(*id, snapshot).await?;
        }
        self.holding = Holding::Kept;
        Ok(())
    }

    async fn check_snapshot(
        &mut self,
        id: SnapshotId,
        snapshot: &Snapshot,
    ) -> Result<(), WorkspaceError> {
        self.check_tree(id, snapshot.root).await?;
        if let Some(attributes) = snapshot.attributes {
            self.check_attributes(attributes).await?;
        }
        self.check_documents(id, snapshot).await
    }

    /// A state can be built again from the entries; where it is stored, it must be whole.
    async fn check_states(&mut self, replayed: &Replayed) -> Result<(), WorkspaceError> {
        for id in &replayed.states {
            let id = ObjectId::from(*id);
            let is_stored = self.workspace.store().has_objects(self.workspace.id(), &[id]).await?;
            if is_stored != [true] {
                continue;
            }
            let object = self.take(id).await?;
            if let Some(state) = object.as_ref().and_then(Object::as_state) {
                self.check_state_map(state.maps).await?;
            }
        }
        Ok(())
    }

    async fn name_all_places(&mut self, replayed: &Replayed) -> Result<(), WorkspaceError> {
        if self.findings.health() == Health::Sound {
            return Ok(());
        }
        for id in replayed.snapshots.iter().rev() {
            let object = self.take((*id).into()).await?;
            let snapshot = object.as_ref().and_then(Object::as_snapshot);
            if !self.name_places(*id, snapshot).await? {
                self.findings.stop_counting_places();
                break;
            }
        }
        Ok(())
    }

    async fn into_report(
        self,
        replayed: &Replayed,
        state: &mut dyn Replay,
    ) -> Result<CheckReport, WorkspaceError> {
        let log_root = replayed.tip.log.root();
        let state = match state.state().await {
            Ok(after) if after.log_root == log_root => Some(after.id),
            Ok(_) => {
                let what = "it finds another root of the log than the entries have".to_owned();
                return Err(RuntimeError::Wrong { what }.into());
            }
            Err(CallError::Engine(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let stored = &self.stored;
        let looked = Looked {
            entries: replayed.tip.log.leaves(),
            snapshots: replayed.snapshots.len() as u64,
            objects_unreferenced: self.looked.objects.map(|_| stored.objects_not_met()),
            contents_unreferenced: self.looked.contents.map(|_| stored.contents_not_met()),
            contents_not_held: self.not_held.len() as u64,
            ..self.looked
        };
        let health = self.findings.health();
        let (findings, findings_total) = self.findings.into_list();
        Ok(CheckReport {
            workspace: self.workspace.id(),
            looked,
            log_root,
            state,
            findings,
            findings_total,
            health,
        })
    }
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            data: CheckData::Present,
            findings_max: 1_000,
            places_max: 10,
            visits_max: 1_000_000,
        }
    }
}

impl CheckProgress for Silent {
    fn begin(&self, _stage: CheckStage) {}

    fn advance(&self, _things: u64, _bytes: u64) {}
}
