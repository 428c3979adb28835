//! Paths of a walk: each shares what it has in common with the others.

use alloc::{sync::Arc, vec::Vec};
use core::fmt;

use super::{name::Name, path::Path};
use crate::{error::Error, limits::DEPTH_MAX};

/// A path that is cheap to extend: each trail below a directory shares that directory's.
///
/// So a walk keeps one name for each node that it remembers, however deep it is.
#[derive(Clone, Default)]
pub struct Trail(Option<Arc<Link>>);

struct Link {
    above: Trail,
    name: Name,
    depth: u32,
}

impl Trail {
    /// The trail of the root: no names.
    pub const ROOT: Self = Self(None);

    /// The trail of `name` in the directory at this one.
    ///
    /// # Errors
    ///
    /// [`Error::TooDeep`] (NODE-9).
    pub fn join(&self, name: Name) -> Result<Self, Error> {
        let depth = self.depth() + 1;
        if depth > DEPTH_MAX {
            return Err(Error::TooDeep);
        }
        Ok(Self(Some(Arc::new(Link { above: self.clone(), name, depth }))))
    }

    /// How many names it has.
    pub fn depth(&self) -> u32 {
        self.0.as_ref().map_or(0, |link| link.depth)
    }

    /// The last name; none for the root.
    pub fn last(&self) -> Option<&Name> {
        self.0.as_ref().map(|link| &link.name)
    }

    /// The trail of the directory that it lies in; none for the root.
    pub fn above(&self) -> Option<&Self> {
        self.0.as_ref().map(|link| &link.above)
    }

    /// The path, as one piece.
    pub fn to_path(&self) -> Path {
        let mut names = Vec::new();
        let mut trail = self;
        while let Some(link) = &trail.0 {
            names.push(&link.name);
            trail = &link.above;
        }
        Path::of_names(names.into_iter().rev())
    }
}

impl fmt::Debug for Trail {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Trail({})", self.to_path())
    }
}

impl Drop for Trail {
    /// Drops link by link, since a deep trail must not need a deep stack.
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut link) = next.and_then(Arc::into_inner) {
            next = link.above.0.take();
        }
    }
}
