//! Paths: names from the root of a snapshot downwards (NAME-4).

use alloc::{borrow::ToOwned, vec::Vec};
use core::{cmp::Ordering, fmt};

use super::{
    name::{Name, check_name},
    shown::Shown,
};
use crate::{
    codec::{Reader, put_bytes, put_u32},
    error::Error,
    limits::DEPTH_MAX,
};

/// Names joined by `/`, relative to the root; the root is the empty path.
///
/// Ordered bytewise as a whole, as listings are (LIST-4).
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Path(Vec<u8>);

impl Path {
    /// The path of the root: no names.
    pub const ROOT: Self = Self(Vec::new());

    /// Reads names joined by `/`.
    ///
    /// # Errors
    ///
    /// [`Error::TooDeep`] for more than 4,096 names, then as [`Name::new`] for the first that is
    /// none.
    pub fn new(joined: &[u8]) -> Result<Self, Error> {
        if joined.is_empty() {
            return Ok(Self::ROOT);
        }
        let path = Self(joined.to_owned());
        if path.depth() > DEPTH_MAX {
            return Err(Error::TooDeep);
        }
        joined
            .split(|byte| *byte == SEPARATOR)
            .try_for_each(|name| check_name(name).map_err(Error::malformed))?;
        Ok(path)
    }

    /// The path of `name` in the directory at this path.
    ///
    /// # Errors
    ///
    /// [`Error::TooDeep`].
    pub fn join(&self, name: &Name) -> Result<Self, Error> {
        if self.depth() >= DEPTH_MAX {
            return Err(Error::TooDeep);
        }
        let mut joined = Vec::with_capacity(self.0.len() + name.as_bytes().len() + 1);
        joined.extend_from_slice(&self.0);
        let mut path = Self(joined);
        path.push(name.as_bytes());
        Ok(path)
    }

    /// The names joined by `/`.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many names it has.
    pub fn depth(&self) -> u32 {
        let separators = self.0.iter().filter(|byte| **byte == SEPARATOR).count();
        u32::try_from(separators).unwrap_or(u32::MAX) + u32::from(!self.is_root())
    }

    /// Tells whether it has no names.
    pub const fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, from the root downwards.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        // An empty path splits into one empty name, and no name is empty.
        self.0.split(|byte| *byte == SEPARATOR).filter(|name| !name.is_empty())
    }

    /// The last name; none for the root.
    pub fn last(&self) -> Option<&[u8]> {
        self.0.rsplit(|byte| *byte == SEPARATOR).next().filter(|name| !name.is_empty())
    }

    /// The path of the first `depth` names, or all of them.
    #[must_use]
    pub fn first(&self, depth: u32) -> Self {
        let ends = self.0.iter().enumerate().filter(|(_, byte)| **byte == SEPARATOR);
        let end = match depth.checked_sub(1) {
            None => Some(0),
            Some(before) => ends.map(|(at, _)| at).nth(before as usize),
        };
        Self(self.0.get(..end.unwrap_or(self.0.len())).unwrap_or_default().to_owned())
    }

    /// Tells whether it lies below `directory`, however deep.
    pub fn is_below(&self, directory: &Self) -> bool {
        match self.0.strip_prefix(directory.as_bytes()) {
            Some(rest) if directory.is_root() => !rest.is_empty(),
            Some(rest) => rest.first() == Some(&SEPARATOR),
            None => false,
        }
    }

    /// Compares as trees are walked: names by names, a directory before what is below it.
    pub fn cmp_in_tree(&self, other: &Self) -> Ordering {
        // No name holds a NUL, so a separator that counts as one comes before every byte.
        let weight = |byte: &u8| if *byte == SEPARATOR { 0 } else { *byte };
        self.0.iter().map(weight).cmp(other.0.iter().map(weight))
    }

    /// Appends the names as a list.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        put_u32(out, self.depth());
        self.names().for_each(|name| put_bytes(out, name));
    }

    /// Takes a list of names.
    pub(super) fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let mut path = Self::ROOT;
        for _ in 0..reader.take_u32_in(0..=DEPTH_MAX)? {
            path.push(Name::take(reader)?);
        }
        Ok(path)
    }

    /// Joins names, of which there are not more than a path has.
    pub(super) fn of_names<'a>(names: impl Iterator<Item = &'a Name>) -> Self {
        let mut path = Self::ROOT;
        names.for_each(|name| path.push(name.as_bytes()));
        path
    }

    fn push(&mut self, name: &[u8]) {
        if !self.is_root() {
            self.0.push(SEPARATOR);
        }
        self.0.extend_from_slice(name);
    }

    /// The path as a terminal may show it (NAME-8).
    pub fn shown(&self) -> Shown<'_> {
        Shown::new(&self.0)
    }
}

impl fmt::Display for Path {
    /// As [`Path::shown`].
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown().fmt(out)
    }
}

const SEPARATOR: u8 = b'/';

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec};

    use super::*;
    use crate::error::Fault;

    fn path(text: &str) -> Path {
        Path::new(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_path_is_its_names() {
        let names: Vec<&[u8]> = vec![b"a", b"bc", b"d"];

        assert_eq!(path("a/bc/d").names().collect::<Vec<_>>(), names);
        assert_eq!(path("a/bc/d").last(), Some(&b"d"[..]));
        assert_eq!(path("a/bc/d").depth(), 3);
        assert_eq!((Path::ROOT.names().count(), Path::ROOT.last()), (0, None));
        assert_eq!(Path::new(b"a//b"), Err(Error::malformed(Fault::OutOfRange)));
    }

    #[test]
    fn the_first_names_are_a_path_of_their_own() {
        let first = |depth| path("a/bc/d").first(depth).to_string();

        assert_eq!([0, 1, 2, 3, 9].map(first), ["", "a", "a/bc", "a/bc/d", "a/bc/d"]);
    }

    #[test]
    fn only_what_is_under_a_directory_is_below_it() {
        let below = |text, directory| path(text).is_below(&path(directory));

        assert!(below("a/b", "a") && below("a/b/c", "a") && below("a", ""));
        assert!(!below("a", "a") && !below("a-b", "a") && !below("a", "a/b") && !below("", ""));
    }

    #[test]
    fn a_tree_and_a_listing_have_orders_of_their_own() {
        let mut paths = ["a-b", "a/b", "a", "a/b/c", "a0"].map(path);

        paths.sort();
        assert_eq!(paths.clone().map(|path| path.to_string()), ["a", "a-b", "a/b", "a/b/c", "a0"]);
        paths.sort_by(Path::cmp_in_tree);
        assert_eq!(paths.map(|path| path.to_string()), ["a", "a/b", "a/b/c", "a-b", "a0"]);
    }
}
