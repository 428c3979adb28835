//! The rules and the evidence of a snapshot of a directory, as documents
//! (`docs/spec/snapshots.md`).

use base64::{Engine, prelude::BASE64_STANDARD};
use markerbed_core::{
    ContentId, Error,
    json::{Member, Value},
};

/// What was left out on purpose.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RulesDocument {
    /// Whether `.gitignore` files were honoured: the source is inside a git work tree.
    pub gitignore: bool,
    /// Every ignore file that was read, in order of paths.
    pub ignore_files: Vec<IgnoreFile>,
    /// The patterns given, in order.
    pub exclude: Vec<String>,
    /// Whether other file systems were left out.
    pub one_file_system: bool,
    /// Names left out everywhere.
    pub always: Vec<String>,
}

/// An ignore file that was read.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct IgnoreFile {
    /// Relative to the root; begins with `../` above it.
    pub path: Vec<u8>,
    /// What it said.
    pub content: ContentId,
}

/// What was seen, and what could not be.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EvidenceDocument {
    /// What the user said, if anything.
    pub message: Option<String>,
    /// How many entries the rules left out; a directory counts once.
    pub left_out: u64,
    /// What has no node, in order of paths.
    pub gaps: Vec<Gap>,
}

/// Something that was there and could not be recorded.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Gap {
    /// Relative to the root, raw; may be deeper and longer than a path of a tree can be.
    pub path: Vec<u8>,
    /// Why it could not.
    pub reason: GapReason,
    /// How often it was tried.
    pub attempts: u32,
}

/// Why something could not be recorded.
#[non_exhaustive]
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
}

impl RulesDocument {
    /// The value of its member `schema`.
    pub const SCHEMA: &str = "markerbed.dev/rules/directory/1";

    /// Writes the document.
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfRange`](markerbed_core::Fault::OutOfRange) above 16 MiB (LIM-15).
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        let ignore_file = |file: &IgnoreFile| {
            let content = Member::new("content", file.content.to_string().as_str());
            Value::Object(vec![path_member(&file.path), content])
        };
        Value::Object(vec![
            Member::new("schema", Self::SCHEMA),
            Member::new("gitignore", self.gitignore),
            Member::new(
                "ignore_files",
                Value::Array(self.ignore_files.iter().map(ignore_file).collect()),
            ),
            Member::new("exclude", texts(&self.exclude)),
            Member::new("one_file_system", self.one_file_system),
            Member::new("always", texts(&self.always)),
        ])
        .write()
    }

    /// Reads a document; `None` if it is not one of this schema.
    ///
    /// # Errors
    ///
    /// [`Error::BadJson`] and others of [`Value::read`].
    pub fn read(json: &[u8]) -> Result<Option<Self>, Error> {
        let value = Value::read(json)?;
        Ok((value.get("schema").and_then(Value::as_text) == Some(Self::SCHEMA))
            .then(|| Self::of(&value))
            .flatten())
    }

    fn of(value: &Value) -> Option<Self> {
        let ignore_file = |file: &Value| {
            let content = file.get("content")?.as_text()?.parse().ok()?;
            Some(IgnoreFile { path: path_of(file)?, content })
        };
        let ignore_files = value.get("ignore_files")?.as_array()?;
        Some(Self {
            gitignore: value.get("gitignore")?.as_bool()?,
            ignore_files: ignore_files.iter().map(ignore_file).collect::<Option<_>>()?,
            exclude: texts_of(value.get("exclude")?)?,
            one_file_system: value.get("one_file_system")?.as_bool()?,
            always: texts_of(value.get("always")?)?,
        })
    }
}

impl EvidenceDocument {
    /// The value of its member `schema`.
    pub const SCHEMA: &str = "markerbed.dev/evidence/directory/1";

    /// Whether there is nothing that a snapshot would need evidence for.
    pub const fn is_empty(&self) -> bool {
        self.message.is_none() && self.left_out == 0 && self.gaps.is_empty()
    }

    /// Writes the document.
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfRange`](markerbed_core::Fault::OutOfRange) above 16 MiB (LIM-15).
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        let gap = |gap: &Gap| {
            Value::Object(vec![
                path_member(&gap.path),
                Member::new("reason", gap.reason.word()),
                Member::new("attempts", Value::Integer(gap.attempts.into())),
            ])
        };
        let mut members = vec![
            Member::new("schema", Self::SCHEMA),
            Member::new("left_out", count(self.left_out)),
            Member::new("gaps", Value::Array(self.gaps.iter().map(gap).collect())),
        ];
        members.extend(self.message.as_deref().map(|text| Member::new("message", text)));
        Value::Object(members).write()
    }

    /// Reads a document; `None` if it is not one of this schema.
    ///
    /// # Errors
    ///
    /// [`Error::BadJson`] and others of [`Value::read`].
    pub fn read(json: &[u8]) -> Result<Option<Self>, Error> {
        let value = Value::read(json)?;
        Ok((value.get("schema").and_then(Value::as_text) == Some(Self::SCHEMA))
            .then(|| Self::of(&value))
            .flatten())
    }

    fn of(value: &Value) -> Option<Self> {
        let gap = |gap: &Value| {
            Some(Gap {
                path: path_of(gap)?,
                reason: GapReason::from_word(gap.get("reason")?.as_text()?)?,
                attempts: gap.get("attempts")?.as_integer()?.try_into().ok()?,
            })
        };
        let message = match value.get("message") {
            Some(message) => Some(message.as_text()?.to_owned()),
            None => None,
        };
        Some(Self {
            message,
            left_out: count_of(value.get("left_out")?)?,
            gaps: value.get("gaps")?.as_array()?.iter().map(gap).collect::<Option<_>>()?,
        })
    }
}

impl GapReason {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::Unreadable,
        Self::Changed,
        Self::Fifo,
        Self::Socket,
        Self::Device,
        Self::Name,
        Self::TooDeep,
        Self::TooLarge,
    ];

    /// Its name in the document.
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
        }
    }

    /// The reason of this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// A path as NAME-7 wants it: text if it is UTF-8, otherwise base64.
fn path_member(path: &[u8]) -> Member {
    match std::str::from_utf8(path) {
        Ok(text) => Member::new("path", text),
        Err(_) => Member::new("path_b64", BASE64_STANDARD.encode(path).as_str()),
    }
}

fn path_of(value: &Value) -> Option<Vec<u8>> {
    match value.get("path") {
        Some(path) => Some(path.as_text()?.as_bytes().to_vec()),
        None => BASE64_STANDARD.decode(value.get("path_b64")?.as_text()?).ok(),
    }
}

fn texts(texts: &[String]) -> Value {
    Value::Array(texts.iter().map(|text| Value::from(text.as_str())).collect())
}

fn texts_of(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| value.as_text().map(str::to_owned);
    value.as_array()?.iter().map(text).collect()
}

/// A count as JSON-3 wants it: a number while it is exact everywhere, then text.
fn count(count: u64) -> Value {
    match i64::try_from(count) {
        Ok(integer) if integer <= EXACT_MAX => Value::Integer(integer),
        _ => Value::Text(count.to_string()),
    }
}

fn count_of(value: &Value) -> Option<u64> {
    match value {
        Value::Integer(integer) => u64::try_from(*integer).ok(),
        value => value.as_text()?.parse().ok(),
    }
}

const EXACT_MAX: i64 = (1 << 53) - 1;
