//! Objects: the immutable things that a store keeps by id, and the proof that bytes are one.

use alloc::{sync::Arc, vec::Vec};
use core::fmt;

use crate::{
    codec::Canonical,
    error::Error,
    id::{AttributesId, MapId, NodeId, SnapshotId, StateId},
    ledger::StateObject,
    map::Page,
    tree::{Attributes, Node, Snapshot},
};

/// What kind of object an id names. The numbers are those of store keys, not hashed.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ObjectKind {
    /// A file, symlink or directory.
    Node = 1,
    /// A page of a map.
    Page = 2,
    /// What a file system says about a node beyond what it is.
    Attributes = 3,
    /// A committed record that points at a root node.
    Snapshot = 4,
    /// The commitment to all that a workspace holds.
    State = 5,
}

impl ObjectKind {
    /// Every kind, by number.
    pub const ALL: [Self; 5] =
        [Self::Node, Self::Page, Self::Attributes, Self::Snapshot, Self::State];

    /// The kind's number in store keys.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The word that goes before an id for people (ID-3).
    pub const fn word(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Page => "map page",
            Self::Attributes => "attributes",
            Self::Snapshot => "snapshot",
            Self::State => "state",
        }
    }
}

/// A kind and the 32 bytes of an id of that kind: what a host is asked for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ObjectId {
    /// What is named.
    pub kind: ObjectKind,
    /// Its id.
    pub bytes: [u8; 32],
}

impl fmt::Display for ObjectId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.kind.word(), NodeId::from_bytes(self.bytes))
    }
}

macro_rules! object_ids {
    ($($id:ident => $kind:ident,)*) => {$(
        impl From<$id> for ObjectId {
            fn from(id: $id) -> Self {
                Self { kind: ObjectKind::$kind, bytes: *id.as_bytes() }
            }
        }
    )*};
}

object_ids! {
    NodeId => Node,
    MapId => Page,
    AttributesId => Attributes,
    SnapshotId => Snapshot,
    StateId => State,
}

/// An object whose bytes were decoded strictly and have the id that they are known by.
///
/// Cheap to clone. A page is checked by itself here; its place is checked by who follows ids.
#[derive(Clone, Debug)]
pub struct Object {
    id: ObjectId,
    value: Arc<Value>,
}

#[derive(Debug)]
enum Value {
    Node(Node),
    Page(Page),
    Attributes(Attributes),
    Snapshot(Snapshot),
    State(StateObject),
}

impl Object {
    /// Proves that `bytes` are the object `id`.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if they are not canonical, then [`Error::HashMismatch`] if they are
    /// those of another id.
    pub fn check(id: ObjectId, bytes: &[u8]) -> Result<Self, Error> {
        let (value, found): (Value, ObjectId) = match id.kind {
            ObjectKind::Node => {
                let node = Node::decode(bytes)?;
                let found = node.id().into();
                (Value::Node(node), found)
            }
            ObjectKind::Page => {
                let page = Page::decode(bytes)?;
                let found = page.id().into();
                (Value::Page(page), found)
            }
            ObjectKind::Attributes => {
                let attributes = Attributes::decode(bytes)?;
                let found = attributes.id().into();
                (Value::Attributes(attributes), found)
            }
            ObjectKind::Snapshot => {
                let snapshot = Snapshot::decode(bytes)?;
                let found = snapshot.id().into();
                (Value::Snapshot(snapshot), found)
            }
            ObjectKind::State => {
                let state = StateObject::decode(bytes)?;
                let found = state.id().into();
                (Value::State(state), found)
            }
        };
        if found == id {
            Ok(Self { id, value: Arc::new(value) })
        } else {
            Err(Error::HashMismatch { wanted: id })
        }
    }

    /// The id that the bytes were proven to have.
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        match &*self.value {
            Value::Node(node) => node.encode(),
            Value::Page(page) => page.encode(),
            Value::Attributes(attributes) => attributes.encode(),
            Value::Snapshot(snapshot) => snapshot.encode(),
            Value::State(state) => state.encode(),
        }
    }

    /// The node, if it is one.
    pub fn as_node(&self) -> Option<&Node> {
        if let Value::Node(node) = &*self.value { Some(node) } else { None }
    }

    /// The page, if it is one.
    pub fn as_page(&self) -> Option<&Page> {
        if let Value::Page(page) = &*self.value { Some(page) } else { None }
    }

    /// The attributes, if it is such an object.
    pub fn as_attributes(&self) -> Option<&Attributes> {
        if let Value::Attributes(attributes) = &*self.value { Some(attributes) } else { None }
    }

    /// The snapshot, if it is one.
    pub fn as_snapshot(&self) -> Option<&Snapshot> {
        if let Value::Snapshot(snapshot) = &*self.value { Some(snapshot) } else { None }
    }

    /// The state object, if it is one.
    pub fn as_state(&self) -> Option<&StateObject> {
        if let Value::State(state) = &*self.value { Some(state) } else { None }
    }
}
