//! Sealing as users do it: what goes on being sealed, and with which key.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use serde_json::Value;

use crate::support::{Desk, Ran, check_wrong};

#[test]
fn what_is_sealed_goes_on_being_sealed_until_that_is_ended() {
    let (desk, plain) = (desk(), desk());
    let first = desk.json_of("snap", &["snap", "tree", "--seal", "*.key"]);

    let again = desk.json_of("snap", &["snap", "tree"]);
    desk.write("tree/d/new.key", "3");
    let status = desk.json_of("status", &["status", "tree"]);
    let third = desk.json_of("snap", &["snap", "tree"]);
    let more = desk.json_of("snap", &["snap", "tree", "--seal", "open", "--seal", "*.key"]);
    let ended = desk.json_of("snap", &["snap", "tree", "--no-seal"]);
    let after = desk.json_of("snap", &["snap", "tree"]);

    assert_eq!((&first["sealed"], &first["bytes"]), (&2.into(), &4.into()), "{first}");
    assert_eq!((&again["recorded"], &again["root"]), (&false.into(), &first["root"]));
    assert_eq!((&third["sealed"], &third["root"]), (&3.into(), &status["root"]));
    assert_eq!((&more["sealed"], &more["bytes"]), (&4.into(), &0.into()));
    let rules = |back: &str| desk.json_of("show", &["show", back])["snapshot"].take();
    assert_eq!(rules("@-")["rules_document"]["seal"], Value::from(vec!["*.key", "open"]));
    assert_eq!(rules("@")["rules_document"].get("seal"), None);
    plain.write("tree/d/new.key", "3");
    assert_eq!(ended["root"].as_str().unwrap(), plain.root_of("tree"));
    assert_eq!((ended.get("sealed"), &after["recorded"]), (None, &false.into()));
}

#[test]
fn the_key_is_made_once_and_nobody_else_may_read_it() {
    let desk = desk();

    let made = desk.run(&["snap", "tree", "--seal", "*.key"]);
    let again = desk.run(&["snap", "tree", "--seal", "d"]);

    assert!(made.err.contains("made the seal key") && made.out.contains("2 sealed"), "{made:?}");
    assert!(again.err.is_empty(), "{again:?}");
    assert_eq!(fs::metadata(seal_key(&desk)).unwrap().permissions().mode() & 0o7777, 0o600);
    let stored = fs::read_dir(desk.path(".markerbed")).unwrap();
    assert!(stored.flatten().all(|file| !file.file_name().to_string_lossy().contains("seal")));
}

#[test]
fn a_key_that_is_gone_is_not_made_anew_unless_sealing_begins_anew() {
    let desk = desk();
    desk.ok(&["snap", "tree", "--seal", "*.key"]);
    let key = seal_key(&desk);
    let first = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();

    for arguments in [&["snap", "tree"][..], &["status", "tree"], &["snap", "tree", "--seal", "d"]]
    {
        let said = check_wrong(&desk, arguments, 12, "seal-key-missing");
        assert!(said.err.contains("--seal-key") && said.err.contains("--no-seal"), "{said:?}");
    }
    desk.ok(&["snap", "tree", "--no-seal"]);
    check_wrong(&desk, &["snap", "tree", "--seal", "*.key"], 12, "seal-key-missing");
    assert!(!key.exists());
    desk.ok(&["snap", "tree", "--no-seal", "--seal", "*.key"]);

    assert_ne!(fs::read(&key).unwrap(), first);
}

#[test]
fn another_key_is_refused_and_the_right_one_is_found_where_it_is_named() {
    let desk = desk();
    let named = desk.path("other.seal");
    let sealed = desk.json_of("snap", &["snap", "tree", "--seal", "*.key"]);
    let anew = ["snap", "tree", "--no-seal", "--seal", "*.key", "--seal-key", "other.seal"];

    let other = desk.json_of("snap", &anew);
    let refused = check_wrong(&desk, &["snap", "tree"], 12, "seal-key-wrong");
    check_wrong(&desk, &["status", "tree"], 12, "seal-key-wrong");
    let mut by_variable = desk.program();
    by_variable.args(["snap", "tree", "--json"]).env("MARKERBED_SEAL_KEY", &named);
    let by_variable = Ran::of(by_variable.output().unwrap());
    let by_option = desk.json_of("snap", &["snap", "tree", "--seal-key", "other.seal"]);

    assert_ne!(other["root"], sealed["root"]);
    assert!(refused.err.contains("another salt"), "{refused:?}");
    let by_variable: Value = serde_json::from_str(&by_variable.out).unwrap();
    assert_eq!((&by_variable["root"], &by_option["root"]), (&other["root"], &other["root"]));
    assert_eq!(by_option["recorded"], false);
}

#[test]
fn a_key_that_is_none_or_of_another_workspace_is_refused() {
    let (desk, other) = (desk(), desk());
    for desk in [&desk, &other] {
        desk.ok(&["snap", "tree", "--seal", "*.key"]);
    }
    let key = seal_key(&desk);
    let whole = fs::read_to_string(&key).unwrap();
    let mut tried = 0;

    fs::write(&key, fs::read(seal_key(&other)).unwrap()).unwrap();
    check_wrong(&desk, &["snap", "tree"], 12, "key-foreign");
    for at in (0..whole.len()).step_by(7) {
        let mut flipped = whole.clone().into_bytes();
        flipped[at] ^= 1;
        for bytes in [flipped, whole.as_bytes()[..at].to_vec()] {
            fs::write(&key, bytes).unwrap();
            let ran = desk.run(&["snap", "tree"]);
            assert_eq!(ran.code, 12, "{ran:?}");
            tried += 1;
        }
    }
    fs::write(&key, &whole).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    check_wrong(&desk, &["snap", "tree"], 12, "key-exposed");

    assert!(tried > 40, "{tried}");
}

#[test]
fn what_is_sealed_is_listed_without_size_and_comes_back_whole() {
    let desk = desk();
    desk.ok(&["snap", "tree", "--seal", "*.key", "--seal", "d"]);

    let listed = desk.ok(&["ls", "-lR", "tree"]);
    let (_, lines) = desk.json("ls", &["ls", "-R", "tree"]);
    desk.ok(&["restore", "tree", "back"]);
    desk.ok(&["prove", "tree:a.key", "-o", "proof"]);
    let root = desk.json_of("status", &["status", "tree"])["root"].take();
    let verified = desk.json_of("verify", &["verify", "proof", "--root", root.as_str().unwrap()]);

    assert!(listed.contains("sealed file") && listed.contains("sealed directory"), "{listed}");
    let kinds: Vec<_> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["sealed file", "sealed directory", "sealed file", "file"]);
    for line in lines.iter().filter(|line| line["kind"] == "sealed file") {
        assert!(line.get("size").or(line.get("content")).or(line.get("executable")).is_none());
    }
    assert_eq!(fs::read(desk.path("back/d/a.key")).unwrap(), b"22");
    assert_eq!(desk.ok(&["cat", "tree:d/a.key"]), "22");
    assert_eq!(verified["verdict"], "verified");
    assert_eq!(desk.json_of("check", &["check", "--read-data"])["health"], "sound");
    assert!(desk.ok(&["status", "tree"]).contains("nothing has changed"));
    desk.write("tree/d/a.key", "other");
    desk.ok(&["snap", "tree"]);
    let changed = desk.ok(&["diff", "@-", "@"]);
    assert!(changed.contains("d/a.key"), "{changed}");
}

#[test]
fn what_is_not_held_of_a_sealed_file_is_told_without_its_digest() {
    let desk = desk();
    desk.ok(&["snap", "tree", "--seal", "*.key", "--no-contents"]);
    let has_digest = |path: &str| {
        let said = check_wrong(&desk, &["cat", path], 3, "missing-content");
        said.err.split(|letter: char| !letter.is_ascii_hexdigit()).any(|word| word.len() == 64)
    };

    assert!(has_digest("tree:open"));
    assert!(!has_digest("tree:a.key"));
}

#[test]
fn sums_of_bytes_are_the_same_however_large_sealed_files_are() {
    let sums = |size: usize| {
        let desk = desk();
        desk.write("tree/d/a.key", vec![7; size]);
        desk.ok(&["snap", "tree", "--seal", "*.key"]);
        let restored = desk.json_of("restore", &["restore", "tree", "back"]);
        let check = desk.json_of("check", &["check", "--read-data"]);
        assert_eq!(fs::read(desk.path("back/d/a.key")).unwrap().len(), size);
        (restored["bytes"].clone(), check["bytes_read"].clone())
    };

    assert_eq!(sums(1), sums(3 << 20));
    assert_eq!(sums(1).0, 4);
}

fn desk() -> Desk {
    let desk = Desk::with_store();
    desk.write("tree/a.key", "1");
    desk.write("tree/d/a.key", "22");
    desk.write("tree/open", "4444");
    desk
}

/// Where the seal key of the desk's workspace is.
fn seal_key(desk: &Desk) -> PathBuf {
    let folder = desk.here.parent().unwrap().join("keys/markerbed");
    let mut files = fs::read_dir(folder).unwrap().flatten().map(|file| file.path());
    files.find(|path| path.extension().is_some_and(|last| last == "seal")).unwrap()
}
