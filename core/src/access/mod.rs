//! Who may do what in a workspace (`docs/spec/grants.md`).

mod grants;
mod role;
mod scope;

pub use grants::{Decision, Grant, Grants};
pub use role::{Right, Role};
pub use scope::Scope;
