//! Trees of files, what is said beside them, and snapshots of them.

mod attributes;
mod directory;
mod kind;
mod listing;
pub mod name;
mod node;
mod path;
mod resolve;
mod shown;
mod snapshot;

pub use attributes::{Attribute, Attributes, ExtendedAttribute, Hole, Time, link_group};
pub use directory::{
    BuiltDirectory, Child, NamedChild, NewChild, build_directory, fetch_children, list_directory,
};
pub use kind::NodeKind;
pub use listing::{ListedItem, ListingHasher, ListingLine, write_listing};
pub use name::{Label, Name, Tool};
pub use node::{Counts, Directory, File, Node, NodeBody, SealKey, Symlink};
pub use path::Path;
pub use resolve::{Resolved, resolve};
pub use shown::Shown;
pub use snapshot::{Clock, Coverage, Snapshot, SnapshotFields, SourceKind};
