//! What is known of a tree while it is taken in.

use markerbed_core::tree::{Gap, GapReason};

use super::{Begun, DirectoryId, Made, Outcome, Place, Slot, attributes::Linked};
use crate::snapshot::SnapError;

/// The directories that wait for entries, and what was found so far.
#[derive(Debug, Default)]
pub(super) struct State {
    /// By [`DirectoryId`]; places of complete ones are used again.
    pending: Vec<Option<Pending>>,
    free: Vec<usize>,
    pub(super) root: Option<Made>,
    pub(super) linked: Linked,
    pub(super) gaps: Vec<Gap>,
    gap_path_bytes: usize,
    pub(super) left_out: u64,
    pub(super) sealed: u64,
    pub(super) directories: u64,
}

/// A directory whose entries are not all known.
#[derive(Debug)]
pub(super) struct Pending {
    /// Where it belongs; none for the root.
    pub(super) parent: Option<Place>,
    pub(super) begun: Begun,
    /// How many entries are not yet known.
    pub(super) waiting: u32,
}

impl State {
    /// Begins to wait for the entries of a directory.
    pub(super) fn begin(&mut self, pending: Pending) -> DirectoryId {
        let id = self.free.pop().unwrap_or(self.pending.len());
        match self.pending.get_mut(id) {
            Some(place) => *place = Some(pending),
            None => self.pending.push(Some(pending)),
        }
        DirectoryId(id)
    }

    /// What is to be known of an entry; notes gaps and what is left out.
    pub(super) fn slot(&mut self, place: Place, outcome: Outcome) -> Result<Slot, SnapError> {
        Ok(match outcome {
            Outcome::File(stamp, content, extras) => {
                if extras.is_partial() {
                    self.add_attributes_gap(Some(place))?;
                }
                Slot::File { stamp: stamp.packed(), content, extras }
            }
            Outcome::Symlink(about, node) => {
                if about.as_ref().is_some_and(|(_, extras)| extras.is_partial()) {
                    self.add_attributes_gap(Some(place))?;
                }
                Slot::Symlink { about: about.map(|(stamp, extras)| (stamp.packed(), extras)), node }
            }
            Outcome::Sealed(child) => {
                self.sealed += 1;
                Slot::Sealed(child)
            }
            Outcome::Gap(reason, attempts) => {
                let path = self.path_of(place);
                self.add_gap(Gap { path, reason, attempts })?;
                Slot::Absent
            }
            Outcome::LeftOut => {
                self.left_out += 1;
                Slot::Absent
            }
            Outcome::Own => Slot::Absent,
        })
    }

    /// Notes what an entry is; gives the directory out if it is thereby complete.
    pub(super) fn settle(&mut self, place: Place, known: Slot) -> Option<Pending> {
        let DirectoryId(id) = place.directory;
        let pending = self.pending.get_mut(id)?.as_mut()?;
        if let Some(slot) = pending.begun.slots.get_mut(place.slot as usize) {
            *slot = known;
        }
        pending.waiting = pending.waiting.saturating_sub(1);
        if pending.waiting > 0 {
            return None;
        }
        self.free.push(id);
        self.pending.get_mut(id).and_then(Option::take)
    }

    /// Notes that attributes of an entry, or of the root, could not be read.
    pub(super) fn add_attributes_gap(&mut self, place: Option<Place>) -> Result<(), SnapError> {
        let path = place.map(|place| self.path_of(place)).unwrap_or_default();
        self.add_gap(Gap { path, reason: GapReason::Attributes, attempts: 1 })
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

    pub(super) fn path_of(&self, place: Place) -> Vec<u8> {
        let mut names: Vec<&[u8]> = Vec::new();
        let mut next = Some(place);
        while let Some(Place { directory: DirectoryId(id), slot }) = next {
            let Some(Some(pending)) = self.pending.get(id) else { break };
            names.extend(pending.begun.listing.entry(slot).map(|(name, _)| name));
            next = pending.parent;
        }
        names.reverse();
        names.join(&b'/')
    }
}

/// What a gap needs in the evidence besides its path.
const GAP_BYTES: usize = 64;
/// The evidence holds 16 MiB with its escapes; this is kept in memory.
const GAPS_BYTES_MAX: usize = 16 << 20;
