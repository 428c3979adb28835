//! The key that salts are made with (SEAL-1), and the file that holds it.
//!
//! It lies beside the key of the workspace and never in the store: whoever copies a store cannot
//! tell which item a salt belongs to by trying. Without it nothing is lost but that the same item
//! gets the same id again.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use markerbed_core::{ContentId, WorkspaceId, hash::content_id, tree::SealKey};
use zeroize::Zeroizing;

use super::keys::{self, KeyError};

/// Reads the seal key of a workspace.
///
/// # Errors
///
/// [`KeyError::SealMissing`], [`KeyError::Exposed`], [`KeyError::Broken`], [`KeyError::Foreign`] or
/// [`KeyError::System`].
pub fn load_seal_key(path: &Path, workspace: WorkspaceId) -> Result<SealKey, KeyError> {
    let text = keys::read_private(path).map_err(|error| match error {
        KeyError::Missing { path } => KeyError::SealMissing { path },
        error => error,
    })?;
    let broken = |why| KeyError::Broken { path: path.to_owned(), why };
    let mut lines = text.split_inclusive('\n').map(|line| line.strip_suffix('\n'));
    let mut next = |name: &str| lines.next().flatten()?.strip_prefix(name)?.strip_prefix(' ');
    if next(TITLE.0) != Some(TITLE.1) {
        return Err(broken("it does not begin as a seal key of this version does"));
    }
    let found = next("workspace").and_then(|id| id.parse().ok());
    let found: WorkspaceId = found.ok_or_else(|| broken("its workspace cannot be read"))?;
    let secret = next("secret").and_then(keys::read_secret);
    let secret = secret.ok_or_else(|| broken("its secret cannot be read"))?;
    let sum: Option<ContentId> = next("sum").and_then(|sum| sum.parse().ok());
    let written =
        text.get(..text.len().saturating_sub(SUM_BYTES)).map(|it| content_id(it.as_bytes()));
    if sum.is_none() || sum != written || lines.next().is_some() {
        return Err(broken("it is not what was written"));
    }
    if found != workspace {
        return Err(KeyError::Foreign { path: path.to_owned(), found, wanted: workspace });
    }
    Ok(SealKey::from_bytes(*secret))
}

/// Makes the seal key of a workspace of 32 random bytes, in a file that was not there and that
/// nobody else may read. It is durable when this returns.
///
/// # Errors
///
/// [`KeyError::Exists`] or [`KeyError::System`].
pub fn make_seal_key(
    path: &Path,
    workspace: WorkspaceId,
    secret: [u8; 32],
) -> Result<SealKey, KeyError> {
    let secret = Zeroizing::new(secret);
    let mut text = keys::private_text();
    text.push_str(&format!("{} {}\nworkspace {workspace}\nsecret ", TITLE.0, TITLE.1));
    keys::push_secret(&mut text, &secret);
    let sum = content_id(text.as_bytes());
    text.push_str(&format!("sum {sum}\n"));
    keys::write_private(path, &text)?;
    Ok(SealKey::from_bytes(*secret))
}

/// Where the seal key of a workspace lies, if the user names no other place: beside its key.
///
/// # Errors
///
/// As [`key_file`](super::key_file).
pub fn seal_key_file(
    config_home: Option<&OsStr>,
    home: Option<&OsStr>,
    workspace: WorkspaceId,
) -> Result<PathBuf, KeyError> {
    Ok(keys::key_file(config_home, home, workspace)?.with_extension("seal"))
}

/// The first line: what the file is, and the number of its form.
const TITLE: (&str, &str) = ("markerbed-seal-key", "1");
/// Bytes of the last line: `sum`, a space, 64 digits and the end of the line.
const SUM_BYTES: usize = 4 + 64 + 1;
