//! The documents beside a snapshot: the rules in force, and the evidence of what was seen
//! (`docs/spec/snapshots.md`).

use alloc::{format, string::String, vec::Vec};

use super::base64;
use crate::{
    error::{Error, Fault},
    id::{ContentId, NodeId},
    json::{Member, Value},
};

/// What was left out on purpose.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RulesDocument {
    /// Whether `.gitignore` files were honoured.
    pub gitignore: bool,
    /// Every ignore file that was read; written in order of their paths.
    pub ignore_files: Vec<IgnoreFile>,
    /// Patterns given, in order.
    pub exclude: Vec<String>,
    /// Patterns of what is sealed, in order (SEAL-5).
    pub seal: Vec<String>,
    /// Whether other file systems were left out.
    pub one_file_system: bool,
    /// Names left out everywhere.
    pub always: Vec<String>,
    /// Whether nothing was recorded that some systems do not tell: no executable bits, no
    /// symlinks, no names that are not UTF-8. The member is written only if it is so.
    pub portable: bool,
    /// Members that this version does not know.
    pub others: Vec<Member>,
}

/// An ignore file that was read.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct IgnoreFile {
    /// Raw, relative to the root of the source; `../` for each directory above it.
    pub path: Vec<u8>,
    /// What it held.
    pub held: Held,
}

/// What an ignore file held, as far as it may be told.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Held {
    /// These bytes.
    Content(ContentId),
    /// The bytes of this sealed file, which is not executable (SEAL-7).
    Sealed(NodeId),
}

/// What was seen and could not be seen.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EvidenceDocument {
    /// What the user said.
    pub message: Option<String>,
    /// How many entries the rules left out; a directory counts once.
    pub left_out: u64,
    /// What has no node; written in order of their paths.
    pub gaps: Vec<Gap>,
    /// The plain listing whose SHA-256 the snapshot has, if it was kept.
    pub listing: Option<ContentId>,
    /// Members that this version does not know.
    pub others: Vec<Member>,
}

/// Something that has no node.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Gap {
    /// Raw, relative to the root; it need not keep the rules of paths.
    pub path: Vec<u8>,
    /// Why.
    pub reason: GapReason,
    /// How often it was tried.
    pub attempts: u32,
}

/// Why something has no node.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum GapReason {
    /// The system refused to open, list or read it.
    Unreadable,
    /// It changed while it was read, each time.
    Changed,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A device.
    Device,
    /// A name or symlink target outside the limits.
    Name,
    /// Below the deepest level.
    TooDeep,
    /// A file above 2⁶³−1 bytes.
    TooLarge,
    /// A symlink, where only what every system tells is recorded.
    Symlink,
    /// An extended attribute of it could not be read; the rest of it is recorded.
    Attributes,
}

impl RulesDocument {
    /// Writes the document as canonical JSON.
    ///
    /// # Errors
    ///
    /// As [`Value::write`].
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        let mut files: Vec<&IgnoreFile> = self.ignore_files.iter().collect();
        files.sort_unstable();
        let files = files.into_iter().map(|file| {
            let held = match file.held {
                Held::Content(id) => Member::new(CONTENT, format!("{id}").as_str()),
                Held::Sealed(id) => Member::new(SEALED, format!("{id}").as_str()),
            };
            Value::Object(alloc::vec![held, path_member(&file.path)])
        });
        let texts = |texts: &[String]| {
            Value::Array(texts.iter().map(|text| text.as_str().into()).collect())
        };
        let mut members = self.others.clone();
        members.extend((!self.seal.is_empty()).then(|| Member::new(SEAL, texts(&self.seal))));
        members.extend([
            Member::new("schema", RULES_SCHEMA),
            Member::new("gitignore", self.gitignore),
            Member::new("ignore_files", Value::Array(files.collect())),
            Member::new("exclude", texts(&self.exclude)),
            Member::new("one_file_system", self.one_file_system),
            Member::new("always", texts(&self.always)),
        ]);
        members.extend(self.portable.then(|| Member::new("portable", true)));
        Value::Object(members).write()
    }

    /// Reads a document.
    ///
    /// # Errors
    ///
    /// As [`Value::read`]; [`Fault::UnsupportedFormat`] for another schema; [`Error::BadJson`] if a
    /// member is absent or is not what it must be.
    pub fn read(json: &[u8]) -> Result<Self, Error> {
        let mut members = Members::read(json, RULES_SCHEMA)?;
        let texts = |value: Value| -> Result<Vec<String>, Error> {
            items(value)?.into_iter().map(text).collect()
        };
        Ok(Self {
            gitignore: truth(members.take("gitignore")?)?,
            ignore_files: items(members.take("ignore_files")?)?
                .into_iter()
                .map(IgnoreFile::from_value)
                .collect::<Result<_, _>>()?,
            exclude: texts(members.take("exclude")?)?,
            seal: match members.find(SEAL).map(texts).transpose()? {
                Some(none) if none.is_empty() => return Err(unfit()),
                patterns => patterns.unwrap_or_default(),
            },
            one_file_system: truth(members.take("one_file_system")?)?,
            always: texts(members.take("always")?)?,
            portable: match members.find("portable") {
                None => false,
                Some(Value::Bool(true)) => true,
                Some(_) => return Err(unfit()),
            },
            others: members.0,
        })
    }
}

impl IgnoreFile {
    fn from_value(value: Value) -> Result<Self, Error> {
        let mut members = Members::of(value)?;
        let content = members.find(CONTENT).map(text).transpose()?;
        let held = match (content, members.find(SEALED)) {
            (Some(content), None) => Held::Content(content.parse().map_err(|_| unfit())?),
            (None, Some(sealed)) => Held::Sealed(text(sealed)?.parse().map_err(|_| unfit())?),
            _ => return Err(unfit()),
        };
        Ok(Self { path: members.take_path()?, held })
    }
}

impl EvidenceDocument {
    /// Writes the document as canonical JSON.
    ///
    /// # Errors
    ///
    /// As [`Value::write`].
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        let mut gaps: Vec<&Gap> = self.gaps.iter().collect();
        gaps.sort_unstable();
        let gaps = gaps.into_iter().map(|gap| {
            Value::Object(alloc::vec![
                path_member(&gap.path),
                Member::new("reason", gap.reason.word()),
                Member::new("attempts", count_value(u64::from(gap.attempts))),
            ])
        });
        let mut members = self.others.clone();
        members.extend(self.message.as_deref().map(|message| Member::new("message", message)));
        members.extend(self.listing.map(|id| Member::new("listing", format!("{id}").as_str())));
        members.extend([
            Member::new("schema", EVIDENCE_SCHEMA),
            Member::new("left_out", count_value(self.left_out)),
            Member::new("gaps", Value::Array(gaps.collect())),
        ]);
        Value::Object(members).write()
    }

    /// Reads a document.
    ///
    /// # Errors
    ///
    /// As [`RulesDocument::read`].
    pub fn read(json: &[u8]) -> Result<Self, Error> {
        let mut members = Members::read(json, EVIDENCE_SCHEMA)?;
        Ok(Self {
            message: members.find("message").map(text).transpose()?,
            listing: members.find("listing").map(content).transpose()?,
            left_out: count(&members.take("left_out")?)?,
            gaps: items(members.take("gaps")?)?
                .into_iter()
                .map(Gap::from_value)
                .collect::<Result<_, _>>()?,
            others: members.0,
        })
    }
}

impl Gap {
    fn from_value(value: Value) -> Result<Self, Error> {
        let mut members = Members::of(value)?;
        let reason = text(members.take("reason")?)?;
        Ok(Self {
            path: members.take_path()?,
            reason: GapReason::from_word(&reason).ok_or_else(unfit)?,
            attempts: u32::try_from(count(&members.take("attempts")?)?).map_err(|_| unfit())?,
        })
    }
}

impl GapReason {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::Unreadable,
        Self::Changed,
        Self::Fifo,
        Self::Socket,
        Self::Device,
        Self::Name,
        Self::TooDeep,
        Self::TooLarge,
        Self::Symlink,
        Self::Attributes,
    ];

    /// Its name in documents.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Changed => "changed",
            Self::Fifo => "fifo",
            Self::Socket => "socket",
            Self::Device => "device",
            Self::Name => "name",
            Self::TooDeep => "too-deep",
            Self::TooLarge => "too-large",
            Self::Symlink => "symlink",
            Self::Attributes => "attributes",
        }
    }

    /// The reason of this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// Members that were not yet taken.
struct Members(Vec<Member>);

impl Members {
    fn of(value: Value) -> Result<Self, Error> {
        if let Value::Object(members) = value { Ok(Self(members)) } else { Err(unfit()) }
    }

    /// Reads a document of one schema.
    fn read(json: &[u8], schema: &str) -> Result<Self, Error> {
        let mut members = Self::of(Value::read(json)?)?;
        if text(members.take("schema")?)? == schema {
            Ok(members)
        } else {
            Err(Error::malformed(Fault::UnsupportedFormat))
        }
    }

    fn find(&mut self, name: &str) -> Option<Value> {
        let index = self.0.iter().position(|member| member.name == name)?;
        Some(self.0.remove(index).value)
    }

    fn take(&mut self, name: &str) -> Result<Value, Error> {
        self.find(name).ok_or_else(unfit)
    }

    /// Takes `path` or `path_b64` (NAME-7).
    fn take_path(&mut self) -> Result<Vec<u8>, Error> {
        if let Some(path) = self.find("path") {
            return Ok(text(path)?.into_bytes());
        }
        let path = base64::decode(&text(self.take("path_b64")?)?).ok_or_else(unfit)?;
        if core::str::from_utf8(&path).is_ok() { Err(unfit()) } else { Ok(path) }
    }
}

/// `path`, or `path_b64` if it is not UTF-8 (NAME-7).
fn path_member(path: &[u8]) -> Member {
    match core::str::from_utf8(path) {
        Ok(path) => Member::new("path", path),
        Err(_) => Member::new("path_b64", base64::encode(path).as_str()),
    }
}

fn text(value: Value) -> Result<String, Error> {
    if let Value::Text(text) = value { Ok(text) } else { Err(unfit()) }
}

fn content(value: Value) -> Result<ContentId, Error> {
    text(value)?.parse().map_err(|_| unfit())
}

fn truth(value: Value) -> Result<bool, Error> {
    value.as_bool().ok_or_else(unfit)
}

fn items(value: Value) -> Result<Vec<Value>, Error> {
    if let Value::Array(values) = value { Ok(values) } else { Err(unfit()) }
}

/// A count as a number, or as digits where it is too large for one (JSON-3).
fn count_value(count: u64) -> Value {
    match i64::try_from(count) {
        Ok(number) if number <= Value::INTEGER_MAX => Value::Integer(number),
        _ => Value::Text(format!("{count}")),
    }
}

fn count(value: &Value) -> Result<u64, Error> {
    let found = match value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        Value::Text(digits) => digits.parse().ok(),
        _ => None,
    };
    found.filter(|found| count_value(*found) == *value).ok_or_else(unfit)
}

/// A member is absent, or is not what it must be.
fn unfit() -> Error {
    Error::BadJson { offset: 0 }
}

const SEAL: &str = "seal";
const CONTENT: &str = "content";
const SEALED: &str = "sealed";
const RULES_SCHEMA: &str = "markerbed.dev/rules/directory/1";
const EVIDENCE_SCHEMA: &str = "markerbed.dev/evidence/directory/1";
