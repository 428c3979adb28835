//! Names, paths, ref names and labels as types (`docs/spec/names.md`).

use alloc::{
    borrow::ToOwned,
    string::String,
    vec::Vec,
};
use core::fmt;

use crate::{
    error::{Error, Fault},
    limits::{LABEL_BYTES_MAX, NAME_BYTES_MAX},
};

/// One name of a path: raw bytes, hashed as they are.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Name(Vec<u8>);

impl Name {
    /// Checks NAME-1.
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfRange`] for the length, [`Fault::BadName`] for what it holds.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        check_name(bytes).map_err(Error::malformed)?;
        Ok(Self(bytes.to_owned()))
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The name of a ref, or the label of a source: text for people.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Label(String);

impl Label {
    /// Checks NAME-5.
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfRange`] for the length, [`Fault::BadText`] for a control character.
    pub fn new(text: &str) -> Result<Self, Error> {
        if text.is_empty() || text.len() > LABEL_BYTES_MAX as usize {
            return Err(Error::malformed(Fault::OutOfRange));
        }
        check_label_text(text).map_err(Error::malformed)?;
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Checks NAME-1: the length first, then the content.
pub(crate) fn check_name(bytes: &[u8]) -> Result<(), Fault> {
    if bytes.is_empty() || bytes.len() > NAME_BYTES_MAX as usize {
        return Err(Fault::OutOfRange);
    }
    let forbidden = bytes.iter().any(|byte| matches!(byte, 0 | b'/'));
    if forbidden || bytes == b"." || bytes == b".." { Err(Fault::BadName) } else { Ok(()) }
}

/// Checks the characters of NAME-5; the length is the caller's.
pub(crate) fn check_label_text(text: &str) -> Result<(), Fault> {
    if text.chars().any(char::is_control) { Err(Fault::BadText) } else { Ok(()) }
}
