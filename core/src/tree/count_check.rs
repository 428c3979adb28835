//! Checking all counts of a tree while walking it (NODE-8).

use alloc::vec::Vec;

use super::{
    node::{Counts, Directory, Node},
    trail::Trail,
};
use crate::error::Error;

/// Checks bottom-up that each directory counts what is below it.
///
/// Given all nodes in the order of a [`Walk`](super::Walk), it remembers one directory a level.
#[derive(Debug, Default)]
pub struct CountCheck {
    open: Vec<Open>,
}

/// A directory whose children are being visited.
#[derive(Debug)]
struct Open {
    trail: Trail,
    directory: Directory,
    sum: Counts,
}

impl CountCheck {
    /// Visits the next node and gives the trails of directories that turned out to be wrong.
    ///
    /// # Errors
    ///
    /// [`Error::CountOverflow`] if what is visited has no sum.
    pub fn visit(&mut self, trail: &Trail, node: &Node) -> Result<Vec<Trail>, Error> {
        let wrong = self.close_from(trail.depth());
        if let Some(parent) = self.open.last_mut() {
            parent.sum = parent.sum.checked_add(node.adds()?)?;
        }
        if let Some(directory) = node.as_directory() {
            self.open.push(Open {
                trail: trail.clone(),
                directory: *directory,
                sum: Counts::default(),
            });
        }
        Ok(wrong)
    }

    /// Ends the visits and gives the trails of directories that turned out to be wrong.
    pub fn finish(mut self) -> Vec<Trail> {
        self.close_from(0)
    }

    /// Closes the directories that are at `depth` or deeper.
    fn close_from(&mut self, depth: u32) -> Vec<Trail> {
        let mut wrong = Vec::new();
        while let Some(open) = self.open.pop_if(|open| open.trail.depth() >= depth) {
            if open.sum != open.directory.below() {
                wrong.push(open.trail);
            }
        }
        wrong
    }
}
