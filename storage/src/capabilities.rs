//! What a store can do, and whether that is enough.

use markerbed_core::limits::OBJECT_BYTES_MAX;

use super::StoreError;

/// What a store can do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Capabilities {
    /// The store's name in messages.
    pub store: &'static str,
    /// What was acknowledged survives a power cut.
    pub durable: bool,
    /// A write can depend on what is there: the workspace number moves by compare-and-swap.
    pub conditional_put: bool,
    /// What was written is read by whoever asks next.
    pub read_after_write: bool,
    /// Several writes become visible and durable together.
    pub transactions: bool,
    /// A call may hold its thread while it waits; an asynchronous caller uses a thread for it.
    pub blocks_thread: bool,
    /// Bytes of the largest single value; contents of any length are cut below that.
    pub value_bytes_max: u64,
    /// How many calls at once the store is fastest with.
    pub concurrency_wanted: usize,
}

impl Capabilities {
    /// Checks that three contracts together can keep what the product promises.
    ///
    /// # Errors
    ///
    /// [`StoreError::Incapable`] naming the first store that cannot, and what it lacks.
    pub fn check(records: &Self, contents: &Self, streams: &Self) -> Result<(), StoreError> {
        let holds_object = |store: &Self| store.value_bytes_max >= u64::from(OBJECT_BYTES_MAX);
        let needs = [
            (records, records.conditional_put, "conditional put"),
            (records, records.transactions, "transactions"),
            (records, records.read_after_write, "read after write"),
            (records, holds_object(records), "room for the largest object in one value"),
            (contents, contents.read_after_write, "read after write"),
            // An entry that survives must not name bytes, or be followed by positions, that do not.
            (contents, contents.durable || !records.durable, "durability, which its records have"),
            (streams, streams.durable || !records.durable, "durability, which its records have"),
        ];
        match needs.into_iter().find(|(_, met, _)| !met) {
            Some((store, _, lacks)) => Err(StoreError::Incapable { store: store.store, lacks }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Capabilities = Capabilities {
        store: "good",
        durable: true,
        conditional_put: true,
        read_after_write: true,
        transactions: true,
        blocks_thread: false,
        value_bytes_max: u64::MAX,
        concurrency_wanted: 1,
    };

    fn lacks(records: Capabilities, contents: Capabilities) -> &'static str {
        match Capabilities::check(&records, &contents, &GOOD) {
            Err(StoreError::Incapable { lacks, .. }) => lacks,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn stores_that_can_all_of_it_are_taken() {
        assert!(Capabilities::check(&GOOD, &GOOD, &GOOD).is_ok());
    }

    #[test]
    fn records_without_a_conditional_put_are_refused() {
        assert_eq!(lacks(Capabilities { conditional_put: false, ..GOOD }, GOOD), "conditional put");
    }

    #[test]
    fn records_without_transactions_are_refused() {
        assert_eq!(lacks(Capabilities { transactions: false, ..GOOD }, GOOD), "transactions");
    }

    #[test]
    fn stores_that_show_a_write_late_are_refused() {
        let late = Capabilities { read_after_write: false, ..GOOD };

        assert_eq!(lacks(late, GOOD), "read after write");
        assert_eq!(lacks(GOOD, late), "read after write");
    }

    #[test]
    fn records_too_small_for_an_object_are_refused() {
        let small = Capabilities { value_bytes_max: u64::from(OBJECT_BYTES_MAX) - 1, ..GOOD };

        assert_eq!(lacks(small, GOOD), "room for the largest object in one value");
    }

    #[test]
    fn durable_entries_over_contents_that_vanish_are_refused() {
        let forgets = Capabilities { durable: false, ..GOOD };

        assert_eq!(lacks(GOOD, forgets), "durability, which its records have");
        assert!(Capabilities::check(&forgets, &forgets, &forgets).is_ok());
    }
}
