//! What a program does with a store and a workspace: what all hosts share
//! (`markerbed_workspace`), and what a native machine adds: checks, keys in files.
//!
//! Everything here is asynchronous over a [`Store`](crate::store::Store); with a store that never
//! really waits, [`wait`](crate::drive::blocking::wait) is enough to run it. Time, randomness and
//! keys are values that the program hands in.

mod check;
mod kept_checkpoint;
mod keys;
mod portable;
mod seal_key;
mod signed_head;

pub use check::{
    CheckData, CheckFault, CheckOptions, CheckProgress, CheckReport, CheckStage, CheckedItem,
    DataSlice, Finding, Health, Looked, Part, Scanned, ScannedDamage, ScannedItems, Served, Serves,
    check_workspace, scan_directory,
};
pub use kept_checkpoint::{Standing, kept_checkpoints, stand};
pub use keys::{KeyError, Keys, key_file, random_bytes};
pub use markerbed_workspace::{
    Audited, Base, Capture, Committed, ErrorClass, Found, GrantOutcome, Head, HexPrefix, Listed,
    Logged, Overlay, Place, RecordedSnapshot, RefOutcome, RefPlace, Reference, Replay, SealFit,
    SnapshotDraft, Stamp, Tree, Unnameable, When, Workspace, WorkspaceError, check_nameable,
};
pub use portable::names_unfit_elsewhere;
pub use seal_key::{load_seal_key, make_seal_key, seal_key_file};
pub use signed_head::{check_goes_on, note_signed_head, signed_head, signed_head_file};
