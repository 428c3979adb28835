//! Plain listings, with the `sha256sum` of the system as the judge.

use std::{
    ffi::OsStr,
    fs,
    io::Write,
    ops::Range,
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Command, Stdio},
};

use markerbed_core::tree::{ListedItem, ListingLine, Path as TreePath, write_listing};
use serde_json::Value;

use crate::support::{Desk, Ran, check_wrong};

/// A desk with a store and a tree whose names `sha256sum` escapes.
fn desk_with_names() -> Desk {
    let desk = Desk::with_store();
    let names: [&[u8]; 9] =
        [b"a", b"a-b", b"a.b", b"d/x", b"d!", b"line\nfeed", b"re\rturn", b"back\\slash", b"\xff"];
    for name in names {
        let path = desk.path("tree").join(OsStr::from_bytes(name));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
    desk.write("tree/d/deep/er", vec![7; 3 << 20]);
    desk.write("tree/empty", "");
    std::os::unix::fs::symlink("a", desk.path("tree/link")).unwrap();
    desk
}

/// Lists, and lets `sha256sum -c` check the lines in a directory; gives how many there were.
fn check_in(desk: &Desk, reference: &str, directory: &Path) -> usize {
    let listed = desk.program().args(["ls", "--sha256", reference]).output().unwrap();
    assert!(listed.status.success(), "{listed:?}");
    let mut sha256sum = desk.dressed(Command::new("sha256sum"));
    sha256sum.args(["-c", "--strict", "--quiet"]).current_dir(directory);
    let mut child = sha256sum.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&listed.stdout).unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{reference}");
    listed.stdout.iter().filter(|byte| **byte == b'\n').count()
}

#[test]
fn sha256sum_checks_a_restored_tree_with_it() {
    for is_kept in [false, true] {
        let desk = desk_with_names();
        let arguments =
            if is_kept { &["snap", "tree", "--listing"][..] } else { &["snap", "tree"] };
        desk.ok(arguments);
        desk.ok(&["restore", "tree", "back"]);

        let whole = check_in(&desk, "@", &desk.path("back"));
        let below = check_in(&desk, "tree:d", &desk.path("back/d"));
        let file = check_in(&desk, "tree:d/deep/er", &desk.path("back/d/deep"));

        assert_eq!((whole, below, file), (11, 2, 1));
        fs::write(desk.path("back/a"), "b").unwrap();
        let listed = desk.program().args(["ls", "--sha256", "@"]).output().unwrap();
        fs::write(desk.path("sums"), listed.stdout).unwrap();
        let mut sha256sum = desk.dressed(Command::new("sha256sum"));
        let refused = sha256sum.args(["-c", "../sums"]).current_dir(desk.path("back")).output();
        assert!(!refused.unwrap().status.success());
    }
}

#[test]
fn the_lines_are_told_to_programs_too() {
    for is_kept in [false, true] {
        let desk = desk_with_names();
        desk.write("tree/k.key", "sealed");
        // More than a piece of a content.
        let deep = vec!["d".repeat(200); 4].join("/");
        for number in 0..2_000 {
            desk.write(&format!("tree/{deep}/{number}"), "x");
        }
        let kept: &[&str] = if is_kept { &["--listing"] } else { &[] };
        desk.ok(&[&["snap", "tree", "--seal", "*.key"], kept].concat());
        let listed = desk.program().args(["ls", "--sha256", "@"]).output().unwrap().stdout;

        let (code, lines) = desk.json("ls-sha256", &["ls", "--sha256", "@"]);

        let line = |line: &Value| {
            let text = |member: &str| Some(line.get(member)?.as_str()?.to_owned());
            let path = match text("path") {
                Some(path) => path.into_bytes(),
                None => vec![0xff],
            };
            let item = match text("sha256") {
                Some(digest) => ListedItem::File(digest.parse().unwrap()),
                None => ListedItem::Sealed(text("sealed").unwrap().parse().unwrap()),
            };
            ListingLine { path: TreePath::new(&path).unwrap(), item }
        };
        let told = write_listing(lines.iter().map(line).collect()).unwrap();
        assert_eq!((code, lines.len()), (0, 2_012));
        assert!(told == listed, "{}", String::from_utf8_lossy(&told));
        assert_eq!(desk.json("ls-sha256", &["ls", "--sha256", "@:d/deep/er"]).1.len(), 1);
    }
}

#[test]
fn a_kept_listing_that_is_damaged_is_named_as_what_it_is_and_made_again() {
    let desk = desk_with_names();
    desk.ok(&["snap", "tree", "--listing"]);
    let listed = desk.program().args(["ls", "--sha256", "@"]).output().unwrap().stdout;
    damage_record_with(&desk, &listed);

    let ran = desk.run(&["check"]);
    let (_, lines) = desk.json("check", &["check"]);
    let again = desk.program().args(["ls", "--sha256", "@"]).output().unwrap();

    assert_eq!(ran.code, 4, "{ran:?}");
    let place = ran.out.lines().find(|line| line.contains("(listing; ")).unwrap();
    assert!(place.contains("`markerbed ls --sha256` makes it from the files"), "{ran:?}");
    let findings = lines[0]["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["serves"][0]["part"] == "listing"), "{lines:?}");
    assert!(again.stdout == listed && again.status.success(), "{again:?}");
    assert!(String::from_utf8_lossy(&again.stderr).contains("is made again"), "{again:?}");
}

#[test]
fn a_snapshot_says_the_hash_of_its_listing_and_check_proves_it() {
    let desk = desk_with_names();

    let snap = desk.json_of("snap", &["snap", "tree", "--listing"]);

    let show = desk.json_of("show", &["show", "tree"]);
    let listed = desk.program().args(["ls", "--sha256", "tree"]).output().unwrap();
    fs::write(desk.path("listing"), &listed.stdout).unwrap();
    let mut sha256sum = desk.dressed(Command::new("sha256sum"));
    let summed = Ran::of(sha256sum.arg("listing").output().unwrap());
    let digest = summed.out.split(' ').next().unwrap();
    assert_eq!((&snap["listing"], &show["snapshot"]["listing"]), (&digest.into(), &digest.into()));
    assert!(desk.ok(&["show", "tree"]).contains(digest));
    let content = show["snapshot"]["evidence_document"]["listing"].as_str().unwrap();
    let kept = desk.json_of("show", &["show", content]);
    assert_eq!(kept["content"]["size"], listed.stdout.len());
    let check = desk.json_of("check", &["check", "--read-data"]);
    assert_eq!((&check["findings_total"], &check["contents_unreferenced"]), (&0.into(), &0.into()));
}

#[test]
fn a_listing_is_recorded_where_there_was_none_and_not_twice() {
    let desk = desk_with_names();
    desk.ok(&["snap", "tree"]);

    let listed = desk.json_of("snap", &["snap", "tree", "--listing"]);
    let again = desk.json_of("snap", &["snap", "tree", "--listing"]);
    let plain = desk.json_of("snap", &["snap", "tree"]);
    desk.write("tree/new", "new");
    let changed = desk.json_of("snap", &["snap", "tree", "--listing"]);

    let recorded = [&listed, &again, &plain, &changed].map(|snap| snap["recorded"].clone());
    assert_eq!(recorded, [true, false, false, true]);
    assert_eq!(listed["listing"], again["listing"]);
    assert_ne!(listed["listing"], changed["listing"]);
    desk.ok(&["restore", "tree", "back"]);
    assert_eq!(check_in(&desk, "@", &desk.path("back")), 12);
}

#[test]
fn a_listing_needs_contents() {
    let desk = desk_with_names();

    let refused = ["snap", "tree", "--listing", "--no-contents"];
    let ran = check_wrong(&desk, &refused, 2, "bad-usage");
    assert!(ran.err.contains("--no-contents"), "{ran:?}");
    desk.ok(&["snap", "tree", "--no-contents"]);
    let ran = desk.run(&["ls", "--sha256", "tree"]);

    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{ran:?}");
    assert!(ran.err.contains("d/x: left out, its content is not in the store"), "{ran:?}");
    let kept = desk.json_of("snap", &["snap", "tree", "--listing"]);
    assert_eq!((&kept["recorded"], &kept["contents_kept"]), (&true.into(), &true.into()));
}

/// Flips a bit of the record that has these bytes.
fn damage_record_with(desk: &Desk, bytes: &[u8]) {
    let path = desk.path(".markerbed/packs/00000001.pack");
    let mut pack = fs::read(&path).unwrap();
    let is_record = |at: &usize| pack[*at..].starts_with(b"mbR1\x01");
    let starts: Vec<usize> = (0..pack.len()).filter(is_record).collect();
    let number = |at: usize| u32::from_le_bytes(pack[at..at + 4].try_into().unwrap()) as usize;
    let mut payload = starts.iter().map(|at| {
        let start = at + RECORD_BYTES + number(at + 12);
        start..start + number(at + 20)
    });
    let has = |payload: &Range<usize>| {
        let plain = zstd::decode_all(&pack[payload.clone()]).unwrap_or_default();
        plain.windows(bytes.len()).any(|found| found == bytes)
    };
    let found = payload.find(has).unwrap();
    pack[found.end - 1] ^= 1;
    fs::write(path, pack).unwrap();
}

/// What a record has before its table.
const RECORD_BYTES: usize = 72;
