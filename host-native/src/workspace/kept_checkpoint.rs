//! The last checkpoint of each log that a user believed: what makes a rollback and a fork visible
//! (CHK-8).

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use markerbed_core::{
    checkpoint::{GrowthProof, SignedCheckpoint},
    hash::sha256,
    limits::NOTE_BYTES_MAX,
};

use super::{keys::KeyError, signed_head::replace};

/// How a checkpoint that is believed stands to the one that is kept of its log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Standing {
    /// None was kept; now this one is.
    First,
    /// It says what the kept one says.
    Same,
    /// The kept one grew into it, which was shown; now this one is kept.
    Grew,
    /// It has more entries, but nothing shows that the kept one grew into it.
    Unproven(Box<SignedCheckpoint>),
    /// It has fewer entries than the kept one.
    Older(Box<SignedCheckpoint>),
    /// It and the kept one cannot be of one history.
    Fork(Box<SignedCheckpoint>),
}

/// Where the checkpoints are kept that a user believed: in the folder of markerbed below what the
/// variables `XDG_DATA_HOME`, or else `HOME`, say.
///
/// # Errors
///
/// [`KeyError::NoFolder`]. A relative `XDG_DATA_HOME` counts for nothing, as its standard says.
pub fn kept_checkpoints(
    data_home: Option<&OsStr>,
    home: Option<&OsStr>,
) -> Result<PathBuf, KeyError> {
    let absolute = |path: &&OsStr| Path::new(path).is_absolute();
    let folder = match (data_home.filter(absolute), home.filter(absolute)) {
        (Some(folder), _) => PathBuf::from(folder),
        (None, Some(home)) => Path::new(home).join(".local/share"),
        (None, None) => return Err(KeyError::NoFolder),
    };
    Ok(folder.join("markerbed").join("checkpoints"))
}

/// Compares a checkpoint that is believed with the kept one of its log, and keeps it if it is the
/// first one or what the kept one grew into.
///
/// # Errors
///
/// [`KeyError::Broken`] or [`KeyError::System`] for the file.
pub fn stand(
    folder: &Path,
    signed: &SignedCheckpoint,
    growth: Option<&GrowthProof>,
) -> Result<Standing, KeyError> {
    let path = folder.join(name_of(signed));
    let standing = match load(&path)? {
        None => Standing::First,
        Some(kept) => compare(kept, signed, growth),
    };
    if matches!(standing, Standing::First | Standing::Grew) {
        let system = |cause| KeyError::System { path: path.clone(), cause };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(system)?;
        replace(&path, &signed.note().to_text()).map_err(system)?;
    }
    Ok(standing)
}

fn compare(
    kept: SignedCheckpoint,
    signed: &SignedCheckpoint,
    growth: Option<&GrowthProof>,
) -> Standing {
    let (before, now) = (kept.checkpoint(), signed.checkpoint());
    if before == now {
        return Standing::Same;
    }
    if before.size() == now.size() {
        return Standing::Fork(Box::new(kept));
    }
    if before.size() > now.size() {
        return Standing::Older(Box::new(kept));
    }
    let fits = |growth: &&GrowthProof| {
        growth.size_before == before.size() && growth.checkpoint.checkpoint() == now
    };
    match growth.filter(fits).map(|growth| growth.check(before)) {
        Some(Ok(())) => Standing::Grew,
        // Right in form, and it leads elsewhere: the log of now has another beginning.
        Some(Err(markerbed_core::Error::RootMismatch)) => Standing::Fork(Box::new(kept)),
        _ => Standing::Unproven(Box::new(kept)),
    }
}

/// An origin may have any letters, so its hash names the file.
fn name_of(signed: &SignedCheckpoint) -> String {
    format!("{}.checkpoint", sha256(&[signed.checkpoint().origin().as_bytes()]))
}

fn load(path: &Path) -> Result<Option<SignedCheckpoint>, KeyError> {
    let system = |cause| KeyError::System { path: path.to_owned(), cause };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(system(cause)),
    };
    let mut bytes = Vec::new();
    file.take(u64::from(NOTE_BYTES_MAX) + 1).read_to_end(&mut bytes).map_err(system)?;
    let broken = |_| KeyError::Broken { path: path.to_owned(), why: "it is no checkpoint" };
    SignedCheckpoint::parse(&bytes).map(Some).map_err(broken)
}
