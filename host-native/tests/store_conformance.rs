//! The conformance suite on each store and each wrapper.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "this is how a test fails")]

use std::{future::ready, path::Path, sync::Arc};

use markerbed_conformance::{Fixture, run_on_tokio, store_conformance};
use markerbed_host::{
    drive::{blocking, tokio::Offloaded},
    store::{
        Combined, DirectoryStore, MemoryStore, Store,
        directory::{Access, Options},
    },
};

store_conformance!(memory, blocking::wait, Fixture::fleeting(MemoryStore::default()));

store_conformance!(directory, blocking::wait, directory(64 << 20, |store| Arc::new(store)));

// A pack is sealed after nearly every record.
store_conformance!(directory_of_small_packs, blocking::wait, directory(1, |store| Arc::new(store)));

store_conformance!(
    directory_on_tokio,
    run_on_tokio,
    directory(64 << 20, |store| Arc::new(Offloaded::new(Arc::new(store))))
);

store_conformance!(combined, blocking::wait, Fixture::fleeting(combined()));

/// A directory store that is opened again in the same place, with packs of `pack_bytes`.
fn directory(pack_bytes: u64, wrap: fn(DirectoryStore) -> Arc<dyn Store>) -> Fixture {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("store");
    let options = Options { pack_bytes, ..Options::new(Access::Write) };
    Fixture::lasting(move || {
        let _kept_until_the_end = &scratch;
        ready(wrap(open_or_create(&root, options.clone())))
    })
}

fn open_or_create(root: &Path, options: Options) -> DirectoryStore {
    if root.exists() {
        DirectoryStore::open(root, options).unwrap()
    } else {
        DirectoryStore::create(root, options).unwrap()
    }
}

fn combined() -> Combined {
    let [records, contents, streams] = [(); 3].map(|()| Arc::new(MemoryStore::default()));
    Combined::new(records, contents, streams).unwrap()
}
