//! What references mean: `docs/reference/references.md` as tests.

use markerbed_core::{
    NodeId, ObjectId, SnapshotId, StateId,
    codec::Canonical,
    hash::content_id,
    tree::{Expectation, Finding, Grade, TreeProof, Verdict},
};
use markerbed_host::{
    drive::blocking::wait,
    workspace::{ErrorClass, Found, HexPrefix, Reference, Workspace, WorkspaceError},
};

use crate::support::{commit, commit_draft, draft_of, label, put_tree, recorded, stamp, workspace};

/// A workspace with three snapshots of two sources, refs and every kind of entry.
struct World {
    workspace: Workspace,
    /// The oldest first.
    snapshots: [SnapshotId; 3],
    roots: [NodeId; 3],
    state: StateId,
}

/// Entries: 0 created, 1 and 2 notes, 3 code, 4 ref kept set, 5 ref gone set, 6 ref gone removed,
/// 7 state.
fn world() -> World {
    let workspace = workspace();
    let one = commit(&workspace, "notes", &[("a", "1"), ("d/e/f", "deep"), ("link", "-> a")]);
    let two = commit(&workspace, "notes", &[("a", "2"), ("d/e/f", "deep"), ("odd:name", "x")]);
    let three = commit(&workspace, "code", &[("main.rs", "fn main() {}")]);
    let set = |name, to| wait(workspace.move_ref(&label(name), None, to, &stamp())).unwrap();
    set("kept", one.id);
    set("gone", one.id);
    wait(workspace.remove_ref(&label("gone"), one.id, &stamp())).unwrap();
    let (state, _) = wait(workspace.record_state(&stamp())).unwrap();
    World {
        workspace,
        snapshots: [one.id, two.id, three.id],
        roots: [one.snapshot.root, two.snapshot.root, three.snapshot.root],
        state,
    }
}

fn parse(text: &str) -> Reference {
    Reference::parse(text.as_bytes()).unwrap()
}

fn snapshot_of(world: &World, text: &str) -> Result<SnapshotId, WorkspaceError> {
    wait(world.workspace.resolve_snapshot(&Reference::parse(text.as_bytes())?)).map(|one| one.id)
}

fn node_of(world: &World, text: &str) -> Result<NodeId, WorkspaceError> {
    wait(world.workspace.resolve_node(&Reference::parse(text.as_bytes())?)).map(|place| place.id)
}

#[test]
fn references_to_snapshots_mean_what_the_page_says() {
    let world = world();
    let [one, two, three] = world.snapshots;
    let (full, short) = (two.to_string(), two.to_string()[..8].to_owned());
    let odd = two.to_string()[..11].to_owned();
    let cases = [
        ("@", Ok(three)),
        ("@-", Ok(two)),
        ("@--", Ok(one)),
        ("@-0", Ok(three)),
        ("@-1", Ok(two)),
        ("@-2", Ok(one)),
        ("@---", Err("nothing-named")),
        ("@-3", Err("nothing-named")),
        ("@-18446744073709551615", Err("nothing-named")),
        ("@-18446744073709551616", Err("bad-reference")),
        ("@1", Err("bad-reference")),
        ("@-01", Err("bad-reference")),
        ("@--1", Err("bad-reference")),
        ("@home", Err("bad-reference")),
        ("@ ", Err("bad-reference")),
        ("#0", Err("not-a-snapshot")),
        ("#1", Ok(one)),
        ("#2", Ok(two)),
        ("#3", Ok(three)),
        ("#4", Ok(one)),
        ("#5", Ok(one)),
        ("#6", Err("not-a-snapshot")),
        ("#7", Err("not-a-snapshot")),
        ("#8", Err("nothing-named")),
        ("#18446744073709551615", Err("nothing-named")),
        ("#", Err("bad-reference")),
        ("#01", Err("bad-reference")),
        ("#-1", Err("bad-reference")),
        ("#+1", Err("bad-reference")),
        ("#x", Err("bad-reference")),
        ("notes", Ok(two)),
        ("code", Ok(three)),
        ("kept", Ok(one)),
        ("gone", Err("no-ref")),
        ("Notes", Err("no-ref")),
        ("note", Err("no-ref")),
        (&full, Ok(two)),
        (&short, Ok(two)),
        (&odd, Ok(two)),
        (&full[..7], Err("no-ref")),
        ("00000000", Err("nothing-named")),
        (&full.to_uppercase(), Err("no-ref")),
        (&format!("{full}0"), Err("bad-reference")),
        ("", Err("bad-reference")),
        (":", Err("bad-reference")),
        (":a", Err("bad-reference")),
        ("@:", Err("bad-reference")),
        ("@:a", Err("bad-reference")),
        ("a\u{7}b", Err("bad-reference")),
        (&"x".repeat(255), Err("no-ref")),
        (&"x".repeat(256), Err("bad-reference")),
    ];

    for (text, expected) in &cases {
        let found = snapshot_of(&world, text).map_err(|error| error.code());
        assert_eq!(found, *expected, "{text:?}");
    }
    assert!(cases.len() >= 40);
}

#[test]
fn references_to_nodes_mean_what_the_page_says() {
    let world = world();
    let [one, two, three] = world.roots;
    let text = |content: &str| crate::support::leaf(content.as_bytes()).0.id();
    let (snapshot, root) = (world.snapshots[0].to_string(), one.to_string());
    let inner = node_of(&world, "@--:d/e").unwrap();
    let cases = [
        ("@", Ok(three)),
        ("@:", Ok(three)),
        ("@-:a", Ok(text("2"))),
        ("@--:a", Ok(text("1"))),
        ("@--:d/e/f", Ok(text("deep"))),
        ("@--:d/e", Ok(inner)),
        ("@--:d/e/", Ok(inner)),
        ("@--:d/e//", Err("bad-reference")),
        ("@--:/d", Err("bad-reference")),
        ("@--:d//e", Err("bad-reference")),
        ("@--:./a", Err("bad-reference")),
        ("@--:d/../a", Err("bad-reference")),
        ("@--:d/x/f", Err("no-path")),
        ("@--:x", Err("no-path")),
        ("@--:a/b", Err("not-a-directory")),
        ("@--:link", Ok(text("-> a"))),
        ("@--:link/x", Err("not-a-directory")),
        ("notes:odd:name", Ok(text("x"))),
        ("notes:odd", Err("no-path")),
        ("kept:a", Ok(text("1"))),
        ("#2:a", Ok(text("2"))),
        ("#0:a", Err("not-a-snapshot")),
        ("nothing:a", Err("no-ref")),
        (&snapshot, Ok(one)),
        (&format!("{}:a", &snapshot[..8]), Ok(text("1"))),
        (&root, Ok(one)),
        (&root[..8], Ok(one)),
        (&format!("{}:d/e/f", &root[..9]), Ok(text("deep"))),
        (&format!("{inner}"), Ok(inner)),
        (&format!("{inner}:f"), Ok(text("deep"))),
        (&inner.to_string()[..63], Err("nothing-named")),
        (&text("1").to_string(), Ok(text("1"))),
        (&content_id(b"1").to_string(), Err("nothing-named")),
        (&"0".repeat(64), Err("nothing-named")),
        (&two.to_string(), Ok(two)),
    ];

    for (text, expected) in &cases {
        let found = node_of(&world, text).map_err(|error| error.code());
        assert_eq!(found, *expected, "{text:?}");
    }
}

#[test]
fn what_a_user_got_wrong_is_wrong_usage_and_names_the_thing() {
    let world = world();

    for (text, sentence) in [
        ("@--:d/x/f", "@-- has no d/x"),
        ("@--:a/b", "a in @-- is no directory: nothing is below it"),
        ("nothing", "there is no ref nothing; `markerbed ref ls` lists them"),
        (
            "00000000",
            "00000000 names nothing here: no snapshot and no root of one has such an id; \
                      a node inside a tree is found by all 64 digits",
        ),
        ("#0", "#0 is the beginning of the workspace, no snapshot"),
        (
            "@\u{1b}",
            "@\\x1b is no reference: after @ stand only hyphens, or a hyphen and a number: \
                     @, @-, @--, @-3",
        ),
    ] {
        let error = node_of(&world, text).unwrap_err();
        assert_eq!(error.class(), ErrorClass::Usage, "{text:?}");
        assert_eq!(error.to_string(), sentence);
    }
}

#[test]
fn a_prefix_of_several_ids_names_the_candidates() {
    let workspace = workspace();
    let root = put_tree(&workspace, &[("a", "1")]);
    // Rows as a commit writes them, of ids that begin alike.
    let ids = [0x10_u8, 0x1f, 0x20].map(|byte| {
        let mut id = [0xab; 32];
        id[4] = byte;
        id
    });
    let rows = ids.map(|id| markerbed_host::store::RowChange {
        key: [b"ledger/snapshot/".as_slice(), &id].concat().into(),
        value: Some(vec![0, 1].into()),
    });
    let expected = wait(workspace.store().number(workspace.id())).unwrap();
    let batch = markerbed_host::store::Batch { expected, entries: Vec::new(), rows: rows.to_vec() };
    wait(workspace.store().commit(workspace.id(), batch)).unwrap();
    let _ = recorded(commit_draft(&workspace, &draft_of(root, "notes")).unwrap());

    let eight = wait(workspace.resolve_snapshot(&parse("abababab"))).unwrap_err();
    let nine = wait(workspace.resolve_node(&parse("abababab1:a"))).unwrap_err();

    let WorkspaceError::Ambiguous { candidates, total, .. } = &eight else { panic!("{eight}") };
    let named: Vec<String> =
        ids.map(|id| ObjectId::from(SnapshotId::from_bytes(id)).to_string()).to_vec();
    assert_eq!((candidates, *total), (&named, 3));
    assert_eq!((eight.code(), eight.class()), ("ambiguous-reference", ErrorClass::Usage));
    let WorkspaceError::Ambiguous { total, .. } = nine else { panic!("{nine}") };
    assert_eq!(total, 2);
    let ten = wait(workspace.resolve_snapshot(&parse("abababab10"))).unwrap_err();
    assert!(matches!(ten, WorkspaceError::Engine(markerbed_core::Error::MissingObject { .. })));
}

#[test]
fn a_prefix_fits_by_digits_not_by_bytes() {
    let mut id = [0; 32];
    id[..5].copy_from_slice(&[0xde, 0xad, 0xbe, 0xef, 0x5a]);
    let fits = |text: &str| HexPrefix::parse(text.as_bytes()).unwrap().fits(&id);

    assert!(fits("deadbeef") && fits("deadbeef5") && fits("deadbeef5a"));
    assert!(!fits("deadbeee") && !fits("deadbeef6") && !fits("deadbeef5b"));
    assert_eq!(HexPrefix::parse(b"deadbee"), None);
    assert_eq!(HexPrefix::parse(b"DEADBEEF"), None);
}

#[test]
fn all_digits_of_an_id_find_anything_that_is_stored() {
    let world = world();
    let find = |text: &str| wait(world.workspace.find(&parse(text)));
    let directory = wait(world.workspace.resolve_node(&parse("@--:d"))).unwrap();
    let map = directory.node.as_directory().unwrap().children();

    assert!(matches!(find("@").unwrap(), Found::Snapshot(one) if one.id == world.snapshots[2]));
    let snapshot = world.snapshots[0].to_string();
    assert!(matches!(find(&snapshot).unwrap(), Found::Snapshot(one) if one.number == 1));
    assert!(matches!(find(&snapshot[..8]).unwrap(), Found::Snapshot(one) if one.number == 1));
    assert!(matches!(find("@--:d").unwrap(), Found::Node(place) if place.id == directory.id));
    assert!(matches!(find("@:").unwrap(), Found::Node(place) if place.id == world.roots[2]));
    let node = find(&directory.id.to_string()).unwrap();
    assert!(matches!(node, Found::Node(place) if place.node == directory.node));
    let page = find(&map.to_string()).unwrap();
    assert!(matches!(page, Found::Object(object) if object.id() == map.into()));
    let state = find(&world.state.to_string()).unwrap();
    assert!(matches!(state, Found::Object(object) if object.id() == world.state.into()));
    let content = content_id(b"deep");
    let found = find(&content.to_string()).unwrap();
    assert!(matches!(found, Found::Content { id, bytes: 4 } if id == content));
    assert_eq!(find(&"0".repeat(64)).unwrap_err().code(), "nothing-named");
}

#[test]
fn a_reference_is_shown_without_what_acts_on_a_terminal() {
    let reference = Reference::parse(b"notes:a\x1b\xff").unwrap();

    assert_eq!(reference.to_string(), "notes:a\\x1b\\xff");
    assert_eq!(reference.shown_base(), "notes");
}

#[test]
fn a_proof_of_a_reference_to_a_snapshot_is_verified_by_the_snapshot() {
    let world = world();
    let [snapshot, ..] = world.snapshots;
    let prove = |text: &str, grade| wait(world.workspace.prove(&parse(text), grade));
    let verify = |bytes: &[u8]| match TreeProof::verify(bytes, Expectation::Snapshot(snapshot)) {
        Verdict::Verified(claim) => claim.found,
        other => panic!("{other:?}"),
    };
    let leaf = crate::support::leaf(b"deep").0;

    let full = prove("kept:d/e/f", Grade::Full).unwrap();
    let blind = prove("kept:d/e/f", Grade::Blind).unwrap();
    let absent = prove("kept:d/x", Grade::Full).unwrap();

    assert_eq!(verify(&full), Finding::Present { id: leaf.id(), node: leaf.clone() });
    assert_eq!(verify(&blind), Finding::Contained { id: leaf.id(), node: leaf });
    assert_eq!(verify(&absent), Finding::Absent);
    assert_eq!(prove("kept:d/x", Grade::Blind).unwrap_err().code(), "no-path");
}

#[test]
fn a_proof_of_a_reference_to_a_node_is_of_its_root_alone() {
    let world = world();
    let [root, ..] = world.roots;

    let proof = wait(world.workspace.prove(&parse(&format!("{root}:a")), Grade::Full)).unwrap();

    assert!(matches!(
        TreeProof::verify(&proof, Expectation::Root(root)),
        Verdict::Verified(claim) if claim.snapshot.is_none()
    ));
    assert_eq!(TreeProof::decode(&proof).unwrap().grade(), Grade::Full);
}

#[test]
fn a_tree_in_memory_is_compared_with_one_in_the_store() {
    use markerbed_core::tree::{Expansion, TreeChange};
    use markerbed_host::store::Store;

    let workspace = workspace();
    let before = commit(&workspace, "notes", &[("a", "1"), ("b", "2")]);
    // The other tree is in another store: here it is only in memory.
    let elsewhere = crate::support::workspace();
    let after = put_tree(&elsewhere, &[("a", "changed"), ("c", "3")]);
    let mut overlay = markerbed_host::workspace::Overlay::new();
    let mut wanted: Vec<ObjectId> = vec![after.into()];
    while let Some(id) = wanted.pop() {
        let store: &dyn Store = &**elsewhere.store();
        let Some(bytes) = wait(store.fetch_objects(elsewhere.id(), &[id])).unwrap().remove(0)
        else {
            continue;
        };
        let object = markerbed_core::Object::check(id, &bytes).unwrap();
        if let Some(directory) = object.as_node().and_then(|node| node.as_directory()) {
            wanted.push(directory.children().into());
        }
        for item in object.as_page().map(|page| page.items()).unwrap_or_default() {
            let child = markerbed_core::tree::Child::from_value(&item.entry.value).unwrap();
            wanted.push(child.id.into());
        }
        overlay.insert(id, bytes);
    }

    let overlay = std::sync::Arc::new(overlay);
    let difference =
        wait(workspace.difference(before.snapshot.root, after, Expansion::Whole, 100, overlay));

    let changes = difference.unwrap().changes;
    let shown: Vec<String> = changes
        .iter()
        .map(|change| match change {
            TreeChange::Added { path, .. } => format!("+{path}"),
            TreeChange::Removed { path, .. } => format!("-{path}"),
            other => format!("~{}", other.path()),
        })
        .collect();
    assert_eq!(shown, ["~a", "-b", "+c"]);
}
