//! A mark beside the database, where the browser keeps things apart from it: if the database is
//! gone and the mark is not, data was lost.

use super::{globals::marks, layout::Writing};

/// Which store a mark is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Identity(pub(super) [u8; 16]);

impl Identity {
    fn text(self) -> String {
        hex(&self.0)
    }
}

/// What a mark says about a store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Marked {
    /// There is no mark, or no place for one.
    Not,
    /// It is of this store.
    This,
    /// It is of another one that had the name.
    Other,
}

/// Reads the mark that the name has.
pub(super) fn marked(name: &str, identity: Option<Identity>) -> Marked {
    let found = marks().and_then(|marks| marks.get_item(&mark_key(name)).ok()?);
    match (found, identity) {
        (None, _) => Marked::Not,
        (Some(found), Some(identity)) if found == identity.text() => Marked::This,
        (Some(_), _) => Marked::Other,
    }
}

/// Leaves a mark. Where that cannot be done, the loss of the database looks like its absence.
pub(super) fn put_mark(name: &str, identity: Identity) {
    if let Some(marks) = marks() {
        let _no_room_is_no_failure = marks.set_item(&mark_key(name), &identity.text());
    }
}

/// Takes the mark away.
pub(super) fn remove_mark(name: &str) {
    if let Some(marks) = marks() {
        let _nothing_to_remove = marks.remove_item(&mark_key(name));
    }
}

fn mark_key(name: &str) -> String {
    format!("markerbed/store/{name}")
}

/// The name of the lock that whoever writes these parts holds.
pub(super) fn lock_name(name: &str, writing: &Writing) -> String {
    format!("markerbed/writing/{name}/{}", hex(&writing.0))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
