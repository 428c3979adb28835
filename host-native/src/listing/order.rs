//! Goes down a stored tree in the order of whole paths.

use std::collections::VecDeque;

use markerbed_core::{
    Error, NodeId,
    limits::DEPTH_MAX,
    tree::{Child, Directory, NamedChild},
};

use crate::{
    restore::{Lack, Lacks, Objects},
    store::StoreError,
};

/// What is below a directory, in bytewise order of whole paths (LIST-4).
///
/// A directory comes as its path with a `/` at the end, which is where what is below it belongs:
/// `a-b` and `a.b` come before `a/`. Whoever comes to one says whether to go into it. At most some
/// thousand names are remembered, and of each level those that begin one with the other.
pub(super) struct Ordered<'a> {
    objects: Objects<'a>,
    levels: Vec<Level>,
    /// Of what came last.
    path: Vec<u8>,
    /// Names that are remembered.
    pending: usize,
}

/// What an ordered descent came to.
pub(super) enum Visit {
    /// A directory that is not sealed, or anything else.
    Child(Child),
    /// The rest of a directory, which is at the path, cannot be listed.
    Unlisted(Lacks),
}

struct Level {
    directory: Directory,
    /// How much of the path is that of the directory, a `/` at the end.
    path_bytes: usize,
    /// The name from which the next children are to be listed; none if these were all.
    from: Option<Vec<u8>>,
    listed: VecDeque<NamedChild>,
    /// Directories whose names have come, but not their paths with a `/`: the next at the end.
    waiting: Vec<NamedChild>,
}

impl<'a> Ordered<'a> {
    /// Begins below a directory.
    pub(super) fn new(objects: Objects<'a>, directory: &Directory) -> Self {
        let mut ordered = Self { objects, levels: Vec::new(), path: Vec::new(), pending: 0 };
        ordered.push(directory);
        ordered
    }

    /// The path of what came last, a `/` at its end if it is a directory that is not sealed.
    pub(super) fn path(&self) -> &[u8] {
        &self.path
    }

    /// Goes into the directory that came last.
    ///
    /// # Errors
    ///
    /// Those of the store that are not about its node.
    pub(super) fn enter(&mut self, child: &Child) -> Result<Result<(), Lacks>, StoreError> {
        if self.levels.len() >= DEPTH_MAX as usize {
            let error = Error::TooDeep.into();
            return Ok(Err(Lacks { why: Lack::Damaged, error }));
        }
        let node = self.objects.nodes(std::slice::from_ref(child))?.pop();
        let node = match node {
            Some(Ok(node)) => node,
            Some(Err(lacks)) => return Ok(Err(lacks)),
            None => return Ok(Err(missing(child.id))),
        };
        if let Some(directory) = node.as_directory() {
            self.push(directory);
        }
        Ok(Ok(()))
    }

    /// What comes next; none after the last.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub(super) fn next(&mut self) -> Result<Option<Visit>, StoreError> {
        loop {
            let Some(level) = self.levels.last_mut() else { return Ok(None) };
            if level.listed.is_empty()
                && let Some(from) = level.from.take()
            {
                if let Err(lacks) = self.list(from)? {
                    return Ok(Some(Visit::Unlisted(lacks)));
                }
                continue;
            }
            let next = level.listed.front();
            if level.waiting.last().is_some_and(|waits| comes_before(waits, next)) {
                if let Some(directory) = level.waiting.pop() {
                    self.come_to(&directory, b"/");
                    return Ok(Some(Visit::Child(directory.child)));
                }
            } else if let Some(child) = level.listed.pop_front() {
                if is_open(&child.child) {
                    level.waiting.push(child);
                } else {
                    self.come_to(&child, b"");
                    return Ok(Some(Visit::Child(child.child)));
                }
            } else {
                self.levels.pop();
            }
        }
    }

    fn push(&mut self, directory: &Directory) {
        self.levels.push(Level {
            directory: *directory,
            path_bytes: self.path.len(),
            from: Some(Vec::new()),
            listed: VecDeque::new(),
            waiting: Vec::new(),
        });
    }

    /// Puts the path of a child of the last level in its place.
    fn come_to(&mut self, child: &NamedChild, end: &[u8]) {
        self.pending = self.pending.saturating_sub(1);
        self.path.truncate(self.levels.last().map_or(0, |level| level.path_bytes));
        self.path.extend_from_slice(child.name.as_bytes());
        self.path.extend_from_slice(end);
    }

    /// Lists some children of the last level.
    fn list(&mut self, from: Vec<u8>) -> Result<Result<(), Lacks>, StoreError> {
        let Some(level) = self.levels.last_mut() else { return Ok(Ok(())) };
        let room = PENDING_MAX.saturating_sub(self.pending) / 4;
        let children_max = room.clamp(CHILDREN_AT_LEAST, CHILDREN_AT_MOST);
        let children = match self.objects.list(&level.directory, from, children_max)? {
            Ok(children) => children,
            Err(lacks) => {
                self.path.truncate(level.path_bytes);
                return Ok(Err(lacks));
            }
        };
        // The first name that can come after the last one.
        let last = children.last().filter(|_| children.len() >= children_max);
        level.from = last.map(|last| [last.name.as_bytes(), &[0]].concat());
        self.pending += children.len();
        level.listed = children.into();
        Ok(Ok(()))
    }
}

/// Whether a child is a directory that is gone into.
pub(super) const fn is_open(child: &Child) -> bool {
    child.kind.is_directory() && !child.kind.is_sealed()
}

/// Whether a directory's path, with its `/`, comes before whatever is next in its directory.
fn comes_before(directory: &NamedChild, next: Option<&NamedChild>) -> bool {
    let path = directory.name.as_bytes().iter().chain(b"/");
    next.is_none_or(|next| path.lt(next.name.as_bytes()))
}

fn missing(id: NodeId) -> Lacks {
    let error = Error::MissingObject { id: id.into() }.into();
    Lacks { why: Lack::ObjectMissing, error }
}

/// How many names are remembered before fewer are listed at a time.
const PENDING_MAX: usize = 1 << 15;
/// How many children of a directory are listed at once.
const CHILDREN_AT_MOST: usize = 1_024;
/// The same when many names are remembered.
const CHILDREN_AT_LEAST: usize = 8;
