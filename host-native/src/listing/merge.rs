//! What a listing is made of: lines from before where nothing has changed, files to read elsewhere.

use markerbed_core::tree::{Child, Directory, ListedItem, ListingLine, Path};

use super::{
    Item,
    lines::Lines,
    order::{Ordered, Visit, is_open},
};
use crate::{restore::Objects, store::StoreError};

/// Walks a tree in the order of its listing, side by side with an older tree and its listing.
pub(super) struct Merge<'a> {
    tree: Ordered<'a>,
    before: Option<Before<'a>>,
    /// The path, with a `/`, of a directory that is the same in both: its lines are copied.
    copied: Option<Vec<u8>>,
    is_done: bool,
}

/// The older tree and its listing.
pub(super) struct Before<'a> {
    tree: Ordered<'a>,
    /// What the older tree has at its path; none after its end.
    at: Option<Child>,
    lines: Lines,
    /// The next line; none after the last.
    line: Option<ListingLine>,
}

/// Why a merge goes on no more.
#[derive(Debug)]
pub(super) enum Stop {
    /// What is there from before is not whole: it must be made without.
    Before,
    /// The place could not be read.
    Failed(StoreError),
}

impl<'a> Merge<'a> {
    /// What is below a directory, all of it to be read.
    pub(super) fn new(objects: Objects<'a>, directory: &Directory) -> Self {
        let tree = Ordered::new(objects, directory);
        Self { tree, before: None, copied: None, is_done: false }
    }

    /// The same with lines of an older tree.
    pub(super) fn after(self, before: Before<'a>) -> Self {
        Self { before: Some(before), ..self }
    }

    /// Checks the end: the listing from before was read whole, and is the one that it should be.
    fn end(&mut self) -> Result<Option<Item>, Stop> {
        self.is_done = true;
        self.before.take().map_or(Ok(()), Before::finish)?;
        Ok(None)
    }

    fn step(&mut self) -> Result<Option<Item>, Stop> {
        loop {
            if let (Some(directory), Some(before)) = (&self.copied, &mut self.before) {
                if let Some(line) = before.line_below(directory)? {
                    return Ok(Some(Item::Line(line)));
                }
                self.copied = None;
            }
            let child = match self.tree.next()? {
                None => return self.end(),
                Some(Visit::Unlisted(lacks)) => {
                    return Ok(Some(Item::Lacking { path: path(self.tree.path()), lacks }));
                }
                Some(Visit::Child(child)) => child,
            };
            if is_open(&child) {
                if let Some(item) = self.enter(&child)? {
                    return Ok(Some(item));
                }
            } else if child.kind.is_sealed() {
                let item = ListedItem::Sealed(child.id);
                return Ok(Some(Item::Line(ListingLine { path: path(self.tree.path()), item })));
            } else if child.kind.is_file() {
                return self.file(&child).map(Some);
            }
        }
    }

    /// Goes into a directory, or copies its lines if it was the same before.
    fn enter(&mut self, child: &Child) -> Result<Option<Item>, Stop> {
        if let Some(before) = &mut self.before
            && let Some(known) = before.find(self.tree.path())?
        {
            if known.id == child.id {
                self.copied = Some(self.tree.path().to_vec());
                return Ok(None);
            }
            before.tree.enter(&known)?.map_err(|_| Stop::Before)?;
        }
        let entered = self.tree.enter(child)?;
        Ok(entered.err().map(|lacks| Item::Lacking { path: path(self.tree.path()), lacks }))
    }

    fn file(&mut self, child: &Child) -> Result<Item, Stop> {
        let at = self.tree.path();
        if let Some(before) = &mut self.before
            && before.find(at)?.is_some_and(|known| known.id == child.id)
        {
            return before.line_at(at)?.map(Item::Line).ok_or(Stop::Before);
        }
        Ok(Item::File { path: path(at), id: child.id })
    }
}

impl Iterator for Merge<'_> {
    type Item = Result<Item, Stop>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let step = self.step();
        self.is_done |= step.is_err();
        step.transpose()
    }
}

impl<'a> Before<'a> {
    /// Begins with an older tree and the listing that was kept of it.
    pub(super) fn begin(
        objects: Objects<'a>,
        directory: &Directory,
        lines: Lines,
    ) -> Result<Self, Stop> {
        let tree = Ordered::new(objects, directory);
        let mut before = Self { tree, at: None, lines, line: None };
        before.advance()?;
        before.line = before.lines.next()?;
        Ok(before)
    }

    /// What the older tree has at a path, which is not before any that was asked for.
    fn find(&mut self, path: &[u8]) -> Result<Option<Child>, Stop> {
        while self.at.is_some() && self.tree.path() < path {
            self.advance()?;
        }
        Ok(self.at.filter(|_| self.tree.path() == path))
    }

    fn advance(&mut self) -> Result<(), Stop> {
        self.at = match self.tree.next()? {
            None => None,
            Some(Visit::Child(child)) => Some(child),
            Some(Visit::Unlisted(_)) => return Err(Stop::Before),
        };
        Ok(())
    }

    /// The line of a file; lines before it are left behind.
    fn line_at(&mut self, path: &[u8]) -> Result<Option<ListingLine>, Stop> {
        self.seek(path)?;
        let fits = |line: &mut ListingLine| {
            line.path.as_bytes() == path && matches!(line.item, ListedItem::File(_))
        };
        self.take_line_if(fits)
    }

    /// The next line below a directory, whose path has a `/` at its end.
    fn line_below(&mut self, directory: &[u8]) -> Result<Option<ListingLine>, Stop> {
        self.seek(directory)?;
        self.take_line_if(|line| line.path.as_bytes().starts_with(directory))
    }

    fn seek(&mut self, path: &[u8]) -> Result<(), Stop> {
        while self.line.as_ref().is_some_and(|line| line.path.as_bytes() < path) {
            self.line = self.lines.next()?;
        }
        Ok(())
    }

    fn take_line_if(
        &mut self,
        fits: impl FnOnce(&mut ListingLine) -> bool,
    ) -> Result<Option<ListingLine>, Stop> {
        let taken = self.line.take_if(fits);
        if taken.is_some() {
            self.line = self.lines.next()?;
        }
        Ok(taken)
    }

    fn finish(mut self) -> Result<(), Stop> {
        while self.lines.next()?.is_some() {}
        self.lines.check()
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// A path as an item has it; where a directory is meant, without its `/`.
fn path(bytes: &[u8]) -> Path {
    // Names were checked when they were listed, and the depth when they were come to.
    Path::new(bytes.strip_suffix(b"/").unwrap_or(bytes)).unwrap_or_default()
}
