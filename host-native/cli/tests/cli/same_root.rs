//! One tree, one root: wherever it lies, however it was made, whoever computes it.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, Permissions},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::{PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{Desk, Ran, repository};

#[test]
fn two_paths_two_orders_two_zones_and_two_locales_give_one_root() {
    let desk = Desk::with_store();
    let items = odd_items(300);
    make(&desk.path("a/tree"), items.iter());
    make(&desk.path("b/deeper/tree"), items.iter().rev());

    let root = |path: &str, umask: &str, zone: &str, locale: &str| {
        let line = format!("umask {umask}; exec \"$0\" snap --json --source x --record {path}");
        let mut shell = desk.dressed(Command::new("sh"));
        shell.args(["-c", &line, env!("CARGO_BIN_EXE_markerbed")]);
        let output = shell.env("TZ", zone).env("LC_ALL", locale).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["root"].as_str().unwrap().to_owned()
    };

    let first = root("a/tree", "022", "UTC", "C");
    let path = desk.path("b/deeper/tree");
    assert_eq!(root(path.to_str().unwrap(), "077", "Asia/Tokyo", "de_DE.UTF-8"), first);
    assert_eq!(root("b/../a/tree/", "000", "America/St_Johns", "tr_TR.UTF-8"), first);
}

#[test]
fn the_reference_in_another_language_gives_the_same_root_of_ten_thousand_files() {
    let Some(python) = python() else { return };
    let desk = Desk::with_store();
    let items = odd_items(10_200);
    make(&desk.path("tree"), items.iter());

    let ours = desk.json_of("snap", &["snap", "tree", "--no-ignore"]);
    let theirs = reference(&desk, &python, &["root".as_ref(), "tree".as_ref()]);

    assert!(ours["nodes"].as_u64().unwrap() >= 10_000, "{ours}");
    assert_eq!(theirs.code, 0, "{theirs:?}");
    assert_eq!(theirs.out.trim(), ours["root"].as_str().unwrap());
}

#[test]
fn the_reference_leaves_out_a_store_and_nothing_else_of_its_name() {
    let Some(python) = python() else { return };
    let desk = Desk::with_store();
    desk.write("tree/.markerbed/f", "no store");
    desk.write("f", "beside the store");

    for directory in ["tree", "."] {
        let ours = desk.json_of("snap", &["snap", directory, "--source", "x", "--no-ignore"]);
        let theirs = reference(&desk, &python, &["root".as_ref(), directory.as_ref()]);

        assert_eq!(theirs.out.trim(), ours["root"].as_str().unwrap(), "{directory}: {theirs:?}");
    }
}

#[test]
fn the_reference_in_another_language_judges_our_proofs_alike() {
    let Some(python) = python() else { return };
    let desk = Desk::with_store();
    make(&desk.path("tree"), odd_items(700).iter());
    let root = desk.root_of("tree");
    let other = "0".repeat(64);
    desk.ok(&["prove", "@:wide/f00000033", "-o", "present"]);
    desk.ok(&["prove", "@:wide/f00000033", "--blind", "-o", "contained"]);
    desk.ok(&["prove", "@:wide/nobody", "--absent", "-o", "absent"]);
    let mut broken = fs::read(desk.path("present")).unwrap();
    *broken.last_mut().unwrap() ^= 1;
    desk.write("broken", broken);

    for proof in ["present", "contained", "absent", "broken"] {
        for expectation in [vec![], vec!["--root", &root], vec!["--root", &other]] {
            let arguments = [vec!["verify", proof], expectation].concat();
            let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();

            let theirs = reference(&desk, &python, &arguments);

            assert_eq!(theirs.code, desk.run(&arguments).code, "{arguments:?}: {theirs:?}");
        }
    }
}

/// Something to make in a tree.
enum Item {
    Directory(Vec<u8>),
    File { path: Vec<u8>, bytes: Vec<u8>, mode: u32 },
    Symlink { path: Vec<u8>, target: Vec<u8> },
}

/// A tree with names that nobody chooses; about `count` files, most of them in one directory.
fn odd_items(count: usize) -> Vec<Item> {
    let mut items = vec![
        Item::Directory(b"empty".to_vec()),
        Item::Directory(b"odd".to_vec()),
        Item::Directory(b"wide".to_vec()),
        Item::Symlink { path: b"odd/absolute".to_vec(), target: b"/nowhere/at all".to_vec() },
        Item::Symlink { path: b"odd/upwards".to_vec(), target: b"../../..".to_vec() },
        Item::Symlink { path: b"odd/raw".to_vec(), target: vec![0xff, b'\n', 0x1b] },
    ];
    let file = |path: Vec<u8>, bytes: Vec<u8>, mode| Item::File { path, bytes, mode };
    for (index, name) in odd_names().into_iter().enumerate() {
        let mode = if index % 3 == 0 { 0o755 } else { 0o644 };
        items.push(file([b"odd/", name.as_slice()].concat(), vec![b'x'; index * 37 % 5_000], mode));
    }
    items.push(file(b"large".to_vec(), (0..3 << 20).map(|at| (at % 251) as u8).collect(), 0o644));
    for index in 0..count {
        let path = format!("wide/f{index:08}").into_bytes();
        items.push(file(path, format!("{}", index / 3).into_bytes(), 0o644));
    }
    let mut deep = b"deep".to_vec();
    for level in 0..60 {
        items.push(Item::Directory(deep.clone()));
        let path = [deep.as_slice(), b"/leaf"].concat();
        items.push(file(path, vec![level; 3], 0o600));
        deep.extend_from_slice(b"/d");
    }
    items
}

fn odd_names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> =
        (1..=255_u8).filter(|byte| !matches!(byte, b'/' | b'.')).map(|byte| vec![byte]).collect();
    let texts = ["...", "-rf", " ", "a\nb", "caf\u{e9}", "cafe\u{301}", "A", "\u{202e}gpj", "🌋"];
    names.extend(texts.iter().map(|text| text.as_bytes().to_vec()));
    names.extend([vec![b'n'; 255], vec![0xff; 255], b".gitignore".to_vec(), b"\xc3".to_vec()]);
    names.sort();
    names.dedup();
    names
}

fn make<'a>(root: &Path, items: impl Iterator<Item = &'a Item>) {
    let at = |path: &[u8]| root.join(OsString::from_vec(path.to_vec()));
    for item in items {
        let (Item::Directory(path) | Item::File { path, .. } | Item::Symlink { path, .. }) = item;
        let path = at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match item {
            Item::Directory(_) => fs::create_dir_all(path).unwrap(),
            Item::Symlink { target, .. } => symlink(OsStr::from_bytes(target), path).unwrap(),
            Item::File { bytes, mode, .. } => {
                fs::write(&path, bytes).unwrap();
                fs::set_permissions(&path, Permissions::from_mode(*mode)).unwrap();
            }
        }
    }
}

fn reference(desk: &Desk, python: &Path, arguments: &[&OsStr]) -> Ran {
    let mut program = desk.dressed(Command::new(python));
    program.arg(repository().join("tests/reference/reference.py")).args(arguments);
    Ran::of(program.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap())
}

/// A Python that has what the reference needs; without one the test is skipped, but not in CI.
fn python() -> Option<PathBuf> {
    let candidates = [repository().join("target/venv/bin/python"), PathBuf::from("python3")];
    let has_blake3 = |python: &PathBuf| {
        let tried = Command::new(python).args(["-c", "import blake3"]).output();
        tried.is_ok_and(|output| output.status.success())
    };
    let found = candidates.into_iter().find(has_blake3);
    if found.is_none() {
        let in_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
        assert!(!in_ci, "no Python with the package blake3; `cargo xtask setup` makes one");
        eprintln!("skipped: no Python with the package blake3; `cargo xtask setup` makes one");
    }
    found
}
