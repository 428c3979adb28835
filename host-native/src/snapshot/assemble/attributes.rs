//! Makes the attributes that mirror the tree (`docs/spec/attributes.md`).

use std::collections::HashMap;

use markerbed_core::{
    AttributesId, Error,
    map::Entry,
    tree::{Attribute, Attributes, Path, Time, link_group},
};
use markerbed_engine::Engine;

use super::{
    Assembly, Begun, Failed, Made, NamesMap, Objects, Pending, Slot,
    objects::{Of, Plain},
    unchanged_extras,
};
use crate::{
    folder::{EntryKind, Identity},
    snapshot::{
        extras::Extras,
        seen::{Block, Body},
        stamp::{Moment, Stamp},
    },
};

/// The attributes of a directory that was made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mirrored {
    /// None are taken.
    Untaken,
    Is(AttributesId),
    /// In it are files that have other names, maybe in the tree: it is made when all names are
    /// known. Its number in [`Linked`].
    Waits(usize),
}

/// Directories whose attributes wait, those below before those above, and files that are one file.
#[derive(Debug, Default)]
pub(super) struct Linked {
    directories: Vec<WaitingDirectory>,
    files: HashMap<Identity, LinkedFile>,
}

#[derive(Debug)]
struct WaitingDirectory {
    own: Vec<Attribute>,
    /// In order of their names.
    children: Vec<(Vec<u8>, Child)>,
}

/// What the attributes of a child are.
#[derive(Debug)]
enum Child {
    Is(AttributesId),
    /// Of a file that may be one with others: without its group.
    File(Identity, Vec<Attribute>),
    Directory(usize),
}

/// One file under several names.
#[derive(Debug)]
struct LinkedFile {
    smallest_path: Vec<u8>,
    names: u64,
}

impl Assembly<'_> {
    /// Makes the attributes of a directory and of the files and symlinks in it.
    ///
    /// `unchanged` is its block from before if its node is the same.
    pub(super) fn mirror(
        &self,
        pending: &Pending,
        unchanged: Option<&Block<'_>>,
        objects: &mut Objects<'_>,
    ) -> Result<Mirrored, Failed> {
        let begun = &pending.begun;
        if !self.recall.takes_attributes() {
            return Ok(Mirrored::Untaken);
        }
        if let Some(known) = unchanged.and_then(|before| self.known(begun, before)) {
            return Ok(Mirrored::Is(known));
        }
        let extras = begun.extras.clone().or_else(|| unchanged_extras(self.recall, begun));
        let own = self.own(EntryKind::Directory, &begun.stamp, &extras.unwrap_or_default());
        if begun.slots.iter().any(|slot| self.waits(slot)) {
            return self.wait(pending, own, objects);
        }
        let mut map = None;
        for (slot, (name, _)) in begun.entries() {
            if let Some(Child::Is(id)) = self.child_attributes(slot, objects)? {
                let map = match &mut map {
                    Some(map) => map,
                    None => map.insert(NamesMap::begin(Of::Attributes, self.sink.engine())?),
                };
                map.push(entry(name, id), objects)?;
            }
        }
        let children = map.map(|map| map.finish(objects)).transpose()?;
        let (id, bytes) = Attributes::identified(own, children)?;
        objects.put(Of::Attributes, id.into(), bytes)?;
        Ok(Mirrored::Is(id))
    }

    /// The attributes from before of a directory in which nothing has changed.
    fn known(&self, begun: &Begun, before: &Block<'_>) -> Option<AttributesId> {
        let is_same = |slot: &Slot| match slot {
            Slot::Directory(made) => made.has_same_attributes,
            _ => true,
        };
        let is_own_known = before.head.stamp == begun.stamp
            && begun.extras.as_ref().is_none_or(|now| before.extras.decode().as_ref() == Some(now));
        let is_known = is_own_known && begun.slots.iter().all(is_same);
        self.recall.attributes(before).filter(|_| is_known)
    }

    /// Whether the attributes of an entry cannot be made yet.
    fn waits(&self, slot: &Slot) -> bool {
        match slot {
            Slot::File { stamp, .. } => stamp.unpacked().is_linked(),
            Slot::Same(at) => match self.recall.entry(*at).map(|entry| entry.body) {
                Some(Body::File { stamp, .. }) => stamp.is_linked(),
                _ => false,
            },
            Slot::Directory(made) => matches!(made.attributes, Mirrored::Waits(_)),
            Slot::Waiting | Slot::Absent | Slot::Sealed(_) | Slot::Symlink { .. } => false,
        }
    }

    /// Lets a directory wait until all names of linked files are known.
    fn wait(
        &self,
        pending: &Pending,
        own: Vec<Attribute>,
        objects: &mut Objects<'_>,
    ) -> Result<Mirrored, Failed> {
        let mut children = Vec::new();
        for (slot, (name, _)) in pending.begun.entries() {
            if let Some(child) = self.child_attributes(slot, objects)? {
                children.push((name.to_vec(), child));
            }
        }
        let mut state = self.lock();
        let above = pending.parent.map(|place| state.path_of(place));
        for (name, child) in &children {
            if let Child::File(identity, _) = child {
                let path = match &above {
                    Some(above) => [above, &b"/"[..], name].concat(),
                    None => name.clone(),
                };
                state.linked.add(*identity, path);
            }
        }
        state.linked.directories.push(WaitingDirectory { own, children });
        Ok(Mirrored::Waits(state.linked.directories.len() - 1))
    }

    /// The attributes of an entry, which are put if they are new; none if it has no node.
    fn child_attributes(
        &self,
        slot: &Slot,
        objects: &mut Objects<'_>,
    ) -> Result<Option<Child>, Failed> {
        let (kind, stamp, extras, is_stored) = match slot {
            Slot::Waiting | Slot::Absent | Slot::Sealed(_) | Slot::Symlink { about: None, .. } => {
                return Ok(None);
            }
            Slot::Directory(made) => return Ok(of_directory(made)),
            Slot::File { stamp, extras, .. } => {
                (EntryKind::File, stamp.unpacked(), extras.clone(), false)
            }
            Slot::Symlink { about: Some((stamp, extras)), .. } => {
                (EntryKind::Symlink, stamp.unpacked(), extras.clone(), false)
            }
            Slot::Same(at) => match self.recall.entry(*at).map(|entry| entry.body) {
                Some(Body::File { stamp, extras, .. }) => {
                    (EntryKind::File, stamp, extras.decode().unwrap_or_default(), true)
                }
                Some(Body::Symlink { stamp, extras, .. }) => {
                    (EntryKind::Symlink, stamp, extras.decode().unwrap_or_default(), true)
                }
                _ => return Ok(None),
            },
        };
        let plain = Plain {
            mode_bits: (kind != EntryKind::Symlink).then_some(stamp.mode_bits()),
            modified_at: modified_at(&stamp),
            user: stamp.user,
            group: stamp.group,
        };
        let is_plain = extras.attributes().is_empty() && !stamp.is_linked();
        if let Some(id) = objects.last_plain(plain).filter(|_| is_plain) {
            return Ok(Some(Child::Is(id)));
        }
        let own = self.own(kind, &stamp, &extras);
        if stamp.is_linked() {
            return Ok(Some(Child::File(stamp.identity, own)));
        }
        let (id, bytes) = Attributes::identified(own, None)?;
        if is_stored && self.recall.has_same_owners() {
            return Ok(Some(Child::Is(id)));
        }
        if is_plain {
            objects.put_plain(plain, id, bytes)?;
        } else {
            objects.put(Of::Attributes, id.into(), bytes)?;
        }
        Ok(Some(Child::Is(id)))
    }

    /// What is said of an entry itself, in order of tags.
    fn own(&self, kind: EntryKind, stamp: &Stamp, extras: &Extras) -> Vec<Attribute> {
        let mut own = Vec::with_capacity(4);
        // A symlink has a mode only on some systems, and there it means nothing.
        if kind != EntryKind::Symlink {
            own.push(Attribute::Mode(stamp.mode_bits()));
        }
        own.push(Attribute::ModifiedAt(modified_at(stamp)));
        let (user, group) = (stamp.user, stamp.group);
        own.push(Attribute::Owner { user, group });
        own.extend(self.recall.owners().attribute(user, group));
        own.extend_from_slice(extras.attributes());
        own
    }
}

impl Linked {
    /// Notes a name of a file.
    fn add(&mut self, identity: Identity, path: Vec<u8>) {
        match self.files.get_mut(&identity) {
            Some(file) => {
                file.names += 1;
                if path < file.smallest_path {
                    file.smallest_path = path;
                }
            }
            None => {
                self.files.insert(identity, LinkedFile { smallest_path: path, names: 1 });
            }
        }
    }

    /// Makes all attributes that wait; those of the root, which were `root`.
    pub(super) fn finish(
        self,
        root: Mirrored,
        engine: Option<&dyn Engine>,
        mut objects: Objects<'_>,
    ) -> Result<Option<AttributesId>, crate::snapshot::SnapError> {
        let mut made: Vec<AttributesId> = Vec::with_capacity(self.directories.len());
        for directory in self.directories {
            match make(directory, &self.files, &made, engine, &mut objects) {
                Ok(id) => made.push(id),
                Err(Failed::Store(error)) => return Err(error.into()),
                Err(Failed::Format(cause)) => {
                    let path = Vec::new();
                    return Err(crate::snapshot::SnapError::Format { path, cause });
                }
            }
        }
        objects.finish()?;
        Ok(match root {
            Mirrored::Untaken => None,
            Mirrored::Is(id) => Some(id),
            Mirrored::Waits(at) => made.get(at).copied(),
        })
    }
}

/// Makes the attributes of a directory; those of the ones below it are in `made`.
fn make(
    directory: WaitingDirectory,
    files: &HashMap<Identity, LinkedFile>,
    made: &[AttributesId],
    engine: Option<&dyn Engine>,
    objects: &mut Objects<'_>,
) -> Result<AttributesId, Failed> {
    let mut map = NamesMap::begin(Of::Attributes, engine)?;
    for (name, child) in directory.children {
        let id = match child {
            Child::Is(id) => id,
            Child::Directory(at) => match made.get(at) {
                Some(id) => *id,
                None => continue,
            },
            Child::File(identity, own) => {
                let own = with_group(own, files.get(&identity))?;
                let (id, bytes) = Attributes::identified(own, None)?;
                objects.put(Of::Attributes, id.into(), bytes)?;
                id
            }
        };
        map.push(entry(&name, id), objects)?;
    }
    let root = map.finish(objects)?;
    let (id, bytes) = Attributes::identified(directory.own, Some(root))?;
    objects.put(Of::Attributes, id.into(), bytes)?;
    Ok(id)
}

/// Adds the group of a file, if the tree has other names of it.
fn with_group(mut own: Vec<Attribute>, file: Option<&LinkedFile>) -> Result<Vec<Attribute>, Error> {
    if let Some(file) = file.filter(|file| file.names > 1) {
        let group = Attribute::LinkGroup(link_group(&Path::new(&file.smallest_path)?));
        let at = own.partition_point(|attribute| attribute.tag() < group.tag());
        own.insert(at, group);
    }
    Ok(own)
}

fn modified_at(stamp: &Stamp) -> Time {
    let Moment { seconds, nanoseconds } = stamp.modified_at();
    Time { seconds, nanoseconds }
}

fn of_directory(made: &Made) -> Option<Child> {
    match made.attributes {
        Mirrored::Untaken => None,
        Mirrored::Is(id) => Some(Child::Is(id)),
        Mirrored::Waits(at) => Some(Child::Directory(at)),
    }
}

fn entry(name: &[u8], id: AttributesId) -> Entry {
    Entry { key: name.to_vec(), value: id.as_bytes().to_vec() }
}
