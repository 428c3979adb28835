//! What a node is, as its first byte says.

use core::fmt;

/// What a node is. The numbers are hashed.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum NodeKind {
    /// Bytes.
    File = 1,
    /// A pointer to a path, never followed.
    Symlink = 2,
    /// Names and the nodes under them.
    Directory = 3,
    /// A file that cannot be guessed.
    SealedFile = 4,
    /// A symlink that cannot be guessed.
    SealedSymlink = 5,
    /// A directory that cannot be guessed.
    SealedDirectory = 6,
}

impl NodeKind {
    /// Every kind, by number.
    pub const ALL: [Self; 6] = [
        Self::File,
        Self::Symlink,
        Self::Directory,
        Self::SealedFile,
        Self::SealedSymlink,
        Self::SealedDirectory,
    ];

    /// The kind's number.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// Tells whether a salt keeps such a node from being guessed.
    pub const fn is_sealed(self) -> bool {
        matches!(self, Self::SealedFile | Self::SealedSymlink | Self::SealedDirectory)
    }

    /// Tells whether it is a file, sealed or not.
    pub const fn is_file(self) -> bool {
        matches!(self, Self::File | Self::SealedFile)
    }

    /// Tells whether it is a symlink, sealed or not.
    pub const fn is_symlink(self) -> bool {
        matches!(self, Self::Symlink | Self::SealedSymlink)
    }

    /// Tells whether it is a directory, sealed or not.
    pub const fn is_directory(self) -> bool {
        matches!(self, Self::Directory | Self::SealedDirectory)
    }

    /// The kind's name, the same in every binding.
    pub const fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Symlink => "symlink",
            Self::Directory => "directory",
            Self::SealedFile => "sealed file",
            Self::SealedSymlink => "sealed symlink",
            Self::SealedDirectory => "sealed directory",
        }
    }
}

impl fmt::Display for NodeKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}
