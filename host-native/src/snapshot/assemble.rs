//! Makes directories from the bottom up, as soon as all of their entries are known.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use markerbed_core::{
    NodeId, ObjectId,
    codec::Canonical,
    map::{self, Entry, MapKind},
    tree::{Child, Counts, Directory, Gap, GapReason, Node},
};

use super::{Sink, SnapError, listing::Listing};

/// The directories that wait for entries.
pub(super) struct Assembly<'a> {
    sink: &'a dyn Sink,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By [`DirectoryId`]; places of complete ones are used again.
    pending: Vec<Option<Pending>>,
    free: Vec<usize>,
    root: Option<(NodeId, Directory)>,
    gaps: Vec<Gap>,
    gap_path_bytes: usize,
    left_out: u64,
    directories: u64,
}

/// A directory whose entries are not all known.
#[derive(Debug)]
struct Pending {
    /// Where it belongs; none for the root.
    parent: Option<Place>,
    listing: Arc<Listing>,
    children: Vec<Option<Child>>,
    /// How many entries are not yet known.
    waiting: u32,
    below: Counts,
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
    /// It is recorded.
    Node(Child, Counts),
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
    pub(super) gaps: Vec<Gap>,
    pub(super) left_out: u64,
    pub(super) directories: u64,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(sink: &'a dyn Sink) -> Self {
        Self { sink, state: Mutex::default() }
    }

    /// Begins a directory with these entries; `parent` is none for the root.
    pub(super) fn begin(
        &self,
        parent: Option<Place>,
        listing: Arc<Listing>,
        left_out: u64,
    ) -> Result<DirectoryId, SnapError> {
        let waiting = listing.count();
        let children = vec![None; waiting as usize];
        let pending = Pending { parent, listing, children, waiting, below: Counts::default() };
        let mut state = self.lock();
        state.left_out += left_out;
        if waiting == 0 {
            // Complete already: it never waits.
            drop(state);
            self.complete(vec![pending])?;
            return Ok(DirectoryId(usize::MAX));
        }
        let id = state.free.pop().unwrap_or(state.pending.len());
        match state.pending.get_mut(id) {
            Some(place) => *place = Some(pending),
            None => state.pending.push(Some(pending)),
        }
        Ok(DirectoryId(id))
    }

    /// Takes in what became of entries, and makes the directories that are thereby complete.
    pub(super) fn settle(&self, outcomes: Vec<(Place, Outcome)>) -> Result<(), SnapError> {
        let mut complete = Vec::new();
        let mut state = self.lock();
        for (place, outcome) in outcomes {
            complete.extend(state.settle(place, outcome)?);
        }
        drop(state);
        self.complete(complete)
    }

    /// Everything, once the root is complete.
    pub(super) fn finish(self) -> Option<Assembled> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (root, directory) = state.root?;
        let mut gaps = state.gaps;
        gaps.sort_unstable();
        let State { left_out, directories, .. } = state;
        Some(Assembled { root, directory, gaps, left_out, directories })
    }

    /// The path of an entry that waits, relative to the root.
    pub(super) fn path_of(&self, place: Place) -> Vec<u8> {
        self.lock().path_of(place)
    }

    /// Makes directories, and those above them that they complete.
    fn complete(&self, mut complete: Vec<Pending>) -> Result<(), SnapError> {
        let mut objects = Vec::new();
        while let Some(pending) = complete.pop() {
            let parent = pending.parent;
            let built = build(pending, &mut objects);
            let mut state = self.lock();
            let (id, directory) = built.map_err(|cause| {
                let path = parent.map(|place| state.path_of(place)).unwrap_or_default();
                SnapError::Format { path, cause }
            })?;
            state.directories += 1;
            match parent {
                None => state.root = Some((id, directory)),
                Some(place) => {
                    let node = Node::from(directory);
                    let outcome = node.adds().map(|adds| Outcome::Node(Child::of(&node), adds));
                    let outcome = outcome
                        .map_err(|cause| SnapError::Format { path: state.path_of(place), cause })?;
                    complete.extend(state.settle(place, outcome)?);
                }
            }
            drop(state);
            if objects.len() >= OBJECTS_AT_ONCE {
                self.sink.put_objects(mem::take(&mut objects))?;
            }
        }
        if objects.is_empty() { Ok(()) } else { Ok(self.sink.put_objects(objects)?) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Notes one outcome; gives the directory out if it is thereby complete.
    fn settle(&mut self, place: Place, outcome: Outcome) -> Result<Option<Pending>, SnapError> {
        if let Outcome::Gap(reason, attempts) = outcome {
            let path = self.path_of(place);
            self.add_gap(Gap { path, reason, attempts })?;
        }
        self.left_out += u64::from(matches!(outcome, Outcome::LeftOut));
        let DirectoryId(id) = place.directory;
        let Some(Some(pending)) = self.pending.get_mut(id) else { return Ok(None) };
        if let Outcome::Node(child, adds) = outcome {
            let sum = pending.below.checked_add(adds);
            match (sum, pending.children.get_mut(place.slot as usize)) {
                (Ok(below), Some(slot)) => {
                    pending.below = below;
                    *slot = Some(child);
                }
                (Err(cause), _) => {
                    return Err(SnapError::Format { path: self.path_of(place), cause });
                }
                (Ok(_), None) => {}
            }
        }
        pending.waiting = pending.waiting.saturating_sub(1);
        if pending.waiting > 0 {
            return Ok(None);
        }
        self.free.push(id);
        Ok(self.pending.get_mut(id).and_then(Option::take))
    }

    /// Keeps a gap, while the document that will hold it has room (LIM-15).
    fn add_gap(&mut self, gap: Gap) -> Result<(), SnapError> {
        self.gap_path_bytes += gap.path.len() + GAP_BYTES;
        self.gaps.push(gap);
        if self.gap_path_bytes <= GAPS_BYTES_MAX {
            return Ok(());
        }
        let gaps = self.gaps.len() - 1;
        let first = self.gaps.iter().map(|gap| gap.path.clone()).min().unwrap_or_default();
        Err(SnapError::TooManyGaps { gaps, first })
    }

    fn path_of(&self, place: Place) -> Vec<u8> {
        let mut names: Vec<&[u8]> = Vec::new();
        let mut next = Some(place);
        while let Some(Place { directory: DirectoryId(id), slot }) = next {
            let Some(Some(pending)) = self.pending.get(id) else { break };
            names.extend(pending.listing.entry(slot).map(|(name, _)| name));
            next = pending.parent;
        }
        names.reverse();
        names.join(&b'/')
    }
}

/// Makes the directory and its pages.
fn build(
    pending: Pending,
    objects: &mut Vec<(ObjectId, Bytes)>,
) -> Result<(NodeId, Directory), markerbed_core::Error> {
    let Pending { listing, children, below, .. } = pending;
    let mut entries = Vec::with_capacity(children.len());
    for (slot, child) in (0..).zip(children) {
        let Some((child, (name, _))) = child.zip(listing.entry(slot)) else { continue };
        entries.push(Entry { key: name.to_vec(), value: child.encode() });
    }
    drop(listing);
    let map = map::build(MapKind::Directory, entries)?;
    let directory = Directory::new(map.root, below)?;
    let node = Node::from(directory);
    let id = node.id();
    objects.extend(map.pages.iter().map(|(id, page)| ((*id).into(), page.encode().into())));
    objects.push((id.into(), node.encode().into()));
    Ok((id, directory))
}

/// Objects that are kept back so that a store gets many at once.
const OBJECTS_AT_ONCE: usize = 1_024;
/// What a gap needs in the evidence besides its path.
const GAP_BYTES: usize = 64;
/// The evidence holds 16 MiB with its escapes; this is kept in memory.
const GAPS_BYTES_MAX: usize = 16 << 20;
