//! What a program does with a store and a workspace, on every host.
//!
//! Everything here is asynchronous over a [`Store`](markerbed_storage::Store); with a store that
//! never really waits, polling once is enough to run it. Time, randomness and keys are values that
//! the program hands in.
#![forbid(unsafe_code)]
#![cfg_attr(
    target_arch = "wasm32",
    allow(clippy::arc_with_non_send_sync, reason = "a browser's store has one thread")
)]

mod audit;
mod checkpoint;
mod commit;
pub mod documents;
mod draft;
mod error;
mod grants;
mod group;
mod holding;
mod open;
mod operate;
mod overlay;
mod proven_contents;
mod read;
mod reference;
pub mod register;
mod resolve;
pub mod rows;
mod sealed;
mod stamp;
mod state;

pub use audit::Audited;
pub use checkpoint::Head;
pub use commit::{Committed, RefOutcome, When};
pub use draft::{Capture, SnapshotDraft};
pub use error::{ErrorClass, Unnameable, WorkspaceError};
pub use grants::GrantOutcome;
pub use holding::Holding;
pub use open::Workspace;
pub use overlay::Overlay;
pub use read::{Logged, RecordedSnapshot, RefPlace, Replay};
pub use reference::{Base, HexPrefix, Reference, check_nameable};
pub use register::Listed;
pub use resolve::{Found, Place, Tree};
pub use sealed::SealFit;
pub use stamp::Stamp;
