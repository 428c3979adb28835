//! One engine, so many records: `records ENGINE DIR COUNT`, a line for each figure.
//!
//! `cargo xtask bench compare --only records` builds it, runs it for each engine in turn and reads
//! what it prints.

mod data;
mod lmdb;
mod ours;
#[cfg(feature = "rocksdb")]
mod rocks;
mod usage;

use std::{env, error::Error, fs, os::unix::fs::MetadataExt, path::Path};

use data::{BATCH, Key, Record, absent_key, key, record};
use usage::{Meter, peak_mib, thread_seconds};

/// What can go wrong: a bench says what, and stops.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// A store of records.
trait Engine {
    /// Puts them all; they are durable when it answers.
    fn insert(&mut self, records: &[Record]) -> Outcome<()>;

    /// Reads them at once and tells how many there are, after a look at each value.
    fn read(&self, keys: &[Key]) -> Outcome<usize>;
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["versions"] => {
            println!("LMDB {}", lmdb::version());
            Ok(())
        }
        [engine, folder, count] => measure(engine, Path::new(folder), count.parse()?),
        _ => Err("usage: records ENGINE DIR COUNT".into()),
    }
}

fn measure(engine: &str, folder: &Path, count: u64) -> Outcome<()> {
    fs::create_dir_all(folder)?;
    insert(engine, folder, count)?;
    let payload = count * (data::KEY_BYTES + data::VALUE_BYTES) as u64;
    println!("stored: {} times", disk_bytes(folder)? as f64 / payload as f64);

    let meter = Meter::start()?;
    let store = open(engine, folder)?;
    let (cpu, wall) = meter.stop()?;
    println!("open: {} cpu-ms", cpu * 1e3);
    println!("open: {} wall-ms", wall * 1e3);

    let present = |round| (0..READS).map(move |read| key(data::mix(read + round * READS) % count));
    let absent = |round| (0..READS).map(move |read| absent_key(read + round * READS));
    let (first, second): (Vec<_>, Vec<_>) = (present(1).collect(), present(2).collect());
    read("point read", &*store, &first, &second, 1, READS)?;
    read("batch of 100", &*store, &first, &second, 100, READS)?;
    let (first, second): (Vec<_>, Vec<_>) = (absent(1).collect(), absent(2).collect());
    read("absent key", &*store, &first, &second, 1, 0)?;
    Ok(())
}

fn open(engine: &str, folder: &Path) -> Outcome<Box<dyn Engine>> {
    Ok(match engine {
        "markerbed" => Box::new(ours::Rows::open(folder)?),
        "markerbed, objects" => Box::new(ours::Objects::open(folder)?),
        "LMDB" => Box::new(lmdb::Lmdb::open(folder)?),
        #[cfg(feature = "rocksdb")]
        "RocksDB" => Box::new(rocks::RocksDb::open(folder)?),
        other => return Err(format!("there is no engine {other}").into()),
    })
}

/// Puts all records and closes the store: what it leaves to be done then counts too.
///
/// Making the records is not counted.
fn insert(engine: &str, folder: &Path, count: u64) -> Outcome<()> {
    let meter = Meter::start()?;
    let mut store = open(engine, folder)?;
    let mut made = 0.0;
    for start in (0..count).step_by(BATCH as usize) {
        let before = thread_seconds()?;
        let records: Vec<Record> = (start..count.min(start + BATCH)).map(record).collect();
        made += thread_seconds()? - before;
        store.insert(&records)?;
    }
    drop(store);
    let (cpu, wall) = meter.stop()?;
    println!("insert: {} cpu-us", (cpu - made) * 1e6 / count as f64);
    println!("insert: {} wall-ms", wall * 1e3);
    println!("insert: {} peak-mib", peak_mib()?);
    Ok(())
}

/// Reads `first` so that caches are as they will be, then measures `second`.
fn read(
    name: &str,
    store: &dyn Engine,
    first: &[Key],
    second: &[Key],
    at_once: usize,
    expected: u64,
) -> Outcome<()> {
    for keys in first.chunks(at_once) {
        store.read(keys)?;
    }
    let meter = Meter::start()?;
    let mut found = 0;
    for keys in second.chunks(at_once) {
        found += store.read(keys)? as u64;
    }
    let (cpu, _) = meter.stop()?;
    if found != expected {
        return Err(format!("{name}: {found} of {expected} were found").into());
    }
    println!("{name}: {} cpu-us", cpu * 1e6 / second.len() as f64);
    Ok(())
}

/// What the files occupy.
fn disk_bytes(folder: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        bytes += if found.is_dir() { disk_bytes(&entry.path())? } else { 512 * found.blocks() };
    }
    Ok(bytes)
}

const READS: u64 = 200_000;
