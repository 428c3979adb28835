//! Trees of files, what is said beside them, and snapshots of them.

mod attributes;
mod attributes_map;
pub mod base64;
mod change;
mod count_check;
mod difference;
mod directory;
mod documents;
mod expand;
mod kind;
mod listing;
mod maker;
mod moves;
pub mod name;
mod node;
mod path;
mod proof;
mod prove;
mod resolve;
mod shown;
mod snapshot;
mod trail;
mod walk;

pub use attributes::{Attribute, Attributes, ExtendedAttribute, Hole, Time, link_group};
pub use attributes_map::{BuiltAttributes, build_attributes, list_attributes};
pub use change::{Expansion, TreeChange, TreeDifference};
pub use count_check::CountCheck;
pub use difference::difference;
pub use directory::{
    BuiltDirectory, Child, NamedChild, NewChild, build_directory, fetch_children, list_directory,
};
pub use documents::{EvidenceDocument, Gap, GapReason, Held, IgnoreFile, RulesDocument};
pub use kind::NodeKind;
pub use listing::{ListedItem, ListingHasher, ListingLine, write_listing};
pub use maker::{MadeTree, TreeMaker};
pub use name::{Label, Name, Tool};
pub use node::{Counts, Directory, File, Node, NodeBody, SealKey, Symlink};
pub use path::Path;
pub use proof::{Expectation, Finding, Grade, TreeClaim, TreeProof, Verdict};
pub use prove::{ProofOf, prove_path};
pub use resolve::{Resolved, resolve, resolve_attributes};
pub use shown::Shown;
pub use snapshot::{Clock, Coverage, Snapshot, SnapshotFields, SourceKind};
pub use trail::Trail;
pub use walk::{Walk, Walked};
