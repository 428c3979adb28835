//! What was done, by whom; and whether a ledger grew from a checkpoint that an auditor kept.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::Stdio,
};

use crate::support::{Desk, copy};

#[test]
fn entries_are_listed_from_the_oldest_by_agent_operation_and_range() {
    let desk = desk();
    desk.ok(&["ref", "set", "kept", "@"]);
    snap(&desk, "b");

    let numbers = |arguments: &[&str]| {
        let arguments = [&["audit"], arguments].concat();
        let lines = desk.json("log", &arguments).1;
        lines.iter().map(|line| line["number"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let agent = desk.json("log", &["audit"]).1[0]["agent"].as_str().unwrap().to_owned();
    let text = desk.ok(&["audit", "--from", "2", "--to", "2"]);

    assert_eq!(numbers(&[]), [0, 1, 2, 3]);
    assert_eq!(numbers(&["--from", "1", "--to", "2"]), [1, 2]);
    assert_eq!(numbers(&["--from", "9"]), [0_u64; 0]);
    assert_eq!(numbers(&["--operation", "snapshot committed"]), [1, 3]);
    assert_eq!(numbers(&["--operation", "ref moved", "--operation", "workspace created"]), [0, 2]);
    assert_eq!(numbers(&["--agent", &agent[..6]]), [0, 1, 2, 3]);
    assert_eq!(numbers(&["--agent", if agent.starts_with('0') { "1" } else { "0" }]), [0_u64; 0]);
    assert!(text.contains(&agent) && text.contains("ref kept set to"), "{text}");
    for wrong in [["--agent", "XY"], ["--operation", "no such thing"], ["--from", "-1"]] {
        assert_eq!(desk.run(&["audit", wrong[0], wrong[1]]).code, 2, "{wrong:?}");
    }
}

#[test]
fn who_was_given_what_and_which_key_took_over_is_told() {
    let desk = desk();
    let other = "00112233445566778899aabbccddeeff";
    desk.ok(&["acl", "grant", other, "reader", "a/b"]);
    desk.ok(&["acl", "revoke", other, "a/b"]);
    desk.ok(&["key", "rotate"]);
    let keys = desk.json("key", &["key", "ls"]).1;
    let old = keys.iter().find(|key| key["status"] == "rotated out").unwrap()["public_key"].clone();
    desk.ok(&["key", "revoke", old.as_str().unwrap(), "--reason", "lost"]);

    let lines = desk.json("log", &["audit", "--from", "2"]).1;
    let text = desk.ok(&["log"]);

    let of = |operation: &str| lines.iter().find(|line| line["operation"] == operation).unwrap();
    let (grant, revoke) = (&of("grant")["grant"], &of("revoke")["grant"]);
    assert_eq!(
        (&grant["agent"], &grant["role"], &grant["path"]),
        (&other.into(), &"reader".into(), &"a/b".into())
    );
    assert_eq!((&revoke["agent"], revoke.get("role")), (&other.into(), None));
    assert_eq!(of("key rotated")["key"]["public_key"], old);
    assert_eq!(of("key revoked")["key"]["reason"], "lost");
    for said in [
        format!("agent {other} made reader of a/b"),
        format!("the role of agent {other} in a/b taken away"),
        format!("key {} rotated to ", &old.as_str().unwrap()[..8]),
        format!("key {} revoked: lost", &old.as_str().unwrap()[..8]),
    ] {
        assert!(text.contains(&said), "{said}: {text}");
    }
}

#[test]
fn whoever_follows_sees_what_another_process_records() {
    let desk = desk();
    let mut child = desk
        .program()
        .args(["audit", "--follow", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || {
        let line = lines.next().unwrap().unwrap();
        serde_json::from_str::<serde_json::Value>(&line).unwrap()["number"].as_u64().unwrap()
    };

    let first = [next(), next()];
    snap(&desk, "b");
    let second = next();
    child.kill().unwrap();
    child.wait().unwrap();

    assert_eq!((first, second), ([0, 1], 2));
}

#[test]
fn a_ledger_that_grew_from_a_kept_checkpoint_is_verified() {
    let desk = desk();
    keep_checkpoint(&desk, "july");
    let key = desk.ok(&["key", "export"]).trim_end().to_owned();
    snap(&desk, "b");

    let verify = |more: &[&str]| {
        let arguments = [&["audit", "verify", "--since", "july"], more].concat();
        desk.json_of("audit-verify", &arguments)
    };
    let (by_ledger, by_trust) = (verify(&[]), verify(&["--trust", &key]));
    let text = desk.ok(&["audit", "verify", "--since", "july"]);

    assert_eq!(by_ledger, by_trust);
    assert_eq!((&by_trust["verdict"], &by_trust["since"]), (&"verified".into(), &3.into()));
    assert_eq!((&by_trust["entries"], &by_trust["agents"]), (&4.into(), &1.into()));
    assert_eq!(by_trust["operations"]["snapshot committed"], 1);
    assert!(text.starts_with("VERIFIED: the ledger grew from 3 entries to 4"), "{text}");
}

#[test]
fn what_does_not_follow_from_the_checkpoint_is_told_by_code() {
    let desk = desk();
    copy(&desk.path(".markerbed"), &desk.path("backup"));
    copy(&desk.path(".markerbed"), &desk.path("other"));
    keep_checkpoint(&desk, "july");
    desk.write("c/other", "another history");
    desk.ok(&["--store", "other", "snap", "c"]);
    desk.ok(&["--store", "other", "ref", "set", "kept", "@"]);
    let stranger = Desk::new();
    stranger.ok(&["init"]);
    let foreign = stranger.ok(&["key", "export"]).trim_end().to_owned();
    fs::copy(desk.path("july"), stranger.path("july")).unwrap();
    let note = fs::read_to_string(desk.path("july")).unwrap();
    fs::write(desk.path("forged"), note.replacen("\n3\n", "\n2\n", 1)).unwrap();

    let code = |desk: &Desk, arguments: &[&str]| {
        let (exit, lines) = desk.json("audit-verify", arguments);
        (exit, lines[0]["wrong"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let july = ["audit", "verify", "--since", "july"];
    let told = [
        code(&desk, &[&["--store", "backup"], &july[..]].concat()),
        code(&desk, &[&["--store", "other"], &july[..]].concat()),
        code(&stranger, &july),
        code(&desk, &["audit", "verify", "--since", "forged"]),
        code(&desk, &[&july[..], &["--trust", &foreign]].concat()),
    ];

    let expected = ["rollback", "fork", "other-origin", "bad-signature", "other-origin"];
    assert_eq!(told, expected.map(|code| (1, code.to_owned())));
    desk.write("torn", &note[..note.len() - 20]);
    assert_eq!(desk.run(&["audit", "verify", "--since", "torn"]).code, 1);
    assert_eq!(desk.run(&["audit", "verify", "--since", "absent"]).code, 2);
}

#[test]
fn a_checkpoint_by_a_key_that_was_rotated_out_counts_until_the_key_is_revoked() {
    let desk = desk();
    keep_checkpoint(&desk, "july");
    let old = desk.json("key", &["key", "ls"]).1[0]["public_key"].as_str().unwrap().to_owned();
    desk.ok(&["key", "rotate"]);

    let rotated = desk.json("audit-verify", &["audit", "verify", "--since", "july"]);
    desk.ok(&["key", "revoke", &old, "--reason", "compromised"]);
    let revoked = desk.json("audit-verify", &["audit", "verify", "--since", "july"]);

    assert_eq!((rotated.0, &rotated.1[0]["verdict"]), (0, &"verified".into()));
    assert_eq!((revoked.0, &revoked.1[0]["wrong"]["code"]), (1, &"unknown-key".into()));
}

/// A desk with a store and one snapshot.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.ok(&["init"]);
    snap(&desk, "a");
    desk
}

fn snap(desk: &Desk, folder: &str) {
    desk.write(&format!("{folder}/file"), folder);
    desk.ok(&["snap", folder]);
}

fn keep_checkpoint(desk: &Desk, file: &str) {
    fs::write(desk.path(file), desk.ok(&["checkpoint"])).unwrap();
}
