//! Makes directories from the bottom up, as soon as all of their entries are known.

mod attributes;
mod map;
mod objects;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use markerbed_core::{
    AttributesId, ContentId, NodeId,
    codec::Canonical,
    map::Entry,
    tree::{Child, Counts, Directory, File, Gap, GapReason, Node, NodeKind, SealKey},
};
use markerbed_engine::CallError;

use attributes::Mirrored;
use map::NamesMap;
use objects::{Gathered, Objects, Of};
use state::{Pending, State};

use super::{
    Sink, SnapError, SnapOptions,
    extras::{Extras, RawExtras},
    listing::Listing,
    recall::{Recall, Told},
    seen::{Block, Body, Head},
    stamp::{PackedStamp, Stamp},
};
use crate::{folder::EntryKind, store::StoreError};

/// The directories that wait for entries.
pub(super) struct Assembly<'a> {
    sink: &'a dyn Sink,
    recall: &'a Recall<'a>,
    /// No file is executable.
    portable: bool,
    state: Mutex<State>,
    /// Objects that were made and not yet put.
    gathered: Gathered,
}

/// A directory that was listed.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) listing: Arc<Listing>,
    /// One for each entry of the listing.
    pub(super) slots: Vec<Slot>,
    pub(super) stamp: Stamp,
    /// Its own; none if they are as in the block from before.
    pub(super) extras: Option<Extras>,
    /// The block of the same directory when it was seen before.
    pub(super) before: Option<u64>,
    /// What it is sealed with, if it is.
    pub(super) seal: Option<Arc<SealKey>>,
}

/// What an entry of a directory is.
#[derive(Debug)]
pub(super) enum Slot {
    /// Not yet known.
    Waiting,
    /// Not in the node: left out, or a gap.
    Absent,
    /// What it was when it was seen before, in the entry of the seen file that begins here.
    Same(u64),
    File {
        stamp: PackedStamp,
        content: ContentId,
        extras: Extras,
    },
    Symlink {
        about: Option<(PackedStamp, Extras)>,
        node: NodeId,
    },
    /// A sealed file or symlink: no more may be remembered of it.
    Sealed(Child),
    Directory(Box<Made>),
}

/// A directory whose entries are all known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    child: Child,
    directory: Directory,
    /// Where the seen file tells of it.
    pub(super) told: Told,
    attributes: Mirrored,
    /// Its node is the one of the block that it had before.
    is_same: bool,
    /// So are its attributes.
    has_same_attributes: bool,
}

/// Names a directory while it waits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct DirectoryId(usize);

/// One entry of a directory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Place {
    pub(super) directory: DirectoryId,
    pub(super) slot: u32,
}

/// What became of an entry.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// A file that was read.
    File(Stamp, ContentId, Extras),
    /// A symlink whose node was put.
    Symlink(Option<(Stamp, Extras)>, NodeId),
    /// A sealed file or symlink whose node was put.
    Sealed(Child),
    /// It could not be recorded.
    Gap(GapReason, u32),
    /// The rules leave it out.
    LeftOut,
    /// It is what is never taken in: the store itself.
    Own,
}

/// What was found in the whole tree.
#[derive(Debug)]
pub(super) struct Assembled {
    pub(super) root: NodeId,
    pub(super) directory: Directory,
    pub(super) attributes: Option<AttributesId>,
    pub(super) told: Told,
    pub(super) gaps: Vec<Gap>,
    pub(super) left_out: u64,
    pub(super) sealed: u64,
    pub(super) directories: u64,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(sink: &'a dyn Sink, recall: &'a Recall<'a>, options: &SnapOptions) -> Self {
        let (state, gathered) = (Mutex::default(), Gathered::default());
        Self { sink, recall, portable: options.portable, state, gathered }
    }

    /// Begins a directory; `parent` is none for the root.
    pub(super) fn begin(
        &self,
        parent: Option<Place>,
        begun: Begun,
        left_out: u64,
    ) -> Result<DirectoryId, SnapError> {
        let is_waiting = |slot: &&Slot| matches!(slot, Slot::Waiting);
        // A listing holds no more than fit 32 bits.
        let waiting = begun.slots.iter().filter(is_waiting).count() as u32;
        let mut state = self.lock();
        state.left_out += left_out;
        if begun.extras.as_ref().is_some_and(Extras::is_partial) {
            state.add_attributes_gap(parent)?;
        }
        let pending = Pending { parent, begun, waiting };
        if waiting == 0 {
            // Complete already: it never waits.
            drop(state);
            self.complete(vec![pending])?;
            return Ok(DirectoryId(usize::MAX));
        }
        Ok(state.begin(pending))
    }

    /// Takes in what became of entries, and makes the directories that are thereby complete.
    pub(super) fn settle(&self, outcomes: Vec<(Place, Outcome)>) -> Result<(), SnapError> {
        let mut complete = Vec::new();
        let mut state = self.lock();
        for (place, outcome) in outcomes {
            let slot = state.slot(place, outcome)?;
            complete.extend(state.settle(place, slot));
        }
        drop(state);
        self.complete(complete)
    }

    /// Puts what was read of a directory itself.
    pub(super) fn put_extras(&self, raw: RawExtras) -> Result<Extras, SnapError> {
        Ok(raw.put(self.sink)?)
    }

    /// Everything, once the root is complete; none if it is not.
    pub(super) fn finish(self) -> Result<Option<Assembled>, SnapError> {
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Some(Made { child, directory, told, attributes, .. }) = state.root else {
            return Ok(None);
        };
        let linked = std::mem::take(&mut state.linked);
        let attributes = linked.finish(
            attributes,
            self.sink.engine(),
            Objects::new(self.sink, &self.gathered),
        )?;
        self.gathered.put_all(self.sink)?;
        let mut gaps = state.gaps;
        gaps.sort_unstable();
        let State { left_out, sealed, directories, .. } = state;
        let root = child.id;
        Ok(Some(Assembled {
            root,
            directory,
            attributes,
            told,
            gaps,
            left_out,
            sealed,
            directories,
        }))
    }

    /// The path of an entry that waits, relative to the root.
    pub(super) fn path_of(&self, place: Place) -> Vec<u8> {
        self.lock().path_of(place)
    }

    /// Makes directories, and those above them that they complete.
    fn complete(&self, mut complete: Vec<Pending>) -> Result<(), SnapError> {
        let mut objects = Objects::new(self.sink, &self.gathered);
        while let Some(pending) = complete.pop() {
            let parent = pending.parent;
            let made = self.make(&pending, &mut objects);
            let mut state = self.lock();
            let made = made.map_err(|error| match error {
                Failed::Format(cause) => {
                    let path = parent.map(|place| state.path_of(place)).unwrap_or_default();
                    SnapError::Format { path, cause }
                }
                Failed::Store(error) => error.into(),
            })?;
            state.directories += 1;
            state.sealed += u64::from(made.is_sealed());
            match parent {
                None => state.root = Some(made),
                Some(place) => {
                    complete.extend(state.settle(place, Slot::Directory(Box::new(made))));
                }
            }
        }
        Ok(objects.finish()?)
    }

    /// Makes a directory whose entries are all known, and the nodes of files that were read.
    fn make(&self, pending: &Pending, objects: &mut Objects<'_>) -> Result<Made, Failed> {
        let begun = &pending.begun;
        let before = begun.before.and_then(|at| self.recall.block(at));
        let unchanged = before.filter(|before| begun.is_as(before));
        let (child, directory) = match unchanged {
            Some(Block { head, .. }) => {
                (Child { kind: NodeKind::Directory, id: head.node }, head.directory)
            }
            None => self.build(begun, objects)?,
        };
        let is_same = before.is_some_and(|before| before.head.node == child.id);
        if child.kind.is_sealed() {
            return Ok(Made {
                child,
                directory,
                told: Told::Nowhere,
                attributes: Mirrored::Untaken,
                is_same,
                has_same_attributes: false,
            });
        }
        let attributes = self.mirror(pending, unchanged.as_ref(), objects)?;
        let known = before.and_then(|before| self.recall.attributes(&before));
        let has_same_attributes = match attributes {
            Mirrored::Untaken => true,
            Mirrored::Is(id) => known == Some(id),
            Mirrored::Waits(_) => false,
        };
        let attributes_told = match attributes {
            Mirrored::Is(id) => Some(id),
            Mirrored::Untaken | Mirrored::Waits(_) => None,
        };
        let told = self.tell(begun, unchanged.as_ref(), child.id, directory, attributes_told);
        Ok(Made { child, directory, told, attributes, is_same, has_same_attributes })
    }

    /// Builds the map of a directory.
    fn build(
        &self,
        begun: &Begun,
        objects: &mut Objects<'_>,
    ) -> Result<(Child, Directory), Failed> {
        let mut map = NamesMap::begin(Of::Tree, self.sink.engine())?;
        let mut below = Counts::default();
        for (slot, (name, _)) in begun.entries() {
            let Some((child, adds)) = self.child(slot, objects)? else { continue };
            below = below.checked_add(adds)?;
            map.push(Entry { key: name.to_vec(), value: child.encode() }, objects)?;
        }
        let root = map.finish(objects)?;
        let directory = Directory::new(root, below)?;
        let node = Node::from(directory);
        let node = begun.seal.as_ref().map_or(node.clone(), |key| node.seal(key));
        let child = Child::of(&node);
        objects.put(Of::Tree, child.id.into(), node.encode())?;
        Ok((child, directory))
    }

    /// What a directory says of an entry, and what it adds; none if it is not in the node.
    fn child(
        &self,
        slot: &Slot,
        objects: &mut Objects<'_>,
    ) -> Result<Option<(Child, Counts)>, Failed> {
        Ok(match slot {
            Slot::Waiting | Slot::Absent => None,
            Slot::Same(at) => match self.recall.entry(*at).map(|entry| entry.body) {
                Some(Body::File { stamp, content, .. }) => {
                    let node = self.file_node(&stamp, content)?;
                    Some((Child::of(&node), node.adds()?))
                }
                Some(Body::Symlink { node, .. }) => Some(symlink_child(node)),
                _ => None,
            },
            Slot::File { stamp, content, .. } => {
                let node = self.file_node(&stamp.unpacked(), *content)?;
                let child = Child::of(&node);
                objects.put(Of::Tree, child.id.into(), node.encode())?;
                Some((child, node.adds()?))
            }
            Slot::Symlink { node, .. } => Some(symlink_child(*node)),
            Slot::Sealed(child) => {
                let files = u64::from(child.kind.is_file());
                Some((*child, Counts { nodes: 1, files, bytes: 0 }))
            }
            Slot::Directory(made) => {
                let adds = Node::from(made.directory).adds()?;
                // All below a sealed directory is sealed, so there are no bytes to leave out.
                Some((made.child, adds))
            }
        })
    }

    /// The node of a file that was read.
    pub(super) fn file_node(
        &self,
        stamp: &Stamp,
        content: ContentId,
    ) -> Result<Node, markerbed_core::Error> {
        let is_executable = stamp.is_executable() && !self.portable;
        Ok(File::new(is_executable, stamp.size_bytes, content)?.into())
    }

    /// Tells the seen file of a directory.
    fn tell(
        &self,
        begun: &Begun,
        unchanged: Option<&Block<'_>>,
        node: NodeId,
        directory: Directory,
        attributes: Option<AttributesId>,
    ) -> Told {
        let is_told = |(_, (_, kind)): (_, (_, EntryKind))| kind != EntryKind::Untold;
        let tells_names = self.recall.will_know(&begun.stamp) && begun.entries().all(is_told);
        if let Some(before) = unchanged {
            let is_all_told = |slot: &Slot| match slot {
                Slot::Directory(made) => matches!(made.told, Told::Before(_)),
                _ => true,
            };
            let is_equal = before.head.stamp == begun.stamp
                && before.head.tells_names == tells_names
                && before.head.attributes == attributes
                && self.recall.knows_directory(before)
                && before.head.entries == begun.listing.count();
            if is_equal && begun.slots.iter().all(is_all_told) {
                return Told::Before(before.at);
            }
        }
        let is_recorded = |slot: &&Slot| !matches!(slot, Slot::Absent | Slot::Waiting);
        let head = Head {
            stamp: begun.stamp,
            tells_names,
            node,
            directory,
            attributes,
            recorded: begun.slots.iter().filter(is_recorded).count() as u32,
            entries: begun.listing.count(),
        };
        let known = || unchanged_extras(self.recall, begun);
        let extras = begun.extras.clone().or_else(known).filter(|extras| !extras.is_partial());
        self.recall.tell(&head, extras.as_ref(), begun.entries())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Begun {
    /// Each entry, and its name and kind.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&Slot, (&[u8], EntryKind))> + Clone {
        (0..).zip(&self.slots).filter_map(|(at, slot)| Some((slot, self.listing.entry(at)?)))
    }

    /// Tells whether exactly the same is in the node as was in that of `before`.
    fn is_as(&self, before: &Block<'_>) -> bool {
        // Entries that are the same stand for different ones of the block, so to count is enough.
        let mut recorded = 0;
        self.slots.iter().all(|slot| {
            recorded += u32::from(!matches!(slot, Slot::Absent));
            match slot {
                Slot::Absent | Slot::Same(_) => true,
                Slot::Directory(made) => made.is_same,
                // A sealed one may be another one each time.
                Slot::Waiting | Slot::File { .. } | Slot::Symlink { .. } | Slot::Sealed(_) => false,
            }
        }) && recorded == before.head.recorded
    }
}

/// The extras of a directory that was not opened, as they were.
fn unchanged_extras(recall: &Recall<'_>, begun: &Begun) -> Option<Extras> {
    recall.block(begun.before?)?.extras.decode()
}

/// Why a directory could not be made.
enum Failed {
    Format(markerbed_core::Error),
    Store(StoreError),
}

impl From<markerbed_core::Error> for Failed {
    fn from(error: markerbed_core::Error) -> Self {
        Self::Format(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CallError> for Failed {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Engine(error) => Self::Format(error),
            error => Self::Store(error.into()),
        }
    }
}

impl Made {
    pub(super) const fn is_sealed(&self) -> bool {
        self.child.kind.is_sealed()
    }
}

fn symlink_child(node: NodeId) -> (Child, Counts) {
    let adds = Counts { nodes: 1, ..Counts::default() };
    (Child { kind: NodeKind::Symlink, id: node }, adds)
}
