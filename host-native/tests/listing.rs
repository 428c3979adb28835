//! Listings of stored trees: in the order of whole paths, and without reading what is known.
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
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use markerbed_core::{
    NodeId, ObjectId,
    codec::Canonical,
    hash::{Sha256Hasher, content_id},
    tree::{
        Child, File, ListedItem, ListingLine, Name, NewChild, Node, NodeBody, Path, SealKey,
        Symlink, build_directory, write_listing,
    },
};
use markerbed_host::{
    drive::blocking::wait,
    listing::{KeptListing, ListingError, Told, is_listing, keep_listing, listing},
    progress::{Progress, Silent},
    restore::Lack,
    snapshot::{SnapOptions, StoreSink, take},
    store::{Contents, MemoryStore, Records},
};
use markerbed_suites::{Random, cases, print_count, seed};
use trees::{Scratch, WORKSPACE, lines};

/// A directory and the store that it is taken into.
struct Source {
    scratch: Scratch,
    store: MemoryStore,
}

/// Counts files that were hashed.
#[derive(Default)]
struct Hashed(AtomicU64);

impl Progress for Hashed {
    fn advance(&self, files: u64, _bytes: u64) {
        self.0.fetch_add(files, Ordering::Relaxed);
    }
}

impl Source {
    fn new() -> Self {
        Self { scratch: Scratch::new(), store: MemoryStore::default() }
    }

    fn take(&self) -> NodeId {
        let sink = StoreSink::new(&self.store, WORKSPACE);
        take(self.scratch.path(), &SnapOptions::default(), &sink, &Silent).unwrap().root
    }

    /// Keeps the listing of a root and gives it with how many files were read for it.
    fn keep(&self, root: NodeId, before: Option<(NodeId, KeptListing)>) -> (KeptListing, u64) {
        let hashed = Hashed::default();
        let kept = keep_listing(&self.store, WORKSPACE, root, before, &hashed).unwrap();
        assert!(wait(is_listing(&self.store, WORKSPACE, &kept)).unwrap());
        (kept, hashed.0.into_inner())
    }

    fn bytes(&self, kept: &KeptListing) -> Bytes {
        wait(self.store.fetch_contents(WORKSPACE, &[kept.content])).unwrap().remove(0).unwrap()
    }

    /// The listing as it must be, made from the files on the disk and sorted as a whole.
    fn expected(&self, root: NodeId) -> Vec<u8> {
        let files = lines(&self.store, root)
            .into_iter()
            .filter(|(_, line)| line.starts_with("file ") || line.starts_with("program "));
        let line = |(path, _): (Vec<u8>, String)| {
            let item = ListedItem::File(sha256(&fs::read(self.scratch.at(&path)).unwrap()));
            ListingLine { path: Path::new(&path).unwrap(), item }
        };
        write_listing(files.map(line).collect()).unwrap()
    }
}

fn sha256(bytes: &[u8]) -> markerbed_core::Sha256Digest {
    let mut hasher = Sha256Hasher::default();
    hasher.update(bytes);
    hasher.finish()
}

#[test]
fn listings_of_random_trees_are_sorted_and_taken_from_the_one_before() {
    let name = "listings_of_random_trees";
    let floor = 60;
    let mut random = Random::new(seed(), name);
    let (mut files, mut copied) = (0, 0);
    for case in 0..cases(floor) {
        let source = Source::new();
        grow(&source.scratch, &mut random, 80);
        let root = source.take();
        let (kept, read) = source.keep(root, None);
        assert_eq!(source.bytes(&kept), source.expected(root), "case {case} of {}", seed());
        files += read;
        change(&source.scratch, &mut random);

        let root_after = source.take();
        let (with, read) = source.keep(root_after, Some((root, kept)));

        let expected = source.expected(root_after);
        let lines = expected.iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(source.bytes(&with), expected, "case {case} of {}", seed());
        copied += lines - read;
        assert_eq!(with, source.keep(root_after, None).0);
    }
    print_count(name, u64::from(cases(floor)), u64::from(floor));
    assert!(files > 1_000 && copied > 1_000, "{files} files, {copied} copied");
}

/// Adds entries whose names begin one with the other, around the `/` that sorts them.
fn grow(scratch: &Scratch, random: &mut Random, count: u64) {
    let mut directories = vec![Vec::new()];
    for _ in 0..count {
        let above = &directories[random.below(directories.len() as u64) as usize];
        let letters = b"aaab!-.0\\\n\r\xff ";
        let name: Vec<u8> = (0..1 + random.below(5))
            .map(|_| letters[random.below(letters.len() as u64) as usize])
            .collect();
        let path = [above.as_slice(), &name].concat();
        if name == b"." || name == b".." || scratch.at(&path).symlink_metadata().is_ok() {
            continue;
        }
        match random.below(6) {
            0 | 1 => {
                scratch.directory(&path);
                directories.push([&path, &b"/"[..]].concat());
            }
            2 => {
                scratch.link(&path, "somewhere");
            }
            kind => {
                let bytes = random.below(300) as usize;
                scratch.file(&path, random.bytes(bytes));
                if kind == 3 {
                    scratch.mode(&path, 0o755);
                }
            }
        }
    }
}

/// Changes, removes and adds some things.
fn change(scratch: &Scratch, random: &mut Random) {
    let recorded = scratch.take().lines();
    for (path, line) in &recorded {
        let at = scratch.at(path);
        if at.symlink_metadata().is_err() {
            continue;
        }
        match random.below(30) {
            0 if line.starts_with("file") => fs::write(&at, random.bytes(40)).unwrap(),
            1 if line == "directory" => fs::remove_dir_all(&at).unwrap_or_default(),
            2 if line != "directory" => fs::remove_file(&at).unwrap_or_default(),
            3 if line.starts_with("file") && fs::remove_file(&at).is_ok() => {
                scratch.directory(path);
            }
            _ => {}
        }
    }
    if random.below(4) > 0 {
        grow(scratch, random, 5);
    }
}

#[test]
fn only_what_is_new_is_read() {
    let source = Source::new();
    for file in 0..3_000 {
        source.scratch.file(format!("wide/{file}"), format!("{file}"));
        source.scratch.file(format!("deep/{}/{file}", file % 7), "same");
    }
    let root = source.take();
    let (kept, all) = source.keep(root, None);
    source.scratch.file("wide/17", "other").file("deep/3/new", "new").file("zz", "new");
    fs::remove_file(source.scratch.at("wide/2999")).unwrap();

    let after = source.take();
    let (again, read) = source.keep(after, Some((root, kept)));
    let (same, none) = source.keep(after, Some((after, again)));

    assert_eq!((all, read, none), (6_000, 3, 0));
    assert_eq!(same, again);
    assert_eq!(source.bytes(&again), source.expected(after));
}

#[test]
fn a_listing_that_is_not_whole_is_made_anew() {
    let source = Source::new();
    for name in ["a", "b/c", "b/d", "e"] {
        source.scratch.file(name, name);
    }
    let root = source.take();
    let (kept, _) = source.keep(root, None);
    let whole = source.bytes(&kept);
    source.scratch.file("f", "new");
    let after = source.take();
    let expected = source.expected(after);
    let mut cases = 0;
    let mut check = |bytes: Vec<u8>, digest| {
        let ids = wait(source.store.put_contents(WORKSPACE, &[bytes.into()])).unwrap();
        let wrong = KeptListing { content: ids[0], digest };
        let (made, _) = source.keep(after, Some((root, wrong)));
        assert_eq!(source.bytes(&made), expected);
        cases += 1;
    };

    for end in 0..whole.len() {
        check(whole[..end].to_vec(), kept.digest);
        let mut flipped = whole.to_vec();
        flipped[end] ^= 1;
        check(flipped, kept.digest);
    }
    check(whole.to_vec(), sha256(b"another"));

    let lost = KeptListing { content: content_id(b"never put"), ..kept };
    assert_eq!(source.bytes(&source.keep(after, Some((root, lost))).0), expected);
    print_count("a_listing_that_is_not_whole", cases, 400);
}

#[test]
fn a_content_that_is_missing_is_an_error_or_is_named() {
    let source = Source::new();
    source.scratch.file("a/b", "here").file("a/c", "gone").file("d", "here");
    let root = source.take();
    wait(source.store.remove_contents(WORKSPACE, &[content_id(b"gone")])).unwrap();

    let kept = keep_listing(&source.store, WORKSPACE, root, None, &Silent);
    let told: Vec<_> = told(&source.store, root, "").collect();

    let path = Path::new(b"a/c").unwrap();
    assert!(matches!(kept, Err(ListingError::MissingContent { path: found }) if found == path));
    let lacks = |told: &Told| matches!(told, Told::Lacking { lack: Lack::ContentMissing, .. });
    assert_eq!(told.iter().map(lacks).collect::<Vec<_>>(), [false, true, false]);
}

/// All that a listing of a node tells.
fn told<'a>(store: &'a MemoryStore, id: NodeId, name: &str) -> impl Iterator<Item = Told> + 'a {
    let bytes = wait(store.fetch_objects(WORKSPACE, &[id.into()])).unwrap().remove(0).unwrap();
    let node = Node::decode(&bytes).unwrap();
    let name = Path::new(name.as_bytes()).unwrap();
    listing(store, WORKSPACE, id, &node, name, &Silent).map(Result::unwrap)
}

#[test]
fn a_sealed_item_is_one_line_whatever_is_below_it() {
    let store = MemoryStore::default();
    let key = SealKey::from_bytes([5; 32]);
    let file: Node = File::new(false, 4, content_id(b"file")).unwrap().into();
    wait(store.put_contents(WORKSPACE, &[Bytes::from_static(b"file")])).unwrap();
    let link: Node = Symlink::new(b"x").unwrap().into();
    let below = directory(&store, [("f", &file)]);
    let sealed = [file.seal(&key), link.seal(&key), below.seal(&key)];
    let named =
        [("a", &below), ("a-b", &sealed[2]), ("b", &sealed[0]), ("c", &sealed[1]), ("d", &link)];
    let root = directory(&store, named);

    let (kept, read) = {
        let hashed = Hashed::default();
        let kept = keep_listing(&store, WORKSPACE, root.id(), None, &hashed).unwrap();
        (kept, hashed.0.into_inner())
    };

    let bytes = wait(store.fetch_contents(WORKSPACE, &[kept.content])).unwrap().remove(0).unwrap();
    let expected = format!(
        "sealed {}  a-b\n{}  a/f\nsealed {}  b\nsealed {}  c\n",
        sealed[2].id(),
        sha256(b"file"),
        sealed[0].id(),
        sealed[1].id()
    );
    assert_eq!((str::from_utf8(&bytes).unwrap(), read), (expected.as_str(), 1));
    put(&store, &sealed[2]);
    let itself: Vec<Told> = told(&store, sealed[2].id(), "s").collect();
    assert!(
        matches!(&*itself, [Told::Line(line)] if line.item == ListedItem::Sealed(sealed[2].id()))
    );
}

/// A directory in the store; what is sealed in it is not.
fn directory<'a>(
    store: &MemoryStore,
    children: impl IntoIterator<Item = (&'a str, &'a Node)>,
) -> Node {
    let new = |(name, node): (&str, &Node)| {
        if node.salt().is_none() {
            put(store, node);
        }
        let name = Name::new(name.as_bytes()).unwrap();
        NewChild { name, child: Child::of(node), adds: node.adds().unwrap() }
    };
    let built = build_directory(children.into_iter().map(new).collect()).unwrap();
    let page = |(id, page): &(_, markerbed_core::map::Page)| {
        (ObjectId::from(*id), Bytes::from(page.encode()))
    };
    let pages: Vec<_> = built.pages.iter().map(page).collect();
    wait(store.put_objects(WORKSPACE, &pages)).unwrap();
    let node: Node = NodeBody::Directory(built.directory).into();
    put(store, &node);
    node
}

fn put(store: &MemoryStore, node: &Node) {
    wait(store.put_objects(WORKSPACE, &[(node.id().into(), node.encode().into())])).unwrap();
}
