//! Modes, times and owners, from the command line.

use std::{
    fs::{self, File, FileTimes},
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    thread,
    time::{Duration, UNIX_EPOCH},
};

use rustix::{
    fs::{XattrFlags, lsetxattr},
    io::Errno,
};
use serde_json::Value;

use crate::support::{Desk, Ran, has_strace};

/// A desk with a store and a source whose file has a mode and a time.
fn desk() -> Desk {
    let desk = Desk::with_store();
    desk.write("s/f", "x");
    fs::set_permissions(desk.path("s/f"), fs::Permissions::from_mode(0o640)).unwrap();
    let time = UNIX_EPOCH + Duration::new(981_173_106, 789_012_345);
    let file = File::open(desk.path("s/f")).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
    desk
}

#[test]
fn a_changed_mode_is_told_by_status_and_recorded_under_the_same_root() {
    let desk = desk();
    let before = desk.json_of("snap", &["snap", "s"]);
    fs::set_permissions(desk.path("s/f"), fs::Permissions::from_mode(0o600)).unwrap();

    let status = desk.run(&["status", "s", "--exit-code"]);
    let after = desk.json_of("snap", &["snap", "s"]);
    let again = desk.json_of("snap", &["snap", "s"]);

    assert_eq!(status.code, 1);
    assert!(
        status.out.contains("modes, times, owners or extended attributes differ"),
        "{status:?}"
    );
    assert_eq!(after["root"], before["root"]);
    assert_ne!(after["attributes"], before["attributes"]);
    assert_eq!(after["attributes_changed"], true);
    let diff = desk.run(&["diff", "@-", "@", "--exit-code"]);
    assert_eq!((diff.code, diff.out.as_str()), (0, ""));
    assert!(diff.err.contains("only modes, times, owners"), "{diff:?}");
    assert_eq!((&after["recorded"], &again["recorded"]), (&true.into(), &false.into()));
}

#[test]
fn show_tells_what_the_system_said_of_a_file() {
    let desk = desk();
    desk.ok(&["snap", "s"]);

    let text = desk.ok(&["show", "@:f"]);
    let shown = desk.json_of("show", &["show", "@:f"]);

    assert!(text.contains("mode        0640"), "{text}");
    assert!(text.contains("modified    2001-02-03T04:05:06.789Z"), "{text}");
    let attributes = &shown["node"]["attributes"];
    assert_eq!(attributes["modified"]["nanoseconds"], 789_012_345);
    assert_eq!(attributes["uid"], fs::metadata(desk.path("s/f")).unwrap().uid());
}

#[test]
fn restore_puts_them_back_or_leaves_them_if_told_to() {
    let desk = desk();
    desk.ok(&["snap", "s"]);

    desk.ok(&["restore", "@", "with"]);
    desk.ok(&["restore", "@", "without", "--no-attributes"]);
    desk.ok(&["restore", "@:f", "alone", "--no-owner"]);

    let found = |path: &str| {
        let found = fs::metadata(desk.path(path)).unwrap();
        (found.mode() & 0o7777, found.mtime(), found.mtime_nsec())
    };
    let was = (0o640, 981_173_106, 789_012_345);
    assert_eq!([found("with/f"), found("alone")], [was; 2]);
    assert_ne!(found("without/f").1, was.1);
    assert_eq!(desk.json_of("snap", &["snap", "with", "--source", "s"])["recorded"], false);
}

#[test]
fn without_attributes_a_snapshot_has_none_and_says_so() {
    let desk = desk();
    let with = desk.json_of("snap", &["snap", "s"]);

    let without = desk.json_of("snap", &["snap", "s", "--no-attributes"]);

    assert_eq!(without["root"], with["root"]);
    assert!(without.get("attributes").is_none() && without["recorded"] == true);
    assert!(desk.json_of("show", &["show", "@:f"])["node"].get("attributes").is_none());
    let again = desk.json_of("snap", &["snap", "s"]);
    assert_eq!(again["attributes"], with["attributes"]);
}

#[test]
fn an_extended_attribute_that_cannot_be_read_is_a_gap_until_it_can() {
    let desk = Desk::with_store();
    for path in ["plain", "file", "d/file", "sealed"] {
        desk.write(&format!("tree/{path}"), "x");
    }
    desk.write("tree/large", vec![7; 3 << 20]);
    symlink("plain", desk.path("tree/link")).unwrap();
    let set = |path: &str, name: &str| {
        lsetxattr(desk.path(&format!("tree/{path}")), name, b"value", XattrFlags::empty())
    };
    if set("file", "user.note") == Err(Errno::OPNOTSUPP) || !has_strace() {
        return;
    }
    for path in ["", "d", "d/file", "large", "sealed"] {
        set(path, "user.note").unwrap();
    }
    // Only the superuser gives one to a symlink.
    let is_link_named = set("link", "trusted.note").is_ok();
    // Old enough to be known again.
    thread::sleep(Duration::from_millis(150));
    let snap = ["snap", "tree", "--seal", "sealed", "--json"];
    let named = |ran: &Ran| {
        let answer: Value = serde_json::from_str(&ran.out).unwrap();
        let gaps = answer["gaps"].as_array().unwrap().iter();
        let named = gaps.map(|gap| (gap["path"].clone(), gap["reason"].clone())).collect();
        (ran.code, answer["nodes"].clone(), named)
    };

    let refused = desk.under_strace(&NO_VALUES, &snap);
    let again = desk.under_strace(&NO_VALUES, &snap);
    let after = desk.json_of("snap", &["snap", "tree"]);

    let mut expected: Vec<(Value, Value)> = ["", "d", "d/file", "file", "large", "link"]
        .map(|path| (path.into(), "attributes".into()))
        .into();
    expected.retain(|(path, _)| is_link_named || path != "link");
    assert_eq!(named(&refused), (3, 7.into(), expected), "{refused:?}");
    assert_eq!(named(&again), named(&refused), "{again:?}");
    assert!(refused.err.contains("file: an extended attribute of it cannot be read"));
    assert_eq!(after["gaps"].as_array().unwrap().len(), 0, "{after}");
    assert_eq!((&after["recorded"], &after["attributes_changed"]), (&true.into(), &true.into()));
    assert!(desk.ok(&["show", "tree:file"]).contains("user.note"));
    desk.ok(&["check", "--read-data"]);
}

/// No value of an extended attribute may be read, only its name.
const NO_VALUES: [&str; 4] =
    ["-e", "trace=fgetxattr,lgetxattr", "-e", "inject=fgetxattr,lgetxattr:error=EACCES"];
