//! The program as users run it: real commands on real directories.
#![forbid(unsafe_code)]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is how a test fails"
)]

mod support;

mod attributes;
mod audit;
mod checkpoints;
mod documents;
#[cfg(feature = "component")]
mod engines;
mod golden;
mod hostile_names;
mod interrupted;
mod listing;
mod machine;
mod many_entries;
mod no_contents;
mod odd_files;
mod output;
mod packs;
mod portable;
mod read_only;
mod readme;
mod rivals;
mod same_root;
mod sealing;
mod sealing_search;
mod seen;
mod store_faults;
mod tutorial;
mod watch;
mod whole_path;
#[cfg(feature = "component")]
mod wrong_engines;
mod wrong_input;
