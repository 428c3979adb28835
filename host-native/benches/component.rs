//! How fast the engine is as a component in wasmtime, beside the same work without one.
//!
//! `MARKERBED_COMPONENTS=… cargo bench -p markerbed-host --features component`, after `cargo xtask
//! components`. Prints a table; medians of five rounds, each of which measures everything in turn.
#![forbid(unsafe_code)]

#[expect(unreachable_pub, reason = "it is public where it belongs")]
#[path = "../../benches/src/machine.rs"]
mod machine;

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use markerbed_core::{NodeId, WorkspaceId, hash::content_id};
use markerbed_engine::{Direct, Engine, TreeStep};
use markerbed_host::{
    component::{ComponentEngine, Limits, Runtime},
    store::MemoryStore,
};
use wasmtime::{
    Cache, CacheConfig, Config, Store,
    component::{Component, Linker, TypedFunc},
};

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    tokio.block_on(run())
}

async fn run() -> Result<(), Failure> {
    let folder = env::var_os("MARKERBED_COMPONENTS")
        .map(PathBuf::from)
        .ok_or("MARKERBED_COMPONENTS names the folder that `cargo xtask components` fills")?;
    let bytes = fs::read(folder.join("engine.wasm"))?;
    let cache = folder.join("compiled");
    let mut bare = Bare::load(&folder, &cache)?;
    let component = Runtime::new(Limits::default(), Some(&cache))?.load("engine", &bytes)?;
    let engine = ComponentEngine::new(component, Arc::new(MemoryStore::default())).await?;
    let content = Bytes::from(vec![0x5a; HASHED_MEBIBYTES << 20]);
    let mut times = Times::default();
    for _ in 0..ROUNDS {
        times.bare.push(bare.hash()?);
        times.whole.push(hash_whole(&engine, &content).await?);
        times.streamed.push(hash_streamed(&engine, &content).await?);
        times.native.push(timed(|| content_id(&content)));
        let direct = Direct::new(Arc::new(MemoryStore::default()));
        let (root, time) = write_tree(&direct).await?;
        times.direct_tree.push(time);
        let (same_root, time) = write_tree(&engine).await?;
        times.tree.push(time);
        assert_eq!(root, same_root);
        times.begin.push(begin(&bytes, &cache).await?);
        let start = Instant::now();
        engine.content_ids(&[]).await?;
        times.instance.push(start.elapsed());
    }
    times.print();
    Ok(())
}

/// A runtime, the component from the cache, and the first answer of an instance.
async fn begin(bytes: &[u8], cache: &Path) -> Result<Duration, Failure> {
    let start = Instant::now();
    let component = Runtime::new(Limits::default(), Some(cache))?.load("engine", bytes)?;
    let engine = ComponentEngine::new(component, Arc::new(MemoryStore::default())).await?;
    engine.content_ids(&[Bytes::from_static(b"first")]).await?;
    Ok(start.elapsed())
}

async fn hash_whole(engine: &ComponentEngine, content: &Bytes) -> Result<Duration, Failure> {
    let start = Instant::now();
    engine.content_ids(std::slice::from_ref(content)).await?;
    Ok(start.elapsed())
}

async fn hash_streamed(engine: &ComponentEngine, content: &Bytes) -> Result<Duration, Failure> {
    let start = Instant::now();
    let mut hasher = engine.content_hasher().await?;
    for piece in content.chunks(READ_BYTES) {
        hasher.update(piece).await?;
    }
    hasher.finish().await?;
    Ok(start.elapsed())
}

/// Makes and puts a tree of small files in one directory.
async fn write_tree(engine: &dyn Engine) -> Result<(NodeId, Duration), Failure> {
    let file = |n: usize| TreeStep::File {
        name: format!("file {n:05}").into_bytes(),
        executable: false,
        bytes: format!("{n:0100}").into_bytes().into(),
    };
    let steps: Vec<TreeStep> = (0..FILES).map(file).collect();
    let start = Instant::now();
    let mut writer = engine.write_tree(WorkspaceId::from_bytes([1; 32])).await?;
    writer.take(steps).await?;
    Ok((writer.finish().await?, start.elapsed()))
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

/// The bare hash function inside the same runtime.
struct Bare {
    store: Store<()>,
    hash: TypedFunc<(u32, u32), (Vec<u8>,)>,
}

impl Bare {
    fn load(folder: &Path, cache: &Path) -> Result<Self, Failure> {
        let bytes = fs::read(folder.join("cross-target.wasm"))?;
        let load = || -> wasmtime::Result<Self> {
            let mut kept = CacheConfig::new();
            kept.with_directory(std::path::absolute(cache)?);
            let engine = wasmtime::Engine::new(Config::new().cache(Some(Cache::new(kept)?)))?;
            let component = Component::from_binary(&engine, &bytes)?;
            let mut store = Store::new(&engine, ());
            let instance = Linker::new(&engine).instantiate(&mut store, &component)?;
            let hash = instance.get_typed_func(&mut store, "bare-hash")?;
            Ok(Self { store, hash })
        };
        load().map_err(|cause| format!("cross-target.wasm: {cause:#}").into())
    }

    /// How long it hashes; what the memory costs that it hashes is left out.
    fn hash(&mut self) -> Result<Duration, Failure> {
        let [once, more] = [1, 1 + BARE_TIMES].map(|times| {
            let start = Instant::now();
            let called = self.hash.call(&mut self.store, (HASHED_MEBIBYTES as u32, times));
            called.map(|_| start.elapsed()).map_err(|cause| format!("{cause:#}"))
        });
        Ok(more?.saturating_sub(once?) / BARE_TIMES)
    }
}

#[derive(Default)]
struct Times {
    bare: Vec<Duration>,
    whole: Vec<Duration>,
    streamed: Vec<Duration>,
    native: Vec<Duration>,
    direct_tree: Vec<Duration>,
    tree: Vec<Duration>,
    begin: Vec<Duration>,
    instance: Vec<Duration>,
}

impl Times {
    fn print(mut self) {
        let [bare, whole, streamed, native, direct, tree, begin, instance] = [
            &mut self.bare,
            &mut self.whole,
            &mut self.streamed,
            &mut self.native,
            &mut self.direct_tree,
            &mut self.tree,
            &mut self.begin,
            &mut self.instance,
        ]
        .map(|times| median(times));
        let speed = |time: f64| format!("{:.0} MiB/s", HASHED_MEBIBYTES as f64 / time);
        let took = |time: f64| format!("{:.2} ms", time * 1e3);
        let ratio = |ratio: f64| format!("{ratio:.2} ×");
        println!("{}; medians of {ROUNDS} rounds\n", machine::machine());
        println!("| what | component | beside | its | ratio | wanted | met |");
        println!("|---|---|---|---|---|---|---|");
        let bare_hash = "bare BLAKE3 in wasmtime";
        for (what, time) in [("hashing 64 MiB, whole", whole), ("the same, streamed", streamed)] {
            let (of, met) = (bare / time, mark(bare / time >= HASHING_MIN));
            let (ours, its) = (speed(time), speed(bare));
            println!(
                "| {what} | {ours} | {bare_hash} | {its} | {} | ≥ 0.90 × | {met} |",
                ratio(of)
            );
        }
        let (ours, its, of) = (speed(streamed), speed(native), ratio(native / streamed));
        println!("| the same | {ours} | natively, all vector instructions | {its} | {of} | | |");
        let (ours, its, met) = (took(tree), took(direct), mark(tree / direct <= TREE_MAX));
        let of = ratio(tree / direct);
        println!(
            "| a tree of {FILES} small files | {ours} | natively | {its} | {of} | ≤ 2.50 × | {met} |"
        );
        let (ours, met) = (took(begin), mark(begin <= BEGIN_MAX));
        println!("| runtime, cache, instance, first call | {ours} | | | | ≤ 5 ms | {met} |");
        println!("| an instance and a call | {} | | | | | |", took(instance));
    }
}

const fn mark(met: bool) -> &'static str {
    if met { "yes" } else { "**no**" }
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64()
}

const ROUNDS: usize = 5;
const HASHED_MEBIBYTES: usize = 64;
const BARE_TIMES: u32 = 2;
const FILES: usize = 10_000;

/// What a file is read by.
const READ_BYTES: usize = 1 << 20;

const HASHING_MIN: f64 = 0.9;
const TREE_MAX: f64 = 2.5;
const BEGIN_MAX: f64 = 0.005;
