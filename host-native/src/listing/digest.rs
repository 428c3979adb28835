//! Reads files and computes their SHA-256, some at a time, in their order.

use std::{collections::VecDeque, mem};

use bytes::Bytes;
use markerbed_core::{
    Error, NodeId, Sha256Digest,
    hash::Sha256Hasher,
    tree::{Child, File, ListedItem, ListingLine, Node, NodeKind},
};

use super::{Digest, Item, content_missing, merge::Stop};
use crate::{
    drive::blocking::wait,
    progress::Progress,
    restore::{Lack, Lacks, Objects},
    store::{Contents, StoreError},
};

/// Gives the line of each item, or says why it has none.
pub(super) struct Digested<'a, I> {
    objects: Objects<'a>,
    contents: &'a dyn Contents,
    progress: &'a dyn Progress,
    items: I,
    ready: VecDeque<Digest>,
}

/// A file whose node was read.
type Found = Result<File, Lacks>;

impl<'a, I: Iterator<Item = Result<Item, Stop>>> Digested<'a, I> {
    pub(super) fn new(
        objects: Objects<'a>,
        contents: &'a dyn Contents,
        progress: &'a dyn Progress,
        items: I,
    ) -> Self {
        Self { objects, contents, progress, items, ready: VecDeque::new() }
    }

    /// Takes some items and makes their lines; false after the last.
    fn fill(&mut self) -> Result<bool, Stop> {
        let items = self.items.by_ref().take(ITEMS_AT_ONCE).collect::<Result<Vec<_>, _>>()?;
        let files: Vec<Child> = items.iter().filter_map(Item::file).collect();
        let found = self.nodes_of(&files)?;
        let mut digests = self.digests(found)?.into_iter();
        for item in items {
            let digest = match item {
                Item::Line(line) => Digest::Line(line),
                Item::Lacking { path, lacks } => Digest::Lacking { path, lacks },
                Item::File { path, id } => match digests.next() {
                    Some(Ok(digest)) => {
                        Digest::Line(ListingLine { path, item: ListedItem::File(digest) })
                    }
                    Some(Err(lacks)) => Digest::Lacking { path, lacks },
                    None => Digest::Lacking { path, lacks: no_file(id) },
                },
            };
            self.ready.push_back(digest);
        }
        Ok(!self.ready.is_empty())
    }

    /// Reads the nodes of files.
    fn nodes_of(&self, files: &[Child]) -> Result<Vec<Found>, StoreError> {
        let nodes = self.objects.nodes(files)?;
        let file = |(child, node): (&Child, Result<_, Lacks>)| {
            node.and_then(|node: Node| node.as_file().copied().ok_or_else(|| no_file(child.id)))
        };
        Ok(files.iter().zip(nodes).map(file).collect())
    }

    /// Hashes files: small ones are read many at once, the others piece by piece.
    fn digests(&self, found: Vec<Found>) -> Result<Vec<Result<Sha256Digest, Lacks>>, StoreError> {
        let mut digests = Vec::with_capacity(found.len());
        let mut few = Vec::new();
        let mut few_bytes = 0;
        for found in found {
            match found {
                Ok(file) if file.size_bytes() <= SMALL_BYTES_MAX => {
                    few_bytes += file.size_bytes();
                    few.push(file);
                    if few_bytes >= BYTES_AT_ONCE {
                        few_bytes = 0;
                        self.hash_few(&mem::take(&mut few), &mut digests)?;
                    }
                }
                other => {
                    few_bytes = 0;
                    self.hash_few(&mem::take(&mut few), &mut digests)?;
                    digests.push(match other {
                        Ok(file) => self.hash_large(&file)?,
                        Err(lacks) => Err(lacks),
                    });
                }
            }
        }
        self.hash_few(&few, &mut digests)?;
        Ok(digests)
    }

    fn hash_few(
        &self,
        files: &[File],
        digests: &mut Vec<Result<Sha256Digest, Lacks>>,
    ) -> Result<(), StoreError> {
        if files.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = files.iter().map(File::content).collect();
        match wait(self.contents.fetch_contents(self.objects.workspace, &ids)) {
            Ok(fetched) => {
                for (file, bytes) in files.iter().zip(fetched) {
                    let digest = bytes.map(|bytes| sha256(&bytes));
                    self.progress.advance(1, file.size_bytes());
                    digests.push(digest.ok_or_else(|| content_missing(file.content())));
                }
            }
            // One of them is damaged: each is read by itself.
            Err(StoreError::Damaged { .. }) => {
                for file in files {
                    digests.push(self.hash_large(file)?);
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn hash_large(&self, file: &File) -> Result<Result<Sha256Digest, Lacks>, StoreError> {
        let read = || {
            let opened = self.contents.open_content(self.objects.workspace, file.content());
            let Some(mut content) = wait(opened)? else { return Ok(None) };
            let mut hasher = Sha256Hasher::default();
            while let Some(piece) = wait(content.next())? {
                hasher.update(&piece);
                self.progress.advance(0, piece.len() as u64);
            }
            Ok(Some(hasher.finish()))
        };
        self.progress.advance(1, 0);
        match read() {
            Ok(Some(digest)) => Ok(Ok(digest)),
            Ok(None) => Ok(Err(content_missing(file.content()))),
            Err(error @ StoreError::Damaged { .. }) => {
                Ok(Err(Lacks { why: Lack::Damaged, error: error.into() }))
            }
            Err(error) => Err(error),
        }
    }
}

impl<I: Iterator<Item = Result<Item, Stop>>> Iterator for Digested<'_, I> {
    type Item = Result<Digest, Stop>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty()
            && let Err(stop) = self.fill()
        {
            return Some(Err(stop));
        }
        self.ready.pop_front().map(Ok)
    }
}

impl Item {
    /// The file that must be read for it, if one must.
    fn file(&self) -> Option<Child> {
        match self {
            Self::File { id, .. } => Some(Child { kind: NodeKind::File, id: *id }),
            _ => None,
        }
    }
}

fn sha256(bytes: &Bytes) -> Sha256Digest {
    let mut hasher = Sha256Hasher::default();
    hasher.update(bytes);
    hasher.finish()
}

/// What a directory calls a file is none.
fn no_file(id: NodeId) -> Lacks {
    let error = Error::MissingObject { id: id.into() }.into();
    Lacks { why: Lack::Damaged, error }
}

/// How many items are looked at together.
const ITEMS_AT_ONCE: usize = 1_024;
/// How many bytes of small files are in memory together, and one more.
const BYTES_AT_ONCE: u64 = 4 << 20;
/// Larger files are read piece by piece.
const SMALL_BYTES_MAX: u64 = 1 << 20;
