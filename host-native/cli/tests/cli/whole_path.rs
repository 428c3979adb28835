//! From an empty directory to a proof and back.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    process::Command,
};

use serde_json::json;

use crate::support::Desk;

/// A desk with a store and a small directory `notes`, of which one snapshot was taken.
fn desk_with_notes() -> Desk {
    let desk = Desk::with_store();
    desk.write("notes/plan.md", "Water the plants.\n");
    desk.write("notes/ideas/garden.md", "A bed of marker stones.\n");
    desk.write("notes/.hidden", "");
    desk.write("notes/water.sh", "echo watered\n");
    fs::set_permissions(desk.path("notes/water.sh"), Permissions::from_mode(0o755)).unwrap();
    symlink("../nowhere", desk.path("notes/latest")).unwrap();
    fs::create_dir(desk.path("notes/empty")).unwrap();
    desk.ok(&["snap", "notes", "-m", "first"]);
    desk
}

#[test]
fn init_says_where_the_store_and_the_key_are() {
    let desk = Desk::new();

    let made = desk.json_of("init", &["init", "project"]);

    assert_eq!(made["store"], "project/.markerbed");
    let key = fs::read_to_string(made["key"].as_str().unwrap()).unwrap();
    assert!(key.contains(made["workspace"].as_str().unwrap()));
    assert!(key.contains(made["public_key"].as_str().unwrap()));
    let named = desk.json_of("init", &["init", "--store", "elsewhere", "--key", "my.key"]);
    assert_eq!((&named["store"], &named["key"]), (&json!("elsewhere"), &json!("my.key")));
    desk.write("tree/f", "1");
    desk.ok(&["snap", "tree", "--store", "elsewhere", "--key", "my.key"]);
}

#[test]
fn all_digits_of_an_id_show_what_it_is() {
    let desk = desk_with_notes();
    let shown = desk.json_of("show", &["show", "@"]);
    let text = |name: &str| shown["snapshot"][name].as_str().unwrap();

    let root = desk.json_of("show", &["show", text("root")]);
    let rules = desk.json_of("show", &["show", text("rules")]);
    let again = desk.json_of("show", &["show", text("id")]);

    assert_eq!(root["node"]["kind"], "directory");
    assert!(rules["content"]["size"].as_u64().unwrap() > 50);
    assert_eq!(again, shown);
}

#[test]
#[should_panic(expected = "surplus")]
fn an_answer_with_a_member_that_is_not_published_fails_its_schema() {
    crate::support::check_schema(
        "version",
        &json!({"version": "1", "format": 1, "tool": "x", "surplus": true}),
    );
}

#[test]
fn what_was_recorded_is_listed_shown_and_read() {
    let desk = desk_with_notes();

    let (_, listed) = desk.json("ls", &["ls", "-R"]);
    let shown = desk.json_of("show", &["show", "@"]);
    let node = desk.json_of("show", &["show", "@:water.sh"]);
    let read = desk.json_of("cat", &["cat", "@:plan.md"]);

    let paths: Vec<&str> = listed.iter().map(|line| line["path"].as_str().unwrap()).collect();
    let expected =
        [".hidden", "empty", "ideas", "ideas/garden.md", "latest", "plan.md", "water.sh"];
    assert_eq!(paths, expected);
    assert_eq!(listed[4]["target"], "../nowhere");
    assert_eq!(listed[2]["below"], json!({"nodes": 1, "files": 1, "bytes": 24}));
    assert_eq!(shown["snapshot"]["source"], "notes");
    assert_eq!(shown["snapshot"]["evidence_document"]["message"], "first");
    assert_eq!(shown["snapshot"]["coverage"], "complete");
    assert_eq!(node["node"]["executable"], true);
    assert_eq!(read["text"], "Water the plants.\n");
    assert_eq!(desk.ok(&["cat", "@:ideas/garden.md"]), "A bed of marker stones.\n");
    assert_eq!(desk.ok(&["ls", "@:ideas"]), "garden.md\n");
    assert_eq!(desk.ok(&["ls"]), ".hidden\nempty/\nideas/\nlatest\nplan.md\nwater.sh\n");
}

#[test]
fn a_second_snapshot_of_the_same_writes_nothing() {
    let desk = desk_with_notes();
    let before = desk.ok(&["log"]);

    let again = desk.json_of("snap", &["snap", "notes"]);

    assert_eq!(again["recorded"], false);
    assert_eq!(desk.ok(&["log"]), before);
    let recorded = desk.json_of("snap", &["snap", "notes", "--record"]);
    assert_eq!((&recorded["recorded"], &recorded["number"]), (&json!(true), &json!(2)));
    assert_eq!(recorded["root"], again["root"]);
}

#[test]
fn what_changed_is_found_by_status_snap_and_diff_alike() {
    let desk = desk_with_notes();
    desk.write("notes/plan.md", "Pick the beans.\n");
    desk.write("notes/new.md", "new");
    fs::remove_file(desk.path("notes/.hidden")).unwrap();
    fs::rename(desk.path("notes/ideas/garden.md"), desk.path("notes/ideas/stones.md")).unwrap();
    fs::set_permissions(desk.path("notes/water.sh"), Permissions::from_mode(0o644)).unwrap();
    let log = desk.ok(&["log"]);

    let status = desk.json_of("status", &["status", "notes"]);
    assert_eq!(desk.ok(&["log"]), log, "status writes nothing");
    let snap = desk.json_of("snap", &["snap", "notes"]);
    let (_, diff) = desk.json("diff", &["diff", "@-", "@"]);

    let counts = json!({"added": 1, "changed": 2, "removed": 1, "moved": 1, "complete": true});
    assert_eq!((&status["changes"], &snap["changes"]), (&counts, &counts));
    assert_eq!(status["root"], snap["root"]);
    assert_eq!(status["list"].as_array().unwrap(), &diff);
    let text = "removed  .hidden\nmoved    ideas/garden.md -> ideas/stones.md\n\
                added    new.md\nchanged  plan.md\nmode     water.sh  (not executable)\n";
    assert_eq!(desk.ok(&["diff", "@-", "@"]), text);
    assert_eq!(desk.run(&["diff", "@-", "@", "--exit-code"]).code, 1);
    assert_eq!(desk.run(&["diff", "@", "@", "--exit-code"]).code, 0);
    assert_eq!(desk.run(&["status", "notes", "--exit-code"]).code, 0);
    assert_eq!(desk.run(&["diff", "@-", "@", "--limit", "2"]).code, 3);
}

#[test]
fn a_restored_tree_has_the_root_that_was_recorded() {
    let desk = desk_with_notes();
    let root = desk.root_of("notes");

    let restored = desk.json_of("restore", &["restore", "@", "again"]);
    desk.ok(&["restore", "@:ideas/garden.md", "garden.md"]);

    assert_eq!((&restored["files"], &restored["symlinks"]), (&json!(4), &json!(1)));
    assert_eq!(desk.root_of("again"), root);
    assert_eq!(fs::read_to_string(desk.path("garden.md")).unwrap(), "A bed of marker stones.\n");
}

#[test]
fn a_proof_is_judged_without_a_store() {
    let desk = desk_with_notes();
    let shown = desk.json_of("show", &["show", "@"]);
    let root = shown["snapshot"]["root"].as_str().unwrap();
    let snapshot = shown["snapshot"]["id"].as_str().unwrap();
    desk.json_of("prove", &["prove", "@:plan.md", "-o", "plan.proof"]);
    desk.json_of("prove", &["prove", "@:plan.md", "--blind", "-o", "blind.proof"]);
    desk.json_of("prove", &["prove", "@:ideas/none", "--absent", "-o", "absent.proof"]);
    let elsewhere = Desk::new();
    for proof in ["plan.proof", "blind.proof", "absent.proof"] {
        fs::copy(desk.path(proof), elsewhere.path(proof)).unwrap();
        fs::set_permissions(elsewhere.path(proof), Permissions::from_mode(0o444)).unwrap();
    }

    let judge = |arguments: &[&str]| {
        let (code, lines) = elsewhere.json("verify", arguments);
        let text = |name: &str| lines[0][name].as_str().unwrap_or_default().to_owned();
        (code, text("verdict"), text("claim"))
    };

    let verified = |claim: &str| (0, "verified".to_owned(), claim.to_owned());
    assert_eq!(judge(&["verify", "plan.proof", "--root", root]), verified("present"));
    assert_eq!(judge(&["verify", "plan.proof", "--snapshot", snapshot]), verified("present"));
    assert_eq!(judge(&["verify", "blind.proof", "--root", root]), verified("contained"));
    assert_eq!(judge(&["verify", "absent.proof", "--root", root]), verified("absent"));
    let consistent = (3, "consistent".to_owned(), "present".to_owned());
    assert_eq!(judge(&["verify", "plan.proof"]), consistent);
    assert_eq!(judge(&["verify", "plan.proof", "--root", snapshot]).0, 1);
    assert_eq!(judge(&["verify", "plan.proof", "--snapshot", root]).0, 1);
    let blind = fs::read(desk.path("blind.proof")).unwrap();
    assert!(!blind.windows(5).any(|word| word == b"ideas"), "a blind proof shows no neighbour");
}

#[test]
fn no_flipped_bit_of_a_proof_is_verified() {
    let desk = desk_with_notes();
    let shown = desk.json_of("show", &["show", "@"]);
    let snapshot = shown["snapshot"]["id"].as_str().unwrap();
    desk.ok(&["prove", "@:plan.md", "-o", "plan.proof"]);
    let proof = fs::read(desk.path("plan.proof")).unwrap();

    for (index, _) in proof.iter().enumerate().step_by(7) {
        let mut forged = proof.clone();
        forged[index] ^= 1 << (index % 8);
        desk.write("forged.proof", &forged);

        let ran = desk.run(&["verify", "forged.proof", "--snapshot", snapshot]);

        assert_eq!(ran.code, 1, "byte {index}: {ran:?}");
    }
}

#[test]
fn refs_point_move_and_go() {
    let desk = desk_with_notes();
    desk.write("notes/new.md", "new");
    desk.ok(&["snap", "notes"]);

    let set = desk.json_of("ref-set", &["ref", "set", "release", "@-"]);
    desk.json_of("ref-set", &["ref", "set", "release", "@", "--was", "@-"]);
    let (code, lines) = desk.json("ref-set", &["ref", "set", "release", "@-", "--was", "@-"]);
    let (_, listed) = desk.json("ref-ls", &["ref", "ls"]);
    desk.json_of("ref-set", &["ref", "rm", "release"]);

    assert_eq!(set["number"], 3);
    assert_eq!((code, &lines[0]["error"]["code"]), (11, &json!("ref-moved")));
    let names: Vec<&str> = listed.iter().map(|line| line["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["notes", "release"]);
    assert_eq!(listed[0]["snapshot"], listed[1]["snapshot"]);
    assert_eq!(desk.json("log", &["log"]).1.len(), 6);
}

#[test]
fn who_has_no_grant_writes_nothing() {
    let desk = desk_with_notes();
    let other = "aa".repeat(16);
    let why = |right| desk.json("acl-why", &["acl", "why", &other, right]);
    assert_eq!(why("write").1[0]["decision"], "open");

    let granted = desk.json_of("acl-grant", &["acl", "grant", &other, "reader"]);
    desk.json_of("acl-grant", &["acl", "grant", &other, "writer", "docs/internal"]);
    let (_, listed) = desk.json("acl-ls", &["acl", "ls"]);
    let founder = listed.iter().find(|line| line["number"] == 0).unwrap();
    let founder = founder["agent"].as_str().unwrap().to_owned();
    let (own, _) = desk.json("acl-grant", &["acl", "revoke", &founder]);

    assert_eq!(granted["number"], 2);
    assert_eq!(listed.len(), 3);
    assert_eq!(own, 12);
    assert_eq!(why("read").1[0]["number"], 2);
    assert_eq!((why("write").0, &why("write").1[0]["decision"]), (1, &json!("denied")));
    let (bad, lines) = desk.json("acl-grant", &["acl", "grant", &other, "reader", "a//b"]);
    assert_eq!((bad, &lines[0]["error"]["code"]), (2, &json!("bad-path")));
    desk.json_of("acl-grant", &["acl", "revoke", &other]);
    assert_eq!(desk.run(&["acl", "revoke", &other]).code, 2, "it is gone");
    assert_eq!(why("read").0, 1);
}

#[test]
fn several_paths_are_several_sources() {
    let desk = desk_with_notes();
    desk.write("letters/one.txt", "one");

    let (code, lines) = desk.json("snap", &["snap", "notes", "letters"]);
    let (_, listed) = desk.json("ls", &["ls", "letters"]);

    assert_eq!((code, lines.len()), (0, 2));
    assert_eq!(lines[1]["source"], "letters");
    assert_eq!(listed[0]["path"], "one.txt");
    assert_eq!(desk.run(&["snap", "notes", "./notes"]).code, 2, "both are called the same");
    assert_eq!(desk.run(&["snap", "notes", "letters", "--source", "x"]).code, 2);
}

#[test]
fn rules_leave_out_and_are_recorded() {
    let desk = Desk::with_store();
    desk.write("code/main.rs", "fn main() {}");
    desk.write("code/main.o", "o");
    desk.write("code/notes.tmp", "t");
    desk.write("code/.markerbedignore", "*.o\n");

    let snap = desk.json_of("snap", &["snap", "code", "--exclude", "*.tmp"]);
    let shown = desk.json_of("show", &["show", "code"]);
    let all = desk.json_of("status", &["status", "code", "--no-ignore"]);

    assert_eq!(snap["left_out"], 2);
    let rules = &shown["snapshot"]["rules_document"];
    assert_eq!(rules["exclude"], json!(["*.tmp"]));
    assert_eq!(rules["ignore_files"][0]["path"], ".markerbedignore");
    assert_eq!(all["changes"]["added"], 2);
}

#[test]
fn the_store_is_found_upwards_by_option_and_by_variable() {
    let desk = desk_with_notes();
    fs::create_dir_all(desk.path("far/below")).unwrap();
    let store = desk.path(".markerbed");
    let log = desk.ok(&["log"]);

    let log_of = |program: &mut Command| program.arg("log").output().unwrap();
    let below = log_of(desk.program().current_dir(desk.path("far/below")));
    let variable = log_of(desk.program().current_dir("/").env("MARKERBED_STORE", &store));
    let option = log_of(desk.program().current_dir("/").arg("--store").arg(&store));

    for output in [below, variable, option] {
        assert_eq!(String::from_utf8(output.stdout).unwrap(), log);
    }
}

#[test]
fn check_finds_nothing_wrong_and_then_a_flipped_byte() {
    let desk = desk_with_notes();
    desk.json_of("check", &["check", "--read-data"]);
    let pack = fs::read_dir(desk.path(".markerbed/packs")).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&pack).unwrap();

    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x10;
    fs::write(&pack, damaged).unwrap();

    let (code, lines) = desk.json("check", &["check"]);
    assert_eq!(code, 4, "{lines:?}");
    fs::write(&pack, whole).unwrap();
    desk.ok(&["check"]);
}

#[test]
fn time_that_is_given_is_recorded() {
    let desk = Desk::with_store();
    desk.write("a/f", "1");
    let time = ["--time", "2026-11-21T14:00:00+02:00"];

    let output = desk.program().args(["snap", "a"]).args(time).output().unwrap();
    desk.write("a/f", "2");
    let epoch = desk.program().args(["snap", "a"]).env("SOURCE_DATE_EPOCH", "86400").output();

    assert!(output.status.success() && epoch.unwrap().status.success());
    let (_, log) = desk.json("log", &["log"]);
    assert_eq!(log[1]["time"], "2026-11-21T12:00:00Z");
    assert_eq!(log[0]["time_ms"], 86_400_000);
}
