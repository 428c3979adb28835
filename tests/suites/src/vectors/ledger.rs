//! The engine's ledger against the golden vectors: workspaces, entries, state and the log.

use crate::vector::{Case, cases_of, check_code, to_hex};
use markerbed_core::{
    Error, Id16, Sha256Digest,
    access::{Decision, Grants, Right},
    codec::Canonical,
    ledger::{
        CompactRange, ConsistencyClaim, Genesis, InclusionClaim, LedgerEntry, Operation, State,
        leaf_hash, log_root,
    },
    tree::Path,
};

pub(super) fn workspaces() {
    for case in cases_of(include_str!("../../../vectors/workspaces.json"), 12) {
        let bytes = case.bytes("bytes");
        let Some(genesis) = check_code(&case, Genesis::decode(&bytes)) else { continue };

        assert_eq!(genesis.encode(), bytes, "{}", case.name());
        assert_eq!(genesis.id().to_string(), case.text("id"), "{}", case.name());
    }
}

pub(super) fn entries() {
    for case in cases_of(include_str!("../../../vectors/entries.json"), 77) {
        let bytes = case.bytes("bytes");
        let Some(entry) = check_code(&case, LedgerEntry::decode(&bytes)) else { continue };

        assert_eq!(entry.encode(), bytes, "{}", case.name());
        assert_eq!(entry.leaf().to_string(), case.text("leaf"), "{}", case.name());
        assert_eq!(entry.operation.word(), case.text("operation"), "{}", case.name());
    }
}

pub(super) fn states() {
    for case in cases_of(include_str!("../../../vectors/state.json"), 70) {
        let entries: Vec<Vec<u8>> =
            case.get("entries").unwrap().list().iter().map(Case::as_bytes).collect();
        let mut state = State::new();
        let mut ids = Vec::new();
        let mut apply = |(at, bytes): (usize, &Vec<u8>)| {
            let entry = LedgerEntry::decode(bytes).map_err(|error| (at, error))?;
            state.apply(&entry).map_err(|error| (at, error))?;
            if let Operation::WorkspaceCreated(genesis) = &entry.operation {
                assert_eq!(state.workspace(), Some(genesis.id()), "{}", case.name());
            }
            ids.push(state.id().unwrap().to_string());
            Ok(())
        };
        let replayed: Result<(), (usize, Error)> =
            entries.iter().enumerate().try_for_each(&mut apply);

        if let Err((at, _)) = &replayed {
            assert_eq!(*at as u64, case.number("at"), "{}", case.name());
        }
        let replayed = replayed.map_err(|(_, error)| error);
        if check_code(&case, replayed).is_some() {
            assert_eq!(serde_json::Value::from(ids), case.value("state_ids"), "{}", case.name());
        }
    }
}

pub(super) fn grants() {
    for case in cases_of(include_str!("../../../vectors/grants.json"), 300) {
        let id16 = |name: &str| Id16::from_bytes(case.bytes(name).try_into().unwrap());
        let mut grants = Grants::new(id16("founder"));
        for grant in case.get("grants").unwrap().list() {
            let [key, value] = &*grant.list() else { panic!("{}", case.name()) };
            grants.know(&key.as_bytes(), &value.as_bytes()).unwrap();
        }
        let right = Right::ALL.into_iter().find(|right| right.word() == case.text("right"));
        let path = Path::new(&case.bytes("path")).unwrap();

        let decision = grants.decide(id16("agent"), right.unwrap(), &path);

        let expected = match case.text("decision").as_str() {
            "allowed" => Decision::Allowed { by_entry: case.number("by_entry") },
            "open" => Decision::Open,
            "denied" => Decision::Denied,
            other => panic!("{other}"),
        };
        assert_eq!(decision, expected, "{}", case.name());
        let is_denied = decision == Decision::Denied;
        let checked = grants.check(id16("agent"), right.unwrap(), &path);
        assert_eq!(checked.is_err(), is_denied, "{}", case.name());
    }
}

pub(super) fn logs() {
    for case in cases_of(include_str!("../../../vectors/log.json"), 293) {
        match case.text("operation").as_str() {
            "root" => check_root(&case),
            "inclusion" => {
                let claim = InclusionClaim {
                    leaf: leaf_hash(&case.bytes("leaf")),
                    index: case.number("index"),
                    leaves: case.number("size"),
                    root: digest(&case, "root"),
                };
                check_code(&case, claim.check(&proof_of(&case)));
            }
            "consistency" => {
                let claim = ConsistencyClaim {
                    leaves_before: case.number("from"),
                    root_before: digest(&case, "from_root"),
                    leaves: case.number("to"),
                    root: digest(&case, "to_root"),
                };
                check_code(&case, claim.check(&proof_of(&case)));
            }
            other => panic!("{}: {other}", case.name()),
        }
    }
}

fn check_root(case: &Case) {
    let data = case.get("leaves").unwrap().list();
    let leaves: Vec<Sha256Digest> = data.iter().map(|leaf| leaf_hash(&leaf.as_bytes())).collect();
    let range = CompactRange::of(&leaves);
    let roots: Vec<String> = range.roots().iter().map(|root| to_hex(root.as_bytes())).collect();

    assert_eq!(log_root(&leaves).to_string(), case.text("root"), "{}", case.name());
    assert_eq!(range.root().to_string(), case.text("root"), "{}", case.name());
    assert_eq!(serde_json::Value::from(roots), case.value("compact"), "{}", case.name());
}

fn proof_of(case: &Case) -> Vec<Sha256Digest> {
    let proof = case.get("proof").unwrap().list();
    let digest = |hash: &Case| Sha256Digest::from_bytes(hash.as_bytes().try_into().unwrap());
    proof.iter().map(digest).collect()
}

fn digest(case: &Case, member: &str) -> Sha256Digest {
    case.text(member).parse().unwrap()
}
