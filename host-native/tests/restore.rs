//! What a restore writes, and what it refuses.
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
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

use markerbed_core::{
    ContentId, NodeId, ObjectId,
    codec::Canonical,
    hash,
    tree::{Child, Counts, Directory, File, Name, NewChild, Node, Symlink, build_directory},
};
use markerbed_host::{
    drive::blocking::wait,
    progress::Silent,
    restore::{Lack, RestoreError, RestoreOptions, Restored, restore, tree_walk},
    snapshot::{HashOnly, SnapOptions, StoreSink, take},
    store::{
        Batch, Contents, DirectoryStore, MemoryStore, Records,
        directory::{Access, Options},
    },
};
use markerbed_suites::{Random, seed};
use trees::{Recorded, Scratch, WORKSPACE};

const FORCE: RestoreOptions = RestoreOptions {
    force: true,
    nodes_max: 1 << 30,
    attributes: None,
    owners: false,
    unfinished: None,
};

fn restored(store: &MemoryStore, node: NodeId, target: &Path) -> Result<Restored, RestoreError> {
    restore(store, WORKSPACE, node, target, &RestoreOptions::default(), &Silent)
}

fn forced(store: &MemoryStore, node: NodeId, target: &Path) -> Result<Restored, RestoreError> {
    restore(store, WORKSPACE, node, target, &FORCE, &Silent)
}

/// A tree with something of every kind.
fn sample() -> Scratch {
    let scratch = Scratch::new();
    scratch.file("a", "hello\n").file("d/e/program", "#!").mode("d/e/program", 0o755);
    scratch
        .file("d/.hidden", "")
        .directory("empty")
        .file(b"\xff\n", "odd")
        .file("large", vec![7; 3 << 20]);
    scratch.link("d/link", "../a").link("dangling", "nowhere").link("d/e/away", "/etc");
    scratch
}

fn put_objects(store: &MemoryStore, objects: &[(ObjectId, Vec<u8>)]) {
    let objects: Vec<_> = objects.iter().map(|(id, bytes)| (*id, bytes.clone().into())).collect();
    wait(store.put_objects(WORKSPACE, &objects)).unwrap();
}

fn put_node(store: &MemoryStore, node: &Node) -> Child {
    put_objects(store, &[(node.id().into(), node.encode())]);
    Child::of(node)
}

fn put_file(store: &MemoryStore, bytes: &[u8]) -> Node {
    let id = wait(store.put_contents(WORKSPACE, &[bytes.to_vec().into()])).unwrap();
    let node = File::new(false, bytes.len() as u64, id[0]).unwrap().into();
    put_node(store, &node);
    node
}

/// Puts a directory of these children and gives its node.
fn put_directory(store: &MemoryStore, children: &[(&[u8], &Node)]) -> Node {
    let child = |(name, node): &(&[u8], &Node)| NewChild {
        name: Name::new(name).unwrap(),
        child: Child::of(node),
        adds: node.adds().unwrap(),
    };
    let built = build_directory(children.iter().map(child).collect()).unwrap();
    let pages: Vec<_> =
        built.pages.iter().map(|(id, page)| ((*id).into(), page.encode())).collect();
    put_objects(store, &pages);
    let node = Node::from(built.directory);
    put_node(store, &node);
    node
}

/// Directories whose counts are stated and not counted.
fn put_stating(store: &MemoryStore, honest: &Node, below: Counts) -> Node {
    let children = honest.as_directory().unwrap().children();
    let node = Node::from(Directory::new(children, below).unwrap());
    put_node(store, &node);
    node
}

#[test]
fn what_was_taken_in_comes_back_with_the_same_root() {
    let scratch = sample();
    let recorded = scratch.take();
    let target = Scratch::new();

    let restored = restored(&recorded.store, recorded.taken.root, &target.at("new")).unwrap();

    let again = Recorded::of(&target.at("new"), &SnapOptions::default());
    assert_eq!(again.taken.root, recorded.taken.root);
    assert_eq!((restored.files, restored.directories, restored.symlinks), (5, 4, 3));
    assert_eq!(restored.bytes, recorded.taken.statistics.bytes);
    assert!(restored.is_complete());
    assert_eq!(fs::read(target.at("new/large")).unwrap(), vec![7; 3 << 20]);
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 1);
}

#[test]
fn an_empty_directory_is_restored_into_one_that_is_there() {
    let recorded = sample().take();
    let target = Scratch::new();

    restored(&recorded.store, recorded.taken.root, target.path()).unwrap();

    assert_eq!(target.take().taken.root, recorded.taken.root);
}

#[test]
fn a_subtree_a_file_and_a_symlink_are_restored_by_themselves() {
    let recorded = sample().take();
    let target = Scratch::new();
    let child = |wanted: &[u8]| {
        let mut walk = tree_walk(&recorded.store, WORKSPACE, recorded.taken.root);
        walk.find_map(|walked| {
            let walked = walked.unwrap();
            (walked.name.as_bytes() == wanted).then_some(walked.child.id)
        })
        .unwrap()
    };

    restored(&recorded.store, child(b"e"), &target.at("e")).unwrap();
    restored(&recorded.store, child(b"program"), &target.at("p")).unwrap();
    restored(&recorded.store, child(b"away"), &target.at("l")).unwrap();

    assert_eq!(target.take().paths(), ["e", "e/away", "e/program", "l", "p"]);
    assert_eq!(fs::metadata(target.at("p")).unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(fs::read_link(target.at("l")).unwrap(), Path::new("/etc"));
}

#[test]
fn a_target_that_holds_something_is_refused_and_left_as_it_is() {
    let store = MemoryStore::default();
    let file = put_file(&store, b"new");
    let link = Node::from(Symlink::new(b"new").unwrap());
    put_node(&store, &link);
    let root = put_directory(&store, &[(b"f", &file), (b"l", &link)]);
    let scratch = Scratch::new();
    scratch.file("file", "old").file("full/x", "old").directory("empty").link("link", "empty");
    let code = |node: &Node, name: &str| {
        restored(&store, node.id(), &scratch.at(name)).map(drop).unwrap_err().code()
    };
    let before = scratch.take().taken.root;

    for name in ["full", "file"] {
        let unfit = if name == "full" { "target-exists" } else { "target-unfit" };
        assert_eq!(code(&root, name), unfit, "{name}");
    }
    assert_eq!(code(&root, "link"), "target-unfit");
    assert_eq!(code(&file, "file"), "target-exists");
    assert_eq!(code(&link, "file"), "target-exists");
    assert_eq!(code(&file, "link"), "target-exists");
    assert_eq!(code(&file, "empty"), "target-unfit");
    assert_eq!(code(&root, "absent/below"), "path-not-found");
    assert_eq!(code(&root, "file/below"), "path-not-found");

    assert_eq!(scratch.take().taken.root, before);
}

#[test]
fn force_replaces_files_and_links_and_keeps_what_is_not_in_the_tree() {
    let recorded = sample().take();
    let target = Scratch::new();
    target.file("a", "old").file("other", "kept").file("d/e/program", "old").file("d/link", "old");
    target.link("dangling", "elsewhere").file("empty", "not even a directory");

    let restored = forced(&recorded.store, recorded.taken.root, target.path()).unwrap();

    assert!(restored.is_complete(), "{:?}", restored.lacking);
    fs::remove_file(target.at("other")).unwrap();
    assert_eq!(target.take().taken.root, recorded.taken.root);
}

#[test]
fn nothing_is_written_through_links_that_somebody_planted() {
    let recorded = sample().take();
    let outside = Scratch::new();
    outside.file("a", "sentinel").file("e/program", "sentinel").file("program", "sentinel");
    outside.file("large", "sentinel").file(".hidden", "sentinel");
    let before = outside.take().taken.root;
    let target = Scratch::new();
    let away = |name: &str| outside.path().join(name).into_os_string().into_encoded_bytes();
    target.link("a", away("a")).link("large", away("large")).link("d", away(""));
    target.link("empty", away("")).link("dangling", away("a"));

    let restored = forced(&recorded.store, recorded.taken.root, target.path()).unwrap();

    assert!(restored.is_complete(), "{:?}", restored.lacking);
    assert_eq!(outside.take().taken.root, before);
    assert_eq!(target.take().taken.root, recorded.taken.root);
}

#[test]
fn a_directory_in_the_way_is_named_and_not_emptied() {
    let store = MemoryStore::default();
    let file = put_file(&store, b"new");
    let link = Node::from(Symlink::new(b"new").unwrap());
    put_node(&store, &link);
    let root = put_directory(&store, &[(b"f", &file), (b"g", &file), (b"l", &link)]);
    let target = Scratch::new();
    target.file("f/kept", "old").file("l/kept", "old");

    let restored = forced(&store, root.id(), target.path()).unwrap();

    let lacking: Vec<_> =
        restored.lacking.iter().map(|lacking| (lacking.path.as_slice(), lacking.why)).collect();
    assert_eq!(lacking, [(&b"f"[..], Lack::InTheWay), (&b"l"[..], Lack::InTheWay)]);
    assert_eq!(target.take().paths(), ["f", "f/kept", "g", "l", "l/kept"]);
}

#[test]
fn what_is_missing_in_the_store_is_named_and_the_rest_is_restored() {
    let store = MemoryStore::default();
    let (here, gone) = (put_file(&store, b"here"), put_file(&store, b"gone"));
    let seal_key = markerbed_core::tree::SealKey::from_bytes([9; 32]);
    let sealed = put_file(&store, b"sealed").seal(&seal_key); // its node is not put
    let absent = Node::from(File::new(false, 1, hash::content_id(b"x")).unwrap());
    let directory = put_directory(&store, &[(b"x", &here)]);
    let hidden = put_directory(&MemoryStore::default(), &[(b"x", &here)]);
    let unlisted = put_directory(&MemoryStore::default(), &[(b"y", &here)]);
    put_node(&store, &unlisted); // its page is not put
    let far = put_directory(&MemoryStore::default(), &[(b"z", &here), (b"zz", &here)]);
    let root = put_directory(
        &store,
        &[
            (b"absent", &absent),
            (b"directory", &directory),
            (b"far", &far),
            (b"gone", &gone),
            (b"here", &here),
            (b"hidden", &hidden),
            (b"sealed", &sealed),
            (b"unlisted", &unlisted),
        ],
    );
    wait(store.remove_contents(WORKSPACE, &[hash::content_id(b"gone")])).unwrap();
    let target = Scratch::new();

    let restored = restored(&store, root.id(), &target.at("t")).unwrap();

    let lacking: Vec<_> =
        restored.lacking.iter().map(|lacking| (lacking.path.as_slice(), lacking.why)).collect();
    assert_eq!(
        lacking,
        [
            (&b"absent"[..], Lack::ObjectMissing),
            (b"far", Lack::ObjectMissing),
            (b"gone", Lack::ContentMissing),
            (b"sealed", Lack::Withheld),
            (b"unlisted", Lack::ObjectMissing),
        ]
    );
    assert_eq!(restored.lacking_count, 5);
    let paths = Recorded::of(&target.at("t"), &SnapOptions::default()).paths();
    // `hidden` is `directory`, which is there.
    assert_eq!(paths, ["directory", "directory/x", "here", "hidden", "hidden/x", "unlisted"]);
}

#[test]
fn a_size_that_is_not_the_contents_is_named_and_leaves_no_file() {
    let store = MemoryStore::default();
    let lie = |bytes: &[u8], size| {
        let id = wait(store.put_contents(WORKSPACE, &[bytes.to_vec().into()])).unwrap();
        let node = Node::from(File::new(false, size, id[0]).unwrap());
        put_node(&store, &node);
        node
    };
    let (short, long) = (lie(b"four", 3), lie(b"five!", 2 << 20));
    let large = lie(&vec![1; 2 << 20], 3);
    let root = put_directory(&store, &[(b"l", &long), (b"m", &large), (b"s", &short)]);
    let target = Scratch::new();

    let restored = restored(&store, root.id(), &target.at("t")).unwrap();

    assert!(restored.lacking.iter().all(|lacking| lacking.why == Lack::Damaged));
    assert_eq!(restored.lacking_count, 3);
    assert_eq!(fs::read_dir(target.at("t")).unwrap().count(), 0);
}

#[test]
fn a_tree_that_counts_too_much_or_lies_is_refused_before_the_first_byte() {
    let store = MemoryStore::default();
    let file = put_file(&store, b"x");
    let honest = put_directory(&store, &[(b"a", &file), (b"b", &file)]);
    let mut bomb = honest.clone();
    for _ in 0..40 {
        bomb = put_directory(&store, &[(b"a", &bomb), (b"b", &bomb)]);
    }
    let modest = put_stating(&store, &bomb, Counts { nodes: 2, files: 1, bytes: 1 });
    let lie = put_stating(&store, &honest, Counts { nodes: 3, files: 2, bytes: 2 });
    let outer = put_directory(&store, &[(b"in", &lie)]);
    let huge = Node::from(File::new(false, 1 << 62, ContentId::from_bytes([1; 32])).unwrap());
    put_node(&store, &huge);
    let large = put_directory(&store, &[(b"huge", &huge)]);
    let target = Scratch::new();
    let code =
        |node: &Node| restored(&store, node.id(), &target.at("t")).map(drop).unwrap_err().code();

    assert_eq!(code(&bomb), "too-many-nodes");
    assert_eq!(code(&modest), "node-mismatch");
    assert_eq!(code(&outer), "node-mismatch");
    assert_eq!(code(&large), "target-too-small");
    assert_eq!(code(&huge), "target-too-small");
    assert_eq!(code(&Node::from(Symlink::new(b"absent").unwrap())), "missing-object");
    let error = restored(&store, outer.id(), &target.at("t")).unwrap_err();
    assert!(error.to_string().starts_with("in: "), "{error}");

    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);
}

#[test]
fn a_name_that_the_file_system_cannot_hold_is_refused_before_the_first_byte() {
    let store = MemoryStore::default();
    let file = put_file(&store, b"x");
    let inner = put_directory(&store, &[(b"ok", &file), (&[b'n'; 1_024], &file)]);
    let root = put_directory(&store, &[(b"a", &file), (b"d", &inner)]);
    let target = Scratch::new();

    let error = restored(&store, root.id(), &target.at("t")).unwrap_err();

    assert_eq!(error.code(), "name-unfit");
    assert!(error.to_string().starts_with("d/nnn"), "{error}");
    assert!(error.to_string().ends_with("too long; nothing was written"), "{error}");
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);
}

#[test]
fn all_names_that_cannot_be_held_are_named_and_counted() {
    let store = MemoryStore::default();
    let file = put_file(&store, b"x");
    let names: Vec<Vec<u8>> =
        (0..1_500).map(|number| format!("{number:0>1000}").into_bytes()).collect();
    let children: Vec<_> = names.iter().map(|name| (name.as_slice(), &file)).collect();
    let root = put_directory(&store, &children);
    let target = Scratch::new();

    let error = restored(&store, root.id(), &target.at("t")).unwrap_err();

    let said = error.to_string();
    assert!(said.ends_with("it is too long (and 1499 more); nothing was written"), "{said}");
    let RestoreError::NamesUnfit { names: unfit } = error else { panic!("{said}") };
    assert_eq!((unfit.count, unfit.first.len()), (1_500, 1_000));
    let first: Vec<_> = unfit.first.iter().map(|name| name.path.as_slice()).collect();
    assert_eq!(first, names[..1_000].iter().map(Vec::as_slice).collect::<Vec<_>>());
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);
}

#[test]
fn many_equal_directories_are_planned_once_and_all_written() {
    let store = MemoryStore::default();
    let link = Node::from(Symlink::new(b"x").unwrap());
    put_node(&store, &link);
    let mut node = put_directory(&store, &[(b"f", &put_file(&store, b"x")), (b"l", &link)]);
    for _ in 0..8 {
        node = put_directory(&store, &[(b"a", &node), (b"b", &node)]);
    }
    let target = Scratch::new();

    let restored = restored(&store, node.id(), &target.at("t")).unwrap();

    assert_eq!((restored.files, restored.symlinks, restored.directories), (256, 256, 511));
    let looked = take(&target.at("t"), &SnapOptions::default(), &HashOnly::default(), &Silent);
    assert_eq!(looked.unwrap().root, node.id());
}

#[test]
fn a_directory_of_many_pages_is_restored_whole() {
    let scratch = Scratch::new();
    for number in 0..5_000 {
        scratch.file(format!("{number}"), format!("{}", number % 100));
        if number % 50 == 0 {
            scratch.link(format!("l{number}"), "x");
        }
    }
    let recorded = scratch.take();
    let target = Scratch::new();

    restored(&recorded.store, recorded.taken.root, &target.at("t")).unwrap();

    let again = Recorded::of(&target.at("t"), &SnapOptions::default());
    assert_eq!(again.taken.root, recorded.taken.root);
}

#[test]
fn a_walk_comes_in_order_of_paths_and_bears_with_what_is_missing() {
    let store = MemoryStore::default();
    let here = put_file(&store, b"here");
    let absent = put_file(&MemoryStore::default(), b"absent");
    let inner = put_directory(&store, &[(b"x", &here), (b"y", &absent)]);
    let unlisted = put_directory(&MemoryStore::default(), &[(b"q", &here)]);
    put_node(&store, &unlisted);
    let root =
        put_directory(&store, &[(b"a", &inner), (b"a!", &here), (b"b", &unlisted), (b"c", &here)]);

    let walked: Vec<String> = tree_walk(&store, WORKSPACE, root.id())
        .map(|walked| match walked {
            Ok(walked) => {
                let there = if walked.node.is_some() { "" } else { " missing" };
                format!("{} {}{there}", walked.depth, walked.name.shown())
            }
            Err(error) => error.code().to_owned(),
        })
        .collect();

    assert_eq!(walked, ["1 a", "2 x", "2 y missing", "1 a!", "1 b", "missing-object", "1 c"]);
    assert_eq!(tree_walk(&store, WORKSPACE, here.id()).count(), 0);
    let missing: Vec<_> = tree_walk(&store, WORKSPACE, absent.id()).collect();
    assert!(matches!(missing.as_slice(), [Err(_)]));
}

#[test]
fn a_target_named_by_a_dot_or_below_a_link_is_found() {
    let recorded = sample().take();
    let target = Scratch::new();
    target.directory("real/sub");
    symlink("real", target.at("by-link")).unwrap();

    restored(&recorded.store, recorded.taken.root, &target.at("real/sub/.")).unwrap();
    restored(&recorded.store, recorded.taken.root, &target.at("by-link/new/")).unwrap();

    for name in ["real/sub", "real/new"] {
        let again = Recorded::of(&target.at(name), &SnapOptions::default());
        assert_eq!(again.taken.root, recorded.taken.root, "{name}");
    }
}

#[test]
fn a_damaged_content_is_named_and_leaves_no_file() {
    let source = Scratch::new();
    let content = Random::new(seed(), "a_damaged_content").bytes(300_000);
    source.file("d/bad", &content).file("d/good", "good").file("z", "z");
    let place = Scratch::new();
    let options = || Options::new(Access::Write);
    let store = DirectoryStore::create(&place.at("store"), options()).unwrap();
    let sink = StoreSink::new(&store, WORKSPACE);
    let root = take(source.path(), &SnapOptions::default(), &sink, &Silent).unwrap().root;
    wait(store.commit(WORKSPACE, Batch::default())).unwrap();
    drop(store);
    flip_a_byte_of(&content[100_000..100_064], place.path());

    let store = DirectoryStore::open(&place.at("store"), Options::new(Access::Read)).unwrap();
    let options = RestoreOptions::default();
    let restored = restore(&store, WORKSPACE, root, &place.at("t"), &options, &Silent).unwrap();

    let lacking: Vec<_> =
        restored.lacking.iter().map(|lacking| (lacking.path.as_slice(), lacking.why)).collect();
    assert_eq!(lacking, [(&b"d/bad"[..], Lack::Damaged)]);
    let paths = Recorded::of(&place.at("t"), &SnapOptions::default()).paths();
    assert_eq!(paths, ["d", "d/good", "z"]);
}

/// Changes what some file below `directory` holds where it holds `bytes`.
fn flip_a_byte_of(bytes: &[u8], directory: &Path) {
    let mut due = vec![directory.to_owned()];
    while let Some(directory) = due.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                due.push(path);
                continue;
            }
            let mut held = fs::read(&path).unwrap();
            if let Some(at) = held.windows(bytes.len()).position(|window| window == bytes) {
                held[at] ^= 1;
                return fs::write(path, held).unwrap();
            }
        }
    }
    panic!("no file holds these bytes as they are");
}

#[test]
fn a_file_system_that_fills_up_on_the_way_is_an_error_that_says_so() {
    let store = MemoryStore::default();
    let file = put_file(&store, b"x");
    let names: Vec<String> = (0..1_000).map(|number| format!("{number}")).collect();
    let children: Vec<_> = names.iter().map(|name| (name.as_bytes(), &file)).collect();
    let root = put_directory(&store, &children);
    let target = Scratch::new();
    // Each file needs a page of it, so all of them together do not fit, though their bytes would.
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(target.path())
        .output();
    if !mounted.is_ok_and(|mounted| mounted.status.success()) {
        eprintln!("skipped: a file system can be mounted by root alone");
        return;
    }

    let error = restored(&store, root.id(), &target.at("t")).map(drop);

    let unmounted = Command::new("umount").arg(target.path()).status().unwrap();
    assert!(unmounted.success());
    let error = error.unwrap_err();
    assert_eq!(error.code(), "target-full");
    assert!(error.to_string().contains("/t/"), "{error}");
}
