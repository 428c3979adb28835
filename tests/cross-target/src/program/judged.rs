//! What the second implementation can judge of a program: cases as its vector files have them.

use std::collections::BTreeMap;

use bytes::Bytes;
use markerbed_core::{
    MapId,
    codec::Canonical,
    map::{Difference, Entry},
    tree::{Expectation, Finding, Name, Node, Verdict},
};
use markerbed_engine::{BuiltDirectory, BuiltMap, CallError, Replayed};
use markerbed_suites::vector::to_hex;
use serde_json::{Value, json};

use super::{KIND, Program};

/// Inputs, and what the engine says comes out of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Judged {
    /// The vector file whose judge knows the case.
    pub file: &'static str,
    /// The inputs, as that file has them.
    pub case: Value,
    /// Members that come out; `error` if it was refused.
    pub outcome: Value,
}

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

impl Program<'_> {
    pub(super) fn judge_map(&mut self, list: &[Entry], built: &Result<BuiltMap, CallError>) {
        let entries: Vec<_> = list.iter().map(pair).collect();
        let case = json!({ "kind": KIND.number(), "entries": entries });
        let outcome = |built: &BuiltMap| json!({ "root": built.root.to_string() });
        self.judge("maps.json", case, built, outcome);
    }

    pub(super) fn judge_update(
        &mut self,
        before: &Entries,
        changes: &BTreeMap<Vec<u8>, Option<Vec<u8>>>,
        made: &Result<BuiltMap, CallError>,
    ) {
        let changes: Vec<_> = changes
            .iter()
            .map(|(key, value)| json!([to_hex(key), value.as_ref().map(|value| to_hex(value))]))
            .collect();
        let mut case = operation("update", before);
        put(&mut case, "changes", changes.into());
        let rounds = self.rounds.clone();
        self.judge("map-operations.json", case, made, |made| {
            let written: Vec<_> = made.pages.iter().map(|(id, _)| to_hex(&id.bytes)).collect();
            json!({ "root": made.root.to_string(), "written": written, "rounds": rounds })
        });
    }

    pub(super) fn judge_look_up(
        &mut self,
        before: &Entries,
        keys: &[Vec<u8>],
        found: &Result<Vec<Option<Vec<u8>>>, CallError>,
    ) {
        // Of keys in another order the spec says nothing (MAP-20); the engine sorts them.
        if !keys.is_sorted_by(|a, b| a < b) {
            return;
        }
        let mut case = operation("look-up", before);
        put(&mut case, "keys", keys.iter().map(|key| to_hex(key)).collect());
        let rounds = self.rounds.clone();
        self.judge("map-operations.json", case, found, |found| {
            let values = found.iter().map(|value| value.as_ref().map(|value| to_hex(value)));
            json!({ "values": values.collect::<Vec<_>>(), "rounds": rounds })
        });
    }

    pub(super) fn judge_difference(
        &mut self,
        before: &Entries,
        after: &Entries,
        found: &Result<Vec<Difference>, CallError>,
    ) {
        let mut case = operation("difference", before);
        put(&mut case, "after", json!({ "entries": pairs(after) }));
        let rounds = self.rounds.clone();
        self.judge("map-operations.json", case, found, |found| {
            let row = |row: &Difference| {
                let side = |side: &Option<Vec<u8>>| side.as_ref().map(|value| to_hex(value));
                json!([to_hex(&row.key), side(&row.before), side(&row.after)])
            };
            let differences: Vec<_> = found.iter().map(row).collect();
            json!({ "differences": differences, "rounds": rounds })
        });
    }

    pub(super) fn judge_range(
        &mut self,
        map: MapId,
        [from, to]: [&[u8]; 2],
        pages: &[Vec<u8>],
        verified: &Result<Vec<Entry>, CallError>,
    ) {
        let mut case = proof("full", map, pages);
        put(&mut case, "from", to_hex(from).into());
        put(&mut case, "to", to_hex(to).into());
        self.judge_always(
            "map-proofs.json",
            case,
            verified,
            |entries| json!({ "entries": entries.iter().map(pair).collect::<Vec<_>>() }),
        );
    }

    pub(super) fn judge_entry(
        &mut self,
        map: MapId,
        key: &[u8],
        pages: &[Vec<u8>],
        verified: &Result<Entry, CallError>,
    ) {
        let value = verified.as_ref().map(|entry| to_hex(&entry.value)).unwrap_or_default();
        let mut case = proof("blind", map, pages);
        put(&mut case, "key", to_hex(key).into());
        put(&mut case, "value", value.into());
        self.judge_always("map-proofs.json", case, verified, |_| json!({}));
    }

    pub(super) fn judge_path(
        &mut self,
        bytes: &[u8],
        expectation: Expectation,
        verdict: &Result<Verdict, CallError>,
    ) {
        let expected = match expectation {
            Expectation::Nothing => Value::Null,
            Expectation::Root(root) => json!({ "root": root.to_string() }),
            Expectation::Snapshot(snapshot) => json!({ "snapshot": snapshot.to_string() }),
        };
        let case = json!({ "bytes": to_hex(bytes), "expect": expected });
        self.judge_always("tree-proofs.json", case, verdict, |verdict| {
            let (word, claim) = match verdict {
                Verdict::Verified(claim) => ("verified", claim),
                Verdict::Consistent(claim) => ("consistent", claim),
                Verdict::Differs(claim) => ("false", claim),
                Verdict::Broken(error) => {
                    return json!({ "verdict": "false", "error": error.code() });
                }
            };
            let found = match claim.found {
                Finding::Present { .. } => "present",
                Finding::Contained { .. } => "contained",
                Finding::Absent => "absent",
            };
            json!({ "verdict": word, "claim": found })
        });
    }

    pub(super) fn judge_directory(
        &mut self,
        children: &[(Name, Node)],
        built: &Result<BuiltDirectory, CallError>,
    ) {
        let mut sorted: Vec<&(Name, Node)> = children.iter().collect();
        sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
        let child = |(name, node): &(Name, Node)| {
            let (name, node) = (to_hex(name.as_bytes()), to_hex(&node.encode()));
            json!({ "name": name, "node": node })
        };
        let sorted: Vec<_> = sorted.into_iter().map(child).collect();
        self.judge_always("trees.json", json!({ "children": sorted }), built, |built| {
            let (id, bytes) = &built.node;
            json!({ "node": to_hex(bytes), "id": to_hex(&id.bytes) })
        });
    }

    pub(super) fn judge_state(
        &mut self,
        entries: &[Bytes],
        replayed: &Result<Replayed, CallError>,
    ) {
        if entries.is_empty() {
            return;
        }
        let entries: Vec<_> = entries.iter().map(|entry| to_hex(entry)).collect();
        self.judge_always(
            "state.json",
            json!({ "entries": entries }),
            replayed,
            |replayed| json!({ "last_state_id": replayed.id.to_string() }),
        );
    }

    /// Keeps what asked the store, unless that lied: the reference's never does.
    fn judge<T>(
        &mut self,
        file: &'static str,
        case: Value,
        result: &Result<T, CallError>,
        outcome: impl FnOnce(&T) -> Value,
    ) {
        if self.fault.is_none() {
            self.judge_always(file, case, result, outcome);
        }
    }

    fn judge_always<T>(
        &mut self,
        file: &'static str,
        case: Value,
        result: &Result<T, CallError>,
        outcome: impl FnOnce(&T) -> Value,
    ) {
        let Some(judged) = &mut self.judged else { return };
        let outcome = match result {
            Ok(value) => outcome(value),
            Err(error) => json!({ "error": error.code() }),
        };
        judged.push(Judged { file, case, outcome });
    }
}

/// The pages that each call for objects asked for.
pub(super) fn rounds(trace: &str) -> Vec<Vec<String>> {
    let is_id = |word: &&str| word.len() == 64;
    let fetches = trace.lines().filter_map(|line| line.strip_prefix("  fetch"));
    fetches.map(|line| line.split(' ').filter(is_id).map(str::to_owned).collect()).collect()
}

fn operation(name: &str, before: &Entries) -> Value {
    let before = json!({ "entries": pairs(before) });
    json!({ "operation": name, "kind": KIND.number(), "before": before })
}

fn proof(grade: &str, map: MapId, pages: &[Vec<u8>]) -> Value {
    let pages: Vec<_> = pages.iter().map(|page| to_hex(page)).collect();
    json!({ "grade": grade, "map": map.to_string(), "kind": KIND.number(), "pages": pages })
}

fn put(case: &mut Value, member: &str, value: Value) {
    if let Some(case) = case.as_object_mut() {
        case.insert(member.to_owned(), value);
    }
}

fn pairs(entries: &Entries) -> Vec<Value> {
    entries.iter().map(|(key, value)| json!([to_hex(key), to_hex(value)])).collect()
}

fn pair(entry: &Entry) -> Value {
    json!([to_hex(&entry.key), to_hex(&entry.value)])
}
