//! Checkpoints, keys, and proofs that stand on them; a fork and a rollback are found.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{Desk, copy};

#[test]
fn an_entry_is_proven_to_whoever_has_the_key_and_nothing_else() {
    let desk = desk();
    let note = desk.ok(&["checkpoint"]);
    let key = key_of(&desk);
    desk.ok(&["prove", "--entry", "1", "-o", "entry.tlog-proof"]);
    let auditor = Desk::new();
    fs::copy(desk.path("entry.tlog-proof"), auditor.path("proof")).unwrap();

    let verified = auditor.json_of("verify-ledger", &["verify", "proof", "--trust", &key]);
    let unknown = auditor.json("verify-ledger", &["verify", "proof"]);

    assert_eq!((&verified["verdict"], &verified["kept"]), (&"verified".into(), &"first".into()));
    assert_eq!(verified["entry"]["operation"], "snapshot committed");
    assert_eq!(unknown.0, 3);
    assert_eq!(note.lines().count(), 5, "{note}");
    assert!(fs::read_to_string(auditor.path("proof")).unwrap().ends_with(&note));
}

#[test]
fn a_checkpoint_of_nothing_new_is_the_same_again() {
    let desk = desk();
    let note = desk.ok(&["checkpoint"]);

    let again = desk.ok(&["checkpoint"]);
    let (_, listed) = desk.json("checkpoint", &["checkpoint", "ls"]);

    assert_eq!(note, again);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["note"], note.as_str());
}

#[test]
fn a_client_follows_growth_and_refuses_a_rollback() {
    let desk = desk();
    let key = key_of(&desk);
    let trust = ["--trust", key.as_str()];
    fs::write(desk.path("first"), desk.ok(&["checkpoint"])).unwrap();
    more(&desk, "b");
    let size = size_of(&desk.path("first"));
    fs::write(desk.path("second"), desk.ok(&["checkpoint"])).unwrap();
    desk.ok(&["prove", "--since", &size, "-o", "growth"]);
    let verify = |file: &str| {
        let (code, mut lines) = desk.json("verify-ledger", &["verify", file, trust[0], trust[1]]);
        (code, lines.remove(0))
    };

    let first = verify("first");
    let unproven = verify("second");
    let grown = verify("growth");
    let second = verify("second");
    let back = verify("first");

    let outcome = |(code, answer): &(i32, Value)| (*code, answer["kept"].as_str().unwrap().into());
    let outcomes: Vec<(i32, String)> =
        [&first, &unproven, &grown, &second, &back].into_iter().map(outcome).collect();
    let expected = [(0, "first"), (3, "unproven"), (0, "grew"), (0, "same"), (1, "older")];
    assert_eq!(outcomes, expected.map(|(code, word)| (code, word.to_owned())));
    assert_eq!(back.1["wrong"]["code"], "rollback");
    let (kept, now) = (text(&back.1["kept_note"]), text(&back.1["note"]));
    assert_eq!(kept, fs::read_to_string(desk.path("second")).unwrap());
    assert_eq!(now, fs::read_to_string(desk.path("first")).unwrap());
}

#[test]
fn two_histories_signed_by_one_key_are_a_fork_and_both_are_shown() {
    let desk = desk();
    let key = key_of(&desk);
    copy(&desk.path(".markerbed"), &desk.path("copy"));
    fs::write(desk.path("one"), desk.ok(&["checkpoint"])).unwrap();
    more(&desk, "b");
    fs::write(desk.path("three"), desk.ok(&["checkpoint"])).unwrap();
    // Another server, with the same key, knows nothing of what was signed here.
    forget_signed(&desk);
    desk.write("c/other", "another history");
    desk.ok(&["--store", "copy", "snap", "c"]);
    fs::write(desk.path("two"), desk.ok(&["--store", "copy", "checkpoint"])).unwrap();
    assert_eq!(size_of(&desk.path("two")), size_of(&desk.path("three")).replace('5', "4"));
    desk.ok(&["--store", "copy", "prove", "--since", &size_of(&desk.path("one")), "-o", "growth"]);

    desk.ok(&["verify", "one", "--trust", &key]);
    let fork = desk.run(&["verify", "growth", "--trust", &key]);

    assert_eq!(fork.code, 1, "{fork:?}");
    assert!(fork.out.contains("a fork"), "{fork:?}");
    for file in ["one", "two"] {
        let note = fs::read_to_string(desk.path(file)).unwrap();
        assert!(fork.out.contains(note.trim_end()), "{file}: {fork:?}");
    }
}

#[test]
fn a_store_put_back_to_an_earlier_state_signs_nothing() {
    let desk = desk();
    copy(&desk.path(".markerbed"), &desk.path("backup"));
    more(&desk, "b");
    desk.ok(&["checkpoint"]);

    let (code, lines) = desk.json("checkpoint", &["--store", "backup", "checkpoint"]);
    let log = desk.ok(&["--store", "backup", "log"]);
    more_in(&desk, "c", "backup");
    more_in(&desk, "d", "backup");
    let (other_code, other) = desk.json("checkpoint", &["--store", "backup", "checkpoint"]);

    assert_eq!((code, &lines[0]["error"]["code"]), (12, &"signed-more".into()));
    assert_eq!((other_code, &other[0]["error"]["code"]), (12, &"signed-other".into()));
    assert_eq!(log.matches("state").count(), 0, "nothing was written: {log}");
}

#[test]
fn the_first_checkpoint_after_a_rotation_is_signed_by_both_keys() {
    let desk = desk();
    let old = key_of(&desk);
    desk.ok(&["checkpoint"]);

    let turned = desk.json_of("key-change", &["key", "rotate"]);
    let new = key_of(&desk);
    fs::write(desk.path("both"), text(&turned["note"])).unwrap();
    more(&desk, "b");
    fs::write(desk.path("later"), desk.ok(&["checkpoint"])).unwrap();

    assert_ne!(old, new);
    for key in [&old, &new] {
        let verified = desk.run(&["verify", "both", "--no-keep", "--trust", key]);
        assert_eq!(verified.code, 0, "{verified:?}");
    }
    assert_eq!(desk.run(&["verify", "later", "--no-keep", "--trust", &new]).code, 0);
    let late = desk.json("verify-ledger", &["verify", "later", "--no-keep", "--trust", &old]);
    assert_eq!((late.0, &late.1[0]["wrong"]["code"]), (1, &"unknown-key".into()));
    desk.ok(&["check"]);
}

#[test]
fn only_a_key_that_was_rotated_out_is_revoked() {
    let desk = desk();
    let listed = |status: &str| {
        let (_, keys) = desk.json("key", &["key", "ls"]);
        let found = keys.into_iter().find(|key| key["status"] == status);
        found.map(|key| text(&key["public_key"]))
    };
    let first = listed("active").unwrap();
    let revoke = |key: &str| desk.json("key-change", &["key", "revoke", key, "--reason", "lost"]);

    let early = revoke(&first);
    desk.ok(&["key", "rotate"]);
    let done = revoke(&first);
    let again = revoke(&first);
    let foreign = revoke(&"7".repeat(64));

    let code = |ran: &(i32, Vec<Value>)| text(&ran.1[0]["error"]["code"]);
    assert_eq!(code(&early), "last-key");
    assert_eq!((done.0, &done.1[0]["status"]), (0, &"revoked".into()));
    assert_eq!((code(&again), code(&foreign)), ("revoked-key".into(), "foreign-key".into()));
    assert_eq!(listed("revoked").unwrap(), first);
    desk.ok(&["checkpoint"]);
    desk.ok(&["check"]);
}

#[test]
fn a_key_that_was_made_before_is_turned_to() {
    let desk = desk();

    let made = desk.json_of("key-new", &["key", "new"]);
    let again = desk.run(&["key", "new"]);
    let turned = desk.json_of("key-change", &["key", "rotate"]);

    assert_eq!(again.code, 2, "{again:?}");
    assert_eq!(made["public_key"], turned["new_key"]);
}

#[test]
fn what_was_bent_is_never_verified() {
    let desk = desk();
    let key = key_of(&desk);
    let note = desk.ok(&["checkpoint"]);
    desk.ok(&["prove", "--entry", "0", "-o", "proof"]);
    let proof = fs::read(desk.path("proof")).unwrap();
    let mut tried = 0;

    for (at, bytes) in [note.as_bytes(), &proof].into_iter().flat_map(places) {
        let mut bent = bytes.to_vec();
        bent[at] ^= 1;
        fs::write(desk.path("bent"), &bent).unwrap();
        let ran = desk.run(&["verify", "bent", "--no-keep", "--trust", &key]);
        assert!(ran.code != 0 && !ran.out.starts_with("VERIFIED"), "byte {at}: {ran:?}");
        tried += 1;
    }

    assert!(tried >= 100, "{tried}");
}

#[test]
fn wrong_questions_have_codes_of_their_own() {
    let desk = desk();
    let other = Desk::with_store();
    let key = key_of(&other);
    let early = desk.json("prove-ledger", &["prove", "--entry", "0", "-o", "proof"]);
    fs::write(desk.path("note"), desk.ok(&["checkpoint"])).unwrap();

    let beyond = desk.json("prove-ledger", &["prove", "--entry", "99", "-o", "proof"]);
    let foreign = desk.json("verify-ledger", &["verify", "note", "--trust", &key]);
    let no_key = desk.run(&["verify", "note", "--trust", "not-a-key"]);

    assert_eq!((early.0, &early.1[0]["error"]["code"]), (2, &"no-checkpoint".into()));
    assert_eq!((beyond.0, &beyond.1[0]["error"]["code"]), (2, &"no-checkpoint".into()));
    assert_eq!((foreign.0, &foreign.1[0]["wrong"]["code"]), (1, &"other-origin".into()));
    assert_eq!(no_key.code, 2, "{no_key:?}");
}

/// A store with one snapshot.
fn desk() -> Desk {
    let desk = Desk::with_store();
    more(&desk, "a");
    desk
}

fn more(desk: &Desk, name: &str) {
    more_in(desk, name, ".markerbed");
}

fn more_in(desk: &Desk, name: &str, store: &str) {
    desk.write(&format!("{name}/file"), name);
    desk.ok(&["--store", store, "snap", name]);
}

fn key_of(desk: &Desk) -> String {
    desk.ok(&["key", "export"]).trim_end().to_owned()
}

fn size_of(note: &Path) -> String {
    fs::read_to_string(note).unwrap().lines().nth(1).unwrap().to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Every few bytes, so that each line is touched.
fn places(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    (0..bytes.len()).step_by(7).map(move |at| (at, bytes))
}

fn forget_signed(desk: &Desk) {
    let folder = desk.here.parent().unwrap().join("keys/markerbed");
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "signed") {
            fs::remove_file(path).unwrap();
        }
    }
}
