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
use markerbed_web::{Workspace, content_ids, remove_store, verify_path};
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
async fn what_is_thrown_has_a_code() {
    let id = WorkspaceId::from_bytes([7; 32]).to_string();

    let absent = Workspace::open("none".into(), id.into()).await.err().unwrap();
    let no_id = Workspace::open("none".into(), "x".into()).await.err().unwrap();

    assert_eq!(text(&absent, "code"), "no-store");
    assert_ne!(text(&no_id, "code"), "no-store");
    let ids = content_ids(&Array::of1(&array(b"a"))).unwrap();
    assert_eq!(ids, [content_id(b"a").to_string()]);
}

async fn create(name: &str) -> Workspace {
    remove_store(name.into()).await.unwrap();
    let id = WorkspaceId::from_bytes([7; 32]).to_string();
    let made = Workspace::create(name.into(), id.into()).await.unwrap();
    Workspace::try_from_js_value(made).unwrap()
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
