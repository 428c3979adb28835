//! A few large files.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use super::{random::Random, text::Words};
use crate::failure::{Failure, OrFail};

/// Makes four files of `length` bytes each: stretches of noise and of text by turns.
///
/// # Errors
///
/// If they cannot be written.
pub(super) fn large_files(folder: &Path, length: u64) -> Result<(), Failure> {
    fs::create_dir_all(folder).or_fail(folder.display())?;
    let stretch = usize::try_from(length / 64).or_fail("too large")?;
    let mut random = Random::new(0x006c_6172_6765);
    let (mut code, mut noise) = (Vec::new(), Vec::new());
    Words::new(4_000).code(&mut random, &mut code, stretch);
    code.truncate(stretch);
    for number in 0..4 {
        let path = folder.join(format!("large{number}.dat"));
        let mut file = File::create(&path).or_fail(path.display())?;
        for _ in 0..32 {
            noise.clear();
            random.noise(&mut noise, stretch);
            file.write_all(&noise).or_fail(path.display())?;
            // Turned and stamped, so that no two stretches of text are equal.
            code.rotate_left(random.below(stretch));
            for stamp in code.chunks_mut(2_048).filter_map(|chunk| chunk.first_chunk_mut()) {
                *stamp = random.draw().to_le_bytes();
            }
            file.write_all(&code).or_fail(path.display())?;
        }
    }
    Ok(())
}
