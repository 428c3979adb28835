//! Files on their way to the threads that write them.

use std::{mem, sync::Arc};

use markerbed_core::{
    AttributesId,
    tree::{Child, Name},
};

use super::RestoreError;
use crate::{
    folder::Folder,
    pool::{Pool, Stop},
};

/// Files of some directories that one thread writes.
pub(super) type Job = Vec<Piece>;

/// Files of one directory.
pub(super) struct Piece {
    pub(super) folder: Arc<Folder>,
    /// Where the directory is, from the target.
    pub(super) path: Arc<[u8]>,
    pub(super) files: Vec<FileToWrite>,
}

/// A file that is to be written.
pub(super) struct FileToWrite {
    pub(super) name: Name,
    pub(super) child: Child,
    /// None if nothing is to be put back but the file.
    pub(super) attributes: Option<AttributesId>,
}

/// Makes jobs of files as they are found.
pub(super) struct Jobs<'a> {
    pool: &'a Pool<Job, RestoreError>,
    folders_max: usize,
    job: Job,
    files: usize,
}

impl<'a> Jobs<'a> {
    /// Jobs for `pool` that hold at most `folders_max` directories open each.
    pub(super) const fn new(pool: &'a Pool<Job, RestoreError>, folders_max: usize) -> Self {
        Self { pool, folders_max, job: Vec::new(), files: 0 }
    }

    /// Adds a file; `path` is asked where its directory is.
    pub(super) fn add(
        &mut self,
        folder: Arc<Folder>,
        path: impl Fn() -> Vec<u8>,
        file: FileToWrite,
    ) -> Result<(), Stop<RestoreError>> {
        let last = self.job.last_mut().filter(|last| Arc::ptr_eq(&last.folder, &folder));
        match last {
            Some(piece) => piece.files.push(file),
            None => {
                let (path, files) = (path().into(), vec![file]);
                self.job.push(Piece { folder, path, files });
            }
        }
        self.files += 1;
        if self.files >= FILES_A_JOB || self.job.len() > self.folders_max {
            self.flush()?;
        }
        Ok(())
    }

    /// Hands over what is left.
    pub(super) fn flush(&mut self) -> Result<(), Stop<RestoreError>> {
        self.files = 0;
        let job = mem::take(&mut self.job);
        if job.is_empty() { Ok(()) } else { Ok(self.pool.put(job)?) }
    }
}

/// Enough work that handing it over costs nothing.
const FILES_A_JOB: usize = 128;
