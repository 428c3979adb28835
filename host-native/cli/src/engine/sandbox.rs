//! The engine as a component, from a file that the user names.

use std::{
    env,
    fs::{self, DirBuilder, File},
    io::{self, Read},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use markerbed_engine::Engine;
use markerbed_host::{
    component::{ComponentEngine, Limits, Runtime},
    drive::blocking::wait,
    store::MemoryStore,
    workspace::WorkspaceError,
};

use crate::{exit::Exit, failure::Failure, text::shown};

/// A component that was loaded, and what it runs on. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sandbox {
    engine: Arc<dyn Engine>,
    /// Kept: it measures how long a store may take to answer.
    _clock: Arc<tokio::runtime::Runtime>,
}

impl Sandbox {
    /// Loads a component, or finds in the user's cache folder what was compiled of it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is no component of this format, if nothing can run it here, or
    /// if others may write to the cache.
    pub(super) fn of(file: &Path) -> Result<Self, Failure> {
        let bytes = read(file)?;
        let cache = cache_folder()?;
        let clock = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let clock = clock.map_err(|cause| Failure::system("a clock for components", &cause))?;
        let entered = clock.enter();
        let failed = |error| Failure::from(WorkspaceError::Runtime(error));
        let runtime = Runtime::new(Limits::default(), cache.as_deref()).map_err(failed)?;
        let component = runtime.load("engine", &bytes).map_err(failed)?;
        let no_store = Arc::new(MemoryStore::default());
        let engine = wait(ComponentEngine::new(component, no_store));
        let engine = engine.map_err(|error| Failure::from(WorkspaceError::from(error)))?;
        drop(entered);
        Ok(Self { engine: Arc::new(engine), _clock: Arc::new(clock) })
    }

    /// The engine, over no store.
    pub(super) fn engine(&self) -> &Arc<dyn Engine> {
        &self.engine
    }
}

/// Reads a component, and no more of a file than one may have.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |cause: io::Error| Failure::system(shown(file), &cause);
    let mut bytes = Vec::new();
    let file = File::open(file).map_err(failed)?;
    file.take(COMPONENT_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Where compiled components are kept: machine code, so nobody else may write there. None if
/// nothing says where the user's caches are.
fn cache_folder() -> Result<Option<PathBuf>, Failure> {
    let set = |variable| env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    let Some(folder) = caches.map(|caches| caches.join("markerbed/components")) else {
        return Ok(None);
    };
    let failed = |cause: io::Error| Failure::system(shown(&folder), &cause);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
    let found = fs::symlink_metadata(&folder).map_err(failed)?;
    let is_private = found.is_dir()
        && found.uid() == rustix::process::geteuid().as_raw()
        && found.mode() & 0o077 == 0;
    if is_private {
        return Ok(Some(folder));
    }
    let message = format!(
        "{}: others may have written there, and what is there is run; remove it, or run `chmod \
         700` on it",
        shown(&folder)
    );
    Err(Failure::new(Exit::NotPermitted, "cache-exposed", message))
}

/// The engine has less than a megabyte.
const COMPONENT_BYTES_MAX: u64 = 64 << 20;
