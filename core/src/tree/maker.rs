//! Makes a tree step by step, with what must be put as data.

use alloc::vec::Vec;
use core::mem;

use super::{
    directory::{Child, NewChild, build_directory},
    name::Name,
    node::{File, Node, Symlink},
};
use crate::{
    codec::Canonical,
    error::{Error, Fault},
    id::{ContentId, NodeId},
    limits::DEPTH_MAX,
    object::ObjectId,
};

/// A tree that is being made: directories are entered and left, their children come in any order.
///
/// Holds the children of the directories that are open, and the objects that were made since
/// [`Self::take_objects`].
#[derive(Clone, Debug)]
pub struct TreeMaker {
    /// From the root down: how each is called, and its children so far.
    open: Vec<(Option<Name>, Vec<NewChild>)>,
    objects: Vec<(ObjectId, Vec<u8>)>,
    objects_bytes: usize,
}

/// A tree that was made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MadeTree {
    /// Its root.
    pub root: NodeId,
    /// The objects that [`TreeMaker::take_objects`] has not given.
    pub objects: Vec<(ObjectId, Vec<u8>)>,
}

impl Default for TreeMaker {
    fn default() -> Self {
        Self::new()
    }
}

impl TreeMaker {
    /// Begins with an empty root, which is open.
    pub fn new() -> Self {
        let open = alloc::vec![(None, Vec::new())];
        Self { open, objects: Vec::new(), objects_bytes: 0 }
    }

    /// Opens a directory in the one that was opened last.
    ///
    /// # Errors
    ///
    /// [`Fault::BadName`], or [`Error::TooDeep`].
    pub fn enter(&mut self, name: &[u8]) -> Result<(), Error> {
        let name = Name::new(name)?;
        if self.open.len() > DEPTH_MAX as usize {
            return Err(Error::TooDeep);
        }
        self.open.push((Some(name), Vec::new()));
        Ok(())
    }

    /// Adds a file to the directory that was opened last.
    ///
    /// # Errors
    ///
    /// [`Fault::BadName`], or [`Fault::OutOfRange`] for a size that no file may have.
    pub fn add_file(
        &mut self,
        name: &[u8],
        executable: bool,
        size_bytes: u64,
        content: ContentId,
    ) -> Result<(), Error> {
        let name = Name::new(name)?;
        self.add(name, &File::new(executable, size_bytes, content)?.into())
    }

    /// Adds a symlink to the directory that was opened last.
    ///
    /// # Errors
    ///
    /// [`Fault::BadName`] or [`Fault::BadTarget`].
    pub fn add_symlink(&mut self, name: &[u8], target: &[u8]) -> Result<(), Error> {
        let name = Name::new(name)?;
        self.add(name, &Symlink::new(target)?.into())
    }

    /// Closes the directory that was opened last.
    ///
    /// # Errors
    ///
    /// As [`build_directory`]; [`Fault::OutOfRange`] for the root, which [`Self::finish`] closes.
    pub fn leave(&mut self) -> Result<(), Error> {
        match self.open.pop() {
            Some((Some(name), children)) => {
                let node = self.make_directory(children)?;
                self.add(name, &node)
            }
            root => {
                self.open.extend(root);
                Err(Error::malformed(Fault::OutOfRange))
            }
        }
    }

    /// Takes the objects that were made since the last time, to be put.
    pub fn take_objects(&mut self) -> Vec<(ObjectId, Vec<u8>)> {
        self.objects_bytes = 0;
        mem::take(&mut self.objects)
    }

    /// How many bytes the objects have that [`Self::take_objects`] would give.
    pub const fn objects_bytes(&self) -> usize {
        self.objects_bytes
    }

    /// Closes the root: its id, and the objects that were not taken yet.
    ///
    /// # Errors
    ///
    /// As [`build_directory`]; [`Fault::OutOfRange`] if another directory is open.
    pub fn finish(mut self) -> Result<MadeTree, Error> {
        let (Some((None, children)), true) = (self.open.pop(), self.open.is_empty()) else {
            return Err(Error::malformed(Fault::OutOfRange));
        };
        let root = self.make_directory(children)?;
        let id = root.id();
        self.objects.push((id.into(), root.encode()));
        Ok(MadeTree { root: id, objects: self.objects })
    }

    fn make_directory(&mut self, children: Vec<NewChild>) -> Result<Node, Error> {
        let built = build_directory(children)?;
        for (id, page) in built.pages {
            self.put(id.into(), page.encode());
        }
        Ok(built.directory.into())
    }

    fn add(&mut self, name: Name, node: &Node) -> Result<(), Error> {
        let (child, adds) = (Child::of(node), node.adds()?);
        self.put(child.id.into(), node.encode());
        let (_, children) = self.open.last_mut().ok_or(Error::malformed(Fault::OutOfRange))?;
        children.push(NewChild { name, child, adds });
        Ok(())
    }

    fn put(&mut self, id: ObjectId, bytes: Vec<u8>) {
        self.objects_bytes += bytes.len();
        self.objects.push((id, bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::content_id;

    fn file(name: &[u8]) -> NewChild {
        let node: Node = File::new(false, 1, content_id(b"x")).unwrap().into();
        let adds = node.adds().unwrap();
        NewChild { name: Name::new(name).unwrap(), child: Child::of(&node), adds }
    }

    #[test]
    fn a_tree_made_step_by_step_is_the_directory_of_its_children() {
        let below = Node::from(build_directory(alloc::vec![file(b"b")]).unwrap().directory);
        let child = NewChild {
            name: Name::new(b"a").unwrap(),
            child: Child::of(&below),
            adds: below.adds().unwrap(),
        };
        let whole = build_directory(alloc::vec![file(b"z"), child]).unwrap();

        let mut tree = TreeMaker::new();
        tree.add_file(b"z", false, 1, content_id(b"x")).unwrap();
        tree.enter(b"a").unwrap();
        tree.add_file(b"b", false, 1, content_id(b"x")).unwrap();
        let early = tree.take_objects();
        tree.leave().unwrap();
        let made = tree.finish().unwrap();

        assert_eq!(made.root, Node::from(whole.directory).id());
        assert_eq!(early.len(), 2, "two files");
        assert_eq!(made.objects.len(), 4, "two directories with a page each");
        assert!(
            early
                .iter()
                .chain(&made.objects)
                .all(|(id, bytes)| { crate::object::Object::check(*id, bytes).is_ok() })
        );
    }

    #[test]
    fn the_root_is_not_left_and_what_is_open_is_not_finished() {
        let mut tree = TreeMaker::new();
        let refused = Error::malformed(Fault::OutOfRange);

        assert_eq!(tree.leave(), Err(refused.clone()));
        tree.enter(b"a").unwrap();
        assert_eq!(tree.clone().finish(), Err(refused));
        tree.leave().unwrap();
        assert_eq!(tree.enter(b".."), Err(Error::malformed(Fault::BadName)));
        tree.finish().unwrap();
    }

    #[test]
    fn a_tree_is_no_deeper_than_the_limit() {
        let mut tree = TreeMaker::new();
        for _ in 0..DEPTH_MAX {
            tree.enter(b"d").unwrap();
        }

        assert_eq!(tree.enter(b"d"), Err(Error::TooDeep));
    }
}
