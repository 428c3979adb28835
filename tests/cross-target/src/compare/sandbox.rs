//! wasmtime: the suites inside a sandbox, and the engine's component from outside.

use std::{fs, path::Path};

use markerbed_core::{ContentId, hash::content_id};
use markerbed_cross_target::{Traced, run};
use markerbed_host::component::{Component, ComponentEngine, Limits, Runtime};
use markerbed_suites::vectors::SUITES;
use wasmtime::{
    Cache, CacheConfig, Config, Engine, Store,
    component::{self, Linker, TypedFunc},
};

use super::Target;

/// Core and the suites compiled into one component: how core computes in a sandbox.
pub(super) struct SuitesComponent {
    name: &'static str,
    store: Store<()>,
    vectors: TypedFunc<(String,), (u64,)>,
    program: TypedFunc<(u64, bool), (String,)>,
}

impl SuitesComponent {
    pub(super) fn load(name: &'static str, folder: &Path, file: &str) -> Result<Self, String> {
        let bytes = read(&folder.join(file))?;
        let loaded = Self::instantiate(name, &bytes, &folder.join(CACHE));
        loaded.map_err(|cause| format!("{file}: {cause:#}"))
    }

    fn instantiate(
        name: &'static str,
        bytes: &[u8],
        cache: &Path,
    ) -> Result<Self, wasmtime::Error> {
        let mut kept = CacheConfig::new();
        kept.with_directory(cache);
        let engine = Engine::new(Config::new().cache(Some(Cache::new(kept)?)))?;
        let suites = component::Component::from_binary(&engine, bytes)?;
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine).instantiate(&mut store, &suites)?;
        let vectors = instance.get_typed_func(&mut store, "vectors")?;
        let program = instance.get_typed_func(&mut store, "program")?;
        Ok(Self { name, store, vectors, program })
    }

    fn text(&mut self, seed: u64, plant: bool) -> Result<String, String> {
        let called = self.program.call(&mut self.store, (seed, plant));
        let (text,) =
            called.map_err(|cause| format!("{}: program {seed}: {cause:#}", self.name))?;
        Ok(text)
    }
}

impl Target for SuitesComponent {
    fn name(&self) -> &str {
        self.name
    }

    fn version(&self) -> String {
        WASMTIME.to_owned()
    }

    fn vectors(&mut self) -> Result<Option<Vec<u64>>, String> {
        let check = |(name, _): &(&str, fn())| {
            let called = self.vectors.call(&mut self.store, ((*name).to_owned(),));
            called
                .map(|(cases,)| cases)
                .map_err(|cause| format!("{}: {name}: {cause:#}", self.name))
        };
        SUITES.iter().map(check).collect::<Result<_, _>>().map(Some)
    }

    fn programs(&mut self, first: u64, count: u64, plant: bool) -> Result<Vec<ContentId>, String> {
        let digest = |seed| Ok(content_id(self.text(seed, plant)?.as_bytes()));
        (first..first + count).map(digest).collect()
    }

    fn transcript(&mut self, seed: u64, plant: bool) -> Result<String, String> {
        self.text(seed, plant)
    }
}

/// The component that is shipped, called through its world.
pub(super) struct EngineComponent {
    name: &'static str,
    component: Component,
    tokio: tokio::runtime::Runtime,
}

impl EngineComponent {
    pub(super) fn load(name: &'static str, folder: &Path, file: &str) -> Result<Self, String> {
        let bytes = read(&folder.join(file))?;
        let runtime = Runtime::new(Limits::default(), Some(&folder.join(CACHE)))
            .map_err(|error| error.to_string())?;
        let component = runtime.load("engine", &bytes).map_err(|error| error.to_string())?;
        let tokio = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let tokio = tokio.map_err(|cause| cause.to_string())?;
        Ok(Self { name, component, tokio })
    }
}

impl Target for EngineComponent {
    fn name(&self) -> &str {
        self.name
    }

    fn version(&self) -> String {
        format!("{WASMTIME}, world engine")
    }

    /// Its world has no vectors.
    fn vectors(&mut self) -> Result<Option<Vec<u64>>, String> {
        Ok(None)
    }

    fn programs(&mut self, first: u64, count: u64, plant: bool) -> Result<Vec<ContentId>, String> {
        let digest = |seed| Ok(content_id(self.transcript(seed, plant)?.as_bytes()));
        (first..first + count).map(digest).collect()
    }

    fn transcript(&mut self, seed: u64, plant: bool) -> Result<String, String> {
        self.tokio.block_on(async {
            let traced = Traced::new();
            let engine = ComponentEngine::new(self.component.clone(), traced.store()).await;
            let engine = engine.map_err(|error| format!("{}: {error}", self.name))?;
            Ok(run(seed, &engine, &traced, plant).await.text)
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let advice = "`cargo xtask components` makes it";
    fs::read(path).map_err(|cause| format!("{}: {cause}; {advice}", path.display()))
}

/// What was compiled, for the next time.
const CACHE: &str = "compiled";

const WASMTIME: &str = concat!("wasmtime ", "48");
