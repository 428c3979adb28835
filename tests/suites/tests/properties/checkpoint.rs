//! Checkpoints and proofs that somebody bent are never believed.

use markerbed_core::{
    Error,
    checkpoint::{Checkpoint, EntryProof, GrowthProof, SignedCheckpoint, Signers, VerifierKey},
};
use markerbed_suites::{
    Random, cases, print_count, seed,
    vector::{Case, cases_of},
};

#[test]
fn every_bit_of_a_checkpoint_and_of_its_proofs_counts() {
    let mut tried = 0;
    for sample in samples() {
        for at in 0..sample.bytes.len() {
            for bit in 0..8 {
                let mut bent = sample.bytes.clone();
                bent[at] ^= 1 << bit;

                assert!(!sample.says_more(&bent), "{}: byte {at}, bit {bit}", sample.name);
                tried += 1;
            }
        }
    }
    print_count("every_bit_of_a_checkpoint", tried, 10_000);
}

#[test]
fn a_bent_checkpoint_is_refused_and_never_read_as_another_text() {
    let cases = cases(10_000);
    let mut random = Random::new(seed(), "a_bent_checkpoint_is_refused");
    let samples = samples();
    let mut tried = 0;
    for _ in 0..cases {
        let sample = &samples[random.below(samples.len() as u64) as usize];
        let mut bent = sample.bytes.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bent.len() as u64) as usize;
            match random.below(4) {
                0 => bent[at] = random.below(256) as u8,
                1 => drop(bent.remove(at)),
                2 => bent.insert(at, b"\n +0-=A"[random.below(7) as usize]),
                _ => bent.truncate(at.max(1)),
            }
        }
        if bent == sample.bytes {
            continue;
        }

        assert!(!sample.says_more(&bent), "{}: {bent:?}", sample.name);
        tried += 1;
    }
    print_count("a_bent_checkpoint_is_refused", tried, 9_000);
}

/// What the vectors accept, with the key that signed it.
struct Sample {
    name: String,
    bytes: Vec<u8>,
    keys: Vec<VerifierKey>,
    form: Form,
}

enum Form {
    Checkpoint,
    Entry,
    Growth(Box<SignedCheckpoint>),
}

impl Sample {
    /// Tells whether bent bytes are believed, but for those that only lose a witness: a line of
    /// another name or key is one of a stranger, and counts for nothing.
    fn says_more(&self, bent: &[u8]) -> bool {
        let (checkpoint, signers) = self.believe(&self.bytes).unwrap();
        let Ok((found, left)) = self.believe(bent) else { return false };
        found != checkpoint || left.log != signers.log || left.witnesses == signers.witnesses
    }

    fn believe(&self, bytes: &[u8]) -> Result<(Checkpoint, Signers), Error> {
        let signed = match &self.form {
            Form::Checkpoint => SignedCheckpoint::parse(bytes)?,
            Form::Entry => {
                let proof = EntryProof::parse(bytes)?;
                proof.check_entry()?;
                proof.checkpoint
            }
            Form::Growth(before) => {
                let proof = GrowthProof::parse(bytes)?;
                proof.check(before.checkpoint())?;
                proof.checkpoint
            }
        };
        let signers = signed.check(&self.keys)?;
        Ok((signed.checkpoint().clone(), signers))
    }
}

fn samples() -> Vec<Sample> {
    let cases = cases_of(include_str!("../../../vectors/checkpoints.json"), 100);
    let named = |name: &str| {
        let ends = |case: &&Case| case.name().ends_with(name);
        cases.iter().find(ends).unwrap_or_else(|| panic!("no case {name}"))
    };
    let keys = |case: &Case| -> Vec<VerifierKey> {
        let keys = case.value("keys");
        let keys = keys.as_array().unwrap();
        keys.iter().map(|key| key.as_str().unwrap().parse().unwrap()).collect()
    };
    let own = keys(named(": checkpoint, of 2 entries"));
    let sample = |name: &str, member: &str, keys: Vec<VerifierKey>, form: Form| {
        let bytes = named(name).bytes(member);
        Sample { name: name.to_owned(), bytes, keys, form }
    };
    let cosigned = keys(named(": checkpoint, cosigned"));
    let before = SignedCheckpoint::parse(&named(": growth from 5 to 7").bytes("before")).unwrap();
    vec![
        sample(": checkpoint, of 40 entries", "checkpoint", own.clone(), Form::Checkpoint),
        sample(": checkpoint, cosigned", "checkpoint", cosigned, Form::Checkpoint),
        sample(": entry 3 of 7", "proof", own.clone(), Form::Entry),
        sample(": entry 31 of 33", "proof", own.clone(), Form::Entry),
        sample(": growth from 5 to 7", "proof", own, Form::Growth(Box::new(before))),
    ]
}
