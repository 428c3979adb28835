//! What computes: core, linked into this program, or the engine as a component in a sandbox.

#[cfg(feature = "component")]
mod sandbox;

use std::{
    env,
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use markerbed_core::ledger::Genesis;
use markerbed_engine::{Direct, Engine};
use markerbed_host::{
    store::{MemoryStore, Store},
    workspace::{Stamp, Workspace},
};

use crate::{failure::Failure, text::shown};

/// What computes. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) enum Computer {
    /// Core, linked into this program.
    #[default]
    Native,
    /// The engine as a component.
    #[cfg(feature = "component")]
    Component(sandbox::Sandbox),
}

impl Computer {
    /// What the command line says, or else the environment.
    ///
    /// # Errors
    ///
    /// If there is no such engine, or it cannot be run.
    pub(crate) fn chosen(named: Option<&OsStr>) -> Result<Self, Failure> {
        let set = |variable| env::var_os(variable).filter(|value| !value.is_empty());
        let named = named.map(OsStr::to_owned).or_else(|| set("MARKERBED_ENGINE"));
        match named.as_deref().map_or(Ok(Choice::Native), Choice::of)? {
            Choice::Native => Ok(Self::Native),
            Choice::Component(file) => {
                Self::component(file.or_else(|| set("MARKERBED_COMPONENT").map(PathBuf::from)))
            }
        }
    }

    /// The workspace, computed for by what was chosen.
    ///
    /// # Errors
    ///
    /// If the store cannot keep what is promised.
    pub(crate) fn compute_for(&self, workspace: Workspace) -> Result<Workspace, Failure> {
        match self {
            Self::Native => Ok(workspace),
            #[cfg(feature = "component")]
            Self::Component(sandbox) => Ok(workspace.computed_by(&**sandbox.engine())?),
        }
    }

    /// Begins a workspace, computed for by what was chosen.
    ///
    /// # Errors
    ///
    /// As [`Workspace::create`], and if the store cannot keep what is promised.
    pub(crate) async fn create(
        &self,
        store: Arc<dyn Store>,
        genesis: Genesis,
        label: &str,
        stamp: &Stamp,
    ) -> Result<Workspace, Failure> {
        Ok(match self {
            Self::Native => Workspace::create(store, genesis, label, stamp).await?,
            #[cfg(feature = "component")]
            Self::Component(sandbox) => {
                let engine = &**sandbox.engine();
                Workspace::create_computed_by(engine, store, genesis, label, stamp).await?
            }
        })
    }

    /// The engine, over no store: for what needs none.
    pub(crate) fn engine(&self) -> Arc<dyn Engine> {
        match self {
            Self::Native => Arc::new(Direct::new(Arc::new(MemoryStore::default()))),
            #[cfg(feature = "component")]
            Self::Component(sandbox) => sandbox.engine().clone(),
        }
    }

    #[cfg(feature = "component")]
    fn component(file: Option<PathBuf>) -> Result<Self, Failure> {
        let file = file.ok_or_else(|| {
            let message = "--engine component: no file is named; say component=FILE, or set \
                           MARKERBED_COMPONENT";
            Failure::usage("bad-usage", message)
        })?;
        sandbox::Sandbox::of(&file).map(Self::Component)
    }

    #[cfg(not(feature = "component"))]
    fn component(_: Option<PathBuf>) -> Result<Self, Failure> {
        let message = "--engine component: this markerbed was built without it; build it with \
                       `--features component`";
        Err(Failure::usage("engine-not-built", message))
    }
}

/// What `--engine` says.
#[derive(Debug, Eq, PartialEq)]
enum Choice {
    Native,
    /// A component; in which file, if that was said.
    Component(Option<PathBuf>),
}

impl Choice {
    fn of(text: &OsStr) -> Result<Self, Failure> {
        let file = text.as_bytes().strip_prefix(b"component=").filter(|file| !file.is_empty());
        match (text.as_bytes(), file) {
            (b"native", _) => Ok(Self::Native),
            (b"component", _) => Ok(Self::Component(None)),
            (_, Some(file)) => Ok(Self::Component(Some(OsStr::from_bytes(file).into()))),
            (_, None) => {
                let message = format!(
                    "{} is no engine; --engine takes native, component or component=FILE",
                    shown(Path::new(text))
                );
                Err(Failure::usage("bad-usage", message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(text: &str) -> Option<Choice> {
        Choice::of(OsStr::new(text)).ok()
    }

    #[test]
    fn an_engine_is_native_or_a_component_from_a_file() {
        let file = |name: &str| Some(Choice::Component(Some(PathBuf::from(name))));

        assert_eq!(choice("native"), Some(Choice::Native));
        assert_eq!(choice("component"), Some(Choice::Component(None)));
        assert_eq!(choice("component=a/b=c.wasm"), file("a/b=c.wasm"));
        assert_eq!((choice("component="), choice("wasm"), choice("")), (None, None, None));
    }
}
