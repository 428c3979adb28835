//! Canonical JSON: RFC 8785 without fractions (`docs/spec/json.md`).

mod parse;
mod text;
mod value;
mod write;

pub use value::{Member, Value};
