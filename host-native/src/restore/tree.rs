//! One restore.

use std::{num::NonZeroUsize, path::Path, thread};

use markerbed_core::{
    AttributesId, NodeId, WorkspaceId,
    tree::{Attributes, Directory, Node, NodeBody},
};

use super::{
    RestoreError, UnfinishedNames,
    attributes::{Applier, Owners},
    descent::Objects,
    done::Done,
    leaf::{Take, TemporaryNames},
    linked::LinkedFiles,
    names::NameRules,
    plan::Plan,
    target::{Target, Wanted, failed},
    write::{ToldFile, Writer, permissions_until_done},
};
use crate::{folder::Folder, pool, progress::Progress, store::Store};

/// How to restore.
#[derive(Clone, Copy, Debug)]
pub struct RestoreOptions {
    /// Writes into a target that holds something already, and replaces files and symlinks there
    /// that have the name of a restored one. Whatever else is there stays.
    pub force: bool,
    /// How many nodes a tree may count; a tree that counts more is refused before anything is
    /// written.
    pub nodes_max: u64,
    /// Attributes of the node, of which each part is put back that the system lets be put back;
    /// none: files and directories get the usual modes, and the present time.
    pub attributes: Option<AttributesId>,
    /// Gives what is restored to the owners that it had, too; only who may everything may.
    pub owners: bool,
    /// What files are called until they are whole, so that whoever ends the restore early can
    /// remove them; drawn if not given.
    pub unfinished: Option<UnfinishedNames>,
}

/// What was restored.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Restored {
    /// Files written.
    pub files: u64,
    /// Directories made or found there, that of the target too.
    pub directories: u64,
    /// Symlinks made.
    pub symlinks: u64,
    /// Bytes written into files that are not sealed (SEAL-3).
    pub bytes: u64,
    /// The first of what could not be restored, in order of paths.
    pub lacking: Vec<Lacking>,
    /// How many could not be restored; more than are listed, maybe.
    pub lacking_count: u64,
    /// The first of the attributes that the system did not let be put back, in order of paths.
    pub not_put_back: Vec<NotPutBack>,
    /// How many there are.
    pub not_put_back_count: u64,
}

/// An attribute that is not as it was.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct NotPutBack {
    /// Names joined by `/`, relative to the target.
    pub path: Vec<u8>,
    /// What it is, in words.
    pub what: &'static str,
}

/// Something of the tree that is not in the target.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Lacking {
    /// Names joined by `/`, relative to the target.
    pub path: Vec<u8>,
    /// Why not.
    pub why: Lack,
}

/// Why something could not be restored.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Lack {
    /// Its node, or a page of its directory, is not in the store.
    ObjectMissing,
    /// Its content is not in the store.
    ContentMissing,
    /// It is sealed, and its node is not in the store.
    Withheld,
    /// What is stored for it is not what was put there.
    Damaged,
    /// The target has a directory of that name.
    InTheWay,
    /// It is there, but what is stored of its attributes is missing or damaged.
    Attributes,
}

/// Writes the node `node` and everything below it to `target`.
///
/// A directory becomes the directory `target`, a file the file `target`, a symlink the symlink
/// `target`. The directory that holds the target must be there.
///
/// # Errors
///
/// [`RestoreError`]; all of its arms that are decided by the tree or the target alone are decided
/// before the first byte is written. What is missing in the store is no error but
/// [`Restored::lacking`].
pub fn restore(
    store: &dyn Store,
    workspace: WorkspaceId,
    node: NodeId,
    target: &Path,
    options: &RestoreOptions,
    progress: &dyn Progress,
) -> Result<Restored, RestoreError> {
    let objects = Objects { records: store, workspace };
    let id = node;
    let node = match objects.node(id)? {
        Ok(node) => node,
        Err(lacks) if lacks.why == Lack::ObjectMissing => {
            return Err(RestoreError::NoSuchNode { node: id });
        }
        Err(lacks) => return Err(lacks.error.into()),
    };
    let place = Target::look(target)?;
    let wanted = match node.body() {
        NodeBody::Directory(_) => Wanted::Directory,
        NodeBody::File(_) => Wanted::Leaf("a file"),
        NodeBody::Symlink(_) => Wanted::Leaf("a symlink"),
    };
    place.check(wanted, options.force)?;
    let unfinished = options.unfinished.map_or_else(UnfinishedNames::draw, Ok);
    let names = TemporaryNames::new(unfinished.map_err(|error| failed(target, error))?);
    let take = if options.force { Take::Replace } else { Take::Free };
    let done = Done::default();
    let applier = options.attributes.map(|_| Applier {
        store,
        workspace,
        owners: Owners::new(options.owners),
        done: &done,
    });
    let linked = LinkedFiles::default();
    let done_by = &done;
    let writer =
        Writer { store, objects, target, take, names, progress, done: done_by, applier, linked };
    let attributes = writer.attributes(options.attributes, &Vec::new)?;
    match node.body() {
        NodeBody::Directory(directory) => {
            restore_directory(&writer, place, id, (directory, attributes.as_ref()), options)?;
        }
        _ => restore_leaf(&writer, place, &node, attributes.as_ref())?,
    }
    drop(writer);
    Ok(done.into_restored())
}

fn restore_directory(
    writer: &Writer<'_>,
    place: Target,
    id: NodeId,
    (directory, attributes): (&Directory, Option<&Attributes>),
    options: &RestoreOptions,
) -> Result<(), RestoreError> {
    let rules = place.with_probe_folder(|folder| {
        let probe = writer.names.next();
        NameRules::probe(folder, &probe)
    })?;
    let plan = Plan::make(writer.objects, id, directory, rules, options.nodes_max)?;
    place.check_room(directory.below().bytes)?;
    let root = place.enter(permissions_until_done(attributes))?;
    let again = |root: &Folder| root.again().map_err(|error| failed(writer.target, error));

    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let jobs_waiting_max = 2 * threads;
    let folders_a_job = (FOLDERS_OPEN_MAX / (jobs_waiting_max + threads)).clamp(1, 16);
    let first = again(&root)?;
    pool::run(
        threads,
        jobs_waiting_max,
        |pool| writer.find(first, (directory, attributes), pool, folders_a_job),
        |job, _| Ok(writer.write(job)?),
    )?;
    writer.link(&root)?;
    if plan.has_symlinks(id) || writer.applier.is_some() {
        writer.finish(again(&root)?, (directory, attributes), &plan)?;
    }
    root.sync().map_err(|error| failed(writer.target, error))
}

fn restore_leaf(
    writer: &Writer<'_>,
    place: Target,
    leaf: &Node,
    attributes: Option<&Attributes>,
) -> Result<(), RestoreError> {
    if let Some(file) = leaf.as_file() {
        place.check_room(file.size_bytes())?;
    }
    let Some((folder, name)) = place.into_leaf() else { return Ok(()) };
    let path = || Vec::new();
    if let Some(file) = ToldFile::of(leaf) {
        writer.write_file(&folder, &name, &file, attributes, path)?;
    } else if let Some(link) = leaf.as_symlink() {
        writer.write_symlink(&folder, &name, link.target(), attributes, path)?;
    }
    folder.sync().map_err(|error| failed(writer.target, error))
}

impl Default for RestoreOptions {
    fn default() -> Self {
        Self {
            force: false,
            nodes_max: NODES_MAX,
            attributes: None,
            owners: false,
            unfinished: None,
        }
    }
}

impl Restored {
    /// Whether the target holds all of the tree.
    pub const fn is_complete(&self) -> bool {
        self.lacking_count == 0
    }
}

impl Lack {
    /// The stable, machine-readable name of it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ObjectMissing => "missing-object",
            Self::ContentMissing => "missing-content",
            Self::Withheld => "withheld",
            Self::Damaged => "store-damaged",
            Self::InTheWay => "in-the-way",
            Self::Attributes => "missing-attributes",
        }
    }
}

/// Far above what one file system holds, and far below what a hostile tree can count.
const NODES_MAX: u64 = 1 << 30;
/// How many directories may be open for the jobs, far below what a process may open.
const FOLDERS_OPEN_MAX: usize = 384;
