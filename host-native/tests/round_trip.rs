//! Random trees: taken in, restored, and taken in again; and one root in any surroundings.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that fails must fail"
)]

mod trees;

use std::{env, path::Path, process::Command};

use markerbed_host::{
    progress::Silent,
    restore::{RestoreOptions, restore},
    snapshot::{HashOnly, SnapOptions, take},
};
use markerbed_suites::{Random, cases, print_count, seed};
use trees::{Recorded, Scratch, WORKSPACE};

#[test]
fn random_trees_come_back_with_the_same_root() {
    let name = "random_trees_come_back_with_the_same_root";
    let (floor, mut nodes) = (60, 0);
    let mut random = Random::new(seed(), name);
    for case in 0..cases(floor) {
        let scratch = Scratch::new();
        let count = 1 + random.below(200);
        grow(&scratch, &mut random, count);
        let recorded = scratch.take();
        let target = Scratch::new();
        let options = RestoreOptions { force: random.below(2) == 0, ..RestoreOptions::default() };

        let root = recorded.taken.root;
        let restored =
            restore(&recorded.store, WORKSPACE, root, &target.at("t"), &options, &Silent).unwrap();

        let again = Recorded::of(&target.at("t"), &SnapOptions::default()).taken;
        assert!(restored.is_complete(), "case {case} of seed {}: {restored:?}", seed());
        assert_eq!(again.root, root, "case {case} of seed {}", seed());
        assert_eq!(again.statistics, recorded.taken.statistics);
        let counts = [restored.files, restored.directories, restored.symlinks, restored.bytes];
        let expected = recorded.taken.statistics;
        let expected = [expected.files, expected.directories, expected.symlinks, expected.bytes];
        assert_eq!(counts, expected, "case {case} of seed {}", seed());
        nodes += recorded.taken.directory.below().nodes;
    }
    print_count(name, u64::from(cases(floor)), u64::from(cases(floor).min(floor)));
    assert!(nodes > 1_000, "the trees were too small: {nodes} nodes");
}

/// Adds up to `count` entries of random kinds and names at random places.
fn grow(scratch: &Scratch, random: &mut Random, count: u64) {
    let mut directories = vec![Vec::new()];
    for _ in 0..count {
        let above = &directories[random.below(directories.len() as u64) as usize];
        let path = [above.as_slice(), &random_name(random)].concat();
        if scratch.at(&path).symlink_metadata().is_ok() {
            continue;
        }
        match random.below(8) {
            0 | 1 => {
                scratch.directory(&path);
                directories.push([&path, &b"/"[..]].concat());
            }
            2 => {
                scratch.link(&path, random_name(random));
            }
            3 => {
                let size_max = if random.below(4) == 0 { 3 << 20 } else { 1 << 16 };
                let size = random.below(size_max) as usize;
                scratch.file(&path, vec![random.next() as u8; size]);
            }
            kind => {
                let size = random.below(2_000) as usize;
                scratch.file(&path, random.bytes(size));
                if kind == 4 {
                    scratch.mode(&path, 0o755);
                }
            }
        }
    }
}

fn random_name(random: &mut Random) -> Vec<u8> {
    let length = match random.below(10) {
        0 => 1 + random.below(255),
        _ => 1 + random.below(4),
    };
    let mut name = random.bytes(length as usize);
    for byte in &mut name {
        if matches!(byte, 0 | b'/') {
            *byte = b'x';
        }
    }
    // A first byte that neither `.` nor `..` has, and no ignore file.
    name[0] |= 0x80;
    name
}

#[test]
fn one_root_in_every_time_zone_locale_umask_and_working_directory() {
    if let Some(path) = env::var_os(CHILD) {
        let options = SnapOptions { ignore: false, ..SnapOptions::default() };
        let taken = take(Path::new(&path), &options, &HashOnly::default(), &Silent).unwrap();
        println!("root {}", taken.root);
        return;
    }
    let scratch = Scratch::new();
    grow(&scratch, &mut Random::new(seed(), "surroundings"), 300);
    let surroundings = [
        ("UTC", "C", "022", "/"),
        ("Pacific/Kiritimati", "C.UTF-8", "077", "/tmp"),
        ("America/St_Johns", "tr_TR.UTF-8", "000", "/usr"),
        ("Asia/Kathmandu", "ja_JP.SJIS", "027", "/proc"),
    ];

    let roots = surroundings.map(|(zone, locale, umask, directory)| {
        let program = env::current_exe().unwrap();
        let test = "one_root_in_every_time_zone_locale_umask_and_working_directory";
        let output = Command::new("sh")
            .args(["-c", "umask \"$0\" && exec \"$@\"", umask])
            .arg(program)
            .args(["--exact", "--nocapture", test])
            .env(CHILD, scratch.path())
            .envs([("TZ", zone), ("LC_ALL", locale), ("LANG", locale)])
            .current_dir(directory)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let root = text.split_once("root ").map(|(_, rest)| rest[..64].to_owned());
        root.unwrap_or_else(|| panic!("{text}"))
    });

    let here = Recorded::of(scratch.path(), &SnapOptions::default()).taken.root.to_string();
    assert_eq!(roots, [(); 4].map(|()| here.clone()));
}

/// Set for the program that this test runs in other surroundings.
const CHILD: &str = "MARKERBED_TEST_ROOT_OF";
