//! Walks the tree with an explicit stack and few open directories, however deep it is.

use std::{io, ops::Range, sync::Arc};

use markerbed_core::{
    Error, Fault,
    limits::{DEPTH_MAX, NAME_BYTES_MAX},
    tree::GapReason,
};

use super::{
    SnapError,
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

/// What a look at a directory shows.
enum Look {
    Listed(Listed),
    /// It is not walked: what becomes of it.
    Refused(Outcome),
    /// It has more names than a listing holds.
    TooMany,
}

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
        let looked = root.identity().and_then(|identity| self.list(root, identity, &above));
        match looked {
            Ok(Look::Listed(listed)) => self.enter(listed, None)?,
            Ok(Look::Refused(_)) => {}
            Ok(Look::TooMany) => return Err(self.too_many()),
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
        let Some(frame) = self.frames.last() else { return Ok(()) };
        let place = Place { directory: frame.directory, slot };
        let above_bytes = self.path.len();
        self.path.extend_from_slice(frame.listing.entry(slot).map_or(&b""[..], |(name, _)| name));
        self.path.push(b'/');
        let mut outcome = Outcome::Gap(GapReason::Changed, ATTEMPTS);
        for _ in 0..ATTEMPTS {
            match self.look(slot) {
                Ok(Look::Listed(listed)) => return self.enter(listed, Some((place, above_bytes))),
                Ok(Look::Refused(refused)) => {
                    outcome = refused;
                    break;
                }
                Ok(Look::TooMany) => return Err(self.too_many()),
                Err(error) if is_change(&error) => {}
                Err(error) if is_of_machine(&error) => return Err(self.failed(error)),
                Err(_) => {
                    outcome = Outcome::Gap(GapReason::Unreadable, 1);
                    break;
                }
            }
        }
        self.path.truncate(above_bytes);
        self.settle(vec![(place, outcome)])
    }

    /// Opens and lists the directory in a slot of the last frame.
    fn look(&mut self, slot: u32) -> io::Result<Look> {
        let above = self.chain.last()?;
        let Some(frame) = self.frames.last() else { return Ok(Look::Refused(Outcome::Own)) };
        let name = frame.listing.entry(slot).map_or(&b""[..], |(name, _)| name);
        let folder = above.open_folder(name)?;
        let identity = folder.identity()?;
        if self.left_out.own.contains(&identity) {
            return Ok(Look::Refused(Outcome::Own));
        }
        if self.left_out.device.is_some_and(|device| device != identity.device) {
            return Ok(Look::Refused(Outcome::LeftOut));
        }
        let above = frame.in_force.clone();
        self.list(folder, identity, &above)
    }

    /// Lists a directory and takes out what the rules leave out.
    ///
    /// # Errors
    ///
    /// If it, or an ignore file in it, cannot be read.
    fn list(&mut self, folder: Folder, identity: Identity, above: &InForce) -> io::Result<Look> {
        let mut listing = Listing::default();
        let mut fits = true;
        folder.list(|name, kind| fits &= listing.push(name, kind).is_ok())?;
        if !fits {
            return Ok(Look::TooMany);
        }
        listing.sort();
        listing.retain(|name, kind| {
            if *kind == EntryKind::Untold {
                *kind = folder.kind_of(name).unwrap_or(EntryKind::Untold);
            }
            true
        });
        let found = |name: &[u8]| listing.find(name);
        let in_force = self.rules.enter(&folder, &self.path, found, above)?;
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
        Ok(Look::Listed(Listed { folder, identity, listing, in_force, left_out }))
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

    fn too_many(&self) -> Stop<SnapError> {
        let cause = Error::Malformed { fault: Fault::OutOfRange, offset: 0 };
        Stop::Failed(SnapError::Format { path: self.path_from_root(), cause })
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
