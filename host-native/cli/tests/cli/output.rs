//! What is printed, where, and what happens when nobody reads it.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::Read,
    os::unix::{ffi::OsStrExt, fs::symlink},
    process::{Command, Stdio},
};

use crate::support::{Desk, Ran};

#[test]
fn a_reader_who_has_had_enough_ends_a_listing_quietly() {
    let desk = Desk::with_store();
    for index in 0..6_000 {
        desk.write(&format!("many/{index:0100}"), "");
    }
    desk.ok(&["snap", "many"]);

    for arguments in [&["ls", "many"][..], &["ls", "-R", "many"], &["ls", "many", "--json"]] {
        let mut program = desk.program();
        program.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().unwrap();
        let mut first = [0; 100];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();

        let ran = Ran::of(child.wait_with_output().unwrap());

        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn a_verdict_does_not_change_because_nobody_reads_it() {
    let desk = Desk::with_store();
    desk.write("a/f", "1");
    desk.ok(&["snap", "a"]);
    desk.ok(&["prove", "@:f", "-o", "proof"]);
    let mut program = desk.program();
    program.args(["verify", "proof"]).stdout(Stdio::piped());
    let mut child = program.spawn().unwrap();
    drop(child.stdout.take());

    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn an_output_that_is_full_is_a_failure() {
    let desk = Desk::with_store();
    desk.write("a/f", "1");
    desk.ok(&["snap", "a"]);

    for arguments in [&["ls"][..], &["log"], &["cat", "@:f"], &["show"], &["check"], &["version"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut program = desk.program();
        let ran = Ran::of(program.args(arguments).stdout(full).output().unwrap());

        assert_eq!(ran.code, 4, "{arguments:?}: {ran:?}");
        assert!(ran.err.starts_with("markerbed: standard output: no space left"), "{ran:?}");
    }
}

#[test]
fn no_name_gives_orders_to_a_terminal() {
    let desk = Desk::with_store();
    let name = OsStr::from_bytes(b"a\nb\x1b[2J\xe2\x80\xae\xff\\");
    let shown = r"a\x0ab\x1b[2J\xe2\x80\xae\xff\\";
    fs::create_dir_all(desk.here.join("d").join(name)).unwrap();
    fs::write(desk.here.join("d").join(name).join("f"), "1").unwrap();
    symlink(name, desk.path("d/link")).unwrap();
    desk.ok(&["snap", "d", "-m", "one\ntwo\x1b]0;"]);
    fs::remove_file(desk.path("d/link")).unwrap();
    fs::write(desk.here.join("d").join(name).join("g"), "2").unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        desk.here.join("d").join(name).join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let reference = [b"@:", name.as_bytes(), b"/none"].concat();

    let status = desk.run(&["status", "d"]);
    desk.run(&["snap", "d"]);
    let all = [
        status,
        desk.run(&["ls", "-R", "-l"]),
        desk.run(&["diff", "@-", "@"]),
        desk.run(&["log"]),
        desk.run(&["show", "@-"]),
        desk.run(&[OsStr::new("cat"), OsStr::from_bytes(&reference)]),
        desk.run(&[OsStr::new("snap"), name]),
        desk.run(&[OsStr::new("restore"), OsStr::new("@"), name]),
    ];

    for (index, ran) in all.iter().enumerate() {
        for text in [&ran.out, &ran.err] {
            let ordered = text.chars().find(|letter| letter.is_control() && *letter != '\n');
            assert_eq!(ordered, None, "{index}: {text:?}");
            assert!(!text.contains(['\u{202e}', '\u{fffd}']), "{index}: {text:?}");
        }
    }
    assert!(all[0].out.contains(&format!("added    {shown}/g")), "{:?}", all[0]);
    assert!(all[0].err.contains(&format!("not recorded: {shown}/pipe: ")), "{:?}", all[0]);
    assert!(all[4].out.contains("message     one\\x0atwo"), "{:?}", all[4]);
    assert!(all[5].err.contains(shown) && all[5].err.lines().count() == 1, "{:?}", all[5]);
}

#[test]
fn raw_paths_end_with_a_zero_byte() {
    let desk = Desk::with_store();
    for name in [&b"a\nb"[..], b"\xff", b"plain"] {
        desk.write("d/none", "");
        fs::write(desk.here.join("d").join(OsStr::from_bytes(name)), "").unwrap();
    }
    desk.ok(&["snap", "d"]);

    let output = desk.program().args(["ls", "-z"]).output().unwrap();

    assert_eq!(output.stdout, b"a\nb\0none\0plain\0\xff\0");
}

#[test]
fn quiet_leaves_out_what_was_done_and_keeps_what_was_asked_for() {
    let desk = Desk::with_store();
    desk.write("a/f", "1");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        desk.path("a/pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();

    let snap = desk.run(&["snap", "a", "-q"]);
    let verbose = desk.run(&["snap", "a", "-v", "--record"]);

    assert_eq!((snap.code, snap.out.as_str(), snap.err.as_str()), (3, "", ""));
    assert!(verbose.err.contains("not recorded: pipe: it is a named pipe"), "{verbose:?}");
    assert_eq!(desk.ok(&["ls", "-q"]), "f\n");
    assert_eq!(desk.run(&["cat", "-q", "@:none"]).err.lines().count(), 1);
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let desk = Desk::with_store();
    desk.write("a/f", "1");
    let line = format!("{} status a", env!("CARGO_BIN_EXE_markerbed"));
    let at_terminal = |variables: &[(&str, &str)]| {
        let mut script = desk.dressed(Command::new("script"));
        script.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm").envs(variables.to_vec());
        script.output().ok().map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Some(coloured) = at_terminal(&[]).filter(|shown| shown.contains("no snapshot yet")) else {
        eprintln!("skipped: no `script` that makes a terminal");
        return;
    };

    let bold = "\u{1b}[1ma\u{1b}[0m: no snapshot yet";
    assert!(coloured.contains(bold), "{coloured:?}");
    for variables in [[("NO_COLOR", "1")], [("TERM", "dumb")]] {
        let plain = at_terminal(&variables).unwrap();
        assert!(plain.contains("a: no snapshot yet") && !plain.contains(bold), "{plain:?}");
    }
    assert!(!desk.ok(&["status", "a"]).contains('\u{1b}'));
}

#[test]
fn help_and_the_version_are_results() {
    let desk = Desk::new();

    for arguments in [&["--help"][..], &["snap", "--help"], &["--version"], &["version"]] {
        let ran = desk.run(arguments);

        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}");
        assert!(!ran.out.is_empty());
    }
    assert_eq!(desk.json_of("version", &["version"])["format"], 1);
}
