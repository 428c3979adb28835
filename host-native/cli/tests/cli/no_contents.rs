//! Hashes without contents: the same root, and said wherever a content is wanted.

use crate::support::{Desk, check_wrong};

#[test]
fn a_snapshot_without_contents_has_the_same_root_and_says_what_it_does_not_hold() {
    let (desk, other) = (Desk::with_store(), Desk::with_store());
    for desk in [&desk, &other] {
        desk.write("tree/a", "61");
        desk.write("tree/d/b", vec![7; 3 << 20]);
    }

    let hashed = desk.json_of("snap", &["snap", "tree", "--no-contents"]);

    assert_eq!(hashed["root"], other.root_of("tree"));
    assert_eq!(hashed["contents_kept"], false);
    let said = check_wrong(&desk, &["cat", "tree:a"], 3, "missing-content");
    assert!(said.err.contains("its content"), "{said:?}");
    let restored = desk.run(&["restore", "tree", "back"]);
    assert_eq!(restored.code, 3, "{restored:?}");
    let check = desk.json_of("check", &["check", "--read-data"]);
    let counts =
        [&check["snapshots_hashed"], &check["contents_not_held"], &check["findings_total"]];
    assert_eq!(counts, [1, 2, 0], "{check}");
    assert!(desk.ok(&["check"]).contains("2 contents are not held"));
    assert!(desk.ok(&["show", "tree"]).contains("hashed and not kept"));
}

#[test]
fn contents_that_were_only_hashed_are_kept_by_the_next_snapshot() {
    let desk = Desk::with_store();
    desk.write("tree/a", "61");
    std::thread::sleep(std::time::Duration::from_millis(150));
    let hashed = desk.json_of("snap", &["snap", "tree", "--no-contents"]);

    let kept = desk.json_of("snap", &["snap", "tree"]);
    let again = desk.json_of("snap", &["snap", "tree", "--no-contents"]);

    assert_eq!(hashed["root"], kept["root"]);
    assert_eq!((&kept["recorded"], &kept["contents_kept"]), (&true.into(), &true.into()));
    assert_eq!(again["recorded"], false, "the newest snapshot says more");
    assert_eq!(desk.ok(&["cat", "tree:a"]), "61");
    assert_eq!(desk.json_of("check", &["check"])["contents_not_held"], 0);
}
