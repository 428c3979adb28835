//! The engine's ledger against the golden vectors: workspaces, entries, state and the log.

use crate::vector::{Case, cases_of, check_code, to_hex};
use markerbed_core::{
    Error, Sha256Digest,
    codec::Canonical,
    ledger::{
        CompactRange, ConsistencyClaim, Genesis, InclusionClaim, LedgerEntry, Operation, State,
        leaf_hash, log_root,
    },
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
