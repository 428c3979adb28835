//! Names that a file system cannot hold as they are.

use markerbed_core::tree::Name;

/// Why a file system cannot hold a name as it is.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unfit {
    /// It is too long.
    TooLong,
    /// It is not UTF-8.
    NotText,
    /// It has a character that Windows does not allow.
    Character,
    /// It ends with a dot or a space, which Windows drops.
    Ending,
    /// It is the name of a device of Windows.
    Device,
    /// It is a symlink, and there are none.
    Symlink,
    /// Another name in the same directory is the same where case or Unicode's forms make no
    /// difference.
    Twin {
        /// The other one.
        twin: Name,
    },
}

/// A name that cannot be held.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnfitName {
    /// Names joined by `/`, relative to the root of the tree.
    pub path: Vec<u8>,
    /// Why the last of them cannot be held.
    pub why: Unfit,
}

/// Names that cannot be held.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UnfitNames {
    /// The first of them, in the order in which they were met: at most [`Self::LISTED_MAX`].
    pub first: Vec<UnfitName>,
    /// How many there are.
    pub count: u64,
}

impl Unfit {
    /// The stable, machine-readable name of the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::NotText => "not-utf8",
            Self::Character => "character",
            Self::Ending => "ending",
            Self::Device => "device-name",
            Self::Symlink => "symlink",
            Self::Twin { .. } => "twin",
        }
    }

    /// The reason as the end of a sentence about a name.
    pub const fn sentence(&self) -> &'static str {
        match self {
            Self::TooLong => "it is too long",
            Self::NotText => "it is not UTF-8",
            Self::Character => "it has a character that is not allowed there",
            Self::Ending => "it ends with a dot or a space",
            Self::Device => "it is the name of a device there",
            Self::Symlink => "it is a symlink, and there are none there",
            Self::Twin { .. } => "it is the same as another name there",
        }
    }
}

impl UnfitName {
    /// The path of its twin, if that is why.
    pub fn twin_path(&self) -> Option<Vec<u8>> {
        let Unfit::Twin { twin } = &self.why else { return None };
        let above = self.path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        let above = self.path.get(..above).unwrap_or_default();
        Some([above, twin.as_bytes()].concat())
    }
}

impl UnfitNames {
    /// How many are listed at most.
    pub const LISTED_MAX: usize = 1_000;

    /// Counts one, and lists it while there is room; `path` is asked only then.
    pub(crate) fn add(&mut self, why: Unfit, path: impl FnOnce() -> Vec<u8>) {
        self.count += 1;
        if self.first.len() < Self::LISTED_MAX {
            self.first.push(UnfitName { path: path(), why });
        }
    }
}
