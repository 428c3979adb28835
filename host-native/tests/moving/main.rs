//! A tree that changes at full speed while it is taken in: what is recorded was there.
//!
//! Every version of a file says which it is and carries its own checksum; what lies outside the
//! tree says so. A sink judges each content as it comes, and a walk then judges where it was
//! recorded. A write that takes longer can be met half-way, as is documented (`gaps.rs`): what is
//! recorded of it was there at one moment all the same.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that fails must fail"
)]

#[path = "../trees/mod.rs"]
mod trees;

mod judge;
mod mutate;
mod rewritten;
mod version;

use std::{
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use markerbed_core::SnapshotId;
use markerbed_host::{
    progress::Silent,
    restore::{RestoreOptions, restore},
    snapshot::{Memory, SeenPlace, SnapOptions, take_again},
    store::MemoryStore,
};
use markerbed_suites::{cases_in_ci, print_count, seed};
use trees::{Scratch, WORKSPACE};

use judge::{Judge, check};
use mutate::{Mutators, Tree};

#[test]
fn what_is_recorded_of_a_tree_in_motion_was_there() {
    let name = "what_is_recorded_of_a_tree_in_motion_was_there";
    let tree = Tree::new();
    let (home, store) = (Scratch::new(), MemoryStore::default());
    let judge = Judge::new(&store);
    let options = SnapOptions::default();
    let place = SeenPlace::of(home.path(), WORKSPACE, &tree.root(), &options);
    let place = place.unwrap().expect("scratch directories tell times");
    let mutators = Mutators::new(&tree, seed());
    let (mut snapshots, mut files, mut gaps) = (0_u64, 0_u64, 0_u64);

    thread::scope(|scope| {
        mutators.start(scope);
        let _stop = mutators.stop_at_the_end();
        let end = Instant::now() + Duration::from_secs(u64::from(cases_in_ci(60)));
        while Instant::now() < end {
            // Each second one relies on what the one before has seen.
            let seen = if snapshots % 2 == 1 { place.read() } else { None };
            let memory = Memory { seen: seen.as_ref(), place: Some(&place), ..Memory::default() };
            let least = tree.whole();

            let (taken, new) = take_again(&tree.root(), &options, &judge, &Silent, memory).unwrap();

            new.into_iter().for_each(|new| new.keep(SnapshotId::from_bytes([9; 32])));
            files += check(&judge, &taken, &least, &tree.begun());
            gaps += taken.gaps.len() as u64;
            snapshots += 1;
        }
    });

    let changes = mutators.changes.load(Ordering::Relaxed);
    let known = files.saturating_sub(judge.read.load(Ordering::Relaxed));
    println!(
        "{snapshots} snapshots, {files} files, {known} of them known, {gaps} gaps, \
         {changes} changes"
    );
    assert!(snapshots >= 4 && gaps > 0, "{snapshots} snapshots with {gaps} gaps");
    assert!(known > 100, "{known} files were known again");
    assert!(changes >= 10_000, "nothing moved: {changes} changes");
    print_count(name, files, 1_000);
}

#[test]
fn a_restore_into_a_target_in_motion_writes_nothing_outside() {
    let source = Scratch::new();
    for directory in 0..20 {
        for file in 0..20 {
            source.file(format!("d{directory:02}/e/f{file:02}"), format!("{directory} {file}"));
        }
        source
            .link(format!("d{directory:02}/e/link"), "f00")
            .directory(format!("d{directory:02}/z"));
    }
    let recorded = source.take();
    let tree = mutate::Target::new(20);
    let outside = tree.outside();
    let options = RestoreOptions { force: true, ..RestoreOptions::default() };
    let (mut restored, mut refused) = (0_u64, 0_u64);

    let swaps = tree.while_swapping(|| {
        let end = Instant::now() + Duration::from_secs(u64::from(cases_in_ci(10)));
        while Instant::now() < end {
            let root = recorded.taken.root;
            let done = restore(&recorded.store, WORKSPACE, root, &tree.target(), &options, &Silent);
            match done {
                Ok(_) => restored += 1,
                Err(_) => refused += 1,
            }
        }
    });

    assert_eq!(tree.outside(), outside, "something was written outside");
    println!("{restored} restored, {refused} refused, {swaps} swaps");
    assert!(swaps >= 1_000, "nothing moved: {swaps} swaps");
    print_count("a_restore_into_a_target_in_motion", restored + refused, 5);
}
