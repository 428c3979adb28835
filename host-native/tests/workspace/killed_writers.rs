//! A hundred threads of a process write to one workspace, and the process is killed, again and
//! again: what was acknowledged is there, once, and what was not is asked for again.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    thread,
};

use markerbed_core::Id16;
use markerbed_host::{
    drive::blocking::wait,
    store::{
        Store,
        directory::{Access, DirectoryStore, Options},
    },
    workspace::{RefOutcome, Stamp, Workspace},
};
use markerbed_suites::{Random, cases, print_count, seed};

use crate::{
    check::{check, codes},
    support::{commit, label, place_of, workspace_in},
};

/// Not a test: what a child process does. It writes until it is killed, and says what was
/// acknowledged: writer, turn and number.
#[test]
#[ignore = "run by other tests as a child process"]
fn child_that_writes() {
    let Some(root) = std::env::var_os(STORE_VARIABLE) else { return };
    let store = DirectoryStore::open(Path::new(&root), Options::new(Access::Write)).unwrap();
    let workspace = wait(Workspace::open_default(Arc::new(store))).unwrap();
    let snapshot = place_of(&workspace, "notes").unwrap();
    let turns = std::env::var(TURNS_VARIABLE).unwrap();
    let turns: Vec<u64> = turns.split(',').map(|turn| turn.parse().unwrap()).collect();

    let writers = turns.into_iter().enumerate().map(|(writer, first)| {
        let workspace = workspace.clone();
        thread::spawn(move || {
            for turn in first.. {
                let (name, stamp) = (ref_name(writer, turn), stamp(writer, turn));
                let outcome = wait(workspace.move_ref(&label(&name), None, snapshot, &stamp));
                let RefOutcome::Moved { number } = outcome.unwrap() else { panic!("unchanged") };
                // One call, so that lines of two threads do not mix.
                let line = format!("{MARK} {writer} {turn} {number}\n");
                std::io::stdout().write_all(line.as_bytes()).unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.join().unwrap();
    }
}

#[test]
fn what_a_killed_process_acknowledged_to_a_hundred_threads_is_there_once() {
    let mut random = Random::new(seed(), "killed writers");
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    let snapshot = {
        let created = DirectoryStore::create(&root, Options::new(Access::Write)).unwrap();
        commit(&workspace_in(Arc::new(created)), "notes", &[("a", "1")]).id
    };
    let mut acknowledged = BTreeMap::new();
    let mut next = [0_u64; WRITERS];
    let mut asked_again = 0_u64;

    let kills = cases(KILLS);
    for _ in 0..kills {
        let recorded_before = refs(&root);
        let mut child = start(&root, &next);
        let output = BufReader::new(child.stdout.take().unwrap());
        read(output, 1 + random.below(2_000), &mut child, |writer, turn, number| {
            assert_eq!(turn, next[writer], "writer {writer} was answered out of turn");
            next[writer] += 1;
            asked_again += u64::from(recorded_before.contains_key(&ref_name(writer, turn)));
            acknowledged.insert((writer, turn), number);
        });

        let recorded = refs(&root);
        for ((writer, turn), number) in &acknowledged {
            assert_eq!(recorded.get(&ref_name(*writer, *turn)), Some(number));
        }
    }

    let workspace = open(&root);
    assert_eq!(codes(&check(&workspace)), [""; 0]);
    let replay = wait(workspace.replay()).unwrap();
    let refs = replay.state.refs();
    assert!(refs.values().all(|place| *place == snapshot));
    // Genesis and the snapshot with its ref; then an entry for each other ref, and none twice.
    assert_eq!(replay.state.entries(), refs.len() as u64 + 1);
    assert!(refs.len() > acknowledged.len());
    print_count("killed_writers_acknowledged", acknowledged.len() as u64, kills.into());
    print_count("killed_writers_asked_again", asked_again, 1);
}

/// The refs of the store, each with the number of the entry that set it.
fn refs(root: &Path) -> BTreeMap<String, u64> {
    let refs = wait(open(root).refs()).unwrap();
    refs.into_iter().map(|place| (place.name.to_string(), place.number)).collect()
}

fn open(root: &Path) -> Workspace {
    let store = DirectoryStore::open(root, Options::new(Access::Read)).unwrap();
    wait(Workspace::open_default(Arc::new(store) as Arc<dyn Store>)).unwrap()
}

fn start(root: &Path, next: &[u64]) -> Child {
    let turns: Vec<String> = next.iter().map(u64::to_string).collect();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed_writers::child_that_writes", "--ignored", "--nocapture"])
        .env(STORE_VARIABLE, root)
        .env(TURNS_VARIABLE, turns.join(","))
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// Hears what the child says, kills it after so many lines, and hears what it had said by then.
fn read(
    output: BufReader<ChildStdout>,
    lines_max: u64,
    child: &mut Child,
    mut hear: impl FnMut(usize, u64, u64),
) {
    let mut heard = 0;
    for line in output.split(b'\n') {
        let line = String::from_utf8(line.unwrap()).unwrap();
        let mut words = line.split(' ');
        // The last line may be torn: then it was not said.
        if words.next() != Some(MARK) {
            continue;
        }
        let numbers: Vec<u64> = words.filter_map(|word| word.parse().ok()).collect();
        let [writer, turn, number] = numbers[..] else { continue };
        hear(usize::try_from(writer).unwrap(), turn, number);
        heard += 1;
        if heard == lines_max {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(heard >= lines_max, "the child ended by itself");
}

fn ref_name(writer: usize, turn: u64) -> String {
    format!("w-{writer}-{turn}")
}

/// The same request for the same turn, whichever process asks.
fn stamp(writer: usize, turn: u64) -> Stamp {
    let mut request = [0xff; 16];
    request[..8].copy_from_slice(&(writer as u64).to_be_bytes());
    request[8..].copy_from_slice(&turn.to_be_bytes());
    let agent = Id16::from_bytes([8; 16]);
    Stamp { agent, request: Id16::from_bytes(request), time_ms: 1_700_000_000_000 }
}

const STORE_VARIABLE: &str = "MARKERBED_TEST_CHILD_STORE";
const TURNS_VARIABLE: &str = "MARKERBED_TEST_CHILD_TURNS";
const MARK: &str = "acknowledged";
const WRITERS: usize = 100;
const KILLS: u32 = 8;
