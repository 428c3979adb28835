//! What a file system says about a node beyond what it is (`docs/spec/attributes.md`).

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use super::path::Path;
use crate::{
    codec::{
        Canonical, Reader, put_byte, put_bytes, put_fixed, put_i64, put_option, put_u32, put_u64,
    },
    error::{Error, Fault},
    hash::{Context, derive_key},
    id::{AttributesId, ContentId, LinkGroup, MapId},
    limits::{
        ATTRIBUTE_LIST_ITEMS_MAX, FILE_BYTES_MAX, MODE_BITS_MAX, NANOSECONDS_MAX, OBJECT_BYTES_MAX,
        OWN_ATTRIBUTES_MAX, OWNER_NAME_BYTES_MAX, XATTR_NAME_BYTES_MAX,
    },
};

/// The attributes of one node and the map to those of its children.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attributes {
    own: Vec<Attribute>,
    children: Option<MapId>,
}

/// One attribute of a node.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Attribute {
    /// Tag 1: permission bits with set-user-id, set-group-id and sticky, at most 4095.
    Mode(u32),
    /// Tag 2: when the content last changed.
    ModifiedAt(Time),
    /// Tag 3: the numbers of its owner.
    Owner {
        /// User.
        user: u32,
        /// Group.
        group: u32,
    },
    /// Tag 4: the names of its owner, at least one, each 1 to 255 bytes.
    OwnerNames {
        /// User.
        user: Option<String>,
        /// Group.
        group: Option<String>,
    },
    /// Tag 5: extended attributes, at least one, ascending by name.
    Extended(Vec<ExtendedAttribute>),
    /// Tag 6: which files are one file with it.
    LinkGroup(LinkGroup),
    /// Tag 7: where the file has no bytes, at least one, ascending, none touching another.
    Holes(Vec<Hole>),
    /// Tag 8: what Windows keeps.
    Windows {
        /// Attribute bits.
        bits: u32,
        /// When the file was made.
        created_at: Option<Time>,
    },
    /// A tag above 8: kept and shown, never applied (ATTR-3).
    Unknown {
        /// The tag.
        tag: u8,
        /// Its value, as it is.
        value: Vec<u8>,
    },
}

/// A moment.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Time {
    /// Seconds since 1970 UTC.
    pub seconds: i64,
    /// Nanoseconds after them, below 10⁹.
    pub nanoseconds: u32,
}

/// An extended attribute; its value is a content.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExtendedAttribute {
    /// 1 to 255 bytes, raw.
    pub name: Vec<u8>,
    /// The value.
    pub content: ContentId,
    /// How long the value is, at most 2⁶³−1.
    pub size_bytes: u64,
}

/// A part of a file without bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hole {
    /// Where it begins.
    pub offset_bytes: u64,
    /// How long it is, at least 1.
    pub length_bytes: u64,
}

impl Attributes {
    /// Proves that `own` and `children` may stand together.
    ///
    /// # Errors
    ///
    /// [`Fault::NotAscending`] if `own` is not in order of tags; [`Fault::OutOfRange`] if there is
    /// nothing (ATTR-2) or a value is outside its limits.
    pub fn new(own: Vec<Attribute>, children: Option<MapId>) -> Result<Self, Error> {
        // Its own bytes are the judge, so there is one place that knows the rules.
        Self::decode(&Self { own, children }.encode())
    }

    /// The object's id (ATTR-1).
    pub fn id(&self) -> AttributesId {
        id_of(&self.encode())
    }

    /// The id and the bytes of the object that [`Self::new`] would prove.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn identified(
        own: Vec<Attribute>,
        children: Option<MapId>,
    ) -> Result<(AttributesId, Vec<u8>), Error> {
        let attributes = Self { own, children };
        let mut bytes = Vec::with_capacity(MOST_HAVE_BYTES);
        attributes.put(&mut bytes);
        if !attributes.is_plainly_right() {
            Self::decode(&bytes)?;
        }
        Ok((id_of(&bytes), bytes))
    }

    /// Whether [`Self::decode`] is sure to take its bytes: it is of the few attributes that most
    /// nodes have.
    fn is_plainly_right(&self) -> bool {
        let is_ascending = self.own.is_sorted_by(|before, after| before.tag() < after.tag());
        !self.own.is_empty() && is_ascending && self.own.iter().all(Attribute::is_plainly_right)
    }

    /// What is said of the node itself, in order of tags.
    pub fn own(&self) -> &[Attribute] {
        &self.own
    }

    /// The map of kind 11: name to AttributesId of each child that has any.
    pub const fn children(&self) -> Option<MapId> {
        self.children
    }
}

impl Canonical for Attributes {
    const BYTES_MAX: u32 = OBJECT_BYTES_MAX;

    fn put(&self, out: &mut Vec<u8>) {
        put_u64(out, self.own.len() as u64);
        let mut value = Vec::with_capacity(MOST_HAVE_BYTES);
        for attribute in &self.own {
            value.clear();
            attribute.put_value(&mut value);
            put_byte(out, attribute.tag());
            put_bytes(out, &value);
        }
        put_option(out, self.children, |out, map| put_fixed(out, map.as_bytes()));
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let count = reader.take_u32_in(0..=OWN_ATTRIBUTES_MAX)?;
        let mut own: Vec<Attribute> = Vec::new();
        for _ in 0..count {
            let start = reader.at();
            let tag = reader.take_byte()?;
            if tag == 0 {
                return reader.fault(Fault::UnsupportedFormat, start);
            }
            if own.last().is_some_and(|before| tag <= before.tag()) {
                return reader.fault(Fault::NotAscending, start);
            }
            let value = reader.take_bytes(0..=u32::MAX)?;
            own.push(Attribute::take_value(tag, value, reader.within(value))?);
        }
        let children = reader.take_option(Reader::take_fixed)?.map(MapId::from_bytes);
        Ok(Self { own, children })
    }

    fn check_whole(&self) -> Result<(), Error> {
        if self.own.is_empty() && self.children.is_none() {
            return Err(Error::malformed(Fault::OutOfRange));
        }
        Ok(())
    }
}

impl Attribute {
    /// The number that says what it is about.
    pub const fn tag(&self) -> u8 {
        match self {
            Self::Mode(_) => 1,
            Self::ModifiedAt(_) => 2,
            Self::Owner { .. } => 3,
            Self::OwnerNames { .. } => 4,
            Self::Extended(_) => 5,
            Self::LinkGroup(_) => 6,
            Self::Holes(_) => 7,
            Self::Windows { .. } => 8,
            Self::Unknown { tag, .. } => *tag,
        }
    }

    fn is_plainly_right(&self) -> bool {
        let fits = |name: &String| (1..=OWNER_NAME_BYTES_MAX as usize).contains(&name.len());
        match self {
            Self::Mode(bits) => *bits <= MODE_BITS_MAX,
            Self::ModifiedAt(time) => time.nanoseconds <= NANOSECONDS_MAX,
            Self::Owner { .. } => true,
            Self::OwnerNames { user: Some(user), group: Some(group) } => fits(user) && fits(group),
            _ => false,
        }
    }

    fn put_value(&self, out: &mut Vec<u8>) {
        match self {
            Self::Mode(bits) => put_u32(out, *bits),
            Self::ModifiedAt(time) => time.put(out),
            Self::Owner { user, group } => {
                put_u32(out, *user);
                put_u32(out, *group);
            }
            Self::OwnerNames { user, group } => {
                for name in [user, group] {
                    put_option(out, name.as_ref(), |out, name| put_bytes(out, name.as_bytes()));
                }
            }
            Self::Extended(list) => {
                put_u64(out, list.len() as u64);
                for attribute in list {
                    put_bytes(out, &attribute.name);
                    put_fixed(out, attribute.content.as_bytes());
                    put_u64(out, attribute.size_bytes);
                }
            }
            Self::LinkGroup(group) => put_fixed(out, group.as_bytes()),
            Self::Holes(list) => {
                put_u64(out, list.len() as u64);
                for hole in list {
                    put_u64(out, hole.offset_bytes);
                    put_u64(out, hole.length_bytes);
                }
            }
            Self::Windows { bits, created_at } => {
                put_u32(out, *bits);
                put_option(out, *created_at, |out, time| time.put(out));
            }
            Self::Unknown { value, .. } => put_fixed(out, value),
        }
    }

    /// Decodes a value by itself, completely (ATTR-3).
    fn take_value(tag: u8, bytes: &[u8], mut value: Reader<'_>) -> Result<Self, Error> {
        let start = value.at();
        let attribute = match tag {
            1 => Self::Mode(value.take_u32_in(0..=MODE_BITS_MAX)?),
            2 => Self::ModifiedAt(Time::take(&mut value)?),
            3 => Self::Owner { user: value.take_u32()?, group: value.take_u32()? },
            4 => Self::OwnerNames {
                user: take_owner_name(&mut value)?,
                group: take_owner_name(&mut value)?,
            },
            5 => Self::Extended(take_extended(&mut value)?),
            6 => Self::LinkGroup(LinkGroup::from_bytes(value.take_fixed()?)),
            7 => Self::Holes(take_holes(&mut value)?),
            8 => Self::Windows {
                bits: value.take_u32()?,
                created_at: value.take_option(Time::take)?,
            },
            _ => return Ok(Self::Unknown { tag, value: bytes.to_owned() }),
        };
        value.finish()?;
        if matches!(attribute, Self::OwnerNames { user: None, group: None }) {
            return value.fault(Fault::OutOfRange, start);
        }
        Ok(attribute)
    }
}

impl Time {
    fn put(self, out: &mut Vec<u8>) {
        put_i64(out, self.seconds);
        put_u32(out, self.nanoseconds);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self {
            seconds: reader.take_i64()?,
            nanoseconds: reader.take_u32_in(0..=NANOSECONDS_MAX)?,
        })
    }
}

fn id_of(bytes: &[u8]) -> AttributesId {
    AttributesId::from_bytes(derive_key(Context::Attributes, &[bytes]))
}

/// The group of files that are one file, named by the bytewise smallest of their paths.
pub fn link_group(smallest_path: &Path) -> LinkGroup {
    LinkGroup::from_bytes(derive_key(Context::LinkGroup, &[smallest_path.as_bytes()]))
}

fn take_owner_name(reader: &mut Reader<'_>) -> Result<Option<String>, Error> {
    let name = reader.take_option(|reader| reader.take_string(1..=OWNER_NAME_BYTES_MAX))?;
    Ok(name.map(ToOwned::to_owned))
}

fn take_extended(reader: &mut Reader<'_>) -> Result<Vec<ExtendedAttribute>, Error> {
    let count = reader.take_u32_in(1..=ATTRIBUTE_LIST_ITEMS_MAX)?;
    let mut list: Vec<ExtendedAttribute> = Vec::new();
    for _ in 0..count {
        let start = reader.at();
        let name = reader.take_bytes(1..=XATTR_NAME_BYTES_MAX)?;
        if list.last().is_some_and(|before| name <= before.name.as_slice()) {
            return reader.fault(Fault::NotAscending, start);
        }
        list.push(ExtendedAttribute {
            name: name.to_owned(),
            content: ContentId::from_bytes(reader.take_fixed()?),
            size_bytes: reader.take_u64_to(FILE_BYTES_MAX)?,
        });
    }
    Ok(list)
}

fn take_holes(reader: &mut Reader<'_>) -> Result<Vec<Hole>, Error> {
    let count = reader.take_u32_in(1..=ATTRIBUTE_LIST_ITEMS_MAX)?;
    let mut list = Vec::new();
    let mut end_before = None;
    for _ in 0..count {
        let start = reader.at();
        let offset_bytes = reader.take_u64()?;
        if end_before.is_some_and(|end| offset_bytes <= end) {
            return reader.fault(Fault::NotAscending, start);
        }
        let start = reader.at();
        let length_bytes = reader.take_u64()?;
        match offset_bytes.checked_add(length_bytes) {
            Some(end) if length_bytes > 0 && end <= FILE_BYTES_MAX => end_before = Some(end),
            _ => return reader.fault(Fault::OutOfRange, start),
        }
        list.push(Hole { offset_bytes, length_bytes });
    }
    Ok(list)
}

/// Room for what most nodes have: mode, time, owner and its names.
const MOST_HAVE_BYTES: usize = 96;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_given_to_what_decodes_and_to_nothing_else() {
        let mut proven = 0;
        for first in pool() {
            for second in pool() {
                for own in [Vec::new(), [first.clone()].to_vec(), [first.clone(), second].to_vec()]
                {
                    for children in [None, Some(MapId::from_bytes([7; 32]))] {
                        let decoded = Attributes::new(own.clone(), children);

                        let identified = Attributes::identified(own.clone(), children);

                        proven += u32::from(decoded.is_ok());
                        let expected = decoded.map(|right| (right.id(), right.encode()));
                        assert_eq!(identified, expected, "{own:?} {children:?}");
                    }
                }
            }
        }
        assert!(proven > 500, "{proven} were right");
    }

    /// Attributes at and beyond their limits, in order of tags.
    fn pool() -> Vec<Attribute> {
        let time = |nanoseconds| Time { seconds: -1, nanoseconds };
        let name = |bytes: usize| Some("n".repeat(bytes));
        let names = |user, group| Attribute::OwnerNames { user, group };
        alloc::vec![
            Attribute::Mode(MODE_BITS_MAX),
            Attribute::Mode(MODE_BITS_MAX + 1),
            Attribute::ModifiedAt(time(NANOSECONDS_MAX)),
            Attribute::ModifiedAt(time(NANOSECONDS_MAX + 1)),
            Attribute::Owner { user: 0, group: u32::MAX },
            names(name(1), name(255)),
            names(name(256), name(1)),
            names(name(1), name(256)),
            names(name(0), name(1)),
            names(None, name(1)),
            names(None, None),
            Attribute::Extended(Vec::new()),
            Attribute::LinkGroup(LinkGroup::from_bytes([1; 32])),
            Attribute::Holes(alloc::vec![Hole { offset_bytes: 0, length_bytes: 0 }]),
            Attribute::Holes(alloc::vec![Hole { offset_bytes: 0, length_bytes: 1 }]),
            Attribute::Windows { bits: 0, created_at: Some(time(NANOSECONDS_MAX + 1)) },
            Attribute::Unknown { tag: 0, value: Vec::new() },
            Attribute::Unknown { tag: 1, value: Vec::new() },
            Attribute::Unknown { tag: 9, value: Vec::new() },
        ]
    }
}
