//! Replays the ledger from its genesis, and compares it with the rows derived from it.

use std::{collections::BTreeMap, iter::Peekable, mem};

use bytes::Bytes;
use markerbed_core::{
    Object, ObjectId, SnapshotId, StateId,
    codec::Canonical,
    ledger::{LedgerEntry, Operation},
    tree::Snapshot,
};
use markerbed_engine::{CallError, Replay};
use markerbed_workspace::{
    WorkspaceError,
    rows::{self, Tip},
};

use super::{
    CheckFault, CheckedItem, Run,
    fetch::{self, Fetched},
};
use crate::store::{RequestKey, RowRange, limits::ANSWER_ITEMS_MAX};

/// What the entries give, but for the state.
#[derive(Default)]
pub(super) struct Replayed {
    pub(super) tip: Tip,
    /// The snapshots that entries commit, in order, whether or not the entries follow from each
    /// other.
    pub(super) snapshots: Vec<SnapshotId>,
    /// The states that entries record.
    pub(super) states: Vec<StateId>,
    rows: BTreeMap<Bytes, Bytes>,
    /// An entry did not follow: nothing after it was replayed.
    is_broken: bool,
    /// Rows that say what a snapshot holds cannot be told, since one is missing.
    is_unsure: bool,
}

/// An entry as it was read, and as it was decoded if it could be.
struct Read {
    number: u64,
    bytes: Bytes,
    entry: Option<LedgerEntry>,
}

impl Run<'_> {
    /// Reads every entry and replays them as far as they follow from each other.
    pub(super) async fn replay(
        &mut self,
        state: &mut dyn Replay,
    ) -> Result<Replayed, WorkspaceError> {
        let mut replayed = Replayed::default();
        let newest = self.workspace.store().number(self.workspace.id()).await?;
        let end = newest.map_or(0, |newest| newest.saturating_add(1));
        let mut number = 0;
        while number < end {
            let stop = end.min(number.saturating_add(ENTRIES_AT_ONCE));
            let item = CheckedItem::Entry(number);
            match fetch::fetch_some_entries(self.workspace, number, stop).await? {
                Fetched::Whole(entries) => {
                    let read =
                        (number..stop).zip(entries).map(|(number, bytes)| self.read(number, bytes));
                    let read: Vec<Read> = read.collect();
                    number = number.saturating_add(read.len() as u64);
                    self.progress.advance(read.len() as u64, 0);
                    self.check_requests(&read).await?;
                    self.replay_some(read, state, &mut replayed).await?;
                    continue;
                }
                Fetched::Missing => {
                    self.findings.add(CheckFault::MissingEntry, item, "it is missing");
                }
                Fetched::Damaged(why) => self.findings.add(CheckFault::BadEntry, item, why),
            }
            replayed.is_broken = true;
            number = number.saturating_add(1);
        }
        Ok(replayed)
    }

    /// Compares the derived rows with those that the entries give, and looks nothing up in them.
    pub(super) async fn check_rows(
        &mut self,
        replayed: &mut Replayed,
    ) -> Result<(), WorkspaceError> {
        if replayed.is_broken {
            // What the rows should say cannot be told; the break itself was found.
            return Ok(());
        }
        let is_told = |key: &Bytes| !replayed.is_unsure || !rows::is_of_what_a_snapshot_holds(key);
        let expected = mem::take(&mut replayed.rows);
        let mut expected = expected.into_iter().filter(|(key, _)| is_told(key)).peekable();
        let mut range = RowRange { prefix: rows::PREFIX.into(), after: None };
        loop {
            let store = self.workspace.store();
            let found = store.range_rows(self.workspace.id(), &range, ANSWER_ITEMS_MAX).await?;
            let Some((last, _)) = found.last() else { break };
            range.after = Some(last.clone());
            for (key, value) in found.into_iter().filter(|(key, _)| is_told(key)) {
                self.check_row(key, &value, &mut expected);
            }
        }
        for (key, _) in expected {
            self.findings.add(CheckFault::MissingRow, CheckedItem::Row(key), MISSING_ROW);
        }
        Ok(())
    }

    fn read(&mut self, number: u64, bytes: Bytes) -> Read {
        let entry = match LedgerEntry::decode(&bytes) {
            Ok(entry) => Some(entry),
            Err(error) => {
                let item = CheckedItem::Entry(number);
                self.findings.add(CheckFault::BadEntry, item, error.to_string());
                None
            }
        };
        Read { number, bytes, entry }
    }

    async fn replay_some(
        &mut self,
        read: Vec<Read>,
        state: &mut dyn Replay,
        replayed: &mut Replayed,
    ) -> Result<(), WorkspaceError> {
        let ids: Vec<ObjectId> = read.iter().filter_map(Read::commits).map(Into::into).collect();
        let mut fetched = self.fetch_many(&ids).await?.into_iter();
        for read in read {
            let mut snapshot = None;
            if let Some(id) = read.commits() {
                let fetched = fetched.next().unwrap_or(Fetched::Missing);
                let object = self.findings.take_object(id.into(), fetched);
                snapshot = object.as_ref().and_then(Object::as_snapshot).cloned();
                replayed.is_unsure |= snapshot.is_none();
                replayed.snapshots.push(id);
            }
            if let Some(Operation::State(id)) = read.entry.as_ref().map(|entry| &entry.operation) {
                replayed.states.push(*id);
            }
            if let Some(why) = replayed.apply(&read, snapshot.as_ref(), state).await? {
                self.findings.add(CheckFault::WrongEntry, CheckedItem::Entry(read.number), why);
            }
        }
        Ok(())
    }

    /// Each request must lead to its entry, or doing it again would do it twice.
    async fn check_requests(&mut self, read: &[Read]) -> Result<(), WorkspaceError> {
        let decoded = read.iter().filter_map(|read| Some((read.number, read.entry.as_ref()?)));
        let (numbers, requests): (Vec<u64>, Vec<RequestKey>) = decoded
            .map(|(number, entry)| {
                (number, RequestKey { agent: entry.agent, request: entry.request })
            })
            .unzip();
        let store = self.workspace.store();
        let found = store.find_requests(self.workspace.id(), &requests).await?;
        for (number, found) in numbers.into_iter().zip(found) {
            let why = match found {
                Some(found) if found == number => continue,
                Some(found) => format!("its request leads to entry {found}"),
                None => "its request leads nowhere".to_owned(),
            };
            self.findings.add(CheckFault::WrongEntry, CheckedItem::Entry(number), why);
        }
        Ok(())
    }

    fn check_row(
        &mut self,
        key: Bytes,
        value: &Bytes,
        expected: &mut Peekable<impl Iterator<Item = (Bytes, Bytes)>>,
    ) {
        while let Some((missing, _)) = expected.next_if(|(wanted, _)| *wanted < key) {
            self.findings.add(CheckFault::MissingRow, CheckedItem::Row(missing), MISSING_ROW);
        }
        let (fault, why) = match expected.next_if(|(wanted, _)| *wanted == key) {
            Some((_, wanted)) if wanted == *value => return,
            Some(_) => (CheckFault::WrongRow, "it is not what the ledger says"),
            None => (CheckFault::SurplusRow, "the ledger does not say it"),
        };
        self.findings.add(fault, CheckedItem::Row(key), why);
    }
}

impl Replayed {
    /// Applies an entry, unless one before it did not follow, and says why it does not follow.
    async fn apply(
        &mut self,
        read: &Read,
        snapshot: Option<&Snapshot>,
        state: &mut dyn Replay,
    ) -> Result<Option<String>, WorkspaceError> {
        if self.is_broken {
            return Ok(None);
        }
        let Some(entry) = &read.entry else {
            // What is wrong with it was found when it was decoded.
            self.is_broken = true;
            return Ok(None);
        };
        match state.apply(vec![read.bytes.clone()]).await {
            Ok(()) => {}
            Err(CallError::Engine(error)) => {
                self.is_broken = true;
                return Ok(Some(format!("{error}; nothing after it was replayed")));
            }
            Err(error) => return Err(error.into()),
        }
        for change in rows::changes_of(entry, &read.bytes, snapshot, &mut self.tip) {
            match change.value {
                Some(value) => self.rows.insert(change.key, value),
                None => self.rows.remove(&change.key),
            };
        }
        Ok(None)
    }
}

impl Read {
    fn commits(&self) -> Option<SnapshotId> {
        match self.entry.as_ref()?.operation {
            Operation::SnapshotCommitted { snapshot, .. } => Some(snapshot),
            _ => None,
        }
    }
}

const MISSING_ROW: &str = "the ledger says it, and it is missing";
const ENTRIES_AT_ONCE: u64 = 1_024;
