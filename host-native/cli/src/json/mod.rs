//! What answers in JSON share: ids, names that need not be text, nodes, changes, gaps.

mod aside;
mod attributes;
mod change;
mod error;
mod gap;
mod id;
mod name;
mod node;
mod unfit;

pub(crate) use aside::AsideMembers;
pub(crate) use attributes::AttributesMembers;
pub(crate) use change::{CHANGES_MAX, Change, ChangeCounts};
pub(crate) use error::ErrorAnswer;
pub(crate) use gap::{GapMembers, note_gaps};
pub(crate) use id::{HexId, HexId16};
pub(crate) use name::{
    AttributeName, FilePath, FromPath, KeyPath, PathBytes, StorePath, TargetBytes, TargetPath,
    TwinPath,
};
pub(crate) use node::{Kind, NodeMembers};
pub(crate) use unfit::{UnfitMembers, note_unfit};
