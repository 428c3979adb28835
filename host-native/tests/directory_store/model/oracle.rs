//! What a store must hold, as a memory store and as the calls that made it so.

use std::fmt::Debug;

use markerbed_core::{ContentId, ObjectId, WorkspaceId};
use markerbed_host::store::{MemoryStore, Outcome, RequestKey, RowRange, Store};

use crate::call::{Answer, Call};

use super::pool::{Pool, SUBSCRIBERS, WORKSPACES, row_keys};

/// The memory store, and what it is made from.
#[derive(Default)]
pub(crate) struct Oracle {
    pub(crate) store: MemoryStore,
    done: Vec<Done>,
    pub(crate) requests: Vec<RequestKey>,
}

/// A call that changed something, or may have.
#[derive(Clone)]
struct Done {
    call: Call,
    state: State,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum State {
    /// It survives everything.
    Durable,
    /// It was put: it is seen, and survives only what the process survives.
    Put,
    /// It failed: it may be seen when the store is opened again.
    Perhaps,
}

impl Done {
    fn is_durable_batch(&self) -> bool {
        let is_batch = match &self.call {
            Call::Commit(_, batch) => !batch.entries.is_empty() || !batch.rows.is_empty(),
            call => !call.puts(),
        };
        is_batch && self.state == State::Durable
    }
}

impl Oracle {
    /// Notes a call that was answered, and gives the memory store's answer.
    pub(crate) fn answered(&mut self, call: &Call) -> Result<Answer, String> {
        let answer = call.ask(&self.store).map_err(|error| error.code().to_owned());
        if answer.is_ok() {
            let changes_nothing = matches!(
                answer,
                Ok(Answer::Decided(Outcome::Lost { .. } | Outcome::Already { .. }))
            );
            if changes_nothing {
                return answer;
            }
            if call.is_durable() {
                let put = self.done.iter_mut().filter(|done| done.state == State::Put);
                put.for_each(|done| done.state = State::Durable);
            }
            if call.puts() {
                self.done.push(Done { call: call.clone(), state: State::Put });
            } else if call.is_durable() && !matches!(call, Call::Flush(_)) {
                self.done.push(Done { call: call.clone(), state: State::Durable });
            }
        }
        answer
    }

    /// Notes a call that failed: of what it should put, that is there which `store` has.
    pub(crate) fn failed(&mut self, call: &Call, store: &dyn Store) {
        if call.puts() {
            let seen = only_there(call, store);
            seen.ask(&self.store).unwrap();
            self.done.push(Done { call: seen, state: State::Put });
        }
        if call.puts() || (call.is_durable() && !matches!(call, Call::Flush(_))) {
            self.done.push(Done { call: call.clone(), state: State::Perhaps });
        }
    }

    /// How many calls may or may not have changed something; puts do not count.
    pub(crate) fn undecided(&self) -> usize {
        let is_undecided = |done: &&Done| done.state == State::Perhaps && !done.call.puts();
        self.done.iter().filter(is_undecided).count()
    }

    /// Finds out what is left after the process ended, and that it is what must be left.
    ///
    /// Says how many of the undecided calls have happened, and of how many.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub(crate) fn reopened(&mut self, store: &dyn Store) -> Result<(u32, usize), String> {
        let undecided = self.undecided();
        let mut first_fault = None;
        for choice in 0..1_u32 << undecided {
            let mut found = self.replayed(choice, store);
            match found.differences(store) {
                Ok(()) => {
                    found.requests = std::mem::take(&mut self.requests);
                    *self = found;
                    return Ok((choice.count_ones(), undecided));
                }
                Err(fault) => first_fault = first_fault.or(Some(fault)),
            }
        }
        Err(first_fault.unwrap_or_default())
    }

    /// As if of the undecided calls those of `choice` had happened, and of what was only put that
    /// which `store` has.
    fn replayed(&self, choice: u32, store: &dyn Store) -> Self {
        let mut oracle = Self::default();
        let mut undecided = 0;
        for Done { call, state } in &self.done {
            let call = match state {
                State::Durable => call.clone(),
                _ if call.puts() => only_there(call, store),
                State::Put => continue,
                State::Perhaps => {
                    undecided += 1;
                    if choice & (1 << (undecided - 1)) == 0 {
                        continue;
                    }
                    call.clone()
                }
            };
            // What was lost may make what failed impossible.
            if call.ask(&oracle.store).is_ok() {
                oracle.done.push(Done { call, state: State::Durable });
            }
        }
        oracle.requests = self.requests.clone();
        oracle
    }

    /// Compares everything.
    ///
    /// # Errors
    ///
    /// What differs.
    pub(crate) fn differences(&self, store: &dyn Store) -> Result<(), String> {
        for workspace in WORKSPACES {
            for call in everything(workspace, &self.requests) {
                let (found, wanted) = (call.ask(store), call.ask(&self.store).unwrap());
                match found {
                    Ok(found) if found == wanted => {}
                    Ok(found) => return Err(difference(&call, &found, &wanted)),
                    Err(error) => return Err(difference(&call, &error.to_string(), &"an answer")),
                }
            }
        }
        Ok(())
    }

    /// Compares what a reader sees: all that is durable, and perhaps some of what was put.
    ///
    /// What was flushed behind the last batch is known to be durable by the mark alone, which is
    /// lost if it cannot be written: `marked` tells that it could.
    ///
    /// # Errors
    ///
    /// What differs.
    pub(crate) fn differences_of_reader(
        &self,
        reader: &dyn Store,
        marked: bool,
    ) -> Result<(), String> {
        let mut durable = Self { requests: self.requests.clone(), ..Self::default() };
        let batches = self.done.iter().rposition(Done::is_durable_batch).map_or(0, |at| at + 1);
        let sure = if marked { self.done.len() } else { batches };
        for done in self.done[..sure].iter().filter(|done| done.state == State::Durable) {
            done.call.ask(&durable.store).unwrap();
            durable.done.push(done.clone());
        }
        for workspace in WORKSPACES {
            for call in everything(workspace, &self.requests) {
                let durable = call.ask(&durable.store).unwrap();
                let seen_here = call.ask(&self.store).unwrap();
                match call.ask(reader) {
                    Ok(found) if found.is_between(&durable, &seen_here) => {}
                    Ok(found) => return Err(difference(&call, &found, &durable)),
                    Err(error) => return Err(difference(&call, &error.to_string(), &"an answer")),
                }
            }
        }
        Ok(())
    }
}

fn difference(call: &Call, found: &dyn Debug, wanted: &dyn Debug) -> String {
    let text = |value: &dyn Debug| {
        let text = format!("{value:?}");
        text.chars().take(400).collect::<String>()
    };
    format!("{}: found {}, wanted {}", text(call), text(found), text(wanted))
}

/// Calls that show all that a workspace may have.
pub(crate) fn everything(workspace: WorkspaceId, requests: &[RequestKey]) -> Vec<Call> {
    let pool = Pool::of_all();
    let ids: Vec<ContentId> = pool.contents.iter().map(|(id, _)| *id).collect();
    let small: Vec<_> = ids.iter().filter(|id| !pool.is_large(id)).copied().collect();
    let objects: Vec<ObjectId> = pool.objects.iter().map(|(id, _)| *id).collect();
    let mut calls = vec![
        Call::Number(workspace),
        Call::FetchEntries(workspace, 0..u64::MAX),
        Call::FindRequests(workspace, requests.to_vec()),
        Call::RangeRows(workspace, RowRange::default(), usize::MAX),
        Call::FetchRows(workspace, row_keys()),
        Call::HasContents(workspace, ids.clone()),
        Call::ContentLengths(workspace, ids),
        Call::FetchContents(workspace, small),
        Call::HasObjects(workspace, objects.clone()),
        Call::FetchObjects(workspace, objects),
    ];
    let position = |name: &&str| Call::Position(workspace, (*name).to_owned());
    calls.extend(SUBSCRIBERS.iter().map(position));
    calls
}

/// Of what a call puts, what a store has.
fn only_there(call: &Call, store: &dyn Store) -> Call {
    let has = |workspace, id| {
        Call::HasContents(workspace, vec![id]).ask(store).unwrap() == Answer::There(vec![true])
    };
    match call {
        Call::PutContents(workspace, contents) => {
            let there = contents.iter().filter(|content| has(*workspace, id_of(content)));
            Call::PutContents(*workspace, there.cloned().collect())
        }
        Call::WriteContent(workspace, content, _) => {
            let there = Some(content).filter(|content| has(*workspace, id_of(content)));
            Call::PutContents(*workspace, there.into_iter().cloned().collect())
        }
        Call::PutObjects(workspace, objects) => {
            let has = |id: ObjectId| {
                let call = Call::HasObjects(*workspace, vec![id]);
                call.ask(store).unwrap() == Answer::There(vec![true])
            };
            let there = objects.iter().filter(|(id, _)| has(*id));
            Call::PutObjects(*workspace, there.cloned().collect())
        }
        other => other.clone(),
    }
}

fn id_of(content: &[u8]) -> ContentId {
    markerbed_core::hash::content_id(content)
}
