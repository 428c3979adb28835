//! What a power cut takes along.

use std::{mem, ops::Range, sync::Arc};

use super::disk::{Disk, Inode, Names, Write, WriteKind};

/// What a power cut leaves of what was not synced, in files and in names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Loss {
    /// Nothing.
    DropAll,
    /// Everything: the system was just in time.
    KeepAll,
    /// What was done first, up to any byte.
    Prefix,
    /// Any of the changes, in whatever order they were made.
    Reorder,
    /// Any of the names and of the sectors, some of them in part.
    TornSector,
    /// The names, but of any of the files only what was synced: new ones are empty.
    ZeroLength,
    /// Names and lengths, but in any of the files what was added is zeros, and the rest as before.
    ZeroBytes,
}

impl Loss {
    /// Every way to lose.
    pub const ALL: [Self; 7] = [
        Self::DropAll,
        Self::KeepAll,
        Self::Prefix,
        Self::Reorder,
        Self::TornSector,
        Self::ZeroLength,
        Self::ZeroBytes,
    ];
}

/// Draws a number below the one it is given.
pub(super) type Draw<'a> = &'a mut dyn FnMut(u64) -> u64;

impl Disk {
    /// Takes away what a power cut takes.
    pub(super) fn lose(&mut self, loss: Loss, draw: Draw<'_>) {
        let keeper = Keeper::new(loss, self, draw);
        let mut names = self.durable_names.clone();
        for renaming in mem::take(&mut self.renamings) {
            if keeper.keeps_name(renaming.turn, draw) {
                renaming.apply(Arc::make_mut(&mut names));
            }
        }
        without_orphans(&mut names, &self.directory);
        self.durable_names = names.clone();
        self.names = names;
        for inode in &mut self.inodes {
            if !inode.writes.is_empty() || inode.forgot {
                keeper.lose(Arc::make_mut(inode), draw);
            }
        }
        self.locked.clear();
    }

    /// The turns of all that is not durable yet, ascending.
    fn turns(&self) -> Vec<u64> {
        let names = self.renamings.iter().map(|renaming| renaming.turn);
        let writes = self.inodes.iter().flat_map(|inode| inode.writes.iter());
        let mut turns: Vec<_> = names.chain(writes.map(|write| write.turn)).collect();
        turns.sort_unstable();
        turns
    }
}

/// What is in a directory that was never durable is lost with it.
fn without_orphans(names: &mut Arc<Names>, top: &std::path::Path) {
    let is_orphan = |names: &Names, path: &std::path::Path| {
        path != top && !path.parent().is_some_and(|parent| names.contains_key(parent))
    };
    // Those above come first in the order of paths.
    let paths: Vec<_> = names.keys().cloned().collect();
    for path in paths {
        if is_orphan(names, &path) {
            Arc::make_mut(names).remove(&path);
        }
    }
}

/// Decides what is kept.
struct Keeper {
    loss: Loss,
    /// Of so many eighths of the changes each is kept.
    eighths: u64,
    /// The first change that is not kept whole.
    end: u64,
}

impl Keeper {
    fn new(loss: Loss, disk: &Disk, draw: Draw<'_>) -> Self {
        let mut keeper = Self { loss, eighths: 4, end: u64::MAX };
        match loss {
            Loss::Prefix => {
                let turns = disk.turns();
                let at = draw(turns.len() as u64 + 1) as usize;
                keeper.end = turns.get(at).copied().unwrap_or(u64::MAX);
            }
            // Mostly lost, mostly kept, or half and half: of many changes one alone is lost too.
            Loss::Reorder | Loss::TornSector => {
                keeper.eighths = [1, 4, 7].get(draw(3) as usize).copied().unwrap_or(4);
            }
            _ => {}
        }
        keeper
    }

    fn keeps_name(&self, turn: u64, draw: Draw<'_>) -> bool {
        match self.loss {
            Loss::DropAll => false,
            Loss::KeepAll | Loss::ZeroLength | Loss::ZeroBytes => true,
            Loss::Prefix => turn < self.end,
            Loss::Reorder | Loss::TornSector => self.tosses(draw),
        }
    }

    fn tosses(&self, draw: Draw<'_>) -> bool {
        draw(8) < self.eighths
    }

    fn lose(&self, inode: &mut Inode, draw: Draw<'_>) {
        let writes = mem::take(&mut inode.writes);
        let is_spared = draw(2) == 0;
        for Write { turn, kind } in writes {
            let durable = &mut inode.durable;
            match (self.loss, kind) {
                (Loss::DropAll, _) => {}
                (Loss::KeepAll, kind) => kind.apply(durable),
                (Loss::ZeroLength, kind) if is_spared => kind.apply(durable),
                (Loss::ZeroLength, _) => {}
                (Loss::ZeroBytes, WriteKind::Bytes { offset, bytes }) if !is_spared => {
                    durable.resize(durable.length().max(offset + bytes.len()));
                }
                (Loss::ZeroBytes, kind) => kind.apply(durable),
                (Loss::Prefix, kind) if turn < self.end => kind.apply(durable),
                (Loss::Prefix, WriteKind::Bytes { offset, bytes }) if turn == self.end => {
                    let count = draw(bytes.len() as u64) as usize;
                    durable.write(bytes.get(..count).unwrap_or_default(), offset);
                }
                (Loss::Prefix, _) => {}
                (Loss::TornSector, WriteKind::Bytes { offset, bytes }) => {
                    for sector in sectors(offset, bytes.len()) {
                        let bytes = bytes.get(sector.clone()).unwrap_or_default();
                        let count = match self.tosses(draw) {
                            true => bytes.len(),
                            false if draw(4) == 0 => draw(bytes.len() as u64) as usize,
                            false => continue,
                        };
                        let kept = bytes.get(..count).unwrap_or_default();
                        durable.write(kept, offset + sector.start);
                    }
                }
                (Loss::Reorder | Loss::TornSector, kind) => {
                    if self.tosses(draw) {
                        kind.apply(durable);
                    }
                }
            }
        }
        inode.current = inode.durable.clone();
        inode.forgot = false;
    }
}

/// Parts `count` bytes at `offset` of a file where the file's sectors end.
fn sectors(offset: usize, count: usize) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let end = count.min(start + SECTOR_BYTES - (offset + start) % SECTOR_BYTES);
        let sector = start..end;
        start = end;
        (!sector.is_empty()).then_some(sector)
    })
}

const SECTOR_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_parted_at_sectors_of_the_file() {
        let parted = |offset, count| sectors(offset, count).collect::<Vec<_>>();

        assert_eq!(parted(0, 1_024), [0..512, 512..1_024]);
        assert_eq!(parted(500, 600), [0..12, 12..524, 524..600]);
        assert_eq!(parted(7, 0), []);
    }
}
