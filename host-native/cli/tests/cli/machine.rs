//! A machine that refuses, fills up or is busy: said in one line, and nothing is lost.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use crate::support::{Desk, Ran, check_told, check_wrong, desk_with_snapshot};

#[test]
fn a_full_disk_loses_nothing() {
    let desk = Desk::new();
    let disk = desk.path("disk");
    fs::create_dir(&disk).unwrap();
    if !mount(&disk, "size=1m") {
        return;
    }
    let _mounted = Mounted(&disk);
    let store = disk.join("store");
    let store = ["--store", store.to_str().unwrap()];
    let with_store = |arguments: &[&'static str]| [arguments, &store].concat();
    desk.write("small/f", "kept");
    desk.ok(&with_store(&["init"]));
    desk.ok(&with_store(&["snap", "small"]));
    let log = desk.ok(&with_store(&["log"]));
    desk.write("large/f", noise(3 << 20));

    let ran = check_wrong(&desk, &with_store(&["snap", "large"]), 4, "store-full");

    assert!(ran.err.contains("no space left; make room and try again"), "{ran:?}");
    assert_eq!(desk.ok(&with_store(&["log"])), log);
    assert_eq!(desk.ok(&with_store(&["cat", "small:f"])), "kept");
    desk.ok(&with_store(&["check", "--read-data"]));
    desk.write("small/g", "goes on");
    desk.ok(&with_store(&["snap", "small"]));
}

#[test]
fn what_is_on_another_file_system_is_left_out_if_asked_for() {
    let desk = Desk::with_store();
    desk.write("tree/f", "1");
    desk.write("same/f", "1");
    let other = desk.path("tree/other");
    fs::create_dir_all(&other).unwrap();
    fs::create_dir_all(desk.path("same/other")).unwrap();
    if !mount(&other, "size=1m") {
        return;
    }
    let _mounted = Mounted(&other);
    desk.write("tree/other/g", "2");

    let all = desk.json_of("snap", &["snap", "tree"]);
    let one = desk.json_of("snap", &["snap", "tree", "--one-file-system"]);
    let status = desk.json_of("status", &["status", "tree", "--one-file-system"]);

    assert_eq!((&all["nodes"], &all["left_out"]), (&3.into(), &0.into()));
    assert_eq!(one["left_out"], 1, "{one}");
    assert_eq!(status["root"], one["root"]);
    assert_eq!(desk.ok(&["ls", "-R", "@"]), "f\n");
    let shown = desk.json_of("show", &["show", "@"]);
    assert_eq!(shown["snapshot"]["rules_document"]["one_file_system"], true, "{shown}");
}

#[test]
fn what_the_system_refuses_is_named() {
    let desk = desk_with_snapshot();
    desk.write("closed/f", "1");
    desk.write("tree/closed", "1");
    for path in ["closed", "tree/closed"] {
        fs::set_permissions(desk.path(path), Permissions::from_mode(0o000)).unwrap();
    }
    let Some(user) = Nobody::at(&desk) else { return };

    let gap = user.run(&["snap", "tree"]);
    let directory = user.run(&["snap", "closed"]);
    let file = user.run(&["verify", "tree/closed"]);
    fs::set_permissions(desk.path(".markerbed"), Permissions::from_mode(0o000)).unwrap();
    let store = user.run(&["log"]);

    assert_eq!(gap.code, 3, "{gap:?}");
    assert!(gap.err.contains("not recorded: closed: the system refused"), "{gap:?}");
    check_told(&directory, 4);
    assert!(directory.err.contains("closed: permission denied"), "{directory:?}");
    check_told(&file, 4);
    check_told(&store, 4);
    assert!(store.err.contains("permission denied by the system; make it readable"), "{store:?}");
}

#[test]
fn a_second_writer_is_told_to_try_again() {
    let desk = desk_with_snapshot();
    let lock = File::options().write(true).open(desk.path(".markerbed/lock")).unwrap();
    assert_ne!(flock(&lock, FlockOperation::NonBlockingLockExclusive), Err(Errno::WOULDBLOCK));

    let ran = check_wrong(&desk, &["snap", "tree", "--record"], 11, "store-busy");

    assert!(ran.err.contains("another process is writing"), "{ran:?}");
    desk.ok(&["log"]);
    drop(lock);
    desk.ok(&["snap", "tree", "--record"]);
}

/// Mounts a disk in memory; says so if the system does not let this be.
fn mount(place: &Path, options: &str) -> bool {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(place);
    let is_mounted = mount.output().is_ok_and(|output| output.status.success());
    if !is_mounted {
        eprintln!("skipped: the system does not let this test mount a small disk");
    }
    is_mounted
}

/// A mounted disk, which goes with the test.
struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

/// Somebody to whom the system refuses what it refuses: not root.
struct Nobody<'a> {
    desk: &'a Desk,
    is_root: bool,
}

impl<'a> Nobody<'a> {
    /// None, and a word of it, if there is no way not to be root.
    fn at(desk: &'a Desk) -> Option<Self> {
        let is_root = rustix::process::geteuid().is_root();
        if !is_root {
            return Some(Self { desk, is_root });
        }
        let scratch = desk.here.parent().unwrap();
        let given = Command::new("chown").args(["-R", NOBODY]).arg(scratch).status();
        let mut tried = Command::new("setpriv");
        let tried = tried.args(SETPRIV).arg(env!("CARGO_BIN_EXE_markerbed")).arg("version");
        let can = given.is_ok_and(|status| status.success())
            && tried.output().is_ok_and(|output| output.status.success());
        if !can {
            eprintln!("skipped: root is refused nothing, and cannot become somebody else here");
        }
        can.then_some(Self { desk, is_root })
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut program = match self.is_root {
            true => {
                let mut program = self.desk.dressed(Command::new("setpriv"));
                program.args(SETPRIV).arg(env!("CARGO_BIN_EXE_markerbed"));
                program
            }
            false => self.desk.program(),
        };
        Ran::of(program.args(arguments).output().unwrap())
    }
}

const NOBODY: &str = "65534:65534";

const SETPRIV: [&str; 3] = ["--reuid=65534", "--regid=65534", "--clear-groups"];

/// Bytes that cannot be compressed.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..count).map(|_| next()).collect()
}
