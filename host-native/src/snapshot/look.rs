//! Looks at one directory: which names it has, which are left out, which are known from before.

use std::{io, sync::Arc};

use markerbed_core::{
    limits::NAME_BYTES_MAX,
    tree::{GapReason, SealKey},
};

use super::{
    Attention, Expect,
    assemble::{Outcome, Slot},
    extras::RawExtras,
    listing::{Listing, ListingFull},
    read::{LeftOut, gap_reason},
    recall::Recall,
    rules::{InForce, Rules},
    seen::{Block, Body, Entries, Entry},
    stamp::Stamp,
};
use crate::{
    chain::Chain,
    folder::{EntryKind, Folder, Identity},
};

/// Looks at directories, each by its name in the last one of a chain.
pub(super) struct Looker<'a> {
    rules: &'a mut Rules,
    recall: &'a Recall<'a>,
    left_out: LeftOut<'a>,
    attention: Option<&'a dyn Attention>,
    root: Arc<Folder>,
    /// The directory at hand and its entries are what they were, without being looked at.
    is_as_before: bool,
    /// The path from the top of the work tree to the directory at hand, with a slash.
    pub(super) path: Vec<u8>,
}

/// What a look at a directory shows.
pub(super) enum Look {
    Listed(Box<Listed>),
    /// It is not walked: what becomes of it.
    Refused(Outcome),
    /// It has more names than a listing holds.
    TooMany,
}

/// A directory that was listed.
pub(super) struct Listed {
    /// Open, unless nothing in it is to be read.
    pub(super) folder: Option<Arc<Folder>>,
    pub(super) stamp: Stamp,
    /// Its own; none if they are as in its block from before.
    pub(super) extras: Option<RawExtras>,
    pub(super) listing: Listing,
    pub(super) slots: Vec<Slot>,
    /// Where its block from before begins.
    pub(super) before: Option<u64>,
    pub(super) in_force: InForce,
    pub(super) left_out: u64,
    pub(super) same: Same,
    /// Slots of files and symlinks.
    pub(super) to_read: Vec<u32>,
    /// The same of those that are sealed.
    pub(super) to_seal: Option<ToSeal>,
    /// Slots of subdirectories, and where their blocks from before begin.
    pub(super) directories: Vec<(u32, Option<u64>)>,
    pub(super) gaps: Vec<(u32, GapReason)>,
}

/// Slots of files and symlinks that are sealed.
pub(super) struct ToSeal {
    pub(super) key: Arc<SealKey>,
    pub(super) slots: Vec<u32>,
}

/// How much is the same as it was before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Same {
    pub(super) files: u64,
    pub(super) symlinks: u64,
    pub(super) bytes: u64,
}

/// A directory that is there, however its names are to be found.
struct Found<'b> {
    folder: Option<Arc<Folder>>,
    stamp: Stamp,
    before: Option<Block<'b>>,
    seal: Option<Arc<SealKey>>,
    is_deepest: bool,
}

impl<'a> Looker<'a> {
    pub(super) fn new(
        rules: &'a mut Rules,
        recall: &'a Recall<'a>,
        left_out: LeftOut<'a>,
        attention: Option<&'a dyn Attention>,
        root: Arc<Folder>,
    ) -> Self {
        let path = rules.place.clone();
        Self { rules, recall, left_out, attention, root, is_as_before: false, path }
    }

    /// Looks at the root.
    ///
    /// # Errors
    ///
    /// If it, or an ignore file in it, cannot be read.
    pub(super) fn look_at_root(&mut self, chain: &mut Chain) -> io::Result<Look> {
        let above = self.rules.above.clone();
        self.is_as_before = self.expects_as_before();
        let folder = Some(self.root.clone());
        let stamp = Stamp::of(self.root.as_file())?;
        let before = self.recall.root_block();
        let found = Found { folder, stamp, before, seal: None, is_deepest: false };
        self.list(found, chain, b"", &above)
    }

    /// Looks at the directory `name`, whose path is [`Self::path`]; its block from before begins at
    /// `before`.
    ///
    /// # Errors
    ///
    /// If it, or an ignore file in it, cannot be read.
    pub(super) fn look(
        &mut self,
        chain: &mut Chain,
        name: &[u8],
        before: Option<u64>,
        above: &InForce,
        is_deepest: bool,
    ) -> io::Result<Look> {
        self.is_as_before = self.expects_as_before();
        let path = self.path.strip_suffix(b"/").unwrap_or(&self.path);
        let seal = self.rules.seals(above, path, name, true);
        // Nothing of what is sealed is remembered (SEAL-3): it is looked at anew each time.
        let before = before.filter(|_| seal.is_none());
        let before = before.and_then(|before| self.recall.block(before));
        let (folder, stamp) = match before.and_then(|before| self.known_stamp(&before, chain, name))
        {
            Some(stamp) => (None, stamp),
            None => {
                let folder = chain.last()?.open_folder(name)?;
                let stamp = Stamp::of(folder.as_file())?;
                (Some(Arc::new(folder)), stamp)
            }
        };
        if self.left_out.own.contains(&stamp.identity) {
            return Ok(Look::Refused(Outcome::Own));
        }
        if self.left_out.device.is_some_and(|device| device != stamp.identity.device) {
            return Ok(Look::Refused(Outcome::LeftOut));
        }
        self.list(Found { folder, stamp, before, seal, is_deepest }, chain, name, above)
    }

    pub(super) fn path_below_root(&self) -> &[u8] {
        self.path.get(self.rules.place.len()..).unwrap_or_default()
    }

    /// The stamp of the directory at hand, `name` in the last one of the chain, if it has the names
    /// that `before` tells.
    fn known_stamp(&self, before: &Block<'_>, chain: &Chain, name: &[u8]) -> Option<Stamp> {
        if !before.head.tells_names || !self.recall.knows_directory(before) {
            return None;
        }
        if self.is_as_before {
            return Some(before.head.stamp);
        }
        let path = self.path_below_root().strip_suffix(b"/")?;
        self.stamp_at(chain.last_open(), name, path).filter(|stamp| *stamp == before.head.stamp)
    }

    /// The stamp of `name` in a directory, if that is open: another one may have its path by now.
    /// If it is not, it is known from before by its own stamp, and so is what is at the path.
    fn stamp_at(&self, folder: Option<&Folder>, name: &[u8], path: &[u8]) -> Option<Stamp> {
        match folder {
            Some(folder) => Stamp::at(folder, name).ok(),
            None if path.len() > PATH_BYTES_MAX => None,
            None => Stamp::at(&self.root, path).ok(),
        }
    }

    /// Says that a directory will be looked at, and asks what to expect.
    fn expects_as_before(&self) -> bool {
        let Some(attention) = self.attention else { return false };
        let path = self.path_below_root();
        attention.expect(path.strip_suffix(b"/").unwrap_or(path)) == Expect::AsBefore
    }

    /// Lists a directory and finds out what is to be done with each of its entries.
    fn list(
        &mut self,
        found: Found<'_>,
        chain: &mut Chain,
        name: &[u8],
        above: &InForce,
    ) -> io::Result<Look> {
        let Found { mut folder, stamp, before, seal, is_deepest } = found;
        let extras = match &folder {
            // What is sealed has none (SEAL-4).
            Some(folder) if self.recall.takes_attributes() && seal.is_none() => {
                Some(RawExtras::of_open(folder.as_file())?)
            }
            Some(_) => Some(RawExtras::default()),
            None => None,
        };
        let known = before.filter(|before| before.head.tells_names && before.head.stamp == stamp);
        let Ok(listing) = names(known.as_ref(), folder.as_deref())? else {
            return Ok(Look::TooMany);
        };
        let listed_by = folder.clone();
        let mut open = || match &folder {
            Some(folder) => Ok(folder.clone()),
            None => open_again(chain, name, stamp.identity)
                .inspect(|opened| folder = Some(opened.clone())),
        };
        let told = |name: &[u8]| listing.find(name);
        let in_force = above.sealed_with(seal);
        let in_force = self.rules.enter(&mut open, &self.path, told, in_force)?;
        let mut listed = Listed {
            folder: None,
            stamp,
            extras,
            slots: Vec::with_capacity(listing.count() as usize),
            listing,
            before: before.map(|before| before.at),
            in_force,
            left_out: 0,
            same: Same::default(),
            to_read: Vec::new(),
            to_seal: None,
            directories: Vec::new(),
            gaps: Vec::new(),
        };
        self.sort_out(&mut listed, listed_by.as_deref(), before.as_ref(), is_deepest);
        if !listed.to_read.is_empty() || listed.to_seal.is_some() {
            open()?;
        }
        listed.folder = folder;
        Ok(Look::Listed(Box::new(listed)))
    }

    /// Finds out what is to be done with each entry.
    fn sort_out(
        &mut self,
        listed: &mut Listed,
        folder: Option<&Folder>,
        before: Option<&Block<'_>>,
        is_deepest: bool,
    ) {
        let directory_bytes = self.path.len();
        let mut before = Before::new(before);
        for slot in 0..listed.listing.count() {
            let Some((name, kind)) = listed.listing.entry(slot) else { continue };
            self.path.extend_from_slice(name);
            let is_directory = kind == EntryKind::Directory;
            if self.rules.leaves_out(&listed.in_force, &self.path, name, is_directory) {
                listed.left_out += 1;
                listed.slots.push(Slot::Absent);
            } else {
                let entry = before.find(name);
                let gap = match kind {
                    _ if is_deepest => Some(GapReason::TooDeep),
                    _ if !self.can_name(name) => Some(GapReason::Name),
                    EntryKind::Untold => Some(GapReason::Unreadable),
                    EntryKind::Symlink if self.rules.portable => Some(GapReason::Symlink),
                    kind => gap_reason(kind),
                };
                let seal = self.rules.seals(&listed.in_force, &self.path, name, is_directory);
                let entry = entry.filter(|_| gap.is_none() && seal.is_none());
                let same = entry.and_then(|entry| self.same(&entry, folder));
                match (gap, same) {
                    (Some(reason), _) => listed.gaps.push((slot, reason)),
                    (None, Some((at, body))) => listed.same.add(at, &body, &mut listed.slots),
                    (None, None) if is_directory => {
                        let block = entry.and_then(|entry| match entry.body {
                            Body::Directory { block } => Some(block),
                            _ => None,
                        });
                        listed.directories.push((slot, block));
                    }
                    (None, None) => match seal {
                        None => listed.to_read.push(slot),
                        Some(key) => {
                            let to_seal = ToSeal { key, slots: Vec::new() };
                            listed.to_seal.get_or_insert(to_seal).slots.push(slot);
                        }
                    },
                }
                // What is not known yet, or is a gap, waits.
                listed.slots.resize_with(slot as usize + 1, || Slot::Waiting);
            }
            self.path.truncate(directory_bytes);
        }
    }

    /// Whether a tree can hold an entry of this name.
    fn can_name(&self, name: &[u8]) -> bool {
        name.len() <= NAME_BYTES_MAX as usize
            && (!self.rules.portable || std::str::from_utf8(name).is_ok())
    }

    /// What the entry at hand was, if it still is the same.
    fn same<'b>(&self, entry: &Entry<'b>, folder: Option<&Folder>) -> Option<(u64, Body<'b>)> {
        if !matches!(entry.body, Body::File { .. } | Body::Symlink { .. }) {
            return None;
        }
        let stamp = match entry.body {
            Body::File { stamp, .. } | Body::Symlink { stamp, .. } if self.is_as_before => stamp,
            _ => self.stamp_at(folder, entry.name, self.path_below_root())?,
        };
        let is_known = self.recall.knows(entry, &stamp);
        let is_own = self.left_out.own.contains(&stamp.identity);
        (is_known && !is_own).then_some((entry.at, entry.body))
    }
}

impl Same {
    fn add(&mut self, at: u64, body: &Body<'_>, slots: &mut Vec<Slot>) {
        match body {
            Body::File { stamp, .. } => {
                self.files += 1;
                self.bytes += stamp.size_bytes;
            }
            _ => self.symlinks += 1,
        }
        slots.push(Slot::Same(at));
    }
}

/// The entries of a block, found by names that ascend.
struct Before<'a> {
    entries: Option<Entries<'a>>,
    next: Option<Entry<'a>>,
}

impl<'a> Before<'a> {
    fn new(block: Option<&Block<'a>>) -> Self {
        let mut entries = block.map(Block::entries);
        let next = entries.as_mut().and_then(Iterator::next);
        Self { entries, next }
    }

    fn find(&mut self, name: &[u8]) -> Option<Entry<'a>> {
        while let Some(next) = self.next {
            if next.name >= name {
                return Some(next).filter(|next| next.name == name);
            }
            self.next = self.entries.as_mut().and_then(Iterator::next);
        }
        None
    }
}

/// The names of a directory in order: those that are known, or those that it tells.
fn names(
    known: Option<&Block<'_>>,
    folder: Option<&Folder>,
) -> io::Result<Result<Listing, ListingFull>> {
    let mut listing = Listing::default();
    let mut is_full = Ok(());
    match (known, folder) {
        (Some(known), _) => {
            for entry in known.entries() {
                is_full = is_full.and(listing.push(entry.name, entry.body.kind()));
            }
        }
        (None, Some(folder)) => {
            folder.list(|name, kind| is_full = is_full.and(listing.push(name, kind)))?;
            listing.sort();
            listing.learn_kinds(|name| folder.kind_of(name).unwrap_or(EntryKind::Untold));
        }
        (None, None) => return Err(rustix::io::Errno::NOENT.into()),
    }
    Ok(is_full.map(|()| listing))
}

/// Opens the directory `name`, which must still be what it was when it was looked at.
fn open_again(chain: &mut Chain, name: &[u8], identity: Identity) -> io::Result<Arc<Folder>> {
    let folder = chain.last()?.open_folder(name)?;
    if folder.identity()? == identity {
        Ok(Arc::new(folder))
    } else {
        Err(rustix::io::Errno::NOENT.into())
    }
}

/// Longer paths are not handed to the system at once.
const PATH_BYTES_MAX: usize = 2_048;
