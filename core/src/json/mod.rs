//! Canonical JSON (`docs/spec/json.md`).
