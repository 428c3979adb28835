//! What is known of a directory from before, and what will be known of it the next time.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use markerbed_core::{ContentId, NodeId};

use super::{
    assemble::Slot,
    seen::{Block, Body, Entry, Head, NewSeen, Seen},
    stamp::{Moment, Stamp},
};
use crate::folder::EntryKind;

/// The two seen files of one look at a directory: the one from before and the one to come.
pub(super) struct Recall<'a> {
    before: Option<&'a Seen>,
    now: Option<Mutex<NewSeen>>,
    /// When this look began, and the device that is looked at.
    began: Option<(Moment, u64)>,
    /// Whether contents must be in the store to be known.
    keeps_contents: bool,
    /// Contents that are not in the store although they should be.
    lost: &'a HashSet<ContentId>,
}

/// Where the seen file tells of a directory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Told {
    /// Nowhere: nothing is being kept.
    Nowhere,
    /// In the block from before, which is still right.
    Before(u64),
    /// In a new one.
    Now(u64),
}

impl<'a> Recall<'a> {
    pub(super) fn new(
        before: Option<&'a Seen>,
        now: Option<NewSeen>,
        keeps_contents: bool,
        lost: &'a HashSet<ContentId>,
    ) -> Self {
        let began = now.as_ref().map(|now| (now.began_at(), now.device()));
        Self { before, now: now.map(Mutex::new), began, keeps_contents, lost }
    }

    /// The directory at the top, as it was.
    pub(super) fn root_block(&self) -> Option<Block<'a>> {
        self.before?.root_block()
    }

    /// A directory, as it was.
    pub(super) fn block(&self, at: u64) -> Option<Block<'a>> {
        self.before?.block(at)
    }

    /// An entry, as it was.
    pub(super) fn entry(&self, at: u64) -> Option<Entry<'a>> {
        self.before?.entry(at)
    }

    /// Tells whether what has this stamp is sure to be what was seen under a name.
    pub(super) fn knows(&self, entry: &Entry<'_>, stamp: &Stamp) -> bool {
        match &entry.body {
            Body::File { stamp: before, content, is_stored } => {
                before == stamp
                    && (*is_stored || !self.keeps_contents)
                    && (self.lost.is_empty() || !self.lost.contains(content))
            }
            Body::Symlink { stamp: before, .. } => before == stamp,
            _ => false,
        }
    }

    /// Tells whether stamps of symlinks are wanted, which cost a call each.
    pub(super) const fn wants_stamps(&self) -> bool {
        self.now.is_some()
    }

    /// Tells whether a change from now on of what has this stamp is sure to show.
    pub(super) fn will_know(&self, stamp: &Stamp) -> bool {
        self.began.is_some_and(|(began_at, device)| {
            stamp.identity.device == device && stamp.is_old_at(began_at)
        })
    }

    /// Writes the block of a directory.
    pub(super) fn tell<'b>(
        &self,
        head: &Head,
        entries: impl Iterator<Item = (&'b Slot, (&'b [u8], EntryKind))> + Clone,
    ) -> Told {
        let Some(now) = &self.now else { return Told::Nowhere };
        let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
        // The blocks of the directories below come first, in one piece each.
        let mut below = VecDeque::new();
        for (slot, _) in entries.clone() {
            if let Slot::Directory(made) = slot
                && !made.is_sealed()
            {
                below.push_back(self.block_now(&mut now, made.told));
            }
        }
        let mut bytes = Vec::new();
        head.put(&mut bytes);
        let at = now.append(&bytes);
        bytes.clear();
        for (slot, (name, kind)) in entries {
            let is_told = match slot {
                Slot::Same(at) => {
                    let entry = self.entry(*at);
                    entry.map(|entry| bytes.extend_from_slice(entry.bytes)).is_some()
                }
                Slot::Directory(made) if !made.is_sealed() => {
                    let block = below.pop_front().flatten();
                    block
                        .and_then(|block| Body::Directory { block }.put(name, &mut bytes))
                        .is_some()
                }
                _ => self.body(slot, kind).put(name, &mut bytes).is_some(),
            };
            if !is_told {
                now.give_up();
            }
            if bytes.len() >= CHUNK_BYTES {
                now.append(&bytes);
                bytes.clear();
            }
        }
        now.append(&bytes);
        Told::Now(at)
    }

    /// Ends the look; what was seen, unless it is told already in the file from before.
    pub(super) fn finish(self, root: NodeId, told: Told) -> Option<NewSeen> {
        let mut now = self.now?.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Told::Now(block) = told else { return None };
        now.set_root(root, block);
        Some(now)
    }

    /// Where the new file tells of a directory, in a block that is copied if it must be; none if
    /// nothing does.
    fn block_now(&self, now: &mut NewSeen, told: Told) -> Option<u64> {
        match told {
            Told::Nowhere => None,
            Told::Now(block) => Some(block),
            Told::Before(block) => Some(now.copy(self.before?, block)),
        }
    }

    /// What is told of an entry that is no directory.
    fn body(&self, slot: &Slot, kind: EntryKind) -> Body {
        match slot {
            Slot::File { stamp, content } if self.will_know(stamp) => {
                let is_stored = self.keeps_contents;
                Body::File { stamp: *stamp, content: *content, is_stored }
            }
            Slot::Symlink { stamp: Some(stamp), node } if self.will_know(stamp) => {
                Body::Symlink { stamp: *stamp, node: *node }
            }
            // What is sealed is told of as if it were too young to be known again (SEAL-3).
            Slot::File { .. } | Slot::Symlink { .. } | Slot::Sealed(_) | Slot::Directory(_) => {
                Body::Young(kind)
            }
            Slot::Absent | Slot::Waiting | Slot::Same(_) => Body::Absent(kind),
        }
    }
}

/// How much of a block is kept before it is written.
const CHUNK_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use std::{fs, thread::sleep, time::Duration};

    use markerbed_core::{SnapshotId, WorkspaceId};

    use crate::{
        progress::Silent,
        snapshot::{HashOnly, Memory, SeenPlace, SnapOptions, take_again},
    };

    #[test]
    fn a_directory_that_is_young_when_it_is_seen_does_not_tell_its_names() {
        let (home, source) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(source.path().join("d")).unwrap();
        let workspace = WorkspaceId::from_bytes([1; 32]);
        let place = SeenPlace::of(home.path(), workspace, source.path(), &SnapOptions::default());
        let place = place.unwrap().unwrap();
        let tells_names = || {
            let memory = Memory { place: Some(&place), ..Memory::default() };
            let (options, sink) = (SnapOptions::default(), HashOnly::default());
            let taken = take_again(source.path(), &options, &sink, &Silent, memory);
            taken.unwrap().1.unwrap().keep(SnapshotId::from_bytes([2; 32]));
            place.read().unwrap().root_block().unwrap().head.tells_names
        };

        let young = tells_names();
        sleep(Duration::from_millis(150));
        let old = tells_names();

        assert_eq!((young, old), (false, true));
    }
}
