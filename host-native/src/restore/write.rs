//! Writes a whole directory: directories and files first, symlinks last.

use std::{path::Path, sync::Arc};

use markerbed_core::{
    ContentId,
    tree::{Child, Directory, File, Name},
};

use rustix::io::Errno;

use super::{
    Lack, RestoreError,
    descent::{Descent, Objects, Visit, Visited, Want},
    done::Done,
    jobs::{Job, Jobs, Piece},
    leaf::{Content, Take, TemporaryNames, Unwritten, write_file, write_symlink},
    plan::Plan,
    target::failed_below,
};
use crate::{
    chain::Chain,
    drive::blocking::wait,
    folder::{Executable, Folder},
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
    pub(super) done: Done,
}

impl Writer<'_> {
    /// Makes all directories below `root`, and jobs of all files.
    pub(super) fn find(
        &self,
        root: Folder,
        directory: &Directory,
        pool: &Pool<Job, RestoreError>,
        folders_a_job: usize,
    ) -> Result<(), Stop<RestoreError>> {
        let mut chain = self.chain(root)?;
        self.done.add_directory();
        let mut jobs = Jobs::new(pool, folders_a_job);
        let mut descent = Descent::new(self.objects, want_directories_and_files);
        descent.enter(directory);
        while let Some(visit) = descent.next().map_err(RestoreError::from)? {
            let visited = match visit {
                Visit::Unlisted(lacks) => {
                    chain.truncate(descent.depth());
                    self.done.lack(chain.path(), lacks.why);
                    continue;
                }
                Visit::Child(visited) => visited,
            };
            chain.truncate(visited.depth);
            if visited.child.child.kind.is_file() {
                let Visited { child, .. } = visited;
                let folder = self.last(&mut chain)?;
                jobs.add(folder, || chain.path(), child.name, child.child)?;
            } else if let Some(directory) = self.make_directory(&mut chain, visited)? {
                descent.enter(&directory);
            }
        }
        jobs.flush()
    }

    /// Makes all symlinks below `root`; the directories are there.
    pub(super) fn link(
        &self,
        root: Folder,
        directory: &Directory,
        plan: &Plan,
    ) -> Result<(), RestoreError> {
        let mut chain = self.chain(root)?;
        let mut descent = Descent::new(self.objects, want_directories_and_symlinks);
        descent.enter(directory);
        while let Some(visit) = descent.next()? {
            // What is missing was noted when the directories were made.
            let Visit::Child(Visited { depth, child, node: Some(node) }) = visit else { continue };
            chain.truncate(depth);
            let name = child.name.as_bytes();
            match node {
                Err(lacks) if child.child.kind.is_symlink() => {
                    self.done.lack(below(&chain.path(), name), lacks.why);
                }
                Err(_) => {}
                Ok(node) => {
                    if let Some(symlink) = node.as_symlink() {
                        let folder = self.last(&mut chain)?;
                        let path = || below(&chain.path(), name);
                        self.write_symlink(&folder, name, symlink.target(), path)?;
                    } else if let Some(directory) = node.as_directory()
                        && plan.has_symlinks(child.child.id)
                        && let Ok(folder) = self.last(&mut chain)?.open_folder(name)
                    {
                        self.push(&mut chain, name, folder)?;
                        descent.enter(directory);
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes the files of a job.
    pub(super) fn write(&self, job: Job) -> Result<(), RestoreError> {
        for piece in job {
            let children: Vec<Child> = piece.files.iter().map(|(_, child)| *child).collect();
            let nodes = self.objects.nodes(&children)?;
            let mut batch: Vec<(&Name, File)> = Vec::new();
            let mut batch_bytes = 0;
            for ((name, _), node) in piece.files.iter().zip(nodes) {
                let file = match node {
                    Ok(node) => node.as_file().copied(),
                    Err(lacks) => {
                        self.done.lack(below(&piece.path, name.as_bytes()), lacks.why);
                        continue;
                    }
                };
                let Some(file) = file else { continue };
                if file.size_bytes() > WHOLE_BYTES_MAX {
                    self.write_large(&piece, name, &file)?;
                    continue;
                }
                batch_bytes += file.size_bytes();
                batch.push((name, file));
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
        file: &File,
        path: impl Fn() -> Vec<u8>,
    ) -> Result<(), RestoreError> {
        match self.open(file.content())? {
            Ok(content) => self.put_file(folder, name, file, content, path),
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
        path: impl Fn() -> Vec<u8>,
    ) -> Result<(), RestoreError> {
        let written = write_symlink(folder, name, target, self.take, &self.names);
        if self.settle(written, path)? {
            self.done.add_symlink();
        }
        Ok(())
    }

    fn write_large(&self, piece: &Piece, name: &Name, file: &File) -> Result<(), RestoreError> {
        let path = || below(&piece.path, name.as_bytes());
        self.write_file(&piece.folder, name.as_bytes(), file, path)
    }

    /// Writes files whose contents are fetched together.
    fn write_batch(&self, piece: &Piece, batch: &[(&Name, File)]) -> Result<(), RestoreError> {
        let ids: Vec<ContentId> = batch.iter().map(|(_, file)| file.content()).collect();
        let fetched = match wait(self.store.fetch_contents(self.objects.workspace, &ids)) {
            Ok(fetched) => fetched,
            // One of them is damaged or longer than its node says: each by itself.
            Err(StoreError::Damaged { .. } | StoreError::TooLarge { .. }) => {
                for (name, file) in batch {
                    self.write_large(piece, name, file)?;
                }
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        for ((name, file), content) in batch.iter().zip(fetched) {
            let path = || below(&piece.path, name.as_bytes());
            match content {
                Some(content) => {
                    let content = Content::Whole(content);
                    self.put_file(&piece.folder, name.as_bytes(), file, content, path)?;
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
        file: &File,
        content: Content,
        path: impl Fn() -> Vec<u8>,
    ) -> Result<(), RestoreError> {
        let executable = if file.is_executable() { Executable::Yes } else { Executable::No };
        let bytes = file.size_bytes();
        let written = write_file(folder, name, executable, content, bytes, self.take, &self.names);
        if self.settle(written, path)? {
            self.done.add_file(bytes);
            self.progress.advance(1, bytes);
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
    ) -> Result<Option<Directory>, RestoreError> {
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
        let made = make_folder(&above, name, self.take);
        let mut folder = None;
        if self.settle(made.map(|made| folder = Some(made)), path)? {
            self.done.add_directory();
        }
        let Some(folder) = folder else { return Ok(None) };
        self.push(chain, name, folder)?;
        Ok(Some(directory))
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
fn make_folder(above: &Folder, name: &[u8], take: Take) -> Result<Folder, Unwritten> {
    use std::io::ErrorKind;
    match above.make_folder(name) {
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
            above.make_folder(name)?;
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

fn want_directories_and_symlinks(child: &Child) -> Want {
    if child.kind.is_file() { Want::Nothing } else { Want::Node }
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

    #[test]
    fn a_directory_is_made_in_place_of_a_link_only_by_force_and_never_through_it() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        fs::create_dir_all(at("there/kept")).unwrap();
        symlink("there", at("link")).unwrap();
        let folder = Folder::open_at(scratch.path()).unwrap();
        let in_the_way =
            |made: Result<Folder, Unwritten>| matches!(made, Err(Unwritten::Lacks(Lack::InTheWay)));

        assert!(in_the_way(make_folder(&folder, b"there", Take::Free)));
        assert!(in_the_way(make_folder(&folder, b"link", Take::Free)));
        assert!(make_folder(&folder, b"there", Take::Replace).is_ok());
        let made = make_folder(&folder, b"link", Take::Replace).unwrap();

        made.make_folder(b"inside").unwrap();
        assert!(at("link/inside").is_dir() && !at("there/inside").exists());
        assert!(at("there/kept").is_dir());
    }
}
