//! Components that are none, are others, or do what they should not.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use markerbed_core::{
    ObjectId, ObjectKind,
    tree::{Expectation, Verdict},
};
use markerbed_engine::{CallError, Engine, RuntimeError, TreeStep};
use markerbed_host::{
    component::{ComponentEngine, Limits, Runtime, Verifier},
    store::MemoryStore,
};

use crate::{
    place::{OURS, Place, built, runtime},
    planted::{Module, ZEROS_FOR_EACH},
};

async fn load_engine(runtime: &Runtime, bytes: &[u8]) -> Result<ComponentEngine, CallError> {
    let component = runtime.load("engine", bytes)?;
    ComponentEngine::new(component, Arc::new(MemoryStore::default())).await
}

async fn load_verifier(runtime: &Runtime, bytes: &[u8]) -> Result<Verifier, CallError> {
    Verifier::new(runtime.load("verifier", bytes)?).await
}

/// Both worlds refuse it, and do right calls afterwards.
async fn refused_by_both(bytes: &[u8]) {
    let runtime = runtime(Limits::default());

    let engine = load_engine(&runtime, bytes).await.err().unwrap();
    let verifier = load_verifier(&runtime, bytes).await.err().unwrap();

    assert_eq!((engine.code(), verifier.code()), ("not-a-component", "not-a-component"));
    assert!(engine.to_string().starts_with("not a component of the world engine: "), "{engine}");
    let beginning = "not a component of the world verifier: ";
    assert!(verifier.to_string().starts_with(beginning), "{verifier}");
    both_work(&runtime).await;
}

async fn both_work(runtime: &Runtime) {
    verifies(&load_verifier(runtime, &built("verifier")).await.unwrap()).await;
    Place::of(runtime.load("engine", &built("engine")).unwrap()).await.works().await;
}

async fn verifies(verifier: &Verifier) {
    let verdict = verifier.verify_path(b"no proof", Expectation::Nothing).await.unwrap();
    assert!(matches!(verdict, Verdict::Broken(_)), "{verdict:?}");
}

#[tokio::test]
async fn bytes_that_are_no_component_are_refused() {
    refused_by_both(b"").await;
    refused_by_both(b"#!/bin/sh\n").await;
}

#[tokio::test]
async fn a_component_that_was_cut_off_is_refused() {
    let whole = built("verifier");
    let runtime = runtime(Limits::default());

    for part in 1..20 {
        let cut = &whole[..whole.len() * part / 20];
        let error = load_verifier(&runtime, cut).await.err().unwrap();
        assert_eq!(error.code(), "not-a-component", "{part} of 20");
    }

    verifies(&load_verifier(&runtime, &whole).await.unwrap()).await;
}

#[tokio::test]
async fn a_module_that_is_no_component_is_refused() {
    refused_by_both(b"\0asm\x01\0\0\0").await;
}

#[tokio::test]
async fn a_component_of_no_world_is_refused() {
    refused_by_both(b"\0asm\x0d\0\x01\0").await;
}

#[tokio::test]
async fn the_verifier_is_refused_as_an_engine() {
    let runtime = runtime(Limits::default());

    let error = load_engine(&runtime, &built("verifier")).await.err().unwrap();

    assert_eq!(error.code(), "not-a-component");
    both_work(&runtime).await;
}

#[tokio::test]
async fn the_engine_is_refused_as_a_verifier_since_it_asks_for_something() {
    let runtime = runtime(Limits::default());

    let error = load_verifier(&runtime, &built("engine")).await.err().unwrap();

    assert_eq!(error.code(), "not-a-component");
    assert!(error.to_string().contains("markerbed:engine/"), "it says what for: {error}");
    both_work(&runtime).await;
}

#[tokio::test]
async fn a_component_of_another_format_is_refused() {
    let runtime = runtime(Limits::default());

    for world in ["verifier", "engine"] {
        let other = with_number(built(world), TWO);
        let error = match world {
            "engine" => load_engine(&runtime, &other).await.err(),
            _ => load_verifier(&runtime, &other).await.err(),
        };

        let wanted = RuntimeError::OtherFormat { found: 2, known: 1 };
        let found = matches!(&error, Some(CallError::Runtime(found)) if *found == wanted);
        assert!(found, "{world}: {error:?}");
        assert_eq!(error.unwrap().code(), "component-format");
    }

    both_work(&runtime).await;
}

#[tokio::test]
async fn a_component_that_traps_is_stopped() {
    let runtime = runtime(Limits::default());

    let traps = with_number(built("verifier"), TRAP);
    let error = load_verifier(&runtime, &traps).await.err().unwrap();

    assert_eq!(error.code(), "component-trapped");
    assert!(error.to_string().contains("unreachable"), "{error}");
    both_work(&runtime).await;
}

#[tokio::test]
async fn a_component_that_never_ends_is_stopped() {
    let limits = Limits { compute: Duration::from_millis(50), ..Limits::default() };
    let runtime = runtime(limits);

    let loops = with_number(built("verifier"), LOOP);
    let error = load_verifier(&runtime, &loops).await.err().unwrap();

    assert_eq!(error.code(), "component-over-limit");
    let said = "the component wanted more time than it may have, which is 50ms without asking for \
                anything; `Limits::compute` sets how much";
    assert_eq!(error.to_string(), said);
    both_work(&runtime).await;
}

#[tokio::test]
async fn a_component_that_takes_all_memory_is_stopped() {
    let runtime = runtime(Limits { memory_bytes: 32 << 20, ..Limits::default() });

    let grows = with_number(built("verifier"), GROW);
    let error = load_verifier(&runtime, &grows).await.err().unwrap();

    assert_eq!(error.code(), "component-over-limit");
    let said = "the component wanted more memory than it may have, which is 33554432 bytes; \
                `Limits::memory_bytes` sets how much";
    assert_eq!(error.to_string(), said);
    both_work(&runtime).await;
}

#[tokio::test]
async fn a_component_that_takes_everything_for_right_is_found() {
    let module = Module::of(built("engine"));
    let takes = module.with_list("verify", "check-objects", ZEROS_FOR_EACH).into_bytes();
    let place = Place::of(runtime(Limits::default()).load("engine", &takes).unwrap()).await;
    let id = ObjectId { kind: ObjectKind::Page, bytes: [1; 32] };

    let no_page = (id, Bytes::from_static(b"no page"));
    let error = place.engine.check_objects(vec![no_page]).await.unwrap_err();

    let said = format!("the component is wrong: it takes something else for {id}: ");
    assert!(error.to_string().starts_with(&said), "{error}");
    assert_eq!(error.code(), "component-wrong");
}

#[tokio::test]
async fn what_a_component_puts_under_another_name_does_not_reach_the_store() {
    let otherwise = Module::of(built("engine")).hashing_otherwise().into_bytes();
    let place = Place::of(runtime(Limits::default()).load("engine", &otherwise).unwrap()).await;
    let before = place.stored();
    let mut writer = place.engine.write_tree(OURS).await.unwrap();
    let symlink = TreeStep::Symlink { name: b"a".to_vec(), target: b"b".to_vec() };
    writer.take(vec![symlink]).await.unwrap();

    let error = writer.finish().await.unwrap_err();

    assert_eq!(error.code(), "component-wrong", "{error}");
    assert_eq!(place.stored(), before);
}

#[test]
fn a_cache_that_cannot_be_written_is_told_of() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("file");
    std::fs::write(&file, "no folder").unwrap();

    let error = Runtime::new(Limits::default(), Some(&file)).err().unwrap();

    assert_eq!(error.code(), "component-no-runtime");
}

#[test]
fn the_page_shows_the_example_that_is_built() {
    let page = include_str!("../../../docs/reference/component.md");
    let example = include_str!("../../examples/component.rs");

    assert!(page.contains(&format!("```rust\n{example}```\n")));
}

/// Replaces what `format.number` does: the code goes where the number was.
fn with_number(mut component: Vec<u8>, code: &[u8]) -> Vec<u8> {
    let is_number = |window: &[u8]| {
        let byte_is = |(byte, wanted): (&u8, &Option<u8>)| wanted.is_none_or(|it| it == *byte);
        window.iter().zip(NUMBER).all(byte_is)
    };
    let mut places = component.windows(NUMBER.len()).enumerate();
    let mut places_found = places.by_ref().filter(|(_, window)| is_number(window));
    let (at, _) = places_found.next().expect("the body of `format.number`");
    assert!(places_found.next().is_none(), "the body of `format.number` is no other's");
    let body = &mut component[at..at + NUMBER.len()];
    let (filling, rest) = body.split_at_mut(NUMBER.len() - code.len());
    filling[1..].fill(NOP);
    rest.copy_from_slice(code);
    component
}

/// The body of `format.number` as it is built: it has no locals, lets the module begin once, and
/// answers 1. `None` is an address or a function's number.
const NUMBER: &[Option<u8>] = &[
    Some(0x00), // no locals
    Some(0x02),
    Some(0x40), // block
    Some(0x41),
    Some(0x00),
    Some(0x2d),
    Some(0x00),
    None,
    None,
    None,
    None,
    None, // has it begun?
    Some(0x0d),
    Some(0x00), // then out of the block
    Some(0x10),
    None,
    None,
    None,
    None,
    None, // begin
    Some(0x41),
    Some(0x00),
    Some(0x41),
    Some(0x01),
    Some(0x3a),
    Some(0x00),
    None,
    None,
    None,
    None,
    None, // it has begun
    Some(0x0b),
    Some(0x41),
    Some(0x01), // 1
    Some(0x0b),
];

const NOP: u8 = 0x01;

/// `i32.const 2`.
const TWO: &[u8] = &[0x41, 0x02, 0x0b];

/// `unreachable`.
const TRAP: &[u8] = &[0x00, 0x0b];

/// `loop br 0 end unreachable`.
const LOOP: &[u8] = &[0x03, 0x40, 0x0c, 0x00, 0x0b, 0x00, 0x0b];

/// `loop i32.const 16 memory.grow drop br 0 end unreachable`.
const GROW: &[u8] = &[0x03, 0x40, 0x41, 0x10, 0x40, 0x00, 0x1a, 0x0c, 0x00, 0x0b, 0x00, 0x0b];
