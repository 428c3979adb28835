//! Files, symlinks and directories, sealed or not (`docs/spec/nodes.md`).

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroize;

use super::kind::NodeKind;
use crate::{
    codec::{Canonical, Reader, put_bool, put_byte, put_bytes, put_fixed, put_u64},
    error::{Error, Fault},
    hash::{Context, derive_key},
    id::{ContentId, MapId, NodeId, Salt},
    limits::{FILE_BYTES_MAX, OBJECT_BYTES_MAX, TARGET_BYTES_MAX},
    map::{MapKind, empty_map_id},
};

/// A file, symlink or directory, named by what it holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    salt: Option<Salt>,
    body: NodeBody,
}

/// What a node holds, its salt apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NodeBody {
    /// Bytes.
    File(File),
    /// A pointer to a path.
    Symlink(Symlink),
    /// Names and nodes.
    Directory(Directory),
}

/// Bytes, and whether they are a program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct File {
    executable: bool,
    size_bytes: u64,
    content: ContentId,
}

/// A pointer to a path, never followed (NODE-3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Symlink {
    target: Vec<u8>,
}

/// A map of names to nodes, and what is below all of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Directory {
    children: MapId,
    below: Counts,
}

/// How much there is, by occurrence and not by id (NODE-5).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Files, symlinks and directories, sealed or not.
    pub nodes: u64,
    /// Files, sealed or not.
    pub files: u64,
    /// Bytes of files that are not sealed and not below a sealed node.
    pub bytes: u64,
}

/// What salts are made with: a host's input that is in no object (SEAL-1).
///
/// Its bytes are wiped when it is dropped.
#[derive(Clone)]
pub struct SealKey([u8; 32]);

impl Node {
    /// The node's id (NODE-1).
    pub fn id(&self) -> NodeId {
        NodeId::from_bytes(derive_key(Context::Node, &[&self.encode()]))
    }

    /// What the node is.
    pub const fn kind(&self) -> NodeKind {
        match (&self.body, &self.salt) {
            (NodeBody::File(_), None) => NodeKind::File,
            (NodeBody::Symlink(_), None) => NodeKind::Symlink,
            (NodeBody::Directory(_), None) => NodeKind::Directory,
            (NodeBody::File(_), Some(_)) => NodeKind::SealedFile,
            (NodeBody::Symlink(_), Some(_)) => NodeKind::SealedSymlink,
            (NodeBody::Directory(_), Some(_)) => NodeKind::SealedDirectory,
        }
    }

    /// What the node holds.
    pub const fn body(&self) -> &NodeBody {
        &self.body
    }

    /// What keeps it from being guessed; none if it is not sealed.
    pub const fn salt(&self) -> Option<Salt> {
        self.salt
    }

    /// The file, sealed or not, if it is one.
    pub const fn as_file(&self) -> Option<&File> {
        if let NodeBody::File(file) = &self.body { Some(file) } else { None }
    }

    /// The symlink, sealed or not, if it is one.
    pub const fn as_symlink(&self) -> Option<&Symlink> {
        if let NodeBody::Symlink(symlink) = &self.body { Some(symlink) } else { None }
    }

    /// The directory, sealed or not, if it is one.
    pub const fn as_directory(&self) -> Option<&Directory> {
        if let NodeBody::Directory(directory) = &self.body { Some(directory) } else { None }
    }

    /// The same item, sealed: with the salt that `key` gives it (SEAL-1).
    ///
    /// What was sealed before is sealed anew. The same item under the same key has the same id.
    #[must_use]
    pub fn seal(&self, key: &SealKey) -> Self {
        let unsalted = Self { salt: Some(ZERO_SALT), body: self.body.clone() };
        let salt = derive_key(Context::SealSalt, &[&key.0, &unsalted.encode()]);
        Self { salt: Some(Salt::from_bytes(salt)), body: unsalted.body }
    }

    /// What this node adds to the counts of its directory (NODE-5).
    ///
    /// # Errors
    ///
    /// [`Error::CountOverflow`].
    pub fn adds(&self) -> Result<Counts, Error> {
        let counts = match &self.body {
            NodeBody::File(file) => Counts { nodes: 1, files: 1, bytes: file.size_bytes },
            NodeBody::Symlink(_) => Counts { nodes: 1, ..Counts::default() },
            NodeBody::Directory(directory) => {
                directory.below.checked_add(Counts { nodes: 1, ..Counts::default() })?
            }
        };
        Ok(if self.salt.is_some() { Counts { bytes: 0, ..counts } } else { counts })
    }
}

impl From<NodeBody> for Node {
    fn from(body: NodeBody) -> Self {
        Self { salt: None, body }
    }
}

impl From<File> for Node {
    fn from(file: File) -> Self {
        NodeBody::File(file).into()
    }
}

impl From<Symlink> for Node {
    fn from(symlink: Symlink) -> Self {
        NodeBody::Symlink(symlink).into()
    }
}

impl From<Directory> for Node {
    fn from(directory: Directory) -> Self {
        NodeBody::Directory(directory).into()
    }
}

impl Canonical for Node {
    const BYTES_MAX: u32 = OBJECT_BYTES_MAX;

    fn put(&self, out: &mut Vec<u8>) {
        put_byte(out, self.kind().number());
        if let Some(salt) = &self.salt {
            put_fixed(out, salt.as_bytes());
        }
        match &self.body {
            NodeBody::File(file) => file.put(out),
            NodeBody::Symlink(symlink) => put_bytes(out, &symlink.target),
            NodeBody::Directory(directory) => directory.put(out),
        }
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let start = reader.at();
        let Some(kind) = NodeKind::from_number(reader.take_byte()?) else {
            return reader.fault(Fault::UnsupportedFormat, start);
        };
        let salt =
            if kind.is_sealed() { Some(Salt::from_bytes(reader.take_fixed()?)) } else { None };
        let body = match kind {
            NodeKind::File | NodeKind::SealedFile => NodeBody::File(File::take(reader)?),
            NodeKind::Symlink | NodeKind::SealedSymlink => {
                NodeBody::Symlink(Symlink::take(reader)?)
            }
            NodeKind::Directory | NodeKind::SealedDirectory => {
                NodeBody::Directory(Directory::take(reader)?)
            }
        };
        Ok(Self { salt, body })
    }

    fn check_whole(&self) -> Result<(), Error> {
        self.as_directory().map_or(Ok(()), Directory::check_counts_are_possible)
    }
}

impl File {
    /// A file of `size_bytes` whose content has this id; who has the bytes knows that both are
    /// true (NODE-3).
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfRange`] for a size above 2⁶³−1 (NODE-2).
    pub const fn new(executable: bool, size_bytes: u64, content: ContentId) -> Result<Self, Error> {
        if size_bytes > FILE_BYTES_MAX {
            return Err(Error::malformed(Fault::OutOfRange));
        }
        Ok(Self { executable, size_bytes, content })
    }

    /// Tells whether the owner may run it.
    pub const fn is_executable(&self) -> bool {
        self.executable
    }

    /// How long the content is.
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The id of the content.
    pub const fn content(&self) -> ContentId {
        self.content
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_bool(out, self.executable);
        put_u64(out, self.size_bytes);
        put_fixed(out, self.content.as_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self {
            executable: reader.take_bool()?,
            size_bytes: reader.take_u64_to(FILE_BYTES_MAX)?,
            content: ContentId::from_bytes(reader.take_fixed()?),
        })
    }
}

impl Symlink {
    /// A symlink that points at `target`, raw.
    ///
    /// # Errors
    ///
    /// [`Fault::BadTarget`] (NODE-2).
    pub fn new(target: &[u8]) -> Result<Self, Error> {
        let fits = (1..=TARGET_BYTES_MAX as usize).contains(&target.len());
        if !fits || target.contains(&0) {
            return Err(Error::malformed(Fault::BadTarget));
        }
        Ok(Self { target: target.to_vec() })
    }

    /// Where it points: raw bytes.
    pub fn target(&self) -> &[u8] {
        &self.target
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let start = reader.at();
        let target = reader.take_bytes_or(1..=TARGET_BYTES_MAX, Fault::BadTarget)?;
        Self::new(target).or_else(|_| reader.fault(Fault::BadTarget, start))
    }
}

impl Directory {
    /// A directory with this map of children and these counts.
    ///
    /// # Errors
    ///
    /// [`Fault::BadCount`] for counts that no directory with this map can have (NODE-7).
    pub fn new(children: MapId, below: Counts) -> Result<Self, Error> {
        let directory = Self { children, below };
        directory.check_counts_are_possible()?;
        Ok(directory)
    }

    /// The map of kind 1: name to kind and id of each child.
    pub const fn children(&self) -> MapId {
        self.children
    }

    /// What is below it, as its author states (NODE-8).
    pub const fn below(&self) -> Counts {
        self.below
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_fixed(out, self.children.as_bytes());
        put_u64(out, self.below.nodes);
        put_u64(out, self.below.files);
        put_u64(out, self.below.bytes);
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self {
            children: MapId::from_bytes(reader.take_fixed()?),
            below: Counts {
                nodes: reader.take_u64()?,
                files: reader.take_u64()?,
                bytes: reader.take_u64()?,
            },
        })
    }

    /// Checks NODE-7.
    fn check_counts_are_possible(&self) -> Result<(), Error> {
        let Counts { nodes, files, bytes } = self.below;
        let is_empty = self.children == empty_map_id(MapKind::Directory);
        let possible = files <= nodes && (nodes == 0) == is_empty && (nodes > 0 || bytes == 0);
        if possible { Ok(()) } else { Err(Error::malformed(Fault::BadCount)) }
    }
}

impl Counts {
    /// The sum (NODE-6).
    ///
    /// # Errors
    ///
    /// [`Error::CountOverflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, Error> {
        let sum = |a: u64, b: u64| a.checked_add(b).ok_or(Error::CountOverflow);
        Ok(Self {
            nodes: sum(self.nodes, other.nodes)?,
            files: sum(self.files, other.files)?,
            bytes: sum(self.bytes, other.bytes)?,
        })
    }
}

impl SealKey {
    /// Takes 32 secret bytes as they are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl Drop for SealKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SealKey {
    /// Shows nothing: it is a secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SealKey(..)")
    }
}

/// Stands in for the salt while the salt is made (SEAL-1).
const ZERO_SALT: Salt = Salt::from_bytes([0; 32]);
