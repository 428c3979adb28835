//! Compares index files with the packs they are made from, and makes them anew.

use std::{collections::BTreeSet, fmt, io, path::Path, sync::Arc};

use super::{
    files::Files,
    layer::{FileLayer, OpenMode, StoreFile},
    layout::{self, PACK_HEADER_BYTES, Position},
    make_index::make_index,
    open::{identify, take_lock},
    recover::{Purpose, Recovered, recover},
    walk::DamagedRecord,
};
use crate::store::StoreError;

/// An index file that is not what its pack makes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IndexFinding {
    /// The pack's number.
    pub pack: u32,
    /// What is wrong.
    pub fault: &'static str,
}

impl fmt::Display for IndexFinding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", layout::index_name(self.pack), self.fault)
    }
}

/// What was done with the index files of a store.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct IndexReport {
    /// Packs.
    pub packs: u64,
    /// Index files that were compared, or made anew.
    pub files: u64,
    /// Bytes of those.
    pub bytes: u64,
    /// How often the caller was called.
    pub findings: u64,
}

/// Makes the index of every pack anew in memory and compares it with the index file, byte by byte.
///
/// `found` is called for each file that is missing, broken or other than its pack makes it. Only
/// the newest pack may be without one, or have one of its first part alone. Nothing is written and
/// no lock is taken.
///
/// # Errors
///
/// As [`DirectoryStore::open`](super::DirectoryStore::open) for reading; a finding is no error.
pub fn compare_index(
    root: &Path,
    layer: Arc<dyn FileLayer>,
    found: &mut dyn FnMut(IndexFinding),
) -> Result<IndexReport, StoreError> {
    let store = identify(&*layer, root)?;
    let files = Files::new(layer, root, store, OpenMode::Read);
    let mut report = IndexReport::default();
    compare_all(&files, &mut report, found).map_err(|error| files.failed(error))?;
    Ok(report)
}

/// Makes every index file anew from its pack.
///
/// Takes the lock of who writes; deletes nothing and changes no pack. `damaged` is called for each
/// record that is not as it was written, as far as heads and batches show it. The index of a pack
/// with damage is not made: there the old one stays if it is whole, and else none counts.
///
/// # Errors
///
/// As [`DirectoryStore::open`](super::DirectoryStore::open) for writing; damage is no error.
pub fn rebuild_index(
    root: &Path,
    layer: Arc<dyn FileLayer>,
    damaged: &mut dyn FnMut(DamagedRecord),
) -> Result<IndexReport, StoreError> {
    let store = identify(&*layer, root)?;
    let _lock = take_lock(&*layer, root)?;
    let files = Files::new(layer, root, store, OpenMode::Write);
    let failed = |error| files.failed(error);
    let recovered = recover(&files, Purpose::Scan).map_err(failed)?;
    let mut report = IndexReport::default();
    let mut named = BTreeSet::new();
    let mut name = |report: &mut IndexReport, damage: DamagedRecord| {
        if named.insert((damage.pack, damage.offset)) {
            report.findings += 1;
            damaged(damage);
        }
    };
    for read in &recovered.packs {
        report.packs += 1;
        let end = durable_end(&recovered, read.pack, read.length);
        match make_index(&files, read.pack, end).map_err(failed)? {
            Ok(bytes) => {
                files.write_index(read.pack, &bytes).map_err(failed)?;
                report.files += 1;
                report.bytes += bytes.len() as u64;
            }
            Err(found) => {
                found.into_iter().for_each(|damage| name(&mut report, damage));
                drop_broken(&files, read.pack, read.length).map_err(failed)?;
            }
        }
    }
    recovered.damage.iter().for_each(|damage| name(&mut report, *damage));
    for pack in files.index_numbers().map_err(failed)? {
        if recovered.packs.iter().all(|read| read.pack != pack) {
            files.empty_index(pack).map_err(failed)?;
        }
    }
    Ok(report)
}

fn compare_all(
    files: &Files,
    report: &mut IndexReport,
    found: &mut dyn FnMut(IndexFinding),
) -> io::Result<()> {
    let packs = files.pack_numbers()?;
    for &pack in &packs {
        report.packs += 1;
        let is_newest = packs.last() == Some(&pack);
        if let Err(fault) = compare(files, report, pack, is_newest)? {
            report.findings += 1;
            found(IndexFinding { pack, fault });
        }
    }
    for pack in files.index_numbers()? {
        if packs.binary_search(&pack).is_err() {
            report.findings += 1;
            found(IndexFinding { pack, fault: "there is no such pack" });
        }
    }
    Ok(())
}

fn compare(
    files: &Files,
    report: &mut IndexReport,
    pack: u32,
    is_newest: bool,
) -> io::Result<Result<(), &'static str>> {
    let Some(file) = files.index_file(pack)? else {
        return Ok(if is_newest { Ok(()) } else { Err("it is missing") });
    };
    let bytes = whole(&*file)?;
    report.files += 1;
    report.bytes += bytes.len() as u64;
    let end = match files.open_index(pack)? {
        Some(Ok(index)) => index.covered().end,
        // Emptied on purpose, because it could not be trusted.
        Some(Err(_)) if bytes.is_empty() && is_newest => return Ok(Ok(())),
        Some(Err(fault)) => return Ok(Err(fault)),
        None => return Ok(Err("it is missing")),
    };
    let length = files.open_pack(pack)?.length()?;
    if end > length {
        return Ok(Err("it covers more than its pack has"));
    }
    let made = match make_index(files, pack, end)? {
        Ok(made) => made,
        Err(_) => return Ok(Err("it cannot be compared: its pack is damaged")),
    };
    Ok(if made != bytes {
        Err("it is not what its pack makes it")
    } else if end < length && !is_newest {
        Err("it covers only a part of its pack")
    } else {
        Ok(())
    })
}

/// Up to where a pack is durable.
fn durable_end(recovered: &Recovered, pack: u32, length: u64) -> u64 {
    let Position { pack: newest, offset } = recovered.mark.durable;
    if pack < newest {
        length
    } else {
        offset.clamp(PACK_HEADER_BYTES, length.max(PACK_HEADER_BYTES))
    }
}

/// Empties an index file that cannot be used.
fn drop_broken(files: &Files, pack: u32, length: u64) -> io::Result<()> {
    let usable = match files.open_index(pack)? {
        Some(Ok(index)) => index.covered().end <= length && index.check()?.is_ok(),
        Some(Err(_)) => false,
        None => true,
    };
    if usable { Ok(()) } else { files.empty_index(pack) }
}

fn whole(file: &dyn StoreFile) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(file.length()?).unwrap_or(usize::MAX)];
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    Ok(bytes)
}
