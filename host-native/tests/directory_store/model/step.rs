//! The alphabet: what may happen next, each step with a seed of its own.

use bytes::Bytes;
use markerbed_core::{Id16, WorkspaceId, hash::content_id};
use markerbed_host::{
    drive::blocking::wait,
    store::{
        Batch, Records, RequestKey, RowChange, RowRange, StoredEntry,
        limits::{ROW_KEY_BYTES_MAX, SUBSCRIBER_BYTES_MAX},
    },
};
use markerbed_suites::Random;

use crate::call::Call;

use super::{
    oracle::Oracle,
    pool::{Pool, SUBSCRIBERS, WORKSPACES, row_keys},
};

/// One step. What it does follows from its seed and from what the store holds, so that leaving out
/// one step leaves the others what they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) letter: Letter,
    pub(crate) seed: u64,
}

/// What kind of step.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Letter {
    PutContents,
    PutLarge,
    WriteContent,
    AbandonContent,
    FetchContents,
    ReadContent,
    OpenContent,
    HasContents,
    ContentLengths,
    RemoveContents,
    Flush,
    PutObjects,
    FetchObjects,
    HasObjects,
    Commit,
    CommitRival,
    CommitAgain,
    CommitTaken,
    CommitBad,
    CommitTooLarge,
    /// Two workspaces commit at once.
    CommitTogether,
    FetchRows,
    RangeRows,
    Number,
    FetchEntries,
    FindRequests,
    PutPosition,
    PutPositionTooLong,
    Position,
    Subscribe,
    /// Another handle reads.
    Reader,
    /// Another handle tries to write.
    Rival,
    /// The store is closed and opened again.
    Reopen,
    /// The process is killed.
    Kill,
    /// The power goes, perhaps in the middle of a call.
    PowerCut,
    /// For some calls operations fail.
    Fail,
    /// The same, and there is no room.
    Fill,
}

/// How often each letter comes, in all.
const LETTERS: [(Letter, u64); 37] = [
    (Letter::PutContents, 12),
    (Letter::PutLarge, 1),
    (Letter::WriteContent, 2),
    (Letter::AbandonContent, 1),
    (Letter::FetchContents, 4),
    (Letter::ReadContent, 4),
    (Letter::OpenContent, 3),
    (Letter::HasContents, 2),
    (Letter::ContentLengths, 2),
    (Letter::RemoveContents, 5),
    (Letter::Flush, 3),
    (Letter::PutObjects, 6),
    (Letter::FetchObjects, 4),
    (Letter::HasObjects, 2),
    (Letter::Commit, 16),
    (Letter::CommitRival, 2),
    (Letter::CommitAgain, 2),
    (Letter::CommitTaken, 1),
    (Letter::CommitBad, 1),
    (Letter::CommitTooLarge, 1),
    (Letter::CommitTogether, 4),
    (Letter::FetchRows, 3),
    (Letter::RangeRows, 4),
    (Letter::Number, 2),
    (Letter::FetchEntries, 3),
    (Letter::FindRequests, 2),
    (Letter::PutPosition, 3),
    (Letter::PutPositionTooLong, 1),
    (Letter::Position, 2),
    (Letter::Subscribe, 2),
    (Letter::Reader, 2),
    (Letter::Rival, 1),
    (Letter::Reopen, 4),
    (Letter::Kill, 2),
    (Letter::PowerCut, 4),
    (Letter::Fail, 3),
    (Letter::Fill, 3),
];

impl Step {
    pub(crate) fn draw(random: &mut Random) -> Self {
        let all = LETTERS.iter().map(|(_, weight)| weight).sum();
        let mut left = random.below(all);
        let drawn = LETTERS.iter().find(|(_, weight)| {
            let is_it = left < *weight;
            left = left.wrapping_sub(*weight);
            is_it
        });
        Self { letter: drawn.unwrap().0, seed: random.next() }
    }

    /// The chance of this step.
    pub(crate) fn random(&self) -> Random {
        Random::new(self.seed, "step")
    }

    /// The call that this step makes; none if it does something else to the store.
    pub(crate) fn call(&self, oracle: &mut Oracle) -> Option<Call> {
        let mut random = self.random();
        let workspace = WORKSPACES[usize::from(random.below(5) == 0)];
        self.call_of_contents(workspace, &mut random)
            .or_else(|| self.call_of_records(workspace, oracle, &mut random))
    }

    /// A commit in each workspace.
    pub(crate) fn commits(&self, oracle: &mut Oracle) -> [Call; 2] {
        let mut random = self.random();
        WORKSPACES.map(|workspace| {
            let number = wait(oracle.store.number(workspace)).unwrap();
            let step = Self { letter: Letter::Commit, seed: random.next() };
            let batch = step.batch(workspace, number, oracle, &mut random).unwrap();
            Call::Commit(workspace, batch)
        })
    }

    fn call_of_contents(&self, workspace: WorkspaceId, random: &mut Random) -> Option<Call> {
        let pool = Pool::of_all();
        let bytes = |random: &mut Random| {
            pool.draw_contents(random).into_iter().map(|(_, bytes)| bytes).collect()
        };
        let mut ids: Vec<_> = pool.draw_contents(random).into_iter().map(|(id, _)| id).collect();
        if random.below(4) == 0 {
            ids.push(content_id(b"what nobody has put"));
        }
        let (id, content) = pool.draw_content(random);
        Some(match self.letter {
            Letter::PutContents => Call::PutContents(workspace, bytes(random)),
            Letter::PutLarge => Call::PutContents(workspace, vec![pool.draw_large(random).1]),
            Letter::WriteContent => Call::WriteContent(workspace, content, true),
            Letter::AbandonContent => Call::WriteContent(workspace, content, false),
            Letter::FetchContents => Call::FetchContents(workspace, ids),
            Letter::ReadContent => {
                let start = random.below(content.len() as u64 + 3);
                let count = [0, 1, 100, 5_000, 1 << 21, 1 << 40][random.below(6) as usize];
                Call::ReadContent(workspace, id, start..start + count)
            }
            Letter::OpenContent => Call::OpenContent(workspace, id),
            Letter::HasContents => Call::HasContents(workspace, ids),
            Letter::ContentLengths => Call::ContentLengths(workspace, ids),
            Letter::RemoveContents => Call::RemoveContents(workspace, ids),
            Letter::Flush => Call::Flush(workspace),
            _ => return None,
        })
    }

    fn call_of_records(
        &self,
        workspace: WorkspaceId,
        oracle: &mut Oracle,
        random: &mut Random,
    ) -> Option<Call> {
        let objects = Pool::of_all().draw_objects(random);
        let ids = objects.iter().map(|(id, _)| *id).collect();
        let number = wait(oracle.store.number(workspace)).unwrap();
        let keys = row_keys();
        let subscriber = SUBSCRIBERS[random.below(SUBSCRIBERS.len() as u64) as usize].to_owned();
        Some(match self.letter {
            Letter::PutObjects => Call::PutObjects(workspace, objects),
            Letter::FetchObjects => Call::FetchObjects(workspace, ids),
            Letter::HasObjects => Call::HasObjects(workspace, ids),
            Letter::FetchRows => {
                let start = random.below(keys.len() as u64) as usize;
                Call::FetchRows(workspace, keys[start..keys.len().min(start + 4)].to_vec())
            }
            Letter::RangeRows => {
                let prefix = ["", "refs/", "rows/1", "x"][random.below(4) as usize].into();
                let after = keys.get(random.below(3 * keys.len() as u64) as usize).cloned();
                let limit = [0, 1, 3, 10_000][random.below(4) as usize];
                Call::RangeRows(workspace, RowRange { prefix, after }, limit)
            }
            Letter::Number => Call::Number(workspace),
            Letter::FetchEntries => {
                let start = random.below(number.unwrap_or(0) + 3);
                Call::FetchEntries(workspace, start..start + random.below(6))
            }
            Letter::FindRequests => {
                let mut requests = oracle.requests.clone();
                requests.retain(|_| random.below(3) == 0);
                requests.extend((random.below(3) == 0).then(|| request(random)));
                Call::FindRequests(workspace, requests)
            }
            Letter::PutPosition => Call::PutPosition(workspace, subscriber, random.below(50)),
            Letter::PutPositionTooLong => {
                Call::PutPosition(workspace, "x".repeat(SUBSCRIBER_BYTES_MAX + 1), 1)
            }
            Letter::Position => Call::Position(workspace, subscriber),
            // Who subscribes behind the end waits, and nobody wakes this thread.
            Letter::Subscribe => match number {
                Some(number) => {
                    let position = random.below(number + 1);
                    Call::Subscribe(workspace, position, 1 + random.below(5) as usize)
                }
                None => Call::Number(workspace),
            },
            _ => Call::Commit(workspace, self.batch(workspace, number, oracle, random)?),
        })
    }

    fn batch(
        &self,
        workspace: WorkspaceId,
        number: Option<u64>,
        oracle: &mut Oracle,
        random: &mut Random,
    ) -> Option<Batch> {
        let mut fresh = |expected: Option<u64>, count: u64| {
            let first = expected.map_or(0, |number| number + 1);
            let entries = (first..first + count).map(|number| entry(number, request(random)));
            let entries: Vec<_> = entries.collect();
            oracle.requests.extend(entries.iter().map(|entry| entry.request));
            let count = random.below(4);
            Batch { expected, entries, rows: (0..count).map(|_| row(random)).collect() }
        };
        let count = 1 + self.seed % 3;
        Some(match self.letter {
            Letter::Commit => fresh(number, self.seed % 4),
            Letter::CommitRival => {
                let elsewhere = [None, Some(number.map_or(0, |number| number + 1)), Some(77)];
                fresh(elsewhere[(self.seed / 3 % 3) as usize], count)
            }
            Letter::CommitAgain => {
                let number = number?;
                let first = number - (number.min(self.seed % 3));
                let bytes = wait(oracle.store.fetch_entries(workspace, first..number + 1)).unwrap();
                let mut again = fresh(first.checked_sub(1), 0);
                let entries = (first..).zip(bytes);
                again.entries =
                    entries.map(|(number, bytes)| entry(number, request_in(&bytes))).collect();
                again
            }
            Letter::CommitTaken => {
                let bytes = wait(oracle.store.fetch_entries(workspace, 0..1)).unwrap();
                let mut taken = fresh(number, 1);
                let request = request_in(bytes.first()?);
                taken.entries[0].request = request;
                taken
            }
            Letter::CommitBad => {
                let mut bad = fresh(number, 2);
                match self.seed % 3 {
                    0 => bad.entries.swap(0, 1),
                    1 => bad.entries[1].request = bad.entries[0].request,
                    _ => bad.entries[0].operation_at = u32::MAX,
                }
                bad
            }
            Letter::CommitTooLarge => {
                let mut large = fresh(number, count);
                let key = vec![b'k'; ROW_KEY_BYTES_MAX + 1].into();
                large.rows.push(RowChange { key, value: None });
                large
            }
            _ => return None,
        })
    }
}

fn request(random: &mut Random) -> RequestKey {
    let id = Id16::from_bytes(u128::from(random.next()).to_be_bytes());
    RequestKey { agent: Id16::from_bytes([9; 16]), request: id }
}

/// An entry: its number, which is no part of the operation, and its request.
fn entry(number: u64, request: RequestKey) -> StoredEntry {
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.extend_from_slice(request.request.as_bytes());
    bytes.extend_from_slice(&vec![b'e'; request.request.as_bytes()[15] as usize]);
    StoredEntry { number, request, operation_at: 8, bytes: bytes.into() }
}

fn request_in(entry: &[u8]) -> RequestKey {
    let id = Id16::from_bytes(entry[8..24].try_into().unwrap());
    RequestKey { agent: Id16::from_bytes([9; 16]), request: id }
}

fn row(random: &mut Random) -> RowChange {
    let keys = row_keys();
    let key = keys[random.below(keys.len() as u64) as usize].clone();
    let value = match random.below(10) {
        0..3 => None,
        3 => Some(Bytes::from(random.bytes(20_000))),
        _ => Some(Bytes::from(random.next().to_string())),
    };
    RowChange { key, value }
}
