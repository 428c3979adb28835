//! Random programs: what they do, and what is written down.

mod draw;
mod judged;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use bytes::Bytes;
use markerbed_core::{
    ContentId, Id16, MapId, NodeId, ObjectId, Sha256Digest, SnapshotId, WorkspaceId,
    codec::Canonical,
    hash::content_id,
    id::PublicKey,
    ledger::{ConsistencyClaim, Genesis, InclusionClaim, LedgerEntry, Nonce, Operation, RefMove},
    map::{Change, Entry, MapKind},
    tree::{
        Clock, Coverage, Expansion, Expectation, File, Grade, Label, Name, Node, Snapshot,
        SnapshotFields, SourceKind, Symlink, Tool,
    },
};
use markerbed_engine::{CallError, CommitRequest, Engine, Replayed, StoredObject, TreeStep};
use markerbed_storage::Records;
use markerbed_suites::Random;

use crate::{Fault, Traced};
pub use judged::Judged;

/// What a program gave and asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Transcript {
    /// A line an operation, then a line for each call to the store.
    pub text: String,
    /// How many operations there were.
    pub operations: u32,
    /// How many of them were refused.
    pub refused: u32,
}

impl Transcript {
    /// What two equal transcripts have in common and two different ones have not.
    pub fn digest(&self) -> ContentId {
        content_id(self.text.as_bytes())
    }
}

/// Runs the program of `seed` on `engine`, which works on the store of `traced`.
///
/// With `plant` a bit of the first content id that the engine answers is another, as if this target
/// hashed otherwise: to see that a difference is found.
pub async fn run(seed: u64, engine: &dyn Engine, traced: &Traced, plant: bool) -> Transcript {
    Program::new(seed, engine, traced, plant).run().await.transcript
}

/// Runs the program of `seed` on core itself and gives what the reference can judge of it.
pub async fn run_for_reference(seed: u64, engine: &dyn Engine, traced: &Traced) -> Vec<Judged> {
    let mut program = Program::new(seed, engine, traced, false);
    program.judged = Some(Vec::new());
    program.run().await.judged.unwrap_or_default()
}

impl<'a> Program<'a> {
    fn new(seed: u64, engine: &'a dyn Engine, traced: &'a Traced, plant: bool) -> Self {
        Self {
            random: Random::new(seed, "program"),
            engine,
            traced,
            plant,
            maps: Vec::new(),
            trees: Vec::new(),
            proofs: Vec::new(),
            entries: Vec::new(),
            transcript: Transcript { text: String::new(), operations: 0, refused: 0 },
            judged: None,
            is_lied_to: false,
            rounds: Vec::new(),
        }
    }

    async fn run(mut self) -> Self {
        self.build_map().await;
        self.write_tree().await;
        for _ in 0..8 + self.random.below(12) {
            self.operate().await;
        }
        self
    }
}

struct Program<'a> {
    random: Random,
    engine: &'a dyn Engine,
    traced: &'a Traced,
    plant: bool,
    /// Every map so far.
    maps: Vec<KnownMap>,
    /// Every tree so far.
    trees: Vec<NodeId>,
    /// The bytes of every proof of a path so far.
    proofs: Vec<Vec<u8>>,
    /// The ledger so far.
    entries: Vec<LedgerEntry>,
    transcript: Transcript,
    /// What the reference can judge, where it is asked for.
    judged: Option<Vec<Judged>>,
    /// Whether the store lies or fails in this operation.
    is_lied_to: bool,
    /// The pages that the last call asked for, round by round.
    rounds: Vec<Vec<String>>,
}

/// A map, and what is in it.
#[derive(Clone)]
struct KnownMap {
    root: MapId,
    entries: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Program<'_> {
    async fn operate(&mut self) {
        // Every third operation meets a store that lies or fails.
        self.is_lied_to = self.random.below(3) == 0;
        let fault = self.is_lied_to.then(|| self.pick(&Fault::ALL));
        self.traced.arm(fault);
        match self.random.below(16) {
            0 => self.content_ids().await,
            1 => self.build_map().await,
            2 | 3 => self.update_map().await,
            4 => self.look_up().await,
            5 => self.range().await,
            6 => self.compare_maps().await,
            7 => self.prove_range().await,
            8 => self.prove_entry().await,
            9 => self.write_tree().await,
            10 => self.resolve().await,
            11 => self.list_directory().await,
            12 => self.compare_trees().await,
            13 => self.prove_path().await,
            14 => self.ledger().await,
            _ => self.check().await,
        }
    }

    // ------------------------------------------------------------------ maps

    async fn content_ids(&mut self) {
        let count = self.random.below(6);
        let contents: Vec<Bytes> = (0..count).map(|_| self.content()).collect();
        let mut ids = self.engine.content_ids(&contents).await;
        if let (true, Some(first)) = (self.plant, ids.iter_mut().flatten().next()) {
            let mut bytes = *first.as_bytes();
            bytes[31] ^= 1;
            *first = ContentId::from_bytes(bytes);
        }
        self.note("content-ids", &ids);
    }

    async fn build_map(&mut self) {
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
        if let Ok(built) = built {
            self.put(&built.pages).await;
            self.maps.push(KnownMap { root: built.root, entries });
        }
    }

    async fn update_map(&mut self) {
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

    async fn look_up(&mut self) {
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

    async fn range(&mut self) {
        let Some(KnownMap { root, entries }) = self.a_map() else { return };
        let (from, max) = (self.known_key(&entries), self.random.below(400));
        let found = self.engine.range(WORKSPACE, (root, KIND), from, max).await;
        self.note("range", &found);
    }

    async fn compare_maps(&mut self) {
        let (Some(before), Some(after)) = (self.a_map(), self.a_map()) else { return };
        let found = self.engine.compare_maps(WORKSPACE, KIND, before.root, after.root).await;
        self.note("compare-maps", &found);
        self.judge_difference(&before.entries, &after.entries, &found);
    }

    async fn prove_range(&mut self) {
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

    async fn prove_entry(&mut self) {
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

    // ------------------------------------------------------------------ trees

    async fn write_tree(&mut self) {
        let steps = self.steps();
        let (writer, mut outcome) = match self.engine.write_tree(WORKSPACE).await {
            Ok(writer) => (Some(writer), Ok(())),
            Err(error) => (None, Err(error)),
        };
        let Some(mut writer) = writer else { return self.note("write-tree", &outcome) };
        let cut = self.random.below(steps.len() as u64 + 1) as usize;
        let (first, rest) = steps.split_at(cut.min(steps.len()));
        for part in [first, rest] {
            if outcome.is_ok() {
                outcome = writer.take(part.to_vec()).await;
            }
        }
        let root = match outcome {
            Ok(()) => writer.finish().await,
            Err(error) => Err(error),
        };
        self.note("write-tree", &root);
        self.trees.extend(root);
    }

    /// A walk through a small tree; sometimes one that is not well-formed.
    fn steps(&mut self) -> Vec<TreeStep> {
        let mut steps = Vec::new();
        let mut open = vec![BTreeSet::new()];
        for _ in 0..self.random.below(60) {
            let name = self.name();
            let is_new = open.last_mut().is_some_and(|names| names.insert(name.clone()));
            if !is_new && self.random.below(200) > 0 {
                continue;
            }
            steps.push(match self.random.below(8) {
                0 => {
                    open.push(BTreeSet::new());
                    TreeStep::Enter(name)
                }
                1 if open.len() > 1 => {
                    open.pop();
                    TreeStep::Leave
                }
                2 => TreeStep::Symlink { name, target: self.name() },
                _ => {
                    let executable = self.random.below(4) == 0;
                    TreeStep::File { name, executable, bytes: self.content() }
                }
            });
        }
        let one_too_many = usize::from(self.random.below(12) == 0);
        steps.extend((1..open.len() + one_too_many).map(|_| TreeStep::Leave));
        steps
    }

    async fn resolve(&mut self) {
        let Some(root) = self.a_tree() else { return };
        let path = self.path();
        let resolved = self.engine.resolve(WORKSPACE, root, path).await;
        self.note("resolve", &resolved);
    }

    async fn list_directory(&mut self) {
        let Some(root) = self.a_tree() else { return };
        let (from, max) = (self.name(), self.random.below(40));
        let from = if self.random.below(2) == 0 { Vec::new() } else { from };
        let listed = self.engine.list_directory(WORKSPACE, root, from, max).await;
        self.note("list-directory", &listed);
    }

    async fn compare_trees(&mut self) {
        let (Some(before), Some(after)) = (self.a_tree(), self.a_tree()) else { return };
        let expansion = self.pick(&[Expansion::Whole, Expansion::Everything]);
        let max = self.random.below(50);
        let found = self.engine.compare_trees(WORKSPACE, before, after, expansion, max).await;
        self.note("compare-trees", &found);
    }

    async fn prove_path(&mut self) {
        let Some(root) = self.a_tree() else { return };
        let (path, grade) = (self.path(), self.pick(&[Grade::Full, Grade::Blind]));
        let snapshot = (self.random.below(2) == 0).then(|| snapshot(root, self.random.next()));
        let bytes = snapshot.as_ref().map(|snapshot| snapshot.encode().into());
        let proof = self.engine.prove_path(WORKSPACE, root, bytes, path, grade).await;
        self.note("prove-path", &proof);
        self.proofs.extend(proof.ok().flatten());
        let Some(mut proof) = self.proofs.last().cloned() else { return };
        if self.random.below(2) == 0 {
            self.mutate(&mut proof);
        }
        let expectation = match (self.random.below(3), snapshot) {
            (0, _) => Expectation::Nothing,
            (1, Some(snapshot)) => Expectation::Snapshot(snapshot.id()),
            _ => Expectation::Root(root),
        };
        let verdict = self.engine.verify_path(&proof, expectation).await;
        self.note("verify-path", &verdict);
        self.judge_path(&proof, expectation, &verdict);
    }

    // ------------------------------------------------------------------ the ledger

    async fn ledger(&mut self) {
        for _ in 0..self.random.below(6) {
            let entry = self.next_entry();
            self.entries.push(entry);
        }
        let replayed = self.replay().await;
        self.note("replay", &replayed);
        let leaves: Vec<Sha256Digest> = self.entries.iter().map(LedgerEntry::leaf).collect();
        let size = leaves.len() as u64;
        let index = self.random.below(size + 1);
        let proof = self.engine.prove_inclusion(&leaves, index).await;
        self.note("prove-inclusion", &proof);
        if let (Ok(proof), Ok(replayed)) = (&proof, &replayed) {
            let leaf = leaves.get(index as usize).copied().unwrap_or(replayed.log_root);
            let root = replayed.log_root;
            let claim = InclusionClaim { leaf, index, leaves: size, root };
            let verified = self.engine.verify_inclusion(claim, proof).await;
            self.note("verify-inclusion", &verified);
        }
        let leaves_before = self.random.below(size + 2);
        let proof = self.engine.prove_consistency(&leaves, leaves_before).await;
        self.note("prove-consistency", &proof);
        if let (Ok(proof), Ok(replayed)) = (&proof, &replayed) {
            let root = replayed.log_root;
            let claim = ConsistencyClaim { leaves_before, root_before: root, leaves: size, root };
            let verified = self.engine.verify_consistency(claim, proof).await;
            self.note("verify-consistency", &verified);
        }
        self.commit().await;
    }

    async fn replay(&mut self) -> Result<Replayed, CallError> {
        let mut entries: Vec<Bytes> =
            self.entries.iter().map(|entry| entry.encode().into()).collect();
        if self.random.below(4) == 0 {
            entries.pop().into_iter().for_each(|last| {
                let mut last = last.to_vec();
                self.mutate(&mut last);
                entries.push(last.into());
            });
        }
        let mut replay = self.engine.replay().await?;
        let replayed = match replay.apply(entries.clone()).await {
            Ok(()) => replay.state().await,
            Err(error) => Err(error),
        };
        self.judge_state(&entries, &replayed);
        replayed
    }

    /// An entry that follows, or one that does not.
    fn next_entry(&mut self) -> LedgerEntry {
        let number = self.entries.len() as u64;
        let operation = if number == 0 {
            Operation::WorkspaceCreated(GENESIS)
        } else {
            let root = self.a_tree().unwrap_or(NodeId::from_bytes([0; 32]));
            let snapshot = snapshot(root, self.random.below(12)).id();
            let moves = (self.random.below(2) == 0)
                .then(|| RefMove { name: label("main"), from: self.ref_place() });
            Operation::SnapshotCommitted { snapshot, moves }
        };
        let request = self.id16();
        LedgerEntry { number, time_ms: 1_700_000_000_000, agent: AGENT, request, operation }
    }

    /// Where the ref is after the entries so far; sometimes where it is not.
    fn ref_place(&mut self) -> Option<SnapshotId> {
        if self.random.below(8) == 0 {
            return Some(SnapshotId::from_bytes([7; 32]));
        }
        self.entries.iter().rev().find_map(|entry| match &entry.operation {
            Operation::SnapshotCommitted { snapshot, moves: Some(_) } => Some(*snapshot),
            _ => None,
        })
    }

    async fn commit(&mut self) {
        let Some(root) = self.a_tree() else { return };
        let number = self.traced.memory().number(WORKSPACE).await.ok().flatten();
        let request = CommitRequest {
            snapshot: snapshot(root, self.random.below(12)).encode().into(),
            moves: None,
            time_ms: -1,
            agent: AGENT,
            request: self.id16(),
            expected: number.unwrap_or(self.random.below(3)),
            rows: Vec::new(),
        };
        if self.random.below(6) == 0 {
            self.traced.arm(Some(Fault::Fails));
        }
        let outcome = self.engine.commit_snapshot(WORKSPACE, request).await;
        self.note("commit-snapshot", &outcome);
    }

    // ------------------------------------------------------------------ objects

    async fn check(&mut self) {
        let root = self.a_tree().unwrap_or(NodeId::from_bytes([1; 32]));
        let bytes = self.traced.memory().fetch_objects(WORKSPACE, &[root.into()]).await;
        let bytes = bytes.ok().and_then(|mut found| found.pop()).flatten().unwrap_or_default();
        let mut bytes = bytes.to_vec();
        if self.random.below(2) == 0 {
            self.mutate(&mut bytes);
        }
        let id = if self.random.below(8) == 0 { root.into() } else { ObjectId::from(root) };
        let checked = self.engine.check_object(id, &bytes).await;
        self.note("check-object", &checked);
        let mut names = BTreeSet::new();
        let children: Vec<(Name, Node)> = (0..self.random.below(20))
            .filter_map(|_| {
                let name = Name::new(&self.name()).ok()?;
                if !names.insert(name.clone()) && self.random.below(20) > 0 {
                    return None;
                }
                let content = self.content();
                let file = File::new(false, content.len() as u64, content_id(&content)).ok()?;
                let symlink = Symlink::new(name.as_bytes()).ok()?;
                let is_file = self.random.below(3) > 0;
                Some((name, if is_file { file.into() } else { symlink.into() }))
            })
            .collect();
        let built = self.engine.build_directory(children.clone()).await;
        self.note("build-directory", &built);
        self.judge_directory(&children, &built);
    }

    // ------------------------------------------------------------------ what is written down

    fn note<T: std::fmt::Debug>(&mut self, operation: &str, outcome: &Result<T, CallError>) {
        self.transcript.operations += 1;
        let out = &mut self.transcript.text;
        match outcome {
            Ok(value) => {
                let shown = format!("{value:?}");
                let digest = content_id(shown.as_bytes());
                let head: String = shown.chars().take(SHOWN_CHARS).collect();
                let _ = writeln!(out, "{operation}: {digest} {head}");
            }
            Err(error) => {
                self.transcript.refused += 1;
                let _ = writeln!(out, "{operation}: refused {} ({error})", error.code());
            }
        }
        let trace = self.traced.take_trace();
        out.push_str(&trace);
        if self.judged.is_some() {
            self.rounds = judged::rounds(&trace);
        }
    }

    async fn put(&mut self, objects: &[StoredObject]) {
        let put = self.traced.memory().put_objects(WORKSPACE, objects).await;
        assert!(put.is_ok(), "memory takes what the engine made: {put:?}");
    }
}

fn snapshot(root: NodeId, number: u64) -> Snapshot {
    let fields = SnapshotFields {
        root,
        parents: Vec::new(),
        source_kind: SourceKind::Directory,
        source_label: label("main"),
        run: AGENT,
        captured_at_ms: i64::try_from(number >> 1).unwrap_or_default(),
        clock: Clock::Host,
        agent: AGENT,
        rules: content_id(b""),
        coverage: Coverage::Complete,
        evidence: None,
        attributes: None,
        listing: None,
        tool: Tool::new("cross-target 1").unwrap_or_else(|_| unreachable!("a tool")),
    };
    Snapshot::new(fields).unwrap_or_else(|_| unreachable!("a snapshot"))
}

fn label(text: &str) -> Label {
    Label::new(text).unwrap_or_else(|_| unreachable!("a label"))
}

const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([9; 32]);
const AGENT: Id16 = Id16::from_bytes([3; 16]);
const GENESIS: Genesis =
    Genesis { nonce: Nonce::from_bytes([1; 32]), first_key: PublicKey::from_bytes([2; 32]) };
const KIND: MapKind = MapKind::Directory;

/// How much of an answer is written down beside its digest, for people.
const SHOWN_CHARS: usize = 200;
