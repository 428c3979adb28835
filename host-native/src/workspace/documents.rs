//! The documents of a snapshot, as far as a commit compares them (`docs/spec/snapshots.md`).

use markerbed_core::json::Value;

use super::WorkspaceError;

/// The gaps that evidence lists, as they stand there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Gaps(Vec<Value>);

impl Gaps {
    /// Tells whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Checks that rules are a document.
pub(super) fn check_rules(document: &[u8]) -> Result<(), WorkspaceError> {
    read(document, RULES).map(drop)
}

/// Reads the gaps of an evidence document; a document without that member lists none.
pub(super) fn gaps_of(document: &[u8]) -> Result<Gaps, WorkspaceError> {
    let value = read(document, EVIDENCE)?;
    Ok(Gaps(value.get("gaps").and_then(Value::as_array).unwrap_or_default().to_vec()))
}

fn read(document: &[u8], name: &'static str) -> Result<Value, WorkspaceError> {
    Value::read(document).map_err(|fault| WorkspaceError::BadDocument { document: name, fault })
}

/// What messages call the evidence of a snapshot.
pub(super) const EVIDENCE: &str = "evidence";
/// What messages call the rules of a snapshot.
pub(super) const RULES: &str = "rules";
