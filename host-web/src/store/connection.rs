//! One connection to the database, and what may happen to it from outside.

use std::{cell::Cell, rc::Rc};

use event_listener::Event as Hint;
use markerbed_core::WorkspaceId;
use markerbed_storage::StoreError;
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, IdbDatabase, IdbRequest};

use super::{
    failure::{failure, taken_away},
    globals::{self, Persistence},
    hints::{Hints, Waiting},
    layout::STORE,
    transaction::{Access, Transaction, Underway},
};

/// A connection; closed when it is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) place: Place,
    database: IdbDatabase,
    state: Rc<Cell<State>>,
    pub(super) underway: Rc<Underway>,
    hints: Hints,
    persistence: Cell<Persistence>,
    existing: Closure<dyn Fn(Event)>,
    /// Called by the browser as long as the database is open.
    _listeners: [Closure<dyn Fn(Event)>; 2],
}

/// Which store it is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The name of the database.
    pub(super) name: String,
    /// How messages call it.
    pub(super) text: String,
}

impl Place {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), text: format!("the IndexedDB database {name:?}") }
    }
}

/// Whether the connection can still be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Open,
    /// It was closed so that another tab can change the format, or remove the store.
    GivenWay,
    /// The browser closed it: the data was cleared, or cannot be read any more.
    Gone,
}

impl Connection {
    pub(super) fn new(database: IdbDatabase, place: Place, persistence: Persistence) -> Self {
        let state = Rc::new(Cell::new(State::Open));
        let waiting = Rc::new(Waiting::default());
        let hints = Hints::new(&place.name, waiting.clone());
        let underway = Rc::new(Underway::default());
        let gone = Closure::new({
            let (state, waiting, underway) = (state.clone(), waiting.clone(), underway.clone());
            move |closed: Event| {
                state.set(State::Gone);
                underway.end_all(&closed);
                waiting.wake_all();
            }
        });
        let give_way = Closure::new({
            let (state, database) = (state.clone(), database.clone());
            move |_: Event| {
                database.close();
                state.set(State::GivenWay);
                waiting.wake_all();
            }
        });
        database.set_onclose(Some(gone.as_ref().unchecked_ref()));
        database.set_onversionchange(Some(give_way.as_ref().unchecked_ref()));
        Self {
            place,
            database,
            state,
            underway,
            hints,
            persistence: Cell::new(persistence),
            existing: Closure::new(|event: Event| leave_if_existing(&event)),
            _listeners: [gone, give_way],
        }
    }

    pub(super) fn begin(
        &self,
        tables: &[&str],
        access: Access,
    ) -> Result<Transaction<'_>, StoreError> {
        self.check()?;
        Transaction::begin(self, &self.database, tables, access).map_err(|cause| {
            match failure(&self.place.text, &cause) {
                // It was open a moment ago, and not closed here.
                StoreError::Temporary { .. } => self.lost(),
                failure => failure,
            }
        })
    }

    /// Finds out whether what ended a transaction has ended the database.
    ///
    /// A browser ends the transactions first, in ways that say little, and tells of the database
    /// later.
    pub(super) async fn explain(&self, failure: StoreError) -> StoreError {
        if !matches!(failure, StoreError::Temporary { .. } | StoreError::Permanent { .. }) {
            return failure;
        }
        let looked = match self.begin(&[STORE], Access::Read) {
            Ok(transaction) => transaction.can_read(STORE).await,
            Err(lost) => return lost,
        };
        if looked { failure } else { self.check().err().unwrap_or(failure) }
    }

    fn lost(&self) -> StoreError {
        self.state.set(State::Gone);
        taken_away(&self.place.text, LOST)
    }

    /// Says why the connection cannot be used any more.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let place = self.place.text.clone();
        match self.state.get() {
            State::Open => Ok(()),
            State::GivenWay => {
                let cause = "another tab changes or removes it; open it again".into();
                Err(StoreError::Temporary { place, cause })
            }
            State::Gone => Err(taken_away(&place, LOST)),
        }
    }

    /// Lets a transaction go on when what it adds is there already.
    pub(super) fn leave_what_is_there(&self, transaction: &mut Transaction<'_>) {
        transaction.leave_what_is_there(&self.existing);
    }

    pub(super) fn tell(&self, workspace: WorkspaceId) {
        self.hints.tell(workspace);
    }

    pub(super) fn hint(&self, workspace: WorkspaceId) -> Rc<Hint> {
        self.hints.event(workspace)
    }

    pub(super) fn persistence(&self) -> Persistence {
        self.persistence.get()
    }

    pub(super) async fn ask_to_persist(&self) -> Persistence {
        let answer = globals::ask_to_persist().await;
        self.persistence.set(answer);
        answer
    }

    /// Asks, and keeps the answer if it comes as long as this is open.
    pub(super) fn begin_to_ask(self: &Rc<Self>) {
        self.persistence.set(Persistence::Asked);
        let asking = Rc::downgrade(self);
        spawn_local(async move {
            let answer = globals::ask_to_persist().await;
            if let Some(connection) = asking.upgrade() {
                connection.persistence.set(answer);
            }
        });
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.database.set_onclose(None);
        self.database.set_onversionchange(None);
        // Transactions under way are ended first: the browser waits for them.
        self.database.close();
    }
}

/// The transaction goes on after a failed `add`, but after no other failure.
fn leave_if_existing(event: &Event) {
    let request = event.target().and_then(|target| target.dyn_into::<IdbRequest>().ok());
    let error = request.and_then(|request| request.error().ok()?);
    if error.is_some_and(|error| error.name() == "ConstraintError") {
        event.prevent_default();
        event.stop_propagation();
    }
}

const LOST: &str = "the browser closed it under the open page, what was in it may be gone";
