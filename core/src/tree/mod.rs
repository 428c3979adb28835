//! Trees of files, what is said beside them, and snapshots of them.

mod attributes;
mod kind;
pub mod name;
mod node;
mod path;
mod shown;
mod snapshot;

pub use attributes::{Attribute, Attributes, ExtendedAttribute, Hole, Time, link_group};
pub use kind::NodeKind;
pub use name::{Label, Name, Tool};
pub use node::{Counts, Directory, File, Node, NodeBody, SealKey, Symlink};
pub use path::Path;
pub use shown::Shown;
pub use snapshot::{Clock, Coverage, Snapshot, SnapshotFields, SourceKind};
