//! What is sealed is what the patterns say, with the salt that the key gives, and nothing else.
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
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::Arc,
    thread::sleep,
    time::Duration,
};

use bytes::Bytes;
use markerbed_core::{
    Id16, NodeId, ObjectId, SnapshotId, WorkspaceId,
    codec::Canonical,
    hash::content_id,
    id::PublicKey,
    ledger::{Genesis, Nonce},
    step::Step,
    tree::{
        Clock, Expansion, File, Grade, Held, Label, Node, NodeKind, RulesDocument, SealKey, Tool,
        TreeProof, Walk,
    },
};
use markerbed_host::{
    drive::{
        self,
        blocking::{drive, wait},
    },
    progress::Silent,
    restore::{Lack, RestoreOptions, restore},
    snapshot::{
        HashOnly, Memory, Sealing, SeenPlace, SnapError, SnapOptions, StoreSink, take, take_again,
    },
    store::MemoryStore,
    workspace::{
        Capture, CheckFault, CheckOptions, Health, Overlay, Reference, Scanned, SealFit,
        SnapshotDraft, Stamp, When, Workspace, check_workspace,
    },
};
use markerbed_suites::{Random, cases, print_count, seed};
use trees::{Recorded, Scratch, WORKSPACE, lines};

#[test]
fn patterns_seal_what_they_match_and_all_below_it() {
    let scratch = small();
    let all = Recorded::of(scratch.path(), &SnapOptions::default()).paths();

    for (patterns, expected) in TABLE {
        let recorded = sealed(&scratch, patterns, KEY);

        let found = sealed_paths(&recorded);
        let expected: Vec<String> = match expected {
            ["everything"] => all.clone(),
            paths => paths.iter().map(|path| (*path).to_owned()).collect(),
        };
        assert_eq!(found, expected, "{patterns:?}");
        assert_eq!(recorded.paths(), all, "{patterns:?}");
        assert_eq!(recorded.taken.sealed, expected.len() as u64, "{patterns:?}");
        check_counts(&recorded, &format!("{patterns:?}"));
    }
    print_count("patterns_seal_what_they_match", TABLE.len() as u64, 20);
}

#[test]
fn what_patterns_seal_is_what_they_would_leave_out() {
    let cases = cases(150);
    let mut random = Random::new(seed(), "what_patterns_seal");
    let mut sealed_items = 0;
    for case in 0..cases {
        let scratch = random_tree(&mut random);
        let patterns: Vec<String> =
            (0..1 + random.below(4)).map(|_| random_pattern(&mut random)).collect();
        let ignore = false;
        let all = Recorded::of(scratch.path(), &SnapOptions { ignore, ..SnapOptions::default() });
        let exclude = patterns.clone();
        let options = SnapOptions { ignore, exclude, ..SnapOptions::default() };
        let rest: BTreeSet<String> =
            Recorded::of(scratch.path(), &options).paths().into_iter().collect();

        let options = SnapOptions { ignore, ..sealing(&patterns, KEY) };
        let recorded = Recorded::of(scratch.path(), &options);

        let expected: Vec<String> =
            all.paths().into_iter().filter(|path| !rest.contains(path)).collect();
        let about = format!("seed {}, case {case}: {patterns:?}", seed());
        assert_eq!(sealed_paths(&recorded), expected, "{about}");
        assert_eq!(recorded.lines(), all.lines(), "{about}");
        check_counts(&recorded, &about);
        sealed_items += expected.len() as u64;
    }
    print_count("what_patterns_seal", sealed_items, u64::from(cases) * 2);
}

#[test]
fn the_same_key_gives_the_same_ids_and_another_key_gives_others() {
    let (here, there) = (small(), small());
    sleep(Duration::from_millis(20));
    there.mode("s/x", 0o705);

    let root = |scratch: &Scratch, key: u8| sealed(scratch, &["s", "*.key"], key);
    let (first, again) = (root(&here, KEY), root(&here, KEY));
    let elsewhere = root(&there, KEY);
    let other = root(&here, KEY + 1);
    let plain = here.take();

    assert_eq!(first.taken.root, again.taken.root);
    assert_eq!(first.taken.root, elsewhere.taken.root);
    let ids = [&first, &other, &plain].map(nodes);
    let mut sealed_items = 0;
    for (path, (kind, id)) in &ids[0] {
        let [_, (other_kind, other_id), (plain_kind, plain_id)] =
            [0, 1, 2].map(|at: usize| ids[at][path]);
        assert_eq!(kind, &other_kind);
        if kind.is_sealed() {
            assert!(*id != other_id && *id != plain_id && other_id != plain_id, "{path}");
            sealed_items += 1;
        } else if ![".", "d"].contains(&path.as_str()) {
            assert_eq!((kind, *id, *id), (&plain_kind, other_id, plain_id), "{path}");
        }
    }
    assert_eq!(sealed_items, 7);
}

#[test]
fn a_salt_is_the_one_that_the_key_gives_to_the_plain_node() {
    let scratch = Scratch::new();
    scratch.file("f", "bytes").link("l", "f").directory("d");
    let key = SealKey::from_bytes([KEY; 32]);

    let plain = nodes_of(&scratch.take());
    let sealed = nodes_of(&sealed(&scratch, &["*"], KEY));

    for path in ["f", "l", "d"] {
        assert_eq!(sealed[path], plain[path].seal(&key), "{path}");
    }
}

#[test]
fn sealing_and_unsealing_with_what_was_seen_is_as_without() {
    let source = small();
    let home = Scratch::new();
    let store = MemoryStore::default();
    let turns: &[&[&str]] = &[
        &[],
        &["s"],
        &["s"],
        &["s", "empty"],
        &["empty"],
        &[],
        &["*.key"],
        &["*"],
        &["*"],
        &["s/empty"],
        &[],
        &["d/e"],
        &["d"],
        &["d/e"],
        &[],
    ];
    grow_old();
    let place = SeenPlace::of(home.path(), WORKSPACE, source.path(), &SnapOptions::default());
    let place = place.unwrap().unwrap();
    let mut random = Random::new(seed(), "sealing_and_unsealing");
    let mut looks = 0;
    let mut look = |patterns: &[&str]| {
        let texts: Vec<String> = patterns.iter().map(|text| (*text).to_owned()).collect();
        let options = sealing(&texts, KEY);
        let seen = place.read();
        let memory = Memory { seen: seen.as_ref(), place: Some(&place), ..Memory::default() };
        let sink = StoreSink::new(&store, WORKSPACE);

        let (taken, new) = take_again(source.path(), &options, &sink, &Silent, memory).unwrap();

        let fresh = take(source.path(), &options, &HashOnly::default(), &Silent).unwrap();
        assert_eq!(taken.root, fresh.root, "{patterns:?}");
        assert_eq!(taken.statistics, fresh.statistics, "{patterns:?}");
        assert_eq!(taken.sealed, fresh.sealed, "{patterns:?}");
        assert_eq!(lines(&store, taken.root), lines(&store, taken.root), "all is there");
        if let Some(new) = new {
            new.keep(SnapshotId::from_bytes([9; 32]));
        }
        looks += 1;
    };
    for patterns in turns {
        look(patterns);
    }
    for _ in 0..cases(60) {
        let one = turns[random.below(turns.len() as u64) as usize];
        if random.below(3) == 0 {
            let name = ["s/x", "d/a.key", "b.txt", "d/e/c"][random.below(4) as usize];
            source.file(name, random.next().to_string());
        }
        if random.below(3) == 0 {
            grow_old();
        }
        look(one);
    }
    print_count("sealing_and_unsealing", looks, 60);
}

#[test]
fn what_is_left_out_is_not_sealed() {
    let scratch = small();
    scratch.file(".markerbedignore", "s/\n");
    let options =
        SnapOptions { exclude: vec!["a.key".to_owned()], ..sealing(&["s", "*.key"], KEY) };

    let recorded = Recorded::of(scratch.path(), &options);

    assert!(sealed_paths(&recorded).is_empty());
    assert!(!recorded.paths().contains(&"s".to_owned()));
    assert_eq!((recorded.taken.sealed, recorded.taken.left_out), (0, 3));
}

#[test]
fn a_sealed_ignore_file_is_named_without_its_digest() {
    let scratch = Scratch::new();
    let text = "*.tmp\n";
    scratch.file(".markerbedignore", text).file("s/.markerbedignore", text).file("s/a.tmp", "");
    scratch.file("p/.markerbedignore", ".markerbedignore\n").file("p/x", "");
    let key = SealKey::from_bytes([KEY; 32]);

    let recorded = sealed(&scratch, &["s", "/p/.*"], KEY);

    let node = |text: &str| {
        let file = File::new(false, text.len() as u64, content_id(text.as_bytes())).unwrap();
        Node::from(file).seal(&key).id()
    };
    let rules = &recorded.taken.rules;
    let held: Vec<Held> = rules.ignore_files.iter().map(|file| file.held).collect();
    let plain = Held::Content(content_id(text.as_bytes()));
    // The one in `p` leaves itself out, and is sealed nevertheless.
    let in_p = Held::Sealed(node(".markerbedignore\n"));
    assert_eq!(held, [plain, in_p, Held::Sealed(node(text))]);
    assert_eq!(nodes(&recorded)["s/.markerbedignore"].1, node(text));
    assert_eq!(RulesDocument::read(&rules.write().unwrap()).as_ref(), Ok(rules));
    assert_eq!(rules.seal, ["s", "/p/.*"]);
}

#[test]
fn a_pattern_that_is_none_is_refused() {
    for pattern in ["", "#", "[", "a\nb"] {
        let options = sealing(&[pattern.to_owned()], KEY);

        let refused = take(Scratch::new().path(), &options, &HashOnly::default(), &Silent);

        assert!(matches!(refused, Err(SnapError::BadPattern { .. })), "{pattern:?}");
    }
}

#[test]
fn everything_works_on_a_sealed_tree_and_where_a_sealed_node_is_withheld() {
    let scratch = small();
    let taken = sealed(&scratch, &["s", "*.key", "link"], KEY);
    let shown = workspace_of(&scratch, &taken, true);
    let withheld = workspace_of(&scratch, &taken, false);
    let root = taken.taken.root;
    let target = Scratch::new();
    let restored = |workspace: &Workspace, name: &str| {
        let (store, id) = (&**workspace.store(), workspace.id());
        restore(store, id, root, &target.at(name), &RestoreOptions::default(), &Silent).unwrap()
    };

    let whole = restored(&shown, "whole");
    let part = restored(&withheld, "part");

    assert!(whole.is_complete());
    assert_eq!(
        Recorded::of(&target.at("whole"), &SnapOptions::default()).lines(),
        scratch.take().lines()
    );
    let lacking: Vec<_> =
        part.lacking.iter().map(|lacking| (lacking.path.as_slice(), lacking.why)).collect();
    let why = Lack::Withheld;
    assert_eq!(lacking, [(&b"a.key"[..], why), (b"d/a.key", why), (b"link", why), (b"s", why)]);
    let rest = Recorded::of(&target.at("part"), &SnapOptions::default());
    assert_eq!(rest.paths(), ["b.txt", "d", "d/b.txt", "d/e", "d/e/c", "empty"]);

    let checked = |workspace: &Workspace| {
        let options = CheckOptions::default();
        wait(check_workspace(workspace, Scanned::default(), &options, &Silent)).unwrap()
    };
    assert_eq!(checked(&shown).health, Health::Sound);
    let found = checked(&withheld);
    assert_eq!(found.health, Health::Incomplete);
    assert!(found.findings.iter().all(|finding| finding.fault == CheckFault::MissingObject));
    assert_eq!(found.findings.len(), 4);
}

#[test]
fn a_difference_and_a_proof_need_no_sealed_node() {
    let scratch = small();
    let before = sealed(&scratch, &["s", "*.key"], KEY);
    let withheld = workspace_of(&scratch, &before, false);
    scratch.file("b.txt", "other").file("s/x", "other").file("d/a.key", "other");
    fs::rename(scratch.at("a.key"), scratch.at("moved.key")).unwrap();
    let sink = HashOnly::default();
    let texts = ["s".to_owned(), "*.key".to_owned()];
    let after = take(scratch.path(), &sealing(&texts, KEY), &sink, &Silent).unwrap();
    let overlay: Overlay = sink.into_objects();
    let overlay: Overlay = overlay.into_iter().filter(|(_, bytes)| !is_sealed(bytes)).collect();

    let difference = wait(withheld.difference(
        before.taken.root,
        after.root,
        Expansion::Everything,
        100,
        Arc::new(overlay),
    ));

    let paths: Vec<String> =
        difference.unwrap().changes.iter().map(|change| change.path().to_string()).collect();
    assert_eq!(paths, ["b.txt", "d/a.key", "moved.key", "s"]);
    let prove = |path: &str| {
        let reference = Reference::parse(format!("@:{path}").as_bytes()).unwrap();
        wait(withheld.prove(&reference, Grade::Full))
    };
    let proof = prove("d/b.txt").unwrap();
    assert_eq!(TreeProof::decode(&proof).unwrap().check().unwrap().root, before.taken.root);
    assert_eq!(prove("a.key").unwrap_err().code(), "missing-object");
}

#[test]
fn a_key_is_compared_with_a_sealed_node_that_is_at_hand() {
    let scratch = small();
    let taken = sealed(&scratch, &["d/e/c", "s"], KEY);
    let plain = scratch.take();
    let fit = |workspace: &Workspace, root: NodeId, key: u8| {
        wait(workspace.try_seal_key(root, &SealKey::from_bytes([key; 32]))).unwrap()
    };
    let shown = workspace_of(&scratch, &taken, true);
    let withheld = workspace_of(&scratch, &taken, false);
    let unsealed = workspace_of(&scratch, &plain, true);

    assert_eq!(fit(&shown, taken.taken.root, KEY), SealFit::Fits);
    let differs = fit(&shown, taken.taken.root, KEY + 1);
    assert!(matches!(differs, SealFit::Differs(_)), "{differs:?}");
    assert_eq!(fit(&withheld, taken.taken.root, KEY), SealFit::Withheld);
    assert_eq!(fit(&unsealed, plain.taken.root, KEY), SealFit::Unsealed);
    let node = nodes(&taken)["s"].1;
    assert_eq!(fit(&shown, node, KEY), SealFit::Fits);
}

/// A small tree with something of everything.
fn small() -> Scratch {
    let scratch = Scratch::new();
    scratch.file("a.key", "1").file("b.txt", "22").file("d/a.key", "333").file("d/b.txt", "4444");
    scratch.file("d/e/c", "55555").link("link", "b.txt").file("s/x", "666666").mode("s/x", 0o755);
    scratch.file("s/y/z", "7777777").directory("s/empty").directory("empty");
    scratch
}

fn sealing(patterns: &[impl ToString], key: u8) -> SnapOptions {
    let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
    let sealing = Sealing { patterns, key: SealKey::from_bytes([key; 32]) };
    let seal = Some(sealing).filter(|sealing| !sealing.patterns.is_empty());
    SnapOptions { seal, ..SnapOptions::default() }
}

fn sealed(scratch: &Scratch, patterns: &[&str], key: u8) -> Recorded {
    Recorded::of(scratch.path(), &sealing(patterns, key))
}

/// Every node by its path; the root is `.`.
fn nodes_of(recorded: &Recorded) -> BTreeMap<String, Node> {
    let mut walk = Walk::new(recorded.taken.root);
    let mut found = BTreeMap::new();
    while !walk.is_done() {
        let step = Step::start(|io| async move { walk.advance(&io, 1_000).await }).unwrap();
        let (next, walked) = drive(step, &recorded.store, WORKSPACE).unwrap();
        walk = next;
        for walked in walked {
            let path = walked.trail.to_path();
            let path = if path.is_root() { ".".to_owned() } else { path.to_string() };
            found.insert(path, walked.node.clone());
        }
    }
    found
}

fn nodes(recorded: &Recorded) -> BTreeMap<String, (NodeKind, NodeId)> {
    let of = |(path, node): (String, Node)| (path, (node.kind(), node.id()));
    nodes_of(recorded).into_iter().map(of).collect()
}

/// In the order of whole paths.
fn sealed_paths(recorded: &Recorded) -> Vec<String> {
    let nodes = nodes(recorded);
    nodes.into_iter().filter(|(_, (kind, _))| kind.is_sealed()).map(|(path, _)| path).collect()
}

/// Counts are those of NODE-5, and nothing of what is sealed is in them but how many there are.
fn check_counts(recorded: &Recorded, about: &str) {
    let nodes = nodes_of(recorded);
    let below = recorded.taken.directory.below();
    assert_eq!(nodes["."].kind(), NodeKind::Directory, "{about}");
    assert_eq!(below.nodes, nodes.len() as u64 - 1, "{about}");
    let files = nodes.values().filter_map(Node::as_file).count() as u64;
    assert_eq!(below.files, files, "{about}");
    let plain = nodes.values().filter(|node| node.salt().is_none());
    let bytes: u64 = plain.filter_map(Node::as_file).map(File::size_bytes).sum();
    assert_eq!(below.bytes, bytes, "{about}");
    assert_eq!(recorded.taken.statistics.bytes, bytes, "{about}");
    for (path, node) in &nodes {
        let below = node.as_directory().filter(|_| node.salt().is_some());
        assert_eq!(below.map_or(0, |directory| directory.below().bytes), 0, "{path}: {about}");
    }
}

fn is_sealed(node: &Bytes) -> bool {
    Node::decode(node).is_ok_and(|node| node.salt().is_some())
}

/// A workspace with a snapshot of what was taken, with or without its sealed nodes.
fn workspace_of(scratch: &Scratch, recorded: &Recorded, with_sealed: bool) -> Workspace {
    let store = MemoryStore::default();
    let first_key = PublicKey::from_bytes([1; 32]);
    let genesis = Genesis { nonce: Nonce::from_bytes([1; 32]), first_key };
    let agent = Id16::from_bytes([2; 16]);
    let stamp = |request: u8| Stamp { agent, request: Id16::from_bytes([request; 16]), time_ms: 1 };
    let (label, created) = ("test", stamp(1));
    let create = Workspace::create(Arc::new(store.clone()), genesis, label, &created);
    let workspace = wait(create).unwrap();
    copy(scratch, recorded, &store, workspace.id(), with_sealed);
    let capture = Capture {
        run: agent,
        captured_at_ms: 1,
        clock: Clock::Host,
        tool: Tool::new("markerbed test").unwrap(),
    };
    let source = Label::new("test").unwrap();
    let draft = recorded.taken.draft(None, source, capture).unwrap();
    // Only the tree is copied.
    let draft = SnapshotDraft { attributes: None, ..draft };
    wait(workspace.commit_snapshot(&draft, When::Always, &stamp(2))).unwrap();
    workspace
}

/// Puts what was taken into another store: contents from the source, objects from the first store.
fn copy(
    scratch: &Scratch,
    recorded: &Recorded,
    store: &MemoryStore,
    workspace: WorkspaceId,
    with_sealed: bool,
) {
    let sink = HashOnly::default();
    let patterns = &recorded.taken.rules.seal;
    let options = sealing(patterns, KEY);
    let taken = take(
        scratch.path(),
        &options,
        &StoreSink::new(&MemoryStore::default(), workspace),
        &Silent,
    );
    assert_eq!(taken.unwrap().root, recorded.taken.root);
    take(scratch.path(), &options, &sink, &Silent).unwrap();
    let objects: Vec<(ObjectId, Bytes)> = sink
        .into_objects()
        .into_iter()
        .filter(|(_, bytes)| with_sealed || !is_sealed(bytes))
        .collect();
    let contents: Vec<Bytes> = scratch
        .take()
        .lines()
        .into_iter()
        .filter(|(_, line)| line.starts_with("file") || line.starts_with("program"))
        .map(|(path, _)| fs::read(scratch.at(path)).unwrap().into())
        .collect();
    let sink = StoreSink::new(store, workspace);
    markerbed_host::snapshot::Sink::put_contents(&sink, &contents).unwrap();
    wait(drive::put_objects(store, workspace, &objects)).unwrap();
}

/// Files and directories with few names, so that patterns match.
fn random_tree(random: &mut Random) -> Scratch {
    let scratch = Scratch::new();
    for _ in 0..12 {
        let depth = 1 + random.below(3);
        let names: Vec<&str> =
            (0..depth).map(|_| NAMES[random.below(NAMES.len() as u64) as usize]).collect();
        let path = names.join("/");
        let above = scratch.at(names[..names.len() - 1].join("/"));
        let is_free =
            above.ancestors().all(|above| above.is_dir() || above.symlink_metadata().is_err())
                && scratch.at(&path).symlink_metadata().is_err();
        if is_free {
            match random.below(6) {
                0 => scratch.directory(&path),
                1 if fs::create_dir_all(&above).is_ok() => scratch.link(&path, "nowhere"),
                _ => scratch.file(&path, &path),
            };
        }
    }
    scratch
}

fn random_pattern(random: &mut Random) -> String {
    let mut part = || PARTS[random.below(PARTS.len() as u64) as usize];
    let (first, second) = (part(), part());
    match random.below(6) {
        0 => format!("!{first}"),
        1 => format!("/{first}"),
        2 => format!("{first}/"),
        3 => format!("{first}/{second}"),
        4 => format!("!{first}/{second}"),
        _ => first.to_owned(),
    }
}

/// Waits until what there is can be told from what comes.
fn grow_old() {
    sleep(Duration::from_millis(120));
}

const KEY: u8 = 40;
const NAMES: [&str; 6] = ["a", "b", "a.key", "b.key", "c", "ab"];
const PARTS: [&str; 10] = ["a", "b", "*.key", "*", "a*", "c", "**", "[ab]", "?", "b.key"];

const ALL_OF_D: &[&str] = &["d", "d/a.key", "d/b.txt", "d/e", "d/e/c"];
const ALL_OF_S: &[&str] = &["s", "s/empty", "s/x", "s/y", "s/y/z"];

/// Patterns, and what they seal of [`small`].
const TABLE: &[(&[&str], &[&str])] = &[
    (&["nothing"], &[]),
    (&["!a.key"], &[]),
    (&["*.key"], &["a.key", "d/a.key"]),
    (&["/a.key"], &["a.key"]),
    (&["/*.key"], &["a.key"]),
    (&["d/*.key"], &["d/a.key"]),
    (&["**/a.key"], &["a.key", "d/a.key"]),
    (&["d"], ALL_OF_D),
    (&["d/"], ALL_OF_D),
    (&["/d"], ALL_OF_D),
    (&["d/**"], &["d/a.key", "d/b.txt", "d/e", "d/e/c"]),
    (&["d/*", "!d/b.txt"], &["d/a.key", "d/e", "d/e/c"]),
    (&["e"], &["d/e", "d/e/c"]),
    (&["c"], &["d/e/c"]),
    (&["link"], &["link"]),
    (&["link/"], &[]),
    (&["s", "!s/x", "!z"], ALL_OF_S),
    (&["s", "!s"], &[]),
    (&["!s", "s"], ALL_OF_S),
    (&["s/*"], &["s/empty", "s/x", "s/y", "s/y/z"]),
    (&["empty"], &["empty", "s/empty"]),
    (&["empty/"], &["empty", "s/empty"]),
    (&["*.key", "!d/a.key"], &["a.key"]),
    (&["!d/a.key", "*.key"], &["a.key", "d/a.key"]),
    (&["*.[jk]ey", "\\b.txt"], &["a.key", "b.txt", "d/a.key", "d/b.txt"]),
    (&["*"], &["everything"]),
    (&["/*"], &["everything"]),
    (&["**"], &["everything"]),
    (&["*", "!/*"], &["d/a.key", "d/b.txt", "d/e", "d/e/c", "s/empty", "s/x", "s/y", "s/y/z"]),
];
