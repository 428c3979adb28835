//! The engine's notes, keys, checkpoints and their proofs against the golden vectors.

use markerbed_core::{
    checkpoint::{
        Checkpoint, EntryProof, GrowthProof, SignedCheckpoint, SignedNote, VerifierKey, Witness,
    },
    id::PublicKey,
    signature::Signature,
};

use crate::vector::{Case, cases_of, check_code, to_hex};

pub(super) fn notes() {
    for case in cases_of(include_str!("../../../vectors/notes.json"), 200) {
        match case.text("operation").as_str() {
            "signature" => check_signature(&case),
            "key" => check_key(&case),
            "note" => check_note(&case),
            other => panic!("{}: {other}", case.name()),
        }
    }
}

pub(super) fn checkpoints() {
    for case in cases_of(include_str!("../../../vectors/checkpoints.json"), 100) {
        match case.text("operation").as_str() {
            "checkpoint" => check_checkpoint(&case),
            "entry" => check_entry(&case),
            "growth" => check_growth(&case),
            other => panic!("{}: {other}", case.name()),
        }
    }
}

fn check_signature(case: &Case) {
    let key = PublicKey::from_bytes(case.bytes("key").try_into().unwrap());
    let signature = Signature::from_bytes(case.bytes("signature").try_into().unwrap());

    check_code(case, signature.check(&key, &case.bytes("message")));
}

fn check_key(case: &Case) {
    let bytes = case.bytes("text");
    // What is no text cannot be asked.
    let Ok(text) = std::str::from_utf8(&bytes) else {
        assert_eq!(case.text("error"), "bad-key", "{}", case.name());
        return;
    };
    let Some(key) = check_code(case, text.parse::<VerifierKey>()) else { return };

    assert_eq!(key.to_string(), text, "{}", case.name());
    assert_eq!(to_hex(key.name().as_bytes()), case.text("name"), "{}", case.name());
    assert_eq!(key.kind() as u64, case.number("type"), "{}", case.name());
    assert_eq!(key.public().to_string(), case.text("public"), "{}", case.name());
}

fn check_note(case: &Case) {
    let bytes = case.bytes("note");
    let opened = SignedNote::parse(&bytes)
        .and_then(|note| note.signers(&keys_of(case)).map(|signers| (note, signers)));
    let Some((note, signers)) = check_code(case, opened) else { return };
    let signers: Vec<serde_json::Value> =
        signers.iter().map(|signer| shown(&signer.key, signer.time)).collect();

    assert_eq!(note.to_text().as_bytes(), bytes, "{}", case.name());
    assert_eq!(to_hex(note.text().as_bytes()), case.text("text"), "{}", case.name());
    assert_eq!(note.signatures().len() as u64, case.number("lines"), "{}", case.name());
    assert_eq!(serde_json::Value::from(signers), case.value("signers"), "{}", case.name());
}

fn check_checkpoint(case: &Case) {
    let bytes = case.bytes("checkpoint");
    let believed = SignedCheckpoint::parse(&bytes)
        .and_then(|signed| signed.check(&keys_of(case)).map(|signers| (signed, signers)));
    let Some((signed, signers)) = check_code(case, believed) else { return };
    let checkpoint = signed.checkpoint();
    let log: Vec<String> = signers.log.iter().map(VerifierKey::to_string).collect();
    let of_witness = |Witness { key, time }: &Witness| shown(key, Some(*time));
    let witnesses: Vec<serde_json::Value> = signers.witnesses.iter().map(of_witness).collect();

    assert_eq!(signed.note().to_text().as_bytes(), bytes, "{}", case.name());
    assert_eq!(checkpoint.to_text(), signed.note().text(), "{}", case.name());
    assert_eq!(to_hex(checkpoint.origin().as_bytes()), case.text("origin"), "{}", case.name());
    assert_eq!(checkpoint.size(), case.number("size"), "{}", case.name());
    assert_eq!(checkpoint.root().to_string(), case.text("root"), "{}", case.name());
    assert_eq!(serde_json::Value::from(log), case.value("log"), "{}", case.name());
    assert_eq!(serde_json::Value::from(witnesses), case.value("witnesses"), "{}", case.name());
    if let Some(workspace) = checkpoint.workspace() {
        assert_eq!(Checkpoint::origin_of(workspace), checkpoint.origin(), "{}", case.name());
    }
}

fn check_entry(case: &Case) {
    let bytes = case.bytes("proof");
    let checked = EntryProof::parse(&bytes).and_then(|proof| {
        let number = match case.text_or_null("leaf") {
            Some(leaf) => proof.check_leaf(leaf.parse().unwrap()).map(|()| proof.index),
            None => proof.check_entry().map(|entry| entry.number),
        };
        number.map(|number| (proof, number))
    });
    let Some((proof, number)) = check_code(case, checked) else { return };

    assert_eq!(proof.to_text().as_bytes(), bytes, "{}", case.name());
    assert_eq!(number, case.number("number"), "{}", case.name());
    assert!(EntryProof::begins(&bytes), "{}", case.name());
}

fn check_growth(case: &Case) {
    let bytes = case.bytes("proof");
    let before = SignedCheckpoint::parse(&case.bytes("before")).unwrap();
    let checked = GrowthProof::parse(&bytes)
        .and_then(|proof| proof.check(before.checkpoint()).map(|()| proof));
    let Some(proof) = check_code(case, checked) else { return };

    assert_eq!(proof.to_text().as_bytes(), bytes, "{}", case.name());
    assert_eq!(proof.checkpoint.checkpoint().size(), case.number("size"), "{}", case.name());
    assert!(GrowthProof::begins(&bytes), "{}", case.name());
}

fn keys_of(case: &Case) -> Vec<VerifierKey> {
    let keys = case.value("keys");
    let keys = keys.as_array().unwrap();
    keys.iter().map(|key| key.as_str().unwrap().parse().unwrap()).collect()
}

fn shown(key: &VerifierKey, time: Option<u64>) -> serde_json::Value {
    serde_json::json!([key.to_string(), time.map(|time| time.to_string())])
}
