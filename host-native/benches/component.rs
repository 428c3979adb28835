//! How fast the engine is as a component in wasmtime, beside the same work without one.
//!
//! `cargo xtask bench compare --only runtimes` runs it and makes a table. Alone, after `cargo xtask
//! components`: `MARKERBED_COMPONENTS=… cargo bench -p markerbed-host --features component`. Prints
//! a line of JSON for each thing that was measured, once.
#![forbid(unsafe_code)]

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
    // The first time fills the cache.
    begin(&bytes, &cache).await?;
    print_ms("begin", OURS, begin(&bytes, &cache).await?);
    let mut bare = Bare::load(&folder, &cache)?;
    let component = Runtime::new(Limits::default(), Some(&cache))?.load("engine", &bytes)?;
    let engine = ComponentEngine::new(component, Arc::new(MemoryStore::default())).await?;
    let content = Bytes::from(vec![0x5a; HASHED_MEBIBYTES << 20]);
    // The first time makes room for what is hashed.
    bare.hash()?;
    let bare_time = bare.hash()?;
    for (operation, time) in [
        ("hashing in wasmtime", hash_whole(&engine, &content).await?),
        ("streamed in wasmtime", hash_streamed(&engine, &content).await?),
    ] {
        print_ms(operation, OURS, time);
        print_ms(operation, "bare BLAKE3", bare_time);
    }
    print_ms("hashing in wasmtime", NATIVE, timed(|| content_id(&content)));
    for files in TREES {
        let direct = Direct::new(Arc::new(MemoryStore::default()));
        let (root, native_time) = write_tree(&direct, files).await?;
        let (same_root, time) = write_tree(&engine, files).await?;
        assert_eq!(root, same_root);
        print_tree(files, OURS, time);
        print_tree(files, NATIVE, native_time);
    }
    let start = Instant::now();
    engine.content_ids(&[]).await?;
    print_ms("instance", OURS, start.elapsed());
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
async fn write_tree(engine: &dyn Engine, files: usize) -> Result<(NodeId, Duration), Failure> {
    let file = |n: usize| TreeStep::File {
        name: format!("file {n:05}").into_bytes(),
        executable: false,
        bytes: format!("{n:0100}").into_bytes().into(),
    };
    let steps: Vec<TreeStep> = (0..files).map(file).collect();
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

fn print_ms(operation: &str, program: &str, time: Duration) {
    let ms = time.as_secs_f64() * 1e3;
    println!(
        "{{\"operation\":\"{operation}\",\"program\":\"{program}\",\
         \"quantity\":\"wall-ms\",\"value\":{ms}}}"
    );
}

fn print_tree(files: usize, program: &str, time: Duration) {
    let seconds = time.as_secs_f64();
    println!(
        "{{\"operation\":\"tree\",\"program\":\"{program}\",\
         \"quantity\":\"wall-s\",\"size\":{files},\"value\":{seconds}}}"
    );
}

const OURS: &str = "markerbed";
const NATIVE: &str = "natively";

const HASHED_MEBIBYTES: usize = 64;
const BARE_TIMES: u32 = 4;

/// Files of the trees.
const TREES: [usize; 4] = [100, 1_000, 10_000, 100_000];

/// What a file is read by.
const READ_BYTES: usize = 1 << 20;
