//! Who wants to write while somebody writes waits here.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use event_listener::{Event, EventListener};

use super::Done;
use crate::{Stamp, WorkspaceError, commit::Wish};

/// Those who wait, in the order in which they came.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    moved: Event,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Member>,
    /// Somebody writes for a group.
    is_led: bool,
}

/// One who waits.
#[derive(Clone)]
pub(super) struct Member(Arc<Asked>);

struct Asked {
    wish: Wish,
    stamp: Stamp,
    answer: Mutex<Answer>,
}

enum Answer {
    /// It waits, or somebody is at it.
    Open,
    /// Somebody was at it and gave up.
    GivenUp,
    /// It is answered.
    Given(Box<Result<Done, WorkspaceError>>),
}

/// A place in the queue; given up when it is dropped.
pub(super) struct Place<'a> {
    queue: &'a Queue,
    member: Member,
}

/// What one who waits has to do.
pub(super) enum Turn<'a> {
    /// Nothing more: this is the answer.
    Answered(Box<Result<Done, WorkspaceError>>),
    /// Ask without the others.
    Alone,
    /// Answer a group.
    Lead(Lead<'a>),
    /// Wait until the queue has moved.
    Wait,
}

/// Keeps others from leading; who has no answer when it is dropped asks alone.
pub(super) struct Lead<'a> {
    queue: &'a Queue,
    group: Vec<Member>,
}

impl Queue {
    pub(super) fn enter(&self, wish: Wish, stamp: Stamp) -> Place<'_> {
        let member = Member(Arc::new(Asked { wish, stamp, answer: Mutex::new(Answer::Open) }));
        lock(&self.state).waiting.push_back(member.clone());
        Place { queue: self, member }
    }

    /// Ends when the queue moves after this call.
    pub(super) fn moved(&self) -> EventListener {
        self.moved.listen()
    }
}

impl<'a> Place<'a> {
    pub(super) fn turn(&self) -> Turn<'a> {
        let mut state = lock(&self.queue.state);
        let answer = std::mem::replace(&mut *lock(&self.member.0.answer), Answer::Open);
        match answer {
            Answer::Given(answer) => return Turn::Answered(answer),
            Answer::GivenUp => return Turn::Alone,
            Answer::Open => {}
        }
        if state.is_led {
            return Turn::Wait;
        }
        state.is_led = true;
        let count = state.waiting.len().min(GROUP_MEMBERS_MAX);
        Turn::Lead(Lead { queue: self.queue, group: state.waiting.drain(..count).collect() })
    }

    pub(super) fn wish(&self) -> &Wish {
        &self.member.0.wish
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        lock(&self.queue.state).waiting.retain(|member| !Arc::ptr_eq(&member.0, &self.member.0));
    }
}

impl Member {
    pub(super) fn wish(&self) -> &Wish {
        &self.0.wish
    }

    pub(super) fn stamp(&self) -> &Stamp {
        &self.0.stamp
    }

    pub(super) fn answer(&self, answer: Result<Done, WorkspaceError>) {
        *lock(&self.0.answer) = Answer::Given(Box::new(answer));
    }
}

impl Lead<'_> {
    pub(super) fn group(&self) -> &[Member] {
        &self.group
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        lock(&self.queue.state).is_led = false;
        for member in &self.group {
            let mut answer = lock(&member.0.answer);
            if matches!(*answer, Answer::Open) {
                *answer = Answer::GivenUp;
            }
        }
        self.queue.moved.notify(usize::MAX);
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Queue").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who comes later waits for the next group.
const GROUP_MEMBERS_MAX: usize = 256;
