//! What stands beside a tree, against the golden vectors: attributes, snapshots, JSON, listings.

use crate::vector::{Case, cases_of, check_code, to_hex};
use markerbed_core::{
    Fault,
    codec::Canonical,
    hash::sha256,
    json::Value,
    tree::{Attributes, ListedItem, ListingHasher, ListingLine, Path, Snapshot, write_listing},
};

pub(super) fn attributes() {
    for case in cases_of(include_str!("../../../vectors/attributes.json"), 92) {
        let bytes = case.bytes("bytes");
        let Some(attributes) = check_code(&case, Attributes::decode(&bytes)) else { continue };

        assert_eq!(attributes.encode(), bytes, "{}", case.name());
        assert_eq!(attributes.id().to_string(), case.text("id"), "{}", case.name());
        let (own, children) = (attributes.own().to_vec(), attributes.children());
        assert_eq!(Attributes::new(own, children), Ok(attributes), "{}", case.name());
    }
}

pub(super) fn snapshots() {
    for case in cases_of(include_str!("../../../vectors/snapshots.json"), 52) {
        let bytes = case.bytes("bytes");
        let Some(snapshot) = check_code(&case, Snapshot::decode(&bytes)) else { continue };

        assert_eq!(snapshot.encode(), bytes, "{}", case.name());
        assert_eq!(snapshot.id().to_string(), case.text("id"), "{}", case.name());
        assert_eq!(Snapshot::new(snapshot.clone().into_fields()), Ok(snapshot.clone()));
        check_snapshot(&case.get("snapshot").unwrap(), &snapshot);
    }
}

fn check_snapshot(fields: &Case, snapshot: &Snapshot) {
    let optional = |member: &str| fields.text_or_null(member).map(str::to_owned);
    let parents: Vec<serde_json::Value> =
        snapshot.parents.iter().map(|parent| parent.to_string().into()).collect();

    assert_eq!(snapshot.root.to_string(), fields.text("root"));
    assert_eq!(serde_json::Value::from(parents), fields.value("parents"));
    assert_eq!(u64::from(snapshot.source_kind.number()), fields.number("source_kind"));
    assert_eq!(snapshot.source_label.as_str(), fields.text("source_label"));
    assert_eq!(snapshot.run.to_string(), fields.text("run"));
    assert_eq!(snapshot.captured_at_ms, fields.signed("captured_at"));
    assert_eq!(u64::from(snapshot.clock.number()), fields.number("clock"));
    assert_eq!(snapshot.agent.to_string(), fields.text("agent"));
    assert_eq!(snapshot.rules.to_string(), fields.text("rules"));
    assert_eq!(u64::from(snapshot.coverage.number()), fields.number("coverage"));
    assert_eq!(snapshot.evidence.map(|id| id.to_string()), optional("evidence"));
    assert_eq!(snapshot.attributes.map(|id| id.to_string()), optional("attributes"));
    assert_eq!(snapshot.listing.map(|digest| digest.to_string()), optional("listing"));
    assert_eq!(snapshot.tool.as_str(), fields.text("tool"));
}

pub(super) fn json() {
    for case in cases_of(include_str!("../../../vectors/json.json"), 132) {
        let bytes = case.bytes("bytes");

        if let Some(value) = check_code(&case, Value::read(&bytes)) {
            assert_eq!(value.write(), Ok(bytes), "{}", case.name());
        }
    }
}

pub(super) fn listings() {
    for case in cases_of(include_str!("../../../vectors/listing.json"), 17) {
        let lines: Vec<ListingLine> =
            case.get("lines").unwrap().list().iter().map(line_of).collect();

        let listing = write_listing(lines.clone()).unwrap();

        assert_eq!(to_hex(&listing), case.text("listing"), "{}", case.name());
        assert_eq!(sha256(&[&listing]).to_string(), case.text("sha256"), "{}", case.name());
        let mut sorted = lines.clone();
        sorted.sort();
        let mut hasher = ListingHasher::default();
        sorted.into_iter().for_each(|line| hasher.push(line).unwrap());
        assert_eq!(hasher.finish().to_string(), case.text("sha256"), "{}", case.name());
        let read = listing
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| ListingLine::read(line.strip_suffix(b"\n").unwrap()).unwrap());
        let mut sorted = lines.clone();
        sorted.sort();
        assert_eq!(read.collect::<Vec<_>>(), sorted, "{}", case.name());
        if let Some(line) = lines.first() {
            let twice = write_listing(vec![line.clone(), line.clone()]);
            let refused = Err(Fault::NotAscending.code());
            assert_eq!(twice.map_err(|error| error.code()), refused, "{}", case.name());
        }
    }
}

pub(super) fn a_line_that_no_item_has_is_refused() {
    let digest = "0".repeat(64);
    let good = [format!("{digest}  a"), format!("sealed {digest}  a"), format!("\\{digest}  a\\n")];
    let bad = [
        String::new(),
        digest.clone(),
        format!("{digest}  "),
        format!("{digest} *a"),
        format!("{digest}  a\\"),
        format!("{digest}  a\r"),
        format!("\\{digest}  a"),
        format!("\\{digest}  a\\t\\n"),
        format!("\\{digest}  a\\n\\"),
        format!("{digest}  a//b"),
        format!("{digest}  /a"),
        format!("sealed  {digest}  a"),
        format!("{}  a", "A".repeat(64)),
    ];

    for line in &good {
        assert!(ListingLine::read(line.as_bytes()).is_ok(), "{line:?}");
    }
    for line in &bad {
        assert!(ListingLine::read(line.as_bytes()).is_err(), "{line:?}");
    }
}

fn line_of(line: &Case) -> ListingLine {
    let item = match line.text_or_null("sha256") {
        Some(digest) => ListedItem::File(digest.parse().unwrap()),
        None => ListedItem::Sealed(line.text("sealed").parse().unwrap()),
    };
    ListingLine { path: Path::new(&line.bytes("path")).unwrap(), item }
}
