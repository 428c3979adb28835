//! Nodes as members of an answer.

use std::borrow::Cow;

use markerbed_core::{
    NodeId,
    tree::{Node, NodeKind},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::{HexId, TargetBytes};

/// What is known of a node; counts and sizes are as its author states them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct NodeMembers {
    /// Its NodeId.
    pub(crate) node: HexId,
    /// What it is.
    pub(crate) kind: Kind,
    /// Of a file: whether its owner may run it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) executable: Option<bool>,
    /// Of a file: how many bytes it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<u64>,
    /// Of a file: the ContentId of its bytes, what b3sum prints.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<HexId>,
    #[serde(flatten)]
    pub(crate) target: Option<TargetBytes>,
    /// Of a directory: what is below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) below: Option<Below>,
}

/// What is below a directory, by occurrence.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct Below {
    /// Files, symlinks and directories.
    pub(crate) nodes: u64,
    /// Files.
    pub(crate) files: u64,
    /// Bytes of files.
    pub(crate) bytes: u64,
}

/// What a node is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Kind(pub(crate) NodeKind);

impl NodeMembers {
    /// What is known of `node`, which has the id `id`.
    pub(crate) fn of(id: NodeId, node: &Node) -> Self {
        let file = node.as_file();
        Self {
            node: id.into(),
            kind: Kind(node.kind()),
            executable: file.map(|file| file.is_executable()),
            size: file.map(|file| file.size_bytes()),
            content: file.map(|file| file.content().into()),
            target: node.as_symlink().map(|symlink| TargetBytes(symlink.target().to_vec())),
            below: node.as_directory().map(|directory| {
                let counts = directory.below();
                Below { nodes: counts.nodes, files: counts.files, bytes: counts.bytes }
            }),
        }
    }

    /// The same as it stands in a list: of a sealed file or symlink no more than its directory says
    /// (SEAL-3).
    pub(crate) fn listed(id: NodeId, node: &Node) -> Self {
        match node.kind() {
            kind @ (NodeKind::SealedFile | NodeKind::SealedSymlink) => Self::unknown(id, kind),
            _ => Self::of(id, node),
        }
    }

    /// A node of which no more is known than its directory says.
    pub(crate) fn unknown(id: NodeId, kind: NodeKind) -> Self {
        Self {
            node: id.into(),
            kind: Kind(kind),
            executable: None,
            size: None,
            content: None,
            target: None,
            below: None,
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

impl JsonSchema for Kind {
    fn schema_name() -> Cow<'static, str> {
        "Kind".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": NodeKind::ALL.map(NodeKind::word) })
    }
}
