//! What a power cut may leave in every single operation of two hundred steps of real use.

use std::collections::HashSet;

use markerbed_host::{
    drive::blocking::wait,
    store::{Contents, DirectoryStore, directory::Access},
};
use markerbed_suites::{Random, cases, cases_in_ci, print_count, seed};

use crate::{
    files::{FakeFiles, Loss, Tamper},
    support::{OURS, commit, root, text},
    workload::{End, Event, Expected, Reading, STEPS, Workload, small_packs},
};

/// A moment in which the power may go, and what must be there then.
struct Moment {
    operation: u64,
    files: FakeFiles,
    /// None before the store is there for certain.
    before: Option<Expected>,
    /// If the call that is in flight is done.
    after: Option<Expected>,
}

/// The moments of one run of the workload: one for each operation that changes something.
fn moments() -> Vec<Moment> {
    let files = FakeFiles::default();
    files.set_fault(None);
    files.keep_cuts();
    let mut workload = Workload::new(files.clone());
    workload.open().unwrap();
    let created = files.operations();
    for step in 0..STEPS {
        workload.step(step).unwrap();
    }
    workload.close();
    let events = workload.events.lock().unwrap().clone();
    let mut expected = Expected::before(events.iter().map(|event| &event.call));
    let mut events = events.into_iter().peekable();
    let cuts = files.take_cuts();
    assert!(events.len() > 500 && cuts.len() > 500, "{} {}", events.len(), cuts.len());
    let moments = cuts.into_iter().map(|cut| {
        let is_over = |event: &Event| event.ended < cut.operation;
        while let Some(event) = events.next_if(is_over) {
            assert_ne!(event.end, End::Failed);
            if event.end == End::Done {
                expected.done(&event.call);
            }
        }
        let in_flight = events.peek().filter(|event| event.begun < cut.operation);
        let after = in_flight.map(|event| {
            let mut after = expected.clone();
            after.done(&event.call);
            after
        });
        let before = (cut.operation > created).then(|| expected.clone());
        Moment { operation: cut.operation, files: cut.files, before, after }
    });
    moments.collect()
}

/// Tries each moment with these ways to lose, until as many states as `floor` were tried.
fn try_moments(name: &str, losses: &[Loss], floor: u32) {
    let mut random = Random::new(seed(), name);
    let floor = u64::from(cases_in_ci(floor));
    let moments = moments();
    let count = moments.len() as u64;
    let mut tried = 0;
    for (moment, number) in moments.iter().zip(1..) {
        let mut seen = HashSet::new();
        for draw in 0..DRAWS_MAX {
            // Where little is at stake other moments make up for it.
            if draw >= DRAWS_MIN && tried * count >= floor * number {
                break;
            }
            for loss in losses {
                let files = moment.files.after_crash(*loss, &mut random);
                if seen.insert(files.fingerprint()) {
                    tried += 1;
                    let case = || format!("{loss:?} at operation {}", moment.operation);
                    check(moment, &files, tried, &case);
                }
            }
        }
    }
    print_count(name, tried, floor);
}

/// How often each moment is tried at least and at most.
const DRAWS_MIN: u32 = 1;
const DRAWS_MAX: u32 = 300;

/// Opens what was left, for writing, and goes on.
fn check(moment: &Moment, files: &FakeFiles, number: u64, case: &dyn Fn() -> String) {
    let wrong = |what: &str, fault: String| -> ! {
        panic!("{}, seed {}, state {number}: {what}: {fault}", case(), seed())
    };
    let opened = DirectoryStore::open(root(), small_packs(files, Access::Write));
    let store = match (&moment.before, opened) {
        (_, Ok(store)) => store,
        (None, Err(error)) if matches!(error.code(), "no-store" | "not-a-store") => return,
        (_, Err(error)) => wrong("opening", error.to_string()),
    };
    if !store.damage().is_empty() {
        wrong("opening", format!("{:?}", store.damage()));
    }
    let Some(before) = &moment.before else { return };
    let reading = Reading { one_of: 16, which: number };
    let expected = match (before.check_records(&store), &moment.after) {
        (Ok(()), _) => before,
        (Err(fault), None) => wrong("records", fault),
        (Err(fault), Some(after)) => match after.check_records(&store) {
            Ok(()) => after,
            Err(other) => wrong("records", format!("{fault}; and if it was done: {other}")),
        },
    };
    if let Err(fault) = expected.check_items(&store, reading) {
        wrong("items", fault);
    }
    if !number.is_multiple_of(4) {
        return;
    }
    let reader = DirectoryStore::open(root(), small_packs(files, Access::Read)).unwrap();
    if let Err(fault) = expected.check_records(&reader) {
        wrong("a reader", fault);
    }
    let new = text("new", 500);
    let ids = wait(store.put_contents(OURS, std::slice::from_ref(&new))).unwrap();
    if let Err(error) = commit(&store, expected.entries(OURS)) {
        wrong("going on", error.to_string());
    }
    drop(store);
    let again = files.after_crash(Loss::DropAll, &mut Random::new(0, "again"));
    let store = DirectoryStore::open(root(), small_packs(&again, Access::Write));
    let store = store.unwrap_or_else(|error| wrong("opening again", error.to_string()));
    if wait(store.fetch_contents(OURS, &ids)).unwrap() != [Some(new)] || !store.damage().is_empty()
    {
        wrong("opening again", format!("{:?}", store.damage()));
    }
    if let Err(fault) = expected.check_items(&store, Reading { one_of: 256, which: number }) {
        wrong("items, opened again", fault);
    }
}

#[test]
fn power_cuts_that_lose_all_or_nothing_or_the_end() {
    let losses = [Loss::DropAll, Loss::KeepAll, Loss::Prefix];
    try_moments("directory_store_states_prefix", &losses, 17_000);
}

#[test]
fn power_cuts_that_lose_any_changes() {
    let losses = [Loss::Reorder, Loss::ZeroLength, Loss::ZeroBytes];
    try_moments("directory_store_states_reorder", &losses, 15_000);
}

#[test]
fn power_cuts_that_tear_sectors() {
    try_moments("directory_store_states_torn", &[Loss::TornSector], 18_000);
}

#[test]
fn power_cuts_during_recovery() {
    let name = "directory_store_states_of_recovery";
    let mut random = Random::new(seed(), name);
    let depth = if cases(1) > 1 { 2 } else { 1 };
    let floor = cases_in_ci(2_000);
    let mut tried = 0;
    for moment in moments().iter().step_by(if floor < 2_000 { 50 } else { 5 }) {
        let loss = draw_loss(&mut random);
        let files = moment.files.after_crash(loss, &mut random);
        let case = format!("{loss:?} at operation {}", moment.operation);
        cut_recovery(moment, &files, depth, &mut random, &case, &mut tried);
    }
    print_count(name, tried, floor.into());
}

/// Cuts the opening of what a power cut left in each of its operations, and again if `depth` says.
fn cut_recovery(
    moment: &Moment,
    files: &FakeFiles,
    depth: u32,
    random: &mut Random,
    case: &str,
    tried: &mut u64,
) {
    let recovering = files.after_kill();
    recovering.set_fault(None);
    recovering.keep_cuts();
    drop(DirectoryStore::open(root(), small_packs(&recovering, Access::Write)));
    for cut in recovering.take_cuts() {
        for _ in 0..3 {
            let loss = draw_loss(random);
            let files = cut.files.after_crash(loss, random);
            let case = format!("{case}, then {loss:?} at operation {} of opening", cut.operation);
            if depth > 1 {
                cut_recovery(moment, &files, depth - 1, random, &case, tried);
            }
            *tried += 1;
            check(moment, &files, *tried, &|| case.clone());
        }
    }
}

fn draw_loss(random: &mut Random) -> Loss {
    Loss::ALL[random.below(Loss::ALL.len() as u64) as usize]
}
