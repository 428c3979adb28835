//! `markerbed init`

use std::{
    env,
    ffi::OsStr,
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use markerbed_core::{
    Id16,
    ledger::{Genesis, Nonce},
};
use markerbed_host::{
    drive::blocking::wait,
    store::{
        Store, StoreError,
        directory::{Access, DirectoryStore, Options, check_local, layer::SystemFiles},
    },
    workspace::{Keys, Stamp, Workspace},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    exit::Exit,
    failure::Failure,
    host::Host,
    inputs::TimeOption,
    interrupt::Scratch,
    json::{HexId, KeyPath, StorePath},
    open::{STORE_NAME, key_path},
    output::{Report, Text},
    text::shown,
};

/// Make a store with a workspace, and the key that signs for it
///
/// The store is .markerbed in DIR, or what --store names. The key is in the configuration folder of
/// the user or where --key says, never in the store. Exits with 2 if there is a store already.
#[derive(clap::Args)]
pub(crate) struct Init {
    /// The directory to keep a record of; made if it is not there
    #[arg(value_name = "DIR", conflicts_with = "store")]
    directory: Option<PathBuf>,
    #[command(flatten)]
    time: TimeOption,
}

/// What `markerbed init --json` answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "init")]
pub(crate) struct InitAnswer {
    #[serde(flatten)]
    store: StorePath,
    /// The WorkspaceId of its workspace.
    workspace: HexId,
    #[serde(flatten)]
    key: KeyPath,
    /// The public half of the key.
    public_key: HexId,
}

impl Init {
    pub(crate) fn run(self, host: &mut Host) -> Result<Exit, Failure> {
        let time_ms = host.inputs.now_ms(self.time.given_ms)?;
        let directory = self.store(host)?;
        let keys =
            Keys::from_random(&host.inputs.random()?, Id16::from_bytes(host.inputs.random()?));
        let genesis =
            Genesis { nonce: Nonce::from_bytes(host.inputs.random()?), first_key: keys.public() };
        let key = key_path(&host.place, genesis.id())?;
        let store = make_store(&directory)?;
        keys.save(&key, genesis.id())?;
        // A key without a workspace would only confuse; it goes if the workspace does not come.
        let unused = Scratch::new(key.clone());
        let request = Id16::from_bytes(host.inputs.random()?);
        let stamp = Stamp { agent: keys.agent(), request, time_ms };
        wait(host.computer.create(store, genesis, &label(&directory), &stamp))?;
        unused.keep();
        let answer = InitAnswer {
            store: directory.as_path().into(),
            workspace: genesis.id().into(),
            key: key.as_path().into(),
            public_key: keys.public().into(),
        };
        host.output.tell(&answer, Exit::Done)
    }

    /// Where the store shall be; what is above it is made.
    fn store(&self, host: &Host) -> Result<PathBuf, Failure> {
        let directory = match (&self.directory, &host.place.store) {
            (Some(directory), _) => directory.join(STORE_NAME),
            (None, Some(store)) => store.clone(),
            (None, None) => PathBuf::from(STORE_NAME),
        };
        host.place.check_writable(&directory)?;
        // Before anything is made there.
        check_local(&SystemFiles, &directory)?;
        if let Some(above) = directory.parent().filter(|above| !above.as_os_str().is_empty()) {
            fs::create_dir_all(above).map_err(|cause| Failure::system(shown(above), &cause))?;
        }
        Ok(directory)
    }
}

/// Makes the store, or takes one that has no workspace yet: a rest of an `init` that was ended.
fn make_store(directory: &Path) -> Result<Arc<dyn Store>, Failure> {
    let options = || Options::new(Access::Write);
    match DirectoryStore::create(directory, options()) {
        Ok(store) => return Ok(Arc::new(store)),
        Err(StoreError::Exists { .. }) => {}
        Err(failure) => return Err(failure.into()),
    }
    let store: Arc<dyn Store> = Arc::new(DirectoryStore::open(directory, options())?);
    if wait(Workspace::list(&*store))?.is_empty() {
        return Ok(store);
    }
    let message = format!(
        "{}: there is a store already; use it, or name another place with --store",
        shown(directory)
    );
    Err(Failure::usage("store-exists", message))
}

/// What the host calls the workspace: the directory that the store belongs to.
fn label(directory: &Path) -> String {
    let absolute = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let named = match absolute.file_name() {
        Some(name) if name == STORE_NAME => absolute.parent().and_then(Path::file_name),
        name => name,
    };
    named.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The path without what leads to this directory, as far as that can be told.
fn from_here(path: &[u8]) -> &[u8] {
    let path = Path::new(OsStr::from_bytes(path));
    let here = env::current_dir().ok();
    let below = here.and_then(|here| path.strip_prefix(here).ok());
    below.unwrap_or(path).as_os_str().as_bytes()
}

impl Report for InitAnswer {
    fn put_text(&self, text: &mut Text<'_>) -> io::Result<()> {
        let store = StorePath(from_here(&self.store.0).to_vec());
        let key = KeyPath(from_here(&self.key.0).to_vec());
        let (store, key) = (store.shown(), key.shown());
        let workspace = self.workspace.short();
        text.line(format_args!("made the store {store} with workspace {workspace}"))?;
        text.line(format_args!("its key is {key}: keep it, and keep it to yourself"))
    }
}
