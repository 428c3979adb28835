//! Writes a whole directory: directories and files first, then what needs that they are there.

mod finish;

use std::{path::Path, sync::Arc};

use markerbed_core::{
    AttributesId, ContentId,
    tree::{Attribute, Attributes, Child, Directory, File, Name, Node},
};

use rustix::io::Errno;

use super::{
    Lack, RestoreError,
    attributes::Applier,
    descent::{Descent, Lacks, Objects, Visit, Visited, Want},
    done::Done,
    jobs::{FileToWrite, Job, Jobs, Piece},
    leaf::{At, Content, Take, TemporaryNames, Unwritten, write_file, write_symlink},
    linked::LinkedFiles,
    target::failed_below,
};
use crate::{
    chain::Chain,
    drive::blocking::wait,
    folder::{Folder, Permissions},
    pool::{Pool, Stop},
    progress::Progress,
    store::{Store, StoreError},
};

/// Whatever the threads share that write.
pub(super) struct Writer<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) objects: Objects<'a>,
    pub(super) target: &'a Path,
    pub(super) take: Take,
    pub(super) names: TemporaryNames,
    pub(super) progress: &'a dyn Progress,
    pub(super) done: &'a Done,
    /// Puts attributes back, if they are wanted.
    pub(super) applier: Option<Applier<'a>>,
    pub(super) linked: LinkedFiles,
}

/// A file whose content is to be fetched.
struct Leaf<'a> {
    name: &'a Name,
    file: ToldFile,
    attributes: Option<Attributes>,
}

/// A file, and how many of its bytes are counted where it is told what was done.
#[derive(Clone, Copy)]
pub(super) struct ToldFile {
    file: File,
    told_bytes: u64,
}

impl ToldFile {
    /// The file that a node is; the size of a sealed one is told nowhere (SEAL-3).
    pub(super) fn of(node: &Node) -> Option<Self> {
        let plain = Self::plain(*node.as_file()?);
        Some(if node.salt().is_some() { Self { told_bytes: 0, ..plain } } else { plain })
    }

    const fn plain(file: File) -> Self {
        Self { file, told_bytes: file.size_bytes() }
    }
}

impl Writer<'_> {
    /// Makes all directories below `root`, and jobs of all files.
    pub(super) fn find(
        &self,
        root: Folder,
        (directory, attributes): (&Directory, Option<&Attributes>),
        pool: &Pool<Job, RestoreError>,
        folders_a_job: usize,
    ) -> Result<(), Stop<RestoreError>> {
        let mut chain = self.chain(root)?;
        self.done.add_directory();
        let mut jobs = Jobs::new(pool, folders_a_job);
        let mut descent = Descent::new(self.objects, want_directories_and_files);
        descent.enter(directory, attributes.cloned());
        while let Some(visit) = descent.next().map_err(RestoreError::from)? {
            let visited = match visit {
                Visit::Unlisted(lacks) => {
                    chain.truncate(descent.depth());
                    self.done.lack(chain.path(), lacks.why);
                    continue;
                }
                Visit::Unmirrored(_) => {
                    chain.truncate(descent.depth());
                    self.done.lack(chain.path(), Lack::Attributes);
                    continue;
                }
                Visit::Child(visited) => visited,
            };
            chain.truncate(visited.depth);
            if visited.child.child.kind.is_file() {
                let Visited { child, attributes, .. } = visited;
                let folder = self.last(&mut chain)?;
                let file = FileToWrite { name: child.name, child: child.child, attributes };
                jobs.add(folder, || chain.path(), file)?;
            } else if let Some((directory, attributes)) =
                self.make_directory(&mut chain, visited)?
            {
                descent.enter(&directory, attributes);
            }
        }
        jobs.flush()
    }

    /// Writes the files of a job.
    pub(super) fn write(&self, job: Job) -> Result<(), RestoreError> {
        for piece in job {
            let children: Vec<Child> = piece.files.iter().map(|file| file.child).collect();
            let nodes = self.objects.nodes(&children)?;
            let mut attributes = self.attributes_of(&piece)?.into_iter();
            let mut batch: Vec<Leaf<'_>> = Vec::new();
            let mut batch_bytes = 0;
            for (to_write, node) in piece.files.iter().zip(nodes) {
                let path = || below(&piece.path, to_write.name.as_bytes());
                let attributes = attributes.next().flatten();
                let file = match node {
                    Ok(node) => ToldFile::of(&node),
                    Err(lacks) => {
                        self.done.lack(path(), lacks.why);
                        continue;
                    }
                };
                let Some(file) = file else { continue };
                if self.linked.is_other(to_write, &file.file, attributes.as_ref(), path) {
                    continue;
                }
                let leaf = Leaf { name: &to_write.name, file, attributes };
                let bytes = file.file.size_bytes();
                if bytes > WHOLE_BYTES_MAX {
                    self.write_large(&piece, &leaf)?;
                    continue;
                }
                batch_bytes += bytes;
                batch.push(leaf);
                if batch_bytes >= WHOLE_BYTES_MAX {
                    self.write_batch(&piece, &std::mem::take(&mut batch))?;
                    batch_bytes = 0;
                }
            }
            self.write_batch(&piece, &batch)?;
        }
        Ok(())
    }

    /// Writes one file.
    pub(super) fn write_file(
        &self,
        folder: &Folder,
        name: &[u8],
        file: &ToldFile,
        attributes: Option<&Attributes>,
        path: impl Fn() -> Vec<u8>,
    ) -> Result<(), RestoreError> {
        match self.open(file.file.content())? {
            Ok(content) => self.put_file(folder, name, file, attributes, content, path),
            Err(lack) => {
                self.done.lack(path(), lack);
                Ok(())
            }
        }
    }

    /// Makes one symlink.
    pub(super) fn write_symlink(
        &self,
        folder: &Folder,
        name: &[u8],
        target: &[u8],
        attributes: Option<&Attributes>,
        path: impl Fn() -> Vec<u8>,
    ) -> Result<(), RestoreError> {
        let written = write_symlink(self.at(folder, name), target);
        if self.settle(written, &path)? {
            self.done.add_symlink();
            if let Some((applier, attributes)) = self.applier.as_ref().zip(attributes) {
                applier.apply_to_symlink(folder, name, attributes, &path)?;
            }
        }
        Ok(())
    }

    /// Fetches attributes, if they are to be put back and are there; notes if they are missing.
    pub(super) fn attributes(
        &self,
        id: Option<AttributesId>,
        path: &dyn Fn() -> Vec<u8>,
    ) -> Result<Option<Attributes>, RestoreError> {
        Ok(match self.known_attributes(id)? {
            Some(Err(_)) => {
                self.done.lack(path(), Lack::Attributes);
                None
            }
            Some(Ok(attributes)) => Some(attributes),
            None => None,
        })
    }

    fn known_attributes(
        &self,
        id: Option<AttributesId>,
    ) -> Result<Option<Result<Attributes, Lacks>>, RestoreError> {
        match id.filter(|_| self.applier.is_some()) {
            Some(id) => Ok(self.objects.attributes(&[id])?.pop()),
            None => Ok(None),
        }
    }

    /// The attributes of the files of a piece, one for each.
    fn attributes_of(&self, piece: &Piece) -> Result<Vec<Option<Attributes>>, RestoreError> {
        let ids = piece.files.iter().filter_map(|file| file.attributes);
        let ids: Vec<AttributesId> = ids.filter(|_| self.applier.is_some()).collect();
        let mut fetched = self.objects.attributes(&ids)?.into_iter();
        let is_wanted = |file: &&FileToWrite| file.attributes.is_some() && self.applier.is_some();
        let of =
            |file: &FileToWrite| match Some(file).filter(is_wanted).and_then(|_| fetched.next()) {
                Some(Ok(attributes)) => Some(attributes),
                Some(Err(_)) => {
                    self.done.lack(below(&piece.path, file.name.as_bytes()), Lack::Attributes);
                    None
                }
                None => None,
            };
        Ok(piece.files.iter().map(of).collect())
    }

    fn at<'b>(&'b self, folder: &'b Folder, name: &'b [u8]) -> At<'b> {
        At { folder, name, take: self.take, names: &self.names }
    }

    fn write_large(&self, piece: &Piece, leaf: &Leaf<'_>) -> Result<(), RestoreError> {
        let name = leaf.name.as_bytes();
        let path = || below(&piece.path, name);
        self.write_file(&piece.folder, name, &leaf.file, leaf.attributes.as_ref(), path)
    }

    /// Writes files whose contents are fetched together.
    fn write_batch(&self, piece: &Piece, batch: &[Leaf<'_>]) -> Result<(), RestoreError> {
        let ids: Vec<ContentId> = batch.iter().map(|leaf| leaf.file.file.content()).collect();
        let fetched = match wait(self.store.fetch_contents(self.objects.workspace, &ids)) {
            Ok(fetched) => fetched,
            // One of them is damaged or longer than its node says: each by itself.
            Err(StoreError::Damaged { .. } | StoreError::TooLarge { .. }) => {
                for leaf in batch {
                    self.write_large(piece, leaf)?;
                }
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        for (leaf, content) in batch.iter().zip(fetched) {
            let name = leaf.name.as_bytes();
            let path = || below(&piece.path, name);
            match content {
                Some(content) => {
                    let content = Content::Whole(content);
                    let attributes = leaf.attributes.as_ref();
                    self.put_file(&piece.folder, name, &leaf.file, attributes, content, path)?;
                }
                None => self.done.lack(path(), Lack::ContentMissing),
            }
        }
        Ok(())
    }

    fn put_file(
        &self,
        folder: &Folder,
        name: &[u8],
        file: &ToldFile,
        attributes: Option<&Attributes>,
        content: Content,
        path: impl Fn() -> Vec<u8>,
    ) -> Result<(), RestoreError> {
        let permissions = match permissions_until_done(attributes) {
            Permissions::Usual if file.file.is_executable() => Permissions::Executable,
            permissions => permissions,
        };
        let bytes = file.file.size_bytes();
        let finish = |written: &std::fs::File| match self.applier.as_ref().zip(attributes) {
            Some((applier, attributes)) => {
                let noted = self.linked.note_written(written, attributes, &path);
                noted.map_err(|error| failed_below(self.target, &path(), error))?;
                applier.apply(written, attributes, &path)
            }
            None => Ok(()),
        };
        let at = self.at(folder, name);
        let written = write_file(at, permissions, content, bytes, attributes, finish);
        if self.settle(written, &path)? {
            self.done.add_file(file.told_bytes);
            self.progress.advance(1, file.told_bytes);
        }
        Ok(())
    }

    fn open(&self, id: ContentId) -> Result<Result<Content, Lack>, StoreError> {
        match wait(self.store.open_content(self.objects.workspace, id)) {
            Ok(Some(reader)) => Ok(Ok(Content::Pieces(reader))),
            Ok(None) => Ok(Err(Lack::ContentMissing)),
            Err(StoreError::Damaged { .. }) => Ok(Err(Lack::Damaged)),
            Err(error) => Err(error),
        }
    }

    /// Makes a directory and goes into it; none if there is none to go into.
    fn make_directory(
        &self,
        chain: &mut Chain,
        visited: Visited,
    ) -> Result<Option<(Directory, Option<Attributes>)>, RestoreError> {
        let name = visited.child.name.as_bytes();
        let directory = match visited.node {
            Some(Ok(node)) => node.as_directory().copied(),
            Some(Err(lacks)) => {
                self.done.lack(below(&chain.path(), name), lacks.why);
                None
            }
            None => None,
        };
        let Some(directory) = directory else { return Ok(None) };
        let above = self.last(chain)?;
        let path = || below(&chain.path(), name);
        let attributes = self.attributes(visited.attributes, &path)?;
        let permissions = permissions_until_done(attributes.as_ref());
        let made = make_folder(&above, name, permissions, self.take);
        let mut folder = None;
        if self.settle(made.map(|made| folder = Some(made)), path)? {
            self.done.add_directory();
        }
        let Some(folder) = folder else { return Ok(None) };
        self.push(chain, name, folder)?;
        Ok(Some((directory, attributes)))
    }

    /// Whether it was written; what only this one lacks is noted.
    fn settle(
        &self,
        written: Result<(), Unwritten>,
        path: impl Fn() -> Vec<u8>,
    ) -> Result<bool, RestoreError> {
        match written {
            Ok(()) => Ok(true),
            Err(Unwritten::Lacks(lack)) => {
                self.done.lack(path(), lack);
                Ok(false)
            }
            Err(Unwritten::System(error)) => Err(failed_below(self.target, &path(), error)),
            Err(Unwritten::Store(error)) => Err(error.into()),
            Err(Unwritten::Restore(error)) => Err(*error),
        }
    }

    fn chain(&self, root: Folder) -> Result<Chain, RestoreError> {
        let mut chain = Chain::default();
        self.push(&mut chain, b"", root)?;
        Ok(chain)
    }

    fn push(&self, chain: &mut Chain, name: &[u8], folder: Folder) -> Result<(), RestoreError> {
        match folder.identity() {
            Ok(identity) => {
                chain.push(name, identity, Arc::new(folder));
                Ok(())
            }
            Err(error) => {
                let path = below(&chain.path(), name);
                Err(failed_below(self.target, &path, error))
            }
        }
    }

    fn last(&self, chain: &mut Chain) -> Result<Arc<Folder>, RestoreError> {
        chain.last().map_err(|error| failed_below(self.target, &chain.path(), error))
    }
}

/// Makes the directory `name`, or finds it there.
fn make_folder(
    above: &Folder,
    name: &[u8],
    permissions: Permissions,
    take: Take,
) -> Result<Folder, Unwritten> {
    use std::io::ErrorKind;
    match above.make_folder(name, permissions) {
        Ok(()) => return Ok(above.open_folder(name)?),
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
        Err(_) if take == Take::Free => return Err(Unwritten::Lacks(Lack::InTheWay)),
        Err(_) => {}
    }
    match above.open_folder(name) {
        Ok(folder) => Ok(folder),
        // A file, or a symlink, which is not followed but replaced.
        Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::NOTDIR | Errno::LOOP)) => {
            above.remove_file(name)?;
            above.make_folder(name, permissions)?;
            Ok(above.open_folder(name)?)
        }
        Err(error) => Err(error.into()),
    }
}

fn want_directories_and_files(child: &Child) -> Want {
    match child.kind {
        kind if kind.is_directory() => Want::Node,
        kind if kind.is_file() => Want::Name,
        _ => Want::Nothing,
    }
}

/// Nobody else may look at something before it has the mode that its attributes say.
pub(super) fn permissions_until_done(attributes: Option<&Attributes>) -> Permissions {
    let own = attributes.map(Attributes::own).unwrap_or_default();
    let has_mode = own.iter().any(|attribute| matches!(attribute, Attribute::Mode(_)));
    if has_mode { Permissions::Owner } else { Permissions::Usual }
}

fn below(path: &[u8], name: &[u8]) -> Vec<u8> {
    if path.is_empty() { name.to_vec() } else { [path, b"/", name].concat() }
}

/// Larger contents are written as they come; smaller ones are fetched together up to so much.
const WHOLE_BYTES_MAX: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::symlink};

    const USUAL: Permissions = Permissions::Usual;

    #[test]
    fn a_directory_is_made_in_place_of_a_link_only_by_force_and_never_through_it() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        fs::create_dir_all(at("there/kept")).unwrap();
        symlink("there", at("link")).unwrap();
        let folder = Folder::open_at(scratch.path()).unwrap();
        let in_the_way =
            |made: Result<Folder, Unwritten>| matches!(made, Err(Unwritten::Lacks(Lack::InTheWay)));

        assert!(in_the_way(make_folder(&folder, b"there", USUAL, Take::Free)));
        assert!(in_the_way(make_folder(&folder, b"link", USUAL, Take::Free)));
        assert!(make_folder(&folder, b"there", USUAL, Take::Replace).is_ok());
        let made = make_folder(&folder, b"link", USUAL, Take::Replace).unwrap();

        made.make_folder(b"inside", USUAL).unwrap();
        assert!(at("link/inside").is_dir() && !at("there/inside").exists());
        assert!(at("there/kept").is_dir());
    }
}
