//! Compiles components and keeps what they run on.

use std::{
    path::{self, Path},
    sync::Arc,
    thread,
    time::Duration,
};

use markerbed_engine::RuntimeError;
use tokio::runtime::Handle;
use wasmtime::{
    Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
    component,
};

use super::{Limits, failure::in_one_line};

/// What components run on: a compiler, a pool of instances, a clock that interrupts them.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    engine: Engine,
    limits: Arc<Limits>,
    /// What measures how long a store takes to answer.
    clock: Option<Handle>,
}

impl Runtime {
    /// Makes a runtime; with `cache`, a folder that nobody else may write to, what was compiled is
    /// kept there and found again. If it is made inside a runtime of tokio, that one's timers count
    /// for calls from anywhere.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::NoRuntime`] if this machine cannot run components, or the folder cannot be
    /// used.
    pub fn new(limits: Limits, cache: Option<&Path>) -> Result<Self, RuntimeError> {
        let engine = engine(&limits, cache)
            .map_err(|cause| RuntimeError::NoRuntime { cause: in_one_line(&cause) })?;
        tick(&engine)?;
        Ok(Self { engine, limits: Arc::new(limits), clock: Handle::try_current().ok() })
    }

    /// Compiles a component, or finds it in the cache.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::NotAComponent`] if `bytes` are none.
    pub fn load(&self, world: &'static str, bytes: &[u8]) -> Result<Component, RuntimeError> {
        let compiled = component::Component::from_binary(&self.engine, bytes)
            .map_err(|cause| RuntimeError::NotAComponent { world, cause: in_one_line(&cause) })?;
        Ok(Component { runtime: self.clone(), compiled })
    }

    pub(super) const fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) const fn clock(&self) -> Option<&Handle> {
        self.clock.as_ref()
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// A compiled component. Cheap to clone.
#[derive(Clone)]
pub struct Component {
    runtime: Runtime,
    compiled: component::Component,
}

impl Component {
    /// The names of what it asks for; empty for a verifier.
    pub fn imports(&self) -> Vec<String> {
        let world = self.compiled.component_type();
        world.imports(self.runtime.engine()).map(|(name, _)| name.to_owned()).collect()
    }

    pub(super) const fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub(super) const fn compiled(&self) -> &component::Component {
        &self.compiled
    }
}

fn engine(limits: &Limits, cache: Option<&Path>) -> Result<Engine, wasmtime::Error> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(limits.instances)
        .total_core_instances(limits.instances.saturating_mul(CORE_INSTANCES))
        .total_memories(limits.instances)
        .total_tables(limits.instances.saturating_mul(TABLES))
        .total_stacks(limits.instances)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(1)
        .max_tables_per_component(TABLES)
        .max_memory_size(limits.memory_bytes)
        .table_elements(limits.table_elements)
        .linear_memory_keep_resident(RESIDENT_BYTES);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .max_wasm_stack(limits.stack_bytes)
        // Nobody unwinds it or asks for lines, and it is half of what the cache has to read.
        .generate_address_map(false)
        .native_unwind_info(false)
        .async_stack_size(limits.stack_bytes.saturating_mul(2));
    if let Some(folder) = cache {
        let mut kept = CacheConfig::new();
        kept.with_directory(path::absolute(folder)?);
        kept.with_baseline_compression_level(COMPRESSION);
        config.cache(Some(Cache::new(kept)?));
    }
    Engine::new(&config)
}

/// Lets time pass for the instances of `engine` until it is gone.
fn tick(engine: &Engine) -> Result<(), RuntimeError> {
    let weak = engine.weak();
    let tick = move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    };
    thread::Builder::new()
        .name("markerbed-ticks".to_owned())
        .spawn(tick)
        .map(drop)
        .map_err(|cause| RuntimeError::NoRuntime { cause: cause.to_string() })
}

/// Zstandard's level for what was compiled: written once, and read faster the smaller it is.
const COMPRESSION: i32 = 12;

/// How often an instance that computes is looked at.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// A component is one module and what wit-component puts around it.
const CORE_INSTANCES: u32 = 8;
const TABLES: u32 = 4;

/// Memory of an instance that goes back to the pool and stays in this process.
const RESIDENT_BYTES: usize = 1 << 20;
