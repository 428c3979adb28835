//! The engine's tree proofs against the golden vectors.

use crate::vector::{Case, cases_of, check_code};
use markerbed_core::{
    codec::Canonical,
    tree::{Expectation, Finding, TreeProof, Verdict},
};

pub(super) fn tree_proofs() {
    for case in cases_of(include_str!("../../../vectors/tree-proofs.json"), 272) {
        let bytes = case.bytes("bytes");
        if let Ok(proof) = TreeProof::decode(&bytes) {
            assert_eq!(proof.encode(), bytes, "{}", case.name());
        }
        let (verdict, outcome) = match TreeProof::verify(&bytes, expectation_of(&case)) {
            Verdict::Verified(claim) => ("verified", Ok(claim)),
            Verdict::Consistent(claim) => ("consistent", Ok(claim)),
            Verdict::Differs(claim) => ("false", Ok(claim)),
            Verdict::Broken(error) => ("false", Err(error)),
        };

        assert_eq!(verdict, case.text("verdict"), "{}: {outcome:?}", case.name());
        if let Some(claim) = check_code(&case, outcome) {
            let found = match claim.found {
                Finding::Present { .. } => "present",
                Finding::Contained { .. } => "contained",
                Finding::Absent => "absent",
            };
            let wanted = case.text_or_null("claim");
            assert!(wanted.is_none_or(|wanted| wanted == found), "{}: {found}", case.name());
            assert!(wanted.is_some() || verdict == "false", "{}", case.name());
        }
    }
}

fn expectation_of(case: &Case) -> Expectation {
    let Some(expected) = case.get("expect") else { return Expectation::Nothing };
    match expected.text_or_null("root") {
        Some(root) => Expectation::Root(root.parse().unwrap()),
        None => Expectation::Snapshot(expected.text("snapshot").parse().unwrap()),
    }
}
