//! What every command stands on.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use markerbed_host::store::StoreError;

use crate::{
    arguments::Everywhere, engine::Computer, failure::Failure, inputs::Inputs, output::Output,
    text::shown,
};

/// Where words go, where time and randomness come from, and where the store is.
pub(crate) struct Host {
    /// Where words go.
    pub(crate) output: Output,
    /// Where time and randomness come from.
    pub(crate) inputs: Inputs,
    /// What the user said about the store.
    pub(crate) place: Place,
    /// What computes.
    pub(crate) computer: Computer,
}

/// What the user said about the store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// The store itself, if it was named.
    pub(crate) store: Option<PathBuf>,
    /// The workspace in it, if it was named.
    pub(crate) workspace: Option<String>,
    /// The key, if it was named.
    pub(crate) key: Option<PathBuf>,
    /// The seal key, if the environment names it.
    pub(crate) seal_key: Option<PathBuf>,
    /// Whether nothing may be written to it.
    pub(crate) read_only: bool,
    /// What `XDG_CONFIG_HOME` says.
    pub(crate) config_home: Option<OsString>,
    /// What `XDG_DATA_HOME` says.
    pub(crate) data_home: Option<OsString>,
    /// What `HOME` says.
    pub(crate) home: Option<OsString>,
}

impl Host {
    /// A host for one command of a user.
    pub(crate) fn new(output: Output, everywhere: &Everywhere) -> Self {
        let set = |variable| env::var_os(variable).filter(|value| !value.is_empty());
        let mut place = Place {
            store: set("MARKERBED_STORE").map(PathBuf::from),
            key: set("MARKERBED_KEY").map(PathBuf::from),
            seal_key: set("MARKERBED_SEAL_KEY").map(PathBuf::from),
            config_home: set("XDG_CONFIG_HOME"),
            data_home: set("XDG_DATA_HOME"),
            home: set("HOME"),
            ..Place::default()
        };
        place.name(everywhere);
        Self { output, inputs: Inputs::Machine, place, computer: Computer::default() }
    }

    /// A host for one command of the demo, which must not depend on the environment; keys go to
    /// `config_home`.
    pub(crate) fn of_demo(
        output: Output,
        inputs: Inputs,
        config_home: OsString,
        computer: Computer,
    ) -> Self {
        let place = Place { config_home: Some(config_home), ..Place::default() };
        Self { output, inputs, place, computer }
    }
}

impl Place {
    /// Refuses to write to `store` if the user said so.
    ///
    /// # Errors
    ///
    /// If nothing may be written.
    pub(crate) fn check_writable(&self, store: &Path) -> Result<(), Failure> {
        if self.read_only {
            return Err(StoreError::ReadOnly { place: shown(store).to_string() }.into());
        }
        Ok(())
    }

    /// What the command line names counts more than what was said before.
    pub(crate) fn name(&mut self, everywhere: &Everywhere) {
        let Everywhere { store, workspace, key, read_only, .. } = everywhere.clone();
        self.store = store.or(self.store.take());
        self.workspace = workspace.or(self.workspace.take());
        self.key = key.or(self.key.take());
        self.read_only |= read_only;
    }
}
