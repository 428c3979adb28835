//! Who wants something durable while something else is being made durable waits here; all that
//! wait then share one sync.

use std::{
    collections::{HashMap, VecDeque},
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use markerbed_core::WorkspaceId;

use super::super::{batch::Change, lock};
use crate::store::{Batch, Outcome, StoreError};

/// Those who wait for a commit, in the order in which they came.
#[derive(Default)]
pub(in crate::store::directory) struct Queue {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Member>,
    /// By ticket: what became of those who were answered and have not heard of it.
    answers: HashMap<u64, Result<Outcome, StoreError>>,
    tickets: u64,
    /// Somebody commits for a group.
    is_led: bool,
}

/// One who waits.
pub(super) struct Member {
    pub(super) ticket: u64,
    pub(super) workspace: WorkspaceId,
    pub(super) wish: Wish,
}

/// What shall be durable.
pub(super) enum Wish {
    /// A batch, if it is taken.
    Batch(Batch),
    /// A change that depends on nothing.
    Change(Change),
    /// What was put, without a batch.
    Flush,
}

/// Keeps everybody else from committing.
pub(in crate::store::directory) struct Lead<'a>(&'a Queue);

impl Queue {
    /// Waits until `wish` is answered.
    ///
    /// `commit` answers a whole group, by ticket; it is called by one of those who wait.
    pub(super) fn ask(
        &self,
        workspace: WorkspaceId,
        wish: Wish,
        commit: impl Fn(Vec<Member>) -> Vec<(u64, Result<Outcome, StoreError>)>,
    ) -> Result<Outcome, StoreError> {
        let mut state = lock(&self.state);
        let ticket = state.tickets;
        state.tickets += 1;
        state.waiting.push_back(Member { ticket, workspace, wish });
        loop {
            if let Some(answer) = state.answers.remove(&ticket) {
                return answer;
            }
            if state.is_led {
                state = self.wait(state);
                continue;
            }
            let lead = self.take_lead(&mut state);
            let group = state.take_group();
            drop(state);
            let answers = commit(group);
            lock(&self.state).answers.extend(answers);
            drop(lead);
            state = lock(&self.state);
        }
    }

    /// Waits until nobody commits; then nobody does until the answer is dropped.
    pub(in crate::store::directory) fn lead(&self) -> Lead<'_> {
        let mut state = lock(&self.state);
        while state.is_led {
            state = self.wait(state);
        }
        self.take_lead(&mut state)
    }

    /// How many wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        lock(&self.state).waiting.len()
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.moved.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn take_lead(&self, state: &mut State) -> Lead<'_> {
        state.is_led = true;
        Lead(self)
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).is_led = false;
        self.0.moved.notify_all();
    }
}

impl State {
    /// Takes out who has waited longest, and behind it as many as a group may have.
    fn take_group(&mut self) -> Vec<Member> {
        let mut bytes = 0_usize;
        let fits = |member: &Member| {
            bytes = bytes.saturating_add(member.wish.bytes());
            bytes <= GROUP_BYTES_MAX
        };
        let fitting = self.waiting.iter().take(GROUP_MEMBERS_MAX).map(fits);
        let count = fitting.take_while(|fits| *fits).count().max(1).min(self.waiting.len());
        let later = self.waiting.split_off(count);
        mem::replace(&mut self.waiting, later).into()
    }
}

impl Wish {
    /// About how many bytes are written for it.
    fn bytes(&self) -> usize {
        let (entries, rows) = match self {
            Self::Batch(batch) => (&batch.entries, &batch.rows),
            Self::Change(change) => (&change.entries, &change.rows),
            Self::Flush => return 0,
        };
        let entries = entries.iter().map(|entry| entry.bytes.len());
        let row_bytes = |value: &Option<Bytes>| value.as_ref().map_or(0, Bytes::len);
        let rows = rows.iter().map(|row| row.key.len() + row_bytes(&row.value));
        entries.chain(rows).map(|bytes| bytes + LINE_BYTES).sum()
    }
}

const GROUP_MEMBERS_MAX: usize = 64;
/// Of a group of more than one; all of it lies in the writer's buffer at once.
const GROUP_BYTES_MAX: usize = 8 << 20;
/// About what a line needs besides its bytes.
const LINE_BYTES: usize = 64;
