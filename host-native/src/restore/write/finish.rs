//! What is done when all directories and files are there: links, symlinks, and the attributes of
//! directories.

use std::io;

use markerbed_core::tree::{Attributes, Child, Directory};
use rustix::io::Errno;

use super::{ToldFile, Writer, below};
use crate::{
    chain::Chain,
    folder::Folder,
    restore::{
        RestoreError,
        descent::{Descent, Visit, Visited, Want},
        leaf::{Unwritten, write_link},
        linked::Link,
        plan::Plan,
        target::failed_below,
    },
};

impl Writer<'_> {
    /// Makes all symlinks below `root`, where all else is, and puts the attributes of directories
    /// back: those of a directory when all in it is done.
    pub(in crate::restore) fn finish(
        &self,
        root: Folder,
        (directory, attributes): (&Directory, Option<&Attributes>),
        plan: &Plan,
    ) -> Result<(), RestoreError> {
        let mut chain = self.chain(root)?;
        let mut descent = Descent::new(self.objects, want_directories_and_symlinks);
        descent.enter(directory, attributes.cloned());
        let mut open = vec![attributes.cloned()];
        while let Some(visit) = descent.next()? {
            // What is missing was noted when the directories were made.
            let Visit::Child(visited) = visit else { continue };
            self.leave(&mut chain, &mut open, visited.depth)?;
            let Visited { child, node: Some(node), attributes, .. } = visited else { continue };
            let name = child.name.as_bytes();
            let node = match node {
                Err(lacks) if child.child.kind.is_symlink() => {
                    self.done.lack(below(&chain.path(), name), lacks.why);
                    continue;
                }
                Err(_) => continue,
                Ok(node) => node,
            };
            if let Some(symlink) = node.as_symlink() {
                let folder = self.last(&mut chain)?;
                let path = || below(&chain.path(), name);
                let attributes = self.attributes(attributes, &path)?;
                self.write_symlink(&folder, name, symlink.target(), attributes.as_ref(), path)?;
            } else if let Some(directory) = node.as_directory()
                && (self.applier.is_some() || plan.has_symlinks(child.child.id))
                && let Ok(folder) = self.last(&mut chain)?.open_folder(name)
            {
                // If they are missing it was noted before.
                let attributes = self.known_attributes(attributes)?.and_then(Result::ok);
                self.push(&mut chain, name, folder)?;
                descent.enter(directory, attributes.clone());
                open.push(attributes);
            }
        }
        self.leave(&mut chain, &mut open, 0)
    }

    /// Ends the directories below the first `depth`.
    fn leave(
        &self,
        chain: &mut Chain,
        open: &mut Vec<Option<Attributes>>,
        depth: usize,
    ) -> Result<(), RestoreError> {
        while open.len() > depth {
            if let (Some(attributes), Some(applier)) = (open.pop().flatten(), &self.applier) {
                let folder = self.last(chain)?;
                applier.apply(folder.as_file(), &attributes, &|| chain.path())?;
            }
            chain.truncate(open.len());
        }
        Ok(())
    }

    /// Gives files the other names that they have in the tree, once all files are written.
    pub(in crate::restore) fn link(&self, root: &Folder) -> Result<(), RestoreError> {
        for link in self.linked.others() {
            let failed = |error| failed_below(self.target, &link.path, error);
            let (folder, name) = open_above(root, &link.path).map_err(failed)?;
            let path = || link.path.clone();
            let linked = match self.first_of(root, &link) {
                Some((first, first_name)) => {
                    write_link(self.at(&folder, name), &first, &first_name)
                }
                None => Err(Unwritten::System(Errno::NOENT.into())),
            };
            match linked {
                Err(Unwritten::System(_)) => {
                    // The file system has no links, or the first was not written.
                    let attributes = self.attributes(Some(link.attributes), &path)?;
                    let file = ToldFile::plain(link.file);
                    self.write_file(&folder, name, &file, attributes.as_ref(), path)?;
                }
                linked => {
                    if self.settle(linked, path)? {
                        self.done.add_file(0);
                    }
                }
            }
        }
        Ok(())
    }

    /// Where the first name of a linked file is, if the file there is the one that was written.
    fn first_of(&self, root: &Folder, link: &Link) -> Option<(Folder, Vec<u8>)> {
        let (folder, name) = open_above(root, &link.first).ok()?;
        let found = folder.identity_of(name).ok()?;
        (self.linked.written(&link.first) == Some(found)).then(|| (folder, name.to_vec()))
    }
}

/// Opens the directory of a path below `root`; no link is followed.
fn open_above<'a>(root: &Folder, path: &'a [u8]) -> io::Result<(Folder, &'a [u8])> {
    let mut names = path.split(|byte| *byte == b'/');
    let last = names.next_back().unwrap_or_default();
    let mut folder = root.again()?;
    for name in names {
        folder = folder.open_folder(name)?;
    }
    Ok((folder, last))
}

fn want_directories_and_symlinks(child: &Child) -> Want {
    if child.kind.is_file() { Want::Nothing } else { Want::Node }
}
