//! Where a grant holds: in the whole workspace or below a path (GRANT-1).

use core::fmt;

use crate::{
    codec::Reader,
    error::{Error, Fault},
    limits::GRANT_PATH_BYTES_MAX,
    tree::Path,
};

/// Where a grant holds: at a path of every tree of the workspace and below it.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Scope(Path);

impl Scope {
    /// The whole workspace.
    pub const WHOLE: Self = Self(Path::ROOT);

    /// Reads names joined by `/`; nothing is the whole workspace.
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfRange`] for more than 1,024 bytes, otherwise as [`Path::new`].
    pub fn new(joined: &[u8]) -> Result<Self, Error> {
        if joined.len() > GRANT_PATH_BYTES_MAX as usize {
            return Err(Error::malformed(Fault::OutOfRange));
        }
        Path::new(joined).map(Self)
    }

    /// The path; the root stands for the whole workspace.
    pub const fn path(&self) -> &Path {
        &self.0
    }

    /// Tells whether a path is this one or below it.
    pub fn covers(&self, path: &Path) -> bool {
        *path == self.0 || path.is_below(&self.0)
    }

    pub(crate) fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let bytes = reader.take_bytes(0..=GRANT_PATH_BYTES_MAX)?;
        let before = reader.at() - u32::try_from(bytes.len()).unwrap_or(0);
        match Self::new(bytes) {
            Err(Error::Malformed { fault, .. }) => reader.fault(fault, before),
            scope => scope,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_root() { out.write_str("the whole workspace") } else { self.0.fmt(out) }
    }
}
