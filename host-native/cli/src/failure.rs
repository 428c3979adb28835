//! How a command fails: one line for people, a stable code for programs, a number for the system.

use std::{fmt, io};

use markerbed_core::tree::Shown;
use markerbed_host::{
    drive::DriveError,
    listing::ListingError,
    restore::RestoreError,
    snapshot::SnapError,
    store::StoreError,
    workspace::{ErrorClass, KeyError, WorkspaceError},
};

use crate::exit::Exit;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It failed, and says so.
    Told(Told),
    /// Whoever read our output wants no more of it: end quietly.
    OutputClosed,
}

/// A failure in the words of the program.
#[derive(Debug)]
pub(crate) struct Told {
    /// What the system is told.
    pub(crate) exit: Exit,
    /// The stable name, the same in every binding.
    pub(crate) code: &'static str,
    /// What is wrong, where, and what to do: one line without a full stop.
    pub(crate) message: String,
}

impl Failure {
    /// A failure that `message` tells of; what cannot be shown on a terminal is escaped.
    pub(crate) fn new(exit: Exit, code: &'static str, message: impl fmt::Display) -> Self {
        Self::Told(Told { exit, code, message: one_line(&message.to_string()) })
    }

    /// The program was used wrongly.
    pub(crate) fn usage(code: &'static str, message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, code, message)
    }

    /// Standard output or standard error cannot be written to.
    pub(crate) fn output(cause: &io::Error) -> Self {
        if cause.kind() == io::ErrorKind::BrokenPipe {
            return Self::OutputClosed;
        }
        Self::new(
            Exit::Failed,
            "output-failed",
            format_args!("standard output: {}; not all of it was written", system_says(cause)),
        )
    }

    /// The system refused something at `place`, which has nothing to do with the store.
    pub(crate) fn system(place: impl fmt::Display, cause: &io::Error) -> Self {
        let (exit, code) = match cause.kind() {
            io::ErrorKind::NotFound => (Exit::Usage, "no-such-file"),
            io::ErrorKind::AlreadyExists => (Exit::Usage, "file-exists"),
            io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => {
                (Exit::Usage, "wrong-file-kind")
            }
            io::ErrorKind::PermissionDenied => (Exit::Failed, "no-access"),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                (Exit::Failed, "disk-full")
            }
            _ => (Exit::Failed, "system-failed"),
        };
        Self::new(exit, code, format_args!("{place}: {}", system_says(cause)))
    }
}

impl From<ErrorClass> for Exit {
    fn from(class: ErrorClass) -> Self {
        match class {
            ErrorClass::Usage => Self::Usage,
            ErrorClass::Incomplete => Self::Incomplete,
            ErrorClass::Failed => Self::Failed,
            ErrorClass::NoStore => Self::NoStore,
            ErrorClass::Race => Self::Race,
            ErrorClass::NotPermitted => Self::NotPermitted,
        }
    }
}

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        Self::new(error.class().into(), error.code(), with_advice(error.code(), &error))
    }
}

impl From<markerbed_core::Error> for Failure {
    fn from(error: markerbed_core::Error) -> Self {
        WorkspaceError::from(error).into()
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::new(error.class().into(), error.code(), with_advice(error.code(), &error))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        WorkspaceError::from(error).into()
    }
}

impl From<DriveError> for Failure {
    fn from(error: DriveError) -> Self {
        WorkspaceError::from(error).into()
    }
}

impl From<SnapError> for Failure {
    fn from(error: SnapError) -> Self {
        let exit = match error {
            SnapError::Store(error) => return error.into(),
            SnapError::NoAccess { .. }
            | SnapError::System { .. }
            | SnapError::IgnoreFile { .. } => Exit::Failed,
            SnapError::TooManyGaps { .. }
            | SnapError::TooManyRules { .. }
            | SnapError::Format { .. } => Exit::Incomplete,
            _ => Exit::Usage,
        };
        Self::new(exit, error.code(), with_advice(error.code(), &error))
    }
}

impl From<ListingError> for Failure {
    fn from(error: ListingError) -> Self {
        match error {
            ListingError::Drive(error) => error.into(),
            ListingError::MissingContent { .. } => {
                let advice = "`markerbed snap --rehash` puts it again";
                Self::new(Exit::Incomplete, error.code(), format_args!("{error}; {advice}"))
            }
        }
    }
}

impl From<RestoreError> for Failure {
    fn from(error: RestoreError) -> Self {
        let exit = match error {
            RestoreError::Drive(error) => return error.into(),
            RestoreError::NoAccess { .. }
            | RestoreError::NoSpace { .. }
            | RestoreError::Full { .. }
            | RestoreError::System { .. } => Exit::Failed,
            RestoreError::TooManyNodes { .. } | RestoreError::NoSuchNode { .. } => Exit::Incomplete,
            _ => Exit::Usage,
        };
        let advice = match error {
            RestoreError::NoAccess { .. } => "; name another place, or ask whose it is",
            RestoreError::NoSpace { .. } | RestoreError::Full { .. } => "; make room and try again",
            _ => "",
        };
        Self::new(exit, error.code(), format_args!("{error}{advice}"))
    }
}

/// The message, and what to do about it where the message does not say so.
fn with_advice(code: &str, message: impl fmt::Display) -> String {
    match ADVICE.iter().find(|(known, _)| *known == code) {
        Some((_, advice)) => format!("{message}; {advice}"),
        None => message.to_string(),
    }
}

/// What the system says, in its own words but without its number.
pub(crate) fn system_says(cause: &io::Error) -> String {
    let text = cause.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_lowercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// The text as one line that no terminal takes orders from (NAME-8).
///
/// Backslashes stay as they are: names inside were escaped when they were put there.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter == '\\' {
            line.push(letter);
        } else {
            let mut bytes = [0; 4];
            let bytes = letter.encode_utf8(&mut bytes).as_bytes();
            line.push_str(&Shown::new(bytes).to_string());
        }
    }
    line
}

/// What to do about failures whose messages say only what is wrong and where.
const ADVICE: &[(&str, &str)] = &[
    ("no-store", "make one with `markerbed init`, or name one with --store"),
    ("not-a-store", "name another one with --store, or make one elsewhere with `markerbed init`"),
    ("unknown-store-format", "use the version of markerbed that wrote it, or a newer one"),
    ("store-damaged", "`markerbed check` says what is damaged and which paths it serves"),
    ("store-full", "make room and try again; what was recorded before is as it was"),
    ("store-no-access", "make it readable and writable for this user, or name another store"),
    ("store-busy", "try again when it has finished"),
    ("store-read-only", "leave out --read-only to write"),
    ("store-temporary", "try again"),
    ("missing-object", "`markerbed check` says what is missing and which paths it serves"),
    ("hash-mismatch", "`markerbed check` says what is damaged and which paths it serves"),
    ("path-not-found", "name one that exists"),
    ("no-path", "`markerbed ls` lists what is there"),
];

#[cfg(test)]
mod tests {
    use markerbed_core::Id16;
    use markerbed_host::store::RequestKey;

    use super::*;

    /// One failure of a store for each arm.
    fn store_errors() -> Vec<StoreError> {
        let place = || String::from("place");
        let id = Id16::from_bytes([1; 16]);
        let item = markerbed_host::store::StoredItem::Unknown;
        vec![
            StoreError::NotFound { place: place() },
            StoreError::NotAStore { place: place(), why: "why" },
            StoreError::NetworkPlace { place: place(), network: "nfs".into() },
            StoreError::Exists { place: place() },
            StoreError::UnknownFormat { place: place(), found: "2".into(), known: "1" },
            StoreError::Damaged { item, place: place(), fault: "fault" },
            StoreError::Full { place: place() },
            StoreError::NoAccess { place: place() },
            StoreError::ReadOnly { place: place() },
            StoreError::Busy { place: place(), holder: None },
            StoreError::RequestTaken { request: RequestKey { agent: id, request: id }, number: 1 },
            StoreError::BadBatch { rule: "rule" },
            StoreError::TooLarge { what: "it", bytes: 2, bytes_max: 1 },
            StoreError::Incapable { store: "it", lacks: "all" },
            StoreError::Temporary { place: place(), cause: "cause".into() },
            StoreError::Permanent { place: place(), cause: "cause".into() },
        ]
    }

    #[test]
    fn the_table_of_the_stores_says_how_each_of_their_failures_ends() {
        let readme = include_str!("../../src/store/README.md");
        let mut told = 0;
        for error in store_errors() {
            let code = error.code();
            let row = readme.lines().find(|line| line.contains(&format!("`{code}`")));
            let number = row.and_then(|row| row.split(" | ").nth(1)).map(str::trim);

            let Failure::Told(failure) = Failure::from(error) else { panic!("{code}") };

            assert_eq!(number, Some(failure.exit.number().to_string().as_str()), "{code}");
            let listed = crate::codes::CODES.iter().find(|listed| listed.0 == code).unwrap();
            assert!(listed.1.split(", ").any(|exit| Some(exit) == number), "{code}");
            told += 1;
        }
        let rows = readme.lines().filter(|line| line.starts_with("| `")).map(|row| {
            let codes = row.split(" | ").next().unwrap_or_default();
            codes.matches('`').count() / 2
        });
        assert_eq!(rows.sum::<usize>(), told);
    }

    #[test]
    fn a_message_is_one_line_whatever_names_it_holds() {
        let line = one_line("a\nb\u{202e}c \\x0a é");

        assert_eq!(line, "a\\x0ab\\xe2\\x80\\xaec \\x0a é");
    }

    #[test]
    fn the_system_is_quoted_without_its_numbers() {
        let cause = io::Error::from_raw_os_error(28);

        assert_eq!(system_says(&cause), "no space left on device");
    }
}
