//! Whatever a user gets wrong is said in one line, with its exit code and its stable code, and
//! nothing is lost.

use std::{ffi::OsString, fs, os::unix::fs::PermissionsExt, process::Command};

use rustix::fs::{Mode, OFlags, mkdirat, openat};

use crate::support::{Desk, Ran, check_told, check_wrong, desk_with_snapshot};

/// A wrong command: what is said, how it ends, and words that must be in the line.
struct Wrong<'a> {
    arguments: &'a [&'a str],
    exit: i32,
    code: &'a str,
    says: &'a str,
}

#[test]
fn each_wrong_command_is_told_in_one_line_with_its_codes() {
    let desk = desk_with_snapshot();
    desk.ok(&["prove", "@:f", "-o", "proof"]);
    desk.ok(&["restore", "@", "full"]);
    let long = format!("@:{}", "n".repeat(1_025));
    let zeros = "0".repeat(64);
    let log = desk.ok(&["log"]);

    let (cat_long, log_of_zeros) = (["cat", &long], ["log", "--workspace", &zeros]);
    let mut wrong = wrong_paths_and_references(&cat_long);
    wrong.extend(wrong_names_and_options(&log_of_zeros));
    for Wrong { arguments, exit, code, says } in wrong {
        let ran = check_wrong(&desk, arguments, exit, code);

        assert!(ran.err.contains(says), "{arguments:?}: {ran:?}");
    }

    assert_eq!(desk.ok(&["log"]), log, "nothing was written");
    assert!(!desk.path("new").exists() && !desk.path("no").exists());
    desk.ok(&["check", "--read-data"]);
}

fn wrong<'a>(arguments: &'a [&'a str], exit: i32, code: &'a str, says: &'a str) -> Wrong<'a> {
    Wrong { arguments, exit, code, says }
}

fn wrong_paths_and_references<'a>(cat_long: &'a [&'a str]) -> Vec<Wrong<'a>> {
    vec![
        wrong(&["snap", "file"], 2, "not-a-directory", "file: not a directory; name the directory"),
        wrong(&["snap", "none"], 2, "path-not-found", "none: no such directory; name one"),
        wrong(&["snap", ".markerbed"], 2, "path-is-store", "is the store itself"),
        wrong(
            &["snap", "/"],
            2,
            "bad-source",
            "it has no last name; name the source with --source",
        ),
        wrong(&["snap", "tree", "--source", "a:b"], 2, "unnameable", "a colon divides"),
        wrong(&["snap", "tree", "--source", "12345678"], 2, "unnameable", "mean an id"),
        wrong(&["snap", "tree", "--source", "a\nb"], 2, "bad-source", "--source"),
        wrong(&["snap", "tree", "--time", "noon"], 2, "bad-usage", "2026-11-21T12:00:00Z"),
        wrong(&["snap", "tree", "--exclude", "a["], 2, "bad-pattern", "a["),
        wrong(&["ls", "@:none"], 2, "no-path", "none; `markerbed ls` lists"),
        wrong(&["ls", "@:f/below"], 2, "not-a-directory", "nothing is below it"),
        wrong(&["ls", "@-"], 2, "nothing-named", "so many snapshots are not recorded"),
        wrong(&["ls", "@1"], 2, "bad-reference", "@, @-, @--, @-3"),
        wrong(&["ls", "#99"], 2, "nothing-named", "#99"),
        wrong(&["ls", "#0"], 2, "not-a-snapshot", "#0"),
        wrong(&["ls", "nobody"], 2, "no-ref", "`markerbed ref ls` lists them"),
        wrong(&["ls", "abcdef01"], 2, "nothing-named", "abcdef01"),
        wrong(&["ls", "@:/f"], 2, "bad-reference", "without a slash"),
        wrong(&["ls", ":f"], 2, "bad-reference", "@"),
        wrong(cat_long, 2, "bad-reference", "1,024 bytes"),
        wrong(&["cat", "@"], 2, "not-a-file", "is a directory, not a file; try `markerbed ls`"),
        wrong(&["diff", "@", "nobody"], 2, "no-ref", "nobody"),
        wrong(&["restore", "@", "full"], 2, "target-exists", "use --force"),
        wrong(&["restore", "@", "no/where"], 2, "path-not-found", "make it first"),
    ]
}

fn wrong_names_and_options<'a>(log_of_zeros: &'a [&'a str]) -> Vec<Wrong<'a>> {
    vec![
        wrong(&["prove", "@:f", "-o", "proof"], 2, "file-exists", "name a new file"),
        wrong(&["prove", "@:none", "-o", "new"], 2, "no-path", "none"),
        wrong(&["prove", "@:f", "--absent", "-o", "new"], 1, "path-present", "leave out --absent"),
        wrong(&["prove", "@:f", "-o", "no/where"], 2, "no-such-file", "no/where"),
        wrong(&["verify", "none"], 2, "no-such-file", "none"),
        wrong(&["verify", "tree"], 2, "wrong-file-kind", "tree"),
        wrong(&["verify", "proof", "--root", "12"], 2, "bad-usage", "64 lower-case"),
        wrong(&["ref", "set", "@new", "@"], 2, "unnameable", "choose another name"),
        wrong(&["ref", "set", "a\tb", "@"], 2, "bad-ref-name", "choose another name"),
        wrong(&["ref", "set", "x", "@:f"], 2, "bad-reference", "leave out the colon"),
        wrong(&["ref", "rm", "nobody"], 2, "no-ref", "nobody"),
        wrong(&["init"], 2, "store-exists", "there is a store already"),
        wrong(&["log", "--store", "none"], 10, "no-store", "make one with `markerbed init`"),
        wrong(&["log", "--store", "tree"], 4, "not-a-store", "tree"),
        wrong(&["log", "--store", "file"], 4, "not-a-store", "file"),
        wrong(log_of_zeros, 2, "unknown-workspace", "no workspace"),
        wrong(&["log", "--workspace", "xyz"], 2, "unknown-workspace", "8 or more"),
        wrong(&["snap", "tree", "--key", "none"], 12, "key-missing", "name it with `--key`"),
        wrong(&["snap", "--no-such-option"], 2, "bad-usage", "see `markerbed snap --help`"),
        wrong(&["restore", "@"], 2, "bad-usage", "<TARGET>"),
        wrong(&["no-such-command"], 2, "bad-usage", "no-such-command"),
        wrong(&[], 2, "bad-usage", "--help"),
    ]
}

#[cfg(not(feature = "component"))]
#[test]
fn an_engine_that_was_not_built_is_named() {
    let desk = desk_with_snapshot();

    let ran = check_wrong(&desk, &["log", "--engine", "component=any.wasm"], 2, "engine-not-built");

    assert!(ran.err.contains("--features component"), "{ran:?}");
}

#[test]
fn without_a_store_every_command_says_so() {
    let desk = Desk::new();
    desk.write("tree/f", "1");

    for arguments in [
        &["status", "tree"][..],
        &["snap", "tree"],
        &["log"],
        &["show"],
        &["ls"],
        &["cat", "@:f"],
        &["diff", "@-", "@"],
        &["restore", "@", "target"],
        &["prove", "@:f", "-o", "proof"],
        &["check"],
        &["ref", "ls"],
    ] {
        let ran = check_wrong(&desk, arguments, 10, "no-store");

        assert!(ran.err.contains("make one with `markerbed init`"), "{ran:?}");
    }
    assert_eq!(fs::read_dir(&desk.here).unwrap().count(), 1, "nothing was made");
}

#[test]
fn without_a_store_that_is_said_before_all_else() {
    let desk = Desk::new();

    for command in ["status", "snap"] {
        check_wrong(&desk, &[command, "/"], 10, "no-store");
    }
}

#[test]
fn a_path_is_shown_so_that_no_terminal_takes_orders_from_it() {
    let desk = desk_with_snapshot();
    let path = "a\n\\b\x1b[1m";
    let shown = r"a\x0a\\b\x1b[1m: ";
    for command in ["log", "check"] {
        let ran = check_wrong(&desk, &[command, "--store", path], 10, "no-store");
        assert!(ran.err.contains(shown), "{ran:?}");
    }
    let init = ["init", "--read-only", "--store", path];
    let ran = check_wrong(&desk, &init, 12, "store-read-only");
    assert!(ran.err.contains(shown), "{ran:?}");
    let ran = check_wrong(&desk, &["snap", "tree", "--record", "--key", path], 12, "key-missing");
    assert!(ran.err.contains(shown), "{ran:?}");
}

#[test]
fn a_store_of_a_newer_format_is_left_alone() {
    let desk = desk_with_snapshot();
    let format = desk.path(".markerbed/format");
    let text = fs::read_to_string(&format).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let words = first.rsplit_once(' ').unwrap().0;
    let newer = format!("{words} 999\n{rest}");
    fs::write(&format, &newer).unwrap();

    for arguments in [&["log"][..], &["snap", "tree"], &["check"]] {
        let ran = check_wrong(&desk, arguments, 4, "unknown-store-format");

        assert!(ran.err.contains("999") && ran.err.contains("newer"), "{ran:?}");
    }
    assert_eq!(fs::read_to_string(&format).unwrap(), newer);
    fs::write(&format, text).unwrap();
    desk.ok(&["check"]);
}

#[test]
fn an_ambiguous_prefix_names_what_it_may_be() {
    let desk = desk_with_snapshot();
    desk.write("tree/f", "87662");
    desk.ok(&["snap", "tree"]);
    let roots: Vec<String> = ["@-", "@"]
        .map(|reference| desk.json_of("show", &["show", reference])["snapshot"]["root"].clone())
        .map(|root| root.as_str().unwrap().to_owned())
        .to_vec();
    assert_eq!(roots[0][..8], roots[1][..8], "two contents chosen for this");

    let ran = check_wrong(&desk, &["ls", &roots[0][..8]], 2, "ambiguous-reference");

    assert!(roots.iter().all(|root| ran.err.contains(&format!("node {root}"))), "{ran:?}");
    assert!(ran.err.contains("give more digits"), "{ran:?}");
    assert_eq!(desk.ok(&["cat", &format!("{}:f", &roots[0][..16])]), "62381");
}

#[test]
fn a_proof_beyond_the_limits_is_not_verified() {
    let desk = Desk::new();
    let start = [&b"markerbed-proof\n"[..], &[1, 1, 0], &[7; 32]].concat();
    let long_name = [&start[..], &[1, 0x81, 0x08], &[b'n'; 1_025], &[0, 0]].concat();
    // One name, one step: a directory that counts 2^64 nodes.
    let map = [9; 32];
    let count = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2];
    let node = [&[3][..], &map, &count, &[0, 0]].concat();
    let overflow = [&start[..], &[1, 1, b'n'], &[1, node.len() as u8], &node, &[0, 0]].concat();
    let deep = [&start[..], &[0x81, 0x20], &[1, b'd'].repeat(4_097), &[0, 0]].concat();

    for (proof, code) in [
        (long_name, "out-of-range"),
        (overflow, "number-too-large"),
        (deep, "out-of-range"),
        (b"markerbed-proof\n\x02".to_vec(), "unsupported-format"),
        (b"something else entirely".to_vec(), "unsupported-format"),
        (Vec::new(), "truncated"),
    ] {
        desk.write("proof", proof);

        let (exit, lines) = desk.json("verify", &["verify", "proof"]);

        let found = (&lines[0]["verdict"], &lines[0]["wrong"]["code"]);
        assert_eq!((exit, found), (1, (&"false".into(), &code.into())));
        let ran = desk.run(&["verify", "proof"]);
        assert!(ran.out.starts_with("NOT VERIFIED: ") && ran.err.is_empty(), "{ran:?}");
    }
}

#[test]
fn a_directory_of_4_097_levels_is_recorded_down_to_the_limit() {
    let desk = Desk::with_store();
    fs::create_dir(desk.path("deep")).unwrap();
    let flags = OFlags::DIRECTORY | OFlags::RDONLY;
    let mut directory = openat(rustix::fs::CWD, desk.path("deep"), flags, Mode::empty()).unwrap();
    for _ in 0..4_097 {
        mkdirat(&directory, "d", Mode::RWXU).unwrap();
        directory = openat(&directory, "d", flags, Mode::empty()).unwrap();
    }

    let (exit, lines) = desk.json("snap", &["snap", "deep"]);

    assert_eq!((exit, &lines[0]["nodes"]), (3, &4_096.into()), "{lines:?}");
    assert_eq!(lines[0]["gaps"][0]["reason"], "too-deep");
    assert_eq!(desk.json("ls", &["ls", "-R"]).1.len(), 4_096);
    // The standard library holds a handle a level and runs out of them.
    assert!(Command::new("rm").arg("-rf").arg(desk.path("deep")).status().unwrap().success());
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let desk = desk_with_snapshot();
    let keys = desk.here.parent().unwrap().join("keys/markerbed");
    let key = fs::read_dir(&keys).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();

    let ran = check_wrong(&desk, &["snap", "tree", "--record"], 12, "key-exposed");

    assert!(ran.err.contains("run `chmod 600` on it"), "{ran:?}");
    desk.ok(&["log"]);
    let other = Desk::with_store();
    let foreign = other.here.parent().unwrap().join("keys/markerbed");
    let foreign = fs::read_dir(foreign).unwrap().next().unwrap().unwrap().path();
    let arguments = ["snap".into(), "tree".into(), "--key".into(), foreign.into_os_string()];
    check_wrong::<OsString>(&desk, &arguments, 12, "key-foreign");
}

#[test]
fn a_date_in_the_environment_that_is_none_is_told() {
    let desk = desk_with_snapshot();

    let mut program = desk.program();
    let output = program.args(["snap", "tree"]).env("SOURCE_DATE_EPOCH", "today").output();

    let ran = Ran::of(output.unwrap());
    check_told(&ran, 2);
    assert!(ran.err.contains("SOURCE_DATE_EPOCH is today"), "{ran:?}");
}
