//! Stores that are not as they should be: what is wrong is named, nothing is half done, and all is
//! well again when the fault has gone.

use std::{fs, path::PathBuf};

use crate::support::{Desk, check_wrong, desk_with_snapshot};

fn pack(desk: &Desk, number: u32) -> PathBuf {
    desk.path(&format!(".markerbed/packs/{number:08}.pack"))
}

fn index(desk: &Desk) -> PathBuf {
    desk.path(".markerbed/index/00000001.index")
}

/// What `check` finds, and its exit code.
fn findings(desk: &Desk, arguments: &[&str]) -> (i32, Vec<(String, String)>) {
    let (code, lines) = desk.json("check", &[&["check"], arguments].concat());
    let findings = lines[0]["findings"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let told = findings.map(|finding| (text(&finding["code"]), text(&finding["detail"])));
    (code, told.collect())
}

/// Where the records of batches begin in a pack.
fn batches(pack: &[u8]) -> Vec<usize> {
    let is_batch = |bytes: &[u8]| bytes.starts_with(b"mbR1\x02");
    (0..pack.len()).filter(|&at| is_batch(&pack[at..])).collect()
}

#[test]
fn a_store_of_another_version_is_refused_by_its_number() {
    let desk = desk_with_snapshot();
    let path = desk.path(".markerbed/format");
    let format = fs::read_to_string(&path).unwrap();
    for version in ["0", "2"] {
        let other = format.replace("directory 1\n", &format!("directory {version}\n"));
        fs::write(&path, other).unwrap();

        for command in [&["log"][..], &["snap", "tree"], &["check"], &["repair", "--rebuild-index"]]
        {
            let ran = check_wrong(&desk, command, 4, "unknown-store-format");
            assert!(ran.err.contains(version), "{ran:?}");
        }
    }
    fs::write(&path, format).unwrap();
    desk.ok(&["check", "--read-data", "--index"]);
}

#[test]
fn half_a_store_is_named_and_not_made_whole() {
    for (missing, code) in [("format", "not-a-store"), ("packs", "store-damaged")] {
        let desk = desk_with_snapshot();
        let (path, away) = (desk.path(".markerbed").join(missing), desk.path("away"));
        fs::rename(&path, &away).unwrap();

        for command in [&["log"][..], &["snap", "tree"], &["check"], &["repair", "--rebuild-index"]]
        {
            let ran = check_wrong(&desk, command, 4, code);
            assert!(ran.err.contains(missing), "{ran:?}");
        }

        assert!(!path.exists());
        fs::rename(&away, &path).unwrap();
        desk.ok(&["snap", "tree", "--record"]);
        desk.ok(&["check", "--read-data", "--index"]);
    }
}

#[test]
fn a_first_pack_that_is_missing_is_named_and_not_made_anew() {
    let desk = desk_with_snapshot();
    fs::rename(pack(&desk, 1), desk.path("away")).unwrap();

    for command in [&["log"][..], &["snap", "tree", "--record"]] {
        let ran = check_wrong(&desk, command, 4, "store-damaged");
        assert!(ran.err.contains("packs/00000001.pack"), "{ran:?}");
    }
    let (exit, found) = findings(&desk, &[]);

    assert_eq!((exit, found[0].0.as_str()), (4, "damaged-store"), "{found:?}");
    assert!(!pack(&desk, 1).exists());
    fs::rename(desk.path("away"), pack(&desk, 1)).unwrap();
    desk.ok(&["snap", "tree", "--record"]);
}

#[test]
fn what_is_no_store_is_named_and_left_alone() {
    let desk = desk_with_snapshot();
    let format = fs::read(desk.path(".markerbed/format")).unwrap();
    let cases: [&[u8]; 5] =
        [b"", b"markerbed", b"ref: main\n", &format[..format.len() - 1], &format[..20]];
    for other in cases {
        fs::write(desk.path(".markerbed/format"), other).unwrap();

        for command in [&["log"][..], &["snap", "tree", "--record"], &["check"], &["init"]] {
            check_wrong(&desk, command, 4, "not-a-store");
        }

        assert_eq!(fs::read(desk.path(".markerbed/format")).unwrap(), other);
    }
    fs::write(desk.path(".markerbed/format"), format).unwrap();
    fs::rename(desk.path(".markerbed"), desk.path("store")).unwrap();
    desk.write(".markerbed", "a file");
    for command in [&["log"][..], &["snap", "tree"], &["check"], &["repair", "--rebuild-index"]] {
        check_wrong(&desk, command, 4, "not-a-store");
    }
    assert_eq!(fs::read_to_string(desk.path(".markerbed")).unwrap(), "a file");
    desk.ok(&["check", "--read-data", "--store", "store"]);
}

#[test]
fn what_is_derived_or_a_hint_may_be_missing() {
    for missing in ["durable", "lock", "index", "seen", "index/00000001.index"] {
        let desk = desk_with_snapshot();
        desk.ok(&["repair", "--rebuild-index"]);
        desk.ok(&["snap", "tree", "--record"]);
        let log = desk.ok(&["log"]);
        let path = desk.path(".markerbed").join(missing);
        match path.is_dir() {
            true => fs::remove_dir_all(path).unwrap(),
            false => fs::remove_file(path).unwrap(),
        }

        assert_eq!(desk.ok(&["log"]), log, "{missing}");
        assert_eq!(desk.ok(&["cat", "@:f"]), "62381", "{missing}");
        desk.ok(&["check", "--read-data", "--index"]);
        desk.ok(&["snap", "tree", "--record"]);
        desk.ok(&["check", "--read-data", "--index"]);
    }
}

#[test]
fn a_pack_that_does_not_belong_there_is_named() {
    let other = desk_with_snapshot();
    let desk = desk_with_snapshot();
    let ours = fs::read(pack(&desk, 1)).unwrap();
    let cases = [
        (pack(&other, 1), 1, "it is a pack of another store"),
        (pack(&other, 1), 2, "it is a pack of another store"),
        (pack(&desk, 1), 2, "it is another pack of this store"),
    ];
    for (from, number, fault) in cases {
        fs::copy(from, pack(&desk, number)).unwrap();
        let before = fs::read(pack(&desk, number)).unwrap();

        for command in [&["log"][..], &["snap", "tree", "--record"], &["ref", "ls"]] {
            let ran = check_wrong(&desk, command, 4, "store-damaged");
            assert!(ran.err.contains(fault), "{ran:?}");
        }
        let (exit, found) = findings(&desk, &["--read-data"]);
        let named = format!("pack {number}, byte 0: {fault}");

        assert_eq!(exit, 4);
        assert!(found.contains(&("damaged-store".to_owned(), named)), "{found:?}");
        assert!(fs::read(pack(&desk, number)).unwrap() == before, "it was touched");
        match number {
            1 => fs::write(pack(&desk, 1), &ours).unwrap(),
            _ => fs::remove_file(pack(&desk, number)).unwrap(),
        }
        desk.ok(&["snap", "tree", "--record"]);
        desk.ok(&["check", "--read-data", "--index"]);
    }
}

#[test]
fn an_index_that_does_not_belong_there_changes_no_answer_and_is_named() {
    let other = desk_with_snapshot();
    let desk = desk_with_snapshot();
    for desk in [&other, &desk] {
        desk.ok(&["repair", "--rebuild-index"]);
        assert_eq!(desk.json_of("check", &["check", "--index"])["index_files"], 1);
    }
    let log = desk.ok(&["log"]);
    fs::copy(index(&other), index(&desk)).unwrap();

    assert_eq!(desk.ok(&["log"]), log);
    assert_eq!(desk.ok(&["cat", "@:f"]), "62381");
    assert_eq!(findings(&desk, &["--read-data"]), (0, Vec::new()), "no index is read");
    let (exit, found) = findings(&desk, &["--index"]);

    assert_eq!((exit, found[0].0.as_str(), found.len()), (4, "wrong-index", 1), "{found:?}");
    assert!(found[0].1.contains("markerbed repair --rebuild-index"), "{found:?}");
    let repaired = desk.json_of("repair", &["repair", "--rebuild-index"]);
    assert_eq!((&repaired["index_files"], &repaired["damaged_total"]), (&1.into(), &0.into()));
    assert_eq!(findings(&desk, &["--index"]), (0, Vec::new()));
}

#[test]
fn repair_says_what_it_can_do_and_forgets_only_hints() {
    let desk = desk_with_snapshot();
    desk.write(".markerbed/seen/some.seen", "a hint");
    desk.write(".markerbed/seen/other", "no hint");

    let ran = check_wrong(&desk, &["repair"], 2, "bad-usage");
    let repaired = desk.json_of("repair", &["repair", "--rebuild-index"]);

    assert!(ran.err.contains("--rebuild-index makes all index files anew"), "{ran:?}");
    assert!(repaired["hints_deleted"].as_u64().unwrap() >= 1, "{repaired}");
    assert!(!desk.path(".markerbed/seen/some.seen").exists());
    assert!(desk.path(".markerbed/seen/other").exists());
    desk.ok(&["check", "--index"]);
}

#[test]
fn a_damaged_batch_is_named_and_what_could_not_be_checked_is_said() {
    let desk = desk_with_snapshot();
    desk.write("tree/g", "more");
    desk.ok(&["snap", "tree"]);
    let whole = fs::read(pack(&desk, 1)).unwrap();
    let at = batches(&whole)[1];
    let mut damaged = whole.clone();
    damaged[at + 100] ^= 1;
    fs::write(pack(&desk, 1), damaged).unwrap();

    check_wrong(&desk, &["log"], 4, "store-damaged");
    check_wrong(&desk, &["snap", "tree", "--record"], 4, "store-damaged");
    let (exit, lines) = desk.json("check", &["check", "--read-data", "--index"]);
    let repair = desk.json("repair", &["repair", "--rebuild-index"]);
    let told = desk.run(&["check"]);

    assert_eq!((exit, &lines[0]["health"]), (4, &"damaged".into()));
    let found = &lines[0]["findings"][0];
    assert_eq!(found["code"], "damaged-store");
    assert!(found["detail"].as_str().unwrap().starts_with(&format!("pack 1, byte {at}: ")));
    assert!(lines[0]["unchecked"].as_str().unwrap().contains("the ledger"));
    assert_eq!((repair.0, &repair.1[0]["damaged"][0]["offset"]), (4, &at.into()));
    assert_eq!(told.code, 4);
    assert!(told.out.contains("not checked: the ledger"), "{told:?}");
    fs::write(pack(&desk, 1), whole).unwrap();
    desk.ok(&["snap", "tree", "--record"]);
    desk.ok(&["check", "--read-data", "--index"]);
}

#[test]
fn whole_records_behind_a_torn_one_are_told_of() {
    let desk = desk_with_snapshot();
    let (first, mark) = (fs::read(pack(&desk, 1)).unwrap(), desk.path(".markerbed/durable"));
    let durable = fs::read(&mark).unwrap();
    desk.write("tree/g", "more");
    desk.ok(&["snap", "tree"]);
    let mut torn = fs::read(pack(&desk, 1)).unwrap();
    torn[first.len() + 80] ^= 1;
    fs::write(pack(&desk, 1), &torn).unwrap();
    fs::write(&mark, durable).unwrap();

    desk.ok(&["snap", "tree", "--record"]);

    let answer = desk.json_of("check", &["check", "--read-data"]);
    let bytes = torn.len() - first.len();
    assert_eq!(answer["aside"][0]["bytes"], bytes);
    let file = desk.path(".markerbed").join(answer["aside"][0]["file"].as_str().unwrap());
    assert!(fs::read(file).unwrap() == torn[first.len()..]);
    let told = desk.ok(&["repair", "--rebuild-index"]);
    assert!(told.contains("aside: aside/00000001-"), "{told}");
}

#[test]
fn slices_together_read_all_and_say_what_they_read() {
    let desk = desk_with_snapshot();
    let mut state = 1_u64;
    let noise: Vec<u8> = (0..4_000_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as u8
        })
        .collect();
    desk.write("tree/large", noise);
    desk.ok(&["snap", "tree"]);
    let read = |option: &str| {
        let answer = desk.json_of("check", &["check", option]);
        (answer["bytes_read"].as_u64().unwrap(), answer["read_data"].as_str().unwrap().to_owned())
    };

    let (all, whole) = read("--read-data");
    let slices = ["1/3", "2/3", "3/3"].map(|slice| read(&format!("--read-data={slice}")));
    let (share, percent) = read("--read-data=50%");

    assert_eq!((whole.as_str(), percent.as_str(), slices[1].1.as_str()), ("100%", "50%", "2/3"));
    assert!(slices.iter().all(|(bytes, _)| *bytes < all), "{slices:?} of {all}");
    assert!(slices.iter().map(|(bytes, _)| bytes).sum::<u64>() >= 4_000_000, "{slices:?}");
    assert!(share <= all);
    let told = desk.ok(&["check", "--read-data=1/3"]);
    assert!(told.contains("(1/3 of all)"), "{told}");
    for wrong in ["0/3", "4/3", "101%", "half"] {
        let option = format!("--read-data={wrong}");
        let ran = check_wrong(&desk, &["check", &option], 2, "bad-usage");
        assert!(ran.err.contains("3/10, the third of ten"), "{ran:?}");
    }
}

#[test]
fn a_clock_that_went_backwards_is_told_and_changes_no_order() {
    let desk = Desk::with_store();
    desk.write("tree/f", "1");
    let early = ["snap", "tree", "--time", "2026-11-21T12:00:00Z", "--record"];
    let late = ["snap", "tree", "--time", "2026-11-21T13:00:00Z", "--record"];

    let first = desk.run(&early);
    let forwards = desk.run(&late);
    let backwards = desk.run(&early);

    for ran in [&first, &forwards, &backwards] {
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    assert!(!forwards.err.contains("clock"), "{forwards:?}");
    let told = "the clock went backwards: it is 2026-11-21T12:00:00Z";
    assert!(backwards.err.contains(told), "{backwards:?}");
    let numbers: Vec<u64> = desk.json("log", &["log"]).1.iter().map(number).collect();
    assert!(numbers.is_sorted_by(|one, next| one > next), "{numbers:?}");
    desk.ok(&["check", "--read-data"]);
}

fn number(line: &serde_json::Value) -> u64 {
    line["number"].as_u64().unwrap()
}
