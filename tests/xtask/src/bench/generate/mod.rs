//! Inputs that are the same on every machine, made from nothing but a number.

mod change;
mod large;
mod make;
mod random;
mod small;
mod source;
mod text;

pub(super) use change::{append_to_every_hundredth, change_one, insert, mark_each, overwrite};
pub(super) use make::{Kind, Make, make};

use large::large_files;
use small::small_files;
use source::source_tree;

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// A change of a generator makes older figures incomparable: it has to be meant.
    #[test]
    fn what_is_made_is_the_same_everywhere() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);

        source_tree(&at("source"), 270).unwrap();
        small_files(&at("small"), 200).unwrap();
        large_files(&at("large"), 1 << 20).unwrap();
        let made = ["source", "small", "large"].map(|name| digest(&at(name)));
        append_to_every_hundredth(&at("source"), 3).unwrap();
        change_one(&at("small"), 3).unwrap();
        overwrite(&at("large"), 0).unwrap();
        insert(&at("large"), 1).unwrap();
        let changed = ["source", "small", "large"].map(|name| digest(&at(name)));

        assert_eq!(made, MADE, "made: {made:#x?}");
        assert_eq!(changed, CHANGED, "changed: {changed:#x?}");
    }

    /// FNV-1a over paths, modes, links and bytes in the order of the paths.
    fn digest(folder: &Path) -> u64 {
        let mut paths = Vec::new();
        collect(folder, &mut paths);
        paths.sort();
        let mut sum = 0xcbf2_9ce4_8422_2325_u64;
        let mut add = |bytes: &[u8]| {
            for byte in bytes {
                sum = (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
            }
        };
        for path in paths {
            use std::os::unix::fs::PermissionsExt;
            let name = path.strip_prefix(folder).unwrap();
            add(name.to_str().unwrap().as_bytes());
            if let Ok(target) = fs::read_link(&path) {
                add(target.to_str().unwrap().as_bytes());
            } else {
                let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o100;
                add(&mode.to_le_bytes());
                add(&fs::read(&path).unwrap());
            }
        }
        sum
    }

    fn collect(folder: &Path, paths: &mut Vec<std::path::PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if fs::symlink_metadata(&path).unwrap().is_dir() {
                collect(&path, paths);
            } else {
                paths.push(path);
            }
        }
    }

    const MADE: [u64; 3] = [0x94d3_5225_03d4_07aa, 0x2923_1c97_1327_da6f, 0x1e5d_5159_ed72_f758];
    const CHANGED: [u64; 3] = [0x6bf3_963e_3272_a604, 0x31c6_a1bf_3aca_3065, 0x2374_6d3b_a6be_cb80];
}
