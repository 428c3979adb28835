//! How much a component may have: what is over a limit is a typed failure.

use std::time::Duration;

use bytes::Bytes;
use markerbed_core::{NodeId, ObjectId, ObjectKind, map::Entry, tree::Path};
use markerbed_engine::{Engine, TreeStep};
use markerbed_host::component::Limits;

use crate::{
    place::{KIND, OURS, Place, built, runtime},
    planted::Module,
};

#[tokio::test]
async fn a_call_that_computes_too_long_is_stopped() {
    let place =
        Place::new(Limits { compute: Duration::from_millis(30), ..Limits::default() }).await;
    let before = place.stored();
    let entry = |n: u32| Entry { key: n.to_be_bytes().to_vec(), value: vec![7; 32] };
    let many: Vec<Entry> = (0..600_000).map(entry).collect();

    let error = place.engine.build_map(KIND, many).await.unwrap_err();

    let said = "the component wanted more time than it may have, which is 30ms without asking for \
                anything; `Limits::compute` sets how much";
    assert_eq!((error.code(), error.to_string().as_str()), ("component-over-limit", said));
    assert_eq!(place.stored(), before);
    place.works().await;
}

#[tokio::test]
async fn a_call_that_asks_too_often_is_stopped() {
    let place = Place::new(Limits { questions: 1, ..Limits::default() }).await;
    let before = place.stored();

    // The page at the root, then those below it.
    let error = place.look_up().await.unwrap_err();

    let said = "the component wanted more answers of the store than it may have, which is 1 in \
                one call; `Limits::questions` sets how much";
    assert_eq!((error.code(), error.to_string().as_str()), ("component-over-limit", said));
    assert_eq!(place.stored(), before);
}

#[tokio::test]
async fn what_one_call_of_an_instance_asked_is_not_counted_in_the_next() {
    let place = Place::new(Limits { questions: 2, ..Limits::default() }).await;
    let mut writer = place.engine.write_tree(OURS).await.unwrap();

    for number in 0..4 {
        let bytes = Bytes::from(vec![number; 5 << 20]);
        let file = TreeStep::File { name: vec![b'a' + number], executable: false, bytes };
        writer.take(vec![file]).await.unwrap();
    }

    writer.finish().await.unwrap();
}

#[tokio::test]
async fn a_component_that_asks_for_ever_is_stopped() {
    let component = Module::of(built("engine"));
    let fetch_objects = component.import("records", "fetch-objects");
    let asks = component.with("trees", "resolve", &asks_for_ever(fetch_objects)).into_bytes();
    let runtime = runtime(Limits { questions: 10_000, ..Limits::default() });
    let place = Place::of(runtime.load("engine", &asks).unwrap()).await;
    let before = place.stored();

    let root = NodeId::from_bytes([1; 32]);
    let error = place.engine.resolve(OURS, root, Path::default()).await.unwrap_err();

    assert_eq!(error.code(), "component-over-limit");
    assert!(error.to_string().contains("`Limits::questions`"), "{error}");
    assert_eq!(place.stored(), before);
    place.works().await;
}

/// Asks for no object, again and again.
fn asks_for_ever(fetch_objects: u32) -> Vec<u8> {
    let mut code = vec![0x03, 0x40];
    code.extend([0x42, 0x00].repeat(4)); // the workspace
    code.extend([0x41, 0x00].repeat(2)); // no ids
    code.extend([0x41, 0x80, 0x08]); // where to answer
    code.extend([0x10, u8::try_from(fetch_objects).unwrap()]);
    code.extend([0x0c, 0x00, 0x0b, 0x00]);
    code
}

#[tokio::test]
async fn many_short_calls_of_one_instance_are_not_one_long_call() {
    let place =
        Place::new(Limits { compute: Duration::from_millis(30), ..Limits::default() }).await;
    let mut hasher = place.engine.content_hasher().await.unwrap();

    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        hasher.update(&[1; 1_000]).await.unwrap();
    }

    let wanted = markerbed_core::hash::content_id(&[1; 20_000]);
    assert_eq!(hasher.finish().await.unwrap(), wanted);
}

#[tokio::test]
async fn an_input_larger_than_the_memory_of_an_instance_is_refused() {
    let place = Place::new(Limits { memory_bytes: 8 << 20, ..Limits::default() }).await;
    let before = place.stored();
    let id = ObjectId { kind: ObjectKind::Page, bytes: [0; 32] };

    let error = place.engine.check_object(id, &vec![0; 16 << 20]).await.unwrap_err();

    let said = "the component wanted more memory than it may have, which is 8388608 bytes; \
                `Limits::memory_bytes` sets how much";
    assert_eq!((error.code(), error.to_string().as_str()), ("component-over-limit", said));
    assert_eq!(place.stored(), before);
    place.works().await;
}

#[tokio::test]
async fn more_instances_than_there_may_be_are_refused_until_one_ends() {
    let place = Place::new(Limits { instances: 2, ..Limits::default() }).await;
    let first = place.engine.replay().await.unwrap();
    let second = place.engine.write_tree(OURS).await.unwrap();

    let error = place.look_up().await.unwrap_err();

    let said = "the component wanted more instances than it may have, which is 2 at the same \
                time; `Limits::instances` sets how much";
    assert_eq!((error.code(), error.to_string().as_str()), ("component-over-limit", said));
    drop(second);
    place.works().await;
    drop(first);
    place.works().await;
}

#[tokio::test]
async fn more_data_than_one_call_may_bring_is_refused() {
    let place = Place::new(Limits { host_call_bytes: 64 << 10, ..Limits::default() }).await;
    let before = place.stored();

    let answer = place.engine.range(OURS, (place.map, KIND), Vec::new(), u64::MAX).await;
    let mut writer = place.engine.write_tree(OURS).await.unwrap();
    let bytes = Bytes::from(vec![1; 1 << 20]);
    let file = TreeStep::File { name: b"a".to_vec(), executable: false, bytes };
    let taken = writer.take(vec![file]).await;
    let question = match taken {
        Ok(()) => writer.finish().await.map(drop),
        Err(error) => Err(error),
    };

    let said = "the component wanted more data in one call than it may have; \
                `Limits::host_call_bytes` sets how much";
    for error in [answer.unwrap_err(), question.unwrap_err()] {
        assert_eq!((error.code(), error.to_string().as_str()), ("component-over-limit", said));
    }
    assert_eq!(place.stored(), before);
    place.works().await;
}
