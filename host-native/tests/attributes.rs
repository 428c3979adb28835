//! Modes, times, owners, extended attributes, hard links and holes: recorded and put back.
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
    fs::{self, File, FileTimes},
    io::{Seek, SeekFrom, Write},
    os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink},
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use markerbed_core::{
    AttributesId, ContentId, ObjectId,
    hash::content_id,
    tree::{self, Attribute, Hole, Time},
};
use markerbed_host::{
    drive::blocking::wait,
    progress::Silent,
    restore::{Lack, NotPutBack, RestoreOptions, Restored, restore},
    snapshot::{PieceSink, Sink, SnapOptions, StoreSink, take},
    store::{Contents, MemoryStore, StoreError},
};
use markerbed_suites::{Random, cases, print_count, seed};
use trees::{Recorded, Scratch, WORKSPACE, attributes, set_extended};

/// Restores with attributes, as the superuser with owners.
fn restored(recorded: &Recorded, target: &Path) -> Restored {
    let options = RestoreOptions {
        attributes: recorded.taken.attributes,
        owners: rustix::process::geteuid().is_root(),
        ..RestoreOptions::default()
    };
    restore(&recorded.store, WORKSPACE, recorded.taken.root, target, &options, &Silent).unwrap()
}

fn own(recorded: &Recorded, path: &str) -> Vec<Attribute> {
    let root = recorded.taken.attributes.unwrap();
    attributes(&recorded.store, root).remove(path.as_bytes()).unwrap_or_default()
}

fn link_group(recorded: &Recorded, path: &str) -> Option<markerbed_core::id::LinkGroup> {
    own(recorded, path).into_iter().find_map(|attribute| match attribute {
        Attribute::LinkGroup(group) => Some(group),
        _ => None,
    })
}

fn holes(recorded: &Recorded, path: &str) -> Vec<Hole> {
    let own = own(recorded, path).into_iter();
    own.flat_map(|attribute| match attribute {
        Attribute::Holes(holes) => holes,
        _ => Vec::new(),
    })
    .collect()
}

fn set_time(path: &Path, nanoseconds: u64) {
    let time = UNIX_EPOCH + Duration::from_nanos(nanoseconds);
    File::open(path).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
}

#[test]
fn what_the_system_says_of_a_file_is_recorded_to_the_nanosecond_and_the_bit() {
    let scratch = Scratch::new();
    scratch.file("f", "x").mode("f", 0o2741);
    set_time(&scratch.at("f"), 981_173_106_789_012_345);
    let found = fs::metadata(scratch.at("f")).unwrap();

    let own = own(&scratch.take(), "f");

    assert_eq!(own[0], Attribute::Mode(0o2741));
    let time = Time { seconds: 981_173_106, nanoseconds: 789_012_345 };
    assert_eq!(own[1], Attribute::ModifiedAt(time));
    assert_eq!(own[2], Attribute::Owner { user: found.uid(), group: found.gid() });
    if found.uid() == 0 {
        let root = Some("root".to_owned());
        assert_eq!(own[3], Attribute::OwnerNames { user: root.clone(), group: root });
    }
}

#[test]
fn neighbours_that_differ_in_one_thing_have_attributes_of_their_own() {
    let scratch = Scratch::new();
    let names =
        ["0 first", "1 same", "2 mode", "3 time", "4 extended", "5 same", "6 user", "7 group"];
    for name in names {
        scratch.file(name, name).mode(name, 0o644);
        set_time(&scratch.at(name), 1_000_000_000);
    }
    scratch.mode("2 mode", 0o640);
    set_time(&scratch.at("3 time"), 1_000_000_001);
    set_extended(&scratch.at("4 extended"), "user.a", b"1");
    if rustix::process::geteuid().is_root() {
        chown(scratch.at("6 user"), Some(1), None).unwrap();
        chown(scratch.at("7 group"), None, Some(1)).unwrap();
    }

    let recorded = scratch.take();

    for name in names {
        let found = fs::metadata(scratch.at(name)).unwrap();
        let own = own(&recorded, name);
        assert_eq!(own[0], Attribute::Mode(found.mode() & 0o7777), "{name}");
        let time = Time { seconds: found.mtime(), nanoseconds: found.mtime_nsec() as u32 };
        assert_eq!(own[1], Attribute::ModifiedAt(time), "{name}");
        let owner = Attribute::Owner { user: found.uid(), group: found.gid() };
        assert_eq!(own[2], owner, "{name}");
        let has_extended = own.iter().any(|one| matches!(one, Attribute::Extended(_)));
        assert_eq!(has_extended, name == "4 extended", "{name}");
    }
}

#[test]
fn the_root_says_nothing_of_attributes_and_without_them_there_are_none() {
    let scratch = Scratch::new();
    scratch.file("d/f", "x").link("l", "d");
    let before = scratch.take();
    scratch.mode("d", 0o711);
    set_time(&scratch.at("d/f"), 1);
    set_extended(&scratch.at("d/f"), "user.a", b"1");

    let after = scratch.take();
    let without = SnapOptions { attributes: false, ..SnapOptions::default() };
    let without = Recorded::of(scratch.path(), &without);

    assert_eq!([after.taken.root, without.taken.root], [before.taken.root; 2]);
    assert_ne!(after.taken.attributes, before.taken.attributes);
    assert_eq!(without.taken.attributes, None);
}

#[test]
fn names_of_one_file_are_a_group_called_by_the_smallest_and_names_outside_do_not_count() {
    let (scratch, outside) = (Scratch::new(), Scratch::new());
    scratch.file("b/f", "x").file("alone", "y").file("out", "z").directory("a").directory("c/d");
    fs::hard_link(scratch.at("b/f"), scratch.at("a/z")).unwrap();
    fs::hard_link(scratch.at("b/f"), scratch.at("c/d/e")).unwrap();
    fs::hard_link(scratch.at("out"), outside.at("same")).unwrap();
    scratch.file("two", "2");
    fs::hard_link(scratch.at("two"), scratch.at("also two")).unwrap();

    let recorded = scratch.take();

    let group = tree::link_group(&tree::Path::new(b"a/z").unwrap());
    for path in ["b/f", "a/z", "c/d/e"] {
        assert_eq!(link_group(&recorded, path), Some(group), "{path}");
    }
    let pair = tree::link_group(&tree::Path::new(b"also two").unwrap());
    assert_eq!([link_group(&recorded, "two"), link_group(&recorded, "also two")], [Some(pair); 2]);
    assert_eq!(link_group(&recorded, "alone"), None);
    assert_eq!(link_group(&recorded, "out"), None);
}

#[test]
fn files_that_were_one_are_one_again_and_others_are_not() {
    let scratch = Scratch::new();
    scratch.file("a/f", "same").directory("b").file("c", "same");
    fs::hard_link(scratch.at("a/f"), scratch.at("b/g")).unwrap();
    fs::hard_link(scratch.at("a/f"), scratch.at("h")).unwrap();
    let target = scratch.path().with_extension("again");

    let done = restored(&scratch.take(), &target);

    let inode = |name: &str| fs::metadata(target.join(name)).unwrap().ino();
    assert_eq!([inode("b/g"), inode("h")], [inode("a/f"); 2]);
    assert_ne!(inode("c"), inode("a/f"));
    assert_eq!((done.files, done.lacking_count), (4, 0));
    fs::remove_dir_all(target).unwrap();
}

#[test]
fn an_old_file_is_not_linked_in_the_place_of_one_that_could_not_be_written() {
    let scratch = Scratch::new();
    scratch.file("a", "lost").file("other", "kept");
    fs::hard_link(scratch.at("a"), scratch.at("b")).unwrap();
    let recorded = scratch.take();
    let target = Scratch::new();
    target.file("a", "an old file");
    wait(recorded.store.remove_contents(WORKSPACE, &[content_id(b"lost")])).unwrap();

    let attributes = recorded.taken.attributes;
    let options = RestoreOptions { attributes, force: true, ..RestoreOptions::default() };
    let root = recorded.taken.root;
    let done = restore(&recorded.store, WORKSPACE, root, target.path(), &options, &Silent).unwrap();

    let lacking: Vec<_> = done.lacking.iter().map(|lacking| lacking.path.as_slice()).collect();
    assert_eq!(lacking, [b"a", b"b"]);
    assert_eq!(fs::read(target.at("a")).unwrap(), b"an old file");
    assert!(!target.at("b").exists());
    assert_eq!(fs::read(target.at("other")).unwrap(), b"kept");
}

#[test]
fn a_capability_comes_back_with_the_owner_only() {
    let scratch = Scratch::new();
    scratch.file("f", "x");
    // Version 2 of the format: no capabilities at all, so nobody gains any.
    let value = [&0x0200_0000_u32.to_le_bytes()[..], &[0; 16]].concat();
    let name = "security.capability";
    let set = rustix::fs::setxattr(scratch.at("f"), name, &value, rustix::fs::XattrFlags::empty());
    if set.is_err() && !rustix::process::geteuid().is_root() {
        return;
    }
    set.unwrap();
    let recorded = scratch.take();
    let place = Scratch::new();
    let restored = |owners: bool, target: &Path| {
        let attributes = recorded.taken.attributes;
        let options = RestoreOptions { attributes, owners, ..RestoreOptions::default() };
        let root = recorded.taken.root;
        restore(&recorded.store, WORKSPACE, root, target, &options, &Silent).unwrap()
    };

    let with = restored(true, &place.at("with"));
    let without = restored(false, &place.at("without"));

    let has = |path: &Path| rustix::fs::getxattr(path.join("f"), name, &mut [0_u8; 64][..]).is_ok();
    assert!(has(&place.at("with")) && !has(&place.at("without")));
    assert_eq!((with.not_put_back_count, without.not_put_back_count), (0, 1));
}

#[test]
fn a_file_with_holes_comes_back_with_holes_and_the_same_bytes() {
    let scratch = Scratch::new();
    let mut file = File::create(scratch.at("f")).unwrap();
    file.seek(SeekFrom::Start(1 << 20)).unwrap();
    file.write_all(&[7; 4096]).unwrap();
    file.set_len(9 << 20).unwrap();
    drop(file);
    File::create(scratch.at("g")).unwrap().set_len(300_000).unwrap();
    let target = scratch.path().with_extension("holes");

    let recorded = scratch.take();
    restored(&recorded, &target);

    let first = Hole { offset_bytes: 0, length_bytes: 1 << 20 };
    assert_eq!(holes(&recorded, "f").first(), Some(&first));
    for name in ["f", "g"] {
        let (was, is) = (scratch.at(name), target.join(name));
        assert_eq!(fs::read(&was).unwrap(), fs::read(&is).unwrap());
        let blocks = |path: &Path| fs::metadata(path).unwrap().blocks();
        assert_eq!(blocks(&is), blocks(&was), "{name}");
    }
    fs::remove_dir_all(target).unwrap();
}

#[test]
fn who_may_not_give_a_file_away_gets_no_set_user_id_either_and_is_told() {
    let scratch = Scratch::new();
    scratch.file("f", "x").mode("f", 0o4755).file("g", "y").mode("g", 0o640);
    let recorded = scratch.take();
    let target = scratch.path().with_extension("mine");

    let options = RestoreOptions {
        attributes: recorded.taken.attributes,
        owners: false,
        ..RestoreOptions::default()
    };
    let root = recorded.taken.root;
    let done = restore(&recorded.store, WORKSPACE, root, &target, &options, &Silent).unwrap();

    let mode = |name| fs::metadata(target.join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!([mode("f"), mode("g")], [0o755, 0o640]);
    let what = "set-user-id and set-group-id";
    assert_eq!(done.not_put_back, [NotPutBack { path: b"f".to_vec(), what }]);
    assert!(done.is_complete());
    fs::remove_dir_all(target).unwrap();
}

#[test]
fn attributes_that_are_lost_are_named_and_all_else_is_restored() {
    let scratch = Scratch::new();
    scratch.file("d/f", "x").file("d/g", "y").link("l", "d");
    let recorded = scratch.take();
    let ids = ids(&recorded.store, recorded.taken.attributes.unwrap());
    for (path, lost) in ids {
        let target = scratch.path().with_extension("lost");
        let options =
            RestoreOptions { attributes: recorded.taken.attributes, ..RestoreOptions::default() };
        let store = MemoryStore::default();
        let sink = Losing { inner: StoreSink::new(&store, WORKSPACE), lost: lost.into() };
        let root = take(scratch.path(), &SnapOptions::default(), &sink, &Silent).unwrap().root;
        let done = restore(&store, WORKSPACE, root, &target, &options, &Silent).unwrap();

        let named = done
            .lacking
            .iter()
            .any(|lacking| lacking.why == Lack::Attributes && lacking.path == path.as_bytes());
        assert!(named, "{path}: {:?}", done.lacking);
        assert!(target.join("d").is_dir() && target.join("l").is_symlink());
        fs::remove_dir_all(target).unwrap();
    }
}

/// Puts everything but one object.
struct Losing<'a> {
    inner: StoreSink<'a>,
    lost: ObjectId,
}

impl Sink for Losing<'_> {
    fn put_contents(&self, contents: &[Bytes]) -> Result<Vec<ContentId>, StoreError> {
        self.inner.put_contents(contents)
    }

    fn write_content(&self) -> Result<Box<dyn PieceSink + '_>, StoreError> {
        self.inner.write_content()
    }

    fn put_objects(&self, mut objects: Vec<(ObjectId, Bytes)>) -> Result<(), StoreError> {
        objects.retain(|(id, _)| *id != self.lost);
        self.inner.put_objects(objects)
    }

    fn keeps_contents(&self) -> bool {
        true
    }

    fn has_contents(&self, ids: &[ContentId]) -> Result<Vec<bool>, StoreError> {
        self.inner.has_contents(ids)
    }
}

fn ids(store: &MemoryStore, root: AttributesId) -> Vec<(String, AttributesId)> {
    let path = |path: &str| tree::Path::new(path.as_bytes()).unwrap();
    let find = |name: &str| {
        let path = path(name);
        let step = markerbed_core::step::Step::start(|io| async move {
            tree::resolve_attributes(&io, root, &path).await
        });
        let found = markerbed_host::drive::blocking::drive(step.unwrap(), store, WORKSPACE);
        (name.to_owned(), found.unwrap().unwrap())
    };
    ["", "d", "d/f", "l"].map(find).to_vec()
}

#[test]
fn random_trees_come_back_with_all_of_their_attributes() {
    let name = "random_trees_come_back_with_all_of_their_attributes";
    let floor = 40;
    let mut random = Random::new(seed(), name);
    let mut nodes = 0;
    for case in 0..cases(floor) {
        println!("case {case} of seed {}", seed());
        let scratch = Scratch::new();
        dress(&scratch, &mut random);
        let target = scratch.path().with_extension("dressed");
        let before = scratch.take();

        let done = restored(&before, &target);
        let after = Recorded::of(&target, &SnapOptions::default());

        assert_eq!((done.lacking_count, done.not_put_back_count), (0, 0));
        assert_eq!(after.taken.root, before.taken.root);
        if after.taken.attributes != before.taken.attributes {
            let [was, is] = [&before, &after]
                .map(|recorded| attributes(&recorded.store, recorded.taken.attributes.unwrap()));
            assert_eq!(was, is);
        }
        nodes += before.taken.directory.below().nodes;
        let _ = std::process::Command::new("rm").arg("-rf").arg(target).status();
    }
    print_count(name, nodes, u64::from(cases(floor).min(floor)) * 20);
}

/// Fills a directory with all that has attributes.
fn dress(scratch: &Scratch, random: &mut Random) {
    let is_root = rustix::process::geteuid().is_root();
    let mut directories: Vec<PathBuf> = vec![scratch.path().to_owned()];
    let mut paths = Vec::new();
    for number in 0..30 + random.below(20) {
        let above = directories[random.below(directories.len() as u64) as usize].clone();
        let path = above.join(format!("n{number}"));
        match random.below(6) {
            0 | 1 => {
                fs::create_dir(&path).unwrap();
                directories.push(path);
                continue;
            }
            2 => symlink("nowhere", &path).unwrap(),
            3 if !paths.is_empty() => {
                let other: &PathBuf = &paths[random.below(paths.len() as u64) as usize];
                fs::hard_link(other, path).unwrap();
                continue;
            }
            4 => File::create(&path).unwrap().set_len(random.below(200_000)).unwrap(),
            _ => {
                let length = random.below(5_000) as usize;
                fs::write(&path, random.bytes(length)).unwrap();
            }
        }
        if is_root && random.below(3) == 0 {
            let (user, group) = (random.below(5) as u32, random.below(100_000) as u32);
            lchown(&path, Some(user), Some(group)).unwrap();
        }
        if !path.is_symlink() {
            paths.push(path);
        }
    }
    // From below, and times last: what is done in a directory changes its own.
    paths.extend(directories.into_iter().rev());
    for path in paths {
        if random.below(3) == 0 {
            for number in 0..random.below(4) {
                let length = [0, 1, 100, 3_000][random.below(4) as usize];
                set_extended(&path, &format!("user.{number}"), &random.bytes(length));
            }
        }
        if is_root && random.below(4) == 0 {
            chown(&path, Some(random.below(3) as u32), None).unwrap();
        }
        let mode = random.below(0o10000) as u32 | if is_root { 0 } else { 0o700 };
        let mode = if is_root { mode } else { mode & 0o1777 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        set_time(&path, random.below(1 << 61));
    }
}
