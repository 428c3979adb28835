//! Walks the tree with an explicit stack and few open directories, however deep it is.

use std::{io, mem, sync::Arc, vec};

use markerbed_core::{
    Error, Fault,
    limits::DEPTH_MAX,
    tree::{GapReason, SealKey},
};

use super::{
    SnapError,
    assemble::{Assembly, Begun, DirectoryId, Outcome, Place},
    listing::Listing,
    look::{Listed, Look, Looker, ToSeal},
    read::{ATTEMPTS, is_change, is_of_machine},
    rules::InForce,
    work::{Job, Piece, ReadCounts},
};
use crate::{
    chain::Chain,
    folder::Folder,
    pool::{Pool, Stop},
    progress::Progress,
};

/// Finds what there is to read.
pub(super) struct Walker<'a> {
    looker: Looker<'a>,
    assembly: &'a Assembly<'a>,
    counts: &'a ReadCounts,
    progress: &'a dyn Progress,
    pool: &'a Pool<Job, SnapError>,
    /// How many directories one job may hold open.
    folders_a_job: usize,
    /// The directories from the root to the one at hand.
    frames: Vec<Frame>,
    /// The same directories, open if they are near and were opened.
    chain: Chain,
    job: Job,
    job_entries: usize,
}

/// A directory whose subdirectories are being walked.
struct Frame {
    listing: Arc<Listing>,
    directory: DirectoryId,
    in_force: InForce,
    /// The subdirectories that are still to be walked, and where their blocks from before begin.
    next: vec::IntoIter<(u32, Option<u64>)>,
    /// Length of the path of the directory above it.
    above_bytes: usize,
}

impl<'a> Walker<'a> {
    pub(super) fn new(
        looker: Looker<'a>,
        assembly: &'a Assembly<'a>,
        counts: &'a ReadCounts,
        progress: &'a dyn Progress,
        pool: &'a Pool<Job, SnapError>,
        folders_a_job: usize,
    ) -> Self {
        Self {
            looker,
            assembly,
            counts,
            progress,
            pool,
            folders_a_job,
            frames: Vec::new(),
            chain: Chain::default(),
            job: Vec::new(),
            job_entries: 0,
        }
    }

    /// Walks everything below the root.
    ///
    /// The inner error is of the root itself.
    pub(super) fn walk(mut self) -> Result<io::Result<()>, Stop<SnapError>> {
        match self.looker.look_at_root(&mut self.chain) {
            Ok(Look::Listed(listed)) => self.enter(*listed, None)?,
            Ok(Look::Refused(_)) => {}
            Ok(Look::TooMany) => return Err(self.too_many()),
            Err(error) => return Ok(Err(error)),
        }
        while let Some(frame) = self.frames.last_mut() {
            match frame.next.next() {
                None => self.leave(),
                Some((slot, before)) => self.descend(slot, before)?,
            }
        }
        self.flush()?;
        Ok(Ok(()))
    }

    /// Takes the directory in a slot of the last frame.
    fn descend(&mut self, slot: u32, before: Option<u64>) -> Result<(), Stop<SnapError>> {
        let Some(frame) = self.frames.last() else { return Ok(()) };
        let place = Place { directory: frame.directory, slot };
        let listing = frame.listing.clone();
        let above_rules = frame.in_force.clone();
        let name = listing.entry(slot).map_or(&b""[..], |(name, _)| name);
        let above_bytes = self.looker.path.len();
        self.looker.path.extend_from_slice(name);
        self.looker.path.push(b'/');
        let is_deepest = self.frames.len() >= DEPTH_MAX as usize;
        let mut outcome = Outcome::Gap(GapReason::Changed, ATTEMPTS);
        for _ in 0..ATTEMPTS {
            let chain = &mut self.chain;
            match self.looker.look(chain, name, before, &above_rules, is_deepest) {
                Ok(Look::Listed(listed)) => {
                    return self.enter(*listed, Some((place, name, above_bytes)));
                }
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
        self.looker.path.truncate(above_bytes);
        self.settle(vec![(place, outcome)])
    }

    /// Lets the files of a directory be read, and makes it a frame if it has subdirectories.
    fn enter(
        &mut self,
        listed: Listed,
        above: Option<(Place, &[u8], usize)>,
    ) -> Result<(), Stop<SnapError>> {
        let Listed { folder, stamp, extras, listing, slots, before, .. } = listed;
        let extras = extras.map(|raw| self.assembly.put_extras(raw)).transpose()?;
        let listing = Arc::new(listing);
        let parent = above.map(|(place, ..)| place);
        let seal = listed.in_force.seal.clone();
        let begun = Begun { listing: listing.clone(), slots, stamp, extras, before, seal };
        let directory = self.assembly.begin(parent, begun, listed.left_out)?;
        if listed.same.files + listed.same.symlinks > 0 {
            self.counts.add(&listed.same);
            self.progress.advance(listed.same.files, listed.same.bytes);
        }
        if let Some(folder) = &folder {
            self.read(folder, &listing, directory, listed.to_read, None)?;
            if let Some(ToSeal { key, slots }) = listed.to_seal {
                self.read(folder, &listing, directory, slots, Some(&key))?;
            }
        }
        let (name, above_bytes) = above.map_or((&b""[..], 0), |(_, name, bytes)| (name, bytes));
        if listed.directories.is_empty() {
            self.looker.path.truncate(above_bytes);
        } else {
            match folder {
                Some(folder) => self.chain.push(name, stamp.identity, folder),
                None => self.chain.push_closed(name, stamp.identity),
            }
            let next = listed.directories.into_iter();
            let in_force = listed.in_force;
            self.frames.push(Frame { listing, directory, in_force, next, above_bytes });
        }
        let gap = |(slot, reason)| (Place { directory, slot }, Outcome::Gap(reason, 1));
        self.settle(listed.gaps.into_iter().map(gap).collect())
    }

    fn leave(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.looker.path.truncate(frame.above_bytes);
            self.chain.truncate(self.frames.len());
        }
    }

    /// Adds entries of a directory to jobs; with a key, they are sealed.
    fn read(
        &mut self,
        folder: &Arc<Folder>,
        listing: &Arc<Listing>,
        directory: DirectoryId,
        mut slots: Vec<u32>,
        seal: Option<&Arc<SealKey>>,
    ) -> Result<(), Stop<SnapError>> {
        while !slots.is_empty() {
            let rest = slots.split_off(slots.len().min(ENTRIES_A_JOB - self.job_entries));
            let slots = mem::replace(&mut slots, rest);
            self.job_entries += slots.len();
            self.job.push(Piece {
                folder: folder.clone(),
                listing: listing.clone(),
                directory,
                slots,
                seal: seal.cloned(),
                is_large: false,
            });
            if self.job_entries >= ENTRIES_A_JOB || self.job.len() >= self.folders_a_job {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Stop<SnapError>> {
        self.job_entries = 0;
        let job = mem::take(&mut self.job);
        if job.is_empty() { Ok(()) } else { Ok(self.pool.put(job)?) }
    }

    fn settle(&self, outcomes: Vec<(Place, Outcome)>) -> Result<(), Stop<SnapError>> {
        if outcomes.is_empty() { Ok(()) } else { Ok(self.assembly.settle(outcomes)?) }
    }

    fn too_many(&self) -> Stop<SnapError> {
        let cause = Error::Malformed { fault: Fault::OutOfRange, offset: 0 };
        Stop::Failed(SnapError::Format { path: self.path_from_root(), cause })
    }

    fn failed(&self, cause: io::Error) -> Stop<SnapError> {
        Stop::Failed(SnapError::System { path: self.path_from_root(), cause })
    }

    fn path_from_root(&self) -> Vec<u8> {
        let path = self.looker.path_below_root();
        path.strip_suffix(b"/").unwrap_or(path).to_vec()
    }
}

/// Enough work that handing it over costs nothing, and little enough to share it evenly.
const ENTRIES_A_JOB: usize = 512;
