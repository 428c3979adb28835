//! The largest head that a key has signed: kept beside the key, outside of the store (CHK-5).
//!
//! A store that was put back to an earlier state knows nothing of what was signed since; this file
//! does, so a second history is never signed.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use markerbed_core::{Sha256Digest, WorkspaceId, checkpoint::Checkpoint};

use super::keys::{self, KeyError};

/// The file of signed heads beside the file of a key.
pub fn signed_head_file(key: &Path) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(".signed");
    name.into()
}

/// The size and the root of the largest head that was signed; none if nothing was.
///
/// # Errors
///
/// [`KeyError::Broken`], [`KeyError::Exposed`] or [`KeyError::System`] for the file.
pub fn signed_head(
    path: &Path,
    workspace: WorkspaceId,
) -> Result<Option<(u64, Sha256Digest)>, KeyError> {
    load(path, &Checkpoint::origin_of(workspace))
}

/// Checks that a ledger of `size` entries goes on from the head that was signed.
///
/// `root` is the root over the first so many entries of that ledger as the signed head has.
///
/// # Errors
///
/// [`KeyError::SignedMore`], [`KeyError::SignedOther`].
pub fn check_goes_on(
    path: &Path,
    signed: (u64, Sha256Digest),
    size: u64,
    root: impl FnOnce() -> Sha256Digest,
) -> Result<(), KeyError> {
    let path = path.to_owned();
    if signed.0 > size {
        return Err(KeyError::SignedMore { path, signed: signed.0, size });
    }
    let root = root();
    if signed.1 != root {
        return Err(KeyError::SignedOther { path, size: signed.0, signed: signed.1, root });
    }
    Ok(())
}

/// Notes durably that `head` is signed next, and refuses it if another process was faster and
/// signed what does not go with it.
///
/// The caller has checked with [`check_goes_on`] that it goes on from `before`, what was signed
/// until then, and signs after this returns. Who asks at the same time waits.
///
/// # Errors
///
/// [`KeyError::SignedMore`], [`KeyError::SignedOther`]; [`KeyError::Broken`],
/// [`KeyError::Exposed`] or [`KeyError::System`] for the file.
pub fn note_signed_head(
    path: &Path,
    head: &Checkpoint,
    before: Option<(u64, Sha256Digest)>,
) -> Result<(), KeyError> {
    let system = |cause| KeyError::System { path: path.to_owned(), cause };
    let lock = path.with_extension("lock");
    let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&lock);
    let lock = lock.map_err(system)?;
    lock.lock().map_err(system)?;
    let now = load(path, head.origin())?;
    if now == Some((head.size(), head.root())) {
        return Ok(());
    }
    if let Some((signed, root)) = now.filter(|_| now != before) {
        // Nobody compared with this one: the caller tries again.
        let (path, size, found) = (path.to_owned(), head.size(), head.root());
        return Err(if signed > size {
            KeyError::SignedMore { path, signed, size }
        } else {
            KeyError::SignedOther { path, size: signed, signed: root, root: found }
        });
    }
    replace(path, &text_of(head)).map_err(system)
}

fn text_of(head: &Checkpoint) -> String {
    let (origin, size, root) = (head.origin(), head.size(), head.root());
    format!("{} {}\norigin {origin}\nsize {size}\nroot {root}\n", TITLE.0, TITLE.1)
}

/// What was signed last; none if nothing was.
fn load(path: &Path, origin: &str) -> Result<Option<(u64, Sha256Digest)>, KeyError> {
    let text = match keys::read_private(path) {
        Ok(text) => text,
        Err(KeyError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let broken = || KeyError::Broken { path: path.to_owned(), why: "it is not what was written" };
    let mut lines = text.split_inclusive('\n').map(|line| line.strip_suffix('\n'));
    let mut next = |name: &str| lines.next().flatten()?.strip_prefix(name)?.strip_prefix(' ');
    let is_whole = next(TITLE.0) == Some(TITLE.1) && next("origin") == Some(origin);
    let size = next("size").and_then(|size| size.parse().ok());
    let root = next("root").and_then(|root| root.parse().ok());
    match (is_whole, size, root, lines.next()) {
        (true, Some(size), Some(root), None) => Ok(Some((size, root))),
        _ => Err(broken()),
    }
}

/// Writes a private file in one step, durably: it is whole, or as before.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let new = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(folder)?.sync_all()
}

const TITLE: (&str, &str) = ("markerbed-signed-head", "1");

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([7; 32]);

    fn head(size: u64, root: u8) -> Checkpoint {
        let root = Sha256Digest::from_bytes([root; 32]);
        Checkpoint::new(WORKSPACE, size, root)
    }

    #[test]
    fn a_smaller_size_and_another_root_at_one_size_are_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let path = signed_head_file(&scratch.path().join("a.key"));
        let signed = || signed_head(&path, WORKSPACE).unwrap();
        note_signed_head(&path, &head(5, 1), signed()).unwrap();
        let goes_on = |size: u64, root: u8| {
            let root = Sha256Digest::from_bytes([root; 32]);
            check_goes_on(&path, signed().unwrap(), size, || root)
        };

        let codes = [goes_on(5, 2), goes_on(9, 2), goes_on(4, 1)].map(|it| it.unwrap_err().code());
        assert_eq!(codes, ["signed-other", "signed-other", "signed-more"]);
        goes_on(5, 1).unwrap();
        goes_on(9, 1).unwrap();
    }

    #[test]
    fn of_two_who_sign_at_the_same_time_the_second_must_look_again() {
        let scratch = tempfile::tempdir().unwrap();
        let path = signed_head_file(&scratch.path().join("a.key"));
        note_signed_head(&path, &head(5, 1), None).unwrap();

        let rivals = [head(5, 2), head(4, 1), head(6, 1)];
        let refused = rivals.map(|head| note_signed_head(&path, &head, None).unwrap_err().code());

        assert_eq!(refused, ["signed-other", "signed-more", "signed-other"]);
        note_signed_head(&path, &head(5, 1), None).unwrap();
    }

    #[test]
    fn a_file_that_is_not_what_was_written_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a.key.signed");
        note_signed_head(&path, &head(5, 1), None).unwrap();
        let text = fs::read_to_string(&path).unwrap();

        for bent in [text.replace("size 5", "size x"), format!("{text}more\n"), String::new()] {
            replace(&path, &bent).unwrap();
            let error = note_signed_head(&path, &head(9, 1), None).unwrap_err();
            assert_eq!(error.code(), "key-broken", "{bent}");
        }
    }
}
