//! Keys of users, and the files that hold them.

use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use markerbed_core::{Id16, WorkspaceId, id::PublicKey};
use markerbed_host::workspace::{ErrorClass, KeyError, Keys, key_file, random_bytes};
use tempfile::TempDir;

use crate::support::genesis;

const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([5; 32]);

#[test]
fn a_key_that_was_saved_is_loaded_as_it_was() {
    let (folder, path) = scratch();
    let keys = keys();

    keys.save(&path, WORKSPACE).unwrap();
    let loaded = Keys::load(&path, WORKSPACE).unwrap();

    assert_eq!((loaded.public(), loaded.agent()), (keys.public(), keys.agent()));
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&folder.path().join("made")), 0o700);
}

#[test]
fn the_public_half_is_that_of_the_standard() {
    // RFC 8032, section 7.1, test 1.
    let secret = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    let keys = Keys::from_random(&secret, Id16::from_bytes([0; 16]));

    assert_eq!(keys.public(), public.parse::<PublicKey>().unwrap());
}

#[test]
fn a_key_is_never_written_over() {
    let (_folder, path) = scratch();
    keys().save(&path, WORKSPACE).unwrap();
    let before = fs::read(&path).unwrap();

    let error = Keys::from_random(&[2; 32], Id16::from_bytes([2; 16])).save(&path, WORKSPACE);

    assert_eq!(error.unwrap_err().code(), "key-exists");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_link_that_points_nowhere_is_not_written_through() {
    let (folder, path) = scratch();
    fs::create_dir(path.parent().unwrap()).unwrap();
    symlink(folder.path().join("elsewhere"), &path).unwrap();

    let error = keys().save(&path, WORKSPACE).unwrap_err();

    assert_eq!(error.code(), "key-exists");
    assert!(!folder.path().join("elsewhere").exists());
}

#[test]
fn a_missing_key_is_named() {
    let (_folder, path) = scratch();

    let error = Keys::load(&path, WORKSPACE).unwrap_err();

    assert_eq!((error.code(), error.class()), ("key-missing", ErrorClass::NotPermitted));
    assert!(error.to_string().contains(&path.display().to_string()));
}

#[test]
fn a_key_that_others_may_read_or_write_is_refused() {
    let (_folder, path) = scratch();
    keys().save(&path, WORKSPACE).unwrap();

    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = Keys::load(&path, WORKSPACE).unwrap_err();
        assert_eq!(error.code(), "key-exposed", "{mode:o}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}

#[test]
fn every_change_of_a_key_file_is_found() {
    let (_folder, path) = scratch();
    let keys = keys();
    keys.save(&path, WORKSPACE).unwrap();
    let whole = fs::read(&path).unwrap();
    let mut tried = 0;

    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        let cut = whole[..at].to_vec();
        for bytes in [flipped, cut] {
            fs::write(&path, &bytes).unwrap();
            // The agent is no secret and has no check: another one is another agent.
            if let Ok(other) = Keys::load(&path, WORKSPACE) {
                assert_ne!(other.agent(), keys.agent(), "byte {at}");
            }
            tried += 1;
        }
    }
    fs::write(&path, [whole.as_slice(), b"\n"].concat()).unwrap();

    assert_eq!(Keys::load(&path, WORKSPACE).unwrap_err().code(), "key-broken");
    assert!(tried > 500, "{tried}");
}

#[test]
fn what_is_no_small_text_file_is_no_key() {
    let (folder, path) = scratch();
    fs::create_dir(path.parent().unwrap()).unwrap();
    let write = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        Keys::load(&path, WORKSPACE).unwrap_err().code()
    };

    assert_eq!(write(b""), "key-broken");
    assert_eq!(write(&[0xff; 100]), "key-broken");
    assert_eq!(write(&[b'a'; 1 << 20]), "key-broken");
    let directory = Keys::load(folder.path(), WORKSPACE).unwrap_err();
    assert_eq!(directory.code(), "key-broken");
}

#[test]
fn a_named_pipe_does_not_hold_the_program() {
    let (folder, _) = scratch();
    let pipe = folder.path().join("pipe");
    let made = rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    );
    made.unwrap();

    assert_eq!(Keys::load(&pipe, WORKSPACE).unwrap_err().code(), "key-broken");
}

#[test]
fn the_key_of_another_workspace_is_refused() {
    let (_folder, path) = scratch();
    let keys = keys();
    keys.save(&path, WORKSPACE).unwrap();
    let other = WorkspaceId::from_bytes([6; 32]);

    let error = Keys::load(&path, other).unwrap_err();

    let KeyError::Foreign { found, wanted, .. } = error else { panic!("{error}") };
    assert_eq!((found, wanted), (WORKSPACE, other));
    assert_eq!(keys.check_fits(genesis(1).first_key).unwrap_err().code(), "key-not-of-workspace");
}

#[test]
fn a_key_shows_no_secret_when_it_is_printed_for_debugging() {
    let keys = keys();
    let secret = "01".repeat(32);

    assert!(!format!("{keys:?}").contains(&secret));
}

#[test]
fn the_file_lies_in_the_configuration_folder() {
    let file = |config: Option<&str>, home: Option<&str>| {
        key_file(config.map(OsStr::new), home.map(OsStr::new), WORKSPACE)
    };
    let name = format!("markerbed/{WORKSPACE}.key");

    assert_eq!(file(Some("/c"), Some("/h")).unwrap(), Path::new("/c").join(&name));
    assert_eq!(file(None, Some("/h")).unwrap(), Path::new("/h/.config").join(&name));
    assert_eq!(file(Some("relative"), Some("/h")).unwrap(), Path::new("/h/.config").join(&name));
    assert_eq!(file(Some(""), Some("")).unwrap_err().code(), "no-configuration-folder");
    assert_eq!(file(None, None).unwrap_err().code(), "no-configuration-folder");
}

#[test]
fn random_bytes_are_not_twice_the_same() {
    assert_ne!(random_bytes::<32>().unwrap(), random_bytes::<32>().unwrap());
}

fn keys() -> Keys {
    Keys::from_random(&[1; 32], Id16::from_bytes([0xa5; 16]))
}

fn scratch() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made").join("test.key");
    (folder, path)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn hex(digits: &str) -> [u8; 32] {
    *digits.parse::<PublicKey>().unwrap().as_bytes()
}
