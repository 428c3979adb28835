//! The system fails at every single operation of real use, once or for ever, and is mended.

use std::{io::ErrorKind, mem::discriminant};

use markerbed_host::store::{DirectoryStore, directory::Access};
use markerbed_suites::{cases_in_ci, print_count};

use crate::{
    call::Call,
    files::{FakeFiles, Fault, FaultKind},
    support::root,
    workload::{End, Event, Expected, Failure, Reading, Workload, small_packs},
};

/// What must be there after these events, and what if the last one that failed was done.
fn expected(events: &[Event]) -> (Expected, Expected) {
    let mut sure = Expected::before(events.iter().map(|event| &event.call));
    let mut failed: Option<&Event> = None;
    for event in events {
        let Some(tried) = failed else {
            match event.end {
                End::Done => sure.done(&event.call),
                End::Nothing => {}
                End::Failed => failed = Some(event),
            }
            continue;
        };
        // What comes later tells whether it was done when it failed, and its answer was lost.
        let was_done = match &event.call {
            Call::Commit(workspace, batch) if *workspace == tried.call.workspace() => {
                let next = batch.expected.map_or(0, |number| number + 1);
                event.end == End::Nothing || next != sure.entries(*workspace)
            }
            _ => false,
        };
        if was_done {
            sure.done(&tried.call);
        }
        if event.end == End::Done {
            sure.done(&event.call);
        }
        let repeats = event.call.workspace() == tried.call.workspace()
            && discriminant(&event.call) == discriminant(&tried.call);
        if was_done || (repeats && event.end == End::Done) {
            failed = None;
        }
    }
    let mut perhaps = sure.clone();
    failed.into_iter().for_each(|event| perhaps.done(&event.call));
    (sure, perhaps)
}

/// Checks a store, which is as before or after what failed.
fn check(files: &FakeFiles, events: &[Event], reading: Reading, case: &str) {
    let store = match DirectoryStore::open(root(), small_packs(files, Access::Write)) {
        Ok(store) => store,
        // It was not even made.
        Err(error) if events.is_empty() && matches!(error.code(), "no-store" | "not-a-store") => {
            return;
        }
        Err(error) => panic!("{case}: {error}"),
    };
    assert_eq!(store.damage(), [], "{case}");
    let (sure, perhaps) = expected(events);
    let held = match (sure.check_records(&store), perhaps.check_records(&store)) {
        (Ok(()), _) => sure,
        (Err(_), Ok(())) => perhaps,
        (Err(before), Err(after)) => panic!("{case}: {before}; and if it was done: {after}"),
    };
    held.check_items(&store, reading).unwrap_or_else(|fault| panic!("{case}: {fault}"));
}

/// What became of one fault.
#[derive(Default)]
struct Seen {
    failed: u64,
    same_handle: u64,
    opened_again: u64,
}

/// Works from a step on with a fault, mends it when it shows, and goes on.
fn try_fault(begun: &Workload, first: u64, fault: Fault, seen: &mut Seen) {
    let case = format!("{fault:?} from step {first}");
    let mut work = begun.fork();
    work.files.set_fault(Some(fault));
    let mut steps = first..;
    for step in steps.by_ref().take(STEPS) {
        let Err(failure) = work.step(step) else { continue };
        check_failure(&failure, fault, &case);
        seen.failed += 1;
        work.files.set_fault(None);
        let killed = work.files.after_kill();
        check(&killed, &work.events.lock().unwrap(), SOME, &case);
        match work.step(step) {
            Ok(()) => seen.same_handle += 1,
            Err(failure) => {
                assert!(failure.text.contains("open the store again"), "{case}: {failure:?}");
                work.close();
                work.step(step).unwrap_or_else(|failure| panic!("{case}: {failure:?}"));
                seen.opened_again += 1;
            }
        }
        break;
    }
    work.files.set_fault(None);
    for step in steps.take(2) {
        if let Err(failure) = work.step(step) {
            // What nobody was told of may have broken the handle.
            assert!(failure.text.contains("open the store again"), "{case}: {failure:?}");
            work.close();
            work.step(step).unwrap_or_else(|failure| panic!("{case}: {failure:?}"));
        }
    }
    work.close();
    let events = work.events.lock().unwrap();
    check(&work.files.after_kill(), &events, Reading::ALL, &case);
}

fn check_failure(failure: &Failure, fault: Fault, case: &str) {
    let (FaultKind::Once(kind) | FaultKind::Forever(kind) | FaultKind::PowerCut(kind)) = fault.kind;
    let full = kind == ErrorKind::StorageFull;
    let wanted = if full { "store-full" } else { "store-failed" };
    // A second failure may follow from the first.
    let follows = failure.text.contains("open the store again");
    assert!(failure.code == wanted || follows, "{case}: {failure:?}");
}

/// Tries a fault at each operation.
fn try_faults(name: &str, first: u64, kinds: [fn(ErrorKind) -> FaultKind; 2]) {
    let mut begun = Workload::new(FakeFiles::default());
    for step in 0..first {
        begun.step(step).unwrap();
    }
    begun.close();
    let mut seen = Seen::default();
    let mut tried = 0;
    // Elsewhere every tenth operation; in CI every one.
    let count = cases_in_ci(300);
    let every = if count < 300 { 10 } else { 1 };
    for at in (1..=u64::from(count.max(300))).step_by(every) {
        for (kind, error) in kinds.iter().zip([ErrorKind::Other, ErrorKind::StorageFull]) {
            try_fault(&begun, first, Fault { at, kind: kind(error) }, &mut seen);
            tried += 1;
        }
    }
    let Seen { failed, same_handle, opened_again } = seen;
    println!("{failed} failed; {same_handle} went on, {opened_again} were opened again");
    assert!(failed > tried / 2 && same_handle > tried / 10 && opened_again > 0);
    print_count(name, tried, 600 / every as u64);
}

#[test]
fn each_operation_from_the_first_on_fails_once() {
    let name = "directory_store_workload_faults_once";
    try_faults(name, 0, [FaultKind::Once, FaultKind::Once]);
}

#[test]
fn each_operation_from_the_first_on_fails_for_ever() {
    let name = "directory_store_workload_faults_for_ever";
    try_faults(name, 0, [FaultKind::Forever, FaultKind::Forever]);
}

#[test]
fn each_operation_in_a_store_of_several_packs_fails() {
    let name = "directory_store_workload_faults_later";
    try_faults(name, 54, [FaultKind::Once, FaultKind::Forever]);
}

/// How many steps follow a fault at most.
const STEPS: usize = 40;

const SOME: Reading = Reading { one_of: 16, which: 0 };
