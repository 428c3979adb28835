//! The engine's maps against the golden vectors: hashes, pages, cuts, operations and proofs.

use std::collections::BTreeMap;

use crate::{
    Driven, Objects,
    vector::{Case, cases_of, check_code, from_hex, to_hex},
};
use markerbed_core::{
    Error, MapId,
    codec::Canonical,
    hash::{Context, content_id, derive_key},
    map::{
        Below, BuiltMap, Change, Entry, MapKind, Page, PartialPage, Place, build, difference,
        look_up, update, verify_blind, verify_full,
    },
};

pub(super) fn hashes() {
    for case in cases_of(include_str!("../../../vectors/hash.json"), 10) {
        let input = case.bytes("input");
        let found = match case.text_or_null("context") {
            None => *content_id(&input).as_bytes(),
            Some(text) => {
                let wanted = format!("markerbed 2026-11-21 {text}");
                let known = Context::ALL.iter().find(|context| context.text() == wanted);
                derive_key(*known.unwrap_or_else(|| panic!("{}: {text}", case.name())), &[&input])
            }
        };

        assert_eq!(to_hex(&found), case.text("output"), "{}", case.name());
    }
}

pub(super) fn pages() {
    for case in cases_of(include_str!("../../../vectors/pages.json"), 40) {
        let bytes = case.bytes("bytes");
        let page = Page::decode(&bytes);
        if let Ok(page) = &page {
            assert_eq!(page.encode(), bytes, "{}", case.name());
        }
        let placed = page.and_then(|page| {
            case.get("place").map_or(Ok(()), |place| place_of(&place).check(&page))?;
            Ok(page)
        });

        if let Some(page) = check_code(&case, placed) {
            assert_eq!(page.id().to_string(), case.text("id"), "{}", case.name());
            assert_eq!(page.items().len() as u64, case.number("items"), "{}", case.name());
            assert_eq!(page.entries(), case.number("entries"), "{}", case.name());
        }
    }
}

fn place_of(place: &Case) -> Place {
    if place.get("root").is_some() {
        return Place::Root(kind_of(place.number("root")));
    }
    let child = place.get("child").unwrap();
    Place::Child {
        kind: kind_of(place.number("kind")),
        level: u8::try_from(place.number("level")).unwrap(),
        left: place.text_or_null("left").map(from_hex),
        is_last: place.flag("last"),
        last: Entry { key: child.bytes("last_key"), value: child.bytes("last_value") },
        below: Below {
            page: child.text("page").parse().unwrap(),
            items: u32::try_from(child.number("items")).unwrap(),
            entries: child.number("entries"),
        },
    }
}

fn kind_of(number: u64) -> MapKind {
    MapKind::from_number(u8::try_from(number).unwrap()).unwrap()
}

pub(super) fn maps() {
    for case in cases_of(include_str!("../../../vectors/maps.json"), 30) {
        let built = build(kind_of(case.number("kind")), entries_of(&case, "entries"));

        if let Some(built) = check_code(&case, built) {
            assert_eq!(built.root.to_string(), case.text("root"), "{}", case.name());
            assert_eq!(shape(&built), case.value("levels"), "{}", case.name());
        }
    }
}

/// The item counts of the pages of each level, from level 0.
fn shape(built: &BuiltMap) -> serde_json::Value {
    let mut levels = BTreeMap::<u8, Vec<usize>>::new();
    for (_, page) in &built.pages {
        levels.entry(page.level()).or_default().push(page.items().len());
    }
    levels.into_values().collect::<Vec<_>>().into()
}

/// The entries of a case, listed or generated.
fn entries_of(case: &Case, member: &str) -> Vec<Entry> {
    let Some(generator) = case.get("generator").filter(|_| case.get(member).is_none()) else {
        let pair = |pair: &serde_json::Value| Entry {
            key: from_hex(pair[0].as_str().unwrap()),
            value: from_hex(pair[1].as_str().unwrap()),
        };
        return case.value(member).as_array().unwrap().iter().map(pair).collect();
    };
    let prefix = generator.bytes("prefix");
    let entry = |index: u64| {
        let key = [&prefix[..], format!("{index:08}").as_bytes()].concat();
        let value = [&[1][..], content_id(&key).as_bytes()].concat();
        Entry { key, value }
    };
    (0..generator.number("count")).map(entry).collect()
}

pub(super) fn operations_and_what_they_ask_for() {
    let mut tried = BTreeMap::<String, u32>::new();
    for case in cases_of(include_str!("../../../vectors/map-operations.json"), 30) {
        let kind = kind_of(case.number("kind"));
        let mut objects = Objects::default();
        let before = case.get("before").unwrap();
        let root = objects.put_map(build(kind, side_entries(&before)).unwrap());
        let operation = case.text("operation");
        *tried.entry(operation.clone()).or_default() += 1;
        match operation.as_str() {
            "look-up" => check_look_up(&case, &objects, kind, root),
            "difference" => {
                let after = case.get("after").unwrap();
                let after = objects.put_map(build(kind, side_entries(&after)).unwrap());
                check_difference(&case, &objects, kind, [root, after]);
            }
            "update" => check_update(&case, &objects, kind, root),
            other => panic!("{}: unknown operation {other}", case.name()),
        }
    }
    assert_eq!(tried.into_keys().collect::<Vec<_>>(), ["difference", "look-up", "update"]);
}

/// One side of an operation: entries, and what was changed in them.
fn side_entries(side: &Case) -> Vec<Entry> {
    let entries = entries_of(side, "entries").into_iter();
    let mut entries: BTreeMap<_, _> = entries.map(|entry| (entry.key, entry.value)).collect();
    for Change { key, value } in side.get("changes").map_or(Vec::new(), |list| changes_of(&list)) {
        match value {
            Some(value) => entries.insert(key, value),
            None => entries.remove(&key),
        };
    }
    entries.into_iter().map(|(key, value)| Entry { key, value }).collect()
}

fn changes_of(list: &Case) -> Vec<Change> {
    let change = |change: &Case| {
        let [key, value] = <[Case; 2]>::try_from(change.list()).unwrap();
        Change { key: key.as_bytes(), value: value.as_bytes_or_null() }
    };
    list.list().iter().map(change).collect()
}

fn check_rounds<T>(case: &Case, driven: &Driven<T>) {
    let rounds: Vec<Vec<String>> = driven
        .rounds
        .iter()
        .map(|round| round.iter().map(|id| to_hex(&id.bytes)).collect())
        .collect();
    assert_eq!(serde_json::to_value(rounds).unwrap(), case.value("rounds"), "{}", case.name());
}

fn hex_or_null(bytes: Option<&Vec<u8>>) -> serde_json::Value {
    bytes.map(|bytes| to_hex(bytes)).into()
}

fn check_look_up(case: &Case, objects: &Objects, kind: MapKind, root: MapId) {
    let keys: Vec<Vec<u8>> = case.get("keys").unwrap().list().iter().map(Case::as_bytes).collect();
    let driven = objects.drive(move |io| async move { look_up(&io, root, kind, &keys).await });

    check_rounds(case, &driven);
    let values = driven.output.unwrap();
    let values: Vec<_> = values.iter().map(|value| hex_or_null(value.as_ref())).collect();
    assert_eq!(serde_json::Value::from(values), case.value("values"), "{}", case.name());
}

fn check_difference(case: &Case, objects: &Objects, kind: MapKind, [a, b]: [MapId; 2]) {
    let driven = objects.drive(move |io| async move { difference(&io, kind, a, b).await });

    check_rounds(case, &driven);
    let found = driven.output.unwrap().into_iter().map(|found| {
        let sides = [Some(&found.key), found.before.as_ref(), found.after.as_ref()];
        serde_json::Value::from(sides.map(hex_or_null).to_vec())
    });
    let found = serde_json::Value::from(found.collect::<Vec<_>>());
    assert_eq!(found, case.value("differences"), "{}", case.name());
}

fn check_update(case: &Case, objects: &Objects, kind: MapKind, root: MapId) {
    let changes = changes_of(&case.get("changes").unwrap());
    let driven = objects.drive(move |io| async move { update(&io, root, kind, changes).await });

    check_rounds(case, &driven);
    if let Some(built) = check_code(case, driven.output) {
        assert_eq!(built.root.to_string(), case.text("root"), "{}", case.name());
        let written: Vec<_> = built.pages.iter().map(|(id, _)| id.to_string()).collect();
        assert_eq!(serde_json::Value::from(written), case.value("written"), "{}", case.name());
    }
}

pub(super) fn partial_pages() {
    for case in cases_of(include_str!("../../../vectors/partial-pages.json"), 25) {
        let bytes = case.bytes("bytes");

        if let Some(partial) = check_code(&case, PartialPage::decode(&bytes)) {
            assert_eq!(partial.encode(), bytes, "{}", case.name());
            assert_eq!(partial.id().to_string(), case.text("id"), "{}", case.name());
            if let Some(page) = case.text_or_null("page") {
                let page = Page::decode(&from_hex(page)).unwrap();
                assert_eq!(page.id(), partial.id(), "{}", case.name());
            }
        }
    }
}

pub(super) fn map_proofs() {
    for case in cases_of(include_str!("../../../vectors/map-proofs.json"), 30) {
        let map: MapId = case.text("map").parse().unwrap();
        let kind = kind_of(case.number("kind"));
        let pages: Vec<Vec<u8>> =
            case.get("pages").unwrap().list().iter().map(Case::as_bytes).collect();
        let pages: Vec<&[u8]> = pages.iter().map(Vec::as_slice).collect();
        let verdict = match case.text("grade").as_str() {
            "full" => verify_full(map, kind, &case.bytes("from"), &case.bytes("to"), &pages),
            _ => verify_blind(map, kind, &case.bytes("key"), &pages).and_then(|entry| {
                // PROOF-4: the value is part of the claim.
                let is_claimed = entry.value == case.bytes("value");
                if is_claimed { Ok(vec![entry]) } else { Err(Error::BadProof) }
            }),
        };

        if let Some(entries) = check_code(&case, verdict) {
            let wanted = if case.text("grade") == "full" {
                entries_of(&case, "entries")
            } else {
                vec![Entry { key: case.bytes("key"), value: case.bytes("value") }]
            };
            assert_eq!(entries, wanted, "{}", case.name());
        }
    }
}
