//! The world `verifier`: it asks for nothing, and agrees with core about every proof.

use markerbed_core::tree::{Expectation, TreeProof, Verdict};
use markerbed_host::component::{Limits, Verifier};
use markerbed_suites::{
    Random, cases, print_count, seed,
    vector::{Case, cases_of},
};

use crate::place::{built, runtime};

async fn verifier() -> Verifier {
    let component = runtime(Limits::default()).load("verifier", &built("verifier")).unwrap();
    assert_eq!(component.imports(), Vec::<String>::new(), "it asks for nothing at all");
    Verifier::new(component).await.unwrap()
}

#[tokio::test]
async fn the_engine_asks_for_storage_and_nothing_else() {
    let component = runtime(Limits::default()).load("engine", &built("engine")).unwrap();

    let interfaces = ["types", "records", "contents"];
    let wanted = interfaces.map(|name| format!("markerbed:engine/{name}@0.1.0"));
    assert_eq!(component.imports(), wanted);
}

#[tokio::test]
async fn it_gives_the_verdicts_of_the_vectors() {
    let verifier = verifier().await;

    for case in tree_proofs() {
        let proof = case.bytes("bytes");
        let verdict = verifier.verify_path(&proof, expectation_of(&case)).await.unwrap();

        let (said, code) = match &verdict {
            Verdict::Verified(_) => ("verified", None),
            Verdict::Consistent(_) => ("consistent", None),
            Verdict::Differs(_) => ("false", None),
            Verdict::Broken(error) => ("false", Some(error.code())),
        };
        assert_eq!(said, case.text("verdict"), "{}: {verdict:?}", case.name());
        assert_eq!(code, case.text_or_null("error"), "{}: {verdict:?}", case.name());
        assert_eq!(verdict, TreeProof::verify(&proof, expectation_of(&case)), "{}", case.name());
    }
}

#[tokio::test]
async fn it_agrees_with_core_about_mutated_proofs() {
    let verifier = verifier().await;
    let mut random = Random::new(seed(), "mutated proofs");
    let vectors = tree_proofs();
    let (mut tried, mut broken) = (0, 0);

    while tried < cases(CASES) {
        let case = &vectors[random.below(vectors.len() as u64) as usize];
        let mut proof = case.bytes("bytes");
        for _ in 0..1 + random.below(3) {
            mutate(&mut random, &mut proof);
        }
        let expectation = expectation_of(case);
        let verdict = verifier.verify_path(&proof, expectation).await.unwrap();
        assert_eq!(verdict, TreeProof::verify(&proof, expectation), "{}: {proof:?}", case.name());
        broken += u32::from(matches!(verdict, Verdict::Broken(_)));
        tried += 1;
    }

    print_count("proofs mutated for the verifier", u64::from(tried), u64::from(CASES));
    assert!(broken < tried, "some mutations are harmless: {broken} of {tried} are broken");
}

fn tree_proofs() -> Vec<Case> {
    cases_of(include_str!("../../../tests/vectors/tree-proofs.json"), 272)
}

fn expectation_of(case: &Case) -> Expectation {
    let Some(expected) = case.get("expect") else { return Expectation::Nothing };
    match expected.text_or_null("root") {
        Some(root) => Expectation::Root(root.parse().unwrap()),
        None => Expectation::Snapshot(expected.text("snapshot").parse().unwrap()),
    }
}

/// Changes a bit, cuts the end off, adds a byte, or doubles a stretch.
fn mutate(random: &mut Random, proof: &mut Vec<u8>) {
    let at = random.below(proof.len() as u64) as usize;
    match random.below(8) {
        0 => proof.truncate(at),
        1 => proof.push(random.next() as u8),
        2 => {
            let to = (at + random.below(40) as usize).min(proof.len());
            let doubled = proof[at..to].to_vec();
            proof.splice(at..at, doubled);
        }
        _ => proof.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << random.below(8)),
    }
}

const CASES: u32 = 20_000;
