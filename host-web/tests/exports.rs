//! What JavaScript calls, called as it would.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "this is how a test fails")]

use js_sys::{Array, Object, Reflect, Uint8Array};
use markerbed_core::{
    Id16, StateId, WorkspaceId,
    codec::Canonical,
    hash::content_id,
    ledger::{LedgerEntry, Operation},
};
use markerbed_web::{OpenStore, Workspace, content_ids, remove_store, verify_path};
use wasm_bindgen::{JsCast, JsValue, convert::TryFromJsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn a_tree_is_written_listed_read_compared_and_proven() {
    let workspace = create("tree").await;

    let before = workspace.write_tree(files(&[("a/b.txt", "one"), ("c", "two")])).await.unwrap();
    let after = workspace.write_tree(files(&[("a/b.txt", "one"), ("c", "2")])).await.unwrap();

    let read = workspace.read_file(js(&before), array(b"a/b.txt")).await.unwrap();
    assert_eq!(read.unwrap().to_vec(), b"one");
    assert!(workspace.read_file(js(&before), array(b"a/none")).await.unwrap().is_none());
    let listed =
        workspace.list(js(&before), array(b""), array(b""), 9.into()).await.unwrap().unwrap();
    let names: Vec<_> = listed.iter().map(|child| bytes(&child, "name")).collect();
    assert_eq!(names, [b"a".to_vec(), b"c".to_vec()]);
    let compared = workspace.compare(js(&before), js(&after), 9.into()).await.unwrap();
    let changes = Array::from(&property(&compared, "changes"));
    assert_eq!((changes.length(), text(&changes.get(0), "change")), (1, "changed".to_owned()));
    let proof =
        workspace.prove(js(&before), array(b"c"), false.into()).await.unwrap().unwrap().to_vec();
    let verdict = verify_path(&array(&proof), &js(&before)).unwrap();
    assert_eq!(text(&verdict, "verdict"), "verified");
    assert_eq!(text(&verdict, "content"), content_id(b"two").to_string());
    assert_eq!(text(&verify_path(&array(&proof), &js(&after)).unwrap(), "verdict"), "differs");
    assert_eq!(
        text(&verify_path(&array(&proof[1..]), &JsValue::UNDEFINED).unwrap(), "verdict"),
        "broken"
    );
}

#[wasm_bindgen_test]
async fn files_in_any_order_give_one_root() {
    let workspace = create("order").await;
    let some = [("a", "1"), ("a.b", "2"), ("b/c/d", "3"), ("b/c.d", "4"), ("b/c/e", "5")];

    let root = workspace.write_tree(files(&some)).await.unwrap();
    let mut turned = some;
    turned.reverse();

    assert_eq!(workspace.write_tree(files(&turned)).await.unwrap(), root);
}

#[wasm_bindgen_test]
async fn entries_are_committed_once_and_read_again() {
    let workspace = create("ledger").await;
    let entry = LedgerEntry {
        number: 0,
        time_ms: 0,
        agent: Id16::from_bytes([1; 16]),
        request: Id16::from_bytes([2; 16]),
        operation: Operation::State(StateId::from_bytes([3; 32])),
    };
    let given = || Array::of1(&array(&entry.encode())).into();

    let committed = workspace.commit(JsValue::UNDEFINED, given()).await.unwrap();
    let again = workspace.commit(JsValue::UNDEFINED, given()).await.unwrap();

    assert_eq!(text(&committed, "outcome"), "committed");
    assert_eq!(text(&again, "outcome"), "already");
    assert_eq!(workspace.number().await.unwrap(), Some(0));
    assert_eq!(workspace.entries(0.into(), 9.into()).await.unwrap()[0].to_vec(), entry.encode());
    let refused = workspace.commit(0.into(), Array::of1(&array(&[0; 3])).into()).await;
    assert!(!text(&refused.unwrap_err(), "code").is_empty());
}

#[wasm_bindgen_test]
async fn snapshots_are_recorded_and_found_after_the_store_was_opened_again() {
    let store = make("history").await;
    let begun = store.begin(array(&[1; 32]), array(&[2; 32]), js("garden"), stamp(1)).await;
    let workspace = Workspace::try_from_js_value(begun.unwrap()).unwrap();
    let one = workspace.write_tree(files(&[("a", "one")])).await.unwrap();
    let two = workspace.write_tree(files(&[("a", "two")])).await.unwrap();
    let gap = Object::new();
    for (name, value) in [("path", array(b"b")), ("reason", js("unreadable"))] {
        Reflect::set(&gap, &name.into(), &value).unwrap();
    }
    Reflect::set(&gap, &"attempts".into(), &1.into()).unwrap();

    let first = workspace.commit_snapshot(draft(&one, Array::new()), stamp(2)).await.unwrap();
    let same = workspace.commit_snapshot(draft(&one, Array::new()), stamp(3)).await.unwrap();
    let second = workspace.commit_snapshot(draft(&two, Array::of1(&gap)), stamp(4)).await.unwrap();
    let taken = workspace.commit_snapshot(draft(&two, Array::new()), stamp(2)).await;

    assert_eq!(property(&first, "isNew"), true);
    assert_eq!(property(&same, "isNew"), false);
    let id = |answer: &Object| text(&property(answer, "snapshot"), "id");
    assert_eq!(id(&same), id(&first));
    assert_eq!(text(&taken.unwrap_err(), "code"), "request-taken");
    drop((workspace, store));
    let store = reopen("history").await;
    let opened = store.open_workspace(JsValue::UNDEFINED).await.unwrap();
    let workspace = Workspace::try_from_js_value(opened).unwrap();
    let newest = workspace.find_snapshot(js("@")).await.unwrap();
    assert_eq!(text(&newest, "id"), id(&second));
    assert_eq!(property(&newest, "isComplete"), false);
    let parents = Array::from(&property(&newest, "parents"));
    assert_eq!(parents.get(0).as_string(), Some(id(&first)));
    let evidence = workspace.evidence(js("@")).await.unwrap();
    let gaps = Array::from(&property(&evidence, "gaps"));
    assert_eq!(bytes(&gaps.get(0), "path"), b"b");
    let log = workspace.log(JsValue::UNDEFINED, 9.into()).await.unwrap();
    let operations: Vec<_> = log.iter().map(|entry| text(&entry, "operation")).collect();
    assert_eq!(operations, ["snapshot", "snapshot", "workspace"]);
    let compared = workspace.compare(js("@-"), js("garden"), 9.into()).await.unwrap();
    assert_eq!(Array::from(&property(&compared, "changes")).length(), 1);
    let moved = workspace.move_ref(js("kept"), JsValue::UNDEFINED, js(&id(&first)), stamp(5)).await;
    assert_eq!(moved.unwrap(), Some(3));
    assert_eq!(workspace.refs().await.unwrap().length(), 2);
    let gone = workspace.move_ref(js("kept"), js(&id(&second)), JsValue::UNDEFINED, stamp(6)).await;
    assert_eq!(text(&gone.unwrap_err(), "code"), "ref-moved");
    let proof = workspace.prove_of(js("garden"), array(b"a"), false.into()).await.unwrap();
    let verdict = verify_path(&array(&proof.unwrap().to_vec()), &js(&two)).unwrap();
    assert_eq!(text(&verdict, "verdict"), "verified");
    assert_eq!(text(&workspace.find_snapshot(js("none")).await.unwrap_err(), "code"), "no-ref");
}

#[wasm_bindgen_test]
async fn what_is_thrown_has_a_code() {
    let absent = OpenStore::open("none".into()).await.err().unwrap();
    let no_id = make("codes").await.at(&"x".into()).err().unwrap();

    assert_eq!(text(&absent, "code"), "no-store");
    assert_eq!(text(&no_id, "code"), "bad-id");
    let ids = content_ids(&Array::of1(&array(b"a"))).unwrap();
    assert_eq!(ids, [content_id(b"a").to_string()]);
}

async fn create(name: &str) -> Workspace {
    let id = WorkspaceId::from_bytes([7; 32]).to_string();
    Workspace::try_from_js_value(make(name).await.at(&id.into()).unwrap()).unwrap()
}

async fn make(name: &str) -> OpenStore {
    remove_store(name.into()).await.unwrap();
    let made = OpenStore::create(name.into()).await.unwrap();
    OpenStore::try_from_js_value(made).unwrap()
}

async fn reopen(name: &str) -> OpenStore {
    OpenStore::try_from_js_value(OpenStore::open(name.into()).await.unwrap()).unwrap()
}

/// A stamp with the request `request`.
fn stamp(request: u8) -> JsValue {
    let stamp = Object::new();
    for (name, value) in [("agent", array(&[9; 16])), ("request", array(&[request; 16]))] {
        Reflect::set(&stamp, &name.into(), &value).unwrap();
    }
    Reflect::set(&stamp, &"timeMs".into(), &1_700_000_000_000_f64.into()).unwrap();
    stamp.into()
}

/// What shall become a snapshot of `root`.
fn draft(root: &str, gaps: Array) -> JsValue {
    let draft = Object::new();
    for (name, value) in [
        ("source", js("garden")),
        ("root", js(root)),
        ("run", array(&[3; 16])),
        ("gaps", gaps.into()),
    ] {
        Reflect::set(&draft, &name.into(), &value).unwrap();
    }
    draft.into()
}

fn files(files: &[(&str, &str)]) -> JsValue {
    let file = |(path, bytes): &(&str, &str)| {
        let file = Object::new();
        for (name, value) in [("path", path), ("bytes", bytes)] {
            let value = Uint8Array::from(value.as_bytes());
            Reflect::set(&file, &name.into(), &value).unwrap();
        }
        file
    };
    files.iter().map(file).collect::<Array>().into()
}

fn js(text: &str) -> JsValue {
    text.into()
}

fn array(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

fn property(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

fn text(object: &JsValue, name: &str) -> String {
    property(object, name).as_string().unwrap_or_default()
}

fn bytes(object: &JsValue, name: &str) -> Vec<u8> {
    property(object, name).dyn_into::<Uint8Array>().unwrap().to_vec()
}
