//! Names, ref names, labels and tool strings as types (`docs/spec/names.md`).

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::fmt;

use super::shown::Shown;
use crate::{
    codec::Reader,
    error::{Error, Fault},
    limits::{LABEL_BYTES_MAX, NAME_BYTES_MAX, TOOL_BYTES_MAX},
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

    /// The name as a terminal may show it (NAME-8).
    pub fn shown(&self) -> Shown<'_> {
        Shown::new(&self.0)
    }

    /// Takes the bytes of a name.
    pub(super) fn take<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Error> {
        let start = reader.at();
        let bytes = reader.take_bytes(1..=NAME_BYTES_MAX)?;
        check_name(bytes).or_else(|fault| reader.fault(fault, start))?;
        Ok(bytes)
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
        Self::from_bytes(text.as_bytes())
    }

    /// As [`Self::new`], of bytes that may not be UTF-8.
    ///
    /// # Errors
    ///
    /// As [`Self::new`]; [`Fault::BadUtf8`] after the length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let text = check_text(bytes, LABEL_BYTES_MAX)?;
        check_label_text(text).map_err(Error::malformed)?;
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes a label as `string`.
    pub(crate) fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let start = reader.at();
        let text = reader.take_string(1..=LABEL_BYTES_MAX)?;
        check_label_text(text).or_else(|fault| reader.fault(fault, start))?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What made something: a program's name and number, printable ASCII.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Tool(String);

impl Tool {
    /// Checks NAME-6.
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfRange`] for the length, [`Fault::BadText`] for a character outside ASCII
    /// 20 to 7e.
    pub fn new(text: &str) -> Result<Self, Error> {
        Self::from_bytes(text.as_bytes())
    }

    /// As [`Self::new`], of bytes that may not be UTF-8.
    ///
    /// # Errors
    ///
    /// As [`Self::new`]; [`Fault::BadUtf8`] after the length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let text = check_text(bytes, TOOL_BYTES_MAX)?;
        check_tool_text(text).map_err(Error::malformed)?;
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes a tool string as `string`.
    pub(crate) fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let start = reader.at();
        let text = reader.take_string(1..=TOOL_BYTES_MAX)?;
        check_tool_text(text).or_else(|fault| reader.fault(fault, start))?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Tool {
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

/// Checks the length, then that it is UTF-8.
fn check_text(bytes: &[u8], bytes_max: u32) -> Result<&str, Error> {
    if bytes.is_empty() || bytes.len() > bytes_max as usize {
        return Err(Error::malformed(Fault::OutOfRange));
    }
    core::str::from_utf8(bytes).map_err(|_| Error::malformed(Fault::BadUtf8))
}

/// Checks the characters of NAME-5; the length is the caller's.
pub(crate) fn check_label_text(text: &str) -> Result<(), Fault> {
    if text.chars().any(char::is_control) { Err(Fault::BadText) } else { Ok(()) }
}

/// Checks the characters of NAME-6; the length is the caller's.
fn check_tool_text(text: &str) -> Result<(), Fault> {
    if text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
        Ok(())
    } else {
        Err(Fault::BadText)
    }
}
