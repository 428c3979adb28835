//! The operation's end of the line: requests go out, answers come in.

use alloc::{boxed::Box, collections::BTreeMap, sync::Arc, vec::Vec};
use core::{
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    task::Poll,
};

use spin::Mutex;

use super::Answer;
use crate::{
    error::Error,
    id::{AttributesId, MapId, NodeId, SnapshotId},
    map::Page,
    object::{Object, ObjectId},
    tree::{Attributes, Node, Snapshot},
};

/// Where an operation asks for objects.
#[derive(Clone, Debug)]
pub struct Io(Arc<Mutex<Mail>>);

#[derive(Debug)]
struct Mail {
    round: u64,
    wanted: Vec<ObjectId>,
    places: BTreeMap<ObjectId, usize>,
    answers: Vec<Answer>,
}

impl Io {
    /// Asks for all of `requests` at once; the answers come in the same order.
    pub async fn fetch_many(&self, requests: &[ObjectId]) -> Vec<Answer> {
        let mut asked: Option<(u64, Vec<usize>)> = None;
        poll_fn(|_| {
            let mail = &mut *self.0.lock();
            match &asked {
                _ if requests.is_empty() => Poll::Ready(Vec::new()),
                Some((round, places)) if round + 1 == mail.round => {
                    let answer = |&place: &usize| mail.answers.get(place).cloned().flatten();
                    Poll::Ready(places.iter().map(answer).collect())
                }
                // Not asked yet, or left unpolled while its answers passed by: ask (again).
                _ => {
                    let places = requests.iter().map(|id| mail.place_of(*id)).collect();
                    asked = Some((mail.round, places));
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Asks for one object, which must be there.
    ///
    /// # Errors
    ///
    /// [`Error::MissingObject`].
    pub async fn fetch(&self, id: ObjectId) -> Result<Object, Error> {
        let answer = self.fetch_many(&[id]).await.pop().flatten();
        answer.ok_or(Error::MissingObject { id })
    }

    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Mail {
            round: 0,
            wanted: Vec::new(),
            places: BTreeMap::new(),
            answers: Vec::new(),
        })))
    }

    pub(super) fn supply(&self, answers: Vec<Answer>) {
        self.0.lock().answers.extend(answers);
    }

    pub(super) fn begin_round(&self) {
        self.0.lock().round += 1;
    }

    /// Takes what was asked for in this round and forgets the answers of the last.
    pub(super) fn end_round(&self) -> Vec<ObjectId> {
        let mail = &mut *self.0.lock();
        mail.places.clear();
        mail.answers.clear();
        mem::take(&mut mail.wanted)
    }
}

macro_rules! typed_fetches {
    ($($(#[$doc:meta])* $name:ident($id:ident) -> $value:ident, $view:ident;)*) => {
        impl Io {$(
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// [`Error::MissingObject`].
            pub async fn $name(&self, id: $id) -> Result<$value, Error> {
                let object = self.fetch(id.into()).await?;
                // A host cannot answer with another kind: the id of an answer has the kind.
                object.$view().cloned().ok_or(Error::AnswersOutOfOrder)
            }
        )*}
    };
}

typed_fetches! {
    /// Asks for one node.
    fetch_node(NodeId) -> Node, as_node;
    /// Asks for one page, checked by itself only.
    fetch_page(MapId) -> Page, as_page;
    /// Asks for one attributes object.
    fetch_attributes(AttributesId) -> Attributes, as_attributes;
    /// Asks for one snapshot.
    fetch_snapshot(SnapshotId) -> Snapshot, as_snapshot;
}

impl Mail {
    /// Notes `id` once a round, in order of first asking.
    fn place_of(&mut self, id: ObjectId) -> usize {
        let Self { wanted, places, .. } = self;
        *places.entry(id).or_insert_with(|| {
            wanted.push(id);
            wanted.len() - 1
        })
    }
}

/// Runs operations side by side: what all of them want goes out together.
pub async fn join_all<F: Future>(operations: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut slots: Vec<_> = operations.into_iter().map(|op| Slot::Waits(Box::pin(op))).collect();
    poll_fn(|context| {
        let mut waits = false;
        for slot in &mut slots {
            let Slot::Waits(operation) = slot else { continue };
            match operation.as_mut().poll(context) {
                Poll::Ready(output) => *slot = Slot::Done(output),
                Poll::Pending => waits = true,
            }
        }
        if waits { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    let output = |slot| if let Slot::Done(output) = slot { Some(output) } else { None };
    slots.into_iter().filter_map(output).collect()
}

enum Slot<F: Future> {
    Waits(Pin<Box<F>>),
    Done(F::Output),
}
