//! The suite that every store must pass, whatever it stands on.
//!
//! A host mounts it with [`store_conformance!`] once for each store and each wrapper. Each test
//! gets an empty store of its own; those of the module `reopening` also close it and open it
//! again, if the store is one that keeps anything.
#![forbid(unsafe_code)]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is how the tests that this crate is made of fail"
)]

mod at_once;
pub mod commits;
pub mod contents;
pub mod large;
pub mod objects;
pub mod reopening;
pub mod rows;
mod samples;
pub mod streams;
pub mod writers;

use std::{
    future::{Future, ready},
    pin::Pin,
    sync::Arc,
};

use markerbed_storage::Store;
use markerbed_suites::print_count;

/// A store for one test.
pub struct Fixture {
    store: Option<Arc<dyn Store>>,
    open: Box<dyn FnMut() -> Opening>,
    keeps: bool,
}

type Opening = Pin<Box<dyn Future<Output = Arc<dyn Store>>>>;

impl Fixture {
    /// A store that is gone when it is closed.
    pub fn fleeting(store: impl Store + 'static) -> Self {
        let store: Arc<dyn Store> = Arc::new(store);
        let again = store.clone();
        let open = Box::new(move || Box::pin(ready(again.clone())) as Opening);
        Self { store: Some(store), open, keeps: false }
    }

    /// A store that `open` makes, and opens again after it was closed.
    pub fn lasting<O: Future<Output = Arc<dyn Store>> + 'static>(
        mut open: impl FnMut() -> O + 'static,
    ) -> Self {
        Self { store: None, open: Box::new(move || Box::pin(open())), keeps: true }
    }

    /// The store.
    pub async fn store(&mut self) -> Arc<dyn Store> {
        if let Some(store) = &self.store {
            return store.clone();
        }
        let store = (self.open)().await;
        self.store.insert(store).clone()
    }

    /// Closes the store and opens it again; `None` if nothing would be there.
    ///
    /// No other handle of it may be open.
    pub async fn reopened(&mut self) -> Option<Arc<dyn Store>> {
        self.store = None;
        if self.keeps { Some(self.store().await) } else { None }
    }
}

/// Runs one test on a runtime of tokio with threads.
///
/// # Panics
///
/// If the test fails.
#[cfg(not(target_arch = "wasm32"))]
pub fn run_on_tokio<F: Future>(test: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test)
}

/// Prints how many tests the suite has.
///
/// # Panics
///
/// If there are fewer than there should be.
pub fn print_tests(name: &str) {
    print_count(name, TESTS.len() as u64, TESTS_FLOOR);
}

/// Mounts the whole suite on one store, as the module `$name`.
///
/// `$run` runs a future to its end; `$fixture` makes a [`Fixture`] with an empty store.
#[macro_export]
macro_rules! store_conformance {
    ($name:ident, $run:path, $fixture:expr) => {
        mod $name {
            use super::*;

            $crate::every_test! { mount_tests $run, $fixture }

            #[test]
            fn the_suite_has_its_tests() {
                $crate::print_tests(concat!("store_conformance_", stringify!($name)));
            }
        }
    };
}

/// Mounts the whole suite on one store of a browser, as the module `$name`.
///
/// `$fixture` makes a [`Fixture`] with an empty store. The crate that mounts it depends on
/// `wasm-bindgen-test`.
#[macro_export]
macro_rules! store_conformance_in_browser {
    ($name:ident, $fixture:expr) => {
        mod $name {
            use super::*;

            $crate::every_test! { mount_tests_in_browser $fixture }
        }
    };
}

/// The tests as functions that a browser runs.
#[doc(hidden)]
#[macro_export]
macro_rules! mount_tests_in_browser {
    ($fixture:expr; $($module:ident: $($test:ident)*;)*) => {$($(
        #[::wasm_bindgen_test::wasm_bindgen_test]
        async fn $test() {
            let mut fixture = $fixture;
            $crate::$module::$test(&mut fixture).await;
        }
    )*)*};
}

/// The tests as functions.
#[doc(hidden)]
#[macro_export]
macro_rules! mount_tests {
    ($run:path, $fixture:expr; $($module:ident: $($test:ident)*;)*) => {$($(
        #[test]
        fn $test() {
            let mut fixture = $fixture;
            $run($crate::$module::$test(&mut fixture));
        }
    )*)*};
}

/// One of the tests, by its name.
#[doc(hidden)]
#[macro_export]
macro_rules! find_test {
    ($name:ident, $fixture:ident; $($module:ident: $($test:ident)*;)*) => {
        $($(
            if $name == concat!(stringify!($module), "::", stringify!($test)) {
                return Some(Box::pin($crate::$module::$test($fixture)));
            }
        )*)*
    };
}

/// Their names.
#[doc(hidden)]
#[macro_export]
macro_rules! name_tests {
    (; $($module:ident: $($test:ident)*;)*) => {
        &[$($(concat!(stringify!($module), "::", stringify!($test)),)*)*]
    };
}

/// Hands the list of all tests to another macro of this crate.
#[doc(hidden)]
#[macro_export]
macro_rules! every_test {
    ($then:ident $($arguments:tt)*) => { $crate::$then! { $($arguments)*;
        objects:
            objects_come_in_the_order_asked_and_absent_ones_are_none
            a_request_for_nothing_is_answered_with_nothing
            an_object_put_twice_is_one_object
            the_same_object_twice_in_one_put_is_one_object
            equal_ids_of_two_kinds_are_two_objects
            objects_are_only_in_the_workspace_they_were_put_in
            objects_exist_when_they_can_be_fetched
            the_largest_and_the_smallest_object_come_back
            thousands_of_objects_of_one_put_come_back
            an_object_too_large_is_refused;
        rows:
            rows_are_put_changed_and_deleted
            of_two_changes_of_one_row_the_last_counts
            a_range_is_ordered_and_bounded
            a_range_goes_on_after_its_last_key
            a_prefix_ends_where_it_should_even_at_the_last_byte
            an_empty_prefix_is_every_row
            a_place_before_the_prefix_begins_at_the_prefix
            an_empty_key_with_an_empty_value_is_a_row
            rows_are_only_in_the_workspace_they_were_put_in
            rows_too_large_are_refused_and_nothing_is_changed;
        commits:
            a_workspace_without_entries_has_no_number
            the_number_is_that_of_the_newest_entry
            entries_are_read_by_number_up_to_the_newest
            a_long_ledger_is_read_in_bounded_answers
            of_two_rivals_one_loses_and_learns_the_number
            a_batch_that_lost_changes_nothing
            a_batch_tried_again_after_a_lost_answer_was_done_already
            a_request_is_the_same_at_another_time_and_number
            the_same_request_with_another_operation_is_refused
            a_refused_batch_changes_nothing
            the_same_request_of_another_agent_is_another_request
            a_batch_with_a_request_of_a_rival_is_lost
            entries_that_leave_a_gap_are_refused
            one_request_for_two_entries_is_refused
            an_entry_too_large_is_refused
            rows_alone_keep_the_number_and_obey_it
            requests_are_found_by_agent_and_id
            workspaces_have_numbers_and_requests_of_their_own;
        contents:
            a_content_has_the_id_that_its_plain_hash_is
            contents_come_in_the_order_asked_and_absent_ones_are_none
            no_contents_are_put_and_fetched_without_complaint
            an_empty_content_is_a_content
            a_content_put_twice_is_one_content
            contents_are_only_in_the_workspace_they_were_put_in
            ranges_are_cut_at_the_end
            lengths_are_told_without_reading
            thousands_of_small_contents_of_one_put_come_back
            a_removed_content_is_gone_and_can_be_put_again
            removing_what_is_absent_is_no_error
            removing_spares_other_contents_and_workspaces;
        large:
            a_content_written_in_odd_pieces_comes_back_as_a_stream
            a_content_written_and_one_put_are_the_same
            contents_around_the_size_of_a_part_come_back
            ranges_of_a_large_content_are_its_bytes
            a_content_without_a_byte_can_be_written
            a_writer_that_is_dropped_leaves_no_content
            two_writers_do_not_mix
            what_is_too_large_to_be_whole_is_refused_but_streams
            a_large_content_can_be_removed
            bytes_that_do_not_shrink_come_back_too;
        streams:
            a_subscriber_hears_of_entries_from_its_position_on
            a_subscriber_waits_for_the_next_entry
            a_limit_bounds_an_answer_and_the_rest_follows
            saying_it_twice_or_late_is_harmless
            a_position_is_kept_for_each_subscriber_and_workspace
            who_starts_again_from_its_position_misses_nothing
            a_subscriber_hears_of_its_own_workspace_only
            a_subscriber_with_too_long_a_name_is_refused;
        writers:
            of_many_writers_each_number_has_one_winner
            many_writers_put_the_same_contents
            readers_see_whole_batches_while_others_write;
        reopening:
            what_was_committed_is_there_again
            what_was_flushed_is_there_again
            requests_are_remembered
            removed_contents_stay_removed
            positions_are_remembered
            work_goes_on_after_each_of_many_openings;
    }};
}

/// The name of every test.
pub const TESTS: &[&str] = every_test! { name_tests };

/// The test of this name, one of [`TESTS`], for who mounts them where there are no macros.
pub fn test<'a>(
    name: &str,
    fixture: &'a mut Fixture,
) -> Option<Pin<Box<dyn Future<Output = ()> + 'a>>> {
    every_test! { find_test name, fixture }
    None
}

const TESTS_FLOOR: u64 = 70;
