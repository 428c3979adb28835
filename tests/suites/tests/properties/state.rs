//! The state from a stored one and the entries since: the one that a replay from nothing gives.

use markerbed_core::{
    Error, Id16, SnapshotId,
    access::{Role, Scope},
    codec::Canonical,
    hash::sha256,
    id::PublicKey,
    ledger::{
        BuiltState, Genesis, LedgerEntry, Nonce, Operation, RefChange, RefMove, State, StatePoint,
        advance,
    },
    tree::Label,
};
use markerbed_suites::{Objects, Random, cases, print_count, seed};

#[test]
fn a_state_from_a_stored_one_is_that_from_nothing() {
    let cases = cases(60);
    let mut random = Random::new(seed(), "a_state_from_a_stored_one");
    let mut compared = 0;
    for _ in 0..cases {
        let mut ledger = Ledger::new(&mut random);
        for _ in 0..1 + random.below(4) {
            let from = ledger.store_state();
            for _ in 0..random.below(300) {
                let operation = ledger.random_operation(&mut random);
                ledger.push(operation);
            }
            let expected = ledger.state.build().unwrap();

            let entries = ledger.entries[from.entries as usize..].to_vec();
            let built = advanced(&ledger.objects, from, entries).unwrap();

            assert_eq!((built.id, built.object), (expected.id, expected.object));
            let mut objects = ledger.objects.clone();
            put(&mut objects, &built);
            for (id, _) in expected.pages {
                assert!(objects.0.contains_key(&id.into()), "{id} was not given");
            }
            compared += 1;
            // A state in the midst of the entries is compared, too.
            if random.below(2) == 0 {
                put(&mut ledger.objects, &built);
                ledger.push(Operation::State(built.id));
            }
        }
    }
    print_count("a_state_from_a_stored_one", compared, 90);
}

#[test]
fn entries_that_do_not_follow_are_refused_as_in_a_replay() {
    let cases = cases(300);
    let mut random = Random::new(seed(), "entries_that_do_not_follow");
    let mut refused = std::collections::BTreeMap::new();
    for _ in 0..cases {
        let mut ledger = Ledger::new(&mut random);
        for _ in 0..random.below(40) {
            let operation = ledger.random_operation(&mut random);
            ledger.push(operation);
        }
        let from = ledger.store_state();
        for _ in 0..random.below(20) {
            let operation = ledger.random_operation(&mut random);
            ledger.push(operation);
        }
        let mut wrong = entry(
            ledger.state.entries() + u64::from(random.below(8) == 0),
            ledger.wrong_operation(&mut random),
        );
        if ledger.state.grants().is_governed() && random.below(8) == 0 {
            wrong.agent = Id16::from_bytes([9; 16]);
            wrong.operation =
                Operation::SnapshotCommitted { snapshot: ledger.new_snapshot(), moves: None };
        }
        let expected = ledger.state.clone().apply(&wrong).unwrap_err();

        let mut entries = ledger.entries[from.entries as usize..].to_vec();
        entries.push(wrong);
        let found = advanced(&ledger.objects, from, entries).unwrap_err();

        assert_eq!(found, expected);
        *refused.entry(found.code()).or_insert(0) += 1;
    }
    println!("refused: {refused:?}");
    assert_eq!(refused.len(), 9, "some refusal was never met: {refused:?}");
    print_count("entries_that_do_not_follow", cases.into(), 300);
}

#[test]
fn a_page_that_is_missing_or_another_is_named() {
    let mut random = Random::new(seed(), "a_page_that_is_missing");
    let mut ledger = Ledger::new(&mut random);
    for _ in 0..1_500 {
        let operation = ledger.random_operation(&mut random);
        ledger.push(operation);
    }
    let from = ledger.store_state();
    for _ in 0..30 {
        let operation = ledger.random_operation(&mut random);
        ledger.push(operation);
    }
    let entries = &ledger.entries[from.entries as usize..];
    let driven = ledger.objects.drive(|io| {
        let entries = entries.to_vec();
        async move { advance(&io, from, entries).await }
    });
    let asked: Vec<_> = driven.rounds.into_iter().flatten().collect();
    assert!(asked.len() < ledger.objects.0.len(), "all of it was read");

    for id in &asked {
        let mut objects = ledger.objects.clone();
        objects.0.remove(id);
        let missing = advanced(&objects, from, entries.to_vec()).unwrap_err();
        assert_eq!(missing, Error::MissingObject { id: *id });

        let mut objects = ledger.objects.clone();
        let bytes = objects.0.get_mut(id).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        let damaged = advanced(&objects, from, entries.to_vec()).unwrap_err();
        assert!(matches!(damaged, Error::HashMismatch { .. } | Error::Malformed { .. }));
    }
    print_count("a_page_that_is_missing", asked.len() as u64, 20);
}

fn advanced(
    objects: &Objects,
    from: StatePoint,
    entries: Vec<LedgerEntry>,
) -> Result<BuiltState, Error> {
    objects.drive(|io| async move { advance(&io, from, entries).await }).output
}

fn put(objects: &mut Objects, built: &BuiltState) {
    for (id, page) in &built.pages {
        objects.put_page(*id, page);
    }
    objects.0.insert(built.id.into(), built.object.encode());
}

/// A ledger that grows, with its state from nothing.
struct Ledger {
    entries: Vec<LedgerEntry>,
    state: State,
    objects: Objects,
    committed: Vec<SnapshotId>,
}

impl Ledger {
    fn new(random: &mut Random) -> Self {
        let mut ledger = Self {
            entries: Vec::new(),
            state: State::new(),
            objects: Objects::default(),
            committed: Vec::new(),
        };
        let nonce = Nonce::from_bytes(*sha256(&[&random.bytes(8)]).as_bytes());
        let first_key = PublicKey::from_bytes([8; 32]);
        ledger.push(Operation::WorkspaceCreated(Genesis { nonce, first_key }));
        ledger
    }

    fn push(&mut self, operation: Operation) {
        if let Operation::SnapshotCommitted { snapshot, .. } = &operation {
            self.committed.push(*snapshot);
        }
        let entry = entry(self.state.entries(), operation);
        self.state.apply(&entry).unwrap();
        self.entries.push(entry);
    }

    /// Puts the maps of the state as it is now, from nothing.
    fn store_state(&mut self) -> StatePoint {
        let built = self.state.build().unwrap();
        put(&mut self.objects, &built);
        let workspace = self.state.workspace().unwrap();
        let (founder, entries) = (self.entries[0].agent, self.state.entries());
        StatePoint { workspace, founder, id: built.id, entries }
    }

    fn random_operation(&self, random: &mut Random) -> Operation {
        let name = Label::new(&format!("ref {}", random.below(300))).unwrap();
        let from = self.state.refs().get(&name).copied();
        let known = self.committed.get(random.below(self.committed.len() as u64 + 1) as usize);
        let to = known.copied().filter(|_| random.below(3) > 0);
        match random.below(40) {
            0..20 => {
                let moves = (random.below(2) == 0).then_some(RefMove { name, from });
                Operation::SnapshotCommitted { snapshot: self.new_snapshot(), moves }
            }
            20 => Operation::State(self.state.id().unwrap()),
            21..26 => self.random_grant(random),
            _ => match RefChange::new(name, from, to) {
                Ok(change) => Operation::RefMoved(change),
                Err(_) => {
                    Operation::SnapshotCommitted { snapshot: self.new_snapshot(), moves: None }
                }
            },
        }
    }

    fn random_grant(&self, random: &mut Random) -> Operation {
        let agent = Id16::from_bytes([10 + random.below(60) as u8; 16]);
        let scope = Scope::new([&b""[..], b"a", b"a/b"][random.below(3) as usize]).unwrap();
        let found = self.state.grants().of(agent, &scope).and_then(|grant| grant.role);
        if found.is_some() && random.below(2) == 0 {
            return Operation::Revoked { agent, scope };
        }
        let others = Role::ALL.into_iter().filter(|role| Some(*role) != found);
        let role = others.collect::<Vec<_>>()[random.below(3) as usize];
        Operation::Granted { agent, role, scope }
    }

    /// An operation that does not follow.
    fn wrong_operation(&self, random: &mut Random) -> Operation {
        let unknown = SnapshotId::from_bytes([3; 32]);
        let name = Label::new("never set").unwrap();
        let known = self.committed.first().copied();
        let scope = Scope::new(b"never").unwrap();
        match (random.below(7), known) {
            (0, Some(snapshot)) => Operation::SnapshotCommitted { snapshot, moves: None },
            (1, _) => {
                let moves = Some(RefMove { name, from: Some(unknown) });
                Operation::SnapshotCommitted { snapshot: self.new_snapshot(), moves }
            }
            (2, _) => Operation::RefMoved(RefChange::new(name, None, Some(unknown)).unwrap()),
            (4, _) => Operation::Revoked { agent: Id16::from_bytes([9; 16]), scope },
            (5, _) => Operation::Granted { agent: FOUNDER, role: Role::Reader, scope },
            (3, _) => Operation::State(markerbed_core::StateId::from_bytes([0; 32])),
            _ => self.entries[0].operation.clone(),
        }
    }

    fn new_snapshot(&self) -> SnapshotId {
        SnapshotId::from_bytes(*sha256(&[&self.state.entries().to_le_bytes()]).as_bytes())
    }
}

fn entry(number: u64, operation: Operation) -> LedgerEntry {
    let request = Id16::from_bytes([2; 16]);
    LedgerEntry { number, time_ms: -1, agent: FOUNDER, request, operation }
}

const FOUNDER: Id16 = Id16::from_bytes([1; 16]);
