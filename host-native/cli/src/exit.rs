//! How the program ends: one small number that scripts can rely on.

use std::process::ExitCode;

/// How a command ends; `docs/reference/exit-codes.md` says more about each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// Done, or verified.
    Done = 0,
    /// The claim is false.
    False = 1,
    /// The program was used wrongly: no such path, an ambiguous prefix.
    Usage = 2,
    /// Incomplete or undecidable: unreadable files, contents missing, not authenticated.
    Incomplete = 3,
    /// The store or the machine failed.
    Failed = 4,
    /// There is no store at that place.
    NoStore = 10,
    /// Somebody else was faster; trying again may help.
    Race = 11,
    /// The key is wrong, or something is not permitted.
    NotPermitted = 12,
    /// The user ended it.
    Interrupted = 130,
}

impl Exit {
    /// Every one, by number.
    pub(crate) const ALL: [Self; 9] = [
        Self::Done,
        Self::False,
        Self::Usage,
        Self::Incomplete,
        Self::Failed,
        Self::NoStore,
        Self::Race,
        Self::NotPermitted,
        Self::Interrupted,
    ];

    /// The number that the system is told.
    pub(crate) const fn number(self) -> u8 {
        self as u8
    }

    /// What the number means, as a half sentence.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or verified; also where parts are withheld as the maker declared",
            Self::False => "the claim is false: not verified, or a difference with `--exit-code`",
            Self::Usage => "wrong usage: an unknown option, no such path, an ambiguous prefix",
            Self::Incomplete => {
                "incomplete or undecidable: something could not be read, contents are missing, \
                 consistent but not authenticated, over a stated limit"
            }
            Self::Failed => {
                "the store or the machine failed: damaged, disk full, no access by the system, \
                 unknown format"
            }
            Self::NoStore => "no such store",
            Self::Race => "lost a race; try again",
            Self::NotPermitted => "wrong key, or not permitted",
            Self::Interrupted => "interrupted; nothing is half done",
        }
    }

    /// The worse of two ends, for a command that does several things.
    pub(crate) fn worse(self, other: Self) -> Self {
        if other.number() > self.number() { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_that_scripts_rely_on() {
        let numbers = Exit::ALL.map(Exit::number);

        assert_eq!(numbers, [0, 1, 2, 3, 4, 10, 11, 12, 130]);
    }
}
