//! The bytes of a seen file: one block a directory, behind the blocks of those below it.

use markerbed_core::{
    AttributesId, ContentId, MapId, NodeId,
    tree::{Counts, Directory},
};

use super::super::{
    extras::Extras,
    stamp::{Stamp, take},
};
use crate::folder::EntryKind;

/// A directory that was seen.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Block<'a> {
    /// Where it begins in the file.
    pub(in super::super) at: u64,
    pub(in super::super) head: Head,
    pub(in super::super) extras: KnownExtras<'a>,
    rest: &'a [u8],
    /// Where the entries begin in the file.
    entries_at: u64,
}

/// Extended attributes and holes, as [`Extras::encode`] writes them; none if they are not known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) struct KnownExtras<'a>(Option<&'a [u8]>);

/// What is said of a directory as a whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) struct Head {
    pub(in super::super) stamp: Stamp,
    /// Whether an equal stamp means equal names.
    pub(in super::super) tells_names: bool,
    pub(in super::super) node: NodeId,
    pub(in super::super) directory: Directory,
    /// Of it and of all below it; none if they are not known.
    pub(in super::super) attributes: Option<AttributesId>,
    /// How many of its entries are in the node.
    pub(in super::super) recorded: u32,
    /// How many entries there are, also those that are not.
    pub(in super::super) entries: u32,
}

/// A name in a directory.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Entry<'a> {
    pub(in super::super) name: &'a [u8],
    pub(in super::super) body: Body<'a>,
    /// Where it begins in the file.
    pub(in super::super) at: u64,
    /// All of its bytes.
    pub(in super::super) bytes: &'a [u8],
}

/// What is known of what has a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) enum Body<'a> {
    /// A file.
    File {
        stamp: Stamp,
        content: ContentId,
        /// Whether its content was put into the store.
        is_stored: bool,
        extras: KnownExtras<'a>,
    },
    /// A symlink and its node.
    Symlink { stamp: Stamp, node: NodeId, extras: KnownExtras<'a> },
    /// A directory and where its block begins.
    Directory { block: u64 },
    /// In the node, but so young that an equal stamp would mean nothing.
    Young(EntryKind),
    /// Not in the node: left out, or a gap.
    Absent(EntryKind),
}

/// The entries of a block, in order of their names.
#[derive(Clone, Debug)]
pub(in super::super) struct Entries<'a> {
    rest: &'a [u8],
    at: u64,
    left: u32,
    device: u64,
}

impl<'a> Block<'a> {
    /// Reads the block that begins at `at`; none where the bytes are no block.
    pub(in super::super) fn read(file: &'a [u8], at: u64, device: u64) -> Option<Self> {
        let mut rest = file.get(usize::try_from(at).ok()?..)?;
        let before = rest.len();
        let head = Head::take(&mut rest, device)?;
        let extras = KnownExtras::take(&mut rest)?;
        let entries_at = at + (before - rest.len()) as u64;
        Some(Self { at, head, extras, rest, entries_at })
    }

    pub(in super::super) const fn entries(&self) -> Entries<'a> {
        Entries {
            rest: self.rest,
            at: self.entries_at,
            left: self.head.entries,
            device: self.head.stamp.identity.device,
        }
    }
}

impl<'a> KnownExtras<'a> {
    pub(in super::super) const UNKNOWN: Self = Self(None);

    /// Those that [`Extras::encode`] has written as `bytes`.
    pub(in super::super) const fn of(bytes: &'a [u8]) -> Self {
        Self(Some(bytes))
    }

    /// What they are; none if they are not known.
    pub(in super::super) fn decode(self) -> Option<Extras> {
        Extras::decode(self.0?)
    }

    pub(in super::super) const fn are_known(self) -> bool {
        self.0.is_some()
    }

    pub(in super::super) fn put(self, out: &mut Vec<u8>) {
        match self.0 {
            None => out.push(EXTRAS_UNKNOWN),
            Some([]) => out.push(EXTRAS_NONE),
            Some(bytes) => {
                out.push(EXTRAS_FOLLOW);
                // An object is no longer than fits 32 bits.
                out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
                out.extend_from_slice(bytes);
            }
        }
    }

    fn take(input: &mut &'a [u8]) -> Option<Self> {
        match take(input)? {
            [EXTRAS_UNKNOWN] => Some(Self::UNKNOWN),
            [EXTRAS_NONE] => Some(Self(Some(&[]))),
            [EXTRAS_FOLLOW] => {
                let length = usize::try_from(u32::from_le_bytes(take(input)?)).ok()?;
                let (bytes, rest) = input.split_at_checked(length)?;
                *input = rest;
                Some(Self(Some(bytes)))
            }
            _ => None,
        }
    }
}

impl Head {
    pub(in super::super) fn put(&self, out: &mut Vec<u8>) {
        self.stamp.put(out);
        out.push(u8::from(self.tells_names));
        out.extend_from_slice(self.node.as_bytes());
        out.extend_from_slice(self.directory.children().as_bytes());
        let Counts { nodes, files, bytes } = self.directory.below();
        for count in [nodes, files, bytes] {
            out.extend_from_slice(&count.to_le_bytes());
        }
        out.push(u8::from(self.attributes.is_some()));
        if let Some(attributes) = self.attributes {
            out.extend_from_slice(attributes.as_bytes());
        }
        out.extend_from_slice(&self.recorded.to_le_bytes());
        out.extend_from_slice(&self.entries.to_le_bytes());
    }

    fn take(input: &mut &[u8], device: u64) -> Option<Self> {
        let stamp = Stamp::take(input, device)?;
        let tells_names = take(input)? == [1];
        let node = NodeId::from_bytes(take(input)?);
        let children = MapId::from_bytes(take(input)?);
        let below = Counts {
            nodes: u64::from_le_bytes(take(input)?),
            files: u64::from_le_bytes(take(input)?),
            bytes: u64::from_le_bytes(take(input)?),
        };
        let attributes = match take(input)? {
            [0] => None,
            _ => Some(AttributesId::from_bytes(take(input)?)),
        };
        Some(Self {
            stamp,
            tells_names,
            node,
            directory: Directory::new(children, below).ok()?,
            attributes,
            recorded: u32::from_le_bytes(take(input)?),
            entries: u32::from_le_bytes(take(input)?),
        })
    }
}

impl<'a> Body<'a> {
    /// Writes an entry; none for a name that is too long to be written.
    pub(in super::super) fn put(&self, name: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let length = u16::try_from(name.len()).ok()?;
        out.push(self.tag());
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(name);
        match self {
            Self::File { stamp, content, extras, .. } => {
                stamp.put(out);
                out.extend_from_slice(content.as_bytes());
                extras.put(out);
            }
            Self::Symlink { stamp, node, extras } => {
                stamp.put(out);
                out.extend_from_slice(node.as_bytes());
                extras.put(out);
            }
            Self::Directory { block } => out.extend_from_slice(&block.to_le_bytes()),
            Self::Young(_) | Self::Absent(_) => {}
        }
        Some(())
    }

    /// What kind a listing would tell.
    pub(in super::super) const fn kind(&self) -> EntryKind {
        match self {
            Self::File { .. } => EntryKind::File,
            Self::Symlink { .. } => EntryKind::Symlink,
            Self::Directory { .. } => EntryKind::Directory,
            Self::Young(kind) | Self::Absent(kind) => *kind,
        }
    }

    const fn tag(&self) -> u8 {
        match self {
            Self::File { is_stored: false, .. } => 1,
            Self::File { is_stored: true, .. } => 2,
            Self::Symlink { .. } => 3,
            Self::Directory { .. } => 4,
            Self::Young(kind) => YOUNG | kind_number(*kind),
            Self::Absent(kind) => ABSENT | kind_number(*kind),
        }
    }

    fn take(tag: u8, input: &mut &'a [u8], device: u64) -> Option<Self> {
        Some(match tag {
            1 | 2 => Self::File {
                stamp: Stamp::take(input, device)?,
                content: ContentId::from_bytes(take(input)?),
                is_stored: tag == 2,
                extras: KnownExtras::take(input)?,
            },
            3 => Self::Symlink {
                stamp: Stamp::take(input, device)?,
                node: NodeId::from_bytes(take(input)?),
                extras: KnownExtras::take(input)?,
            },
            4 => Self::Directory { block: u64::from_le_bytes(take(input)?) },
            _ if tag & ABSENT != 0 => Self::Absent(kind_of_number(tag & KIND)?),
            _ if tag & YOUNG != 0 => Self::Young(kind_of_number(tag & KIND)?),
            _ => return None,
        })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        self.left = self.left.checked_sub(1)?;
        let start = self.rest;
        let mut rest = start;
        let [tag] = take(&mut rest)?;
        let length = usize::from(u16::from_le_bytes(take(&mut rest)?));
        let (name, mut rest) = rest.split_at_checked(length)?;
        let body = Body::take(tag, &mut rest, self.device)?;
        let bytes = start.get(..start.len() - rest.len())?;
        let at = self.at;
        self.at += bytes.len() as u64;
        self.rest = rest;
        Some(Entry { name, body, at, bytes })
    }
}

/// Reads the one entry that begins at `at`.
pub(in super::super) fn entry_at(file: &[u8], at: u64, device: u64) -> Option<Entry<'_>> {
    let rest = file.get(usize::try_from(at).ok()?..)?;
    Entries { rest, at, left: 1, device }.next()
}

const fn kind_number(kind: EntryKind) -> u8 {
    match kind {
        EntryKind::File => 1,
        EntryKind::Symlink => 2,
        EntryKind::Directory => 3,
        EntryKind::Fifo => 4,
        EntryKind::Socket => 5,
        EntryKind::Device => 6,
        EntryKind::Untold => 7,
    }
}

const fn kind_of_number(number: u8) -> Option<EntryKind> {
    Some(match number {
        1 => EntryKind::File,
        2 => EntryKind::Symlink,
        3 => EntryKind::Directory,
        4 => EntryKind::Fifo,
        5 => EntryKind::Socket,
        6 => EntryKind::Device,
        7 => EntryKind::Untold,
        _ => return None,
    })
}

const EXTRAS_UNKNOWN: u8 = 0;
const EXTRAS_NONE: u8 = 1;
const EXTRAS_FOLLOW: u8 = 2;
const YOUNG: u8 = 0x10;
const ABSENT: u8 = 0x20;
const KIND: u8 = 0x07;
