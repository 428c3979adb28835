//! Roles and the rights that they give (GRANT-2).

use crate::{
    codec::Reader,
    error::{Error, Fault},
};

/// What an agent may do where its grant says so. The numbers are hashed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// Reads.
    Reader = 1,
    /// Reads and writes.
    Writer = 2,
    /// Reads and synthesises.
    Synthesiser = 3,
    /// Has every right.
    Admin = 4,
}

/// One thing that an agent may do.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Right {
    /// Sees what is there.
    Read,
    /// Commits snapshots and moves refs.
    Write,
    /// Makes frames of other frames.
    Synthesise,
    /// Grants and revokes.
    Administer,
}

impl Role {
    /// Every role, by number.
    pub const ALL: [Self; 4] = [Self::Reader, Self::Writer, Self::Synthesiser, Self::Admin];

    /// The role's number.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The role's name, the same in every binding.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Synthesiser => "synthesiser",
            Self::Admin => "admin",
        }
    }

    /// Tells whether the role gives a right.
    pub const fn gives(self, right: Right) -> bool {
        matches!(
            (self, right),
            (_, Right::Read)
                | (Self::Writer, Right::Write)
                | (Self::Synthesiser, Right::Synthesise)
                | (Self::Admin, _)
        )
    }

    pub(crate) fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let start = reader.at();
        let number = reader.take_byte()?;
        let role = Self::ALL.into_iter().find(|role| role.number() == number);
        role.map_or_else(|| reader.fault(Fault::UnsupportedFormat, start), Ok)
    }
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Synthesise, Self::Administer];

    /// The right's name, the same in every binding.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Synthesise => "synthesise",
            Self::Administer => "administer",
        }
    }
}
