//! Gathers findings: each once, the first few with their words.

use std::collections::{HashMap, HashSet};

use markerbed_core::{AttributesId, ContentId, MapId, NodeId, ObjectId, SnapshotId};

use super::{
    fetch::Fetched,
    report::{CheckFault, CheckedItem, Finding, Health, Served, Serves},
};

/// What was found so far.
pub(super) struct Findings {
    list: Vec<Finding>,
    list_max: usize,
    places_max: usize,
    total: u64,
    health: Health,
    known: HashSet<(CheckFault, CheckedItem)>,
    /// Which of the list are about an item.
    about: HashMap<CheckedItem, Vec<usize>>,
}

impl Findings {
    pub(super) fn new(list_max: usize, places_max: usize) -> Self {
        Self {
            list: Vec::new(),
            list_max,
            places_max,
            total: 0,
            health: Health::Sound,
            known: HashSet::new(),
            about: HashMap::new(),
        }
    }

    /// Adds a finding, unless it was found before.
    pub(super) fn add(
        &mut self,
        fault: CheckFault,
        item: impl Into<CheckedItem>,
        detail: impl Into<String>,
    ) {
        let item = item.into();
        if !self.known.insert((fault, item.clone())) {
            return;
        }
        self.total += 1;
        self.health = self.health.max(fault.health());
        self.about.entry(item.clone()).or_default();
        if self.list.len() < self.list_max {
            self.about.entry(item.clone()).or_default().push(self.list.len());
            let serves = Serves { is_all: true, ..Serves::default() };
            self.list.push(Finding { fault, item, detail: detail.into(), serves });
        }
    }

    /// Takes the object, or finds that it is missing or damaged.
    pub(super) fn take_object<T>(&mut self, id: ObjectId, fetched: Fetched<T>) -> Option<T> {
        match fetched {
            Fetched::Whole(value) => return Some(value),
            Fetched::Missing => self.add(CheckFault::MissingObject, id, "it is missing"),
            Fetched::Damaged(why) => self.add(CheckFault::DamagedObject, id, why),
        }
        None
    }

    /// Takes what is known of a content, or finds that it is missing or damaged.
    pub(super) fn take_content<T>(&mut self, id: ContentId, fetched: Fetched<T>) -> Option<T> {
        match fetched {
            Fetched::Whole(value) => return Some(value),
            Fetched::Missing => self.add(CheckFault::MissingContent, id, "it is missing"),
            Fetched::Damaged(why) => self.add(CheckFault::DamagedContent, id, why),
        }
        None
    }

    /// Tells whether anything was found about an item.
    pub(super) fn is_about(&self, item: &CheckedItem) -> bool {
        self.about.contains_key(item)
    }

    /// Notes a place that an item serves; tells whether anything was found about it.
    pub(super) fn serve(&mut self, item: &CheckedItem, place: impl FnOnce() -> Served) -> bool {
        let Some(indexes) = self.about.get(item) else { return false };
        let mut place = Some(place);
        let mut made = None;
        for index in indexes {
            let Some(finding) = self.list.get_mut(*index) else { continue };
            finding.serves.total += 1;
            if finding.serves.places.len() < self.places_max {
                if let Some(place) = place.take() {
                    made = Some(place());
                }
                finding.serves.places.extend(made.clone());
            }
        }
        true
    }

    /// Says that not all places were counted.
    pub(super) fn stop_counting_places(&mut self) {
        self.list.iter_mut().for_each(|finding| finding.serves.is_all = false);
    }

    pub(super) fn health(&self) -> Health {
        self.health
    }

    pub(super) fn into_list(self) -> (Vec<Finding>, u64) {
        (self.list, self.total)
    }
}

macro_rules! checked_items {
    ($($id:ident)*) => {$(
        impl From<$id> for CheckedItem {
            fn from(id: $id) -> Self {
                Self::Object(id.into())
            }
        }
    )*};
}

checked_items! { ObjectId NodeId MapId AttributesId SnapshotId }

impl From<ContentId> for CheckedItem {
    fn from(id: ContentId) -> Self {
        Self::Content(id)
    }
}
