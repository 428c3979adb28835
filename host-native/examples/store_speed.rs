//! Measures the directory store's own calls: `cargo run --release --example store_speed [DIR]`.
//!
//! A first look, without a peer; the table of `docs/reference/performance.md` is made by benches.
#![forbid(unsafe_code)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use markerbed_core::{ContentId, Id16, ObjectId, ObjectKind, WorkspaceId, hash::content_id};
use markerbed_host::{
    drive::blocking::wait,
    store::{
        Batch, Contents, DirectoryStore, Records, RequestKey, RowChange, RowRange, StoreError,
        StoredEntry,
        directory::{Access, Options, layer::SystemFiles, scan},
    },
};
use rayon::prelude::*;

const OURS: WorkspaceId = WorkspaceId::from_bytes([1; 32]);

fn main() -> Result<(), StoreError> {
    let scratch = env::args_os().nth(1).map_or_else(env::temp_dir, PathBuf::from);
    let root = scratch.join(format!("store-speed-{}", std::process::id()));
    let result = rows(&root.join("rows"))
        .and_then(|()| records(&root.join("records"), &scratch))
        .and_then(|()| contents(&root));
    drop(fs::remove_dir_all(&root));
    result
}

/// Rows: 32-byte keys, 200-byte values, 1,000 a durable commit.
fn rows(root: &Path) -> Result<(), StoreError> {
    drop(fs::create_dir_all(root.parent().unwrap_or(root)));
    let store = DirectoryStore::create(root, Options::new(Access::Write))?;
    let value = noise(200 + ROWS as usize);
    timed("insert rows, 1,000 a commit", ROWS, || {
        (0..ROWS / 1_000).try_for_each(|batch| {
            let rows = (batch * 1_000..(batch + 1) * 1_000).map(|number| RowChange {
                key: key(number),
                value: value
                    .get(number as usize..)
                    .map(|rest| rest.iter().take(200).copied().collect()),
            });
            wait(store.commit(OURS, Batch { rows: rows.collect(), ..Batch::default() })).map(drop)
        })
    })?;
    println!("{:<34} {} MiB resident", "", resident_mib());
    timed("close", 1, || store.close())?;
    let stored = disk_bytes(root);
    println!("{:<34} {:.3} x payload", "stored", stored as f64 / (ROWS * 232) as f64);
    for access in [Access::Write, Access::Read] {
        let start = Instant::now();
        drop(DirectoryStore::open(root, Options::new(access))?);
        let taken = start.elapsed().as_secs_f64() * 1e3;
        println!("{:<34} {taken:.1} ms", format!("open to {access:?}"));
    }
    let store = DirectoryStore::open(root, Options::new(Access::Read))?;
    let mixed: Vec<_> = (0..READS).map(|number| key((number * 7_919) % ROWS)).collect();
    for round in ["point read, cold", "point read"] {
        timed(round, READS, || {
            let mut keys = mixed.iter();
            keys.try_for_each(|key| {
                wait(store.fetch_rows(OURS, std::slice::from_ref(key))).map(drop)
            })
        })?;
    }
    timed("read, 100 a batch", READS, || {
        mixed.chunks(100).try_for_each(|some| wait(store.fetch_rows(OURS, some)).map(drop))
    })?;
    let absent: Vec<_> = (ROWS..ROWS + READS).map(key).collect();
    timed("absent key", READS, || {
        let mut keys = absent.iter();
        keys.try_for_each(|key| wait(store.fetch_rows(OURS, std::slice::from_ref(key))).map(drop))
    })?;
    timed("rows in order, 1,000 a call", READS, || {
        let mut range = RowRange::default();
        for _ in 0..READS / 1_000 {
            let found = wait(store.range_rows(OURS, &range, 1_000))?;
            range.after = found.last().map(|(key, _)| key.clone());
        }
        Ok(())
    })?;
    println!("{:<34} {} MiB resident", "", resident_mib());
    Ok(())
}

/// 32-byte keys, 200-byte values that do not compress, 1,000 a durable commit.
fn records(root: &Path, _: &Path) -> Result<(), StoreError> {
    drop(fs::create_dir_all(root.parent().unwrap_or(root)));
    let store = DirectoryStore::create(root, Options::new(Access::Write))?;
    let objects: Vec<_> = (0..COUNT).map(object).collect();
    let cpu = cpu();
    let start = Instant::now();
    for (number, some) in (0..).zip(objects.chunks(1_000)) {
        wait(store.put_objects(OURS, some))?;
        wait(store.commit(OURS, batch(number)))?;
    }
    each("insert, 1,000 a commit", COUNT, start.elapsed(), cpu_since(cpu));
    let payload = COUNT * 232;
    let stored = disk_bytes(root);
    println!("{:<34} {:.3} x payload", "stored", stored as f64 / payload as f64);

    let ids: Vec<_> = objects.iter().map(|(id, _)| *id).collect();
    let mixed: Vec<_> = (0..ids.len()).filter_map(|n| ids.get((n * 7_919) % ids.len())).collect();
    timed("point read", mixed.len() as u64, || {
        mixed.iter().try_for_each(|id| wait(store.fetch_objects(OURS, &[**id])).map(drop))
    })?;
    let shuffled: Vec<ObjectId> = mixed.iter().map(|id| **id).collect();
    timed("read, 100 a batch", shuffled.len() as u64, || {
        shuffled.chunks(100).try_for_each(|some| wait(store.fetch_objects(OURS, some)).map(drop))
    })?;
    let absent: Vec<_> = (COUNT..2 * COUNT).map(|number| object(number).0).collect();
    timed("absent key", COUNT, || {
        absent.iter().try_for_each(|id| wait(store.fetch_objects(OURS, &[*id])).map(drop))
    })?;
    drop(store);
    timed("open, a record", COUNT, || {
        DirectoryStore::open(root, Options::new(Access::Write)).map(drop)
    })
}

/// Contents like source files, then large ones.
fn contents(root: &Path) -> Result<(), StoreError> {
    let root = root.join("contents");
    let store = DirectoryStore::create(&root, Options::new(Access::Write))?;
    let files: Vec<Bytes> = (0..20_000).map(source).collect();
    let bytes: usize = files.iter().map(Bytes::len).sum();
    megabytes("hash alone", bytes, || {
        files.iter().for_each(|file| {
            content_id(file);
        });
        Ok(())
    })?;
    let mut ids: Vec<Vec<ContentId>> = Vec::new();
    megabytes("put small contents, rayon", bytes, || {
        let put = files.par_chunks(64).map(|some| wait(store.put_contents(OURS, some)));
        ids = put.collect::<Result<_, _>>()?;
        wait(store.flush_contents(OURS))
    })?;
    println!("{:<34} {:.3} x", "stored", disk_bytes(&root) as f64 / bytes as f64);
    megabytes("put them again", bytes, || {
        files.par_chunks(64).try_for_each(|some| wait(store.put_contents(OURS, some)).map(drop))
    })?;
    megabytes("fetch them, 64 at a time", bytes, || {
        ids.iter().try_for_each(|some| wait(store.fetch_contents(OURS, some)).map(drop))
    })?;
    megabytes("fetch them one by one", bytes, || {
        let mut ids = ids.iter().flatten();
        ids.try_for_each(|id| wait(store.fetch_contents(OURS, &[*id])).map(drop))
    })?;
    let bytes_stored = disk_bytes(&root) as usize;
    megabytes("scan, stored bytes", bytes_stored, || {
        let report = scan(&root, Arc::new(SystemFiles), &mut |found| println!("{found}"))?;
        println!(
            "{:<34} {} items, {:.0} MB before compression",
            "",
            report.items,
            bytes as f64 / 1e6
        );
        Ok(())
    })?;
    for (name, large) in [("text", repeat(&files, LARGE)), ("noise", noise(LARGE))] {
        let mut id = None;
        megabytes(&format!("write 256 MiB of {name}"), LARGE, || {
            let mut writer = wait(store.write_content(OURS))?;
            large.chunks(1 << 20).try_for_each(|piece| wait(writer.write(piece)))?;
            id = Some(wait(writer.finish())?.id);
            wait(store.flush_contents(OURS))
        })?;
        megabytes(&format!("read 256 MiB of {name}"), LARGE, || {
            let Some(mut reader) =
                id.map(|id| wait(store.open_content(OURS, id))).transpose()?.flatten()
            else {
                return Ok(());
            };
            while wait(reader.next())?.is_some() {}
            Ok(())
        })?;
    }
    Ok(())
}

fn object(number: u64) -> (ObjectId, Bytes) {
    let id = *content_id(&number.to_le_bytes()).as_bytes();
    let bytes =
        (0..7_u64).flat_map(|part| *content_id(&(number * 8 + part).to_le_bytes()).as_bytes());
    (ObjectId { kind: ObjectKind::Page, bytes: id }, bytes.take(200).collect())
}

fn key(number: u64) -> Bytes {
    Bytes::copy_from_slice(content_id(&number.to_le_bytes()).as_bytes())
}

fn batch(number: u64) -> Batch {
    let id = |number: u64| Id16::from_bytes(u128::from(number).to_be_bytes());
    let request = RequestKey { agent: id(0), request: id(number) };
    let entry = StoredEntry { number, request, operation_at: 0, bytes: vec![7; 120].into() };
    Batch { expected: number.checked_sub(1), entries: vec![entry], rows: Vec::new() }
}

/// About 9 kB of lines that look like code.
fn source(number: u64) -> Bytes {
    let lines = (0..number % 400 + 20).map(|line| {
        let word = (number * 31 + line * 17) % 9_973;
        format!("    let value_{word} = table.get(&key_{}).unwrap_or(&{line});\n", word % 97)
    });
    lines.collect::<String>().into()
}

fn repeat(files: &[Bytes], bytes: usize) -> Vec<u8> {
    files.iter().flatten().copied().cycle().take(bytes).collect()
}

fn noise(bytes: usize) -> Vec<u8> {
    let blocks = (0_u64..).flat_map(|block| *content_id(&block.to_le_bytes()).as_bytes());
    blocks.take(bytes).collect()
}

fn timed(
    name: &str,
    count: u64,
    work: impl FnOnce() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let (cpu, start) = (cpu(), Instant::now());
    work()?;
    each(name, count, start.elapsed(), cpu_since(cpu));
    Ok(())
}

fn each(name: &str, count: u64, wall: Duration, cpu: Duration) {
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
    println!("{name:<34} {:.2} us wall, {:.2} us CPU each", micros(wall), micros(cpu));
}

fn megabytes(
    name: &str,
    bytes: usize,
    work: impl FnOnce() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let (cpu, start) = (cpu(), Instant::now());
    work()?;
    let (wall, cpu) = (start.elapsed(), cpu_since(cpu));
    let rate = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
    println!("{name:<34} {:.0} MB/s wall, {:.0} MB/s of CPU", rate(wall), rate(cpu));
    Ok(())
}

/// The processor time of this process, from the system's own account.
fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = after_name.split(' ').skip(11).take(2).filter_map(|text| text.parse::<u64>().ok());
    Duration::from_millis(10 * ticks.sum::<u64>())
}

fn cpu_since(before: Duration) -> Duration {
    cpu().saturating_sub(before)
}

/// Packs and index files.
fn disk_bytes(root: &Path) -> u64 {
    let all = ["packs", "index"].map(|name| fs::read_dir(root.join(name)));
    let files = all.into_iter().flatten().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}

/// What this process has in memory, from the system's own account.
fn resident_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1_024
}

const ROWS: u64 = 2_000_000;
const READS: u64 = 200_000;
const COUNT: u64 = 500_000;
const LARGE: usize = 256 << 20;
