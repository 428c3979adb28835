//! Signed heads of the log, and proofs that stand on them (`docs/spec/checkpoints.md`).

mod entry_proof;
mod growth_proof;
mod head;
mod key;
mod lines;
mod note;
mod terms;

pub use entry_proof::EntryProof;
pub use growth_proof::GrowthProof;
pub use head::{Checkpoint, SignedCheckpoint, Signers, Witness};
pub use key::{VerifierKey, VerifierKind};
pub use note::{NoteSignature, SignedNote, Signer};
pub use terms::KeyTerms;
