//! How fast entries become durable, alone and many at once, beside a file that is synced as often.
//!
//! `cargo bench -p markerbed-host --bench ledger`. Prints a line of JSON for each value. The store
//! lies in the system's temporary folder: `TMPDIR` names another disk.
#![forbid(unsafe_code)]

use std::{
    error::Error,
    fs::File,
    io::Write,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use markerbed_core::{
    Id16, SnapshotId,
    codec::Canonical,
    id::PublicKey,
    ledger::{Genesis, Nonce},
    tree::{Clock, Coverage, Label, Node, RulesDocument, Tool, build_directory},
};
use markerbed_host::{
    drive::blocking::wait,
    store::{
        Store,
        directory::{Access, DirectoryStore, Options},
    },
    workspace::{Committed, SnapshotDraft, Stamp, When, Workspace},
};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let store = DirectoryStore::create(&folder.path().join("store"), Options::new(Access::Write))?;
    let workspace = begin(Arc::new(store))?;
    let snapshot = record_one(&workspace)?;
    let entry_bytes = wait(workspace.entries(1..2))?.remove(0).1.len();

    one_after_the_other(&workspace, snapshot)?;
    bare_syncs(&folder.path().join("bare"), entry_bytes)?;
    for writers in WRITERS {
        at_once(&workspace, snapshot, writers)?;
    }
    Ok(())
}

/// One writer: each entry waits for its own sync.
fn one_after_the_other(workspace: &Workspace, snapshot: SnapshotId) -> Result<(), Failure> {
    let mut times = Vec::with_capacity(ALONE);
    for n in 0..ALONE {
        let name = label(&format!("alone-{n}"))?;
        let start = Instant::now();
        wait(workspace.move_ref(&name, None, snapshot, &stamp(0, n)))?;
        times.push(start.elapsed());
    }
    print_quantiles("one entry", OURS, times);
    Ok(())
}

/// As many bytes, appended to a file and synced as often.
fn bare_syncs(path: &Path, entry_bytes: usize) -> Result<(), Failure> {
    let mut file = File::create(path)?;
    let bytes = vec![0x5a; entry_bytes];
    let mut times = Vec::with_capacity(ALONE);
    for _ in 0..ALONE {
        let start = Instant::now();
        file.write_all(&bytes)?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    print_quantiles("one entry", "append and sync", times);
    Ok(())
}

/// Many writers of one workspace: those that wait share a batch and its sync.
fn at_once(workspace: &Workspace, snapshot: SnapshotId, writers: usize) -> Result<(), Failure> {
    let start = Instant::now();
    let threads = (0..writers).map(|writer| {
        let workspace = workspace.clone();
        thread::spawn(move || -> Result<Vec<Duration>, Failure> {
            (0..EACH)
                .map(|n| {
                    let name = label(&format!("{writers}-{writer}-{n}"))?;
                    let start = Instant::now();
                    let stamp = stamp(writers << 16 | writer, n);
                    wait(workspace.move_ref(&name, None, snapshot, &stamp))?;
                    Ok(start.elapsed())
                })
                .collect()
        })
    });
    let threads: Vec<_> = threads.collect();
    let mut times = Vec::new();
    for thread in threads {
        times.extend(thread.join().map_err(|_| "a writer panicked")??);
    }
    let seconds = start.elapsed().as_secs_f64();
    let operation = format!("{writers} writers");
    print(&operation, OURS, "entries-per-s", times.len() as f64 / seconds);
    print_quantiles(&operation, OURS, times);
    Ok(())
}

fn begin(store: Arc<dyn Store>) -> Result<Workspace, Failure> {
    let first_key = PublicKey::from_bytes([7; 32]);
    let genesis = Genesis { nonce: Nonce::from_bytes([7; 32]), first_key };
    Ok(wait(Workspace::create(store, genesis, "bench", &stamp(usize::MAX, 0)))?)
}

/// Records a snapshot of an empty directory, for refs to point at.
fn record_one(workspace: &Workspace) -> Result<SnapshotId, Failure> {
    let built = build_directory(Vec::new())?;
    let mut objects: Vec<_> =
        built.pages.iter().map(|(id, page)| ((*id).into(), page.encode().into())).collect();
    let root = Node::from(built.directory);
    objects.push((root.id().into(), root.encode().into()));
    wait(workspace.store().put_objects(workspace.id(), &objects))?;
    let rules: Bytes = RulesDocument::default().write()?.into();
    let draft = SnapshotDraft {
        source: label("bench")?,
        root: root.id(),
        attributes: None,
        coverage: Coverage::Complete,
        rules,
        evidence: None,
        listing: None,
        run: Id16::from_bytes([1; 16]),
        captured_at_ms: 0,
        clock: Clock::Host,
        tool: Tool::new("markerbed bench")?,
    };
    match wait(workspace.commit_snapshot(&draft, When::Always, &stamp(usize::MAX, 1)))? {
        Committed::Recorded(recorded) | Committed::Unchanged(recorded) => Ok(recorded.id),
    }
}

/// A stamp that no other writer and turn has.
fn stamp(writer: usize, n: usize) -> Stamp {
    let request = (writer as u128) << 64 | n as u128;
    Stamp {
        agent: Id16::from_bytes([9; 16]),
        request: Id16::from_bytes(request.to_be_bytes()),
        time_ms: 0,
    }
}

fn label(text: &str) -> Result<Label, Failure> {
    Ok(Label::new(text)?)
}

fn print_quantiles(operation: &str, program: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    for (quantile, quantity) in [(0.50, "p50-ms"), (0.99, "p99-ms")] {
        let at = (times.len() as f64 * quantile) as usize;
        if let Some(time) = times.get(at) {
            print(operation, program, quantity, time.as_secs_f64() * 1e3);
        }
    }
}

fn print(operation: &str, program: &str, quantity: &str, value: f64) {
    let line = serde_json::json!({
        "operation": operation,
        "program": program,
        "quantity": quantity,
        "value": value,
    });
    println!("{line}");
}

const OURS: &str = "markerbed";
const ALONE: usize = 1_000;
const EACH: usize = 200;
const WRITERS: [usize; 4] = [1, 10, 100, 1_000];
