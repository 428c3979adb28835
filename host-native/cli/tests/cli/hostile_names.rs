//! Names that no program should stumble over: recorded, listed and given back byte by byte.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::Path,
};

use markerbed_core::tree::base64;
use markerbed_suites::print_count;
use serde_json::Value;

use crate::support::Desk;

#[test]
fn every_name_of_nasty_symbols_comes_back_as_it_was() {
    let desk = Desk::with_store();
    let names = names(3);
    let short = self::names(2);
    for name in &names {
        write(&desk.path("tree/files"), name, name);
    }
    for name in &short {
        write(&desk.path("tree/directories").join(OsStr::from_bytes(name)), name, b"below");
        let link = desk.path("tree/links").join(OsStr::from_bytes(name));
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(OsStr::from_bytes(name), link).unwrap();
    }

    let root = desk.root_of("tree");
    desk.ok(&["restore", "tree", "back"]);

    let was = everything(&desk.path("tree"));
    assert_eq!(was.len(), 3 + names.len() + 3 * short.len());
    assert!(was == everything(&desk.path("back")), "something came back otherwise");
    assert_eq!(desk.root_of("back"), root);
    assert!(listed_raw(&desk).iter().eq(was.keys()), "`ls -z` lists something else");
    assert!(listed_in_json(&desk).iter().eq(was.keys()), "`ls --json` lists something else");
    check_text(&desk, &["ls", "-R", "tree"], was.len());
    check_text(&desk, &["ls", "-R", "--long", "tree"], was.len());
    fs::remove_dir_all(desk.path("tree/files")).unwrap();
    fs::create_dir(desk.path("tree/files")).unwrap();
    check_text(&desk, &["status", "tree"], 1 + names.len());
    print_count("every_name_of_nasty_symbols", names.len() as u64, 4_000);
}

/// All names of up to `length` symbols but `.` and `..`.
fn names(length: u32) -> BTreeSet<Vec<u8>> {
    let mut longest = vec![Vec::new()];
    let mut all = BTreeSet::new();
    for _ in 0..length {
        let longer = |name: &Vec<u8>| SYMBOLS.map(|symbol| [name, symbol].concat());
        longest = longest.iter().flat_map(longer).collect();
        all.extend(longest.iter().cloned());
    }
    all.remove(&b"."[..]);
    all.remove(&b".."[..]);
    all
}

fn write(directory: &Path, name: &[u8], bytes: &[u8]) {
    fs::create_dir_all(directory).unwrap();
    fs::write(directory.join(OsStr::from_bytes(name)), bytes).unwrap();
}

/// Every path below a directory, and what is there.
fn everything(directory: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut due = vec![directory.to_owned()];
    while let Some(above) = due.pop() {
        for entry in fs::read_dir(above).unwrap() {
            let (path, kind) = entry.map(|found| (found.path(), found.file_type())).unwrap();
            let kind = kind.unwrap();
            let held = match () {
                () if kind.is_dir() => b"directory".to_vec(),
                () if kind.is_symlink() => {
                    fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
                }
                () => fs::read(&path).unwrap(),
            };
            let below = path.strip_prefix(directory).unwrap().as_os_str().as_bytes().to_vec();
            all.insert(below, held);
            due.extend(kind.is_dir().then_some(path));
        }
    }
    all
}

fn listed_raw(desk: &Desk) -> BTreeSet<Vec<u8>> {
    let output = desk.program().args(["ls", "-z", "-R", "tree"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let (last, paths) = output.stdout.split_last().unwrap();
    assert_eq!(*last, 0);
    paths.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}

fn listed_in_json(desk: &Desk) -> BTreeSet<Vec<u8>> {
    let output = desk.program().args(["ls", "--json", "-R", "tree"]).output().unwrap();
    let text = str::from_utf8(&output.stdout).unwrap();
    let path = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        match (&line["path"], &line["path_b64"]) {
            (Value::String(text), Value::Null) => text.as_bytes().to_vec(),
            (Value::Null, Value::String(text)) => base64::decode(text).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    text.lines().map(path).collect()
}

/// Checks that a command says so many lines, no two alike, and nothing that a terminal obeys.
fn check_text(desk: &Desk, arguments: &[&str], count: usize) {
    let output = desk.program().args(arguments).output().unwrap();
    let text = str::from_utf8(&output.stdout).unwrap();
    let obeyed = text.chars().find(|character| {
        character.is_control() && *character != '\n' || matches!(character, '\u{202a}'..='\u{202e}')
    });
    assert_eq!(obeyed, None, "{arguments:?}");
    let lines: BTreeSet<&str> = text.lines().collect();
    assert_eq!(lines.len(), text.lines().count(), "{arguments:?}: two lines are alike");
    assert_eq!(lines.len(), count, "{arguments:?}");
}

/// A combining accent, half of a character and an order to write from right to left among them.
const SYMBOLS: [&[u8]; 16] = [
    b" ",
    b".",
    b"\\",
    b"\n",
    b"\r",
    b"\x1b",
    b":",
    b"*",
    b"\x7f",
    b"\xff",
    b"\xc3",
    b"\xc3\xa9",
    b"e\xcc\x81",
    b"\xe2\x80\xae",
    b"-",
    b"~",
];
