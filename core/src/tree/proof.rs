//! A file that shows that a path is, or is not, in a tree (`docs/spec/tree-proofs.md`).

use alloc::vec::Vec;

use super::{directory::Child, node::Node, path::Path, snapshot::Snapshot};
use crate::{
    codec::{
        Canonical, Reader, put_byte, put_bytes, put_fixed, put_format, put_option, put_u32, put_u64,
    },
    error::{Error, Fault},
    id::{NodeId, SnapshotId},
    limits::{KEY_PROOF_PAGES_MAX, PROOF_BYTES_MAX},
    map::{MapKind, verify_blind, verify_full},
    object::ObjectId,
};

/// Shows that a path is, or is not, in a tree; it stands by itself.
///
/// A decoded proof says nothing until it is verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TreeProof {
    grade: Grade,
    snapshot: Option<Vec<u8>>,
    root: NodeId,
    path: Path,
    steps: Steps,
    end: Option<Vec<u8>>,
}

/// How much a proof shows besides its path. The numbers are hashed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Grade {
    /// Whole pages: neighbours' names too, so absence can be shown.
    Full = 1,
    /// Partial pages: no neighbour's name, so a path is only *contained*.
    Blind = 2,
}

/// What is known from outside, to judge a proof by (TREE-6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expectation {
    /// Nothing: the proof can only agree with itself.
    Nothing,
    /// The root of the tree.
    Root(NodeId),
    /// The snapshot.
    Snapshot(SnapshotId),
}

/// What a proof turned out to be (TREE-6).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It shows its claim, in the tree that was expected.
    Verified(TreeClaim),
    /// It agrees with itself; nobody said what to compare it with.
    Consistent(TreeClaim),
    /// It shows its claim, in another tree than the one expected.
    Differs(TreeClaim),
    /// It shows nothing.
    Broken(Error),
}

/// What a proof shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TreeClaim {
    /// The root of the tree.
    pub root: NodeId,
    /// The snapshot, if the proof brings one and nothing but it was expected.
    pub snapshot: Option<SnapshotId>,
    /// Where.
    pub path: Path,
    /// What is there.
    pub found: Finding,
}

/// What is at a path; counts and sizes are as the author states them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Finding {
    /// This node, and no other.
    Present {
        /// Its id.
        id: NodeId,
        /// What it is.
        node: Node,
    },
    /// This node; a blind proof cannot exclude another one.
    Contained {
        /// Its id.
        id: NodeId,
        /// What it is.
        node: Node,
    },
    /// Nothing.
    Absent,
}

/// Steps as they stand in the file: what is small there stays small here (ENC-9).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Steps {
    count: u32,
    bytes: Vec<u8>,
}

impl TreeProof {
    /// A proof that was just made.
    pub(super) const fn new(
        grade: Grade,
        snapshot: Option<Vec<u8>>,
        root: NodeId,
        path: Path,
        steps: Steps,
        end: Option<Vec<u8>>,
    ) -> Self {
        Self { grade, snapshot, root, path, steps, end }
    }

    /// How much it shows besides its path.
    pub const fn grade(&self) -> Grade {
        self.grade
    }

    /// Judges the bytes of a proof file.
    pub fn verify(bytes: &[u8], expectation: Expectation) -> Verdict {
        match Self::decode(bytes).and_then(|proof| proof.check()) {
            Ok(claim) => claim.judge(expectation),
            Err(error) => Verdict::Broken(error),
        }
    }

    /// Checks everything but whether it is the tree that someone expects (TREE-2 to TREE-5).
    ///
    /// # Errors
    ///
    /// The first rule that is broken.
    pub fn check(&self) -> Result<TreeClaim, Error> {
        let snapshot = self.check_snapshot()?;
        let found = match &self.end {
            Some(end) => self.check_present(end)?,
            None => self.check_absent()?,
        };
        Ok(TreeClaim { root: self.root, snapshot, path: self.path.clone(), found })
    }

    /// TREE-2.
    fn check_snapshot(&self) -> Result<Option<SnapshotId>, Error> {
        let Some(bytes) = &self.snapshot else { return Ok(None) };
        let snapshot = Snapshot::decode(bytes)?;
        if snapshot.root == self.root { Ok(Some(snapshot.id())) } else { Err(Error::RootMismatch) }
    }

    /// TREE-3.
    fn check_present(&self, end: &[u8]) -> Result<Finding, Error> {
        if self.steps.count != self.path.depth() {
            return Err(Error::BadProof);
        }
        let mut reader = Reader::new(&self.steps.bytes);
        let mut expected = Expected::root(self.root);
        for name in self.path.names() {
            expected = self.follow(&expected, &Step::take(&mut reader)?, name)?;
        }
        let (id, node) = (expected.id, expected.accept(end)?);
        Ok(match self.grade {
            Grade::Full => Finding::Present { id, node },
            Grade::Blind => Finding::Contained { id, node },
        })
    }

    /// TREE-4.
    fn check_absent(&self) -> Result<Finding, Error> {
        let last = self.steps.count.checked_sub(1).filter(|_| self.grade == Grade::Full);
        let last = last.ok_or(Error::BadProof)?;
        let mut reader = Reader::new(&self.steps.bytes);
        let mut expected = Expected::root(self.root);
        for (index, name) in (0..=last).zip(self.path.names()) {
            let step = Step::take(&mut reader)?;
            if index < last {
                expected = self.follow(&expected, &step, name)?;
                continue;
            }
            let node = expected.accept(step.node)?;
            let is_nothing_there = match node.as_directory() {
                Some(directory) => {
                    verify_full(directory.children(), MapKind::Directory, name, name, &step.pages)?
                        .is_empty()
                }
                None => step.pages.is_empty(),
            };
            if !is_nothing_there {
                return Err(Error::BadProof);
            }
        }
        Ok(Finding::Absent)
    }

    /// Goes from the node of a step to its child `name`.
    fn follow(&self, expected: &Expected, step: &Step<'_>, name: &[u8]) -> Result<Expected, Error> {
        let node = expected.accept(step.node)?;
        let map = node.as_directory().ok_or(Error::BadProof)?.children();
        let entry = match self.grade {
            Grade::Full => {
                let found = verify_full(map, MapKind::Directory, name, name, &step.pages)?;
                found.into_iter().next().ok_or(Error::BadProof)?
            }
            Grade::Blind => verify_blind(map, MapKind::Directory, name, &step.pages)?,
        };
        let child = Child::from_value(&entry.value)?;
        Ok(Expected { id: child.id, child: Some(child) })
    }
}

impl TreeClaim {
    /// Compares with what is known from outside (TREE-6).
    ///
    /// A root that is known does not vouch for the snapshot that a proof brings along, so the
    /// claim is then without it.
    pub fn judge(mut self, expectation: Expectation) -> Verdict {
        let is_expected = match expectation {
            Expectation::Nothing => return Verdict::Consistent(self),
            Expectation::Root(root) => {
                self.snapshot = None;
                self.root == root
            }
            Expectation::Snapshot(snapshot) => self.snapshot == Some(snapshot),
        };
        if is_expected { Verdict::Verified(self) } else { Verdict::Differs(self) }
    }
}

impl Canonical for TreeProof {
    const BYTES_MAX: u32 = PROOF_BYTES_MAX;

    fn put(&self, out: &mut Vec<u8>) {
        put_fixed(out, MAGIC);
        put_format(out);
        put_byte(out, self.grade as u8);
        put_option(out, self.snapshot.as_ref(), |out, bytes| put_bytes(out, bytes));
        put_fixed(out, self.root.as_bytes());
        self.path.put(out);
        put_u32(out, self.steps.count);
        put_fixed(out, &self.steps.bytes);
        put_option(out, self.end.as_ref(), |out, bytes| put_bytes(out, bytes));
    }

    fn take(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let start = reader.at();
        if reader.take_fixed::<{ MAGIC.len() }>()? != *MAGIC {
            return reader.fault(Fault::UnsupportedFormat, start);
        }
        reader.take_format()?;
        let start = reader.at();
        let grade = match reader.take_byte()? {
            1 => Grade::Full,
            2 => Grade::Blind,
            _ => return reader.fault(Fault::UnsupportedFormat, start),
        };
        let snapshot = reader.take_option(take_any_bytes)?.map(<[u8]>::to_vec);
        let root = NodeId::from_bytes(reader.take_fixed()?);
        let path = Path::take(reader)?;
        let steps = Steps::take(reader, path.depth())?;
        let end = reader.take_option(take_any_bytes)?.map(<[u8]>::to_vec);
        Ok(Self { grade, snapshot, root, path, steps, end })
    }
}

impl Steps {
    /// Adds the next step.
    pub(super) fn push(&mut self, node: &[u8], pages: &[Vec<u8>]) {
        self.count += 1;
        put_bytes(&mut self.bytes, node);
        put_u64(&mut self.bytes, pages.len() as u64);
        pages.iter().for_each(|page| put_bytes(&mut self.bytes, page));
    }

    fn take(reader: &mut Reader<'_>, count_max: u32) -> Result<Self, Error> {
        let count = reader.take_u32_in(0..=count_max)?;
        let mut bytes = Vec::new();
        for _ in 0..count {
            put_bytes(&mut bytes, take_any_bytes(reader)?);
            let pages = reader.take_u32()?;
            put_u32(&mut bytes, pages);
            for _ in 0..pages {
                put_bytes(&mut bytes, take_any_bytes(reader)?);
            }
        }
        Ok(Self { count, bytes })
    }
}

/// One step, as it is used.
struct Step<'a> {
    node: &'a [u8],
    pages: Vec<&'a [u8]>,
}

impl<'a> Step<'a> {
    fn take(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let node = take_any_bytes(reader)?;
        let mut pages = Vec::new();
        for _ in 0..reader.take_u32()? {
            let page = take_any_bytes(reader)?;
            // One page too many is as bad as a million.
            if pages.len() <= KEY_PROOF_PAGES_MAX {
                pages.push(page);
            }
        }
        Ok(Self { node, pages })
    }
}

/// What the node of the next step must be.
struct Expected {
    id: NodeId,
    /// What the directory above says; nothing for the root.
    child: Option<Child>,
}

impl Expected {
    const fn root(id: NodeId) -> Self {
        Self { id, child: None }
    }

    /// Decodes a node and checks that it is the one expected.
    fn accept(&self, bytes: &[u8]) -> Result<Node, Error> {
        let node = Node::decode(bytes)?;
        if node.id() != self.id {
            return Err(Error::HashMismatch { wanted: ObjectId::from(self.id) });
        }
        self.child.map_or(Ok(()), |child| child.check(&node))?;
        Ok(node)
    }
}

/// Takes `bytes` of any length: what they are is found when they are used (TREE-1).
fn take_any_bytes<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Error> {
    reader.take_bytes(0..=u32::MAX)
}

const MAGIC: &[u8; 16] = b"markerbed-proof\n";
