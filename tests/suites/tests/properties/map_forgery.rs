//! Pages and proofs that someone changed: refused, or saying nothing false.

use std::collections::BTreeMap;

use markerbed_core::{
    Error, MapId,
    codec::Canonical,
    map::{Entry, MapKind, Page, build, prove_blind, prove_full, range, verify_blind, verify_full},
};
use markerbed_suites::{Objects, Random, cases, print_count, seed};

use crate::map::{Keys, entries, key, random_model, value};

const KIND: MapKind = MapKind::Directory;

/// A map and the objects it is made of.
struct Made {
    objects: Objects,
    root: MapId,
    model: BTreeMap<Vec<u8>, Vec<u8>>,
}

fn make(random: &mut Random, count: u64) -> Made {
    let model = random_model(random, Keys::Plain, count);
    let mut objects = Objects::default();
    let root = objects.put_map(build(KIND, entries(&model)).unwrap());
    Made { objects, root, model }
}

impl Made {
    fn full(&self, from: &[u8], to: &[u8]) -> Vec<Vec<u8>> {
        let (root, from, to) = (self.root, from.to_vec(), to.to_vec());
        let proof = self
            .objects
            .drive(move |io| async move { prove_full(&io, root, KIND, &from, &to).await });
        proof.output.unwrap()
    }

    fn blind(&self, key: &[u8]) -> Option<(Entry, Vec<Vec<u8>>)> {
        let (root, key) = (self.root, key.to_vec());
        let proof =
            self.objects.drive(move |io| async move { prove_blind(&io, root, KIND, &key).await });
        proof.output.unwrap().map(|proof| (proof.entry, proof.pages))
    }
}

fn slices(pages: &[Vec<u8>]) -> Vec<&[u8]> {
    pages.iter().map(Vec::as_slice).collect()
}

/// Every way in which one proof is damaged: each bit of some bytes, each page left out, repeated,
/// exchanged, cut short or lengthened.
fn mutants(random: &mut Random, pages: &[Vec<u8>]) -> Vec<Vec<Vec<u8>>> {
    let mut mutants = Vec::new();
    for at in 0..pages.len() {
        for _ in 0..60 {
            let mut mutant = pages.to_vec();
            let place = random.below(mutant[at].len() as u64) as usize;
            mutant[at][place] ^= 1 << random.below(8);
            mutants.push(mutant);
        }
        let mut without = pages.to_vec();
        without.remove(at);
        let mut twice = pages.to_vec();
        twice.insert(at, pages[at].clone());
        let mut short = pages.to_vec();
        short[at].pop();
        let mut long = pages.to_vec();
        long[at].push(0);
        mutants.extend([without, twice, short, long]);
        if at > 0 {
            let mut exchanged = pages.to_vec();
            exchanged.swap(at, at - 1);
            mutants.push(exchanged);
        }
    }
    mutants
}

#[test]
fn proofs_hold_and_every_damaged_one_is_refused() {
    let name = "proofs_hold_and_every_damaged_one_is_refused";
    let cases = cases(120);
    let mut refused = 0;
    for case in 0..cases {
        let random = &mut Random::new(seed() ^ u64::from(case) << 32, name);
        let count = [1, 40, 128, 129, 300, 2_000][case as usize % 6];
        let made = make(random, count);
        let asked = key(Keys::Plain, random.below(2 * count));
        let context = format!("seed {} case {case}", seed());

        let full = made.full(&asked, &asked);
        let found = verify_full(made.root, KIND, &asked, &asked, &slices(&full)).unwrap();
        let wanted: Vec<Entry> =
            entries(&made.model).into_iter().filter(|entry| entry.key == asked).collect();
        assert_eq!(found, wanted, "{context}");
        for mutant in mutants(random, &full) {
            let verdict = verify_full(made.root, KIND, &asked, &asked, &slices(&mutant));
            assert!(verdict.is_err(), "{context}: a damaged full proof was accepted");
            refused += 1;
        }

        let Some((entry, blind)) = made.blind(&asked) else {
            assert!(wanted.is_empty(), "{context}");
            continue;
        };
        assert_eq!(vec![entry.clone()], wanted, "{context}");
        assert_eq!(verify_blind(made.root, KIND, &asked, &slices(&blind)), Ok(entry), "{context}");
        assert!(!shows_a_neighbour(&made, &asked, &blind), "{context}: shows a neighbour's name");
        for mutant in mutants(random, &blind) {
            let verdict = verify_blind(made.root, KIND, &asked, &slices(&mutant));
            assert!(verdict.is_err(), "{context}: a damaged blind proof was accepted");
            refused += 1;
        }
    }
    print_count(name, refused, u64::from(cases.min(120)) * 60);
}

/// Looks for any other key, with its length before it as pages have it, in the bytes of a proof.
fn shows_a_neighbour(made: &Made, asked: &[u8], pages: &[Vec<u8>]) -> bool {
    made.model.keys().filter(|key| key.as_slice() != asked).any(|key| {
        let mut field = vec![key.len() as u8];
        field.extend(key);
        pages.iter().any(|page| page.windows(field.len()).any(|window| window == field))
    })
}

#[test]
fn present_and_absent_are_never_both_proven() {
    let name = "present_and_absent_are_never_both_proven";
    let cases = cases(60);
    let mut tried = 0;
    for case in 0..cases {
        let random = &mut Random::new(seed() ^ u64::from(case) << 32, name);
        let count = 400 + random.below(400);
        let made = make(random, count);
        // Pages of maps that differ in little, and of this one: what a forger has at hand.
        let mut pool: Vec<Vec<u8>> = made.objects.0.values().cloned().collect();
        for _ in 0..3 {
            let mut other = made.model.clone();
            let place = random.below(other.len() as u64) as usize;
            let gone = other.keys().nth(place).unwrap().clone();
            other.remove(&gone);
            let built = build(KIND, entries(&other)).unwrap();
            pool.extend(built.pages.iter().map(|(_, page)| page.encode()));
        }
        let place = random.below(made.model.len() as u64) as usize;
        let asked = made.model.keys().nth(place).unwrap();

        for _ in 0..200 {
            let length = 1 + random.below(3) as usize;
            let mut forged = made.full(asked, asked);
            forged.truncate(random.below(forged.len() as u64 + 1) as usize);
            while forged.len() < length {
                forged.push(pool[random.below(pool.len() as u64) as usize].clone());
            }
            if let Ok(found) = verify_full(made.root, KIND, asked, asked, &slices(&forged)) {
                assert_eq!(found.len(), 1, "seed {} case {case}: absent and present", seed());
            }
            tried += 1;
        }
    }
    print_count(name, tried, u64::from(cases.min(60)) * 200);
}

/// The parts of a page's bytes: what comes before the items, and each item.
fn rewrite(page: &Page, items: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![KIND.number(), page.level()];
    markerbed_core::codec::put_u32(&mut bytes, items.len() as u32);
    items.iter().for_each(|item| bytes.extend(item));
    bytes
}

/// The bytes of an item as they stand in a page.
fn item_bytes(item: &markerbed_core::map::Item) -> Vec<u8> {
    let mut bytes = Vec::new();
    markerbed_core::codec::put_bytes(&mut bytes, &item.entry.key);
    markerbed_core::codec::put_bytes(&mut bytes, &item.entry.value);
    if let Some(below) = &item.below {
        bytes.extend(below.page.as_bytes());
        markerbed_core::codec::put_u32(&mut bytes, below.items);
        markerbed_core::codec::put_u64(&mut bytes, below.entries);
    }
    bytes
}

/// Reads all of a forged map of two levels whose level 0 is cut as `cut` has it.
fn read_forged(cut: &[Vec<Entry>]) -> Result<Vec<Entry>, Error> {
    let mut objects = Objects::default();
    let mut children = Vec::new();
    let leaf = build(KIND, Vec::new()).unwrap().pages.remove(0).1;
    for entries in cut {
        let items: Vec<Vec<u8>> = entries
            .iter()
            .map(|entry| {
                let item = markerbed_core::map::Item { entry: entry.clone(), below: None };
                item_bytes(&item)
            })
            .collect();
        let page = Page::decode(&rewrite(&leaf, &items))?;
        let below = markerbed_core::map::Below {
            page: page.id(),
            items: entries.len() as u32,
            entries: entries.len() as u64,
        };
        let last = entries.last().cloned().unwrap();
        children.push(markerbed_core::map::Item { entry: last, below: Some(below) });
        objects.put_page(page.id(), &page);
    }
    let mut bytes = vec![KIND.number(), 1];
    markerbed_core::codec::put_u32(&mut bytes, children.len() as u32);
    children.iter().for_each(|child| bytes.extend(item_bytes(child)));
    let root = Page::decode(&bytes)?;
    let id = root.id();
    objects.put_page(id, &root);
    objects.drive(move |io| async move { range(&io, id, KIND, b"", u64::MAX).await }).output
}

/// The entries of each page of level 0, in order.
fn honest_cut(model: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<Vec<Entry>> {
    let built = build(KIND, entries(model)).unwrap();
    assert_eq!(built.pages[0].1.level(), 1);
    let leaves = built.pages.iter().skip(1);
    leaves.map(|(_, page)| page.items().iter().map(|item| item.entry.clone()).collect()).collect()
}

#[test]
fn a_page_cut_elsewhere_than_the_rules_say_is_refused() {
    let name = "a_page_cut_elsewhere_than_the_rules_say_is_refused";
    let cases = cases(150);
    for case in 0..cases {
        let random = &mut Random::new(seed() ^ u64::from(case) << 32, name);
        let keys = if case.is_multiple_of(2) { Keys::Plain } else { Keys::NeverCutByHash };
        let count = 600 + random.below(600);
        let model = random_model(random, keys, count);
        let honest = honest_cut(&model);
        assert_eq!(read_forged(&honest), Ok(entries(&model)), "the forger's tool makes true maps");
        let at = random.below(honest.len() as u64 - 1) as usize;

        let mut merged = honest.clone();
        let next = merged.remove(at + 1);
        merged[at].extend(next);
        let mut early = honest.clone();
        let (kept, moved) = early[at].split_at(early[at].len() - 1);
        let (kept, moved) = (kept.to_vec(), moved.to_vec());
        early[at] = kept;
        let next = early.remove(at + 1);
        early.insert(at + 1, [moved, next].concat());
        early.retain(|page| !page.is_empty());

        for (forgery, cut) in [("merged", merged), ("early", early)] {
            if cut == honest {
                continue;
            }
            let error = read_forged(&cut).expect_err(forgery);
            let refused = ["wrong-cut", "out-of-range"].contains(&error.code());
            assert!(refused, "seed {} case {case} {forgery}: {error}", seed());
        }
    }
    print_count(name, u64::from(cases), u64::from(cases.min(150)));
}

#[test]
fn a_page_with_a_wrong_count_or_out_of_order_is_refused() {
    let name = "a_page_with_a_wrong_count_or_out_of_order_is_refused";
    let cases = cases(150);
    for case in 0..cases {
        let random = &mut Random::new(seed() ^ u64::from(case) << 32, name);
        let count = 400 + random.below(400);
        let model = random_model(random, Keys::Plain, count);
        let mut cut = honest_cut(&model);
        let at = random.below(cut.len() as u64) as usize;
        while cut[at].len() < 2 {
            let entry = Entry { key: [&cut[at][0].key[..], b"~"].concat(), value: value(random) };
            cut[at].push(entry);
        }
        let place = random.below(cut[at].len() as u64 - 1) as usize;
        cut[at].swap(place, place + 1);

        assert_eq!(read_forged(&cut).expect_err("unsorted").code(), "not-ascending");
    }
    print_count(name, u64::from(cases), u64::from(cases.min(150)));
}

#[test]
fn a_child_whose_page_is_another_is_refused_by_what_its_parent_says() {
    let random = &mut Random::new(seed(), "another page");
    let model = random_model(random, Keys::Plain, 1_000);
    let built = build(KIND, entries(&model)).unwrap();
    let root = &built.pages[0].1;
    let mut refused = BTreeMap::<&str, u32>::new();
    for (at, item) in root.items().iter().enumerate() {
        let below = item.below.unwrap();
        let wrong = [
            markerbed_core::map::Below {
                items: below.items % 256 + 1,
                entries: u64::from(below.items % 256 + 1),
                ..below
            },
            markerbed_core::map::Below {
                page: root.items()[(at + 1) % root.items().len()].below.unwrap().page,
                ..below
            },
        ];
        for below in wrong {
            let mut items: Vec<Vec<u8>> = root.items().iter().map(item_bytes).collect();
            items[at] = item_bytes(&markerbed_core::map::Item {
                entry: item.entry.clone(),
                below: Some(below),
            });
            let forged = Page::decode(&rewrite(root, &items)).unwrap();
            let mut objects = Objects::default();
            for (id, page) in &built.pages {
                objects.put_page(*id, page);
            }
            let id = forged.id();
            objects.put_page(id, &forged);

            let read =
                objects.drive(move |io| async move { range(&io, id, KIND, b"", u64::MAX).await });

            *refused.entry(read.output.unwrap_err().code()).or_default() += 1;
        }
    }
    assert_eq!(refused.into_keys().collect::<Vec<_>>(), ["page-mismatch"]);
}
