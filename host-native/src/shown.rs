//! Paths of the system in messages.

use std::{os::unix::ffi::OsStrExt, path::Path};

use markerbed_core::tree::Shown;

/// A path as a terminal may show it (NAME-8).
pub(crate) fn shown(path: &Path) -> Shown<'_> {
    Shown::new(path.as_os_str().as_bytes())
}
