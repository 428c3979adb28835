//! Judges what is recorded: each content as it comes, then each path.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use markerbed_core::{
    ContentId, ObjectId,
    hash::content_id,
    step::Step,
    tree::{GapReason, NodeBody, Walk},
};
use markerbed_host::{
    drive::blocking::drive,
    snapshot::{PieceSink, Sink, StoreSink, Taken},
    store::{MemoryStore, StoreError, Written},
};

use crate::{
    mutate::{Group, OUTSIDE, group_of},
    trees::WORKSPACE,
    version::Content,
};

/// A sink that keeps objects, and of contents only what they are.
pub(crate) struct Judge<'a> {
    store: &'a MemoryStore,
    objects: StoreSink<'a>,
    contents: Mutex<HashMap<ContentId, Content>>,
    /// How many contents came.
    pub(crate) read: AtomicU64,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(store: &'a MemoryStore) -> Self {
        let objects = StoreSink::new(store, WORKSPACE);
        Self { store, objects, contents: Mutex::default(), read: AtomicU64::new(0) }
    }

    fn take(&self, bytes: &[u8]) -> ContentId {
        self.read.fetch_add(1, Ordering::Relaxed);
        let (id, content) = (content_id(bytes), Content::of(bytes));
        self.contents.lock().unwrap_or_else(PoisonError::into_inner).insert(id, content);
        id
    }
}

impl Sink for Judge<'_> {
    fn put_contents(&self, contents: &[Bytes]) -> Result<Vec<ContentId>, StoreError> {
        Ok(contents.iter().map(|content| self.take(content)).collect())
    }

    fn write_content(&self) -> Result<Box<dyn PieceSink + '_>, StoreError> {
        Ok(Box::new(Pieces { judge: self, bytes: Vec::new() }))
    }

    fn put_objects(&self, objects: Vec<(ObjectId, Bytes)>) -> Result<(), StoreError> {
        self.objects.put_objects(objects)
    }

    fn keeps_contents(&self) -> bool {
        true
    }

    fn has_contents(&self, ids: &[ContentId]) -> Result<Vec<bool>, StoreError> {
        let contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(ids.iter().map(|id| contents.contains_key(id)).collect())
    }
}

struct Pieces<'a> {
    judge: &'a Judge<'a>,
    bytes: Vec<u8>,
}

impl PieceSink for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Written, StoreError> {
        let bytes = self.bytes.len() as u64;
        Ok(Written { id: self.judge.take(&self.bytes), bytes })
    }
}

/// Checks everything that was recorded; how many files that were.
///
/// `least` are the versions that were whole before the tree was taken in, `most` those that were
/// begun when it was.
pub(crate) fn check(judge: &Judge<'_>, taken: &Taken, least: &[u64], most: &[u64]) -> u64 {
    for gap in &taken.gaps {
        let path = gap.path.escape_ascii();
        assert!(group_of(&gap.path).is_some(), "{path} never was");
        let expected = [GapReason::Changed, GapReason::Fifo];
        assert!(expected.contains(&gap.reason), "{path}: {:?}", gap.reason);
    }
    let contents = judge.contents.lock().unwrap();
    let mut homes: HashMap<Vec<u8>, u32> = HashMap::new();
    let mut files = 0;
    let mut walk = Walk::new(taken.root);
    while !walk.is_done() {
        let step = Step::start(|io| async move { walk.advance(&io, 1_000).await }).unwrap();
        let (next, walked) = drive(step, judge.store, WORKSPACE).unwrap();
        walk = next;
        for walked in walked {
            let path = walked.trail.to_path();
            if path.is_root() {
                continue;
            }
            let path = path.as_bytes();
            let said = path.escape_ascii();
            let group = group_of(path).unwrap_or_else(|| panic!("{said} never was"));
            match walked.node.body() {
                NodeBody::Directory(_) => {
                    assert!(group.may_be_directory, "{said} never was a directory");
                }
                NodeBody::Symlink(link) => {
                    let is_known = group.may_be_link && link.target().starts_with(OUTSIDE);
                    assert!(is_known, "{said} never led to {}", link.target().escape_ascii());
                }
                NodeBody::File(file) => {
                    files += 1;
                    let content = contents[&file.content()];
                    check_file(path, &group, content, (least, most));
                    check_home(path, &group, content, &mut homes);
                }
            }
        }
    }
    files
}

fn check_file(path: &[u8], group: &Group, content: Content, (least, most): (&[u64], &[u64])) {
    let said = path.escape_ascii();
    let version = match content {
        Content::Whole(version) => version,
        Content::Empty if group.may_be_empty => return,
        other => panic!("{said} never held that: {other:?}"),
    };
    assert!(group.files.contains(&version.file), "{said} never held file {}", version.file);
    let at = version.file as usize;
    let is_current = least[at] <= version.number && version.number <= most[at];
    assert!(is_current, "{said}: {version:?} was not there, but {}..={}", least[at], most[at]);
}

/// Directories that change places are whole, each with its own files.
fn check_home(path: &[u8], group: &Group, content: Content, homes: &mut HashMap<Vec<u8>, u32>) {
    let (Some(home_bytes), Content::Whole(version)) = (group.home_bytes, content) else { return };
    let home = path[..home_bytes].to_vec();
    let of_file = group.home_of(version.file);
    let first = *homes.entry(home).or_insert(of_file);
    assert_eq!(first, of_file, "{} is of another directory", path.escape_ascii());
}
