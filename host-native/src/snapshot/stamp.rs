//! What the system says of a file, by which it is known again.

use std::{io, time::Duration};

use rustix::{
    fd::AsFd,
    fs::{AtFlags, FileType, Stat, fstat, statat},
};

use crate::folder::{EntryKind, Folder, Identity};

/// What must not change while a file is read, and what is the same if nothing has changed since.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Stamp {
    pub(super) identity: Identity,
    pub(super) size_bytes: u64,
    mode: u32,
    modified_at: Moment,
    changed_at: Moment,
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

    /// Writes it without its device.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.identity.inode.to_le_bytes());
        out.extend_from_slice(&self.size_bytes.to_le_bytes());
        out.extend_from_slice(&self.mode.to_le_bytes());
        self.modified_at.put(out);
        self.changed_at.put(out);
    }

    /// Reads what [`Self::put`] has written of something on `device`.
    pub(super) fn take(input: &mut &[u8], device: u64) -> Option<Self> {
        let inode = u64::from_le_bytes(take(input)?);
        Some(Self {
            identity: Identity { device, inode },
            size_bytes: u64::from_le_bytes(take(input)?),
            mode: u32::from_le_bytes(take(input)?),
            modified_at: Moment::take(input)?,
            changed_at: Moment::take(input)?,
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
        out.extend_from_slice(&self.seconds.to_le_bytes());
        out.extend_from_slice(&self.nanoseconds.to_le_bytes());
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
        Stamp { identity, size_bytes: 3, mode: 0o100_644, modified_at, changed_at }
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
        assert_eq!(Stamp::take(&mut &bytes[1..], 1), None);
    }
}
