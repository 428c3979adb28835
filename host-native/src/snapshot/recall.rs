//! What is known of a directory from before, and what will be known of it the next time.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use markerbed_core::{AttributesId, ContentId, NodeId};

use super::{
    assemble::Slot,
    extras::{Attributing, Extras},
    owners::OwnerNames,
    seen::{Block, Body, Entry, Head, KnownExtras, NewSeen, Seen},
    stamp::{Moment, PackedStamp, Stamp},
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
    attributing: Attributing,
    owners: OwnerNames,
    /// Whether owners are called what they were called before.
    has_same_owners: bool,
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
        attributing: Attributing,
    ) -> Self {
        let began = now.as_ref().map(|now| (now.began_at(), now.device()));
        let owners = OwnerNames::default();
        let called = before.and_then(Seen::owners).unwrap_or_default();
        let has_same_owners = called
            .iter()
            .fold(true, |same, (owner, name)| owners.is_called(*owner, name.as_deref()) && same);
        Self {
            before,
            now: now.map(Mutex::new),
            began,
            keeps_contents,
            lost,
            attributing,
            owners,
            has_same_owners,
        }
    }

    /// Whether attributes are taken.
    pub(super) fn takes_attributes(&self) -> bool {
        self.attributing == Attributing::Taken
    }

    /// Whether owners are called what they were called before.
    pub(super) const fn has_same_owners(&self) -> bool {
        self.has_same_owners
    }

    /// What the machine calls owners.
    pub(super) const fn owners(&self) -> &OwnerNames {
        &self.owners
    }

    /// The attributes of a directory and all below it, as they were; none if they are not known.
    pub(super) fn attributes(&self, block: &Block<'_>) -> Option<AttributesId> {
        block.head.attributes.filter(|_| self.has_same_owners)
    }

    /// Tells whether as much is known of a directory itself as is wanted.
    pub(super) fn knows_directory(&self, block: &Block<'_>) -> bool {
        block.extras.are_known() || !self.takes_attributes()
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
            Body::File { stamp: before, content, is_stored, extras } => {
                before == stamp
                    && (*is_stored || !self.keeps_contents)
                    && (self.lost.is_empty() || !self.lost.contains(content))
                    && self.knows_extras(*extras)
            }
            Body::Symlink { stamp: before, extras, .. } => {
                before == stamp && self.knows_extras(*extras)
            }
            _ => false,
        }
    }

    fn knows_extras(&self, extras: KnownExtras<'_>) -> bool {
        if !self.takes_attributes() {
            return true;
        }
        let is_kept = |extras: Extras| extras.contents().all(|id| !self.lost.contains(&id));
        extras.are_known() && (self.lost.is_empty() || extras.decode().is_some_and(is_kept))
    }

    /// Tells whether stamps of symlinks are wanted, which cost a call each.
    pub(super) fn wants_stamps(&self) -> bool {
        self.now.is_some() || self.takes_attributes()
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
        extras: Option<&Extras>,
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
        self.known(extras.map(Extras::encode).as_deref()).put(&mut bytes);
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
                _ => self.put(slot, name, kind, &mut bytes).is_some(),
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
        for (owner, name) in self.owners.into_asked() {
            now.add_owner(owner, name.as_deref());
        }
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

    /// Writes what is told of an entry that is no directory.
    fn put(&self, slot: &Slot, name: &[u8], kind: EntryKind, out: &mut Vec<u8>) -> Option<()> {
        let told = |stamp: &PackedStamp, extras: &Extras| {
            let stamp = stamp.unpacked();
            let is_whole = !extras.is_partial() && self.will_know(&stamp);
            is_whole.then(|| (stamp, extras.encode()))
        };
        match slot {
            Slot::File { stamp, content, extras } => match told(stamp, extras) {
                Some((stamp, extras)) => {
                    let extras = self.known(Some(&extras));
                    let is_stored = self.keeps_contents;
                    Body::File { stamp, content: *content, is_stored, extras }.put(name, out)
                }
                None => Body::Young(kind).put(name, out),
            },
            Slot::Symlink { about: Some((stamp, extras)), node } => match told(stamp, extras) {
                Some((stamp, extras)) => {
                    let extras = self.known(Some(&extras));
                    Body::Symlink { stamp, node: *node, extras }.put(name, out)
                }
                None => Body::Young(kind).put(name, out),
            },
            // What is sealed is told of as if it were too young to be known again (SEAL-3).
            Slot::Symlink { .. } | Slot::Sealed(_) | Slot::Directory(_) => {
                Body::Young(kind).put(name, out)
            }
            Slot::Absent | Slot::Waiting | Slot::Same(_) => Body::Absent(kind).put(name, out),
        }
    }

    /// Extended attributes and holes, if they were looked for.
    fn known<'b>(&self, encoded: Option<&'b [u8]>) -> KnownExtras<'b> {
        match encoded {
            Some(encoded) if self.takes_attributes() => KnownExtras::of(encoded),
            _ => KnownExtras::UNKNOWN,
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
