//! Random sequences of everything that can happen to a store, with the memory store as oracle.

mod oracle;
mod pool;
mod step;

use std::{
    collections::BTreeMap,
    io::ErrorKind,
    panic::{AssertUnwindSafe, catch_unwind},
};

use markerbed_host::store::{
    DirectoryStore, StoreError,
    directory::{Access, Options},
};
use markerbed_suites::{Random, cases_in_ci, print_count, seed};
pub(crate) use oracle::{Oracle, everything};
pub(crate) use pool::WORKSPACES;
pub(crate) use step::{Letter, Step};

use crate::{
    call::{Answer, Call},
    files::{FakeFiles, Fault, FaultKind, Loss, Tamper},
    support::{options, root, scan_all},
};

#[test]
fn random_sequences_are_answered_as_by_the_memory_store() {
    let sequences = cases_in_ci(SEQUENCES);
    let first_of_seed = seed();
    let half = |first| {
        let numbers = (first..sequences).step_by(2);
        let mut counts = Counts::default();
        numbers.for_each(|number| try_sequence(first_of_seed, number, &mut counts));
        counts
    };
    let mut counts = Counts::default();
    std::thread::scope(|scope| {
        for half in [0, 1].map(|first| scope.spawn(move || half(first))) {
            for (key, count) in half.join().unwrap() {
                *counts.entry(key).or_default() += count;
            }
        }
    });

    for ((letter, word), count) in &counts {
        println!("{count:>8} {letter:?} {word}");
    }
    print_count("directory_store_model", sequences.into(), cases_in_ci(SEQUENCES).into());
    if sequences < SEQUENCES {
        return;
    }
    for (letter, words) in WANTED {
        for word in *words {
            assert!(counts.contains_key(&(*letter, word)), "there was no {letter:?} {word}");
        }
    }
}

fn try_sequence(seed: u64, number: u32, counts: &mut Counts) {
    let mut random = Random::new(seed, &format!("model {number}"));
    let pack_bytes = [1, 500, 3_000, 20_000, 64 << 20][random.below(5) as usize];
    let steps: Vec<_> = (0..STEPS).map(|_| Step::draw(&mut random)).collect();
    if let Err(fault) = try_run(&steps, pack_bytes, counts) {
        let (steps, fault) = shrink(steps, pack_bytes, fault);
        println!("{steps:#?}");
        panic!("sequence {number} of seed {seed}, packs of {pack_bytes} bytes: {fault}");
    }
}

/// How often each letter had each outcome.
type Counts = BTreeMap<(Letter, &'static str), u64>;

/// Runs a sequence; a panic is a fault too.
fn try_run(steps: &[Step], pack_bytes: u64, counts: &mut Counts) -> Result<(), String> {
    let run = || Run::new(pack_bytes, counts).and_then(|mut run| run.all(steps));
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => result,
        Err(panic) => Err(match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(_) => "it panicked".to_owned(),
        }),
    }
}

/// Leaves out every step without which something is wrong still.
fn shrink(mut steps: Vec<Step>, pack_bytes: u64, mut fault: String) -> (Vec<Step>, String) {
    for at in (0..steps.len()).rev() {
        let mut fewer = steps.clone();
        fewer.remove(at);
        if let Err(found) = try_run(&fewer, pack_bytes, &mut Counts::default()) {
            (steps, fault) = (fewer, found);
        }
    }
    (steps, fault)
}

/// A store in the middle of a sequence.
struct Run<'a> {
    files: FakeFiles,
    pack_bytes: u64,
    /// None only while it is opened.
    store: Option<DirectoryStore>,
    oracle: Oracle,
    /// Operations fail, for so many steps.
    failing_steps: u64,
    /// A call that writes has failed since the store was opened.
    failed: bool,
    /// There was a fault, which may have hit what nobody is told of.
    faulted: bool,
    counts: &'a mut Counts,
}

impl<'a> Run<'a> {
    fn new(pack_bytes: u64, counts: &'a mut Counts) -> Result<Self, String> {
        let files = FakeFiles::default();
        let sizes = Options { pack_bytes, ..options(&files, Access::Write) };
        let store = DirectoryStore::create(root(), sizes).map_err(|error| error.to_string())?;
        let oracle = Oracle::default();
        let store = Some(store);
        let (failing_steps, failed, faulted) = (0, false, false);
        Ok(Self { files, pack_bytes, store, oracle, failing_steps, failed, faulted, counts })
    }

    fn all(&mut self, steps: &[Step]) -> Result<(), String> {
        for step in steps {
            self.step(step).map_err(|fault| format!("{step:?}: {fault}"))?;
        }
        self.heal();
        self.reopen(Letter::Reopen, |_| {})?;
        let (_, damaged) =
            scan_all(root(), self.files.clone()).map_err(|error| error.to_string())?;
        if damaged.is_empty() { Ok(()) } else { Err(format!("a scan found {damaged:?}")) }
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        let mut random = step.random();
        match step.letter {
            Letter::Reader => self.read()?,
            Letter::Rival => self.open_twice()?,
            Letter::Reopen => self.reopen(step.letter, |_| {})?,
            Letter::Kill => self.reopen(step.letter, |run| run.files = run.files.after_kill())?,
            Letter::PowerCut => {
                if random.below(3) > 0 {
                    self.fail(1 + random.below(8), FaultKind::PowerCut(ErrorKind::Other));
                    self.cut_short(&mut random)?;
                }
                let loss = Loss::ALL[random.below(Loss::ALL.len() as u64) as usize];
                let crash = |run: &mut Self| run.files = run.files.after_crash(loss, &mut random);
                self.reopen(step.letter, crash)?;
            }
            Letter::Fail | Letter::Fill => {
                let full = step.letter == Letter::Fill;
                let kind = if full { ErrorKind::StorageFull } else { ErrorKind::Other };
                let is_once = random.below(2) == 0;
                let kind = if is_once { FaultKind::Once } else { FaultKind::Forever }(kind);
                self.fail(1 + random.below(12), kind);
                self.failing_steps = 1 + random.below(4);
                self.count(step.letter, if is_once { "once" } else { "for some time" });
            }
            Letter::CommitTogether => self.ask_together(step)?,
            letter => {
                let call = step.call(&mut self.oracle);
                if let Some(call) = call {
                    self.ask(letter, &call)?;
                }
            }
        }
        self.failing_steps = self.failing_steps.saturating_sub(1);
        if self.failing_steps == 0 {
            self.heal();
        }
        // A choice between more than that takes long, and says less.
        if self.oracle.undecided() > 2 {
            self.heal();
            self.reopen(Letter::Reopen, |_| {})?;
        }
        Ok(())
    }

    /// Asks both stores; the answers must be equal, but for faults.
    fn ask(&mut self, letter: Letter, call: &Call) -> Result<(), String> {
        let Some(store) = self.store.clone() else { return Err("it is closed".to_owned()) };
        let found = call.ask(&store);
        self.compare(letter, call, found, &store)
    }

    /// Commits in two workspaces at once, which one sync may make durable.
    fn ask_together(&mut self, step: &Step) -> Result<(), String> {
        let Some(store) = self.store.clone() else { return Err("it is closed".to_owned()) };
        let calls = step.commits(&mut self.oracle);
        let found = std::thread::scope(|scope| {
            calls.each_ref().map(|call| scope.spawn(|| call.ask(&store))).map(|asked| asked.join())
        });
        for (call, found) in calls.iter().zip(found) {
            let found = found.map_err(|_| "it panicked".to_owned())?;
            self.compare(step.letter, call, found, &store)?;
        }
        Ok(())
    }

    /// Compares an answer with that of the oracle.
    fn compare(
        &mut self,
        letter: Letter,
        call: &Call,
        found: Result<Answer, StoreError>,
        store: &DirectoryStore,
    ) -> Result<(), String> {
        let word = match &found {
            Ok(answer) => answer.word(),
            Err(error) => error.code(),
        };
        self.count(letter, word);
        match found {
            Ok(answer) => {
                let wanted = self.oracle.answered(call);
                if wanted.as_ref() != Ok(&answer) {
                    return Err(format!("answered {answer:.300?}, wanted {wanted:.300?}"));
                }
            }
            Err(error) if matches!(error.code(), "store-failed" | "store-full") => {
                let told = error.to_string().contains("open the store again");
                let faulty = self.files.fault().is_some();
                if !(faulty || (told && self.failed)) {
                    return Err(format!("without a fault: {error}"));
                }
                self.files.without_fault(|| self.oracle.failed(call, store));
                self.failed = true;
            }
            Err(error) => {
                let wanted = self.oracle.answered(call);
                if wanted.as_ref().err().map(String::as_str) != Some(error.code()) {
                    return Err(format!("answered {error}, wanted {wanted:.300?}"));
                }
            }
        }
        Ok(())
    }

    /// Makes a call during which the power goes.
    fn cut_short(&mut self, random: &mut Random) -> Result<(), String> {
        let letters = [Letter::Commit, Letter::Commit, Letter::RemoveContents, Letter::PutPosition];
        let letters = [&letters[..], &[Letter::Flush, Letter::PutContents, Letter::PutLarge]];
        let letters = letters.concat();
        let letter = letters[random.below(letters.len() as u64) as usize];
        let step = Step { letter, seed: random.next() };
        match step.call(&mut self.oracle) {
            Some(call) => self.ask(letter, &call),
            None => Ok(()),
        }
    }

    /// Ends the process in some way and opens the store again.
    fn reopen(&mut self, letter: Letter, end: impl FnOnce(&mut Self)) -> Result<(), String> {
        if letter == Letter::Reopen {
            self.store = None;
        } else {
            // What is closed afterwards is closed nowhere.
            end(self);
            self.store = None;
            self.heal();
        }
        let mut opened = self.open();
        if let Err(error) = &opened {
            self.count(letter, error.code());
            if self.files.fault().is_none()
                || !matches!(error.code(), "store-failed" | "store-full")
            {
                return Err(format!("it does not open: {error}"));
            }
            self.heal();
            opened = self.open();
        }
        let store = opened.map_err(|error| format!("it does not open: {error}"))?;
        if !store.damage().is_empty() {
            return Err(format!("damaged: {:?}", store.damage()));
        }
        let (happened, undecided) = self.files.without_fault(|| self.oracle.reopened(&store))?;
        self.store = Some(store);
        self.failed = false;
        let word = match (happened, undecided) {
            (_, 0) => "nothing undecided",
            (0, _) => "before",
            _ => "after",
        };
        self.count(letter, word);
        Ok(())
    }

    fn open(&self) -> Result<DirectoryStore, StoreError> {
        let sizes = Options { pack_bytes: self.pack_bytes, ..options(&self.files, Access::Write) };
        DirectoryStore::open(root(), sizes)
    }

    /// Reads beside the writer.
    fn read(&mut self) -> Result<(), String> {
        if self.oracle.undecided() > 0 {
            return Ok(());
        }
        let files = self.files.clone();
        files.without_fault(|| {
            let reader = DirectoryStore::open(root(), options(&self.files, Access::Read))
                .map_err(|error| format!("a reader: {error}"))?;
            if !reader.damage().is_empty() {
                return Err(format!("a reader: {:?}", reader.damage()));
            }
            let differences = self.oracle.differences_of_reader(&reader, !self.faulted);
            differences.map_err(|fault| format!("a reader: {fault}"))
        })?;
        self.count(Letter::Reader, "agrees");
        Ok(())
    }

    fn open_twice(&mut self) -> Result<(), String> {
        let code = match self.files.without_fault(|| self.open()) {
            Ok(_) => return Err("two write".to_owned()),
            Err(error) => error.code(),
        };
        self.count(Letter::Rival, code);
        Ok(())
    }

    fn fail(&mut self, at: u64, kind: FaultKind) {
        self.faulted = true;
        self.files.set_fault(Some(Fault { at, kind }));
    }

    fn heal(&mut self) {
        self.failing_steps = 0;
        self.files.set_fault(None);
    }

    fn count(&mut self, letter: Letter, word: &'static str) {
        *self.counts.entry((letter, word)).or_default() += 1;
    }
}

/// Sequences, and steps of each.
const SEQUENCES: u32 = 2_000;
const STEPS: usize = 60;

/// What must have happened.
const WANTED: &[(Letter, &[&str])] = &[
    (Letter::PutContents, &["done", "store-failed", "store-full"]),
    (Letter::PutLarge, &["done", "store-failed", "store-full"]),
    (Letter::WriteContent, &["done", "store-failed"]),
    (Letter::AbandonContent, &["done"]),
    (Letter::FetchContents, &["all", "some", "absent", "empty", "store-failed"]),
    (Letter::ReadContent, &["all", "absent"]),
    (Letter::OpenContent, &["all", "absent"]),
    (Letter::HasContents, &["all", "some", "absent", "empty"]),
    (Letter::ContentLengths, &["all", "some", "absent", "empty"]),
    (Letter::RemoveContents, &["done", "store-failed", "store-full"]),
    (Letter::Flush, &["done", "store-failed", "store-full"]),
    (Letter::PutObjects, &["done", "store-failed", "store-full"]),
    (Letter::FetchObjects, &["all", "some", "absent"]),
    (Letter::HasObjects, &["all", "some", "absent"]),
    (Letter::Commit, &["committed", "store-failed", "store-full"]),
    (Letter::CommitRival, &["lost"]),
    (Letter::CommitAgain, &["already"]),
    (Letter::CommitTaken, &["request-taken"]),
    (Letter::CommitBad, &["bad-batch"]),
    (Letter::CommitTooLarge, &["too-large"]),
    (Letter::CommitTogether, &["committed", "store-failed", "store-full"]),
    (Letter::FetchRows, &["all", "some", "absent"]),
    (Letter::RangeRows, &["all", "empty"]),
    (Letter::Number, &["all", "absent"]),
    (Letter::FetchEntries, &["all", "empty"]),
    (Letter::FindRequests, &["all", "some", "absent", "empty"]),
    (Letter::PutPosition, &["done", "store-failed", "store-full"]),
    (Letter::PutPositionTooLong, &["too-large"]),
    (Letter::Position, &["all", "absent"]),
    (Letter::Subscribe, &["all"]),
    (Letter::Reader, &["agrees"]),
    (Letter::Rival, &["store-busy"]),
    (Letter::Reopen, &["nothing undecided", "before", "after", "store-failed", "store-full"]),
    (Letter::Kill, &["nothing undecided", "before", "after"]),
    (Letter::PowerCut, &["nothing undecided", "before", "after"]),
    (Letter::Fail, &["once", "for some time"]),
    (Letter::Fill, &["once", "for some time"]),
];
