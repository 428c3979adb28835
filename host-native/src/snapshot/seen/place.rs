//! Where the seen file of a directory is, and when it counts.

use std::{
    fs::File,
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use markerbed_core::{WorkspaceId, hash::content_id};
use rustix::{
    fs::fstatfs,
    process::{getegid, geteuid, getgroups},
};

use super::{Moment, NewSeen, Seen};
use crate::{folder::Folder, snapshot::SnapOptions};

/// The file for one directory, one workspace, one user, and one way to make nodes.
#[derive(Clone, Debug)]
pub struct SeenPlace {
    pub(super) file: PathBuf,
    key: [u8; 32],
    device: u64,
}

impl SeenPlace {
    /// The place in `store`, the directory of a store, for what is seen of the directory at `path`
    /// when it is taken in with such options.
    ///
    /// None if its file system is none of which it is known that a change always shows in the
    /// times of a file: one of another machine may tell times by a clock of its own.
    ///
    /// # Errors
    ///
    /// If the system does not let the directory be looked at.
    pub fn of(
        store: &Path,
        workspace: WorkspaceId,
        path: &Path,
        options: &SnapOptions,
    ) -> io::Result<Option<Self>> {
        let canonical = path.canonicalize()?;
        let folder = Folder::open_at(&canonical)?;
        let identity = folder.identity()?;
        // The system's types differ from machine to machine; the values fit.
        #[allow(clippy::unnecessary_cast)]
        let kind = fstatfs(folder.as_file())?.f_type as u32;
        if !TELLING_FILE_SYSTEMS.contains(&kind) {
            return Ok(None);
        }
        let mut bound = workspace.as_bytes().to_vec();
        for number in [identity.device, identity.inode] {
            bound.extend_from_slice(&number.to_le_bytes());
        }
        // What may be read depends on who reads, and shows in no time of a file.
        let mut who = vec![geteuid().as_raw(), getegid().as_raw()];
        let mut groups: Vec<u32> = getgroups()?.iter().map(|group| group.as_raw()).collect();
        groups.sort_unstable();
        who.push(groups.len() as u32);
        who.append(&mut groups);
        bound.extend(who.into_iter().flat_map(u32::to_le_bytes));
        // The same files have other nodes. An absolute path begins with another byte.
        bound.extend(options.portable.then_some(b'p'));
        bound.extend_from_slice(canonical.as_os_str().as_bytes());
        let id = content_id(&bound);
        let file = store.join(FOLDER).join(format!("{id}.{EXTENSION}"));
        Ok(Some(Self { file, key: *id.as_bytes(), device: identity.device }))
    }

    /// What was seen the last time; none if nothing was, or if it does not count.
    pub fn read(&self) -> Option<Seen> {
        let seen = Seen::parse(File::open(&self.file).ok()?)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        // If the clock went back, times that come may be times that were.
        let began_before_now = seen.trailer.began_at
            < Moment::new(i64::try_from(now.as_secs()).ok()?, now.subsec_nanos());
        let fits = seen.is_of(&self.key) && seen.device() == self.device && began_before_now;
        fits.then_some(seen)
    }

    /// Begins what is being seen now; none if it cannot be written.
    pub(in super::super) fn begin(&self) -> Option<NewSeen> {
        NewSeen::begin(&self.file, self.key, self.device).ok()
    }
}

const FOLDER: &str = "seen";
pub(super) const EXTENSION: &str = "seen";

/// ext2 to ext4, XFS, Btrfs, tmpfs, F2FS, ZFS, bcachefs, and overlays.
const TELLING_FILE_SYSTEMS: [u32; 8] = [
    0xef53,
    0x5846_5342,
    0x9123_683e,
    0x0102_1994,
    0xf2f5_2010,
    0x2fc1_2fc1,
    0xca45_1a4e,
    0x794c_7630,
];
