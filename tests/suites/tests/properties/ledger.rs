//! The ledger: replaying gives the same state, what is refused changes nothing, and the log's
//! proofs hold for what they were made and for nothing else.

use std::collections::BTreeMap;

use markerbed_core::{
    Error, Id16, Sha256Digest, SnapshotId,
    codec::Canonical,
    hash::sha256,
    id::PublicKey,
    ledger::{
        CompactRange, ConsistencyClaim, Genesis, InclusionClaim, LedgerEntry, Nonce, Operation,
        RefChange, RefMove, State, leaf_hash, log_root, prove_consistency, prove_inclusion,
    },
    tree::Label,
};
use markerbed_suites::{Random, cases, print_count, seed};

#[test]
fn replaying_the_entries_gives_the_same_state() {
    let cases = cases(200);
    let mut random = Random::new(seed(), "replaying_the_entries");
    let mut refused = BTreeMap::new();
    for _ in 0..cases {
        let mut state = State::new();
        let mut model = Model::default();
        let mut log: Vec<Vec<u8>> = Vec::new();
        for _ in 0..random.below(60) {
            let entry = random_entry(&mut random, &state);
            let before = state.clone();
            match state.apply(&entry) {
                Ok(()) => log.push(entry.encode()),
                Err(error) => {
                    assert_eq!(state, before, "a refused entry changed the state");
                    *refused.entry(error.code()).or_insert(0) += 1;
                }
            }
            assert_eq!(model.apply(&entry), state != before, "{entry:?}");
            model.check(&state);
        }

        let mut replayed = State::new();
        for entry in &log {
            replayed.apply(&LedgerEntry::decode(entry).unwrap()).unwrap();
        }

        assert_eq!(replayed, state);
        assert_eq!(replayed.id(), state.id());
    }
    println!("refused: {refused:?}");
    assert_eq!(refused.len(), 6, "some refusal was never met");
    print_count("replaying_the_entries", cases.into(), 200);
}

#[test]
fn the_order_of_effects_on_different_refs_does_not_matter() {
    let cases = cases(100);
    let mut random = Random::new(seed(), "the_order_of_effects");
    for _ in 0..cases {
        let mut changes: Vec<RefChange> = (0..random.below(8))
            .map(|index| set(&format!("ref {index}"), Some(id(random.below(3)))))
            .collect();
        let forwards = state_after(&changes);
        changes.reverse();

        assert_eq!(state_after(&changes).id(), forwards.id());
    }
    print_count("the_order_of_effects", cases.into(), 100);
}

fn state_after(changes: &[RefChange]) -> State {
    let mut state = State::new();
    let mut operations = vec![genesis()];
    operations
        .extend((0..3).map(|at| Operation::SnapshotCommitted { snapshot: id(at), moves: None }));
    operations.extend(changes.iter().cloned().map(Operation::RefMoved));
    for operation in operations {
        state.apply(&entry(state.entries(), operation)).unwrap();
    }
    state
}

/// What the ledger page says, as plainly as a test can.
#[derive(Default)]
struct Model {
    entries: u64,
    refs: BTreeMap<String, SnapshotId>,
    snapshots: Vec<SnapshotId>,
}

impl Model {
    /// Tells whether the entry applies.
    fn apply(&mut self, entry: &LedgerEntry) -> bool {
        let is_first = matches!(entry.operation, Operation::WorkspaceCreated(_));
        if entry.number != self.entries || is_first != (self.entries == 0) {
            return false;
        }
        let applies = match &entry.operation {
            Operation::SnapshotCommitted { snapshot, moves } => {
                let is_new = !self.snapshots.contains(snapshot);
                let moves = moves.as_ref().map(|moves| (moves.name.to_string(), moves.from));
                let fits = |(name, from): &(String, _)| self.refs.get(name).copied() == *from;
                let applies = is_new && moves.as_ref().is_none_or(fits);
                if applies {
                    self.snapshots.push(*snapshot);
                    self.refs.extend(moves.map(|(name, _)| (name, *snapshot)));
                }
                applies
            }
            Operation::RefMoved(change) => {
                let name = change.name().to_string();
                let is_known = change.to().is_none_or(|to| self.snapshots.contains(&to));
                let applies = is_known && self.refs.get(&name).copied() == change.from();
                if applies {
                    self.refs.remove(&name);
                    self.refs.extend(change.to().map(|to| (name, to)));
                }
                applies
            }
            // Random ids of states are wrong ones; right ones are made from the state itself.
            Operation::State(id) => *id.as_bytes() != [0; 32],
            _ => true,
        };
        self.entries += u64::from(applies);
        applies
    }

    fn check(&self, state: &State) {
        assert_eq!(state.entries(), self.entries);
        let refs = state.refs().iter().map(|(name, id)| (name.to_string(), *id));
        assert_eq!(refs.collect::<BTreeMap<_, _>>(), self.refs);
        let ordinals = self.snapshots.iter().copied().zip(0..);
        assert_eq!(*state.snapshots(), ordinals.collect::<BTreeMap<_, _>>());
    }
}

fn random_entry(random: &mut Random, state: &State) -> LedgerEntry {
    let name = format!("ref {}", random.below(3));
    let place = |random: &mut Random| (random.below(4) > 0).then(|| id(random.below(12)));
    let now = state.refs().get(&Label::new(&name).unwrap()).copied();
    let from = if random.below(4) == 0 { place(random) } else { now };
    let operation = match random.below(12) {
        0 => genesis(),
        1 => Operation::State(state.id().unwrap()),
        2 => Operation::State(markerbed_core::StateId::from_bytes([0; 32])),
        3..8 => {
            let name = Label::new(&name).unwrap();
            let moves = (random.below(2) == 0).then_some(RefMove { name, from });
            Operation::SnapshotCommitted { snapshot: id(random.below(12)), moves }
        }
        _ => {
            let to = place(random);
            let change = RefChange::new(Label::new(&name).unwrap(), from, to);
            change.map_or_else(|_| genesis(), Operation::RefMoved)
        }
    };
    let is_first = state.entries() == 0 && random.below(3) > 0;
    let operation = if is_first { genesis() } else { operation };
    let number = if random.below(20) == 0 { random.next() } else { state.entries() };
    entry(number, operation)
}

fn entry(number: u64, operation: Operation) -> LedgerEntry {
    let (agent, request) = (Id16::from_bytes([1; 16]), Id16::from_bytes([2; 16]));
    LedgerEntry { number, time_ms: -1, agent, request, operation }
}

fn genesis() -> Operation {
    let nonce = Nonce::from_bytes([7; 32]);
    Operation::WorkspaceCreated(Genesis { nonce, first_key: PublicKey::from_bytes([8; 32]) })
}

fn set(name: &str, to: Option<SnapshotId>) -> RefChange {
    RefChange::new(Label::new(name).unwrap(), None, to).unwrap()
}

fn id(index: u64) -> SnapshotId {
    SnapshotId::from_bytes(*sha256(&[&index.to_le_bytes()]).as_bytes())
}

#[test]
fn every_proof_of_small_logs_holds() {
    let leaves: Vec<Sha256Digest> = (0..70_u8).map(|leaf| leaf_hash(&[leaf])).collect();
    let mut proofs = 0;
    for size in 0..=leaves.len() {
        let root = log_root(&leaves[..size]);
        assert_eq!(root, naive_root(&leaves[..size]), "{size}");
        let range = CompactRange::of(&leaves[..size]);
        let kept = CompactRange::from_roots(range.leaves(), range.roots().to_vec());
        assert_eq!(kept, Ok(range));
        for index in 0..size as u64 {
            let proof = prove_inclusion(&leaves[..size], index).unwrap();
            let leaf = leaves[index as usize];
            let claim = InclusionClaim { leaf, index, leaves: size as u64, root };
            assert_eq!(claim.check(&proof), Ok(()), "{index} in {size}");
            proofs += 1;
        }
        for before in 0..=size {
            let proof = prove_consistency(&leaves[..size], before as u64).unwrap();
            let root_before = log_root(&leaves[..before]);
            let (leaves_before, leaves) = (before as u64, size as u64);
            let claim = ConsistencyClaim { leaves_before, root_before, leaves, root };
            assert_eq!(claim.check(&proof), Ok(()), "{before} to {size}");
            proofs += 1;
        }
    }
    print_count("every_proof_of_small_logs", proofs, 5_000);
}

#[test]
fn a_compact_range_has_one_root_for_each_bit() {
    let root = leaf_hash(b"");
    let range = |leaves, roots| CompactRange::from_roots(leaves, vec![root; roots]);

    assert!(range(0, 0).is_ok() && range(5, 2).is_ok() && range(1 << 63, 1).is_ok());
    assert_eq!(range(5, 3), Err(Error::BadProof));
    assert_eq!(range(5, 1), Err(Error::BadProof));
    assert_eq!(range(u64::MAX, 64), Err(Error::BadProof));
    assert_eq!(prove_inclusion(&[root], 1), Err(Error::BadProof));
    assert_eq!(prove_consistency(&[root], 2), Err(Error::BadProof));
}

/// RFC 9162 §2.1.1, word by word.
fn naive_root(leaves: &[Sha256Digest]) -> Sha256Digest {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let mut middle = 1;
            while middle * 2 < leaves.len() {
                middle *= 2;
            }
            let (left, right) = leaves.split_at(middle);
            sha256(&[&[1], naive_root(left).as_bytes(), naive_root(right).as_bytes()])
        }
    }
}

#[test]
fn every_mutated_proof_of_a_log_is_refused() {
    /// How many of each proof.
    const MUTANTS: u32 = 40;
    let cases = cases(1_000);
    let mut random = Random::new(seed(), "every_mutated_proof_of_a_log");
    let leaves: Vec<Sha256Digest> = (0..200_u8).map(|leaf| leaf_hash(&[leaf])).collect();
    for _ in 0..cases {
        let size = 1 + random.below(200);
        let root = log_root(&leaves[..size as usize]);
        let index = random.below(size);
        let inclusion = prove_inclusion(&leaves[..size as usize], index).unwrap();
        let leaf = leaves[index as usize];
        let included = InclusionClaim { leaf, index, leaves: size, root };
        let leaves_before = random.below(size + 1);
        let consistency = prove_consistency(&leaves[..size as usize], leaves_before).unwrap();
        let root_before = log_root(&leaves[..leaves_before as usize]);
        let grown = ConsistencyClaim { leaves_before, root_before, leaves: size, root };
        for _ in 0..MUTANTS {
            let (claim, proof) = mutated_inclusion(&mut random, included, &inclusion);
            if (claim, &proof) != (included, &inclusion) {
                let refusal = claim.check(&proof).expect_err("a mutated inclusion proof");
                assert!(matches!(refusal, Error::BadProof | Error::RootMismatch));
            }
            let (claim, proof) = mutated_consistency(&mut random, grown, consistency.clone());
            let refusal = claim.check(&proof).expect_err("a mutated consistency proof");
            assert!(matches!(refusal, Error::BadProof | Error::RootMismatch));
        }
    }
    print_count("every_mutated_proof_of_a_log", u64::from(cases * MUTANTS) * 2, 80_000);
}

fn mutated_inclusion(
    random: &mut Random,
    claim: InclusionClaim,
    proof: &[Sha256Digest],
) -> (InclusionClaim, Vec<Sha256Digest>) {
    let proof = proof.to_vec();
    match random.below(5) {
        0 => (InclusionClaim { leaf: flipped(random, claim.leaf), ..claim }, proof),
        1 => (InclusionClaim { root: flipped(random, claim.root), ..claim }, proof),
        2 => (InclusionClaim { index: random.below(claim.leaves + 3), ..claim }, proof),
        3 => (InclusionClaim { leaves: claim.index, ..claim }, proof),
        _ => (claim, mutated_hashes(random, proof)),
    }
}

fn mutated_consistency(
    random: &mut Random,
    claim: ConsistencyClaim,
    proof: Vec<Sha256Digest>,
) -> (ConsistencyClaim, Vec<Sha256Digest>) {
    match random.below(4) {
        0 => {
            let root_before = flipped(random, claim.root_before);
            (ConsistencyClaim { root_before, ..claim }, proof)
        }
        // Of a log that was empty the new root says nothing (LOG-3).
        1 if claim.leaves_before > 0 => {
            (ConsistencyClaim { root: flipped(random, claim.root), ..claim }, proof)
        }
        2 if claim.leaves_before > 0 => {
            let leaves = claim.leaves_before - 1;
            (ConsistencyClaim { leaves, ..claim }, proof)
        }
        _ => {
            let mutant = mutated_hashes(random, proof.clone());
            let is_same = mutant == proof;
            let proof = if is_same { [proof, vec![claim.root]].concat() } else { mutant };
            (claim, proof)
        }
    }
}

/// One bit, one hash too many, one too few, or two that changed places.
fn mutated_hashes(random: &mut Random, mut proof: Vec<Sha256Digest>) -> Vec<Sha256Digest> {
    let at = random.below(proof.len() as u64) as usize;
    let extra = leaf_hash(&random.bytes(4));
    match random.below(4) {
        _ if proof.is_empty() => proof.push(extra),
        0 => proof[at] = flipped(random, proof[at]),
        1 => proof.insert(at, extra),
        2 => {
            proof.remove(at);
        }
        _ => {
            let other = random.below(proof.len() as u64) as usize;
            proof.swap(at, other);
        }
    }
    proof
}

fn flipped(random: &mut Random, digest: Sha256Digest) -> Sha256Digest {
    let mut bytes = *digest.as_bytes();
    bytes[random.below(32) as usize] ^= 1 << random.below(8);
    Sha256Digest::from_bytes(bytes)
}
