//! The tracked files, read once.

use std::fs;

use crate::{
    failure::{Failure, OrFail},
    program::{Program, root},
};

/// Files by their path from the root, in order.
pub(super) struct Tree {
    files: Vec<File>,
}

pub(super) struct File {
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

impl Tree {
    /// Reads what git tracks; what was removed from the work tree is left out, as are links.
    pub(super) fn of_tracked_files() -> Result<Self, Failure> {
        let names = Program::new("git ls-files -z").read()?;
        let mut files = Vec::new();
        for path in names.split('\0').filter(|path| !path.is_empty()) {
            let place = root().join(path);
            if !fs::symlink_metadata(&place).is_ok_and(|found| found.is_file()) {
                continue;
            }
            let bytes = fs::read(&place).or_fail(path)?;
            files.push(File { path: path.to_owned(), bytes });
        }
        Ok(Self { files })
    }

    /// A tree that a test plants.
    #[cfg(test)]
    pub(super) fn planted(files: &[(&str, &str)]) -> Self {
        let file = |&(path, text): &(&str, &str)| File {
            path: path.to_owned(),
            bytes: text.as_bytes().to_vec(),
        };
        Self { files: files.iter().map(file).collect() }
    }

    pub(super) fn files(&self) -> &[File] {
        &self.files
    }

    /// The text of one file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path)?.text()
    }

    /// Paths and texts of the files whose name ends with one of `endings`.
    pub(super) fn texts<'a>(
        &'a self,
        endings: &'a [&str],
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files
            .iter()
            .filter(|file| endings.iter().any(|ending| file.path.ends_with(ending)))
            .filter_map(|file| Some((file.path.as_str(), file.text()?)))
    }

    /// Rust files of core.
    pub(super) fn core(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts(&[".rs"]).filter(|(path, _)| path.starts_with("core/src/"))
    }

    /// Tells whether a file or a folder is tracked; the root is the empty path.
    pub(super) fn has(&self, path: &str) -> bool {
        let is_at = |file: &File| {
            file.path
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || path.is_empty())
        };
        self.files.iter().any(is_at)
    }
}

impl File {
    /// The text, or nothing if the file is binary.
    pub(super) fn text(&self) -> Option<&str> {
        str::from_utf8(&self.bytes).ok().filter(|text| !text.contains('\0'))
    }
}
