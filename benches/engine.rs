//! How fast the engine's operations are: `cargo xtask bench`, with a part of a name to choose.
#![forbid(unsafe_code)]

use std::{collections::HashMap, hint::black_box};

use markerbed_benches::Benches;
use markerbed_core::{
    Error, MapId, NodeId, Object, ObjectId,
    codec::Canonical,
    hash::content_id,
    map::{
        BuiltMap, Change, Entry, MapKind, build, difference, look_up, prove_full, update,
        verify_full,
    },
    step::Step,
};

fn main() -> Result<(), String> {
    let worlds: Result<Vec<_>, Error> = SIZES.into_iter().map(World::of).collect();
    let worlds = worlds.map_err(|error| error.to_string())?;
    let mut benches = Benches::from_arguments();
    let mebibyte = vec![0xa5; 1 << 20];
    benches.add("hash a content of 1 MiB", 1, move || Ok::<_, Error>(content_id(&mebibyte)));
    for world in &worlds {
        add_reads(&mut benches, world);
        add_writes(&mut benches, world);
    }
    benches.run()
}

fn add_reads<'a>(benches: &mut Benches<'a>, world: &'a World) {
    let count = world.entries.len();
    let pages: Vec<(ObjectId, Vec<u8>)> = world.encoded.iter().take(CHECKED).cloned().collect();
    let checked = pages.len() as u32;
    benches.add(format!("check {checked} pages of a map of {count}"), checked, move || {
        pages.iter().try_for_each(|(id, bytes)| Object::check(*id, bytes).map(drop))
    });
    let keys = world.some_keys(LOOKED_UP);
    benches.add(format!("look up {LOOKED_UP} keys in {count}"), LOOKED_UP as u32, move || {
        let keys = keys.clone();
        let map = world.map;
        let step = Step::start(|io| async move { look_up(&io, map, KIND, &keys).await });
        world.drive(step)
    });
    for changed in [1, 100] {
        let name = format!("tell {changed} differences in {count}");
        let Ok(other) = world.changed(changed) else { continue };
        benches.add(name, changed as u32, move || {
            let (a, b) = (world.map, other.map);
            let step = Step::start(|io| async move { difference(&io, KIND, a, b).await });
            other.drive(step)
        });
    }
    let proof = world.proof().unwrap_or_default();
    benches.add(format!("prove one key in {count}"), 1, || world.proof());
    benches.add(format!("verify a full proof of one key in {count}"), 1, move || {
        let key = world.some_keys(1).pop().unwrap_or_default();
        let pages: Vec<&[u8]> = proof.iter().map(Vec::as_slice).collect();
        verify_full(world.map, KIND, &key, &key, &pages)
    });
}

fn add_writes<'a>(benches: &mut Benches<'a>, world: &'a World) {
    let count = world.entries.len();
    benches.add(format!("build a map of {count}"), count as u32, || {
        build(KIND, world.entries.clone())
    });
    for changed in [1, 10, count / 10] {
        let changes = world.changes(changed);
        benches.add(format!("update {changed} keys in {count}"), changed as u32, move || {
            let changes = changes.clone();
            let map = world.map;
            let step = Step::start(|io| async move { update(&io, map, KIND, changes).await });
            world.drive(step)
        });
    }
}

/// A map in memory, its pages checked.
struct World {
    entries: Vec<Entry>,
    map: MapId,
    pages: HashMap<ObjectId, Object>,
    encoded: Vec<(ObjectId, Vec<u8>)>,
}

impl World {
    fn of(count: usize) -> Result<Self, Error> {
        let entry = |index: usize| {
            let key = format!("file-{index:08}").into_bytes();
            let mut value = vec![1];
            value.extend_from_slice(content_id(&key).as_bytes());
            Entry { key, value }
        };
        Self::with((0..count).map(entry).collect(), HashMap::new())
    }

    fn with(entries: Vec<Entry>, pages: HashMap<ObjectId, Object>) -> Result<Self, Error> {
        let built = build(KIND, entries.clone())?;
        let mut world = Self { entries, map: built.root, pages, encoded: Vec::new() };
        world.keep(&built)?;
        Ok(world)
    }

    fn keep(&mut self, built: &BuiltMap) -> Result<(), Error> {
        for (id, page) in &built.pages {
            let (id, bytes) = (ObjectId::from(*id), page.encode());
            self.pages.insert(id, Object::check(id, &bytes)?);
            self.encoded.push((id, bytes));
        }
        Ok(())
    }

    /// This map with other values for some keys; holds the pages of both.
    fn changed(&self, count: usize) -> Result<Self, Error> {
        let mut entries = self.entries.clone();
        let step = entries.len() / count;
        for entry in entries.iter_mut().step_by(step.max(1)).take(count) {
            entry.value = other_value();
        }
        Self::with(entries, self.pages.clone())
    }

    fn changes(&self, count: usize) -> Vec<Change> {
        let change = |key| Change { key, value: Some(other_value()) };
        self.some_keys(count).into_iter().map(change).collect()
    }

    /// Keys spread evenly over the map.
    fn some_keys(&self, count: usize) -> Vec<Vec<u8>> {
        let step = (self.entries.len() / count).max(1);
        let entries = self.entries.iter().step_by(step).take(count);
        entries.map(|entry| entry.key.clone()).collect()
    }

    fn proof(&self) -> Result<Vec<Vec<u8>>, Error> {
        let key = self.some_keys(1).pop().unwrap_or_default();
        let map = self.map;
        let step = Step::start(|io| async move { prove_full(&io, map, KIND, &key, &key).await });
        self.drive(step)
    }

    /// Answers an operation from memory until it is done.
    fn drive<T: 'static>(&self, step: Result<Step<T>, Error>) -> Result<T, Error> {
        let mut step = step?;
        loop {
            match step {
                Step::Done(output) => return Ok(black_box(output)),
                Step::Need(need) => {
                    let answer = |id| self.pages.get(id).cloned();
                    let answers = need.requests().iter().map(answer).collect();
                    step = need.supply(answers)?;
                }
            }
        }
    }
}

fn other_value() -> Vec<u8> {
    let mut value = vec![1];
    value.extend_from_slice(NodeId::from_bytes([7; 32]).as_bytes());
    value
}

const KIND: MapKind = MapKind::Directory;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

const CHECKED: usize = 100;

const LOOKED_UP: usize = 100;
