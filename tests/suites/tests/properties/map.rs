//! One set of entries, one root: however it came to be, and whatever differs is found.

use std::collections::BTreeMap;

use markerbed_core::{
    MapId,
    hash::{Context, derive_key},
    map::{Change, Entry, MapKind, build, difference, look_up, range, update},
};
use markerbed_suites::{Objects, Random, cases, print_count, seed};

const KIND: MapKind = MapKind::Directory;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// How the keys of a test are made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys {
    /// As a file system would have them.
    Plain,
    /// Chosen by someone who wants clause (i) never to hold, so that pages grow large.
    NeverCutByHash,
    /// Chosen so that clause (i) holds often, even above level 0: pages are small, levels many.
    OftenCutByHash,
}

const KEYS: [Keys; 3] = [Keys::Plain, Keys::NeverCutByHash, Keys::OftenCutByHash];

/// The `index`-th key of a kind; ascending by nothing in particular.
pub(crate) fn key(keys: Keys, index: u64) -> Vec<u8> {
    let mut attempt = 0_u64;
    loop {
        let key = format!("{index:x}-{attempt:x}").into_bytes();
        let [first, second, ..] = derive_key(Context::MapCut, &[&key]);
        let zeros = u16::from_be_bytes([first, second]).leading_zeros();
        let fits = match keys {
            Keys::Plain => true,
            Keys::NeverCutByHash => zeros < 5,
            Keys::OftenCutByHash => !index.is_multiple_of(3) || zeros >= 5 + (index % 7) as u32,
        };
        if fits {
            return key;
        }
        attempt += 1;
    }
}

pub(crate) fn value(random: &mut Random) -> Vec<u8> {
    let mut value = vec![1 + random.below(6) as u8];
    value.extend(random.bytes(32));
    value
}

pub(crate) fn entries(model: &Model) -> Vec<Entry> {
    let entry =
        |(key, value): (&Vec<u8>, &Vec<u8>)| Entry { key: key.clone(), value: value.clone() };
    model.iter().map(entry).collect()
}

pub(crate) fn random_model(random: &mut Random, keys: Keys, count: u64) -> Model {
    let pool = 1 + count * 2;
    (0..count).map(|_| (key(keys, random.below(pool)), value(random))).collect()
}

/// How many entries a case has: every size near an edge of the cut, and sometimes three levels.
fn random_count(random: &mut Random) -> u64 {
    match random.below(20) {
        0 => random.below(4),
        1..8 => 120 + random.below(20),
        8..12 => 250 + random.below(20),
        12..19 => random.below(1_500),
        _ => 6_000 + random.below(3_000),
    }
}

/// Changes to make: new values, new keys, deletions of present and absent keys, now and then of
/// a whole stretch or of nearly everything.
fn random_changes(
    random: &mut Random,
    keys: Keys,
    model: &Model,
) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
    let mut changes = BTreeMap::new();
    let present: Vec<&Vec<u8>> = model.keys().collect();
    for _ in 0..random.below(12) {
        let is_new = present.is_empty() || random.below(2) == 0;
        let key = if is_new {
            key(keys, random.below(1 + 3 * present.len() as u64))
        } else {
            present[random.below(present.len() as u64) as usize].clone()
        };
        let value = (random.below(3) > 0).then(|| value(random));
        changes.insert(key, value);
    }
    if random.below(4) == 0 {
        let from = random.below(1 + present.len() as u64) as usize;
        let length = match random.below(3) {
            0 => 300,
            _ => present.len(),
        };
        let stretch = present.iter().skip(from).take(length);
        changes.extend(stretch.map(|key| ((*key).clone(), None)));
    }
    changes
}

fn apply(model: &mut Model, changes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>) {
    for (key, value) in changes {
        match value {
            Some(value) => model.insert(key.clone(), value.clone()),
            None => model.remove(key),
        };
    }
}

fn as_changes(changes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Vec<Change> {
    let change = |(key, value): (&Vec<u8>, &Option<Vec<u8>>)| Change {
        key: key.clone(),
        value: value.clone(),
    };
    changes.iter().map(change).collect()
}

fn put(objects: &mut Objects, model: &Model) -> MapId {
    objects.put_map(build(KIND, entries(model)).unwrap())
}

#[test]
fn a_batch_update_equals_a_rebuild_and_a_difference_leads_from_one_to_the_other() {
    let name = "a_batch_update_equals_a_rebuild_and_a_difference_leads_from_one_to_the_other";
    let cases = cases(600);
    let mut levels = BTreeMap::<u8, u64>::new();
    for case in 0..cases {
        let random = &mut Random::new(seed() ^ u64::from(case) << 32, name);
        let keys = KEYS[case as usize % KEYS.len()];
        let count = random_count(random);
        let mut model = random_model(random, keys, count);
        let mut objects = Objects::default();
        let mut root = put(&mut objects, &model);
        for round in 0..3 {
            let changes = random_changes(random, keys, &model);
            let before = model.clone();
            apply(&mut model, &changes);
            let context = format!("seed {} case {case} round {round} {keys:?}", seed());

            let wanted = build(KIND, entries(&model)).unwrap();
            let list = as_changes(&changes);
            let updated =
                objects.drive(move |io| async move { update(&io, root, KIND, list).await });
            let updated = updated.output.expect(&context);
            assert_eq!(updated.root, wanted.root, "{context}");
            // What was written, with what was there, is the whole new map.
            let new_root = objects.put_map(updated);
            let all = objects
                .drive(move |io| async move { range(&io, new_root, KIND, b"", u64::MAX).await });
            assert_eq!(all.output.expect(&context), entries(&model), "{context}");
            *levels.entry(wanted.pages[0].1.level()).or_default() += 1;

            let found =
                objects.drive(move |io| async move { difference(&io, KIND, root, new_root).await });
            let mut patched = before.clone();
            let found = found.output.expect(&context);
            for found in &found {
                assert_eq!(patched.get(&found.key), found.before.as_ref(), "{context}");
                assert_ne!(found.before, found.after, "{context}");
            }
            apply(&mut patched, &found.into_iter().map(|found| (found.key, found.after)).collect());
            assert_eq!(patched, model, "{context}");
            root = new_root;
        }
    }
    println!("maps by level of their root: {levels:?}");
    assert!((0..=2).all(|level| levels.get(&level).is_some_and(|count| *count > 0)));
    print_count(name, u64::from(cases), u64::from(cases.min(600)));
}

#[test]
fn every_order_of_insertion_gives_one_root() {
    let name = "every_order_of_insertion_gives_one_root";
    let cases = cases(30);
    for case in 0..cases {
        let random = &mut Random::new(seed() ^ u64::from(case) << 32, name);
        let keys = KEYS[case as usize % KEYS.len()];
        let count = 100 + random.below(300);
        let model = random_model(random, keys, count);
        let wanted = build(KIND, entries(&model)).unwrap().root;
        let mut order: Vec<_> = model.iter().collect();
        for place in (1..order.len()).rev() {
            order.swap(place, random.below(place as u64 + 1) as usize);
        }
        let mut objects = Objects::default();
        let mut root = put(&mut objects, &Model::new());

        for (key, value) in order {
            let change = vec![Change { key: key.clone(), value: Some(value.clone()) }];
            let updated =
                objects.drive(move |io| async move { update(&io, root, KIND, change).await });
            root = objects.put_map(updated.output.unwrap());
        }

        assert_eq!(root, wanted, "seed {} case {case} {keys:?}", seed());
    }
    print_count(name, u64::from(cases), u64::from(cases.min(30)));
}

#[test]
fn look_ups_and_ranges_answer_as_a_sorted_list_would() {
    let name = "look_ups_and_ranges_answer_as_a_sorted_list_would";
    let cases = cases(200);
    for case in 0..cases {
        let random = &mut Random::new(seed() ^ u64::from(case) << 32, name);
        let keys = KEYS[case as usize % KEYS.len()];
        let count = random_count(random);
        let model = random_model(random, keys, count);
        let mut objects = Objects::default();
        let root = put(&mut objects, &model);
        let asked: Vec<Vec<u8>> = (0..40).map(|_| key(keys, random.below(1 + count * 3))).collect();
        let from = key(keys, random.below(1 + count * 2));
        let limit = random.below(400);

        let list = asked.clone();
        let values = objects.drive(move |io| async move { look_up(&io, root, KIND, &list).await });
        let start = from.clone();
        let found =
            objects.drive(move |io| async move { range(&io, root, KIND, &start, limit).await });

        let wanted: Vec<_> = asked.iter().map(|key| model.get(key).cloned()).collect();
        assert_eq!(values.output.unwrap(), wanted, "seed {} case {case}", seed());
        let wanted = model.range(from..).take(limit as usize);
        let wanted: Vec<_> =
            wanted.map(|(key, value)| Entry { key: key.clone(), value: value.clone() }).collect();
        assert_eq!(found.output.unwrap(), wanted, "seed {} case {case}", seed());
        assert!(values.rounds.len() <= 4, "one round a level");
    }
    print_count(name, u64::from(cases), u64::from(cases.min(200)));
}

#[test]
fn the_pages_read_grow_with_the_difference_and_not_with_the_map() {
    let random = &mut Random::new(seed(), "proportional");
    for keys in KEYS {
        let model = random_model(random, keys, 20_000);
        let mut objects = Objects::default();
        let root = put(&mut objects, &model);
        let mut changed = model.clone();
        let changed_key = model.keys().nth(9_000).unwrap().clone();
        changed.insert(changed_key.clone(), value(random));
        let other = put(&mut objects, &changed);

        let found =
            objects.drive(move |io| async move { difference(&io, KIND, root, other).await });

        assert_eq!(found.output.unwrap().len(), 1);
        let pages: usize = found.rounds.iter().map(Vec::len).sum();
        assert!(pages <= 8, "{keys:?}: {pages} pages read for one change");
        let change = vec![Change { key: changed_key, value: changed.values().next().cloned() }];
        let updated = objects.drive(move |io| async move { update(&io, root, KIND, change).await });
        assert!(updated.output.unwrap().pages.len() <= 6, "{keys:?}: an update rewrites its path");
    }
}
