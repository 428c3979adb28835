//! Writes a stored tree out again, and walks it.
//!
//! [`restore`] writes only below its target, whatever the tree says: each name is one name, every
//! directory is entered by a handle of the one above it, and no link is followed. What it writes it
//! has checked before.

mod attributes;
mod descent;
mod done;
mod error;
mod holes;
mod jobs;
mod leaf;
mod linked;
mod names;
mod plan;
mod target;
mod tree;
mod unfinished;
mod unfit;
mod walk;
mod write;

pub(crate) use descent::{Lacks, Objects};
pub use error::RestoreError;
pub(crate) use names::NameJudge;
pub use tree::{Lack, Lacking, NotPutBack, RestoreOptions, Restored, restore};
pub use unfinished::UnfinishedNames;
pub use unfit::{Unfit, UnfitName, UnfitNames};
pub use walk::{TreeWalk, Walked, tree_walk};
