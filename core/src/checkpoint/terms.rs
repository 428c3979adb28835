//! For which checkpoints each key of a ledger counts (CHK-6, CHK-7).

use alloc::vec::Vec;

use crate::{
    id::PublicKey,
    ledger::{LedgerEntry, Operation},
};

/// What a verifier that replays a ledger takes from its entries about the keys that sign it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyTerms(Vec<Term>);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Term {
    key: PublicKey,
    /// The number of the entry that made it active: it counts for sizes above.
    since: u64,
    end: End,
}

/// Up to where a key counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// It is active.
    Open,
    /// It was rotated out, and signs once more: the next state, beside its successor.
    AtNextState,
    /// It was rotated out, and counts up to this size.
    Size(u64),
    /// It was revoked, and counts for nothing.
    Revoked,
}

impl KeyTerms {
    /// Nothing is known before the first entry.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Takes the next entry, which was applied.
    pub fn take(&mut self, entry: &LedgerEntry) {
        match &entry.operation {
            Operation::WorkspaceCreated(genesis) => self.begin(genesis.first_key, entry.number),
            Operation::KeyRotated(rotation) => {
                self.end(|term| term.end == End::Open, End::AtNextState);
                self.begin(rotation.new, entry.number);
            }
            Operation::KeyRevoked(revocation) => {
                self.end(|term| term.key == revocation.key, End::Revoked);
            }
            Operation::State(_) => {
                let size = entry.number.saturating_add(1);
                self.end(|term| term.end == End::AtNextState, End::Size(size));
            }
            _ => {}
        }
    }

    /// The keys that count for a checkpoint of `size` entries.
    pub fn of_size(&self, size: u64) -> impl Iterator<Item = PublicKey> {
        let counts = move |term: &&Term| match term.end {
            End::Open | End::AtNextState => term.since < size,
            End::Size(last) => term.since < size && size <= last,
            End::Revoked => false,
        };
        self.0.iter().filter(counts).map(|term| term.key)
    }

    fn begin(&mut self, key: PublicKey, since: u64) {
        self.0.push(Term { key, since, end: End::Open });
    }

    fn end(&mut self, which: impl Fn(&Term) -> bool, end: End) {
        self.0.iter_mut().filter(|term| which(term)).for_each(|term| term.end = end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::{Id16, StateId},
        ledger::{Genesis, KeyRevocation, KeyRotation, Nonce, RevocationReason},
        signature::Signature,
    };

    #[test]
    fn a_key_counts_from_its_entry_to_the_first_state_after_its_rotation() {
        let terms = terms([created(), rotated(1, 2), other(), state(), state(), rotated(2, 3)]);

        assert_eq!(sizes_of(&terms, 1), [1, 2, 3, 4]);
        assert_eq!(sizes_of(&terms, 2), [2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(sizes_of(&terms, 3), [6, 7, 8]);
    }

    #[test]
    fn a_revoked_key_counts_for_no_size() {
        let revocation = KeyRevocation { key: key(1), reason: RevocationReason::Lost };
        let revoked = Operation::KeyRevoked(revocation);

        let terms = terms([created(), rotated(1, 2), state(), revoked, state(), other()]);

        assert_eq!(sizes_of(&terms, 1), [0_u64; 0]);
        assert_eq!(sizes_of(&terms, 2), [2, 3, 4, 5, 6, 7, 8]);
    }

    fn terms(operations: [Operation; 6]) -> KeyTerms {
        let mut terms = KeyTerms::new();
        for (number, operation) in (0..).zip(operations) {
            let [agent, request] = [Id16::from_bytes([1; 16]); 2];
            terms.take(&LedgerEntry { number, time_ms: 0, agent, request, operation });
        }
        terms
    }

    fn sizes_of(terms: &KeyTerms, byte: u8) -> Vec<u64> {
        (0..=8).filter(|size| terms.of_size(*size).any(|found| found == key(byte))).collect()
    }

    fn created() -> Operation {
        let nonce = Nonce::from_bytes([7; 32]);
        Operation::WorkspaceCreated(Genesis { nonce, first_key: key(1) })
    }

    fn rotated(old: u8, new: u8) -> Operation {
        let signature = Signature::from_bytes([0; 64]);
        Operation::KeyRotated(KeyRotation { old: key(old), new: key(new), signature })
    }

    fn state() -> Operation {
        Operation::State(StateId::from_bytes([5; 32]))
    }

    fn other() -> Operation {
        Operation::SnapshotCommitted {
            snapshot: crate::SnapshotId::from_bytes([6; 32]),
            moves: None,
        }
    }

    fn key(byte: u8) -> PublicKey {
        PublicKey::from_bytes([byte; 32])
    }
}
