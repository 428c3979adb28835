//! What a walk over everything stored remembers.
//!
//! What is stored is a graph without cycles, since all of it is named by hash. So what was checked
//! under one snapshot is not checked again under the next one: the work grows with what is stored,
//! not with the paths that lead to it.

use foldhash::{HashMap, HashSet};
use markerbed_core::{
    AttributesId, ContentId, MapId, NodeId,
    map::Place,
    tree::{Counts, Node},
};

/// What was checked so far.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) nodes: HashMap<NodeId, Summary>,
    pub(super) pages: HashMap<MapId, Summary>,
    pub(super) attributes: HashMap<AttributesId, Summary>,
    /// Contents that were read.
    pub(super) contents: HashSet<ContentId>,
    spots: HashSet<Spot>,
}

/// What is known of a part of the graph once all below it was checked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Summary {
    /// What it adds to the counts of the directory above.
    pub(super) adds: Counts,
    /// How many names deep it is.
    pub(super) height: u32,
    /// Something was found here or below.
    pub(super) is_bad: bool,
    /// What it adds cannot be told.
    pub(super) is_unsure: bool,
}

/// Something to be checked.
pub(super) enum Todo {
    Node(NodeId, Node),
    Page(MapId, Place),
    Attributes(AttributesId),
}

/// Something being checked: what is below it comes first.
pub(super) struct Frame {
    pub(super) of: Vertex,
    /// What is still to be checked, the next at the end.
    pub(super) todo: Vec<Todo>,
    /// The sum of what was checked.
    pub(super) sum: Summary,
    /// How many names lie between it and what is below it: none or one.
    pub(super) names: u32,
}

/// A thing with something below it.
pub(super) enum Vertex {
    Node(NodeId, Node),
    Page(MapId),
    Attributes(AttributesId),
}

/// What entering something gives.
pub(super) enum Entered {
    /// It was checked before, or nothing is below it.
    Known(Summary),
    /// It has to be checked from below.
    Frame(Frame),
}

impl Checked {
    /// Notes that a page stands at a place; tells whether that is new.
    ///
    /// The same page may be right at one place and wrong at another.
    pub(super) fn note_place(&mut self, id: MapId, place: &Place) -> bool {
        let (left, is_last, is_root) = match place {
            Place::Root(_) => (None, true, true),
            Place::Child { left, is_last, .. } => (left.clone(), *is_last, false),
        };
        self.spots.insert(Spot { id, left, is_last, is_root })
    }
}

impl Summary {
    /// Something that cannot be looked into.
    pub(super) const CLOSED: Self = Self {
        adds: Counts { nodes: 0, files: 0, bytes: 0 },
        height: 0,
        is_bad: true,
        is_unsure: true,
    };
}

impl Frame {
    pub(super) fn new(of: Vertex, todo: Vec<Todo>) -> Self {
        Self { of, todo, sum: Summary::default(), names: 0 }
    }

    /// Adds what something below it gives.
    pub(super) fn take(&mut self, below: Summary) {
        let sum = &mut self.sum;
        match sum.adds.checked_add(below.adds) {
            Ok(adds) => sum.adds = adds,
            Err(_) => sum.is_unsure = true,
        }
        sum.height = sum.height.max(below.height.saturating_add(self.names));
        sum.is_bad |= below.is_bad;
        sum.is_unsure |= below.is_unsure;
    }
}

/// What of a page's place does not follow from the page above alone.
#[derive(Eq, Hash, PartialEq)]
struct Spot {
    id: MapId,
    left: Option<Vec<u8>>,
    is_last: bool,
    is_root: bool,
}
