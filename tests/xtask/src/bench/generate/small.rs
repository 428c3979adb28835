//! Very many small files.

use std::{fs, path::Path};

use super::{random::Random, text::Words};
use crate::failure::{Failure, OrFail};

/// Makes `files` files of 512 to 4,096 bytes, a hundred a folder; half are text, half noise.
///
/// # Errors
///
/// If they cannot be written.
pub(super) fn small_files(folder: &Path, files: u64) -> Result<(), Failure> {
    let mut random = Random::new(0x0073_6d61_6c6c);
    let (mut code, mut noise) = (Vec::new(), Vec::new());
    Words::new(2_000).code(&mut random, &mut code, POOL_BYTES);
    random.noise(&mut noise, POOL_BYTES);
    let mut bytes = Vec::new();
    for number in 0..files {
        let group = number / FILES_A_FOLDER;
        let here = folder.join(format!("group{:02}/folder{group:04}", group % 20));
        if number % FILES_A_FOLDER == 0 {
            fs::create_dir_all(&here).or_fail(here.display())?;
        }
        let length = 512 + random.below(3_585);
        let (pool, ending) = if number % 2 == 0 { (&noise, "bin") } else { (&code, "txt") };
        let from = random.below(POOL_BYTES - length);
        bytes.clear();
        bytes.extend_from_slice(format!("{number:012}\n").as_bytes()); // no two are equal
        bytes.extend_from_slice(pool.get(from..from + length - 13).unwrap_or_default());
        let path = here.join(format!("file{:03}.{ending}", number % FILES_A_FOLDER));
        fs::write(&path, &bytes).or_fail(path.display())?;
    }
    Ok(())
}

const FILES_A_FOLDER: u64 = 100;
const POOL_BYTES: usize = 4 << 20;
