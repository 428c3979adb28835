//! The boundary: an operation is a value that says what it needs and is given answers.
//!
//! Operations are written as sequential `async` code over an [`Io`]; from outside each is a
//! [`Step`]. There is no executor: a step polls the code once, with a waker that does nothing.
//! So only [`join_all`] may join inside an operation; other joiners, channels and locks that
//! wait for a waker would never go on.

mod io;

use alloc::{boxed::Box, vec::Vec};
use core::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};

pub use io::{Io, join_all};

use crate::{
    error::Error,
    limits::BATCH_REQUESTS_MAX,
    object::{Object, ObjectId},
};

/// An answer to one request: the object, or `None` where the store has none.
pub type Answer = Option<Object>;

type Operation<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// What an operation wants next.
#[must_use = "an operation that is not driven does nothing"]
#[derive(Debug)]
pub enum Step<T> {
    /// Fetch these, then call [`Need::supply`].
    Need(Need<T>),
    /// Finished.
    Done(T),
}

impl<T: 'static> Step<T> {
    /// Starts an operation and runs it to its first request.
    ///
    /// # Errors
    ///
    /// As the operation.
    pub fn start<F>(operation: impl FnOnce(Io) -> F) -> Result<Self, Error>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let io = Io::new();
        let operation = Box::pin(operation(io.clone()));
        Need { batch: Vec::new(), rest: Vec::new(), io, operation }.resume()
    }
}

/// A paused operation and what it waits for.
///
/// Owning the operation makes it impossible to feed it out of turn.
pub struct Need<T> {
    batch: Vec<ObjectId>,
    rest: Vec<ObjectId>,
    io: Io,
    operation: Operation<T>,
}

impl<T> Need<T> {
    /// What to fetch in one round trip: distinct, in order of first asking, at most
    /// [`BATCH_REQUESTS_MAX`].
    pub fn requests(&self) -> &[ObjectId] {
        &self.batch
    }

    /// Hands over the answers, one a request and in the same order.
    ///
    /// # Errors
    ///
    /// [`Error::AnswersOutOfOrder`] if they are not; otherwise as the operation, which is then
    /// over.
    pub fn supply(self, answers: Vec<Answer>) -> Result<Step<T>, Error> {
        let answers_it = |(wanted, answer): (&ObjectId, &Answer)| {
            answer.as_ref().is_none_or(|object| object.id() == *wanted)
        };
        if answers.len() != self.batch.len() || !self.batch.iter().zip(&answers).all(answers_it) {
            return Err(Error::AnswersOutOfOrder);
        }
        self.io.supply(answers);
        if self.rest.is_empty() { self.resume() } else { Ok(self.next_batch()) }
    }

    fn resume(mut self) -> Result<Step<T>, Error> {
        self.io.begin_round();
        let poll = self.operation.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(done) = poll {
            return done.map(Step::Done);
        }
        self.rest = self.io.end_round();
        if self.rest.is_empty() { Err(Error::AwaitedForeign) } else { Ok(self.next_batch()) }
    }

    fn next_batch(mut self) -> Step<T> {
        let rest = self.rest.split_off(self.rest.len().min(BATCH_REQUESTS_MAX));
        self.batch = mem::replace(&mut self.rest, rest);
        Step::Need(self)
    }
}

impl<T> fmt::Debug for Need<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Need").field("batch", &self.batch).finish_non_exhaustive()
    }
}
