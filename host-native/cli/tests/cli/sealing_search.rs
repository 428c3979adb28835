//! Nothing tells of a sealed item but its own object and its content: every byte is searched.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    thread::sleep,
    time::{Duration, SystemTime},
};

use markerbed_core::{
    ObjectKind,
    codec::Canonical,
    hash::{content_id, sha256},
    tree::{Node, NodeBody},
};
use markerbed_suites::print_count;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};

use crate::{
    packs::{Stored, stored},
    support::{Desk, Ran},
};

#[test]
fn no_byte_tells_of_a_sealed_item_but_its_own() {
    let (desk, open) = (filled_desk(), filled_desk());
    let mut answers = Vec::new();
    tell_all(&desk, &["--seal", "secret*", "--seal", "/vault"], &mut answers);
    let mut marks = marks_of_files(&desk);
    let (own, more) = own_of(&desk);
    marks.extend(more);

    let hits = search(&desk, &own, &marks, &answers);

    assert!(own.nodes.len() >= 9 && own.contents.len() >= 5, "{own:?}");
    assert_eq!(hits.found, BTreeSet::new());
    print_count("bytes searched", hits.bytes, 50_000);
    print_count("things searched", hits.things, 60);
    print_count("marks", marks.len() as u64, 80);

    // The same marks are found where nothing is sealed, and wherever one is planted.
    let mut told = Vec::new();
    tell_all(&open, &[], &mut told);
    let marks_of_open = marks_of_files(&open);
    let unsealed = search(&open, &Own::default(), &marks_of_open, &told);
    for kind in ["digest", "size as a varint", "mtime", "ctime", "target", "size in words"] {
        assert!(
            unsealed.found.iter().any(|hit| hit.contains(kind)),
            "{kind}: {:?}",
            unsealed.found
        );
    }
    let planted: Vec<u8> =
        marks.iter().flat_map(|(_, mark)| [b"|", mark.as_slice()].concat()).collect();
    fs::write(desk.path(".markerbed/aside-planted"), planted).unwrap();
    let found = search(&desk, &own, &marks, &[]).found;
    for (name, _) in &marks {
        let hit = format!("{name} in aside-planted");
        assert!(found.contains(&hit), "{name} was planted and not found");
    }
}

#[test]
fn neither_damage_nor_a_restore_tells_size_or_digest_of_a_sealed_item() {
    let (desk, open) = (filled_desk(), filled_desk());
    let mut answers = Vec::new();
    tell_of_damage(&desk, &["--seal", "secret*", "--seal", "/vault"], &mut answers);
    let mut marks = marks_of_files(&desk);
    let (own, more) = own_of(&desk);
    marks.extend(more);

    let hits = search(&desk, &own, &marks, &answers);

    assert_eq!(hits.found, BTreeSet::new());
    print_count("answers searched for what is damaged", answers.len() as u64, 30);
    let (_, told) = answers.iter().find(|(name, _)| name == "check --read-data").unwrap();
    let told = String::from_utf8_lossy(told);
    for (path, _) in SEALED {
        assert!(told.contains("its content is damaged"), "{told}");
        assert!(told.lines().any(|line| line.ends_with(&format!(":{path}"))), "{path}: {told}");
    }

    // The same is told where nothing is sealed.
    let mut told = Vec::new();
    tell_of_damage(&open, &[], &mut told);
    let unsealed = search(&open, &Own::default(), &marks_of_files(&open), &told).found;
    for (kind, place) in [
        ("digest", "`check`"),
        ("digest", "`check --read-data --json`"),
        ("digest", "`cat @:secret`"),
        ("size in groups", "`restore @:secret-large back-secret-large`"),
        ("size in words", "`restore @:secret-large back-secret-large-json --json`"),
    ] {
        let is_hit = |hit: &&String| hit.starts_with(kind) && hit.contains(place);
        assert!(unsealed.iter().any(|hit| is_hit(&hit)), "{kind} in {place}: {unsealed:?}");
    }
}

/// A desk with a tree that has sealed items of every kind; each has bytes, sizes and times that
/// nothing else has.
fn filled_desk() -> Desk {
    let desk = Desk::with_store();
    for (path, bytes) in plain_files() {
        desk.write(&format!("tree/{path}"), bytes);
    }
    sleep(Duration::from_millis(30));
    fs::create_dir_all(desk.path("tree/vault/secret-in-vault")).unwrap();
    for (index, (path, size)) in SEALED.into_iter().enumerate() {
        desk.write(&format!("tree/{path}"), noise(index as u64, size));
    }
    desk.write("tree/vault/.markerbedignore", IGNORED);
    std::os::unix::fs::symlink(TARGET, desk.path("tree/secret-link")).unwrap();
    let directories = ["vault", "vault/secret-in-vault"];
    let all = SEALED.map(|(path, _)| path);
    for (index, path) in all.into_iter().chain(["secret-link"]).chain(directories).enumerate() {
        // A change of their own for each, so that no other has the same times.
        sleep(Duration::from_millis(12));
        set_times(&desk.path(&format!("tree/{path}")), index as i64);
    }
    // What is plain gets times of its own again, and all is old enough to be remembered.
    sleep(Duration::from_millis(12));
    let plain: Vec<String> = plain_files().into_iter().map(|(path, _)| path).collect();
    for path in plain.iter().map(String::as_str).chain(["", "d"]) {
        File::open(desk.path(&format!("tree/{path}")))
            .unwrap()
            .set_modified(SystemTime::now())
            .unwrap();
    }
    sleep(Duration::from_millis(130));
    desk
}

/// Runs all commands that tell of the tree, and keeps all that they say.
fn tell_all(desk: &Desk, seal: &[&str], answers: &mut Vec<(String, Vec<u8>)>) {
    let snap = [&["snap", "tree", "-v"], seal].concat();
    let first = desk.run(&snap);
    assert_eq!(first.code, 0, "{first:?}");
    answers.push(("snap".to_owned(), said(first)));
    desk.write("tree/more", "changed");
    desk.write("tree/secret-new", noise(90, 3_456_789));
    sleep(Duration::from_millis(130));
    let commands: &[&[&str]] = &[
        &["status", "tree", "-v"],
        &["snap", "tree", "-v"],
        &["snap", "tree", "--rehash"],
        &["log"],
        &["show", "@"],
        &["show", "@:d"],
        &["show", "@:"],
        &["ls", "@"],
        &["ls", "-R", "@"],
        &["ls", "-l", "-R", "@"],
        &["ls", "-l", "@:vault"],
        &["ls", "-z", "-R", "@"],
        &["diff", "@-", "@"],
        &["check"],
        &["check", "--read-data", "--index"],
        &["prove", "@:d/plain", "-o", "-"],
        &["prove", "@:none", "--absent", "-o", "-"],
        &["ref", "ls"],
        &["snap", "tree", "--listing"],
        &["ls", "--sha256", "@"],
        &["ls", "--sha256", "@-"],
        &["ls", "--sha256", "@:vault"],
        &["snap", "tree", "--no-contents"],
    ];
    for command in commands {
        for json in [false, true] {
            if json && command.contains(&"-z") {
                continue;
            }
            let extra: &[&str] = if json { &["--json"] } else { &[] };
            let output = desk.program().args(*command).args(extra).output().unwrap();
            let name = format!("{} {}", command.join(" "), extra.join(" "));
            assert!(output.status.success(), "{name}: {:?}", Ran::of(output));
            answers.push((name, [output.stdout, output.stderr].concat()));
        }
    }
}

/// Restores the tree and single files of it, damages all files that are to be sealed, and runs the
/// commands that tell of that.
fn tell_of_damage(desk: &Desk, seal: &[&str], answers: &mut Vec<(String, Vec<u8>)>) {
    desk.write("tree/secret-new", noise(90, 3_456_789));
    desk.ok(&[&["snap", "tree"], seal].concat());
    let mut tell = |arguments: &[&str]| {
        let output = desk.program().args(arguments).output().unwrap();
        let name = arguments.join(" ");
        answers.push((name, [output.stdout, output.stderr].concat()));
        output.status.code().unwrap()
    };
    for path in ["", "secret-large", "vault", "d"] {
        let (from, to) = (format!("@:{path}"), format!("back-{path}"));
        assert_eq!(tell(&["restore", &from, &to]), 0);
        assert_eq!(tell(&["restore", &from, &format!("{to}-json"), "--json"]), 0);
    }

    for (path, _) in SEALED {
        let bytes = fs::read(desk.path(&format!("tree/{path}"))).unwrap();
        damage(desk, &bytes[bytes.len() / 2..][..64]);
    }

    for json in [&[][..], &["--json"]] {
        assert_eq!(tell(&[&["check"], json].concat()), 4);
        assert_eq!(tell(&[&["check", "--read-data"], json].concat()), 4);
        tell(&[&["check", "--read-data=1/2"], json].concat());
        for (path, _) in SEALED {
            let (from, to) = (format!("@:{path}"), format!("again-{path}{}", json.concat()));
            let to = to.replace('/', "-");
            assert_eq!(tell(&[&["restore", from.as_str(), to.as_str()], json].concat()), 3);
            assert_eq!(tell(&[&["cat", from.as_str()], json].concat()), 4);
        }
        assert_eq!(tell(&[&["restore", "@", &["all", &json.concat()].concat()], json].concat()), 3);
        tell(&[&["ls", "--sha256", "@"], json].concat());
    }
}

/// Flips a bit of the packs where these bytes are.
fn damage(desk: &Desk, bytes: &[u8]) {
    let mut damaged = 0;
    for pack in fs::read_dir(desk.path(".markerbed/packs")).unwrap().flatten() {
        let mut whole = fs::read(pack.path()).unwrap();
        if let Some(at) = whole.windows(bytes.len()).position(|found| found == bytes) {
            whole[at] ^= 1;
            fs::write(pack.path(), whole).unwrap();
            damaged += 1;
        }
    }
    assert_eq!(damaged, 1);
}

fn said(ran: Ran) -> Vec<u8> {
    [ran.out, ran.err].concat().into_bytes()
}

/// What the sealed items themselves are in a store: these may tell of them.
#[derive(Debug, Default)]
struct Own {
    nodes: BTreeSet<[u8; 32]>,
    /// Contents, and the parts of large ones.
    contents: BTreeSet<[u8; 32]>,
}

/// Finds the sealed nodes in a store, and what only they may tell: plain ids, digests and sizes.
fn own_of(desk: &Desk) -> (Own, Vec<(String, Vec<u8>)>) {
    let mut own = Own::default();
    let mut marks = Vec::new();
    let all = stored(&desk.path(".markerbed"));
    for item in &all {
        let Stored::Item { kind, id, bytes, .. } = item else { continue };
        let node = (*kind == ObjectKind::Node.number()).then(|| Node::decode(bytes).unwrap());
        let Some(node) = node.filter(|node| node.salt().is_some()) else { continue };
        own.nodes.insert(*id);
        let plain = Node::from(node.body().clone()).id();
        marks.extend(digest_marks(&format!("plain node {plain}"), plain.as_bytes()));
        if let NodeBody::File(file) = node.body() {
            own.contents.insert(*file.content().as_bytes());
            marks.extend(digest_marks("digest of a sealed node", file.content().as_bytes()));
            marks.extend(size_marks(file.size_bytes()));
        }
    }
    for item in &all {
        let Stored::Item { kind: RECIPE, id, bytes, .. } = item else { continue };
        if own.contents.contains(id) {
            for part in parts_of(bytes) {
                marks.extend(digest_marks("digest of a part", &part));
                own.contents.insert(part);
            }
        }
    }
    (own, marks)
}

/// The ids of the parts that a recipe lists (CUT-4).
fn parts_of(recipe: &[u8]) -> Vec<[u8; 32]> {
    let after_varint = |bytes: &[u8]| bytes.iter().position(|byte| *byte < 0x80).unwrap() + 1;
    let mut rest = &recipe[after_varint(recipe)..];
    let mut parts = Vec::new();
    while let Some((part, after)) = rest.split_first_chunk() {
        parts.push(*part);
        rest = &after[after_varint(after)..];
    }
    parts
}

/// What the sealed items are on disk.
fn marks_of_files(desk: &Desk) -> Vec<(String, Vec<u8>)> {
    let mut marks = vec![("target".to_owned(), TARGET.as_bytes().to_vec())];
    let new = [("secret-new", 0)];
    for (path, _) in SEALED.into_iter().chain(new) {
        let bytes = fs::read(desk.path(&format!("tree/{path}"))).unwrap();
        marks.extend(digest_marks(&format!("digest of {path}"), content_id(&bytes).as_bytes()));
        marks.extend(digest_marks(&format!("sha256 of {path}"), sha256(&[&bytes]).as_bytes()));
        marks.extend(size_marks(bytes.len() as u64));
        let middle = &bytes[bytes.len() / 2..][..64];
        marks.push((format!("bytes of {path}"), middle.to_vec()));
    }
    let ignored = content_id(IGNORED.as_bytes());
    marks.extend(digest_marks("digest of an ignore file", ignored.as_bytes()));
    let directories = ["vault", "vault/secret-in-vault", "secret-link"];
    for path in SEALED.map(|(path, _)| path).into_iter().chain(directories) {
        let found = desk.path(&format!("tree/{path}")).symlink_metadata().unwrap();
        marks.extend(time_marks(&format!("mtime of {path}"), found.mtime(), found.mtime_nsec()));
        marks.extend(time_marks(&format!("ctime of {path}"), found.ctime(), found.ctime_nsec()));
    }
    marks
}

fn digest_marks(name: &str, digest: &[u8; 32]) -> Vec<(String, Vec<u8>)> {
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let base64 = markerbed_core::tree::base64::encode(digest);
    vec![
        (format!("{name}, raw"), digest.to_vec()),
        (format!("{name}, in hex"), hex.clone().into_bytes()),
        (format!("{name}, in upper case"), hex.to_uppercase().into_bytes()),
        (format!("{name}, in base64"), base64.into_bytes()),
        (format!("{name}, its beginning"), digest[..12].to_vec()),
        (format!("{name}, its first digits"), hex.as_bytes()[..16].to_vec()),
    ]
}

/// Short forms would be found by chance, so small sizes have no marks.
fn size_marks(bytes: u64) -> Vec<(String, Vec<u8>)> {
    if bytes < 1 << 21 {
        return Vec::new();
    }
    let digits = bytes.to_string();
    let grouped = format!("{},{},{}", &digits[..1], &digits[1..4], &digits[4..]);
    vec![
        (format!("size as a varint, {bytes}"), varint(bytes)),
        (format!("size in words, {bytes}"), digits.into_bytes()),
        (format!("size in groups, {bytes}"), grouped.into_bytes()),
        (format!("size as 8 bytes, {bytes}"), bytes.to_le_bytes().to_vec()),
    ]
}

fn time_marks(name: &str, seconds: i64, nanoseconds: i64) -> Vec<(String, Vec<u8>)> {
    let nanoseconds = u32::try_from(nanoseconds).unwrap();
    let zigzag = varint((seconds as u64) << 1);
    let both = [&seconds.to_le_bytes()[..], &nanoseconds.to_le_bytes()].concat();
    let mut marks = vec![
        (format!("{name}, as stored"), both),
        (format!("{name}, as attributes have it"), [zigzag, varint(nanoseconds.into())].concat()),
        (format!("{name}, its nanoseconds"), format!("{nanoseconds:09}").into_bytes()),
    ];
    if name.starts_with("mtime") {
        marks.push((format!("{name}, in words"), seconds.to_string().into_bytes()));
        marks.push((format!("{name}, its seconds"), seconds.to_le_bytes().to_vec()));
    }
    marks
}

/// What was found, and how much was looked through.
#[derive(Default)]
struct Hits {
    found: BTreeSet<String>,
    bytes: u64,
    things: u64,
}

/// Searches the store and what was said for all marks; a sealed item's own is passed over.
fn search(
    desk: &Desk,
    own: &Own,
    marks: &[(String, Vec<u8>)],
    answers: &[(String, Vec<u8>)],
) -> Hits {
    let store = desk.path(".markerbed");
    let mut hits = Hits::default();
    // By the first bytes: there are many marks.
    let mut by_start: Vec<Vec<&(String, Vec<u8>)>> = vec![Vec::new(); 1 << 16];
    let start_of = |bytes: &[u8]| usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
    for mark in marks {
        by_start[start_of(&mark.1)].push(mark);
    }
    let mut look = |place: &str, bytes: &[u8]| {
        hits.things += 1;
        hits.bytes += bytes.len() as u64;
        for (at, start) in bytes.windows(2).enumerate() {
            for (name, mark) in &by_start[start_of(start)] {
                if bytes[at..].starts_with(mark) {
                    hits.found.insert(format!("{name} in {place}"));
                }
            }
        }
    };
    for item in stored(&store) {
        match item {
            Stored::Item { kind, id, line, bytes } => {
                let is_content = kind >= CONTENT;
                let is_own =
                    if is_content { own.contents.contains(&id) } else { own.nodes.contains(&id) };
                if !is_own {
                    look("a line", &line);
                    look(&format!("an item of kind {kind}"), &bytes);
                }
            }
            Stored::Other { place, bytes } => look(&place, &bytes),
        }
    }
    for (place, bytes) in answers {
        look(&format!("what `{place}` says"), bytes);
    }
    hits
}

fn plain_files() -> Vec<(String, Vec<u8>)> {
    let few = [("open", 400_u64), ("d/plain", 5_000), ("large", 2_900_000), ("more", 7)];
    few.iter().map(|(path, size)| ((*path).to_owned(), noise(size * 31, *size))).collect()
}

/// Bytes that nothing else has.
fn noise(number: u64, length: u64) -> Vec<u8> {
    let block = |at: u64| *content_id(format!("noise {number} {at}").as_bytes()).as_bytes();
    (0..=length / 32).flat_map(block).take(usize::try_from(length).unwrap()).collect()
}

fn set_times(path: &Path, index: i64) {
    let time =
        Timespec { tv_sec: 1_234_567_891 + 86_461 * index, tv_nsec: 987_654_321 - 1_017 * index };
    let times = Timestamps { last_access: time, last_modification: time };
    utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    if !path.is_symlink() {
        let mode = path.metadata().unwrap().permissions().mode();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// Small and large ones, at the top, in a plain and in a sealed directory.
const SEALED: [(&str, u64); 6] = [
    ("secret", 700_001),
    ("secret-large", 2_345_679),
    ("d/secret-below", 4_567_891),
    ("vault/anything", 300_007),
    ("vault/large", 5_678_913),
    ("vault/secret-in-vault/deep", 900),
];
const TARGET: &str = "a-target-that-nobody-else-has";
const IGNORED: &str = "what-this-file-leaves-out-is-nobodys-business\n";
/// Kinds of items from here on are contents; the last is a recipe.
const CONTENT: u8 = 0x10;
const RECIPE: u8 = 0x12;
