//! Walks the tree with an explicit stack and few open directories, however deep it is.

use std::{io, ops::Range, sync::Arc};

use markerbed_core::{
    Error, Fault,
    limits::{DEPTH_MAX, NAME_BYTES_MAX},
};

use super::{
    GapReason, SnapError,
    assemble::{Assembly, DirectoryId, Outcome, Place},
    listing::Listing,
    read::{ATTEMPTS, LeftOut, gap_reason, is_change, is_of_machine},
    rules::{InForce, Rules},
    work::{Job, Piece},
};
use crate::{
    chain::Chain,
    folder::{EntryKind, Folder, Identity},
    pool::{Pool, Stop},
};

/// Finds what there is to read.
pub(super) struct Walker<'a> {
    rules: &'a mut Rules,
    assembly: &'a Assembly<'a>,
    left_out: LeftOut<'a>,
    pool: &'a Pool<Job, SnapError>,
    /// How many directories one job may hold open.
    folders_a_job: usize,
    /// The path from the top of the work tree to the directory at hand, with a slash.
    path: Vec<u8>,
    /// The directories from the root to the one at hand.
    frames: Vec<Frame>,
    /// The same directories, open if they are near.
    chain: Chain,
    job: Job,
    job_entries: u32,
}

/// A directory whose subdirectories are being walked.
struct Frame {
    listing: Arc<Listing>,
    directory: DirectoryId,
    in_force: InForce,
    /// Slots that are still to be looked at.
    next: Range<u32>,
    /// Length of the path of the directory above it.
    above_bytes: usize,
}

/// A directory that was listed.
struct Listed {
    folder: Folder,
    identity: Identity,
    listing: Listing,
    in_force: InForce,
    left_out: u64,
}

/// A directory is not walked: what becomes of it.
type Refused = Outcome;

impl<'a> Walker<'a> {
    pub(super) fn new(
        rules: &'a mut Rules,
        assembly: &'a Assembly<'a>,
        left_out: LeftOut<'a>,
        pool: &'a Pool<Job, SnapError>,
        folders_a_job: usize,
    ) -> Self {
        let path = rules.place.clone();
        Self {
            rules,
            assembly,
            left_out,
            pool,
            folders_a_job,
            path,
            frames: Vec::new(),
            chain: Chain::default(),
            job: Vec::new(),
            job_entries: 0,
        }
    }

    /// Walks everything below `root`.
    ///
    /// The inner error is of the root itself.
    pub(super) fn walk(mut self, root: Folder) -> Result<io::Result<()>, Stop<SnapError>> {
        let above = self.rules.above.clone();
        let identity = match root.identity() {
            Ok(identity) => identity,
            Err(error) => return Ok(Err(error)),
        };
        match self.list(root, identity, &above)? {
            Ok(listed) => self.enter(listed, None)?,
            Err(error) => return Ok(Err(error)),
        }
        while let Some(frame) = self.frames.last_mut() {
            match frame.next.next() {
                None => self.leave(),
                Some(slot) => {
                    if let Some((_, EntryKind::Directory)) = frame.listing.entry(slot) {
                        self.descend(slot)?;
                    }
                }
            }
        }
        self.flush()?;
        Ok(Ok(()))
    }

    /// Takes the directory in a slot of the last frame.
    fn descend(&mut self, slot: u32) -> Result<(), Stop<SnapError>> {
        let opened = self.open(slot)?;
        let Some(frame) = self.frames.last() else { return Ok(()) };
        let place = Place { directory: frame.directory, slot };
        let (folder, identity) = match opened {
            Ok(opened) => opened,
            Err(refused) => return self.settle(vec![(place, refused)]),
        };
        let above = frame.in_force.clone();
        let above_bytes = self.path.len();
        self.path.extend_from_slice(frame.listing.entry(slot).map_or(&b""[..], |(name, _)| name));
        self.path.push(b'/');
        match self.list(folder, identity, &above)? {
            Ok(listed) => self.enter(listed, Some((place, above_bytes))),
            Err(_) => {
                self.path.truncate(above_bytes);
                self.settle(vec![(place, Outcome::Gap(GapReason::Unreadable, 1))])
            }
        }
    }

    /// Opens the directory in a slot of the last frame.
    fn open(&mut self, slot: u32) -> Result<Result<(Folder, Identity), Refused>, Stop<SnapError>> {
        for _ in 0..ATTEMPTS {
            let opened = self.chain.last().and_then(|above| {
                let listing = self.frames.last().map(|frame| &frame.listing);
                let name = listing.and_then(|listing| listing.entry(slot)).map(|(name, _)| name);
                let folder = above.open_folder(name.unwrap_or_default())?;
                let identity = folder.identity()?;
                Ok((folder, identity))
            });
            let elsewhere = |identity: Identity| {
                self.left_out.device.is_some_and(|device| device != identity.device)
            };
            match opened {
                Ok((_, identity)) if self.left_out.own.contains(&identity) => {
                    return Ok(Err(Outcome::Own));
                }
                Ok((_, identity)) if elsewhere(identity) => return Ok(Err(Outcome::LeftOut)),
                Ok(opened) => return Ok(Ok(opened)),
                Err(error) if is_change(&error) => {}
                Err(error) if is_of_machine(&error) => return Err(self.failed(error)),
                Err(_) => return Ok(Err(Outcome::Gap(GapReason::Unreadable, 1))),
            }
        }
        Ok(Err(Outcome::Gap(GapReason::Changed, ATTEMPTS)))
    }

    /// Lists a directory and takes out what the rules leave out.
    ///
    /// The inner error is of the directory itself: it, or an ignore file in it, cannot be read.
    fn list(
        &mut self,
        folder: Folder,
        identity: Identity,
        above: &InForce,
    ) -> Result<io::Result<Listed>, Stop<SnapError>> {
        let mut listing = Listing::default();
        let mut fits = true;
        let listed = folder.list(|name, kind| fits &= listing.push(name, kind).is_ok());
        let in_force = listed.and_then(|()| {
            listing.sort();
            listing.retain(|name, kind| {
                if *kind == EntryKind::Untold {
                    *kind = folder.kind_of(name).unwrap_or(EntryKind::Untold);
                }
                true
            });
            self.rules.enter(&folder, &self.path, |name| listing.find(name), above)
        });
        let in_force = match in_force {
            Ok(in_force) => in_force,
            Err(error) if is_of_machine(&error) => return Err(self.failed(error)),
            Err(error) => return Ok(Err(error)),
        };
        if !fits {
            let cause = Error::Malformed { fault: Fault::OutOfRange, offset: 0 };
            return Err(Stop::Failed(SnapError::Format { path: self.path_from_root(), cause }));
        }
        let all = listing.count();
        let Self { rules, path, .. } = self;
        let directory_bytes = path.len();
        listing.retain(|name, kind| {
            path.extend_from_slice(name);
            let is_directory = *kind == EntryKind::Directory;
            let leaves_out = rules.leaves_out(&in_force, path, name, is_directory);
            path.truncate(directory_bytes);
            !leaves_out
        });
        let left_out = u64::from(all - listing.count());
        Ok(Ok(Listed { folder, identity, listing, in_force, left_out }))
    }

    /// Lets the files of a directory be read, and makes it a frame if it has subdirectories.
    fn enter(
        &mut self,
        listed: Listed,
        above: Option<(Place, usize)>,
    ) -> Result<(), Stop<SnapError>> {
        let Listed { folder, identity, listing, in_force, left_out } = listed;
        let (folder, listing) = (Arc::new(folder), Arc::new(listing));
        let parent = above.map(|(place, _)| place);
        let directory = self.assembly.begin(parent, listing.clone(), left_out)?;
        let is_deepest = self.frames.len() >= DEPTH_MAX as usize;
        let mut outcomes = Vec::new();
        let (mut has_files, mut has_directories) = (false, false);
        for slot in 0..listing.count() {
            let Some((name, kind)) = listing.entry(slot) else { continue };
            let gap = match kind {
                _ if is_deepest => Some(GapReason::TooDeep),
                _ if name.len() > NAME_BYTES_MAX as usize => Some(GapReason::Name),
                EntryKind::Untold => Some(GapReason::Unreadable),
                kind => gap_reason(kind),
            };
            match gap {
                Some(reason) => {
                    let place = Place { directory, slot };
                    outcomes.push((place, Outcome::Gap(reason, 1)));
                }
                None if kind == EntryKind::Directory => has_directories = true,
                None => has_files = true,
            }
        }
        let above_bytes = above.map_or(0, |(_, bytes)| bytes);
        if has_files {
            self.read(&folder, &listing, directory)?;
        }
        if has_directories {
            let next = 0..listing.count();
            let name = self.path.get(above_bytes..).and_then(|path| path.strip_suffix(b"/"));
            self.chain.push(name.unwrap_or_default(), identity, folder);
            self.frames.push(Frame { listing, directory, in_force, next, above_bytes });
        } else {
            self.path.truncate(above_bytes);
        }
        self.settle(outcomes)
    }

    fn leave(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.path.truncate(frame.above_bytes);
            self.chain.truncate(self.frames.len());
        }
    }

    /// Adds the entries of a directory to jobs.
    fn read(
        &mut self,
        folder: &Arc<Folder>,
        listing: &Arc<Listing>,
        directory: DirectoryId,
    ) -> Result<(), Stop<SnapError>> {
        let count = listing.count();
        let mut start = 0;
        while start < count {
            let end = count.min(start + ENTRIES_A_JOB - self.job_entries);
            self.job_entries += end - start;
            self.job.push(Piece {
                folder: folder.clone(),
                listing: listing.clone(),
                directory,
                slots: start..end,
                is_large: false,
            });
            start = end;
            if self.job_entries >= ENTRIES_A_JOB || self.job.len() >= self.folders_a_job {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Stop<SnapError>> {
        self.job_entries = 0;
        let job = std::mem::take(&mut self.job);
        if job.is_empty() { Ok(()) } else { Ok(self.pool.put(job)?) }
    }

    fn settle(&self, outcomes: Vec<(Place, Outcome)>) -> Result<(), Stop<SnapError>> {
        Ok(self.assembly.settle(outcomes)?)
    }

    fn failed(&self, cause: io::Error) -> Stop<SnapError> {
        Stop::Failed(SnapError::System { path: self.path_from_root(), cause })
    }

    fn path_from_root(&self) -> Vec<u8> {
        let path = self.path.get(self.rules.place.len()..).unwrap_or_default();
        path.strip_suffix(b"/").unwrap_or(path).to_vec()
    }
}

/// Enough work that handing it over costs nothing, and little enough to share it evenly.
const ENTRIES_A_JOB: u32 = 128;
