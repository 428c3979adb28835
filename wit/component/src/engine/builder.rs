//! A map that is made piece by piece.

use alloc::vec::Vec;
use core::cell::RefCell;

use markerbed_core::{Error, map};

use super::maps::pages;
use crate::{
    bindings::{
        exports::markerbed::engine::{maps, verify},
        types,
    },
    convert::map_kind,
};

/// A map that is being made, or why it cannot be. A component runs on one thread at a time.
pub(crate) struct Builder(RefCell<Result<map::Builder, Error>>);

impl maps::GuestBuilder for Builder {
    fn new(kind: u8) -> Self {
        Self(RefCell::new(map_kind(kind).map(map::Builder::new)))
    }

    fn push(&self, entries: Vec<verify::Entry>) -> Result<Vec<types::Object>, types::Error> {
        let mut making = self.0.borrow_mut();
        let map = making.as_mut().map_err(|error| error.clone())?;
        for verify::Entry { key, value } in entries {
            map.push(map::Entry { key, value })?;
        }
        Ok(pages(map.take_pages()))
    }

    fn finish(&self) -> Result<maps::BuiltMap, types::Error> {
        let (root, rest) = self.0.replace(Err(FINISHED))?.finish()?;
        Ok(maps::BuiltMap { root: root.into(), pages: pages(rest) })
    }
}

/// A builder makes one map.
const FINISHED: Error = Error::Malformed { fault: markerbed_core::Fault::OutOfRange, offset: 0 };
