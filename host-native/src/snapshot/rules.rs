//! What is left out and what is sealed: which pattern decides, and which ignore files there are.

use std::{io, path::Path, sync::Arc};

use markerbed_core::{
    hash::content_id,
    tree::{File, Held, IgnoreFile, Node, RulesDocument, SealKey},
};

use super::{Sealing, SnapError, SnapOptions, pattern::Pattern};
use crate::folder::{EntryKind, Folder};

/// The rules of a whole snapshot, and what they say of the place of its root.
#[derive(Debug)]
pub(super) struct Rules {
    exclude: Vec<Pattern>,
    seal: Option<Seal>,
    honours_files: bool,
    /// Only what every system tells is recorded.
    pub(super) portable: bool,
    /// The root is inside a git work tree.
    pub(super) in_work_tree: bool,
    /// The path of the root in its work tree with a slash at the end; empty at its top.
    pub(super) place: Vec<u8>,
    /// What holds in the root because of files above it.
    pub(super) above: InForce,
    /// Every ignore file that was read.
    files: Vec<IgnoreFile>,
}

/// What is sealed, and with which key.
#[derive(Debug)]
struct Seal {
    patterns: Vec<Pattern>,
    key: Arc<SealKey>,
}

/// What is in force in one directory: ignore files, the nearest first, and whether it is sealed.
#[derive(Clone, Debug, Default)]
pub(super) struct InForce {
    git: Option<Arc<Level>>,
    own: Option<Arc<Level>>,
    /// What everything below is sealed with, if the directory is sealed.
    pub(super) seal: Option<Arc<SealKey>>,
}

/// The patterns of one ignore file.
#[derive(Debug)]
struct Level {
    patterns: Vec<Pattern>,
    /// Length of the path of its directory, from the top of the work tree, with the slash.
    directory_bytes: usize,
    above: Option<Arc<Self>>,
}

impl Rules {
    /// Reads the patterns given, and the ignore files above `root`, whose real path is
    /// `canonical`.
    pub(super) fn read(options: &SnapOptions, canonical: &Path) -> Result<Self, SnapError> {
        let seal = |sealing: &Sealing| -> Result<Seal, SnapError> {
            let key = Arc::new(sealing.key.clone());
            Ok(Seal { patterns: parse_all(&sealing.patterns)?, key })
        };
        let mut rules = Self {
            exclude: parse_all(&options.exclude)?,
            seal: options.seal.as_ref().map(seal).transpose()?,
            honours_files: options.ignore,
            portable: options.portable,
            in_work_tree: false,
            place: Vec::new(),
            above: InForce::default(),
            files: Vec::new(),
        };
        let is_top = |path: &&Path| path.join(GIT).symlink_metadata().is_ok();
        let top = canonical.ancestors().find(is_top).filter(|_| options.ignore);
        if let Some(top) = top {
            rules.in_work_tree = true;
            rules.read_above(canonical, top)?;
        }
        Ok(rules)
    }

    /// What holds in a directory: its own ignore files, after those in force above it.
    ///
    /// `path` is its path from the top of the work tree with the slash; `open` opens it, and is
    /// asked only if there is something to read. A git repository inside the
    /// source is a work tree of its own: what is ignored in it only it says.
    pub(super) fn enter(
        &mut self,
        mut open: impl FnMut() -> io::Result<Arc<Folder>>,
        path: &[u8],
        found: impl Fn(&[u8]) -> Option<EntryKind>,
        mut in_force: InForce,
    ) -> io::Result<InForce> {
        if !self.honours_files {
            return Ok(in_force);
        }
        let is_file = |name: &str| found(name.as_bytes()) == Some(EntryKind::File);
        if self.in_work_tree {
            let is_root = path.len() == self.place.len();
            if !is_root && found(GIT.as_bytes()).is_some() {
                in_force.git = None;
            }
            if is_file(GIT_IGNORE) {
                let above = in_force.git.take();
                in_force.git = self.read_file(&*open()?, GIT_IGNORE, path, &in_force, above)?;
            }
        }
        if is_file(OWN_IGNORE) {
            let above = in_force.own.take();
            in_force.own = self.read_file(&*open()?, OWN_IGNORE, path, &in_force, above)?;
        }
        Ok(in_force)
    }

    /// Whether an entry is left out. `path` is from the top of the work tree, `name` its end.
    ///
    /// The patterns given decide before those of files, our own files before git's, a nearer file
    /// before one above it, and in one file the last pattern that matches.
    pub(super) fn leaves_out(
        &self,
        in_force: &InForce,
        path: &[u8],
        name: &[u8],
        is_directory: bool,
    ) -> bool {
        if self.in_work_tree && name == GIT.as_bytes() {
            return true;
        }
        let entry = Entry { path, name, is_directory };
        entry
            .judge(&self.exclude, self.place.len())
            .or_else(|| entry.judge_levels(in_force.own.as_deref()))
            .or_else(|| entry.judge_levels(in_force.git.as_deref()))
            .unwrap_or(false)
    }

    /// What an entry is sealed with, if it is sealed; `path` and `name` as in
    /// [`Self::leaves_out`]. What is below a sealed directory always is (SEAL-6).
    pub(super) fn seals(
        &self,
        in_force: &InForce,
        path: &[u8],
        name: &[u8],
        is_directory: bool,
    ) -> Option<Arc<SealKey>> {
        let Seal { patterns, key } = self.seal.as_ref()?;
        let matches = || {
            let entry = Entry { path, name, is_directory };
            entry.judge(patterns, self.place.len()) == Some(true)
        };
        (in_force.seal.is_some() || matches()).then(|| key.clone())
    }

    /// The document that says what was in force.
    pub(super) fn into_document(mut self, options: &SnapOptions) -> RulesDocument {
        self.files.sort_unstable();
        // A directory that changed was looked at more than once.
        self.files.dedup();
        RulesDocument {
            gitignore: self.in_work_tree,
            ignore_files: self.files,
            exclude: options.exclude.clone(),
            seal: options.seal.iter().flat_map(|sealing| sealing.patterns.clone()).collect(),
            one_file_system: options.one_file_system,
            always: if self.in_work_tree { vec![GIT.to_owned()] } else { Vec::new() },
            portable: self.portable,
            others: Vec::new(),
        }
    }

    /// Reads the `.gitignore` files from the top of the work tree down to above the root.
    fn read_above(&mut self, root: &Path, top: &Path) -> Result<(), SnapError> {
        use std::os::unix::ffi::OsStrExt;
        let below = root.strip_prefix(top).unwrap_or(Path::new(""));
        let names: Vec<&[u8]> = below.iter().map(OsStrExt::as_bytes).collect();
        let mut directory = top.to_owned();
        for (depth, name) in names.iter().enumerate() {
            let file = directory.join(GIT_IGNORE);
            let failed = |cause| SnapError::IgnoreFile { path: file.clone(), cause };
            let folder = Folder::open_at(&directory).map_err(failed)?;
            let bytes = read_ignore_file(&folder, GIT_IGNORE).map_err(failed)?;
            if let Some(bytes) = bytes {
                let up = "../".repeat(names.len() - depth);
                let held = Held::Content(content_id(&bytes));
                let path = [up.as_bytes(), GIT_IGNORE.as_bytes()].concat();
                self.files.push(IgnoreFile { path, held });
                self.above.git = level(&bytes, self.place.len(), self.above.git.take());
            }
            self.place.extend_from_slice(name);
            self.place.push(b'/');
            directory.push(std::ffi::OsStr::from_bytes(name));
        }
        Ok(())
    }

    fn read_file(
        &mut self,
        folder: &Folder,
        name: &str,
        path: &[u8],
        in_force: &InForce,
        above: Option<Arc<Level>>,
    ) -> io::Result<Option<Arc<Level>>> {
        let Some(bytes) = read_ignore_file(folder, name)? else { return Ok(above) };
        let file = [path, name.as_bytes()].concat();
        let held = match self.seals(in_force, &file, name.as_bytes(), false) {
            Some(key) => held_sealed(&bytes, &key)?,
            None => Held::Content(content_id(&bytes)),
        };
        let path_below_root = file.get(self.place.len()..).unwrap_or_default().to_vec();
        self.files.push(IgnoreFile { path: path_below_root, held });
        Ok(level(&bytes, path.len(), above))
    }
}

impl InForce {
    /// The same one level below, in a directory that is sealed with `seal`, or plain.
    pub(super) fn sealed_with(&self, seal: Option<Arc<SealKey>>) -> Self {
        Self { seal, ..self.clone() }
    }
}

/// An entry that is judged.
struct Entry<'a> {
    path: &'a [u8],
    name: &'a [u8],
    is_directory: bool,
}

impl Entry<'_> {
    /// Whether the last pattern that matches leaves it out; none if none matches.
    fn judge(&self, patterns: &[Pattern], directory_bytes: usize) -> Option<bool> {
        let path = self.path.get(directory_bytes..)?;
        let matches = |pattern: &&Pattern| pattern.matches(self.name, path, self.is_directory);
        patterns.iter().rev().find(matches).map(|pattern| !pattern.is_negated)
    }

    fn judge_levels(&self, nearest: Option<&Level>) -> Option<bool> {
        let mut levels = std::iter::successors(nearest, |level| level.above.as_deref());
        levels.find_map(|level| self.judge(&level.patterns, level.directory_bytes))
    }
}

impl Drop for Level {
    /// Takes the chain apart link by link: it may be as long as the tree is deep.
    fn drop(&mut self) {
        let mut above = self.above.take();
        while let Some(mut level) = above.and_then(Arc::into_inner) {
            above = level.above.take();
        }
    }
}

fn level(bytes: &[u8], directory_bytes: usize, above: Option<Arc<Level>>) -> Option<Arc<Level>> {
    let patterns = parse_ignore_file(bytes);
    if patterns.is_empty() {
        return above;
    }
    Some(Arc::new(Level { patterns, directory_bytes, above }))
}

fn parse_ignore_file(bytes: &[u8]) -> Vec<Pattern> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let line = |line: &[u8]| Pattern::parse(line.strip_suffix(b"\r").unwrap_or(line));
    bytes.split(|byte| *byte == b'\n').filter_map(line).collect()
}

fn parse_all(texts: &[String]) -> Result<Vec<Pattern>, SnapError> {
    texts.iter().map(|text| parse_given(text)).collect()
}

fn parse_given(text: &str) -> Result<Pattern, SnapError> {
    let bad = |why| SnapError::BadPattern { pattern: text.to_owned(), why };
    if text.starts_with('#') {
        return Err(bad("a # at the beginning makes it a comment; write \\#"));
    }
    if text.contains(['\n', '\0']) {
        return Err(bad("it holds a line feed or a NUL; give one pattern at a time"));
    }
    Pattern::parse(text.as_bytes())
        .ok_or_else(|| bad("it is empty, or ends inside [ ] or after a \\"))
}

/// What may be told of a sealed ignore file: its digest may not (SEAL-7).
fn held_sealed(bytes: &[u8], key: &SealKey) -> io::Result<Held> {
    let file = File::new(false, bytes.len() as u64, content_id(bytes)).map_err(io::Error::other)?;
    Ok(Held::Sealed(Node::from(file).seal(key).id()))
}

/// Reads an ignore file as git does: none if it is a link, or no file at all.
fn read_ignore_file(folder: &Folder, name: &str) -> io::Result<Option<Vec<u8>>> {
    use std::io::Read;
    let mut file = match folder.open_file(name.as_bytes()) {
        Ok(file) => file,
        Err(error) if is_no_file(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.by_ref().take(IGNORE_FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > IGNORE_FILE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 16 MiB"));
    }
    Ok(Some(bytes))
}

fn is_no_file(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::NOENT | Errno::LOOP | Errno::NXIO | Errno::NODEV))
}

const GIT: &str = ".git";
const GIT_IGNORE: &str = ".gitignore";
const OWN_IGNORE: &str = ".markerbedignore";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const IGNORE_FILE_BYTES_MAX: u64 = 16 << 20;
