//! Names the places that damaged and missing things serve: paths in snapshots.

use markerbed_core::{
    AttributesId, ContentId, MapId, NodeId, Object, ObjectId, SnapshotId,
    map::{MapKind, Page},
    tree::{Child, File, Name, Node, Path, Snapshot, Trail},
};

use super::{
    CheckedItem, Part, Run, Served,
    fetch::{self, Fetched},
    graph::Summary,
    trees::extended,
};
use crate::workspace::WorkspaceError;

/// Something bad, or above something bad, at a place.
enum Visit {
    Node(NodeId, Trail),
    Page(MapId, Trail),
    Attributes(AttributesId, Trail),
}

impl Run<'_> {
    /// Names the places in one snapshot; tells whether there is time for another one.
    pub(super) async fn name_places(
        &mut self,
        id: SnapshotId,
        snapshot: Option<&Snapshot>,
    ) -> Result<bool, WorkspaceError> {
        self.serve(id.into(), id, Part::Snapshot, &Trail::ROOT);
        let Some(snapshot) = snapshot else { return Ok(true) };
        self.serve(snapshot.rules.into(), id, Part::Rules, &Trail::ROOT);
        if let Some(evidence) = snapshot.evidence {
            self.serve(evidence.into(), id, Part::Evidence, &Trail::ROOT);
            if let Some(listing) = self.listing_of(evidence).await? {
                self.serve(listing.into(), id, Part::Listing, &Trail::ROOT);
            }
        }
        let attributes = snapshot.attributes.map(|root| Visit::Attributes(root, Trail::ROOT));
        let mut stack: Vec<Visit> = attributes.into_iter().collect();
        stack.push(Visit::Node(snapshot.root, Trail::ROOT));
        while let Some(visit) = stack.pop() {
            if self.visits_left == 0 {
                return Ok(false);
            }
            self.visits_left -= 1;
            self.progress.advance(1, 0);
            match visit {
                Visit::Node(node, trail) => self.visit_node(id, node, trail, &mut stack).await?,
                Visit::Page(page, trail) => self.visit_page(id, page, trail, &mut stack).await?,
                Visit::Attributes(attributes, trail) => {
                    self.visit_attributes(id, attributes, trail, &mut stack).await?;
                }
            }
        }
        Ok(true)
    }

    async fn visit_node(
        &mut self,
        snapshot: SnapshotId,
        id: NodeId,
        trail: Trail,
        stack: &mut Vec<Visit>,
    ) -> Result<(), WorkspaceError> {
        self.serve(id.into(), snapshot, Part::Tree, &trail);
        let object = self.look(id.into()).await?;
        let Some(node) = object.as_ref().and_then(Object::as_node) else { return Ok(()) };
        if let Some(content) = plain_content(node) {
            self.serve(content.into(), snapshot, Part::Tree, &trail);
        }
        if let Some(directory) = node.as_directory() {
            self.push_page(directory.children(), trail, stack);
        }
        Ok(())
    }

    async fn visit_page(
        &mut self,
        snapshot: SnapshotId,
        id: MapId,
        trail: Trail,
        stack: &mut Vec<Visit>,
    ) -> Result<(), WorkspaceError> {
        let object = self.look(id.into()).await?;
        let page = object.as_ref().and_then(Object::as_page);
        let part = match page.map(Page::kind) {
            Some(MapKind::Attributes) => Part::Attributes,
            _ => Part::Tree,
        };
        self.serve(id.into(), snapshot, part, &trail);
        let Some(page) = page else { return Ok(()) };
        for below in page.items().iter().rev().filter_map(|item| item.below) {
            self.push_page(below.page, trail.clone(), stack);
        }
        match (page.level(), page.kind()) {
            (0, MapKind::Directory) => self.visit_children(snapshot, page, &trail, stack).await,
            (0, MapKind::Attributes) => {
                for item in page.items().iter().rev() {
                    let id = <[u8; 32]>::try_from(item.entry.value.as_slice());
                    let (Ok(id), Some(trail)) = (id, join(&trail, &item.entry.key)) else {
                        continue;
                    };
                    self.push_attributes(AttributesId::from_bytes(id), trail, stack);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn visit_children(
        &mut self,
        snapshot: SnapshotId,
        page: &Page,
        trail: &Trail,
        stack: &mut Vec<Visit>,
    ) -> Result<(), WorkspaceError> {
        let mut children = Vec::new();
        for item in page.items() {
            if let (Ok(child), Some(trail)) =
                (Child::from_value(&item.entry.value), join(trail, &item.entry.key))
            {
                children.push((child.id, trail));
            }
        }
        let ids: Vec<ObjectId> = children.iter().map(|(id, _)| (*id).into()).collect();
        let fetched = fetch::fetch_each_object(self.workspace, &ids).await?;
        let mut directories = Vec::new();
        for ((id, trail), fetched) in children.into_iter().zip(fetched) {
            let node = match &fetched {
                Fetched::Whole(object) => object.as_node(),
                _ => None,
            };
            if node.is_some_and(|node| node.as_directory().is_some()) {
                if is_bad(self.checked.nodes.get(&id)) || self.findings.is_about(&id.into()) {
                    directories.push(Visit::Node(id, trail));
                }
                continue;
            }
            self.serve(id.into(), snapshot, Part::Tree, &trail);
            if let Some(content) = node.and_then(plain_content) {
                self.serve(content.into(), snapshot, Part::Tree, &trail);
            }
        }
        stack.extend(directories.into_iter().rev());
        Ok(())
    }

    async fn visit_attributes(
        &mut self,
        snapshot: SnapshotId,
        id: AttributesId,
        trail: Trail,
        stack: &mut Vec<Visit>,
    ) -> Result<(), WorkspaceError> {
        self.serve(id.into(), snapshot, Part::Attributes, &trail);
        let object = self.look(id.into()).await?;
        let Some(attributes) = object.as_ref().and_then(Object::as_attributes) else {
            return Ok(());
        };
        for (content, _) in extended(attributes) {
            self.serve(content.into(), snapshot, Part::Attributes, &trail);
        }
        if let Some(map) = attributes.children() {
            self.push_page(map, trail, stack);
        }
        Ok(())
    }

    fn push_page(&self, id: MapId, trail: Trail, stack: &mut Vec<Visit>) {
        if is_bad(self.checked.pages.get(&id)) || self.findings.is_about(&id.into()) {
            stack.push(Visit::Page(id, trail));
        }
    }

    fn push_attributes(&self, id: AttributesId, trail: Trail, stack: &mut Vec<Visit>) {
        if is_bad(self.checked.attributes.get(&id)) || self.findings.is_about(&id.into()) {
            stack.push(Visit::Attributes(id, trail));
        }
    }

    /// Notes that an item serves a place, if anything was found about it.
    fn serve(&mut self, item: CheckedItem, snapshot: SnapshotId, part: Part, trail: &Trail) {
        self.findings.serve(&item, || {
            let path = if trail.depth() == 0 { Path::ROOT } else { trail.to_path() };
            Served { snapshot, part, path }
        });
    }

    /// Looks at an object again; what is wrong with it was found before.
    async fn look(&self, id: ObjectId) -> Result<Option<Object>, WorkspaceError> {
        let fetched = fetch::fetch_each_object(self.workspace, &[id]).await?.pop();
        Ok(match fetched {
            Some(Fetched::Whole(object)) => Some(object),
            _ => None,
        })
    }
}

/// The content of a file; what is wrong with that of a sealed one is said of the file.
fn plain_content(node: &Node) -> Option<ContentId> {
    node.as_file().filter(|_| node.salt().is_none()).map(File::content)
}

fn is_bad(summary: Option<&Summary>) -> bool {
    summary.is_some_and(|summary| summary.is_bad)
}

/// The trail of a child; a name that is too deep was found before.
fn join(trail: &Trail, name: &[u8]) -> Option<Trail> {
    trail.join(Name::new(name).ok()?).ok()
}
