//! What a snapshot of a directory says of it.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that fails must fail"
)]

mod trees;

use std::{
    collections::BTreeMap,
    fs,
    num::NonZeroUsize,
    os::unix::net::UnixListener,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use markerbed_core::{
    Object, hash,
    tree::{Counts, Coverage, EvidenceDocument, GapReason, RulesDocument},
};
use markerbed_host::{
    drive::blocking::wait,
    progress::{Progress, Silent},
    snapshot::{HashOnly, SnapError, SnapOptions, take},
    store::Contents,
};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use trees::{Recorded, Scratch, WORKSPACE};

#[test]
fn an_empty_directory_has_a_root_and_counts_nothing() {
    let scratch = Scratch::new();

    let recorded = scratch.take();

    assert_eq!(recorded.taken.directory.below(), Counts::default());
    assert_eq!(recorded.paths(), [""; 0]);
    assert_eq!(recorded.taken.coverage(), Coverage::Complete);
    assert_eq!(recorded.taken.evidence(None), None);
    assert_eq!(recorded.taken.statistics.directories, 1);
}

#[test]
fn kinds_contents_targets_and_executable_bits_are_recorded() {
    let scratch = Scratch::new();
    scratch.file("a", "hello\n").file("d/e/f", "").directory("empty").file(".hidden/.x", "y");
    scratch.link("link", "a").link("dangling", "../\u{fffd}nowhere").link("absolute", "/etc");

    let recorded = scratch.take();

    let content = |bytes: &[u8]| hash::content_id(bytes).to_string();
    let expected: BTreeMap<Vec<u8>, String> = [
        (".hidden", "directory".to_owned()),
        (".hidden/.x", format!("file 1 {}", content(b"y"))),
        ("a", format!("file 6 {}", content(b"hello\n"))),
        ("absolute", "-> /etc".to_owned()),
        ("d", "directory".to_owned()),
        ("d/e", "directory".to_owned()),
        ("d/e/f", format!("file 0 {}", content(b""))),
        ("dangling", "-> ../\\xef\\xbf\\xbdnowhere".to_owned()),
        ("empty", "directory".to_owned()),
        ("link", "-> a".to_owned()),
    ]
    .map(|(path, line)| (path.as_bytes().to_vec(), line))
    .into();
    assert_eq!(recorded.lines(), expected);
    assert_eq!(recorded.taken.directory.below(), Counts { nodes: 10, files: 3, bytes: 7 });
    let statistics = recorded.taken.statistics;
    assert_eq!((statistics.files, statistics.symlinks, statistics.directories), (3, 3, 5));
    assert_eq!(statistics.bytes, 7);
}

#[test]
fn only_the_owners_bit_makes_a_program() {
    let scratch = Scratch::new();
    let modes = [0o644, 0o755, 0o744, 0o655, 0o700, 0o4755, 0o677, 0o500];
    for mode in modes {
        let name = format!("{mode:o}");
        scratch.file(&name, "x").mode(&name, mode);
    }

    let lines = scratch.take().lines();

    for mode in modes {
        let line = &lines[format!("{mode:o}").as_bytes()];
        assert_eq!(line.starts_with("program"), mode & 0o100 != 0, "{mode:o}: {line}");
    }
}

#[test]
fn every_byte_that_a_name_can_have_is_recorded_as_it_is() {
    let scratch = Scratch::new();
    let mut names: Vec<Vec<u8>> = Vec::new();
    for byte in (1..=u8::MAX).filter(|byte| *byte != b'/') {
        names.push(vec![b'n', byte, b'm']);
        if byte != b'.' {
            names.push(vec![byte]);
        }
    }
    names.extend([vec![b'x'; 255], vec![0xff; 255], b"...".to_vec(), b" a ".to_vec()]);
    for name in &names {
        scratch.file(name, name);
    }

    let recorded = scratch.take();

    names.sort();
    assert_eq!(recorded.lines().into_keys().collect::<Vec<_>>(), names);
    assert_eq!(recorded.taken.coverage(), Coverage::Complete);
}

#[test]
fn symlinks_are_recorded_and_never_followed() {
    let outside = Scratch::new();
    outside.file("secret", "do not read");
    let scratch = Scratch::new();
    scratch.directory("d").file("d/f", "");
    scratch.link("outside", outside.path().as_os_str().as_encoded_bytes());
    scratch.link("up", "..").link("loop", "loop").link("d/self", ".").link("inside", "d");
    scratch.link("raw", b"\xff\xfe/\x01").link("long", vec![b'a'; 4_095]);

    let recorded = scratch.take();

    let kinds: Vec<_> =
        recorded.lines().into_values().filter(|line| line.starts_with("->")).collect();
    assert_eq!(kinds.len(), 7);
    assert_eq!(recorded.taken.directory.below(), Counts { nodes: 9, files: 1, bytes: 0 });
    assert!(recorded.taken.gaps.is_empty());
}

#[test]
fn what_is_no_file_is_a_gap_and_the_rest_is_recorded() {
    let scratch = Scratch::new();
    scratch.file("d/file", "x");
    mknodat(CWD, scratch.at("d/fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let _socket = UnixListener::bind(scratch.at("socket")).unwrap();
    let device = rustix::fs::makedev(1, 3);
    let made = mknodat(CWD, scratch.at("d/device"), FileType::CharacterDevice, Mode::RUSR, device);

    let recorded = scratch.take();

    let mut expected = vec![
        ("d/fifo".to_owned(), GapReason::Fifo, 1),
        ("socket".to_owned(), GapReason::Socket, 1),
    ];
    if made.is_ok() {
        expected.insert(0, ("d/device".to_owned(), GapReason::Device, 1));
    }
    assert_eq!(recorded.gaps(), expected);
    assert_eq!(recorded.paths(), ["d", "d/file"]);
    assert_eq!(recorded.taken.coverage(), Coverage::Partial);
}

#[test]
fn contents_of_every_size_are_in_the_store() {
    let scratch = Scratch::new();
    let mebibyte = 1 << 20;
    let sizes =
        [0, 1, 4_095, 4_096, 65_536, mebibyte - 1, mebibyte, mebibyte + 1, 5 * mebibyte + 3];
    let content = |size: usize| -> Vec<u8> { (0..size).map(|at| (at * 31 % 251) as u8).collect() };
    for size in sizes {
        scratch.file(format!("{size}"), content(size));
    }

    let recorded = scratch.take();

    let ids: Vec<_> = sizes.iter().map(|size| hash::content_id(&content(*size))).collect();
    let stored = wait(recorded.store.fetch_contents(WORKSPACE, &ids)).unwrap();
    for (size, stored) in sizes.iter().zip(stored) {
        assert!(stored.is_some_and(|stored| *stored == content(*size)), "{size}");
    }
    let lines = recorded.lines();
    for (size, id) in sizes.iter().zip(ids) {
        assert_eq!(lines[size.to_string().as_bytes()], format!("file {size} {id}"));
    }
}

#[test]
fn a_look_without_a_store_gives_the_same_root_and_keeps_every_object() {
    let scratch = Scratch::new();
    scratch.file("a/b", "1").file("c", "2").link("l", "c").file("large", vec![1; 3 << 20]);
    let recorded = scratch.take();

    let looked = HashOnly::default();
    let taken = take(scratch.path(), &SnapOptions::default(), &looked, &Silent).unwrap();

    assert_eq!(taken.root, recorded.taken.root);
    let objects = looked.into_objects();
    assert!(objects.contains_key(&taken.root.into()));
    for (id, bytes) in &objects {
        Object::check(*id, bytes).unwrap();
    }
    // Four leaves, a's page and node, the root's, and a page each for their attributes.
    assert_eq!(objects.len(), 4 + 1 + 1 + 2 + 2);
}

#[test]
fn one_tree_has_one_root_wherever_it_lies_and_however_it_came_about() {
    let (one, other) = (Scratch::new(), Scratch::new());
    let names: Vec<String> = (0..500).map(|number| format!("d{}/f{number}", number % 7)).collect();
    for name in &names {
        one.file(name, name);
    }
    for name in names.iter().rev() {
        other.file(format!("deep/er/{name}"), name);
    }

    let root = one.take().taken.root;

    for threads in [1, 2, 7] {
        let threads = NonZeroUsize::new(threads);
        let options = SnapOptions { threads, ..SnapOptions::default() };
        assert_eq!(Recorded::of(&other.at("deep/er"), &options).taken.root, root);
    }
}

#[test]
fn a_directory_of_a_hundred_thousand_entries_is_recorded() {
    let scratch = Scratch::new();
    let count = 100_000;
    for number in 0..count {
        fs::File::create(scratch.at(format!("{number:06}"))).unwrap();
    }

    let recorded = scratch.take();

    assert_eq!(recorded.taken.directory.below(), Counts { nodes: count, files: count, bytes: 0 });
    assert_eq!(recorded.lines().len() as u64, count);
}

#[test]
fn progress_adds_up_to_what_was_recorded() {
    #[derive(Default)]
    struct Sums(AtomicU64, AtomicU64);
    impl Progress for Sums {
        fn advance(&self, files: u64, bytes: u64) {
            self.0.fetch_add(files, Ordering::Relaxed);
            self.1.fetch_add(bytes, Ordering::Relaxed);
        }
    }
    let scratch = Scratch::new();
    for number in 0..300 {
        scratch.file(format!("{number}"), "12345");
    }
    scratch.file("large", vec![0; 2 << 20]);
    let sums = Sums::default();

    let taken = take(scratch.path(), &SnapOptions::default(), &HashOnly::default(), &sums).unwrap();

    assert_eq!(sums.0.into_inner(), taken.statistics.files);
    assert_eq!(sums.1.into_inner(), taken.statistics.bytes);
    assert_eq!(taken.statistics.files, 301);
}

#[test]
fn the_store_is_left_out_wherever_it_lies_and_whatever_it_is_called() {
    let scratch = Scratch::new();
    scratch.file("a", "1").file("d/store/pack", "2").file("d/b", "3").file("one-file-store", "4");
    let without = Scratch::new();
    without.file("a", "1").file("d/b", "3");
    let leave_out = vec![scratch.at("d/../d/store"), scratch.at("one-file-store"), "absent".into()];
    let options = SnapOptions { leave_out, ..SnapOptions::default() };

    let recorded = Recorded::of(scratch.path(), &options);

    assert_eq!(recorded.taken.root, without.take().taken.root);
    assert_eq!(recorded.taken.left_out, 0);
    for inside in [scratch.at("d/store"), {
        scratch.directory("d/store/x");
        scratch.at("d/store/x")
    }] {
        let error = take(&inside, &options, &HashOnly::default(), &Silent).unwrap_err();
        assert!(matches!(error, SnapError::IsLeftOut { .. }), "{error}");
    }
}

#[test]
fn a_root_that_is_none_is_refused_by_what_it_is() {
    let scratch = Scratch::new();
    scratch.file("file", "").link("dangling", "nowhere").link("to-directory", "d").directory("d");
    let refused = |name: &str| {
        let taken = take(&scratch.at(name), &SnapOptions::default(), &HashOnly::default(), &Silent);
        taken.unwrap_err()
    };

    assert_eq!(refused("absent").code(), "path-not-found");
    assert_eq!(refused("dangling").code(), "path-not-found");
    assert_eq!(refused("file").code(), "not-a-directory");
    assert_eq!(refused("file/below").code(), "not-a-directory");
    assert!(refused("absent").to_string().ends_with("/absent: no such directory"));
    let by_link = Recorded::of(&scratch.at("to-directory"), &SnapOptions::default());
    assert_eq!(by_link.paths(), [""; 0]);
}

#[test]
fn other_file_systems_are_left_out_only_when_asked() {
    // Every Linux machine has other file systems mounted there, and nothing in it is a file.
    let devices = Path::new("/dev");
    let options = SnapOptions { one_file_system: true, ..SnapOptions::default() };

    let all = take(devices, &SnapOptions::default(), &HashOnly::default(), &Silent).unwrap();
    let one = take(devices, &options, &HashOnly::default(), &Silent).unwrap();

    assert!(one.rules.one_file_system && !all.rules.one_file_system);
    assert_eq!(all.left_out, 0);
    if fs::metadata("/dev/shm").is_ok_and(|found| is_elsewhere(&found, devices)) {
        assert!(one.left_out > 0);
        assert!(one.directory.below().nodes < all.directory.below().nodes);
    } else {
        eprintln!("skipped: nothing is mounted at /dev/shm");
    }
}

fn is_elsewhere(found: &fs::Metadata, above: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    found.dev() != fs::metadata(above).unwrap().dev()
}

#[test]
fn documents_are_read_back_as_they_were_written() {
    let scratch = Scratch::new();
    mknodat(CWD, scratch.at(b"f\xffo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    mknodat(CWD, scratch.at("plain"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    scratch.file(".markerbedignore", "*.o\n").file("a.o", "").file(b"\xff/.markerbedignore", "#");
    let exclude = vec!["*.tmp".to_owned(), "!\u{e9}\"\n".replace('\n', "")];
    let options = SnapOptions { exclude, ..SnapOptions::default() };

    let taken = Recorded::of(scratch.path(), &options).taken;

    let rules = taken.rules.write().unwrap();
    assert_eq!(RulesDocument::read(&rules).as_ref(), Ok(&taken.rules));
    let evidence = taken.evidence(Some("why \u{1}")).unwrap();
    let json = evidence.write().unwrap();
    assert_eq!(EvidenceDocument::read(&json), Ok(evidence));
    let text = String::from_utf8(json).unwrap();
    assert!(text.contains(r#"{"attempts":1,"path_b64":"Zv9v","reason":"fifo"}"#), "{text}");
    assert!(text.contains(r#""left_out":1,"message":"why \u0001","#), "{text}");
    let refused = RulesDocument::read(text.as_bytes()).map_err(|error| error.code());
    assert_eq!(refused, Err("unsupported-format"));
}
