//! The directories from a root down to one of them, of which few are open at a time.

use std::{io, sync::Arc};

use rustix::io::Errno;

use crate::folder::{Folder, Identity};

/// A root and directories below each other. The root and the nearest to the end are open; others
/// are opened again by their names when they are needed, and must then be what they were.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    links: Vec<Link>,
}

#[derive(Debug)]
struct Link {
    /// Its name in the one before; empty for the root.
    name: Vec<u8>,
    identity: Identity,
    folder: Option<Arc<Folder>>,
}

impl Chain {
    /// Adds a directory, which is called `name` in the last one.
    pub(crate) fn push(&mut self, name: &[u8], identity: Identity, folder: Arc<Folder>) {
        self.add(Link { name: name.to_owned(), identity, folder: Some(folder) });
    }

    /// Adds a directory that is opened when it is needed.
    pub(crate) fn push_closed(&mut self, name: &[u8], identity: Identity) {
        self.add(Link { name: name.to_owned(), identity, folder: None });
    }

    /// Leaves the first `length` directories.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.links.truncate(length);
    }

    /// The last directory, open.
    ///
    /// # Errors
    ///
    /// What the system says; "no such file" too if another directory has its place now.
    pub(crate) fn last(&mut self) -> io::Result<Arc<Folder>> {
        let near = self.links.len().saturating_sub(FOLDERS_OPEN);
        let open = self.links.iter().rposition(|link| link.folder.is_some());
        let mut at = open.unwrap_or_default();
        let root = self.links.get(at).and_then(|link| link.folder.clone());
        let mut folder = root.ok_or(Errno::NOENT)?;
        loop {
            at += 1;
            let Some(link) = self.links.get_mut(at) else { return Ok(folder) };
            folder = Arc::new(folder.open_folder(&link.name)?);
            if folder.identity()? != link.identity {
                return Err(Errno::NOENT.into());
            }
            if at >= near {
                link.folder = Some(folder.clone());
            }
        }
    }

    /// The last directory, if it is open already.
    pub(crate) fn last_open(&self) -> Option<&Folder> {
        self.links.last()?.folder.as_deref()
    }

    fn add(&mut self, link: Link) {
        self.links.push(link);
        let far = self.links.len().checked_sub(FOLDERS_OPEN + 1).filter(|far| *far > 0);
        if let Some(link) = far.and_then(|far| self.links.get_mut(far)) {
            link.folder = None;
        }
    }

    /// The names from the root to the last one, joined by `/`.
    pub(crate) fn path(&self) -> Vec<u8> {
        let names: Vec<&[u8]> =
            self.links.iter().skip(1).map(|link| link.name.as_slice()).collect();
        names.join(&b'/')
    }
}

/// How many directories at the end are kept open.
const FOLDERS_OPEN: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    fn chain(root: &Path, length: usize) -> Chain {
        let mut chain = Chain::default();
        let mut folder = Arc::new(Folder::open_at(root).unwrap());
        chain.push(b"", folder.identity().unwrap(), folder.clone());
        for _ in 0..length {
            folder.make_folder(b"d", crate::folder::Permissions::Usual).unwrap();
            folder = Arc::new(folder.open_folder(b"d").unwrap());
            chain.push(b"d", folder.identity().unwrap(), folder.clone());
        }
        chain
    }

    #[test]
    fn a_long_chain_is_followed_back_with_few_directories_open() {
        let scratch = tempfile::tempdir().unwrap();
        let mut chain = chain(scratch.path(), 300);

        for length in (1..=301).rev() {
            chain.truncate(length);
            let identity = chain.last().unwrap().identity().unwrap();

            assert_eq!(chain.links.last().map(|link| link.identity), Some(identity));
            let open = chain.links.iter().filter(|link| link.folder.is_some()).count();
            assert!(open <= FOLDERS_OPEN + 1, "{open}");
        }
        assert_eq!(chain.path(), b"");
    }

    #[test]
    fn a_directory_that_was_put_in_the_place_of_another_is_not_taken_for_it() {
        let scratch = tempfile::tempdir().unwrap();
        let mut chain = chain(scratch.path(), 100);
        fs::rename(scratch.path().join("d/d"), scratch.path().join("moved")).unwrap();
        fs::create_dir_all(scratch.path().join("d/d/d/d/d")).unwrap();

        chain.truncate(4);

        assert_eq!(chain.last().unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
