//! A store that the program made when the format was frozen: every later version reads it.
//!
//! `tests/compatibility/program-1/` has its files, without a key. They are never written over; who
//! raises the format adds others.

use std::{env, fs, path::PathBuf};

use serde_json::{Value, json};

use crate::support::{Desk, check_wrong, repository};

#[test]
fn a_store_of_the_first_format_answers_as_on_its_first_day() {
    let desk = with_golden();

    check_answers(&desk);
    desk.ok(&["restore", "@", "back"]);

    for (name, bytes) in TREE {
        assert_eq!(fs::read_to_string(desk.path("back").join(name)).unwrap(), bytes, "{name}");
    }
    assert_eq!(fs::read(desk.path("back/large")).unwrap(), large());
    let same = desk.json_of("status", &["status", "back", "--source", "tree"]);
    assert_eq!(same["root"], answers()["roots"][0]);
}

#[test]
fn a_store_of_the_first_format_is_whole_and_comes_back_from_its_packs() {
    let desk = with_golden();
    let checked = desk.json_of("check", &["check", "--read-data", "--index"]);
    assert_eq!(checked["index_files"], 1);

    let repaired = desk.json_of("repair", &["repair", "--rebuild-index"]);

    assert_eq!((&repaired["index_files"], &repaired["hints_deleted"]), (&1.into(), &1.into()));
    check_answers(&desk);
    desk.ok(&["check", "--read-data", "--index"]);
    let wrong = ["snap", "back", "--record"];
    fs::create_dir(desk.path("back")).unwrap();
    check_wrong(&desk, &wrong, 12, "key-missing");
}

/// Compares what the store tells of itself with what it told on its first day.
fn check_answers(desk: &Desk) {
    assert_eq!(told(desk), answers());
    for (name, bytes) in TREE {
        assert_eq!(desk.ok(&["cat", &format!("@:{name}")]), bytes, "{name}");
    }
    assert_eq!(desk.ok(&["cat", "tree:d/a"]), TREE[0].1);
    assert_eq!(desk.ok(&["cat", "@-:d/a"]), "before", "the snapshot before");
}

/// All ids: of the workspace, of each snapshot and its root, and what refs point at.
fn told(desk: &Desk) -> Value {
    let log = desk.json("log", &["log"]).1;
    let of = |member: &str| -> Vec<Value> {
        let snapshots = log.iter().filter_map(|line| line.get("snapshot"));
        snapshots.map(|snapshot| snapshot[member].clone()).collect()
    };
    let operations: Vec<&Value> = log.iter().map(|line| &line["operation"]).collect();
    let pairs = |lines: Vec<Value>, first: &str, second: &str| -> Vec<Value> {
        lines.iter().map(|line| json!([line[first], line[second]])).collect()
    };
    json!({
        "workspace": log.last().unwrap()["workspace"],
        "operations": operations,
        "snapshots": of("id"),
        "roots": of("root"),
        "refs": pairs(desk.json("ref-ls", &["ref", "ls"]).1, "name", "snapshot"),
        "listing": pairs(desk.json("ls", &["ls", "-R"]).1, "path", "node"),
    })
}

fn answers() -> Value {
    serde_json::from_slice(&fs::read(golden().join("answers.json")).unwrap()).unwrap()
}

/// A desk with a copy of the golden store.
fn with_golden() -> Desk {
    if !golden().exists() && env::var_os("MARKERBED_BLESS").is_some() {
        make();
    }
    let desk = Desk::new();
    for folder in FOLDERS {
        fs::create_dir_all(desk.path(".markerbed").join(folder)).unwrap();
        for file in fs::read_dir(golden().join("store").join(folder)).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                let to = desk.path(".markerbed").join(folder).join(file.file_name());
                fs::copy(file.path(), to).unwrap();
            }
        }
    }
    desk
}

/// Makes the golden store: entries of several kinds, an index file that covers a part of the pack,
/// a removal of a ref, a large content, and what was seen.
fn make() {
    let desk = Desk::with_store();
    for (name, bytes) in TREE {
        desk.write(&format!("tree/{name}"), bytes);
    }
    desk.write("tree/d/a", "before");
    std::os::unix::fs::symlink("d/a", desk.path("tree/link")).unwrap();
    desk.ok(&["snap", "tree"]);
    desk.ok(&["ref", "set", "kept", "@"]);
    desk.ok(&["ref", "set", "gone", "@"]);
    desk.ok(&["ref", "rm", "gone"]);
    desk.ok(&["repair", "--rebuild-index"]);
    desk.write("tree/d/a", TREE[0].1);
    desk.write("tree/large", large());
    desk.ok(&["snap", "tree", "-m", "the second"]);

    for folder in FOLDERS {
        fs::create_dir_all(golden().join("store").join(folder)).unwrap();
        for file in fs::read_dir(desk.path(".markerbed").join(folder)).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                fs::copy(file.path(), golden().join("store").join(folder).join(file.file_name()))
                    .unwrap();
            }
        }
    }
    let answers = serde_json::to_string_pretty(&told(&desk)).unwrap() + "\n";
    fs::write(golden().join("answers.json"), answers).unwrap();
}

fn golden() -> PathBuf {
    repository().join("tests/compatibility/program-1")
}

/// A content that is kept in parts, and takes little room.
fn large() -> Vec<u8> {
    b"marker bed\n".repeat(120_000)
}

const TREE: [(&str, &str); 4] =
    [("d/a", "after"), ("d/same", "after"), ("empty", ""), ("text", "lines\nof\ntext\n")];

const FOLDERS: [&str; 4] = ["", "packs", "index", "seen"];
