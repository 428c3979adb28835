//! Changes of an input, another one in every round.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use rustix::fs::XattrFlags;

use super::random::Random;
use crate::failure::{Failure, OrFail};

/// Appends a line to every hundredth file, and tells how many there were.
///
/// # Errors
///
/// If one cannot be written.
pub(in crate::bench) fn append_to_every_hundredth(
    folder: &Path,
    round: u64,
) -> Result<u64, Failure> {
    let mut count = 0;
    each_file(folder, &mut 0, &mut |number, path| {
        if number % 100 != round * 37 % 100 {
            return Ok(());
        }
        count += 1;
        append(path, round)
    })?;
    Ok(count)
}

/// Appends a line to one file, chosen by the round.
///
/// # Errors
///
/// If it cannot be written.
pub(in crate::bench) fn change_one(folder: &Path, round: u64) -> Result<(), Failure> {
    let mut count = 0;
    each_file(folder, &mut count, &mut |_, _| Ok(()))?;
    let chosen = round * 7_919 % count.max(1);
    each_file(folder, &mut 0, &mut |number, path| {
        if number == chosen { append(path, round) } else { Ok(()) }
    })
}

/// Gives each file an extended attribute of its own value.
///
/// # Errors
///
/// If one cannot be set.
pub(in crate::bench) fn mark_each(folder: &Path) -> Result<(), Failure> {
    each_file(folder, &mut 0, &mut |number, path| {
        let value = format!("reviewed {number}");
        rustix::fs::setxattr(path, "user.note", value.as_bytes(), XattrFlags::empty())
            .or_fail(path.display())
    })
}

/// Overwrites one stretch, a hundredth of each file, and tells how many bytes that are.
///
/// # Errors
///
/// If one cannot be written.
pub(in crate::bench) fn overwrite(folder: &Path, round: u64) -> Result<u64, Failure> {
    let mut changed = 0;
    each_file(folder, &mut 0, &mut |number, path| {
        let (stretch, from) = stretch(path, round, number)?;
        let mut file = File::options().write(true).open(path).or_fail(path.display())?;
        file.seek(SeekFrom::Start(from)).or_fail(path.display())?;
        file.write_all(&stretch).or_fail(path.display())?;
        changed += stretch.len() as u64;
        Ok(())
    })?;
    Ok(changed)
}

/// Inserts one stretch, a hundredth of each file, and tells how many bytes that are.
///
/// # Errors
///
/// If one cannot be written.
pub(in crate::bench) fn insert(folder: &Path, round: u64) -> Result<u64, Failure> {
    let mut changed = 0;
    each_file(folder, &mut 0, &mut |number, path| {
        let (stretch, from) = stretch(path, round, number)?;
        let mut old = File::open(path).or_fail(path.display())?;
        let new = path.with_extension("new");
        let mut file = File::create(&new).or_fail(new.display())?;
        io::copy(&mut (&old).take(from), &mut file).or_fail(new.display())?;
        file.write_all(&stretch).or_fail(new.display())?;
        io::copy(&mut old, &mut file).or_fail(new.display())?;
        fs::rename(&new, path).or_fail(path.display())?;
        changed += stretch.len() as u64;
        Ok(())
    })?;
    Ok(changed)
}

/// New bytes for a file and where to put them.
fn stretch(path: &Path, round: u64, number: u64) -> Result<(Vec<u8>, u64), Failure> {
    let length = fs::metadata(path).or_fail(path.display())?.len();
    let mut random = Random::new(round * 1_009 + number);
    let mut stretch = Vec::new();
    random.noise(&mut stretch, usize::try_from(length / 100).or_fail("too large")?);
    let from = length / 7 * (1 + (round + number) % 5) + random.draw() % 4_096;
    Ok((stretch, from))
}

fn append(path: &Path, round: u64) -> Result<(), Failure> {
    let mut file = File::options().append(true).open(path).or_fail(path.display())?;
    writeln!(file, "// changed in round {round}").or_fail(path.display())
}

/// Visits files in the order of their names, each with its number; keeps no list of all.
fn each_file(
    folder: &Path,
    number: &mut u64,
    visit: &mut dyn FnMut(u64, &Path) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let entries = fs::read_dir(folder).or_fail(folder.display())?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().or_fail(folder.display())?;
    entries.sort_unstable_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type().or_fail(folder.display())?;
        if kind.is_dir() {
            each_file(&entry.path(), number, visit)?;
        } else if kind.is_file() {
            visit(*number, &entry.path())?;
            *number += 1;
        }
    }
    Ok(())
}
