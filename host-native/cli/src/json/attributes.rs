//! What a file system said of a node.

use markerbed_core::tree::{Attribute, Attributes, Time};
use schemars::JsonSchema;
use serde::Serialize;

use super::{AttributeName, HexId};
use crate::time::show_time;

/// Attributes of a node; what there is none of is absent.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct AttributesMembers {
    /// Permission bits with set-user-id, set-group-id and sticky, in octal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mode: Option<String>,
    /// When the content last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) modified: Option<ModifiedAt>,
    /// The number of its user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uid: Option<u32>,
    /// The number of its group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gid: Option<u32>,
    /// What the machine called the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// What the machine called the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    /// Extended attributes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) extended: Vec<ExtendedMembers>,
    /// The same for all names of one file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link_group: Option<HexId>,
    /// How many holes the file has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) holes: Option<usize>,
    /// Tags that this version does not know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) unknown: Vec<u8>,
}

/// A moment to the nanosecond.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct ModifiedAt {
    /// In UTC, to the millisecond.
    pub(crate) time: String,
    /// Seconds since 1970 UTC.
    pub(crate) seconds: i64,
    /// Nanoseconds after them.
    pub(crate) nanoseconds: u32,
}

/// An extended attribute.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct ExtendedMembers {
    #[serde(flatten)]
    pub(crate) name: AttributeName,
    /// The ContentId of its value.
    pub(crate) content: HexId,
    /// Bytes of its value.
    pub(crate) size: u64,
}

impl AttributesMembers {
    pub(crate) fn of(attributes: &Attributes) -> Self {
        let mut members = Self::default();
        for attribute in attributes.own() {
            match attribute {
                Attribute::Mode(bits) => members.mode = Some(format!("{bits:04o}")),
                Attribute::ModifiedAt(time) => members.modified = Some(ModifiedAt::of(*time)),
                Attribute::Owner { user, group } => {
                    (members.uid, members.gid) = (Some(*user), Some(*group));
                }
                Attribute::OwnerNames { user, group } => {
                    (members.user, members.group) = (user.clone(), group.clone());
                }
                Attribute::Extended(list) => {
                    members.extended.extend(list.iter().map(|extended| ExtendedMembers {
                        name: AttributeName(extended.name.clone()),
                        content: extended.content.into(),
                        size: extended.size_bytes,
                    }));
                }
                Attribute::LinkGroup(group) => members.link_group = Some(group.into()),
                Attribute::Holes(holes) => members.holes = Some(holes.len()),
                Attribute::Windows { .. } | Attribute::Unknown { .. } => {
                    members.unknown.push(attribute.tag());
                }
            }
        }
        members
    }

    /// Its owner as people write it.
    pub(crate) fn owner(&self) -> Option<String> {
        let name = |name: &Option<String>, number: u32| match name {
            Some(name) => crate::failure::one_line(name).to_string(),
            None => number.to_string(),
        };
        Some(format!("{}:{}", name(&self.user, self.uid?), name(&self.group, self.gid?)))
    }
}

impl ModifiedAt {
    fn of(time: Time) -> Self {
        let ms = time.seconds.saturating_mul(1_000) + i64::from(time.nanoseconds / 1_000_000);
        let Time { seconds, nanoseconds } = time;
        Self { time: show_time(ms), seconds, nanoseconds }
    }
}
