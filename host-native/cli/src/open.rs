//! Finds and opens the store and the workspace that a command works on.

use std::{
    env,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use markerbed_core::{
    ContentId, Id16, NodeId, WorkspaceId,
    access::{Right, Scope},
    tree::EvidenceDocument,
};
use markerbed_host::{
    drive::blocking::wait,
    listing::KeptListing,
    store::{
        Store,
        directory::{Access, DirectoryStore, IndexUse, Options, layer::SystemFiles, list_aside},
    },
    workspace::{
        CheckData, Keys, RecordedSnapshot, Reference, Scanned, Stamp, Workspace, key_file,
        scan_directory,
    },
};

use crate::{
    exit::Exit,
    failure::Failure,
    host::{Host, Place},
    json::AsideMembers,
    text::shown,
    time::show_time,
};

/// An open workspace, and where its store lies.
pub(crate) struct Opened {
    /// The workspace.
    pub(crate) workspace: Workspace,
    /// The directory of its store.
    pub(crate) directory: PathBuf,
    /// Something was found damaged when it was opened.
    pub(crate) is_damaged: bool,
}

/// What a command does with the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    /// It reads.
    Read,
    /// It writes.
    Write,
    /// It reads, and no index is taken as truth.
    Check,
}

impl Opened {
    /// Opens what the user meant.
    ///
    /// # Errors
    ///
    /// If there is no store, or the workspace in it cannot be opened.
    pub(crate) fn of(host: &Host, purpose: Purpose) -> Result<Self, Failure> {
        Self::at(host, find_store(&host.place)?, purpose)
    }

    /// Opens the store in `directory`.
    ///
    /// # Errors
    ///
    /// If there is none, or the workspace in it cannot be opened.
    pub(crate) fn at(host: &Host, directory: PathBuf, purpose: Purpose) -> Result<Self, Failure> {
        if purpose == Purpose::Write {
            host.place.check_writable(&directory)?;
        }
        let store = open_store(&directory, purpose)?;
        let is_damaged = !store.damage().is_empty();
        let workspace = open_workspace(Arc::new(store), host.place.workspace.as_deref())?;
        let workspace = host.computer.compute_for(workspace)?;
        Ok(Self { workspace, directory, is_damaged })
    }

    /// The store.
    pub(crate) fn store(&self) -> &dyn Store {
        &**self.workspace.proven_store()
    }

    /// Who writes, when and under which request: for one entry of who may write.
    ///
    /// # Errors
    ///
    /// As [`Self::unchecked_stamp`]; if no grant lets its agent write.
    pub(crate) fn stamp(&self, host: &mut Host, time_ms: i64) -> Result<Stamp, Failure> {
        let stamp = self.unchecked_stamp(host, time_ms)?;
        wait(self.workspace.check_permitted(stamp.agent, Right::Write, &Scope::WHOLE))?;
        Ok(stamp)
    }

    /// As [`Self::stamp`], whatever its agent may do.
    ///
    /// # Errors
    ///
    /// If the key of the workspace is not there, or is not its key.
    pub(crate) fn unchecked_stamp(&self, host: &mut Host, time_ms: i64) -> Result<Stamp, Failure> {
        let id = self.workspace.id();
        let keys = Keys::load(&key_path(&host.place, id)?, id)?;
        keys.check_fits(wait(self.workspace.active_key())?)?;
        self.stamp_of(host, time_ms, &keys)
    }

    /// As [`Self::stamp`], for keys that need not be those that sign.
    ///
    /// # Errors
    ///
    /// If the system has no random bytes.
    pub(crate) fn stamp_of(
        &self,
        host: &mut Host,
        time_ms: i64,
        keys: &Keys,
    ) -> Result<Stamp, Failure> {
        self.note_clock(host, time_ms)?;
        let request = Id16::from_bytes(host.inputs.random()?);
        Ok(Stamp { agent: keys.agent(), request, time_ms })
    }

    /// Says so if the clock went backwards. The order of entries is that of their numbers, so it is
    /// no fault; but somebody should know.
    fn note_clock(&self, host: &mut Host, time_ms: i64) -> Result<(), Failure> {
        let Some(number) = wait(self.store().number(self.workspace.id()))? else { return Ok(()) };
        let newest = wait(self.workspace.entry(number))?;
        if let Some(newest) = newest.filter(|newest| newest.time_ms > time_ms) {
            host.output.note(format_args!(
                "the clock went backwards: it is {}, and entry #{number} was recorded at {}; what \
                 is recorded now says the earlier time",
                show_time(time_ms),
                show_time(newest.time_ms),
            ));
        }
        Ok(())
    }

    /// Reads a whole content of at most 16 MiB.
    ///
    /// # Errors
    ///
    /// A failure of the store; a larger content.
    pub(crate) fn content(&self, id: ContentId) -> Result<Option<Bytes>, Failure> {
        let found = wait(self.store().fetch_contents(self.workspace.id(), &[id]));
        Ok(found?.pop().flatten())
    }

    /// The root of a snapshot and its listing, if its evidence names one.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    pub(crate) fn kept_listing(
        &self,
        recorded: &RecordedSnapshot,
    ) -> Result<Option<(NodeId, KeptListing)>, Failure> {
        let snapshot = &recorded.snapshot;
        let (Some(digest), Some(evidence)) = (snapshot.listing, snapshot.evidence) else {
            return Ok(None);
        };
        let evidence = self.content(evidence)?;
        let evidence = evidence.and_then(|evidence| EvidenceDocument::read(&evidence).ok());
        let content = evidence.and_then(|evidence| evidence.listing);
        Ok(content.map(|content| (snapshot.root, KeptListing { content, digest })))
    }

    /// Reads every record of the store without any index, and proves the contents of `data`.
    ///
    /// # Errors
    ///
    /// A failure of the store that is no damage.
    pub(crate) fn scan(&self, data: CheckData) -> Result<Scanned, Failure> {
        Ok(scan_directory(&self.directory, self.workspace.id(), data)?)
    }
}

/// Reads a reference from an argument, whose bytes need not be text.
///
/// # Errors
///
/// If it is of no form.
pub(crate) fn reference(argument: &std::ffi::OsStr) -> Result<Reference, Failure> {
    use std::os::unix::ffi::OsStrExt;
    Ok(Reference::parse(argument.as_bytes())?)
}

/// Where the key of a workspace is: named, or in the user's configuration folder.
///
/// # Errors
///
/// If there is no such folder.
pub(crate) fn key_path(place: &Place, workspace: WorkspaceId) -> Result<PathBuf, Failure> {
    match &place.key {
        Some(path) => Ok(path.clone()),
        None => Ok(key_file(place.config_home.as_deref(), place.home.as_deref(), workspace)?),
    }
}

/// Where the store is: named, or the nearest one upwards.
///
/// # Errors
///
/// If there is none.
pub(crate) fn find_store(place: &Place) -> Result<PathBuf, Failure> {
    if let Some(store) = &place.store {
        return Ok(store.clone());
    }
    let here = env::current_dir().map_err(|cause| Failure::system("this directory", &cause))?;
    let nearest = here.ancestors().map(|directory| directory.join(STORE_NAME)).find(|store| {
        // Whatever is there is meant, even if it turns out not to be a store.
        store.symlink_metadata().is_ok()
    });
    nearest.ok_or_else(|| {
        let message = format!(
            "{}: no {STORE_NAME} here or in a directory above; make one with `markerbed init`, or \
             name one with --store",
            shown(&here)
        );
        Failure::new(Exit::NoStore, "no-store", message)
    })
}

fn open_store(directory: &Path, purpose: Purpose) -> Result<DirectoryStore, Failure> {
    let options = match purpose {
        Purpose::Read => Options::new(Access::Read),
        Purpose::Write => Options::new(Access::Write),
        Purpose::Check => Options { index: IndexUse::Ignore, ..Options::new(Access::Read) },
    };
    Ok(DirectoryStore::open(directory, options)?)
}

/// What was set aside in a store.
///
/// # Errors
///
/// A failure of the store.
pub(crate) fn aside(store: &Path) -> Result<Vec<AsideMembers>, Failure> {
    let found = list_aside(store, &SystemFiles)?;
    Ok(found.into_iter().map(AsideMembers::from).collect())
}

fn open_workspace(store: Arc<dyn Store>, named: Option<&str>) -> Result<Workspace, Failure> {
    let Some(named) = named else { return Ok(wait(Workspace::open_default(store))?) };
    let listed = wait(Workspace::list(&*store))?;
    let fits = |id: &WorkspaceId| named.len() >= PREFIX_DIGITS && id.to_string().starts_with(named);
    let ids: Vec<WorkspaceId> = listed.iter().map(|listed| listed.id).filter(fits).collect();
    match ids.as_slice() {
        [id] => Ok(wait(Workspace::open(store, *id))?),
        [] => Err(Failure::usage(
            "unknown-workspace",
            format!(
                "no workspace of the store has an id that begins with {named}; give 8 or more of \
                 its digits"
            ),
        )),
        several => Err(Failure::usage(
            "which-workspace",
            format!("{} workspaces begin with {named}; give more digits", several.len()),
        )),
    }
}

/// What a store is called in the directory that it belongs to.
pub(crate) const STORE_NAME: &str = ".markerbed";

const PREFIX_DIGITS: usize = 8;
