//! A map of names that is made on the way, and whose pages are put.

use std::mem;

use markerbed_core::{
    MapId,
    map::{Builder, Entry, MapKind},
};
use markerbed_engine::{Engine, MapBuilder};

use super::{
    Failed,
    objects::{Objects, Of},
};
use crate::drive::blocking::wait;

/// A map that is being made of names in their order.
pub(super) struct NamesMap {
    of: Of,
    maker: Maker,
}

enum Maker {
    /// Core, in this program.
    Core(Builder),
    /// An engine elsewhere, and what it was not yet given.
    Elsewhere(Box<dyn MapBuilder>, Vec<Entry>),
}

impl NamesMap {
    pub(super) fn begin(of: Of, engine: Option<&dyn Engine>) -> Result<Self, Failed> {
        let kind = match of {
            Of::Tree => MapKind::Directory,
            Of::Attributes => MapKind::Attributes,
        };
        let maker = match engine {
            None => Maker::Core(Builder::new(kind)),
            Some(engine) => Maker::Elsewhere(wait(engine.map_builder(kind))?, Vec::new()),
        };
        Ok(Self { of, maker })
    }

    /// Takes the next entry, and puts the pages that are thereby whole.
    pub(super) fn push(&mut self, entry: Entry, objects: &mut Objects<'_>) -> Result<(), Failed> {
        match &mut self.maker {
            Maker::Core(map) => {
                map.push(entry)?;
                objects.put_pages(self.of, map.take_pages())?;
            }
            Maker::Elsewhere(map, waiting) => {
                waiting.push(entry);
                if waiting.len() >= ENTRIES_AT_ONCE {
                    let pages = wait(map.push(mem::take(waiting)))?;
                    objects.put_all(self.of, pages)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the map, and puts its last pages.
    pub(super) fn finish(self, objects: &mut Objects<'_>) -> Result<MapId, Failed> {
        match self.maker {
            Maker::Core(map) => {
                let (root, pages) = map.finish()?;
                objects.put_pages(self.of, pages)?;
                Ok(root)
            }
            Maker::Elsewhere(mut map, waiting) => {
                objects.put_all(self.of, wait(map.push(waiting))?)?;
                let built = wait(map.finish())?;
                objects.put_all(self.of, built.pages)?;
                Ok(built.root)
            }
        }
    }
}

/// How many entries are given to an engine elsewhere at once.
const ENTRIES_AT_ONCE: usize = 4_096;
