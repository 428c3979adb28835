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
    /// Contents of sealed files about which something was found.
    sealed: HashSet<ContentId>,
    /// Such that something plain names, too.
    plain: HashSet<ContentId>,
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
            sealed: HashSet::new(),
            plain: HashSet::new(),
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

    /// Notes that a plain object names a content.
    pub(super) fn name_content(&mut self, id: ContentId) {
        if self.is_about(&id.into()) {
            self.plain.insert(id);
        }
    }

    /// Notes that a sealed file holds a content: what is wrong with it is said of the file, because
    /// its digest is told nowhere else (SEAL-3).
    pub(super) fn seal_content(&mut self, file: ObjectId, content: ContentId) {
        let item = CheckedItem::from(content);
        if !self.is_about(&item) {
            return;
        }
        self.sealed.insert(content);
        for (fault, detail) in [
            (CheckFault::MissingContent, "its content is missing"),
            (CheckFault::DamagedContent, "its content is damaged"),
        ] {
            if self.known.contains(&(fault, item.clone())) {
                self.add(fault, file, detail);
            }
        }
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

    /// The first findings and how many there are; those about contents that only sealed files hold
    /// are said of these.
    pub(super) fn into_list(mut self) -> (Vec<Finding>, u64) {
        let (sealed, plain) = (&self.sealed, &self.plain);
        let is_told = |item: &CheckedItem| match item {
            CheckedItem::Content(id) => !sealed.contains(id) || plain.contains(id),
            _ => true,
        };
        let untold = self.known.iter().filter(|(_, item)| !is_told(item)).count();
        self.list.retain(|finding| is_told(&finding.item));
        (self.list, self.total.saturating_sub(untold as u64))
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
