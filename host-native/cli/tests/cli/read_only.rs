//! With `--read-only` nothing of a store is touched, also where it could not be.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{Desk, check_wrong, desk_with_snapshot};

const READING: &[&[&str]] = &[
    &["status", "tree"],
    &["log"],
    &["show", "@"],
    &["ls", "@"],
    &["cat", "@:f"],
    &["diff", "@-", "@"],
    &["prove", "@:f"],
    &["check", "--read-data"],
    &["check", "--index"],
    &["ref", "ls"],
];

const WRITING: &[&[&str]] = &[
    &["snap", "tree"],
    &["snap", "tree", "--record"],
    &["ref", "set", "name", "@"],
    &["ref", "rm", "tree"],
    &["repair", "--rebuild-index"],
];

fn desk_with_two_snapshots() -> Desk {
    let desk = desk_with_snapshot();
    desk.write("tree/g", "more");
    desk.ok(&["snap", "tree"]);
    desk
}

/// Runs every command, those that read with an extra target for what they make.
fn check_all(desk: &Desk) {
    for (number, arguments) in READING.iter().enumerate() {
        let mut arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
        if arguments[0] == "prove" {
            arguments.extend(["-o".to_owned(), format!("proof {number}")]);
        }
        arguments.push("--read-only".to_owned());
        desk.ok(&arguments);
    }
    desk.ok(&["restore", "@", "target", "--read-only"]);
    for arguments in WRITING {
        let arguments = [arguments, &["--read-only"][..]].concat();
        let ran = check_wrong(desk, &arguments, 12, "store-read-only");
        assert!(ran.err.contains("leave out --read-only"), "{ran:?}");
    }
}

#[test]
fn nothing_of_the_store_is_touched() {
    let desk = desk_with_two_snapshots();
    let before = stamps(&desk.path(".markerbed"));

    check_all(&desk);

    assert_eq!(stamps(&desk.path(".markerbed")), before);
    check_wrong(&desk, &["init", "other", "--read-only"], 12, "store-read-only");
    assert!(!desk.path("other").exists());
    desk.ok(&["snap", "tree", "--record"]);
    assert_ne!(
        stamps(&desk.path(".markerbed")),
        before,
        "a stamp shows that something was written"
    );
}

#[test]
fn a_store_that_cannot_be_written_is_read() {
    let desk = desk_with_two_snapshots();
    let store = desk.path(".markerbed");
    let _medium = ReadOnlyMedium::of(&store);
    assert!(fs::write(store.join("new"), "x").is_err(), "it can be written");

    check_all(&desk);

    let ran = desk.run(&["snap", "tree", "--record"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert!(ran.err.contains("permission denied"), "{ran:?}");
}

/// What would show that a file was touched, of every file and directory.
fn stamps(root: &Path) -> BTreeMap<PathBuf, [i64; 7]> {
    let mut stamps = BTreeMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(path) = waiting.pop() {
        let found = path.symlink_metadata().unwrap();
        if found.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        let [inode, size, mode] =
            [found.ino(), found.size(), u64::from(found.mode())].map(|number| number as i64);
        let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
        let [a, b, c, d] = times;
        stamps.insert(path, [inode, size, mode, a, b, c, d]);
    }
    stamps
}

/// Makes a directory one that nobody writes to: mounted so, or by its modes where this is not root.
struct ReadOnlyMedium<'a> {
    path: &'a Path,
    is_mounted: bool,
}

impl<'a> ReadOnlyMedium<'a> {
    fn of(path: &'a Path) -> Self {
        let mount = |options: &[&str]| {
            let ended = Command::new("mount").args(options).arg(path).output();
            ended.is_ok_and(|output| output.status.success())
        };
        let bind = path.to_str().unwrap();
        let is_mounted = mount(&["--bind", bind]) && mount(&["-o", "remount,ro,bind"]);
        let medium = Self { path, is_mounted };
        if !is_mounted {
            medium.set_modes(0o222, 0);
        }
        medium
    }

    fn set_modes(&self, cleared: u32, set: u32) {
        for path in stamps(self.path).into_keys() {
            let mode = path.metadata().unwrap().permissions().mode();
            fs::set_permissions(path, Permissions::from_mode(mode & !cleared | set)).unwrap();
        }
    }
}

impl Drop for ReadOnlyMedium<'_> {
    fn drop(&mut self) {
        if self.is_mounted {
            let _ = Command::new("umount").arg("-l").arg(self.path).status();
        } else {
            self.set_modes(0, 0o200);
        }
    }
}
