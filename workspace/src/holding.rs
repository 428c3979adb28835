//! Whether the bytes of files were kept, and how a snapshot says so.

use markerbed_core::{
    json::{Member, Value},
    tree::EvidenceDocument,
};

/// What became of the bytes of files when a snapshot was taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Holding {
    /// They were put into the store.
    Kept,
    /// They were hashed and not kept.
    Hashed,
}

impl Holding {
    /// What evidence says; a snapshot without evidence kept them.
    pub fn of(evidence: &EvidenceDocument) -> Self {
        let says_hashed = |member: &Member| {
            member.name == CONTENTS && matches!(&member.value, Value::Text(word) if word == HASHED)
        };
        if evidence.others.iter().any(says_hashed) { Self::Hashed } else { Self::Kept }
    }

    /// The member of the evidence that says so, if it needs one.
    pub fn member(self) -> Option<Member> {
        (self == Self::Hashed).then(|| Member::new(CONTENTS, HASHED))
    }
}

const CONTENTS: &str = "contents";
const HASHED: &str = "hashed";
