//! The programs themselves: that they repeat, and that they reach what they should.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "this is how a test fails")]

use std::collections::{BTreeMap, BTreeSet};

use markerbed_cross_target::run_direct;

#[test]
fn a_program_repeats_and_another_seed_is_another_program() {
    let once = run_direct(1, false);

    assert_eq!(once, run_direct(1, false));
    assert_ne!(once.digest(), run_direct(2, false).digest());
}

/// A program that tries nothing would agree with everything.
#[test]
fn every_operation_is_done_and_refused() {
    let mut done = BTreeMap::<String, [u32; 2]>::new();
    let mut codes = BTreeSet::new();
    for seed in 0..400 {
        for line in run_direct(seed, false).text.lines().filter(|line| !line.starts_with("  ")) {
            let (operation, outcome) = line.split_once(": ").unwrap();
            let refused = outcome.strip_prefix("refused ");
            codes.extend(refused.and_then(|text| text.split(' ').next()).map(str::to_owned));
            done.entry(operation.to_owned()).or_default()[usize::from(refused.is_some())] += 1;
        }
    }
    println!("{done:#?}\n{codes:#?}");

    assert_eq!(done.len(), 29, "{done:?}");
    let never_refused = ["check-objects", "content-hasher", "content-ids", "verify-path"];
    for (operation, [accepted, refused]) in done {
        assert!(accepted > 10, "{operation} was done {accepted} times");
        let is_refused = refused > 0 || never_refused.contains(&operation.as_str());
        assert!(is_refused, "{operation} was never refused");
    }
    assert!(codes.len() >= 15, "{codes:?}");
}
