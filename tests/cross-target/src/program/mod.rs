//! Random programs: what they do, and what is written down.

mod draw;
mod judged;
mod ledger;
mod maps;
mod objects;
mod trees;

use std::{collections::BTreeMap, fmt::Write};

use markerbed_core::{
    ContentId, Id16, MapId, NodeId, WorkspaceId,
    hash::content_id,
    id::PublicKey,
    ledger::{Genesis, LedgerEntry, Nonce},
    map::MapKind,
    tree::{Clock, Coverage, Label, Snapshot, SnapshotFields, SourceKind, Tool},
};
use markerbed_engine::{CallError, Engine, StoredObject};
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
            fault: None,
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
    /// How the store lies or fails in this operation.
    fault: Option<Fault>,
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
        let is_lied_to = self.random.below(3) == 0;
        self.fault = is_lied_to.then(|| self.pick(&Fault::ALL));
        self.traced.arm(self.fault);
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
