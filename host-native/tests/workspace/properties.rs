//! Random sequences of operations, and random damage, from a seed.

use std::{collections::BTreeMap, sync::Arc};

use markerbed_core::SnapshotId;
use markerbed_host::{
    drive::blocking::wait,
    workspace::{Committed, Health, RefOutcome, Stamp, When, Workspace},
};
use markerbed_suites::{Random, cases, print_count, seed};

use crate::{
    check::{check, codes, commit_tree, id_at, places},
    check_records::all_rows,
    support::{Tree, draft, label, memory, place_of, stamp, workspace, workspace_in},
};

#[test]
fn replaying_the_entries_gives_what_the_rows_say_after_any_sequence() {
    let name = "replaying_the_entries_gives_what_the_rows_say_after_any_sequence";
    let mut random = Random::new(seed(), name);
    let floor = 60;
    let tries = cases(floor);
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();

    for turn in 0..tries {
        let store = memory();
        let one = workspace_in(Arc::clone(&store));
        let other = wait(Workspace::open_default(store)).unwrap();
        for _ in 0..random.below(40) {
            let workspace = if random.below(2) == 0 { &one } else { &other };
            *outcomes.entry(act(workspace, &mut random)).or_default() += 1;
        }

        let report = check(&one);

        let replay = wait(one.replay()).unwrap();
        assert_eq!(codes(&report), [""; 0], "turn {turn}, seed {}", seed());
        let refs = wait(one.refs()).unwrap();
        let refs: Vec<_> = refs.into_iter().map(|found| (found.name, found.snapshot)).collect();
        assert_eq!(refs, replay.state.refs().clone().into_iter().collect::<Vec<_>>());
        for (id, ordinal) in replay.state.snapshots() {
            assert_eq!(wait(one.find_snapshot(*id)).unwrap().unwrap().ordinal, *ordinal);
        }
        let newest = wait(one.find_by_age(0)).unwrap();
        assert_eq!(newest.is_none(), replay.state.snapshots().is_empty());
        assert_eq!(report.log_root, replay.log.root());
    }

    print_count("workspace-sequences", u64::from(tries), u64::from(tries.min(floor)));
    for outcome in OUTCOMES {
        assert!(outcomes.contains_key(outcome), "never {outcome}: {outcomes:?}");
    }
}

#[test]
fn any_object_that_is_damaged_or_lost_is_named_with_all_of_its_paths() {
    let name = "any_object_that_is_damaged_or_lost_is_named_with_all_of_its_paths";
    let mut random = Random::new(seed(), name);
    let floor = 150;
    let tries = cases(floor);

    for turn in 0..tries {
        let files = files(&mut random, 30);
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let mut tree = Tree::of(&files);
        let paths = all_paths(&files);
        let path = &paths[random.below(paths.len() as u64) as usize];
        let id = if path.is_empty() { tree.root.into() } else { id_at(&tree, path) };
        let expected: Vec<&String> =
            paths.iter().filter(|path| !path.is_empty() && id_at(&tree, path) == id).collect();
        if path.is_empty() || expected.len() > 10 {
            continue;
        }
        let is_lost = random.below(2) == 0;
        if is_lost {
            tree.objects.remove(&id);
        } else {
            let mut bytes = tree.objects[&id].to_vec();
            let at = random.below(bytes.len() as u64) as usize;
            bytes[at] ^= 1 << random.below(8);
            tree.objects.insert(id, bytes.into());
        }
        let workspace = workspace();
        tree.put(&workspace);
        let snapshot = commit_tree(&workspace, &tree);

        let report = check(&workspace);

        let expected = expected_places(&expected, snapshot.id);
        assert_eq!(report.findings.len(), 1, "turn {turn}, seed {}", seed());
        let finding = &report.findings[0];
        assert_eq!(finding.item, id.into());
        assert_eq!(finding.fault.health() == Health::Incomplete, is_lost);
        let mut found = places(finding);
        found.sort();
        assert_eq!(found, expected, "turn {turn}, seed {}", seed());
        assert_eq!((finding.serves.total, finding.serves.is_all), (expected.len() as u64, true));
    }

    print_count("workspace-damage", u64::from(tries), u64::from(tries.min(floor)));
}

#[test]
fn any_row_that_is_changed_is_found_after_any_sequence() {
    let name = "any_row_that_is_changed_is_found_after_any_sequence";
    let mut random = Random::new(seed(), name);
    let floor = 40;
    let tries = cases(floor);

    for turn in 0..tries {
        let workspace = workspace();
        for _ in 0..10 {
            act(&workspace, &mut random);
        }
        let rows = all_rows(&workspace);
        let (key, value) = &rows[random.below(rows.len() as u64) as usize];
        let mut value = value.to_vec();
        let at = random.below(value.len() as u64) as usize;
        value[at] ^= 1 << random.below(8);
        let expected = wait(workspace.store().number(workspace.id())).unwrap();
        let row = markerbed_host::store::RowChange { key: key.clone(), value: Some(value.into()) };
        let batch = markerbed_host::store::Batch { expected, entries: Vec::new(), rows: vec![row] };
        wait(workspace.store().commit(workspace.id(), batch)).unwrap();

        let report = check(&workspace);

        assert_eq!(codes(&report), ["wrong-row"], "turn {turn}, seed {}", seed());
    }

    print_count("workspace-rows", u64::from(tries), u64::from(tries.min(floor)));
}

/// Does something, and says what became of it.
fn act(workspace: &Workspace, random: &mut Random) -> &'static str {
    let stamp = random_stamp(random);
    let name = label(["notes", "code", "kept"][random.below(3) as usize]);
    match random.below(10) {
        0..5 => {
            let content = random.below(4).to_string();
            let draft = draft(workspace, name.as_str(), &[("a", &content), ("d/b", "same")]);
            let when = if random.below(4) == 0 { When::Always } else { When::Changed };
            match wait(workspace.commit_snapshot(&draft, when, &stamp)) {
                Ok(Committed::Recorded(_)) => "recorded",
                Ok(Committed::Unchanged(_)) => "unchanged",
                Err(error) => error.code(),
            }
        }
        5..8 => {
            let known: Vec<SnapshotId> =
                wait(workspace.replay()).unwrap().state.snapshots().keys().copied().collect();
            let Some(to) = known.get(random.below(known.len() as u64) as usize) else {
                return "nothing to point at";
            };
            let from = match random.below(4) {
                0 => known.first().copied(),
                1 => None,
                _ => place_of(workspace, name.as_str()),
            };
            outcome(wait(workspace.move_ref(&name, from, *to, &stamp)))
        }
        8 => match place_of(workspace, name.as_str()) {
            Some(from) => match outcome(wait(workspace.remove_ref(&name, from, &stamp))) {
                "moved" => "removed",
                other => other,
            },
            None => "nothing to remove",
        },
        _ => match wait(workspace.record_state(&stamp)) {
            Ok(_) => "state",
            Err(error) => error.code(),
        },
    }
}

fn outcome(outcome: Result<RefOutcome, markerbed_host::workspace::WorkspaceError>) -> &'static str {
    match outcome {
        Ok(RefOutcome::Moved { .. }) => "moved",
        Ok(RefOutcome::Unchanged) => "unmoved",
        Err(error) => error.code(),
    }
}

/// Now and then a request that was used before.
fn random_stamp(random: &mut Random) -> Stamp {
    let stamp = stamp();
    if random.below(8) > 0 {
        return stamp;
    }
    let used = u8::try_from(random.below(4)).unwrap();
    Stamp { request: markerbed_core::Id16::from_bytes([used | 0x80; 16]), ..stamp }
}

/// Files in a few directories; contents and whole directories repeat themselves.
fn files(random: &mut Random, count: u64) -> Vec<(String, String)> {
    let mut files = BTreeMap::new();
    for _ in 0..=random.below(count) {
        let mut path = String::new();
        for _ in 0..random.below(4) {
            path.push_str(&format!("d{}/", random.below(3)));
        }
        path.push_str(&format!("f{}", random.below(4)));
        files.insert(path, random.below(5).to_string());
    }
    files.into_iter().collect()
}

/// Every path of a tree, the root and the directories too.
fn all_paths(files: &[(&str, &str)]) -> Vec<String> {
    let mut paths = vec![String::new()];
    for (path, _) in files {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        paths.extend(ends.map(|at| path[..at].to_owned()));
    }
    paths.sort();
    paths.dedup();
    paths
}

/// What must be named: the paths that do not lie below a lost directory of the same id.
fn expected_places(paths: &[&String], snapshot: SnapshotId) -> Vec<String> {
    let mut places: Vec<String> = paths.iter().map(|path| format!("{snapshot}:{path}")).collect();
    places.sort();
    places
}

/// What a run must have seen at least once, or the property says little.
const OUTCOMES: [&str; 9] = [
    "recorded",
    "unchanged",
    "moved",
    "unmoved",
    "removed",
    "state",
    "ref-moved",
    "request-taken",
    "nothing to remove",
];
