//! What a user writes to mean a snapshot or a node (`docs/reference/references.md`).
//!
//! The form of the text decides what it means, never what is stored: so nobody can change the
//! meaning of a reference by recording something.

use std::fmt;

use markerbed_core::tree::{Label, Path, Shown};

use crate::{Unnameable, WorkspaceError};

/// A snapshot or a node as a user names it: `BASE` or `BASE:PATH`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reference {
    base: Base,
    path: Option<Path>,
    text: Vec<u8>,
}

/// What stands before the first colon.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Base {
    /// `@`, `@-`, `@--`, `@-3`: so many snapshots before the newest of the workspace.
    Newest {
        /// 0 for the newest.
        back: u64,
    },
    /// `#41`: what entry 41 of the ledger is about.
    Entry {
        /// Its number.
        number: u64,
    },
    /// Eight or more hexadecimal digits: the beginning of an id, or all of it.
    Id(HexPrefix),
    /// Anything else: the name of a ref.
    Ref(Label),
}

/// The first digits of an id, 8 to 64 of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HexPrefix {
    bytes: [u8; 32],
    digits: usize,
}

impl Reference {
    /// Reads a reference; the first colon divides (NAME-10).
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::BadReference`] saying what is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, WorkspaceError> {
        let bad = |why| WorkspaceError::BadReference { reference: shown(text), why };
        let mut parts = text.splitn(2, |byte| *byte == b':');
        let base = Base::parse(parts.next().unwrap_or_default()).map_err(bad)?;
        let path = parts.next().map(parse_path).transpose().map_err(bad)?;
        Ok(Self { base, path, text: text.to_owned() })
    }

    /// What stands before the first colon.
    pub const fn base(&self) -> &Base {
        &self.base
    }

    /// What stands after it; none if there is no colon.
    pub const fn path(&self) -> Option<&Path> {
        self.path.as_ref()
    }

    /// The base alone, as it was written and fit for a terminal.
    pub fn shown_base(&self) -> String {
        shown(self.text.split(|byte| *byte == b':').next().unwrap_or_default())
    }
}

impl fmt::Display for Reference {
    /// As it was written, fit for a terminal (NAME-8).
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown::new(&self.text).fmt(out)
    }
}

impl Base {
    fn parse(text: &[u8]) -> Result<Self, &'static str> {
        match text {
            [] => Err("a snapshot must stand before the colon, such as @"),
            [b'@', back @ ..] => Ok(Self::Newest { back: parse_back(back)? }),
            [b'#', digits @ ..] => {
                let number = parse_decimal(digits);
                Ok(Self::Entry { number: number.ok_or("after # stands the number of an entry")? })
            }
            _ => match HexPrefix::parse(text) {
                Some(prefix) => Ok(Self::Id(prefix)),
                None if is_hex(text) && text.len() > HEX_MAX => {
                    Err("an id has 64 hexadecimal digits, this has more")
                }
                None => parse_name(text),
            },
        }
    }
}

impl HexPrefix {
    /// Reads 8 to 64 lower-case hexadecimal digits; anything else is none.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if !is_hex(text) || !(HEX_MIN..=HEX_MAX).contains(&text.len()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks(2)) {
            let mut digits = pair.iter().map(|digit| value(*digit));
            let high = digits.next().unwrap_or_default();
            *byte = high << 4 | digits.next().unwrap_or_default();
        }
        Some(Self { bytes, digits: text.len() })
    }

    /// The whole id, if all of its digits are there.
    pub const fn whole(&self) -> Option<[u8; 32]> {
        if self.digits == HEX_MAX { Some(self.bytes) } else { None }
    }

    /// The bytes of which both digits are there.
    pub(crate) fn whole_bytes(&self) -> &[u8] {
        self.bytes.get(..self.digits / 2).unwrap_or_default()
    }

    /// Tells whether an id begins so.
    pub fn fits(&self, id: &[u8; 32]) -> bool {
        let half_fits = self.digits.is_multiple_of(2)
            || (self.bytes.get(self.digits / 2).zip(id.get(self.digits / 2)))
                .is_some_and(|(wanted, found)| wanted >> 4 == found >> 4);
        half_fits && id.starts_with(self.whole_bytes())
    }
}

/// Checks that a new ref, or a new source, has a name that a reference can mean.
///
/// # Errors
///
/// [`WorkspaceError::Unnameable`] saying why it has not.
pub fn check_nameable(name: &Label) -> Result<(), WorkspaceError> {
    let text = name.as_str().as_bytes();
    let why = match text {
        [b'@', ..] => Unnameable::At,
        [b'#', ..] => Unnameable::Hash,
        _ if text.contains(&b':') => Unnameable::Colon,
        _ if is_hex(text) && text.len() >= HEX_MIN => Unnameable::Digits,
        _ => return Ok(()),
    };
    Err(WorkspaceError::Unnameable { name: name.clone(), why })
}

/// Reads what follows an `@`: nothing, hyphens, or one hyphen and a number.
fn parse_back(text: &[u8]) -> Result<u64, &'static str> {
    let wrong = "after @ stand only hyphens, or a hyphen and a number: @, @-, @--, @-3";
    if text.iter().all(|byte| *byte == b'-') {
        return Ok(text.len() as u64);
    }
    let digits = text.strip_prefix(b"-").ok_or(wrong)?;
    parse_decimal(digits).ok_or(wrong)
}

/// Reads a number without a sign and without leading zeros.
fn parse_decimal(digits: &[u8]) -> Option<u64> {
    let is_plain =
        digits.iter().all(u8::is_ascii_digit) && (digits.len() == 1 || !digits.starts_with(b"0"));
    if is_plain { str::from_utf8(digits).ok()?.parse().ok() } else { None }
}

fn parse_name(text: &[u8]) -> Result<Base, &'static str> {
    let text = str::from_utf8(text).map_err(|_| "the name of a ref is UTF-8")?;
    let name = Label::new(text);
    Ok(Base::Ref(name.map_err(|_| "the name of a ref has 1 to 255 bytes and no controls")?))
}

/// Reads names joined by `/`; one at the end, as a shell completes it, means nothing.
fn parse_path(text: &[u8]) -> Result<Path, &'static str> {
    if text.starts_with(b"/") {
        return Err("a path begins at the root of the tree, without a slash");
    }
    Path::new(text.strip_suffix(b"/").unwrap_or(text)).map_err(
        |_| "the path has an empty name, . or .., a name above 1,024 bytes, or is too deep",
    )
}

fn is_hex(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

const fn value(digit: u8) -> u8 {
    if digit > b'9' { digit - b'a' + 10 } else { digit - b'0' }
}

fn shown(text: &[u8]) -> String {
    Shown::new(text).to_string()
}

const HEX_MIN: usize = 8;
const HEX_MAX: usize = 64;
