//! What is in the files, and what of it would survive.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use xxhash_rust::xxh3::Xxh3;

use super::{Cut, Fault, FaultKind, pages::Pages};

/// Names, files and counts. Clones share all bytes that are equal.
#[derive(Clone, Default)]
pub(super) struct Disk {
    /// The one that was there at first.
    pub(super) directory: PathBuf,
    /// As every process sees them.
    pub(super) names: Arc<Names>,
    pub(super) durable_names: Arc<Names>,
    /// Changes of names whose directory was not synced since, in order.
    pub(super) renamings: Vec<Renaming>,
    pub(super) inodes: Vec<Arc<Inode>>,
    pub(super) locked: BTreeSet<usize>,
    /// The network file system that it is said to be.
    pub(super) network: Option<String>,
    /// Puts the changes of all files and names into one order.
    turn: u64,
    pub(super) operations: u64,
    pub(super) changes: u64,
    pub(super) syncs: u64,
    pub(super) fault: Option<Fault>,
    /// What a power cut in each operation would find, if that is kept.
    pub(super) cuts: Option<Vec<Cut>>,
}

pub(super) type Names = BTreeMap<PathBuf, Node>;

/// What a name stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Node {
    Directory,
    /// The place of a file among the inodes.
    File(usize),
}

/// A file, with or without a name.
#[derive(Clone, Default)]
pub(super) struct Inode {
    /// As every process sees it.
    pub(super) current: Pages,
    pub(super) durable: Pages,
    /// What was not synced yet, in order.
    pub(super) writes: Vec<Write>,
    /// A sync has failed: there are bytes that the system takes for durable.
    pub(super) forgot: bool,
}

/// A change of a file.
#[derive(Clone)]
pub(super) struct Write {
    pub(super) turn: u64,
    pub(super) kind: WriteKind,
}

#[derive(Clone)]
pub(super) enum WriteKind {
    Bytes { offset: usize, bytes: Arc<[u8]> },
    Length(usize),
}

/// Names that change together.
#[derive(Clone)]
pub(super) struct Renaming {
    pub(super) turn: u64,
    pub(super) names: Vec<(PathBuf, Option<Node>)>,
}

impl Disk {
    /// One empty directory.
    pub(super) fn new(directory: &Path) -> Self {
        let names = Arc::new(Names::from([(directory.to_owned(), Node::Directory)]));
        let directory = directory.to_owned();
        Self { directory, durable_names: names.clone(), names, ..Self::default() }
    }

    /// Counts an operation; the error if it is one that fails.
    pub(super) fn operate(&mut self) -> io::Result<()> {
        self.operations += 1;
        match self.fault {
            Some(Fault { at, kind: FaultKind::Once(kind) }) if at == self.operations => {
                Err(kind.into())
            }
            Some(Fault { at, kind: FaultKind::Forever(kind) | FaultKind::PowerCut(kind) })
                if at <= self.operations =>
            {
                Err(kind.into())
            }
            _ => Ok(()),
        }
    }

    /// As [`Self::operate`], for what changes something; `half` is what it does if it is cut short.
    pub(super) fn operate_to_change(&mut self, half: impl Fn(&mut Self)) -> io::Result<()> {
        if let Some(mut cuts) = self.cuts.take() {
            let mut found = Self { fault: None, ..self.clone() };
            half(&mut found);
            cuts.push(Cut { operation: self.operations + 1, files: found.into() });
            self.cuts = Some(cuts);
        }
        self.changes += 1;
        self.operate().inspect_err(|_| half(self))
    }

    /// The file of that name.
    pub(super) fn file(&self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(Node::File(file)) => Ok(*file),
            Some(Node::Directory) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn inode(&self, file: usize) -> io::Result<&Inode> {
        self.inodes.get(file).map(|inode| &**inode).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn inode_mut(&mut self, file: usize) -> Option<&mut Inode> {
        self.inodes.get_mut(file).map(Arc::make_mut)
    }

    /// Makes an empty file with a name.
    pub(super) fn create_file(&mut self, path: &Path) {
        let file = self.inodes.len();
        self.inodes.push(Arc::default());
        self.rename_all(vec![(path.to_owned(), Some(Node::File(file)))]);
    }

    /// Gives names to nodes, and takes those away that stand for nothing.
    pub(super) fn rename_all(&mut self, names: Vec<(PathBuf, Option<Node>)>) {
        let renaming = Renaming { turn: self.next_turn(), names };
        renaming.apply(Arc::make_mut(&mut self.names));
        self.renamings.push(renaming);
    }

    pub(super) fn write(&mut self, file: usize, kind: WriteKind) {
        let write = Write { turn: self.next_turn(), kind };
        let Some(inode) = self.inode_mut(file) else { return };
        write.kind.apply(&mut inode.current);
        inode.writes.push(write);
    }

    /// Makes a file's bytes durable, but for what a failed sync has forgotten.
    pub(super) fn sync(&mut self, file: usize) {
        self.syncs += 1;
        let Some(inode) = self.inode_mut(file) else { return };
        for write in std::mem::take(&mut inode.writes) {
            write.kind.apply(&mut inode.durable);
        }
    }

    /// As the system does it: what could not be written is forgotten to be dirty.
    pub(super) fn forget(&mut self, file: usize) {
        if let Some(inode) = self.inode_mut(file) {
            inode.forgot |= !inode.writes.is_empty();
            inode.writes.clear();
        }
    }

    /// Makes the names in a directory durable.
    pub(super) fn sync_names(&mut self, directory: &Path) {
        self.syncs += 1;
        let durable = Arc::make_mut(&mut self.durable_names);
        self.renamings.retain(|renaming| {
            let is_inside = renaming.names.iter().any(|(path, _)| path.parent() == Some(directory));
            if is_inside {
                renaming.apply(durable);
            }
            !is_inside
        });
    }

    /// Puts durable bytes into a file.
    pub(super) fn put_file(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if !self.names.contains_key(path) {
            let node = Node::File(self.inodes.len());
            self.inodes.push(Arc::default());
            self.put_name(path, Some(node));
        }
        let file = self.file(path)?;
        let mut pages = Pages::default();
        pages.write(bytes, 0);
        if let Some(inode) = self.inode_mut(file) {
            *inode = Inode { current: pages.clone(), durable: pages, ..Inode::default() };
        }
        Ok(())
    }

    /// Flips bits of a byte, durable or not.
    pub(super) fn flip(&mut self, path: &Path, offset: u64, mask: u8) -> io::Result<()> {
        let file = self.file(path)?;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let mut byte = [0];
        if self.inode(file)?.current.read(&mut byte, offset) == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let byte = byte.map(|byte| byte ^ mask);
        if let Some(inode) = self.inode_mut(file) {
            inode.current.write(&byte, offset);
            inode.durable.write(&byte, offset);
        }
        Ok(())
    }

    /// Takes a name away for good.
    pub(super) fn remove_name(&mut self, path: &Path) -> io::Result<()> {
        if !self.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.put_name(path, None);
        Ok(())
    }

    /// The paths of files, in order.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let is_file = |node: &Node| matches!(node, Node::File(_));
        self.names.iter().filter(|(_, node)| is_file(node)).map(|(path, _)| path.clone()).collect()
    }

    /// Tells apart what processes see.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut sum = Xxh3::new();
        for (path, node) in &*self.names {
            sum.update(path.as_os_str().as_encoded_bytes());
            sum.update(&[0]);
            if let Node::File(file) = node
                && let Ok(inode) = self.inode(*file)
            {
                sum.update(&inode.current.fingerprint().to_le_bytes());
            }
        }
        sum.digest()
    }

    /// Changes what a name stands for, durably.
    fn put_name(&mut self, path: &Path, node: Option<Node>) {
        let turn = self.next_turn();
        let renaming = Renaming { turn, names: vec![(path.to_owned(), node)] };
        renaming.apply(Arc::make_mut(&mut self.names));
        renaming.apply(Arc::make_mut(&mut self.durable_names));
    }

    fn next_turn(&mut self) -> u64 {
        self.turn += 1;
        self.turn
    }
}

impl Renaming {
    pub(super) fn apply(&self, names: &mut Names) {
        for (path, node) in &self.names {
            match node {
                Some(node) => names.insert(path.clone(), *node),
                None => names.remove(path),
            };
        }
    }
}

impl WriteKind {
    pub(super) fn apply(&self, pages: &mut Pages) {
        match self {
            Self::Bytes { offset, bytes } => pages.write(bytes, *offset),
            Self::Length(length) => pages.resize(*length),
        }
    }
}
