//! Trees that every system can hold: recorded alike everywhere, and told of.

use std::{
    ffi::OsStr,
    fs::{self, Permissions},
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
    },
};

use crate::support::Desk;

#[test]
fn a_portable_snapshot_is_the_one_of_a_tree_without_modes_and_links() {
    let desk = Desk::with_store();
    desk.write("tree/run", "#!");
    desk.write("tree/d/a", "1");
    desk.write("plain/run", "#!");
    desk.write("plain/d/a", "1");
    fs::set_permissions(desk.path("tree/run"), Permissions::from_mode(0o755)).unwrap();
    symlink("a", desk.path("tree/d/link")).unwrap();
    let plain = desk.root_of("plain");

    let (code, lines) = desk.json("snap", &["snap", "tree", "--portable"]);

    assert_eq!((code, lines[0]["root"].as_str()), (3, Some(plain.as_str())), "{lines:?}");
    assert_eq!(lines[0]["gaps"][0]["path"], "d/link");
    assert_eq!(lines[0]["gaps"][0]["reason"], "symlink");
    let shown = desk.json_of("show", &["show", "tree"]);
    assert_eq!(shown["snapshot"]["rules_document"]["portable"], true, "{shown}");
    let ran = desk.run(&["snap", "plain", "--portable"]);
    assert!(ran.out.starts_with("plain: 0 added, 0 changed, 0 removed"), "other rules: {ran:?}");
    let ran = desk.run(&["snap", "plain", "--portable"]);
    assert!(ran.out.starts_with("plain: nothing has changed"), "{ran:?}");
}

#[test]
fn what_is_sealed_in_a_portable_snapshot_is_the_same_everywhere() {
    let desk = Desk::with_store();
    for (path, bytes) in [("a.key", "1"), ("d/b.key", "2"), ("vault/x", "3"), ("open", "4")] {
        desk.write(&format!("tree/{path}"), bytes);
        desk.write(&format!("plain/{path}"), bytes);
        let mode = Permissions::from_mode(0o755);
        fs::set_permissions(desk.path(&format!("tree/{path}")), mode).unwrap();
    }
    symlink("a.key", desk.path("tree/link.key")).unwrap();
    symlink("x", desk.path("tree/vault/link")).unwrap();
    let options = ["--portable", "--seal", "*.key", "--seal", "vault"];

    let (code, lines) = desk.json("snap", &[&["snap", "tree"][..], &options].concat());
    let plain = desk.json_of("snap", &[&["snap", "plain"][..], &options].concat());
    let by_modes = desk.json_of("snap", &["snap", "plain", "--seal", "*.key", "--seal", "vault"]);
    let (_, unportable) = desk.json("snap", &["snap", "tree"]);

    assert_eq!((code, &lines[0]["root"]), (3, &plain["root"]), "{lines:?}");
    let gaps = lines[0]["gaps"].as_array().unwrap().iter();
    let gaps: Vec<_> = gaps.map(|gap| [&gap["path"], &gap["reason"]]).collect();
    assert_eq!(gaps, [["link.key", "symlink"], ["vault/link", "symlink"]]);
    assert_eq!((&lines[0]["sealed"], &plain["sealed"]), (&4.into(), &4.into()));
    assert_eq!(by_modes["root"], plain["root"], "nothing is executable in it");
    assert_ne!(unportable[0]["root"], plain["root"], "sealed files are executable");
    desk.ok(&["check", "--read-data"]);
}

#[test]
fn status_names_what_another_system_cannot_hold() {
    let desk = Desk::with_store();
    for name in ["README", "readme", "caf\u{e9}", "cafe\u{301}", "con.txt", "a:b", "dot.", "fine"] {
        desk.write(&format!("tree/d/{name}"), "x");
    }
    desk.write("tree/other/README", "x");
    symlink("fine", desk.path("tree/link")).unwrap();
    fs::write(desk.path("tree").join(OsStr::from_bytes(b"\xff")), "x").unwrap();
    desk.run(&["snap", "tree", "--portable"]);

    let (code, lines) = desk.json("status", &["status", "tree", "--portable", "--exit-code"]);
    let ran = desk.run(&["status", "tree", "--portable"]);

    let found: Vec<[&str; 2]> = lines[0]["unfit"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| {
            let path = name.get("path").unwrap_or(&name["path_b64"]);
            [path, &name["code"]].map(|member| member.as_str().unwrap())
        })
        .collect();
    let expected = [
        ["link", "symlink"],
        ["/w==", "not-utf8"],
        ["d/a:b", "character"],
        ["d/caf\u{e9}", "twin"],
        ["d/con.txt", "device-name"],
        ["d/dot.", "ending"],
        ["d/readme", "twin"],
    ];
    assert_eq!(found, expected, "{lines:?}");
    assert_eq!(lines[0]["unfit_count"], 7);
    assert_eq!(lines[0]["unfit"][6]["twin"], "d/README");
    assert_eq!((code, ran.code), (3, 3), "a symlink is a gap");
    assert!(ran.out.contains("7 names that another system cannot hold\n"), "{ran:?}");
    assert!(ran.out.contains("\nunfit  d/readme: it is the same as d/README there\n"), "{ran:?}");
}

#[test]
fn with_an_exit_code_an_unfit_name_alone_is_1() {
    let desk = Desk::with_store();
    desk.write("tree/nul", "x");
    desk.write("fit/a", "x");
    desk.ok(&["snap", "tree", "fit", "--portable"]);

    assert_eq!(desk.run(&["status", "tree", "--portable"]).code, 0);
    assert_eq!(desk.run(&["status", "tree", "--portable", "--exit-code"]).code, 1);
    assert_eq!(desk.run(&["status", "fit", "--portable", "--exit-code"]).code, 0);
    let ran = desk.run(&["status", "fit", "--portable"]);
    assert!(ran.out.ends_with("0 names that another system cannot hold\n"), "{ran:?}");
    let plain = desk.json_of("status", &["status", "tree"]);
    assert!(plain.get("unfit").is_none() && plain.get("unfit_count").is_none(), "{plain}");
}
