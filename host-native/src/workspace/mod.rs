//! What a program does with a store and a workspace.
//!
//! Everything here is asynchronous over a [`Store`](crate::store::Store); with a store that never
//! really waits, [`wait`](crate::drive::blocking::wait) is enough to run it. Time, randomness and
//! keys are values that the program hands in.

mod check;
mod commit;
mod documents;
mod draft;
mod error;
mod keys;
mod open;
mod operate;
mod overlay;
mod portable;
mod proven_contents;
mod read;
mod reference;
mod register;
mod resolve;
mod rows;
mod seal_key;
mod sealed;
mod stamp;

pub use check::{
    CheckData, CheckFault, CheckOptions, CheckProgress, CheckReport, CheckStage, CheckedItem,
    DataSlice, Finding, Health, Looked, Part, Scanned, ScannedDamage, ScannedItems, Served, Serves,
    scan_directory,
};
pub use commit::{Committed, RefOutcome, When};
pub use draft::{Capture, SnapshotDraft};
pub use error::{ErrorClass, Unnameable, WorkspaceError};
pub use keys::{KeyError, Keys, key_file, random_bytes};
pub use open::Workspace;
pub use overlay::Overlay;
pub use read::{Logged, RecordedSnapshot, RefPlace, Replay};
pub use reference::{Base, HexPrefix, Reference, check_nameable};
pub use register::Listed;
pub use resolve::{Found, Place, Tree};
pub use seal_key::{load_seal_key, make_seal_key, seal_key_file};
pub use sealed::SealFit;
pub use stamp::Stamp;
