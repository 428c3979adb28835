//! What the threads do that read: entries become nodes, a batch at a time.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use markerbed_core::{
    ObjectId,
    codec::Canonical,
    tree::{Child, Node, NodeBody},
};

use super::{
    Sink, SnapError,
    assemble::{Assembly, DirectoryId, Outcome, Place},
    listing::Listing,
    read::{Found, LeftOut, SMALL_BYTES_MAX, file_node, read_entry, read_large_file},
};
use crate::{
    folder::{EntryKind, Folder},
    pool::{Pool, Stop},
    progress::Progress,
};

/// Files and symlinks that are read one after the other by one thread.
pub(super) type Job = Vec<Piece>;

/// Neighbours in one directory. Entries of other kinds among them are not read.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) folder: Arc<Folder>,
    pub(super) listing: Arc<Listing>,
    pub(super) directory: DirectoryId,
    pub(super) slots: Range<u32>,
    /// It is one file that was found to be large.
    pub(super) is_large: bool,
}

/// Whatever the threads share.
pub(super) struct Readers<'a> {
    pub(super) sink: &'a dyn Sink,
    pub(super) progress: &'a dyn Progress,
    pub(super) assembly: &'a Assembly<'a>,
    pub(super) left_out: LeftOut<'a>,
    pub(super) counts: &'a ReadCounts,
}

/// How much was read.
#[derive(Debug, Default)]
pub(super) struct ReadCounts {
    pub(super) files: AtomicU64,
    pub(super) symlinks: AtomicU64,
    pub(super) bytes: AtomicU64,
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
            for slot in piece.slots.clone() {
                let Some((name, kind)) = piece.listing.entry(slot) else { continue };
                if matches!(kind, EntryKind::File | EntryKind::Symlink) {
                    let place = Place { directory: piece.directory, slot };
                    let found = self.read_small(&piece, place, name, kind);
                    match found? {
                        // Others may have nothing to do.
                        Found::Large => pool.leave(vec![piece.large(slot)]),
                        found => self.take(place, found, &mut batch)?,
                    }
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
        read_entry(&piece.folder, name, kind, self.left_out)
            .map_err(|cause| SnapError::System { path: self.assembly.path_of(place), cause })
    }

    fn take(&self, place: Place, found: Found, batch: &mut Batch) -> Result<(), SnapError> {
        match found {
            Found::Small { bytes, executable } => {
                batch.content_bytes += bytes.len() as u64;
                batch.files.push((place, executable));
                batch.contents.push(bytes);
                if batch.content_bytes >= SMALL_BYTES_MAX {
                    self.put_contents(batch)?;
                }
            }
            Found::Symlink(node) => self.add_node(place, &node, batch)?,
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
        let slot = piece.slots.start;
        let Some((name, _)) = piece.listing.entry(slot) else { return Ok(()) };
        let place = Place { directory: piece.directory, slot };
        let mut buffer = vec![0; PIECE_BYTES];
        let path = || self.assembly.path_of(place);
        let read = read_large_file(&piece.folder, name, self.sink, &mut buffer, path)?;
        match read {
            Ok(node) => self.add_node(place, &node, batch),
            Err((reason, attempts)) => {
                batch.outcomes.push((place, Outcome::Gap(reason, attempts)));
                Ok(())
            }
        }
    }

    /// Hands the contents that were read together to the sink, and makes their nodes.
    fn put_contents(&self, batch: &mut Batch) -> Result<(), SnapError> {
        if batch.contents.is_empty() {
            return Ok(());
        }
        let ids = self.sink.put_contents(&batch.contents)?;
        let files = std::mem::take(&mut batch.files);
        let contents = std::mem::take(&mut batch.contents);
        batch.content_bytes = 0;
        for (((place, executable), content), id) in files.into_iter().zip(contents).zip(ids) {
            let node = file_node(executable, content.len() as u64, id)
                .map_err(|cause| SnapError::Format { path: self.assembly.path_of(place), cause })?;
            self.add_node(place, &node, batch)?;
        }
        Ok(())
    }

    fn add_node(&self, place: Place, node: &Node, batch: &mut Batch) -> Result<(), SnapError> {
        let adds = node
            .adds()
            .map_err(|cause| SnapError::Format { path: self.assembly.path_of(place), cause })?;
        match node.body() {
            NodeBody::File(file) => {
                batch.file_count += 1;
                batch.file_bytes += file.size_bytes();
            }
            _ => batch.symlink_count += 1,
        }
        let child = Child::of(node);
        batch.objects.push((child.id.into(), node.encode().into()));
        batch.outcomes.push((place, Outcome::Node(child, adds)));
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
            slots: slot..slot + 1,
            is_large: true,
        }
    }
}

/// What one thread has read and not yet handed over.
#[derive(Default)]
struct Batch {
    /// Files whose contents wait in `contents`, and whether they are executable.
    files: Vec<(Place, bool)>,
    contents: Vec<Bytes>,
    content_bytes: u64,
    objects: Vec<(ObjectId, Bytes)>,
    outcomes: Vec<(Place, Outcome)>,
    file_count: u64,
    symlink_count: u64,
    file_bytes: u64,
}

/// How much of a large file is read at once.
const PIECE_BYTES: usize = 1 << 20;
