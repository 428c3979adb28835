//! Making, opening and removing a store.

use std::{cell::Cell, rc::Rc};

use js_sys::{Promise, Uint8Array};
use markerbed_storage::{StoreError, StoredItem};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, IdbDatabase, IdbFactory, IdbOpenDbRequest};

use super::{
    IndexedDbStore,
    connection::{Connection, Place},
    failure::{failure, taken_away},
    globals::{self, indexed_db, random},
    layout::{FORMAT, STORE, STORE_KEY, TABLES, seal},
    mark::{Identity, Marked, marked, put_mark, remove_mark},
    parts::remove_abandoned,
    transaction::{Access, Transaction},
};

impl IndexedDbStore {
    /// Makes a store in the database `name`, and asks the browser to keep it, without waiting for
    /// the answer: some ask the user.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`]; [`StoreError::Damaged`] if there was a store of this name and the
    /// browser took it away, until [`IndexedDbStore::remove`] says that this is known;
    /// [`StoreError::NoAccess`] where pages may store nothing, as in some private windows;
    /// [`StoreError::Full`].
    pub async fn create(name: &str) -> Result<Self, StoreError> {
        let place = Place::new(name);
        let factory = indexed_db(&place.text)?;
        if marked(name, None) == Marked::Other {
            // There was one; whether it is still there, its opening tells.
            Self::open(name).await?;
            return Err(StoreError::Exists { place: place.text });
        }
        let identity = Identity(random(&place.text)?);
        let request = factory.open_with_u32(name, FORMAT);
        let request = request.map_err(|cause| refused(&place, &cause))?;
        let (database, is_new) = opened(&request, &place, move |database, request| {
            make_tables(database, request, identity)
        })
        .await?;
        if !is_new {
            database.close();
            return Err(StoreError::Exists { place: place.text });
        }
        let store = Self::connected(database, place, globals::persistence().await);
        store.put_identity(identity).await?;
        put_mark(name, identity);
        store.0.begin_to_ask();
        Ok(store)
    }

    /// Opens the store in the database `name`; never makes one.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::Damaged`] if there was a store and the browser took
    /// it away; [`StoreError::UnknownFormat`]; [`StoreError::NotAStore`]; [`StoreError::NoAccess`].
    pub async fn open(name: &str) -> Result<Self, StoreError> {
        let place = Place::new(name);
        let factory = indexed_db(&place.text)?;
        let request = factory.open(name).map_err(|cause| refused(&place, &cause))?;
        // What is absent would be made here: that is undone before anybody sees it.
        let opening = opened(&request, &place, |_, request| {
            request.transaction().map_or(Ok(()), |making| making.abort())
        });
        let database = match opening.await {
            Ok((database, false)) => database,
            Ok((_, true)) | Err(Unopened::Undone) => return Err(absent(&place)),
            Err(Unopened::Failed(failure)) => return Err(failure),
        };
        check_format(&database, &place)?;
        let store = Self::connected(database, place, globals::persistence().await);
        let identity = store.identity().await?;
        match marked(name, Some(identity)) {
            Marked::This => {}
            Marked::Not => put_mark(name, identity),
            Marked::Other => return Err(taken_away(&store.0.place.text, ANOTHER)),
        }
        remove_abandoned(&store).await?;
        Ok(store)
    }

    /// Removes the store in the database `name` with all that is in it, and the mark of one that
    /// the browser took away. Other tabs that have it open lose it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] if another page does not let go of it: it is removed when that is
    /// closed.
    pub async fn remove(name: &str) -> Result<(), StoreError> {
        let place = Place::new(name);
        let factory = indexed_db(&place.text)?;
        // First: a mark without a database would be a loss.
        remove_mark(name);
        delete_database(&factory, &place).await
    }

    fn connected(database: IdbDatabase, place: Place, persistence: globals::Persistence) -> Self {
        Self(Rc::new(Connection::new(database, place, persistence)))
    }

    /// Written once more, durably: making the tables is not.
    async fn put_identity(&self, identity: Identity) -> Result<(), StoreError> {
        let transaction = self.begin(&[STORE], Access::Write)?;
        transaction.put(STORE, STORE_KEY, &identity.0)?;
        transaction.commit().await
    }

    async fn identity(&self) -> Result<Identity, StoreError> {
        let transaction: Transaction<'_> = self.begin(&[STORE], Access::Read)?;
        let found = transaction.fetch(STORE, &[STORE_KEY.to_vec()], |_| StoredItem::Store).await?;
        let identity = found.into_iter().flatten().next().and_then(|found| found.try_into().ok());
        identity.map(Identity).ok_or_else(|| not_a_store(&self.0.place))
    }
}

/// Why a database was not opened.
enum Unopened {
    /// What was being made was undone on purpose.
    Undone,
    Failed(StoreError),
}

impl From<Unopened> for StoreError {
    fn from(unopened: Unopened) -> Self {
        match unopened {
            Unopened::Failed(failure) => failure,
            Unopened::Undone => {
                let place = "IndexedDB".to_owned();
                Self::Temporary { place, cause: "the database could not be made".into() }
            }
        }
    }
}

/// Waits for a database, and tells whether it was made just now, by `make`.
async fn opened(
    request: &IdbOpenDbRequest,
    place: &Place,
    make: impl FnOnce(&IdbDatabase, &IdbOpenDbRequest) -> Result<(), JsValue> + 'static,
) -> Result<(IdbDatabase, bool), Unopened> {
    let is_new = Rc::new(Cell::new(false));
    let upgrade = Closure::once({
        let (request, is_new) = (request.clone(), is_new.clone());
        move |_: Event| {
            is_new.set(true);
            let database = request.result().map(JsCast::unchecked_into::<IdbDatabase>);
            let made = database.and_then(|database| make(&database, &request));
            if let (Err(_), Some(making)) = (made, request.transaction()) {
                let _ended_already = making.abort();
            }
        }
    });
    request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
    let answered = Promise::new(&mut |resolve, _| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&resolve));
    });
    let failed = |cause: &JsValue| Unopened::Failed(refused(place, cause));
    JsFuture::from(answered).await.map_err(|cause| failed(&cause))?;
    request.set_onupgradeneeded(None);
    match request.error() {
        Ok(Some(error)) if error.name() == "AbortError" && is_new.get() => Err(Unopened::Undone),
        Ok(Some(error)) => Err(failed(&error)),
        Err(cause) => Err(failed(&cause)),
        Ok(None) => {
            let database = request.result().map_err(|cause| failed(&cause))?;
            Ok((database.unchecked_into(), is_new.get()))
        }
    }
}

fn make_tables(
    database: &IdbDatabase,
    request: &IdbOpenDbRequest,
    identity: Identity,
) -> Result<(), JsValue> {
    for table in TABLES {
        database.create_object_store(table)?;
    }
    let making = request.transaction().ok_or(JsValue::NULL)?;
    let value = Uint8Array::from(&seal(STORE, STORE_KEY, &identity.0)[..]).buffer();
    making.object_store(STORE)?.put_with_key(&value, &Uint8Array::from(STORE_KEY))?;
    Ok(())
}

fn check_format(database: &IdbDatabase, place: &Place) -> Result<(), StoreError> {
    let found = database.version();
    if found != f64::from(FORMAT) {
        database.close();
        let (place, found) = (place.text.clone(), found.to_string());
        return Err(StoreError::UnknownFormat { place, found, known: KNOWN });
    }
    let names = database.object_store_names();
    if TABLES.iter().all(|table| names.contains(table)) {
        return Ok(());
    }
    database.close();
    Err(not_a_store(place))
}

fn not_a_store(place: &Place) -> StoreError {
    let why = "the database is not one of markerbed's";
    StoreError::NotAStore { place: place.text.clone(), why }
}

/// There is no database: was there one?
fn absent(place: &Place) -> StoreError {
    match marked(&place.name, None) {
        Marked::Not => StoreError::NotFound { place: place.text.clone() },
        Marked::This | Marked::Other => taken_away(&place.text, TAKEN),
    }
}

/// Why a database cannot be opened. A page that may store nothing hears of it in several ways.
fn refused(place: &Place, cause: &JsValue) -> StoreError {
    let name = cause.dyn_ref::<web_sys::DomException>().map(web_sys::DomException::name);
    match name.as_deref() {
        Some("InvalidStateError") => StoreError::NoAccess { place: place.text.clone() },
        Some("VersionError") => StoreError::UnknownFormat {
            place: place.text.clone(),
            found: "a newer one".to_owned(),
            known: KNOWN,
        },
        _ => failure(&place.text, cause),
    }
}

async fn delete_database(factory: &IdbFactory, place: &Place) -> Result<(), StoreError> {
    let request = factory.delete_database(&place.name);
    let request = request.map_err(|cause| refused(place, &cause))?;
    let answered = Promise::new(&mut |resolve, _| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&resolve));
        request.set_onblocked(Some(&resolve));
    });
    let event = JsFuture::from(answered).await.map_err(|cause| failure(&place.text, &cause))?;
    match event.unchecked_into::<Event>().type_().as_str() {
        "success" => Ok(()),
        "blocked" => {
            let holder = Some("another page that has it open".to_owned());
            Err(StoreError::Busy { place: place.text.clone(), holder })
        }
        _ => match request.error() {
            Ok(Some(error)) => Err(failure(&place.text, &error)),
            Ok(None) => Ok(()),
            Err(cause) => Err(failure(&place.text, &cause)),
        },
    }
}

const KNOWN: &str = "1";
const TAKEN: &str = "the browser took it away, only the mark of it is left";
const ANOTHER: &str = "another store is in its place, made after the browser took it away";
