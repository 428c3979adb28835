//! Hashes of contents.

use alloc::vec::Vec;
use core::cell::RefCell;

use markerbed_core::hash::{self, content_id};

use crate::{bindings::exports::markerbed::engine::hashing, bindings::types, guest::Guest};

impl hashing::Guest for Guest {
    type ContentHasher = ContentHasher;

    fn content_ids(contents: Vec<Vec<u8>>) -> Vec<types::Id> {
        contents.iter().map(|content| content_id(content).into()).collect()
    }
}

/// One content as it streams by. A component runs on one thread at a time.
#[derive(Default)]
pub(crate) struct ContentHasher(RefCell<hash::ContentHasher>);

impl hashing::GuestContentHasher for ContentHasher {
    fn new() -> Self {
        Self::default()
    }

    fn update(&self, bytes: Vec<u8>) {
        self.0.borrow_mut().update(&bytes);
    }

    fn finish(&self) -> types::Id {
        self.0.borrow().finish().into()
    }
}
