//! The append-only log of a workspace and what its entries add up to (`docs/spec/ledger.md`).

mod advance;
mod compact;
mod entry;
mod genesis;
mod key_change;
mod log_proof;
mod state;
mod state_object;

pub use advance::{StatePoint, advance};
pub use compact::{CompactRange, leaf_hash, log_root};
pub use entry::{LedgerEntry, Operation, RefChange, RefMove};
pub use genesis::{Genesis, Nonce};
pub use key_change::{KeyRevocation, KeyRotation, RevocationReason};
pub use log_proof::{ConsistencyClaim, InclusionClaim, prove_consistency, prove_inclusion};
pub use state::{BuiltState, KeyStatus, State};
pub use state_object::StateObject;
