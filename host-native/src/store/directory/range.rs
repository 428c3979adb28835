//! Rows in order: those in memory merged with those of the index files, the newest change of each.

use std::{collections::VecDeque, ops::Bound, sync::Arc};

use bytes::Bytes;
use markerbed_core::WorkspaceId;

use super::{Shared, index_file::IndexFile, layout::Position, line::Line, pack_index::RowPlace};
use crate::store::{RowRange, StoreError, StoredItem};

impl Shared {
    /// The first `limit` rows of `range`, ascending.
    pub(super) fn rows(
        &self,
        workspace: WorkspaceId,
        range: &RowRange,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        let mut rows = Vec::new();
        let mut start = match &range.after {
            Some(after) if *after >= range.prefix => Bound::Excluded(after.clone()),
            _ => Bound::Included(range.prefix.clone()),
        };
        while rows.len() < limit {
            let wanted = limit - rows.len();
            let mut merge = self.begin_merge(workspace, start, &range.prefix, wanted)?;
            while rows.len() < limit
                && let Some((key, change)) = merge.next()?
            {
                if let Some(value) = merge.value(&key, change)? {
                    rows.push((key, value));
                }
            }
            // More is in memory than was copied.
            let Some(known_to) = merge.known_to else { break };
            start = Bound::Excluded(known_to);
        }
        Ok(rows)
    }

    fn begin_merge(
        &self,
        workspace: WorkspaceId,
        start: Bound<Bytes>,
        prefix: &Bytes,
        wanted: usize,
    ) -> Result<Merge<'_>, StoreError> {
        let index = self.index();
        let from = start.as_ref().map(|start| &**start);
        let mut sources = Vec::new();
        let mut known_to: Option<Bytes> = None;
        for (pack, kept) in index.packs() {
            let (rows, last) = copied(pack, kept.rows(workspace, from, prefix), wanted);
            known_to = [known_to, last].into_iter().flatten().min();
            sources.push(Source { pack, rows, file: None });
        }
        let files = index.files();
        drop(index);
        let mut merge =
            Merge { shared: self, workspace, prefix: prefix.clone(), sources, known_to };
        for file in files.iter().filter(|file| file.row_count(workspace) > 0) {
            let next = merge.first_of(file, from)?;
            let pack = file.covered().pack;
            let file = Some((file.clone(), next));
            merge.sources.push(Source { pack, rows: VecDeque::new(), file });
        }
        // Newest first; of one pack, memory has what the index file does not.
        merge.sources.sort_by_key(|source| (std::cmp::Reverse(source.pack), source.file.is_some()));
        for at in 0..merge.sources.len() {
            merge.fill(at)?;
        }
        Ok(merge)
    }
}

/// Copies changes until `wanted` rows are among them; says at which key it stopped before the end.
fn copied<'a>(
    pack: u32,
    changes: impl Iterator<Item = (&'a [u8], RowPlace)>,
    wanted: usize,
) -> (VecDeque<(Bytes, Change)>, Option<Bytes>) {
    let mut rows = VecDeque::new();
    let mut live = 0;
    let mut changes = changes.peekable();
    while let Some((key, place)) = changes.next() {
        rows.push_back((Bytes::copy_from_slice(key), Change::Held(pack, place)));
        live += usize::from(!place.is_deleted);
        if live >= wanted && changes.peek().is_some() {
            return (rows, Some(Bytes::copy_from_slice(key)));
        }
    }
    (rows, None)
}

/// A merge of changes, the newest first where they are of one row.
struct Merge<'a> {
    shared: &'a Shared,
    workspace: WorkspaceId,
    prefix: Bytes,
    /// The newest first.
    sources: Vec<Source>,
    /// What is in memory is known up to this key; `None` if it is known to the end.
    known_to: Option<Bytes>,
}

struct Source {
    pack: u32,
    /// The next changes, ascending; of an index file at most one.
    rows: VecDeque<(Bytes, Change)>,
    /// The index file and which of its rows comes next.
    file: Option<(Arc<IndexFile>, u64)>,
}

/// What became of a row.
enum Change {
    /// It is known where in which pack.
    Held(u32, RowPlace),
    Read(Option<Bytes>),
}

impl Merge<'_> {
    /// The next row with its newest change; `None` where knowledge ends.
    fn next(&mut self) -> Result<Option<(Bytes, Change)>, StoreError> {
        let first = self.sources.iter().filter_map(|source| source.rows.front());
        let Some(key) = first.map(|(key, _)| key).min().cloned() else { return Ok(None) };
        if self.known_to.as_ref().is_some_and(|known_to| key > *known_to) {
            return Ok(None);
        }
        let mut newest = None;
        for at in 0..self.sources.len() {
            let Some(source) = self.sources.get_mut(at) else { break };
            if source.rows.front().is_some_and(|(next, _)| *next == key) {
                let change = source.rows.pop_front();
                newest = newest.or(change.map(|(_, change)| change));
                self.fill(at)?;
            }
        }
        Ok(newest.map(|newest| (key, newest)))
    }

    /// The value that a change gave the row; `None` if it deleted it.
    fn value(&self, key: &Bytes, change: Change) -> Result<Option<Bytes>, StoreError> {
        match change {
            Change::Read(value) => Ok(value),
            Change::Held(pack, place) => self.shared.held_row(self.workspace, key, pack, place),
        }
    }

    /// Reads the next row of an index file.
    fn fill(&mut self, at: usize) -> Result<(), StoreError> {
        let Some(source) = self.sources.get(at) else { return Ok(()) };
        let Some((file, next)) = &source.file else { return Ok(()) };
        let next = *next;
        if next >= file.row_count(self.workspace) {
            return Ok(());
        }
        let (key, value) = self.row(file, next, |key, value| {
            (Bytes::copy_from_slice(key), value.map(Bytes::copy_from_slice))
        })?;
        let is_wanted = key.starts_with(&self.prefix);
        if let Some(source) = self.sources.get_mut(at)
            && let Some((_, following)) = &mut source.file
        {
            *following = if is_wanted { next + 1 } else { u64::MAX };
            source.rows.extend(is_wanted.then_some((key, Change::Read(value))));
        }
        Ok(())
    }

    /// Finds the first row of an index file that is not before `start`.
    fn first_of(&self, file: &IndexFile, start: Bound<&[u8]>) -> Result<u64, StoreError> {
        let (mut low, mut high) = (0, file.row_count(self.workspace));
        while low < high {
            let middle = low + (high - low) / 2;
            let is_before = self.row(file, middle, |key, _| match start {
                Bound::Included(start) => key < start,
                Bound::Excluded(start) => key <= start,
                Bound::Unbounded => false,
            })?;
            if is_before {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    fn row<T>(
        &self,
        file: &IndexFile,
        nth: u64,
        read: impl FnOnce(&[u8], Option<&[u8]>) -> T,
    ) -> Result<T, StoreError> {
        let shared = self.shared;
        let offset = shared.of_index(file, file.row_offset(self.workspace, nth))?;
        let at = Position { pack: file.covered().pack, offset: u64::from(offset) };
        let item = StoredItem::Batch(self.workspace);
        let found = shared.with_line(self.workspace, item, at, |line| match line {
            Line::PutRow { key, value } => Some(read(key, Some(value))),
            Line::DeleteRow { key } => Some(read(key, None)),
            _ => None,
        })?;
        let found = Ok(found.ok_or("it leads to something that is no row"));
        shared.of_index(file, found)
    }
}
