//! Writes a seen file while a directory is taken in.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use markerbed_core::{NodeId, SnapshotId};
use xxhash_rust::xxh3::Xxh3;
use zstd::stream::write::Encoder;

use super::{
    MAGIC, Seen, Trailer,
    layout::{Body, Entries},
    owners,
    place::EXTENSION,
};
use crate::snapshot::{
    owners::Owner,
    stamp::{Moment, Stamp},
};

/// What is seen now, before there is a snapshot of it. Dropping it forgets it.
pub struct NewSeen {
    temporary: PathBuf,
    place: PathBuf,
    file: Encoder<'static, Summed>,
    /// Of what was written, before it was compressed.
    length: u64,
    key: [u8; 32],
    device: u64,
    began_at: Moment,
    root: Option<(NodeId, u64)>,
    /// What owners are called.
    owners: Vec<u8>,
    /// Something could not be written; there will be no file.
    is_broken: bool,
}

impl NewSeen {
    pub(super) fn begin(place: &Path, key: [u8; 32], device: u64) -> io::Result<Self> {
        let temporary = place.with_extension("new");
        if let Some(folder) = place.parent() {
            let made = DirBuilder::new().mode(0o700).create(folder);
            made.or_else(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => Ok(()),
                _ => Err(error),
            })?;
        }
        // Whoever left it there; if somebody still writes it, the sum of neither will be right.
        fs::remove_file(&temporary).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        let by_file_system = Stamp::of(&file)?.modified_at();
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let by_system = Moment::new(since_1970.as_secs() as i64, since_1970.subsec_nanos());
        let file = BufWriter::with_capacity(BUFFER_BYTES, file);
        let mut summed = Summed { file, sum: Box::default() };
        summed.write_all(MAGIC)?;
        Ok(Self {
            temporary,
            place: place.to_owned(),
            file: Encoder::new(summed, LEVEL)?,
            length: 0,
            key,
            device,
            // The store may lie where another clock tells the times.
            began_at: by_file_system.min(by_system),
            root: None,
            owners: Vec::new(),
            is_broken: false,
        })
    }

    /// When the looking began, by the clock of file times.
    pub(in super::super) const fn began_at(&self) -> Moment {
        self.began_at
    }

    /// The device that is looked at.
    pub(in super::super) const fn device(&self) -> u64 {
        self.device
    }

    /// Writes a block; tells where it begins.
    pub(in super::super) fn append(&mut self, bytes: &[u8]) -> u64 {
        let at = self.length;
        self.is_broken |= self.file.write_all(bytes).is_err();
        self.length += bytes.len() as u64;
        at
    }

    /// Writes the block of `seen` at `block`, and those below it; tells where it begins.
    pub(in super::super) fn copy(&mut self, seen: &Seen, block: u64) -> u64 {
        let mut open: Vec<Copying<'_>> = Vec::new();
        open.extend(Copying::begin(seen, block));
        let mut copied = 0;
        while let Some(last) = open.last_mut() {
            match last.entries.next() {
                Some(entry) => match entry.body {
                    Body::Directory { block } => {
                        last.waiting = entry.name;
                        match Copying::begin(seen, block) {
                            Some(below) => open.push(below),
                            None => self.is_broken = true,
                        }
                    }
                    _ => last.out.extend_from_slice(entry.bytes),
                },
                None => {
                    copied = open.pop().map_or(0, |done| self.append(&done.out));
                    if let Some(above) = open.last_mut() {
                        let name = above.waiting;
                        let put = Body::Directory { block: copied }.put(name, &mut above.out);
                        self.is_broken |= put.is_none();
                    }
                }
            }
        }
        copied
    }

    /// Notes what the whole was.
    pub(in super::super) fn set_root(&mut self, root: NodeId, block: u64) {
        self.root = Some((root, block));
    }

    /// Notes what an owner is called.
    pub(in super::super) fn add_owner(&mut self, owner: Owner, name: Option<&str>) {
        owners::put(owner, name, &mut self.owners);
    }

    /// Notes that there can be no file.
    pub(in super::super) fn give_up(&mut self) {
        self.is_broken = true;
    }

    /// Keeps it for the next time, now that `snapshot` is recorded, which must have its root.
    ///
    /// Nothing tells if it cannot be written: then all is read the next time.
    pub fn keep(mut self, snapshot: SnapshotId) {
        let Some((root, block)) = self.root.filter(|_| !self.is_broken) else { return };
        let (key, device, began_at) = (self.key, self.device, self.began_at);
        let mut bytes = std::mem::take(&mut self.owners);
        let owners = self.append(&bytes);
        bytes.clear();
        let trailer = Trailer { key, snapshot, root, device, began_at, block, owners };
        trailer.put(&mut bytes);
        self.append(&bytes);
        if self.write_end().is_ok() && !self.is_broken {
            // Whoever cannot rename it leaves what was there, which is bound to its own snapshot.
            let _ = fs::rename(&self.temporary, &self.place);
            if let Some(folder) = self.place.parent() {
                forget_oldest(folder);
            }
        }
    }

    fn write_end(&mut self) -> io::Result<()> {
        self.file.do_finish()?;
        let summed = self.file.get_mut();
        summed.write_all(&self.length.to_le_bytes())?;
        let sum = summed.sum.digest();
        summed.write_all(&sum.to_le_bytes())?;
        summed.flush()
    }
}

impl Drop for NewSeen {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.temporary);
    }
}

impl std::fmt::Debug for NewSeen {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "NewSeen({})", self.place.display())
    }
}

/// A file and the sum of what was written to it.
struct Summed {
    file: BufWriter<File>,
    sum: Box<Xxh3>,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Removes the files that were written longest ago if there are more than [`FILES_MAX`]: those of
/// directories that are gone or are recorded no more would stay for ever.
///
/// One that is wanted after all costs reading.
fn forget_oldest(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut files: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|last| last == EXTENSION))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort_unstable();
    for (_, path) in files.iter().take(files.len().saturating_sub(FILES_MAX)) {
        let _ = fs::remove_file(path);
    }
}

/// A block that is being copied.
struct Copying<'a> {
    entries: Entries<'a>,
    out: Vec<u8>,
    /// The name of the directory below it that is being copied.
    waiting: &'a [u8],
}

impl<'a> Copying<'a> {
    fn begin(seen: &'a Seen, block: u64) -> Option<Self> {
        let block = seen.block(block)?;
        let mut out = Vec::new();
        block.head.put(&mut out);
        block.extras.put(&mut out);
        Some(Self { entries: block.entries(), out, waiting: b"" })
    }
}

/// Half of the file are ids, which do not shrink: more effort would gain little.
const LEVEL: i32 = 1;
const BUFFER_BYTES: usize = 1 << 18;
/// How many directories are remembered, of all workspaces and users of a store.
const FILES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use markerbed_core::WorkspaceId;

    use super::*;
    use crate::snapshot::{SeenPlace, SnapOptions};

    /// Keeps what is seen of nothing, as if the looking had begun `seconds` from now.
    fn kept(seconds: i64) -> Option<Seen> {
        let scratch = tempfile::tempdir().unwrap();
        let workspace = WorkspaceId::from_bytes([1; 32]);
        let options = SnapOptions::default();
        let place = SeenPlace::of(scratch.path(), workspace, scratch.path(), &options);
        let place = place.unwrap().unwrap();
        let mut new = place.begin().unwrap();
        new.began_at.seconds += seconds;
        new.set_root(NodeId::from_bytes([2; 32]), 0);
        new.keep(SnapshotId::from_bytes([3; 32]));
        place.read()
    }

    #[test]
    fn of_many_directories_those_seen_longest_ago_are_forgotten() {
        let scratch = tempfile::tempdir().unwrap();
        let workspace = WorkspaceId::from_bytes([1; 32]);
        let options = SnapOptions::default();
        let place = SeenPlace::of(scratch.path(), workspace, scratch.path(), &options);
        let place = place.unwrap().unwrap();
        let folder = scratch.path().join("seen");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("other"), "no hint").unwrap();
        let name = |number: usize| folder.join(format!("{number}.{EXTENSION}"));
        for number in 0..FILES_MAX + 5 {
            let file = File::create(name(number)).unwrap();
            let time = UNIX_EPOCH + std::time::Duration::from_secs(1_000 - number as u64);
            file.set_modified(time).unwrap();
        }
        let mut new = place.begin().unwrap();
        new.set_root(NodeId::from_bytes([2; 32]), 0);

        new.keep(SnapshotId::from_bytes([3; 32]));

        assert!(place.file.exists() && folder.join("other").exists());
        let stays = |number: &usize| name(*number).exists();
        assert!((0..FILES_MAX - 1).all(|number| stays(&number)));
        assert_eq!((FILES_MAX - 1..FILES_MAX + 5).find(stays), None);
    }

    #[test]
    fn what_was_seen_at_a_time_to_come_counts_for_nothing() {
        assert!(kept(-60).is_some());
        assert!(kept(60).is_none());
    }
}
