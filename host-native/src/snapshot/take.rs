//! One attempt to take a directory in.

use std::{
    collections::HashSet,
    io,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use bytes::Bytes;
use markerbed_core::{
    AttributesId, ContentId, Error, NodeId,
    hash::content_id,
    tree::{Coverage, Directory, EvidenceDocument, Gap, Label, RulesDocument, SealKey},
};
use markerbed_workspace::{Capture, SnapshotDraft};

use super::{
    Attention, Holding, NewSeen, Seen, SeenPlace, Sink, SnapError,
    assemble::{Assembled, Assembly},
    extras::Attributing,
    look::Looker,
    read::{LeftOut, Wanted},
    recall::Recall,
    rules::Rules,
    walk::Walker,
    work::{ReadCounts, Readers},
};
use crate::{
    folder::{Folder, Identity},
    listing::KeptListing,
    pool,
    progress::Progress,
    store::limits::ANSWER_ITEMS_MAX,
};

/// What to take in and what to leave out.
#[derive(Clone, Debug)]
pub struct SnapOptions {
    /// Honours `.gitignore` files and leaves `.git` out, both inside a git work tree, and honours
    /// `.markerbedignore` files everywhere. Without it only `exclude` leaves anything out.
    pub ignore: bool,
    /// Patterns as in a `.gitignore` file of the root, stronger than those of any file.
    pub exclude: Vec<String>,
    /// What is sealed; none: nothing.
    pub seal: Option<Sealing>,
    /// Leaves out what lies on another file system than the root.
    pub one_file_system: bool,
    /// Records only what every system tells: no file is executable; symlinks, and names that are
    /// not UTF-8, are gaps.
    pub portable: bool,
    /// Files and directories that are left out by identity, wherever they are met: the store
    /// itself. They are in no rule, are not counted as left out, and need not exist.
    pub leave_out: Vec<PathBuf>,
    /// Takes modes, times, owners and extended attributes, too.
    pub attributes: bool,
    /// How many threads read and hash; none: one a processor.
    pub threads: Option<NonZeroUsize>,
}

/// What is sealed, and with which key.
#[derive(Clone, Debug)]
pub struct Sealing {
    /// Patterns as in a `.gitignore` file of the root (SEAL-5); recorded in the rules.
    pub patterns: Vec<String>,
    /// What salts are made with; in no object.
    pub key: SealKey,
}

/// A directory as it was found.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The node of the directory.
    pub root: NodeId,
    /// What it holds, with counts.
    pub directory: Directory,
    /// Attributes of the root and of all below it; none if they were not taken.
    pub attributes: Option<AttributesId>,
    /// The rules in force.
    pub rules: RulesDocument,
    /// What could not be recorded, in order of paths.
    pub gaps: Vec<Gap>,
    /// How many entries the rules left out; a directory counts once.
    pub left_out: u64,
    /// How many files, symlinks and directories were sealed.
    pub sealed: u64,
    /// How much work it was.
    pub statistics: Statistics,
    /// What became of the bytes of its files.
    pub holding: Holding,
    /// Its plain listing, if one was made: [`keep_listing`](crate::listing::keep_listing).
    pub listing: Option<KeptListing>,
}

/// What is remembered from one time to the next, so that what has not changed is not read again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory<'a> {
    /// What was seen before. Its snapshot is recorded and has its root: the objects are there.
    pub seen: Option<&'a Seen>,
    /// Where to keep what is seen now; none: it is forgotten.
    pub place: Option<&'a SeenPlace>,
    /// What the snapshot of `seen` says, if nothing will be recorded if the same is found, without
    /// gaps. Otherwise it is made sure that the store still has the contents.
    pub recorded: Option<Recorded>,
    /// Who knows where something may have changed since then; none: everything is looked at.
    pub attention: Option<&'a dyn Attention>,
}

/// What a snapshot says besides its root.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Recorded {
    /// The rules.
    pub rules: ContentId,
    /// Attributes of the root.
    pub attributes: Option<AttributesId>,
}

/// How much work it was to take a directory in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Statistics {
    /// Files recorded.
    pub files: u64,
    /// Directories recorded, the root too.
    pub directories: u64,
    /// Symlinks recorded.
    pub symlinks: u64,
    /// Bytes of files recorded that are not sealed.
    pub bytes: u64,
}

/// Takes the directory at `path` in.
///
/// `path` itself may be a symlink to a directory; below it no link is followed. Objects and
/// contents go to `sink` as they come: with [`StoreSink`](super::StoreSink) they are
/// durable after the next commit.
///
/// # Errors
///
/// [`SnapError`]. Something below the root that cannot be read is no error but a [`Gap`].
pub fn take(
    path: &Path,
    options: &SnapOptions,
    sink: &dyn Sink,
    progress: &dyn Progress,
) -> Result<Taken, SnapError> {
    take_again(path, options, sink, progress, Memory::default()).map(|(taken, _)| taken)
}

/// As [`take`], without reading what is known from before: the same is taken.
///
/// With it comes what was seen, if it is more than was known: to be kept once a snapshot of the
/// root is recorded.
///
/// # Errors
///
/// As [`take`].
pub fn take_again(
    path: &Path,
    options: &SnapOptions,
    sink: &dyn Sink,
    progress: &dyn Progress,
    memory: Memory<'_>,
) -> Result<(Taken, Option<NewSeen>), SnapError> {
    let (taken, new) = take_once(path, options, sink, progress, memory, &HashSet::new())?;
    let Some(seen) = memory.seen.filter(|_| sink.keeps_contents()) else { return Ok((taken, new)) };
    let must_ask = memory.attention.is_none_or(|attention| attention.must_ask_store());
    if !must_ask || taken.says_what(seen.root(), memory.recorded) {
        return Ok((taken, new));
    }
    let lost = lost_contents(seen, sink)?;
    if lost.is_empty() {
        memory.attention.into_iter().for_each(Attention::store_has_all);
        return Ok((taken, new));
    }
    drop(new);
    take_once(path, options, sink, progress, memory, &lost)
}

fn take_once(
    path: &Path,
    options: &SnapOptions,
    sink: &dyn Sink,
    progress: &dyn Progress,
    memory: Memory<'_>,
    lost: &HashSet<ContentId>,
) -> Result<(Taken, Option<NewSeen>), SnapError> {
    let canonical = path.canonicalize().map_err(|error| of_root(path, error))?;
    let root = Folder::open_at(&canonical).map_err(|error| of_root(path, error))?;
    let identity = root.identity().map_err(|error| of_root(path, error))?;
    let own = identities(&options.leave_out);
    if is_within(&canonical, &own) {
        return Err(SnapError::IsLeftOut { path: path.to_owned() });
    }
    let mut rules = Rules::read(options, &canonical)?;
    let left_out =
        LeftOut { own: &own, device: options.one_file_system.then_some(identity.device) };

    let new = memory.place.and_then(SeenPlace::begin);
    let attributes = if options.attributes { Attributing::Taken } else { Attributing::Not };
    let recall = Recall::new(memory.seen, new, sink.keeps_contents(), lost, attributes);
    let assembly = Assembly::new(sink, &recall, options);
    let counts = ReadCounts::default();
    let wanted = Wanted { stamps: recall.wants_stamps(), attributes };
    let readers =
        Readers { sink, progress, assembly: &assembly, left_out, wanted, counts: &counts };
    let threads = options.threads.or_else(|| thread::available_parallelism().ok());
    let threads = threads.map_or(1, NonZeroUsize::get);
    let jobs_waiting_max = 2 * threads;
    let folders_a_job = (FOLDERS_OPEN_MAX / (jobs_waiting_max + threads)).clamp(1, 16);
    let looker = Looker::new(&mut rules, &recall, left_out, memory.attention, Arc::new(root));
    let walked = pool::run(
        threads,
        jobs_waiting_max,
        |pool| Walker::new(looker, &assembly, &counts, progress, pool, folders_a_job).walk(),
        |job, pool| readers.read(job, pool),
    )?;
    if let Some(Err(error)) = walked {
        return Err(of_root(path, error));
    }

    let found = assembly.finish()?;
    let found = found.ok_or_else(|| SnapError::NotFound { path: path.to_owned() })?;
    let statistics = Statistics {
        files: counts.files.into_inner(),
        directories: found.directories,
        symlinks: counts.symlinks.into_inner(),
        bytes: counts.bytes.into_inner(),
    };
    let rules = rules.into_document(options);
    let Assembled { root, directory, attributes, told, gaps, left_out, sealed, .. } = found;
    let holding = if sink.keeps_contents() { Holding::Kept } else { Holding::Hashed };
    let listing = None;
    let taken = Taken {
        root,
        directory,
        attributes,
        rules,
        gaps,
        left_out,
        sealed,
        statistics,
        holding,
        listing,
    };
    taken.check_documents()?;
    Ok((taken, recall.finish(root, told)))
}

/// The contents that were put when `seen` was seen and are not there any more.
fn lost_contents(seen: &Seen, sink: &dyn Sink) -> Result<HashSet<ContentId>, SnapError> {
    let mut lost = HashSet::new();
    let mut stored = seen.stored_contents();
    loop {
        let ids: Vec<ContentId> = stored.by_ref().take(ANSWER_ITEMS_MAX).collect();
        if ids.is_empty() {
            return Ok(lost);
        }
        let kept = sink.has_contents(&ids)?;
        lost.extend(ids.into_iter().zip(kept).filter(|(_, is_kept)| !is_kept).map(|(id, _)| id));
    }
}

impl Default for SnapOptions {
    fn default() -> Self {
        Self {
            ignore: true,
            exclude: Vec::new(),
            seal: None,
            one_file_system: false,
            portable: false,
            leave_out: Vec::new(),
            attributes: true,
            threads: None,
        }
    }
}

impl Taken {
    /// Whether everything that the rules do not leave out was recorded.
    pub const fn coverage(&self) -> Coverage {
        if self.gaps.is_empty() { Coverage::Complete } else { Coverage::Partial }
    }

    /// The evidence, with what the user said of the snapshot; none if there is nothing to say.
    pub fn evidence(&self, message: Option<&str>) -> Option<EvidenceDocument> {
        let holding = self.holding.member();
        let is_needed = message.is_some()
            || self.left_out > 0
            || !self.gaps.is_empty()
            || self.listing.is_some()
            || holding.is_some();
        is_needed.then(|| EvidenceDocument {
            message: message.map(str::to_owned),
            left_out: self.left_out,
            gaps: self.gaps.clone(),
            listing: self.listing.map(|listing| listing.content),
            others: holding.into_iter().collect(),
        })
    }

    /// What shall become a snapshot of it, with what the user said.
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfRange`](markerbed_core::Fault::OutOfRange) for a document above 16 MiB.
    pub fn draft(
        &self,
        message: Option<&str>,
        source: Label,
        capture: Capture,
    ) -> Result<SnapshotDraft, Error> {
        let evidence = self.evidence(message);
        Ok(SnapshotDraft {
            source,
            root: self.root,
            attributes: self.attributes,
            coverage: self.coverage(),
            rules: self.rules.write()?.into(),
            evidence: evidence.map(|evidence| evidence.write()).transpose()?.map(Bytes::from),
            listing: self.listing.map(|listing| listing.digest),
            run: capture.run,
            captured_at_ms: capture.captured_at_ms,
            clock: capture.clock,
            tool: capture.tool,
        })
    }

    /// Tells whether it is what a snapshot of this root says that had no gaps.
    fn says_what(&self, root: NodeId, recorded: Option<Recorded>) -> bool {
        let says = |recorded: Recorded| {
            let has_rules = |own: Vec<u8>| content_id(&own) == recorded.rules;
            self.attributes == recorded.attributes && self.rules.write().is_ok_and(has_rules)
        };
        self.root == root && self.gaps.is_empty() && recorded.is_some_and(says)
    }

    /// Checks that rules and gaps can be recorded at all (LIM-15).
    fn check_documents(&self) -> Result<(), SnapError> {
        let ignore_files = self.rules.ignore_files.len();
        self.rules.write().map_err(|_| SnapError::TooManyRules { ignore_files })?;
        if let Some((first, evidence)) = self.gaps.first().zip(self.evidence(None)) {
            let (gaps, first) = (self.gaps.len() - 1, first.path.clone());
            evidence.write().map_err(|_| SnapError::TooManyGaps { gaps, first })?;
        }
        Ok(())
    }
}

/// What the places are that are left out by what they are; those that are not there are nothing.
fn identities(paths: &[PathBuf]) -> Vec<Identity> {
    paths.iter().filter_map(|path| path.metadata().ok()).map(|found| Identity::of(&found)).collect()
}

/// Whether a directory, or one above it, is one of `own`.
fn is_within(canonical: &Path, own: &[Identity]) -> bool {
    let is_own =
        |path: &Path| path.metadata().is_ok_and(|found| own.contains(&Identity::of(&found)));
    !own.is_empty() && canonical.ancestors().any(is_own)
}

/// Why the root cannot be taken in.
fn of_root(path: &Path, error: io::Error) -> SnapError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound => SnapError::NotFound { path },
        io::ErrorKind::NotADirectory => SnapError::NotDirectory { path },
        io::ErrorKind::PermissionDenied => SnapError::NoAccess { path },
        _ => SnapError::Root { path, cause: error },
    }
}

/// How many directories may be open for the jobs, far below what a process may open.
const FOLDERS_OPEN_MAX: usize = 384;
