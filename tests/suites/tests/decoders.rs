//! Every decoder on mutants of every golden vector: none panics, none accepts what it would not
//! write, none allocates more than ENC-9 allows.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is how a test fails"
)]

use std::{
    alloc::System,
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

use markerbed_core::{
    Error,
    codec::Canonical,
    json::Value,
    ledger::{Genesis, LedgerEntry, StateObject},
    map::{Page, PartialPage},
    tree::{
        Attributes, Child, EvidenceDocument, Expectation, Node, Path, RulesDocument, Snapshot,
        TreeProof, Verdict,
    },
};
use markerbed_suites::{Random, cases, print_count, seed, vector::from_hex};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Tries one decoder on an input.
type Try = fn(&[u8]) -> Tried;

/// What a decoder made of an input.
struct Tried {
    is_accepted: bool,
    allocated_bytes: usize,
    took: Duration,
}

const DECODERS: [(&str, Try); 13] = [
    ("node", canonical::<Node>),
    ("child", canonical::<Child>),
    ("page", canonical::<Page>),
    ("partial page", |input| try_on(input, PartialPage::decode, PartialPage::encode)),
    ("attributes", canonical::<Attributes>),
    ("snapshot", canonical::<Snapshot>),
    ("state", canonical::<StateObject>),
    ("genesis", canonical::<Genesis>),
    ("entry", canonical::<LedgerEntry>),
    ("tree proof", canonical::<TreeProof>),
    ("json", |input| try_on(input, Value::read, |value| value.write().unwrap())),
    ("rules", |input| try_on(input, RulesDocument::read, |rules| rules.write().unwrap())),
    ("evidence", |input| try_on(input, EvidenceDocument::read, |it| it.write().unwrap())),
];

fn canonical<T: Canonical>(input: &[u8]) -> Tried {
    try_on(input, T::decode, T::encode)
}

fn try_on<T>(
    input: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, Error>,
    encode: impl Fn(&T) -> Vec<u8>,
) -> Tried {
    let region = Region::new(ALLOCATOR);
    let start = Instant::now();
    let decoded = decode(input);
    let took = start.elapsed();
    let allocated_bytes = region.change().bytes_allocated;
    match &decoded {
        Ok(value) => assert_eq!(encode(value), input, "accepted, and written otherwise"),
        Err(Error::Malformed { offset, .. } | Error::BadJson { offset }) => {
            assert!(*offset as usize <= input.len(), "{offset} is beyond the end");
        }
        Err(_) => {}
    }
    Tried { is_accepted: decoded.is_ok(), allocated_bytes, took }
}

/// The allocator counts for the whole process, so one test at a time measures.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn check(name: &str, decoder: Try, input: &[u8]) -> Tried {
    let tried = decoder(input);
    let allowed = 16 * input.len() + (64 << 10);
    let allocated = tried.allocated_bytes;
    assert!(allocated <= allowed, "{name}: {allocated} bytes for {} of input", input.len());
    // A hundredth of this is the aim; the rest is for a busy machine without optimisation.
    assert!(tried.took < Duration::from_secs(10), "{name} took {:?}", tried.took);
    tried
}

#[test]
fn no_decoder_trips_over_a_mutant() {
    let _alone = alone();
    let corpus = corpus();
    let mut random = Random::new(seed(), "no_decoder_trips");
    let mut homes = [0_u64; DECODERS.len()];
    let (mut tried, mut accepted) = (0, 0);
    let mutants = cases(100);
    for bytes in &corpus {
        let mut own = Vec::new();
        for (index, (name, decoder)) in DECODERS.into_iter().enumerate() {
            tried += 1;
            if check(name, decoder, bytes).is_accepted {
                own.push(index);
                homes[index] += 1;
            }
        }
        for at in 0..mutants {
            let mutant = mutant(&mut random, bytes, &corpus);
            for (index, (name, decoder)) in DECODERS.into_iter().enumerate() {
                // A rejecting vector's own decoder is not known: every decoder takes its turn.
                let is_due = if own.is_empty() { at % 13 == index as u32 } else { at % 10 == 0 };
                if own.contains(&index) || is_due {
                    accepted += u64::from(check(name, decoder, &mutant).is_accepted);
                    tried += 1;
                }
            }
            let verdict = TreeProof::verify(&mutant, Expectation::Nothing);
            assert!(!matches!(verdict, Verdict::Verified(_)));
            let _ = Path::new(&mutant);
        }
    }
    println!("accepted {accepted}");
    for ((name, _), home) in DECODERS.into_iter().zip(homes) {
        println!("{name}: {home} vectors");
    }
    assert!(accepted > tried / 100, "hardly a mutant reaches the end of a decoder");
    print_count("no_decoder_trips", tried, 300_000);
}

/// Changes `bytes` in one to three ways, of which each aims at a rule.
fn mutant(random: &mut Random, bytes: &[u8], corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut mutant = bytes.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(mutant.len() as u64 + 1) as usize;
        let end = (at + 1 + random.below(40) as usize).min(mutant.len());
        match random.below(8) {
            0 | 1 if at < mutant.len() => mutant[at] ^= 1 << random.below(8),
            2 if at < mutant.len() => mutant[at] = *pick(random, &[0, 1, 2, 3, 0x7f, 0x80, 0xff]),
            3 => mutant.truncate(at),
            4 => drop(mutant.splice(at..at, pick(random, HOSTILE).iter().copied())),
            5 if at < mutant.len() => {
                drop(mutant.splice(at..=at, pick(random, HOSTILE).iter().copied()));
            }
            6 => drop(mutant.drain(at.min(end)..end)),
            _ => {
                let other = pick(random, corpus);
                let from = random.below(other.len() as u64 + 1) as usize;
                let stretch = &other[from..other.len().min(from + 64)];
                drop(mutant.splice(at..at, stretch.iter().copied()));
            }
        }
    }
    mutant
}

/// Lengths and counts that promise more than there is, and numbers in other than their one form.
const HOSTILE: &[&[u8]] = &[
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0x7f],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
    &[0x80, 0x80, 0x04],
    &[0x80, 0x20],
    &[0x80, 0x02],
    &[0xff, 0x01],
    &[0x81, 0x00],
    &[0x80, 0x00],
    &[0x00],
    &[0x01],
];

fn pick<'a, T>(random: &mut Random, list: &'a [T]) -> &'a T {
    &list[random.below(list.len() as u64) as usize]
}

/// Every byte string of every vector file.
fn corpus() -> Vec<Vec<u8>> {
    let mut corpus = std::collections::BTreeSet::new();
    for file in FILES {
        let mut due = vec![serde_json::from_str::<serde_json::Value>(file).unwrap()];
        while let Some(value) = due.pop() {
            match value {
                serde_json::Value::Array(values) => due.extend(values),
                serde_json::Value::Object(members) => {
                    due.extend(members.into_iter().map(|(_, value)| value));
                }
                serde_json::Value::String(text) if is_hex(&text) => {
                    corpus.insert(from_hex(&text));
                }
                _ => {}
            }
        }
    }
    corpus.into_iter().filter(|bytes| bytes.len() <= 1 << 17).collect()
}

fn is_hex(text: &str) -> bool {
    let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    digits && text.len().is_multiple_of(2) && text.len() != 64
}

#[test]
fn the_costliest_inputs_stay_within_what_they_may_allocate() {
    let _alone = alone();
    let mut tried = 0;
    let mut worst = 0;
    for (name, input) in costly_inputs() {
        for (decoder_name, decoder) in DECODERS {
            let allocated = check(decoder_name, decoder, &input).allocated_bytes;
            let share = allocated.saturating_sub(64 << 10) * 100 / input.len();
            if share > worst {
                worst = share;
                println!("{name}, {decoder_name}: {share} % of the input over 64 KiB");
            }
            tried += 1;
        }
    }
    print_count("the_costliest_inputs", tried, 200);
}

/// What makes much out of little: short items in long lists.
fn costly_inputs() -> Vec<(String, Vec<u8>)> {
    let mut inputs = Vec::new();
    for count in [100, 4_096, 65_536, 400_000] {
        let mut put = |name: &str, input: Vec<u8>| inputs.push((format!("{count} {name}"), input));
        let items = [("numbers", "0"), ("arrays", "[]"), ("objects", "{}"), ("texts", "\"\"")];
        for (name, item) in items {
            put(name, format!("[{}]", [item].repeat(count).join(",")).into_bytes());
        }
        let member = |at: usize| format!("\"{at:06}\":0");
        let members: Vec<String> = (0..count).map(member).collect();
        put("members", format!("{{{}}}", members.join(",")).into_bytes());
        put("closed", format!("{}{}", "[".repeat(128), "]".repeat(128)).into_bytes());
        put("holes", attribute(7, count, |at| [number(at * 2), number(1)].concat()));
        put("pages of a proof", proof(1, 1, count));
        put("steps of a proof", proof(count.min(4_096), count.min(4_096), 0));
        put("names of a proof", proof(count.min(4_096), 0, 0));
    }
    inputs
}

/// An attributes object of one list of `count` items, as far as they fit.
fn attribute(tag: u8, count: usize, item: impl Fn(u64) -> Vec<u8>) -> Vec<u8> {
    let count = count.min(65_536) as u64;
    let mut list = number(count);
    (0..count).for_each(|at| list.extend(item(at)));
    [vec![1, tag], number(list.len() as u64), list, vec![0]].concat()
}

/// A proof file of short names, empty steps, and a last step of empty pages.
fn proof(names: usize, steps: usize, pages: usize) -> Vec<u8> {
    let mut bytes = b"markerbed-proof\n\x01\x01\x00".to_vec();
    bytes.extend([0; 32]);
    bytes.extend(number(names as u64));
    bytes.extend(b"\x01a".repeat(names));
    bytes.extend(number(steps as u64));
    if steps > 0 {
        bytes.extend(b"\x00\x00".repeat(steps - 1));
        bytes.push(0);
        bytes.extend(number(pages as u64));
        bytes.extend(vec![0; pages]);
    }
    bytes.push(0);
    bytes
}

fn number(value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    markerbed_core::codec::put_u64(&mut out, value);
    out
}

macro_rules! files {
    ($($name:literal)*) => {
        &[$(include_str!(concat!("../../vectors/", $name, ".json"))),*]
    };
}

const FILES: &[&str] = files! {
    "attributes" "entries" "fields" "json" "listing" "log" "map-operations" "map-proofs" "maps"
    "names" "nodes" "pages" "partial-pages" "snapshots" "state" "tree-proofs" "trees" "varint"
    "workspaces"
};
