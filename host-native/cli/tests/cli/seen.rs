//! What was seen before counts only for the store that it was seen for.

use std::{fs, process::Command, thread::sleep, time::Duration};

use crate::support::Desk;

#[test]
fn a_store_that_was_put_back_to_an_older_copy_is_given_everything() {
    let desk = Desk::with_store();
    desk.write("tree/d/a", "1");
    desk.write("tree/b", "2");
    grow_old();
    desk.ok(&["snap", "tree"]);
    copy(&desk, ".markerbed", "older");
    desk.write("tree/c", "3");
    grow_old();
    let root = desk.root_of("tree");
    copy(&desk, ".markerbed/seen", "seen");

    fs::remove_dir_all(desk.path(".markerbed")).unwrap();
    fs::rename(desk.path("older"), desk.path(".markerbed")).unwrap();
    fs::remove_dir_all(desk.path(".markerbed/seen")).unwrap();
    fs::rename(desk.path("seen"), desk.path(".markerbed/seen")).unwrap();

    assert_eq!(desk.root_of("tree"), root);
    assert_eq!(desk.ok(&["cat", "tree:c"]), "3");
    desk.ok(&["check", "--read-data"]);
}

#[test]
fn the_same_is_found_with_what_was_seen_and_without() {
    let desk = Desk::with_store();
    desk.write("tree/d/a", "1");
    desk.write("tree/b", "2");
    grow_old();
    let first = desk.root_of("tree");
    assert!(desk.path(".markerbed/seen").is_dir());
    desk.write("tree/b", "3");

    let status = |more: &[&'static str]| {
        let answer = desk.json_of("status", &[&["status", "tree"], more].concat());
        (answer["root"].clone(), answer["changes"].clone())
    };
    let (known, read) = (status(&[]), status(&["--rehash"]));
    let second = desk.root_of("tree");

    assert_ne!(first, second);
    assert_eq!(known, read);
    assert_eq!(known.0, second);
    let again = desk.json_of("snap", &["snap", "tree", "--rehash"]);
    assert_eq!((&again["root"], &again["recorded"]), (&second.into(), &false.into()));
}

fn copy(desk: &Desk, from: &str, to: &str) {
    let copied = Command::new("cp").arg("-a").arg(desk.path(from)).arg(desk.path(to)).status();
    assert!(copied.unwrap().success());
}

/// Waits until what there is can be told from what comes.
fn grow_old() {
    sleep(Duration::from_millis(150));
}
