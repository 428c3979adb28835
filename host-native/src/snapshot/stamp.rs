//! What the system says of a file, by which it is known again.

use std::{io, time::Duration};

use rustix::{
    fd::AsFd,
    fs::{AtFlags, FileType, Stat, fstat, statat},
};

use markerbed_core::limits::MODE_BITS_MAX;

use crate::folder::{EntryKind, Folder, Identity};

/// What must not change while a file is read, and what is the same if nothing has changed since.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Stamp {
    pub(super) identity: Identity,
    pub(super) size_bytes: u64,
    mode: u32,
    pub(super) user: u32,
    pub(super) group: u32,
    /// How many names it has.
    links: u32,
    modified_at: Moment,
    changed_at: Moment,
}

/// The bytes of a stamp: a directory may have millions of entries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct PackedStamp {
    device: [u8; 8],
    bytes: [u8; STAMP_BYTES],
}

/// Whether a file has as many bytes on its disk as it says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Allocated {
    Whole,
    /// It may have holes.
    InPart,
}

/// A time of a file system: seconds since 1970 UTC and nanoseconds after them.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Moment {
    pub(super) seconds: i64,
    pub(super) nanoseconds: u32,
}

impl Stamp {
    /// The stamp of something that is open.
    pub(super) fn of(file: impl AsFd) -> io::Result<Self> {
        Ok(Self::from_stat(&fstat(file)?))
    }

    /// The stamp of a file that is open, and whether it may have holes.
    #[allow(clippy::unnecessary_cast, reason = "the system's types differ")]
    pub(super) fn and_allocated(file: impl AsFd) -> io::Result<(Self, Allocated)> {
        let stat = fstat(file)?;
        let allocated_bytes = (stat.st_blocks as u64).saturating_mul(BLOCK_BYTES);
        let is_whole = allocated_bytes >= stat.st_size as u64;
        let allocated = if is_whole { Allocated::Whole } else { Allocated::InPart };
        Ok((Self::from_stat(&stat), allocated))
    }

    /// The stamp of what is at `path`, relative to `folder`; it itself is not followed.
    pub(super) fn at(folder: &Folder, path: &[u8]) -> io::Result<Self> {
        Ok(Self::from_stat(&statat(folder.as_file(), path, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    // The system's types differ from machine to machine; the values fit.
    #[allow(clippy::unnecessary_cast, clippy::useless_conversion)]
    fn from_stat(stat: &Stat) -> Self {
        Self {
            identity: Identity { device: stat.st_dev as u64, inode: stat.st_ino as u64 },
            size_bytes: stat.st_size as u64,
            mode: stat.st_mode as u32,
            user: stat.st_uid,
            group: stat.st_gid,
            links: u32::try_from(stat.st_nlink).unwrap_or(u32::MAX),
            modified_at: Moment::new(stat.st_mtime as i64, stat.st_mtime_nsec as u32),
            changed_at: Moment::new(stat.st_ctime as i64, stat.st_ctime_nsec as u32),
        }
    }

    /// Tells whether a change at `now` or later is sure to show in the stamp.
    ///
    /// Two changes within one tick of the clock of file times look like one, and of a time in the
    /// future nothing can be told.
    pub(super) fn is_old_at(&self, now: Moment) -> bool {
        [self.modified_at, self.changed_at].into_iter().all(|time| {
            let margin = if time.nanoseconds == 0 { COARSE_MARGIN } else { MARGIN };
            time.after(margin).is_some_and(|safe| safe < now)
        })
    }

    /// When anything about it last changed.
    pub(super) const fn changed_at(&self) -> Moment {
        self.changed_at
    }

    /// When its bytes last changed, as its owner pleases.
    pub(super) const fn modified_at(&self) -> Moment {
        self.modified_at
    }

    pub(super) const fn is_executable(&self) -> bool {
        self.mode & OWNER_MAY_RUN != 0
    }

    pub(super) fn kind(&self) -> EntryKind {
        FileType::from_raw_mode(self.mode).into()
    }

    /// The permission bits with set-user-id, set-group-id and sticky.
    pub(super) const fn mode_bits(&self) -> u32 {
        self.mode & MODE_BITS_MAX
    }

    /// Whether the file has other names, in the tree or elsewhere.
    pub(super) fn is_linked(&self) -> bool {
        self.links > 1 && self.kind() == EntryKind::File
    }

    /// Its bytes.
    pub(super) fn packed(&self) -> PackedStamp {
        let mut bytes = [0; STAMP_BYTES];
        let fields = [
            &self.identity.inode.to_le_bytes()[..],
            &self.size_bytes.to_le_bytes(),
            &self.mode.to_le_bytes(),
            &self.user.to_le_bytes(),
            &self.group.to_le_bytes(),
            &self.links.to_le_bytes(),
            &self.modified_at.bytes(),
            &self.changed_at.bytes(),
        ];
        let mut rest = bytes.as_mut_slice();
        for field in fields {
            let Some((place, after)) = rest.split_at_mut_checked(field.len()) else { break };
            place.copy_from_slice(field);
            rest = after;
        }
        PackedStamp { device: self.identity.device.to_le_bytes(), bytes }
    }

    /// Writes it without its device.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.packed().bytes);
    }

    /// Reads what [`Self::put`] has written of something on `device`.
    pub(super) fn take(input: &mut &[u8], device: u64) -> Option<Self> {
        let inode = u64::from_le_bytes(take(input)?);
        Some(Self {
            identity: Identity { device, inode },
            size_bytes: u64::from_le_bytes(take(input)?),
            mode: u32::from_le_bytes(take(input)?),
            user: u32::from_le_bytes(take(input)?),
            group: u32::from_le_bytes(take(input)?),
            links: u32::from_le_bytes(take(input)?),
            modified_at: Moment::take(input)?,
            changed_at: Moment::take(input)?,
        })
    }
}

impl PackedStamp {
    /// The stamp.
    pub(super) fn unpacked(&self) -> Stamp {
        let device = u64::from_le_bytes(self.device);
        let unknown = Moment::new(0, 0);
        // There are as many bytes as a stamp has.
        Stamp::take(&mut self.bytes.as_slice(), device).unwrap_or(Stamp {
            identity: Identity { device, inode: 0 },
            size_bytes: 0,
            mode: 0,
            user: 0,
            group: 0,
            links: 0,
            modified_at: unknown,
            changed_at: unknown,
        })
    }
}

impl Moment {
    pub(super) const fn new(seconds: i64, nanoseconds: u32) -> Self {
        Self { seconds, nanoseconds }
    }

    /// The moment `duration` later; none at the end of time.
    fn after(self, duration: Duration) -> Option<Self> {
        let nanoseconds = self.nanoseconds.checked_add(duration.subsec_nanos())?;
        let carry = i64::from(nanoseconds / NANOSECONDS);
        let seconds = self.seconds.checked_add(duration.as_secs() as i64)?.checked_add(carry)?;
        Some(Self::new(seconds, nanoseconds % NANOSECONDS))
    }

    pub(super) fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes());
    }

    fn bytes(self) -> [u8; MOMENT_BYTES] {
        let mut bytes = [0; MOMENT_BYTES];
        let (seconds, nanoseconds) = bytes.split_at_mut(8);
        seconds.copy_from_slice(&self.seconds.to_le_bytes());
        nanoseconds.copy_from_slice(&self.nanoseconds.to_le_bytes());
        bytes
    }

    pub(super) fn take(input: &mut &[u8]) -> Option<Self> {
        let seconds = i64::from_le_bytes(take(input)?);
        Some(Self::new(seconds, u32::from_le_bytes(take(input)?)))
    }
}

/// Takes the first bytes off.
pub(super) fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(*first)
}

const MOMENT_BYTES: usize = 12;
/// Bytes of a stamp without its device.
pub(super) const STAMP_BYTES: usize = 8 + 8 + 4 * 4 + 2 * MOMENT_BYTES;
/// What the system counts in, whatever the file system's blocks are.
const BLOCK_BYTES: u64 = 512;
const OWNER_MAY_RUN: u32 = 0o100;
const NANOSECONDS: u32 = 1_000_000_000;
/// Ten ticks of the slowest clock of file times.
const MARGIN: Duration = Duration::from_millis(100);
/// Where no fractions of a second are kept, the clock ticks every second or two.
const COARSE_MARGIN: Duration = Duration::from_secs(4);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::new(1_000, 500_000_000);

    fn stamp(modified_at: Moment, changed_at: Moment) -> Stamp {
        let identity = Identity { device: 1, inode: 2 };
        Stamp {
            identity,
            size_bytes: 3,
            mode: 0o100_644,
            user: 4,
            group: 5,
            links: 1,
            modified_at,
            changed_at,
        }
    }

    #[test]
    fn a_time_within_the_margin_or_in_the_future_is_not_old() {
        let old = Moment::new(1_000, 399_999_999);
        let young = Moment::new(1_000, 400_000_000);
        let future = Moment::new(2_000, 1);

        assert!(stamp(old, old).is_old_at(NOW));
        assert!(!stamp(young, old).is_old_at(NOW));
        assert!(!stamp(old, young).is_old_at(NOW));
        assert!(!stamp(future, old).is_old_at(NOW));
        assert!(!stamp(old, future).is_old_at(NOW));
        assert!(!stamp(old, Moment::new(i64::MAX, 999_999_999)).is_old_at(NOW));
    }

    #[test]
    fn a_time_without_fractions_needs_a_wider_margin() {
        let whole = Moment::new(997, 0);

        assert!(!stamp(whole, whole).is_old_at(NOW));
        assert!(stamp(Moment::new(996, 0), Moment::new(996, 0)).is_old_at(NOW));
    }

    #[test]
    fn what_was_written_is_read_again() {
        let written = stamp(Moment::new(-5, 7), NOW);
        let mut bytes = Vec::new();

        written.put(&mut bytes);

        let mut input = bytes.as_slice();
        assert_eq!(Stamp::take(&mut input, 1), Some(written));
        assert!(input.is_empty());
        assert_eq!(written.packed().unpacked(), written);
        assert_eq!(Stamp::take(&mut &bytes[1..], 1), None);
    }
}
