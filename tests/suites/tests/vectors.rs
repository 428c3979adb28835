//! The engine against the golden vectors.
#![forbid(unsafe_code)]

use markerbed_suites::vectors::{SUITES, check};

macro_rules! mount {
    ($($suite:ident)*) => {
        $(
            #[test]
            fn $suite() {
                check(stringify!($suite));
            }
        )*

        #[test]
        fn every_suite_is_mounted() {
            let known: Vec<&str> = SUITES.iter().map(|(name, _)| *name).collect();

            assert_eq!(known, [$(stringify!($suite)),*]);
        }
    };
}

mount! {
    workspaces entries states grants logs notes checkpoints
    hashes pages maps operations_and_what_they_ask_for partial_pages map_proofs
    fields names nodes trees
    tree_proofs
    attributes snapshots json listings a_line_that_no_item_has_is_refused
}
