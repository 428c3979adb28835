//! Directories made for a test, and what a snapshot says of them.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    process::Command,
};

use markerbed_core::{
    AttributesId, NodeId, WorkspaceId,
    step::Step,
    tree::{Attribute, Gap, GapReason, NodeBody, NodeKind, Walk, list_attributes},
};
use markerbed_host::{
    drive::blocking::drive,
    progress::Silent,
    snapshot::{SnapOptions, StoreSink, Taken, take},
    store::MemoryStore,
};

pub(crate) const WORKSPACE: WorkspaceId = WorkspaceId::from_bytes([7; 32]);

/// A scratch directory that goes away, however deep it became.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("markerbed-test-");
        let directory = match has_room(MEMORY) {
            true => builder.tempdir_in(MEMORY),
            false => builder.tempdir(),
        };
        Self(directory.unwrap().keep())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The path of something in it.
    pub(crate) fn at(&self, name: impl AsRef<[u8]>) -> PathBuf {
        self.0.join(OsStr::from_bytes(name.as_ref()))
    }

    /// Makes a file, and the directories above it.
    pub(crate) fn file(&self, name: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    pub(crate) fn directory(&self, name: impl AsRef<[u8]>) -> &Self {
        fs::create_dir_all(self.at(name)).unwrap();
        self
    }

    pub(crate) fn link(&self, name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> &Self {
        symlink(OsStr::from_bytes(target.as_ref()), self.at(name)).unwrap();
        self
    }

    pub(crate) fn mode(&self, name: impl AsRef<[u8]>, mode: u32) -> &Self {
        fs::set_permissions(self.at(name), fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// Takes it in, with the rules as they are by default.
    pub(crate) fn take(&self) -> Recorded {
        Recorded::of(self.path(), &SnapOptions::default())
    }
}

/// A file system in memory: taking thousands of synced files away again is slow on a disk.
const MEMORY: &str = "/dev/shm";

fn has_room(path: &str) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|room| room.f_bavail * room.f_frsize >= 1 << 30)
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The standard library would hold a handle for each level.
        let _ = Command::new("chmod").args(["-R", "u+rwx"]).arg(&self.0).output();
        let _ = Command::new("rm").arg("-rf").arg(&self.0).status();
    }
}

/// A snapshot in a store of its own.
pub(crate) struct Recorded {
    pub(crate) store: MemoryStore,
    pub(crate) taken: Taken,
}

impl Recorded {
    pub(crate) fn of(path: &Path, options: &SnapOptions) -> Self {
        let store = MemoryStore::default();
        let taken = take(path, options, &StoreSink::new(&store, WORKSPACE), &Silent).unwrap();
        Self { store, taken }
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.taken.gaps.is_empty()
    }

    /// Every path below the root, as a line that says what is there.
    pub(crate) fn lines(&self) -> BTreeMap<Vec<u8>, String> {
        lines(&self.store, self.taken.root)
    }

    /// Every path below the root, in order, where a wrong byte shows as `\xHH`.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.lines().keys().map(|path| path.escape_ascii().to_string()).collect()
    }

    pub(crate) fn gaps(&self) -> Vec<(String, GapReason, u32)> {
        let gap = |gap: &Gap| (gap.path.escape_ascii().to_string(), gap.reason, gap.attempts);
        self.taken.gaps.iter().map(gap).collect()
    }
}

/// Every path below a stored root, as a line that says what is there.
pub(crate) fn lines(store: &MemoryStore, root: NodeId) -> BTreeMap<Vec<u8>, String> {
    let mut walk = Walk::new(root);
    let mut found = BTreeMap::new();
    while !walk.is_done() {
        let step = Step::start(|io| async move { walk.advance(&io, 1_000).await }).unwrap();
        let (next, walked) = drive(step, store, WORKSPACE).unwrap();
        walk = next;
        for walked in walked {
            let line = match walked.node.body() {
                NodeBody::File(file) => {
                    let kind = if file.is_executable() { "program" } else { "file" };
                    format!("{kind} {} {}", file.size_bytes(), file.content())
                }
                NodeBody::Symlink(link) => format!("-> {}", link.target().escape_ascii()),
                NodeBody::Directory(_) => NodeKind::Directory.word().to_owned(),
            };
            let path = walked.trail.to_path();
            if !path.is_root() {
                found.insert(path.as_bytes().to_vec(), line);
            }
        }
    }
    found
}

/// The own attributes of every path that has any, the root too; each must be stored.
pub(crate) fn attributes(
    store: &MemoryStore,
    root: AttributesId,
) -> BTreeMap<Vec<u8>, Vec<Attribute>> {
    let mut open = vec![(Vec::new(), root)];
    let mut found = BTreeMap::new();
    while let Some((path, id)) = open.pop() {
        let step = Step::start(|io| async move {
            let attributes = io.fetch_attributes(id).await?;
            let children = list_attributes(&io, &attributes, b"", u64::MAX).await?;
            Ok((attributes, children))
        });
        let (attributes, children) = drive(step.unwrap(), store, WORKSPACE).unwrap();
        for (name, id) in children {
            let slash: &[u8] = if path.is_empty() { b"" } else { b"/" };
            open.push(([&path, slash, name.as_bytes()].concat(), id));
        }
        found.insert(path, attributes.own().to_vec());
    }
    found
}

/// Sets an extended attribute; tells whether the file system has such.
pub(crate) fn set_extended(path: &Path, name: &str, value: &[u8]) -> bool {
    use rustix::{fs::XattrFlags, io::Errno};
    match rustix::fs::setxattr(path, name, value, XattrFlags::empty()) {
        Ok(()) => true,
        Err(Errno::OPNOTSUPP) => false,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

/// Does something as a user whom the system refuses things, on a thread of its own.
///
/// Root, to whom it refuses nothing, becomes another user on that thread and those it starts.
pub(crate) fn as_nobody<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    use rustix::thread::{Gid, Uid, set_thread_gid, set_thread_groups, set_thread_uid};
    let is_root = rustix::process::geteuid().is_root();
    std::thread::scope(|scope| {
        let work = scope.spawn(move || {
            if is_root {
                set_thread_groups(&[]).unwrap();
                set_thread_gid(Gid::from_raw(NOBODY)).unwrap();
                set_thread_uid(Uid::from_raw(NOBODY)).unwrap();
            }
            work()
        });
        work.join().unwrap()
    })
}

const NOBODY: u32 = 65_534;
