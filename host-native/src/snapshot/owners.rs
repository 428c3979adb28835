//! What the machine calls the users and groups that own files.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use markerbed_core::{limits::OWNER_NAME_BYTES_MAX, tree::Attribute};
use nix::unistd::{Gid, Group, Uid, User};

/// The names of owners, each asked for once.
#[derive(Debug, Default)]
pub(super) struct OwnerNames {
    asked: Mutex<BTreeMap<Owner, Option<String>>>,
}

/// A number of the machine.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Owner {
    User(u32),
    Group(u32),
}

impl OwnerNames {
    /// Tag 4 for a user and a group; none if neither has a name.
    pub(super) fn attribute(&self, user: u32, group: u32) -> Option<Attribute> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let mut name = |owner: Owner| asked.entry(owner).or_insert_with(|| owner.name()).clone();
        let (user, group) = (name(Owner::User(user)), name(Owner::Group(group)));
        let is_named = user.is_some() || group.is_some();
        is_named.then_some(Attribute::OwnerNames { user, group })
    }

    /// Tells whether the machine calls an owner so, and remembers what it is called.
    pub(super) fn is_called(&self, owner: Owner, name: Option<&str>) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.entry(owner).or_insert_with(|| owner.name()).as_deref() == name
    }

    /// All that were asked for.
    pub(super) fn into_asked(self) -> impl Iterator<Item = (Owner, Option<String>)> {
        self.asked.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter()
    }
}

impl Owner {
    fn name(self) -> Option<String> {
        // A name that cannot be learned is none: the number stands beside it.
        let name = match self {
            Self::User(id) => User::from_uid(Uid::from_raw(id)).ok()??.name,
            Self::Group(id) => Group::from_gid(Gid::from_raw(id)).ok()??.name,
        };
        let fits = (1..=OWNER_NAME_BYTES_MAX as usize).contains(&name.len());
        fits.then_some(name)
    }
}
