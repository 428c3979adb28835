//! What the threads do that read: entries become nodes, a batch at a time.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use markerbed_core::{
    ContentId, ObjectId,
    codec::Canonical,
    tree::{Child, Node, SealKey},
};

use super::{
    Sink, SnapError,
    assemble::{Assembly, DirectoryId, Outcome, Place},
    extras::{Attributing, Extras, RawExtras},
    listing::Listing,
    look::Same,
    read::{Found, LeftOut, Wanted, read_entry, read_large_file},
    stamp::Stamp,
};
use crate::{
    folder::{EntryKind, Folder},
    pool::{Pool, Stop},
    progress::Progress,
};

/// Files and symlinks that are read one after the other by one thread.
pub(super) type Job = Vec<Piece>;

/// Files and symlinks of one directory.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) folder: Arc<Folder>,
    pub(super) listing: Arc<Listing>,
    pub(super) directory: DirectoryId,
    pub(super) slots: Vec<u32>,
    /// What they are sealed with, if they are.
    pub(super) seal: Option<Arc<SealKey>>,
    /// It is one file that was found to be large.
    pub(super) is_large: bool,
}

/// Whatever the threads share.
pub(super) struct Readers<'a> {
    pub(super) sink: &'a dyn Sink,
    pub(super) progress: &'a dyn Progress,
    pub(super) assembly: &'a Assembly<'a>,
    pub(super) left_out: LeftOut<'a>,
    pub(super) wanted: Wanted,
    pub(super) counts: &'a ReadCounts,
}

/// How much was recorded.
#[derive(Debug, Default)]
pub(super) struct ReadCounts {
    pub(super) files: AtomicU64,
    pub(super) symlinks: AtomicU64,
    pub(super) bytes: AtomicU64,
}

impl ReadCounts {
    /// Adds what did not have to be read.
    pub(super) fn add(&self, same: &Same) {
        self.files.fetch_add(same.files, Ordering::Relaxed);
        self.symlinks.fetch_add(same.symlinks, Ordering::Relaxed);
        self.bytes.fetch_add(same.bytes, Ordering::Relaxed);
    }
}

impl Readers<'_> {
    /// Reads all of a job.
    pub(super) fn read(
        &self,
        job: Job,
        pool: &Pool<Job, SnapError>,
    ) -> Result<(), Stop<SnapError>> {
        let mut batch = Batch::default();
        for piece in job {
            if piece.is_large {
                self.read_large(&piece, &mut batch)?;
                continue;
            }
            for slot in &piece.slots {
                let Some((name, kind)) = piece.listing.entry(*slot) else { continue };
                let place = Place { directory: piece.directory, slot: *slot };
                match self.read_small(&piece, place, name, kind)? {
                    // Others may have nothing to do.
                    Found::Large => pool.leave(vec![piece.large(*slot)]),
                    found => self.take(place, found, piece.seal.as_ref(), &mut batch)?,
                }
            }
        }
        Ok(self.hand_over(batch)?)
    }

    fn read_small(
        &self,
        piece: &Piece,
        place: Place,
        name: &[u8],
        kind: EntryKind,
    ) -> Result<Found, SnapError> {
        read_entry(&piece.folder, name, kind, self.left_out, self.wanted_of(piece))
            .map_err(|cause| SnapError::System { path: self.assembly.path_of(place), cause })
    }

    /// What is sealed has no attributes (SEAL-4).
    fn wanted_of(&self, piece: &Piece) -> Wanted {
        match piece.seal {
            Some(_) => Wanted { attributes: Attributing::Not, ..self.wanted },
            None => self.wanted,
        }
    }

    fn take(
        &self,
        place: Place,
        found: Found,
        seal: Option<&Arc<SealKey>>,
        batch: &mut Batch,
    ) -> Result<(), SnapError> {
        match found {
            Found::Small { bytes, stamp, extras } => {
                batch.content_bytes += bytes.len() as u64;
                batch.contents.push(bytes);
                batch.contents.extend(extras.values().cloned());
                batch.files.push((place, stamp, extras, seal.cloned()));
                if batch.content_bytes >= BATCH_BYTES {
                    self.put_contents(batch)?;
                }
            }
            Found::Symlink(node, about) => {
                let about = match about {
                    Some((stamp, extras)) => Some((stamp, extras.put(self.sink)?)),
                    None => None,
                };
                batch.symlink_count += 1;
                if let Some(key) = seal {
                    batch.add_sealed(place, &node.seal(key));
                    return Ok(());
                }
                let id = node.id();
                batch.objects.push((id.into(), node.encode().into()));
                batch.outcomes.push((place, Outcome::Symlink(about, id)));
            }
            Found::Gap(reason, attempts) => {
                batch.outcomes.push((place, Outcome::Gap(reason, attempts)));
            }
            Found::Elsewhere => batch.outcomes.push((place, Outcome::LeftOut)),
            // A large file does not come here.
            Found::Own | Found::Large => batch.outcomes.push((place, Outcome::Own)),
        }
        Ok(())
    }

    fn read_large(&self, piece: &Piece, batch: &mut Batch) -> Result<(), SnapError> {
        let Some(&slot) = piece.slots.first() else { return Ok(()) };
        let Some((name, _)) = piece.listing.entry(slot) else { return Ok(()) };
        let place = Place { directory: piece.directory, slot };
        let path = || self.assembly.path_of(place);
        let wanted = self.wanted_of(piece).attributes;
        match read_large_file(&piece.folder, name, self.sink, wanted, path)? {
            Outcome::File(stamp, content, extras) => {
                self.add_file(place, (stamp, extras), content, piece.seal.as_deref(), batch)?;
            }
            outcome => batch.outcomes.push((place, outcome)),
        }
        Ok(())
    }

    /// Adds a file whose content was put.
    fn add_file(
        &self,
        place: Place,
        (stamp, extras): (Stamp, Extras),
        content: ContentId,
        seal: Option<&SealKey>,
        batch: &mut Batch,
    ) -> Result<(), SnapError> {
        batch.file_count += 1;
        let Some(key) = seal else {
            batch.file_bytes += stamp.size_bytes;
            batch.outcomes.push((place, Outcome::File(stamp, content, extras)));
            return Ok(());
        };
        // From here on nothing tells of it but its own object: no stamp, no size (SEAL-3) and no
        // attributes (SEAL-4).
        let node = self.assembly.file_node(&stamp, content).map_err(|cause| {
            let path = self.assembly.path_of(place);
            SnapError::Format { path, cause }
        })?;
        batch.add_sealed(place, &node.seal(key));
        Ok(())
    }

    /// Hands the contents that were read together to the sink.
    fn put_contents(&self, batch: &mut Batch) -> Result<(), SnapError> {
        if batch.contents.is_empty() {
            return Ok(());
        }
        let ids = self.sink.put_contents(&batch.contents)?;
        batch.contents.clear();
        batch.content_bytes = 0;
        // After each file come the values of its attributes.
        let mut ids = ids.into_iter();
        for (place, stamp, extras, seal) in std::mem::take(&mut batch.files) {
            let Some(content) = ids.next() else { break };
            let about = (stamp, extras.with_contents(&mut ids));
            self.add_file(place, about, content, seal.as_deref(), batch)?;
        }
        Ok(())
    }

    fn hand_over(&self, mut batch: Batch) -> Result<(), SnapError> {
        self.put_contents(&mut batch)?;
        if !batch.objects.is_empty() {
            self.sink.put_objects(batch.objects)?;
        }
        self.counts.files.fetch_add(batch.file_count, Ordering::Relaxed);
        self.counts.symlinks.fetch_add(batch.symlink_count, Ordering::Relaxed);
        self.counts.bytes.fetch_add(batch.file_bytes, Ordering::Relaxed);
        self.progress.advance(batch.file_count, batch.file_bytes);
        self.assembly.settle(batch.outcomes)
    }
}

impl Piece {
    fn large(&self, slot: u32) -> Self {
        Self {
            folder: self.folder.clone(),
            listing: self.listing.clone(),
            directory: self.directory,
            slots: vec![slot],
            seal: self.seal.clone(),
            is_large: true,
        }
    }
}

/// What one thread has read and not yet handed over.
#[derive(Default)]
struct Batch {
    /// Files whose contents wait in `contents`, and what they are sealed with.
    files: Vec<(Place, Stamp, RawExtras, Option<Arc<SealKey>>)>,
    contents: Vec<Bytes>,
    content_bytes: u64,
    objects: Vec<(ObjectId, Bytes)>,
    outcomes: Vec<(Place, Outcome)>,
    file_count: u64,
    symlink_count: u64,
    file_bytes: u64,
}

impl Batch {
    fn add_sealed(&mut self, place: Place, node: &Node) {
        let child = Child::of(node);
        self.objects.push((child.id.into(), node.encode().into()));
        self.outcomes.push((place, Outcome::Sealed(child)));
    }
}

/// How much of small files is handed over at once: the last frame of each batch is not full.
const BATCH_BYTES: u64 = 4 << 20;
