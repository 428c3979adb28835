//! Reads one file or symlink so that what is recorded was there at one moment.

use std::{
    fs::File,
    io::{self, Read},
    thread,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use markerbed_core::{
    ContentId,
    limits::FILE_BYTES_MAX,
    tree::{GapReason, Node, Symlink},
};

use super::{
    Sink, SnapError,
    assemble::Outcome,
    extras::{Attributing, RawExtras},
    stamp::{Allocated, Moment, Stamp},
};
use crate::folder::{EntryKind, Folder, Identity};

/// Files of at most this many bytes are read whole and handed over many at a time.
const SMALL_BYTES_MAX: u64 = 1 << 20;

/// What was found under a name.
#[derive(Debug)]
pub(super) enum Found {
    /// A file that was read whole.
    Small {
        /// What it holds.
        bytes: Bytes,
        /// What the system says of it.
        stamp: Stamp,
        extras: RawExtras,
    },
    /// A file that is larger; it was not read.
    Large,
    /// A symlink, and what the system says of it if that was wanted.
    Symlink(Node, Option<(Stamp, RawExtras)>),
    /// Something that cannot be recorded.
    Gap(GapReason, u32),
    /// It is on another file system, and those are left out.
    Elsewhere,
    /// It is what is never taken in.
    Own,
}

/// What is wanted besides what an entry is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Stamps of symlinks; those of files are needed to read them.
    pub(super) stamps: bool,
    pub(super) attributes: Attributing,
}

/// What is left out by what it is and not by its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeftOut<'a> {
    /// The store itself.
    pub(super) own: &'a [Identity],
    /// The device to stay on, if the others are left out.
    pub(super) device: Option<u64>,
}

/// Reads the entry `name`, which was listed as a file or symlink.
///
/// It is tried [`ATTEMPTS`] times: what the system says of a file must be the same before and after
/// it was read.
///
/// # Errors
///
/// Only those of the machine.
pub(super) fn read_entry(
    folder: &Folder,
    name: &[u8],
    kind: EntryKind,
    left_out: LeftOut<'_>,
    wanted: Wanted,
) -> io::Result<Found> {
    for _ in 0..ATTEMPTS {
        let found = match kind {
            EntryKind::Symlink => read_symlink(folder, name, wanted),
            _ => read_small_file(folder, name, left_out, wanted.attributes),
        };
        match found {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(error) if is_change(&error) => {}
            Err(error) if is_of_machine(&error) => return Err(error),
            Err(_) => return Ok(Found::Gap(GapReason::Unreadable, 1)),
        }
    }
    Ok(Found::Gap(GapReason::Changed, ATTEMPTS))
}

/// Reads a large file piece by piece into `sink`.
///
/// # Errors
///
/// Those of the sink and of the machine; `path` is asked only then.
pub(super) fn read_large_file(
    folder: &Folder,
    name: &[u8],
    sink: &dyn Sink,
    attributes: Attributing,
    path: impl Fn() -> Vec<u8>,
) -> Result<Outcome, SnapError> {
    let mut buffer = vec![0; PIECE_BYTES];
    for _ in 0..ATTEMPTS {
        let streamed = stream_file(folder, name, sink, attributes, &mut buffer);
        match streamed {
            Ok(Some((stamp, content, extras))) => {
                return Ok(Outcome::File(stamp, content, extras.put(sink)?));
            }
            Ok(None) => {}
            Err(Failed::Sink(error)) => return Err(error.into()),
            Err(Failed::System(error)) if is_change(&error) => {}
            Err(Failed::System(cause)) if is_of_machine(&cause) => {
                return Err(SnapError::System { path: path(), cause });
            }
            Err(Failed::System(_)) => return Ok(Outcome::Gap(GapReason::Unreadable, 1)),
            Err(Failed::TooLarge) => return Ok(Outcome::Gap(GapReason::TooLarge, 1)),
        }
    }
    Ok(Outcome::Gap(GapReason::Changed, ATTEMPTS))
}

/// Why an entry of this kind cannot be recorded; none if it can, or if only a look at it tells.
pub(super) const fn gap_reason(kind: EntryKind) -> Option<GapReason> {
    match kind {
        EntryKind::Fifo => Some(GapReason::Fifo),
        EntryKind::Socket => Some(GapReason::Socket),
        EntryKind::Device => Some(GapReason::Device),
        EntryKind::File | EntryKind::Symlink | EntryKind::Directory | EntryKind::Untold => None,
    }
}

/// Whether the failure is the machine's, and says nothing about the file.
pub(super) fn is_of_machine(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::BADF | Errno::FAULT))
}

/// Whether the failure says that something else is there than was listed.
pub(super) fn is_change(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(error);
    // LOOP: a symlink now. NOTDIR: no directory any more. NXIO: a socket now.
    matches!(errno, Some(Errno::NOENT | Errno::LOOP | Errno::NOTDIR | Errno::NXIO | Errno::STALE))
}

fn read_symlink(folder: &Folder, name: &[u8], wanted: Wanted) -> io::Result<Option<Found>> {
    // Before it is read: another one in its place has another stamp.
    let before = if wanted.stamps { Some(Stamp::at(folder, name)?) } else { None };
    let target = match folder.read_link(name) {
        Ok(target) => target,
        // It is no symlink any more.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(None),
        Err(error) => return Err(error),
    };
    let about = match before {
        Some(stamp) => {
            let extras = match wanted.attributes {
                Attributing::Taken => RawExtras::of_symlink(folder, name)?,
                Attributing::Not => RawExtras::default(),
            };
            if Stamp::at(folder, name)? != stamp {
                return Ok(None);
            }
            Some((stamp, extras))
        }
        None => None,
    };
    Ok(Some(match Symlink::new(&target) {
        Ok(symlink) => Found::Symlink(symlink.into(), about),
        Err(_) => Found::Gap(GapReason::Name, 1),
    }))
}

/// None if it changed.
fn read_small_file(
    folder: &Folder,
    name: &[u8],
    left_out: LeftOut<'_>,
    attributes: Attributing,
) -> io::Result<Option<Found>> {
    let file = folder.open_file(name)?;
    let (before, allocated) = Stamp::and_allocated(&file)?;
    if left_out.own.contains(&before.identity) {
        return Ok(Some(Found::Own));
    }
    if left_out.device.is_some_and(|device| device != before.identity.device) {
        return Ok(Some(Found::Elsewhere));
    }
    if before.kind() != EntryKind::File {
        return Ok(gap_reason(before.kind()).map(|reason| Found::Gap(reason, 1)));
    }
    if before.size_bytes > SMALL_BYTES_MAX {
        return Ok(Some(Found::Large));
    }
    if !is_settled(&before, &file)? {
        return Ok(None);
    }
    // Room for one byte more shows in one call that the file did not grow.
    let mut bytes = Vec::with_capacity(before.size_bytes as usize + 1);
    while bytes.len() < bytes.capacity() {
        if retry(|| rustix::io::read(&file, rustix::buffer::spare_capacity(&mut bytes)))? == 0 {
            break;
        }
        if bytes.len() as u64 == before.size_bytes {
            break;
        }
    }
    let extras = extras_of(&file, &before, allocated, attributes)?;
    let is_whole = bytes.len() as u64 == before.size_bytes && Stamp::of(&file)? == before;
    Ok(is_whole.then(|| Found::Small { bytes: bytes.into(), stamp: before, extras }))
}

enum Failed {
    Sink(crate::store::StoreError),
    System(io::Error),
    TooLarge,
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// None if it changed.
fn stream_file(
    folder: &Folder,
    name: &[u8],
    sink: &dyn Sink,
    attributes: Attributing,
    buffer: &mut [u8],
) -> Result<Option<(Stamp, ContentId, RawExtras)>, Failed> {
    let mut file = folder.open_file(name)?;
    let (before, allocated) = Stamp::and_allocated(&file)?;
    if before.kind() != EntryKind::File {
        return Ok(None);
    }
    if before.size_bytes > FILE_BYTES_MAX {
        return Err(Failed::TooLarge);
    }
    if !is_settled(&before, &file)? {
        return Ok(None);
    }
    let mut pieces = sink.write_content().map_err(Failed::Sink)?;
    let mut bytes: u64 = 0;
    // A file that grows while it is read would never end.
    while bytes <= before.size_bytes {
        let count = match file.read(buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        bytes += count as u64;
        pieces.write(buffer.get(..count).unwrap_or_default()).map_err(Failed::Sink)?;
    }
    let extras = extras_of(&file, &before, allocated, attributes)?;
    if bytes != before.size_bytes || Stamp::of(&file)? != before {
        return Ok(None);
    }
    let written = pieces.finish().map_err(Failed::Sink)?;
    Ok(Some((before, written.id, extras)))
}

/// What no stamp tells of a file that was read to its end.
fn extras_of(
    file: &File,
    stamp: &Stamp,
    allocated: Allocated,
    attributes: Attributing,
) -> io::Result<RawExtras> {
    if attributes == Attributing::Not {
        return Ok(RawExtras::default());
    }
    let mut extras = RawExtras::of_open(file)?;
    if allocated == Allocated::InPart {
        extras.find_holes(file, stamp.size_bytes)?;
    }
    Ok(extras)
}

/// Waits until a file was left alone for a tick of the clock of file times, and tells whether it
/// was: a change within the tick of the one before would not show.
fn is_settled(stamp: &Stamp, file: &File) -> io::Result<bool> {
    let Moment { seconds, nanoseconds } = stamp.changed_at();
    let since_1970 = Duration::new(seconds.try_into().unwrap_or(0), nanoseconds);
    let tick = if nanoseconds == 0 { COARSE_TICK } else { TICK };
    // In the future: another machine's clock, of which nothing can be told.
    let age = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH + since_1970);
    match tick.checked_sub(age.unwrap_or(tick)) {
        None | Some(Duration::ZERO) => Ok(true),
        Some(rest) => {
            thread::sleep(rest);
            Ok(Stamp::of(file)? == *stamp)
        }
    }
}

fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            done => return Ok(done?),
        }
    }
}

/// How much of a large file is read at once.
const PIECE_BYTES: usize = 1 << 20;
/// How often a file is read that changes meanwhile.
pub(super) const ATTEMPTS: u32 = 3;
/// The clock of file times ticks 100 times a second or more.
const TICK: Duration = Duration::from_millis(12);
/// On file systems that keep no fractions of a second it ticks every second or two.
const COARSE_TICK: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_settled_when_a_tick_has_passed_since_its_last_change() {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::write(scratch.path().join("f"), "x").unwrap();
        let file = File::open(scratch.path().join("f")).unwrap();
        let stamp = Stamp::of(&file).unwrap();

        let is_settled = is_settled(&stamp, &file).unwrap();

        let Moment { seconds, nanoseconds } = stamp.changed_at();
        let changed_at = Duration::new(seconds.try_into().unwrap(), nanoseconds);
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH + changed_at);
        assert!(is_settled && since.unwrap() >= TICK);
    }
}
