//! Puts back what a file system said of a tree beyond what it is.

use std::{
    collections::BTreeMap,
    os::fd::{AsFd, AsRawFd},
    sync::{Mutex, PoisonError},
};

use markerbed_core::{
    ContentId,
    tree::{Attribute, Attributes, ExtendedAttribute, Time},
};
use nix::unistd::{Group, User};
use rustix::{
    fs::{
        AtFlags, Gid, Mode, Timespec, Timestamps, Uid, XattrFlags, chownat, fchmod, fchown,
        fsetxattr, futimens, lsetxattr, utimensat,
    },
    io::Errno,
};

use super::{RestoreError, done::Done};
use crate::{drive::blocking::wait, folder::Folder, store::Store};

/// Applies attributes.
pub(super) struct Applier<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) workspace: markerbed_core::WorkspaceId,
    pub(super) owners: Owners,
    pub(super) done: &'a Done,
}

/// Whether owners are put back, and what the machine calls them by number.
pub(super) struct Owners {
    are_wanted: bool,
    users: Mutex<BTreeMap<String, Option<u32>>>,
    groups: Mutex<BTreeMap<String, Option<u32>>>,
}

/// Something that is open, or a symlink by its name.
enum Place<'a> {
    Open(std::os::fd::BorrowedFd<'a>),
    Symlink(&'a Folder, &'a [u8]),
}

impl Applier<'_> {
    /// Applies those of a file or directory that is open.
    ///
    /// What the system refuses is noted under the path, and the rest is applied.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub(super) fn apply(
        &self,
        opened: impl AsFd,
        attributes: &Attributes,
        path: &dyn Fn() -> Vec<u8>,
    ) -> Result<(), RestoreError> {
        self.apply_to(&Place::Open(opened.as_fd()), attributes, path)
    }

    /// Applies those of the symlink `name`.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub(super) fn apply_to_symlink(
        &self,
        folder: &Folder,
        name: &[u8],
        attributes: &Attributes,
        path: &dyn Fn() -> Vec<u8>,
    ) -> Result<(), RestoreError> {
        self.apply_to(&Place::Symlink(folder, name), attributes, path)
    }

    /// In this order: a change of owner takes set-user-id and capabilities away, a mode may forbid
    /// to set extended attributes, and all of them may change the time.
    fn apply_to(
        &self,
        place: &Place<'_>,
        attributes: &Attributes,
        path: &dyn Fn() -> Vec<u8>,
    ) -> Result<(), RestoreError> {
        let own = attributes.own();
        let owner = self.owners.of(own);
        let mut has_owner = false;
        if let Some((user, group)) = owner {
            has_owner = self.note(place.own(user, group), "its owner", path);
        }
        for extended in own.iter().flat_map(extended_of) {
            if extended.name == CAPABILITY && !has_owner {
                self.done.not_put_back(path(), "what it may do as a program");
                continue;
            }
            self.set(place, extended, path)?;
        }
        for attribute in own {
            if let Attribute::Mode(bits) = attribute {
                // Who may run it as its owner is another one now.
                if !has_owner && bits & SET_ID != 0 {
                    self.done.not_put_back(path(), "set-user-id and set-group-id");
                }
                let bits = if has_owner { *bits } else { bits & !SET_ID };
                self.note(place.set_mode(bits), "its mode", path);
            }
        }
        for attribute in own {
            if let Attribute::ModifiedAt(time) = attribute {
                self.note(place.set_time(*time), "its time", path);
            }
        }
        Ok(())
    }

    fn set(
        &self,
        place: &Place<'_>,
        extended: &ExtendedAttribute,
        path: &dyn Fn() -> Vec<u8>,
    ) -> Result<(), RestoreError> {
        let value = self.value(extended)?;
        let Some(value) = value.filter(|value| value.len() as u64 == extended.size_bytes) else {
            self.done.not_put_back(path(), "an extended attribute whose value is not stored");
            return Ok(());
        };
        self.note(place.set_extended(&extended.name, &value), "an extended attribute", path);
        Ok(())
    }

    fn value(&self, extended: &ExtendedAttribute) -> Result<Option<bytes::Bytes>, RestoreError> {
        if extended.size_bytes > VALUE_BYTES_MAX {
            return Ok(None);
        }
        let ids: [ContentId; 1] = [extended.content];
        match wait(self.store.fetch_contents(self.workspace, &ids)) {
            Ok(mut fetched) => Ok(fetched.pop().flatten()),
            Err(crate::store::StoreError::Damaged { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether it was done; notes if it was not.
    fn note(
        &self,
        done: rustix::io::Result<()>,
        what: &'static str,
        path: &dyn Fn() -> Vec<u8>,
    ) -> bool {
        if done.is_err() {
            self.done.not_put_back(path(), what);
        }
        done.is_ok()
    }
}

impl Place<'_> {
    fn own(&self, user: u32, group: u32) -> rustix::io::Result<()> {
        let (user, group) = (Some(Uid::from_raw(user)), Some(Gid::from_raw(group)));
        match self {
            Self::Open(opened) => fchown(opened, user, group),
            Self::Symlink(folder, name) => {
                chownat(folder.as_file(), *name, user, group, AtFlags::SYMLINK_NOFOLLOW)
            }
        }
    }

    fn set_mode(&self, bits: u32) -> rustix::io::Result<()> {
        match self {
            Self::Open(opened) => fchmod(opened, Mode::from_raw_mode(bits)),
            // It has none.
            Self::Symlink(..) => Ok(()),
        }
    }

    fn set_extended(&self, name: &[u8], value: &[u8]) -> rustix::io::Result<()> {
        if name.contains(&0) {
            return Err(Errno::INVAL);
        }
        match self {
            Self::Open(opened) => fsetxattr(opened, name, value, XattrFlags::empty()),
            Self::Symlink(folder, link) => {
                let handle = format!("/proc/self/fd/{}/", folder.as_file().as_raw_fd());
                let path = [handle.as_bytes(), link].concat();
                lsetxattr(path.as_slice(), name, value, XattrFlags::empty())
            }
        }
    }

    fn set_time(&self, time: Time) -> rustix::io::Result<()> {
        let time = Timespec { tv_sec: time.seconds, tv_nsec: time.nanoseconds.into() };
        // The time of the last access is nobody's evidence: it becomes the same.
        let times = Timestamps { last_access: time, last_modification: time };
        match self {
            Self::Open(opened) => futimens(opened, &times),
            Self::Symlink(folder, name) => {
                utimensat(folder.as_file(), *name, &times, AtFlags::SYMLINK_NOFOLLOW)
            }
        }
    }
}

impl Owners {
    pub(super) fn new(are_wanted: bool) -> Self {
        Self { are_wanted, users: Mutex::default(), groups: Mutex::default() }
    }

    /// Whom it belonged to: by name if the machine knows the name, else by number.
    fn of(&self, own: &[Attribute]) -> Option<(u32, u32)> {
        if !self.are_wanted {
            return None;
        }
        let mut owner = own.iter().find_map(|attribute| match attribute {
            Attribute::Owner { user, group } => Some((*user, *group)),
            _ => None,
        })?;
        for attribute in own {
            if let Attribute::OwnerNames { user, group } = attribute {
                let user = user.as_deref().and_then(|name| ask(&self.users, name, user_number));
                let group = group.as_deref().and_then(|name| ask(&self.groups, name, group_number));
                owner = (user.unwrap_or(owner.0), group.unwrap_or(owner.1));
            }
        }
        Some(owner)
    }
}

fn extended_of(attribute: &Attribute) -> &[ExtendedAttribute] {
    match attribute {
        Attribute::Extended(list) => list,
        _ => &[],
    }
}

fn ask(
    known: &Mutex<BTreeMap<String, Option<u32>>>,
    name: &str,
    number: impl FnOnce(&str) -> Option<u32>,
) -> Option<u32> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(number) = known.get(name) {
        return *number;
    }
    let number = number(name);
    known.insert(name.to_owned(), number);
    number
}

fn user_number(name: &str) -> Option<u32> {
    Some(User::from_name(name).ok()??.uid.as_raw())
}

fn group_number(name: &str) -> Option<u32> {
    Some(Group::from_name(name).ok()??.gid.as_raw())
}

/// Set-user-id and set-group-id.
const SET_ID: u32 = 0o6000;
/// What a program may do whoever runs it: as set-user-id, only for the owner that gave it.
const CAPABILITY: &[u8] = b"security.capability";
/// What Linux takes at most.
const VALUE_BYTES_MAX: u64 = 64 << 10;
