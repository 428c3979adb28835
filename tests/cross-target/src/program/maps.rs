//! Maps: made, changed, read, compared and proven.

use std::collections::BTreeMap;

use markerbed_core::map::{Change, Entry};
use markerbed_engine::{BuiltMap, CallError, StoredObject};

use super::{KIND, KnownMap, Program, WORKSPACE};

/// The pages that each half gave, and the map.
type Pieces = ([Vec<StoredObject>; 2], BuiltMap);

impl Program<'_> {
    pub(super) async fn build_map(&mut self) {
        let count = match self.random.below(8) {
            0 => 0,
            1 => 700 + self.random.below(1_500),
            _ => self.random.below(80),
        };
        let entries: BTreeMap<_, _> = (0..count).map(|_| (self.key(), self.value())).collect();
        let mut list: Vec<Entry> = entries
            .iter()
            .map(|(key, value)| Entry { key: key.clone(), value: value.clone() })
            .collect();
        let is_sorted = self.random.below(10) > 0;
        if !is_sorted {
            list.reverse();
        }
        let built = self.engine.build_map(KIND, list.clone()).await;
        self.note("build-map", &built);
        self.judge_map(&list, &built);
        let pieces = self.build_in_pieces(list).await;
        self.note("build-map-in-pieces", &pieces);
        if let Ok(built) = built {
            self.put(&built.pages).await;
            self.maps.push(KnownMap { root: built.root, entries });
        }
    }

    async fn build_in_pieces(&self, mut list: Vec<Entry>) -> Result<Pieces, CallError> {
        let rest = list.split_off(list.len() / 2);
        let mut builder = self.engine.map_builder(KIND).await?;
        let given = [builder.push(list).await?, builder.push(rest).await?];
        Ok((given, builder.finish().await?))
    }

    pub(super) async fn update_map(&mut self) {
        let Some(KnownMap { root, mut entries }) = self.a_map() else { return };
        let mut changes = BTreeMap::new();
        for _ in 0..self.random.below(24) {
            let key = self.known_key(&entries);
            let value = (self.random.below(3) > 0).then(|| self.value());
            changes.insert(key, value);
        }
        let list =
            changes.iter().map(|(key, value)| Change { key: key.clone(), value: value.clone() });
        let made = self.engine.update_map(WORKSPACE, (root, KIND), list.collect()).await;
        self.note("update-map", &made);
        self.judge_update(&entries, &changes, &made);
        if let Ok(made) = made {
            self.put(&made.pages).await;
            for (key, value) in changes {
                match value {
                    Some(value) => entries.insert(key, value),
                    None => entries.remove(&key),
                };
            }
            self.maps.push(KnownMap { root: made.root, entries });
        }
    }

    pub(super) async fn look_up(&mut self) {
        let Some(KnownMap { root, entries }) = self.a_map() else { return };
        let mut keys: Vec<Vec<u8>> =
            (0..self.random.below(40)).map(|_| self.known_key(&entries)).collect();
        if self.random.below(4) > 0 {
            keys.sort_unstable();
            keys.dedup();
        }
        let found = self.engine.look_up(WORKSPACE, (root, KIND), keys.clone()).await;
        self.note("look-up", &found);
        self.judge_look_up(&entries, &keys, &found);
    }

    pub(super) async fn range(&mut self) {
        let Some(KnownMap { root, entries }) = self.a_map() else { return };
        let (from, max) = (self.known_key(&entries), self.random.below(400));
        let found = self.engine.range(WORKSPACE, (root, KIND), from, max).await;
        self.note("range", &found);
    }

    pub(super) async fn compare_maps(&mut self) {
        let (Some(before), Some(after)) = (self.a_map(), self.a_map()) else { return };
        let found = self.engine.compare_maps(WORKSPACE, KIND, before.root, after.root).await;
        self.note("compare-maps", &found);
        self.judge_difference(&before.entries, &after.entries, &found);
    }

    pub(super) async fn prove_range(&mut self) {
        let Some(KnownMap { root, entries }) = self.a_map() else { return };
        let mut ends = [self.known_key(&entries), self.known_key(&entries)];
        ends.sort_unstable();
        let [from, to] = ends;
        let proof =
            self.engine.prove_range(WORKSPACE, (root, KIND), from.clone(), to.clone()).await;
        self.note("prove-range", &proof);
        let Ok(mut pages) = proof else { return };
        self.mutate_one(&mut pages);
        let verified =
            self.engine.verify_range((root, KIND), from.clone(), to.clone(), pages.clone()).await;
        self.note("verify-range", &verified);
        self.judge_range(root, [&from, &to], &pages, &verified);
    }

    pub(super) async fn prove_entry(&mut self) {
        let Some(KnownMap { root, entries }) = self.a_map() else { return };
        let key = self.known_key(&entries);
        let proof = self.engine.prove_entry(WORKSPACE, (root, KIND), key.clone()).await;
        self.note("prove-entry", &proof);
        let Ok(Some(mut pages)) = proof else { return };
        self.mutate_one(&mut pages);
        let verified = self.engine.verify_entry((root, KIND), key.clone(), pages.clone()).await;
        self.note("verify-entry", &verified);
        self.judge_entry(root, &key, &pages, &verified);
    }
}
