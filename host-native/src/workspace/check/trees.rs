//! Walks the tree of each snapshot, each node and page once, and checks it from below.

use markerbed_core::{
    AttributesId, ContentId, MapId, NodeId, Object, ObjectId, SnapshotId,
    limits::DEPTH_MAX,
    map::{MapKind, Page, Place},
    tree::{Attribute, Attributes, Child, File, Node},
};

use super::{
    CheckData, CheckFault, Run,
    fetch::{self, Fetched},
    graph::{Entered, Frame, Summary, Todo, Vertex},
};
use crate::{snapshot::Holding, workspace::WorkspaceError};

impl Run<'_> {
    /// Checks a tree and all that is below it.
    pub(super) async fn check_tree(
        &mut self,
        snapshot: SnapshotId,
        root: NodeId,
    ) -> Result<(), WorkspaceError> {
        let Some(object) = self.take(root.into()).await? else { return Ok(()) };
        let Some(node) = object.as_node().cloned() else { return Ok(()) };
        self.check_files([(root, &node)].into_iter()).await?;
        let summary = self.check_below(Todo::Node(root, node)).await?;
        if summary.height > DEPTH_MAX {
            let detail = format!(
                "its tree has a path of {} names, at most {DEPTH_MAX} may be",
                summary.height
            );
            self.findings.add(CheckFault::TooDeep, snapshot, detail);
        }
        Ok(())
    }

    /// Checks what is said beside a tree.
    pub(super) async fn check_attributes(
        &mut self,
        root: AttributesId,
    ) -> Result<(), WorkspaceError> {
        self.check_below(Todo::Attributes(root)).await.map(drop)
    }

    /// Checks the maps of a state.
    pub(super) async fn check_state_map(&mut self, map: MapId) -> Result<(), WorkspaceError> {
        self.check_below(Todo::Page(map, Place::Root(MapKind::State))).await.map(drop)
    }

    /// Checks one thing with an explicit stack: a tree may be as deep as it likes.
    async fn check_below(&mut self, first: Todo) -> Result<Summary, WorkspaceError> {
        let mut stack: Vec<Frame> = Vec::new();
        let mut entered = self.enter(first).await?;
        loop {
            match entered {
                Entered::Frame(frame) => stack.push(frame),
                Entered::Known(summary) => match stack.last_mut() {
                    Some(frame) => frame.take(summary),
                    None => return Ok(summary),
                },
            }
            let todo = stack.last_mut().and_then(|frame| frame.todo.pop());
            entered = match todo {
                Some(todo) => self.enter(todo).await?,
                None => match stack.pop() {
                    Some(frame) => Entered::Known(self.leave(frame)),
                    None => return Ok(Summary::CLOSED),
                },
            };
        }
    }

    async fn enter(&mut self, todo: Todo) -> Result<Entered, WorkspaceError> {
        match todo {
            Todo::Page(id, place) => self.enter_page(id, place).await,
            Todo::Attributes(id) => self.enter_attributes(id).await,
            Todo::Node(id, node) => Ok(match self.checked.nodes.get(&id) {
                Some(known) => Entered::Known(*known),
                None => {
                    let map = node.as_directory().map(|directory| directory.children());
                    let page = |map| Todo::Page(map, Place::Root(MapKind::Directory));
                    let todo = map.map(page).into_iter().collect();
                    Entered::Frame(Frame::new(Vertex::Node(id, node), todo))
                }
            }),
        }
    }

    async fn enter_page(&mut self, id: MapId, place: Place) -> Result<Entered, WorkspaceError> {
        let object = self.take(id.into()).await?;
        let Some(page) = object.as_ref().and_then(Object::as_page) else {
            self.checked.pages.insert(id, Summary::CLOSED);
            return Ok(Entered::Known(Summary::CLOSED));
        };
        let mut frame = Frame::new(Vertex::Page(id), Vec::new());
        if let Err(error) = place.check(page) {
            self.findings.add(CheckFault::WrongPage, id, error.to_string());
            frame.sum.is_bad = true;
        }
        let is_new = self.checked.note_place(id, &place);
        if let (false, Some(known)) = (is_new, self.checked.pages.get(&id)) {
            let is_bad = known.is_bad || frame.sum.is_bad;
            return Ok(Entered::Known(Summary { is_bad, ..*known }));
        }
        for (index, item) in page.items().iter().enumerate().rev() {
            if let (Some(below), Some(place)) = (item.below, place.of_child(page, index)) {
                frame.todo.push(Todo::Page(below.page, place));
            }
        }
        if page.level() == 0 {
            self.open_entries(page, &mut frame).await?;
        }
        Ok(Entered::Frame(frame))
    }

    /// Looks at the entries of a page of level 0.
    async fn open_entries(&mut self, page: &Page, frame: &mut Frame) -> Result<(), WorkspaceError> {
        let values = page.items().iter().rev().map(|item| {
            let value = item.entry.value.as_slice();
            (item.entry.key.as_slice(), <[u8; 32]>::try_from(value))
        });
        match page.kind() {
            MapKind::Directory => self.open_children(page, frame).await?,
            MapKind::Attributes => {
                let ids = values.filter_map(|(_, value)| value.ok());
                frame.todo.extend(ids.map(|id| Todo::Attributes(AttributesId::from_bytes(id))));
            }
            MapKind::State => {
                for (tag, value) in values {
                    let kind = match tag {
                        [1] => MapKind::Refs,
                        [2] => MapKind::Snapshots,
                        [6] => MapKind::Grants,
                        _ => MapKind::Keys,
                    };
                    let map = value.map(MapId::from_bytes);
                    frame.todo.extend(map.map(|map| Todo::Page(map, Place::Root(kind))));
                }
            }
            // What these name was found by replaying the ledger.
            _ => {}
        }
        Ok(())
    }

    /// Fetches the children in one page of a directory; checks those with nothing below them.
    async fn open_children(
        &mut self,
        page: &Page,
        frame: &mut Frame,
    ) -> Result<(), WorkspaceError> {
        frame.names = 1;
        let values = page.items().iter().map(|item| Child::from_value(&item.entry.value));
        let children: Vec<Child> = values.filter_map(Result::ok).collect();
        let mut nodes: Vec<(NodeId, Node)> = Vec::new();
        for (child, fetched) in children.iter().zip(self.fetch_nodes(&children).await?) {
            let object = self.findings.take_object(child.id.into(), fetched);
            let Some(node) = object.as_ref().and_then(Object::as_node) else {
                frame.take(Summary::CLOSED);
                continue;
            };
            if child.check(node).is_err() {
                let detail = format!("it is a {}, its directory says {}", node.kind(), child.kind);
                self.findings.add(CheckFault::WrongKind, child.id, detail);
                frame.sum.is_bad = true;
            }
            nodes.push((child.id, node.clone()));
        }
        self.check_files(nodes.iter().map(|(id, node)| (*id, node))).await?;
        for (id, node) in nodes.into_iter().rev() {
            if node.as_directory().is_some() {
                frame.todo.push(Todo::Node(id, node));
            } else {
                let summary = self.summary_of(id, &node);
                frame.take(summary);
            }
        }
        Ok(())
    }

    async fn enter_attributes(&mut self, id: AttributesId) -> Result<Entered, WorkspaceError> {
        if let Some(known) = self.checked.attributes.get(&id) {
            return Ok(Entered::Known(*known));
        }
        let object = self.take(id.into()).await?;
        let Some(attributes) = object.as_ref().and_then(Object::as_attributes) else {
            self.checked.attributes.insert(id, Summary::CLOSED);
            return Ok(Entered::Known(Summary::CLOSED));
        };
        let map = |map| Todo::Page(map, Place::Root(MapKind::Attributes));
        let todo = attributes.children().map(map).into_iter().collect();
        let mut frame = Frame::new(Vertex::Attributes(id), todo);
        let contents: Vec<_> = extended(attributes)
            .map(|(content, bytes)| Wanted { content, bytes, of: id.into(), said: Said::Plain })
            .collect();
        self.check_contents(&contents).await?;
        frame.sum.is_bad = self.findings.is_about(&id.into())
            || contents.iter().any(|wanted| self.findings.is_about(&wanted.content.into()));
        Ok(Entered::Frame(frame))
    }

    /// Everything below was checked: what does it give?
    fn leave(&mut self, frame: Frame) -> Summary {
        let Frame { of, sum, .. } = frame;
        match of {
            Vertex::Page(id) => {
                let was_bad = self.checked.pages.get(&id).is_some_and(|known| known.is_bad);
                let summary = Summary { is_bad: sum.is_bad || was_bad, ..sum };
                self.checked.pages.insert(id, summary);
                summary
            }
            Vertex::Attributes(id) => {
                self.checked.attributes.insert(id, sum);
                sum
            }
            Vertex::Node(id, node) => {
                self.check_counts(id, &node, &sum);
                let itself = self.summary_of(id, &node);
                let is_bad = itself.is_bad || sum.is_bad;
                let summary = Summary { height: sum.height, is_bad, ..itself };
                self.checked.nodes.insert(id, summary);
                summary
            }
        }
    }

    /// NODE-8: since each directory is checked against what its own children state, all counts
    /// are true from below.
    fn check_counts(&mut self, id: NodeId, node: &Node, sum: &Summary) {
        let Some(stated) = node.as_directory().map(|directory| directory.below()) else { return };
        let found = sum.adds;
        if !sum.is_unsure && found != stated {
            let detail = match Said::of(node) {
                Said::Plain => format!(
                    "it counts {} nodes, {} files and {} bytes below it, there are {}, {} and {}",
                    stated.nodes, stated.files, stated.bytes, found.nodes, found.files, found.bytes,
                ),
                Said::Sealed => "its counts are not those of what is below it".to_owned(),
            };
            self.findings.add(CheckFault::WrongCount, id, detail);
        }
    }

    /// What a node gives by itself.
    fn summary_of(&mut self, id: NodeId, node: &Node) -> Summary {
        let adds = node.adds();
        if adds.is_err() {
            self.findings.add(CheckFault::WrongCount, id, "its counts exceed 64 bits");
        }
        let content = node.as_file().map(File::content);
        let is_bad = self.findings.is_about(&id.into())
            || content.is_some_and(|content| self.findings.is_about(&content.into()));
        let is_unsure = adds.is_err();
        Summary { adds: adds.unwrap_or_default(), height: 0, is_bad, is_unsure }
    }

    /// Checks that the contents of files are there and as long as these say (NODE-3).
    async fn check_files<'f>(
        &mut self,
        nodes: impl Iterator<Item = (NodeId, &'f Node)>,
    ) -> Result<(), WorkspaceError> {
        let wanted = |(id, node): (NodeId, &Node)| {
            let (content, bytes) =
                node.as_file().map(|file| (file.content(), file.size_bytes()))?;
            Some(Wanted { content, bytes, of: id.into(), said: Said::of(node) })
        };
        let contents: Vec<_> = nodes.filter_map(wanted).collect();
        self.check_contents(&contents).await
    }

    /// Checks contents, each with the length that an object says it has.
    async fn check_contents(&mut self, wanted: &[Wanted]) -> Result<(), WorkspaceError> {
        let ids: Vec<ContentId> = wanted.iter().map(|wanted| wanted.content).collect();
        let lengths = fetch::fetch_each_length(self.workspace, &ids).await?;
        for (Wanted { content, bytes, of, said }, length) in wanted.iter().zip(lengths) {
            if self.holding == Holding::Hashed && matches!(length, Fetched::Missing) {
                self.not_held.insert(*content);
                continue;
            }
            let length = match said {
                Said::Plain => self.take_content(*content, length).await?,
                Said::Sealed => self.take_sealed_content(*of, *content, length).await?,
            };
            let Some(length) = length.filter(|length| length != bytes) else { continue };
            let detail = match said {
                Said::Plain => format!("it says {bytes} bytes, its content {content} has {length}"),
                Said::Sealed => "its size is not that of its content".to_owned(),
            };
            self.findings.add(CheckFault::WrongSize, *of, detail);
        }
        Ok(())
    }

    /// Takes a content that a sealed file holds; neither its digest nor its size is told.
    async fn take_sealed_content(
        &mut self,
        file: ObjectId,
        id: ContentId,
        length: Fetched<u64>,
    ) -> Result<Option<u64>, WorkspaceError> {
        let bytes_read = self.looked.bytes_read;
        let length = self.meet_content(id, length).await?;
        self.looked.bytes_read = bytes_read;
        self.findings.seal_content(file, id);
        Ok(length)
    }

    /// Takes a content that something plain names; reads it, the first time, if data is to be read.
    pub(super) async fn take_content(
        &mut self,
        id: ContentId,
        length: Fetched<u64>,
    ) -> Result<Option<u64>, WorkspaceError> {
        let length = self.meet_content(id, length).await?;
        self.findings.name_content(id);
        Ok(length)
    }

    async fn meet_content(
        &mut self,
        id: ContentId,
        length: Fetched<u64>,
    ) -> Result<Option<u64>, WorkspaceError> {
        let is_new = self.stored.meet_content(&id);
        let Some(length) = self.findings.take_content(id, length) else { return Ok(None) };
        if self.options.data != CheckData::Read {
            return Ok(Some(length));
        }
        let is_to_be_read = if self.is_data_proven {
            self.stored.take_unproven(&id)
        } else {
            self.checked.contents.insert(id)
        };
        if is_to_be_read {
            let progress = self.progress;
            let advance = |bytes| progress.advance(0, bytes);
            let read = fetch::read_whole_content(self.workspace, id, &advance).await?;
            self.findings.take_content(id, read);
        }
        if is_to_be_read || self.is_data_proven && is_new {
            self.looked.bytes_read = self.looked.bytes_read.saturating_add(length);
        }
        Ok(Some(length))
    }

    /// Takes an object that something names, or finds that it is missing or damaged.
    pub(super) async fn take(&mut self, id: ObjectId) -> Result<Option<Object>, WorkspaceError> {
        let fetched = self.fetch_many(&[id]).await?.pop().unwrap_or(Fetched::Missing);
        Ok(self.findings.take_object(id, fetched))
    }

    async fn fetch_nodes(
        &mut self,
        children: &[Child],
    ) -> Result<Vec<Fetched<Object>>, WorkspaceError> {
        let ids: Vec<ObjectId> = children.iter().map(|child| child.id.into()).collect();
        self.fetch_many(&ids).await
    }

    /// Fetches objects that something names.
    pub(super) async fn fetch_many(
        &mut self,
        ids: &[ObjectId],
    ) -> Result<Vec<Fetched<Object>>, WorkspaceError> {
        let fetched = fetch::fetch_each_object(self.workspace, ids).await?;
        ids.iter().for_each(|id| self.stored.meet_object(id));
        self.progress.advance(ids.len() as u64, 0);
        Ok(fetched)
    }
}

/// A content with the length that an object says it has.
struct Wanted {
    content: ContentId,
    bytes: u64,
    of: ObjectId,
    said: Said,
}

/// Whether the size and the digest of what is checked may be told (SEAL-3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Said {
    Plain,
    Sealed,
}

impl Said {
    const fn of(node: &Node) -> Self {
        if node.salt().is_some() { Self::Sealed } else { Self::Plain }
    }
}

/// The contents that attributes name.
pub(super) fn extended(attributes: &Attributes) -> impl Iterator<Item = (ContentId, u64)> {
    attributes.own().iter().flat_map(|attribute| match attribute {
        Attribute::Extended(list) => list.iter().map(|one| (one.content, one.size_bytes)).collect(),
        _ => Vec::new(),
    })
}
