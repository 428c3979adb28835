//! A tree like that of a large program's sources.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use super::{random::Random, text::Words};
use crate::failure::{Failure, OrFail};

/// Makes about `files` files: 36,000 of them have some 320 MB.
///
/// Packages of ninety files in nested folders: code of all lengths, notes, empty and tiny files,
/// some data and pictures, one licence text again and again, a link and a script each.
///
/// # Errors
///
/// If they cannot be written.
pub(super) fn source_tree(folder: &Path, files: u64) -> Result<(), Failure> {
    let words = Words::new(6_000);
    let mut licence = Vec::new();
    words.prose(&mut Random::new(1), &mut licence, 10_000);
    let mut bytes = Vec::new();
    for package in 0..files.div_ceil(FILES_A_PACKAGE) {
        let mut random = Random::new(0x7472_6565 + package);
        let name = [words.any(&mut random), package.to_string().as_bytes()].join(&b'-');
        let home = folder.join(format!("part{}", package % 12)).join(text(&name));
        fs::create_dir_all(&home).or_fail(home.display())?;
        fs::write(home.join("LICENSE"), &licence).or_fail(home.display())?;
        symlink("LICENSE", home.join("COPYING")).or_fail(home.display())?;
        let mut here = home.join("src");
        fs::create_dir_all(&here).or_fail(here.display())?;
        for number in 1..FILES_A_PACKAGE {
            if random.below(8) == 0 {
                here = next_folder(&home, &here, &words, &mut random)?;
            }
            bytes.clear();
            let ending = fill(&words, &mut random, &mut bytes);
            let name = text(words.any(&mut random));
            let path = here.join(format!("{name}_{number}.{ending}"));
            fs::write(&path, &bytes).or_fail(path.display())?;
            if ending == "sh" {
                let mode = fs::Permissions::from_mode(0o755);
                fs::set_permissions(&path, mode).or_fail(path.display())?;
            }
        }
    }
    Ok(())
}

/// Goes one folder deeper, or begins again near the top.
fn next_folder(
    home: &Path,
    here: &Path,
    words: &Words,
    random: &mut Random,
) -> Result<PathBuf, Failure> {
    let depth = here.components().count() - home.components().count();
    let from = match random.below(3) {
        0 if depth < 5 => here,
        1 => home,
        _ => &home.join("src"),
    };
    let next = from.join(text(words.any(random)));
    fs::create_dir_all(&next).or_fail(next.display())?;
    Ok(next)
}

/// Makes one file's bytes and gives its ending.
fn fill(words: &Words, random: &mut Random, out: &mut Vec<u8>) -> &'static str {
    match random.below(100) {
        0..58 => {
            let length = spread(random, 400, 5);
            words.code(random, out, length);
            "rs"
        }
        58..80 => {
            let length = spread(random, 130, 4);
            words.prose(random, out, length);
            "md"
        }
        80..88 => {
            let length = random.below(120);
            words.code(random, out, length);
            "txt"
        }
        88..90 => "stamp",
        90..96 => {
            let length = spread(random, 300, 4);
            words.code(random, out, length);
            "toml"
        }
        96..97 => {
            out.extend_from_slice(b"#!/bin/sh\n");
            words.code(random, out, 400);
            "sh"
        }
        97..98 => {
            let length = spread(random, 20_000, 4);
            for row in 0..length / 40 {
                let number = random.draw() % 100_000;
                out.extend_from_slice(
                    format!("{{\"row\": {row}, \"value\": {number}}},\n").as_bytes(),
                );
            }
            "json"
        }
        _ => {
            let length = spread(random, 1_000, 3);
            random.noise(out, length);
            "png"
        }
    }
}

/// A length from `least` to `least << doublings`, small ones as often as large ones per doubling,
/// and sometimes twenty times that.
fn spread(random: &mut Random, least: usize, doublings: usize) -> usize {
    let base = least << random.below(doublings + 1);
    let length = base + random.below(base);
    if random.below(31) == 0 { 20 * length } else { length }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const FILES_A_PACKAGE: u64 = 90;
