//! Inputs made by a process of their own.

use std::{
    env,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};

use super::{large_files, small_files, source_tree};
use crate::{
    failure::{Failure, OrFail},
    program::Program,
};

/// Make one of the inputs, the same on every machine
#[derive(Args)]
pub(in crate::bench) struct Make {
    kind: Kind,
    /// Where; made if it is not there
    folder: PathBuf,
    /// How many files, or how many bytes each of four large ones has
    size: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::bench) enum Kind {
    /// About so many files like a large program's sources
    Source,
    /// So many files of 512 to 4,096 bytes
    Small,
    /// Four files of so many bytes
    Large,
}

impl Make {
    pub(in crate::bench) fn run(self) -> Result<(), Failure> {
        match self.kind {
            Kind::Source => source_tree(&self.folder, self.size),
            Kind::Small => small_files(&self.folder, self.size),
            Kind::Large => large_files(&self.folder, self.size),
        }
    }
}

/// Has an input made by another process.
///
/// Linux counts the largest memory of the parent as the child's at its start: who measures has to
/// stay small.
///
/// # Errors
///
/// If that fails.
pub(in crate::bench) fn make(kind: Kind, folder: &Path, size: u64) -> Result<(), Failure> {
    let this = env::current_exe().or_fail("this program has no path")?;
    let kind = kind.to_possible_value().or_fail("no such kind")?;
    Program::new(&this.display().to_string())
        .args(&["bench", "make", kind.get_name()].map(str::to_owned))
        .arg(folder)
        .arg(size.to_string())
        .run()
}
