//! Goes down a stored tree and bears with what is missing in it.

use std::collections::VecDeque;

use markerbed_core::{
    AttributesId, Error, NodeId, Object, ObjectId, WorkspaceId,
    limits::DEPTH_MAX,
    step::{Io, Step},
    tree::{Attributes, Child, Directory, Name, NamedChild, Node, list_attributes, list_directory},
};

use super::Lack;
use crate::{
    drive::{
        DriveError,
        blocking::{drive, wait},
    },
    store::{Records, StoreError},
};

/// The objects of a workspace.
#[derive(Clone, Copy)]
pub(crate) struct Objects<'a> {
    pub(crate) records: &'a dyn Records,
    pub(crate) workspace: WorkspaceId,
}

/// Why an object cannot be had: the tree lacks it, and the way on is clear.
#[derive(Debug)]
pub(crate) struct Lacks {
    pub(crate) why: Lack,
    /// As the engine or the store said it.
    pub(crate) error: DriveError,
}

/// What is below a directory, in pre-order.
///
/// Whoever comes to a directory says whether to go into it. What is remembered is bounded by
/// [`PENDING_MAX`] names, and a few a level.
pub(super) struct Descent<'a> {
    objects: Objects<'a>,
    want: fn(&Child) -> Want,
    levels: Vec<Level>,
    pending: usize,
}

/// What to do with a child before it is come to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Want {
    /// Leave it out.
    Nothing,
    /// Name it.
    Name,
    /// Name it and fetch its node.
    Node,
}

/// What a descent came to.
pub(super) enum Visit {
    /// A child.
    Child(Visited),
    /// The rest of the directory whose children were coming cannot be listed.
    Unlisted(Lacks),
    /// The attributes of its children cannot be listed.
    Unmirrored(Lacks),
}

/// A child that a descent came to.
pub(super) struct Visited {
    /// How many names lead to it from where the descent began.
    pub(super) depth: usize,
    pub(super) child: NamedChild,
    /// None if it was not wanted.
    pub(super) node: Option<Result<Node, Lacks>>,
    /// None if it has none, or if those of its directory were not given.
    pub(super) attributes: Option<AttributesId>,
}

struct Level {
    directory: Directory,
    attributes: Option<Attributes>,
    /// Why there are no attributes of children.
    unmirrored: Option<Lacks>,
    /// The name from which the next children are to be listed; none if these were all.
    from: Option<Vec<u8>>,
    listed: VecDeque<Listed>,
}

struct Listed {
    child: NamedChild,
    node: Option<Result<Node, Lacks>>,
    attributes: Option<AttributesId>,
}

impl<'a> Descent<'a> {
    /// Starts above a first directory: [`Descent::enter`] it.
    pub(super) fn new(objects: Objects<'a>, want: fn(&Child) -> Want) -> Self {
        Self { objects, want, levels: Vec::new(), pending: 0 }
    }

    /// Goes into a directory: its children come next, each with what its attributes say of it.
    pub(super) fn enter(&mut self, directory: &Directory, attributes: Option<Attributes>) {
        self.levels.push(Level {
            directory: *directory,
            attributes,
            unmirrored: None,
            from: Some(Vec::new()),
            listed: VecDeque::new(),
        });
    }

    /// How many directories the one at hand is below the first, itself counted.
    pub(super) const fn depth(&self) -> usize {
        self.levels.len()
    }

    /// What comes next; none after the last.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub(super) fn next(&mut self) -> Result<Option<Visit>, StoreError> {
        loop {
            let depth = self.levels.len();
            let Some(level) = self.levels.last_mut() else { return Ok(None) };
            if let Some(lacks) = level.unmirrored.take() {
                return Ok(Some(Visit::Unmirrored(lacks)));
            }
            if let Some(Listed { child, node, attributes }) = level.listed.pop_front() {
                self.pending -= 1;
                return Ok(Some(Visit::Child(Visited { depth, child, node, attributes })));
            }
            let Some(from) = level.from.take() else {
                self.levels.pop();
                continue;
            };
            let directory = level.directory;
            if let Err(lacks) = self.list(&directory, from)? {
                return Ok(Some(Visit::Unlisted(lacks)));
            }
            let is_too_deep = depth > DEPTH_MAX as usize;
            if let Some(level) = self.levels.last_mut().filter(|_| is_too_deep)
                && !level.listed.is_empty()
            {
                self.pending -= level.listed.len();
                level.listed.clear();
                level.from = None;
                return Ok(Some(Visit::Unlisted(Lacks::of(Error::TooDeep.into()))));
            }
        }
    }

    /// Lists some children of the last level.
    fn list(
        &mut self,
        directory: &Directory,
        from: Vec<u8>,
    ) -> Result<Result<(), Lacks>, StoreError> {
        let room = PENDING_MAX.saturating_sub(self.pending) / 4;
        let children_max = room.clamp(CHILDREN_AT_LEAST, CHILDREN_AT_MOST);
        let mut children = match self.objects.list(directory, from.clone(), children_max)? {
            Ok(children) => children,
            Err(lacks) => return Ok(Err(lacks)),
        };
        let mut attributes = self.list_attributes(from, children_max)?.into_iter().peekable();
        // The first name that can come after the last one.
        let from = children.last().filter(|_| children.len() >= children_max);
        let from = from.map(|last| [last.name.as_bytes(), &[0]].concat());
        children.retain(|child| (self.want)(&child.child) != Want::Nothing);
        let wanted: Vec<Child> = children
            .iter()
            .map(|child| child.child)
            .filter(|child| (self.want)(child) == Want::Node)
            .collect();
        let mut nodes = self.objects.nodes(&wanted)?.into_iter();
        self.pending += children.len();
        if let Some(level) = self.levels.last_mut() {
            level.from = from;
            for child in children {
                let is_wanted = (self.want)(&child.child) == Want::Node;
                let node = if is_wanted { nodes.next() } else { None };
                while attributes.next_if(|(name, _)| *name < child.name).is_some() {}
                let attributes = attributes.next_if(|(name, _)| *name == child.name);
                let attributes = attributes.map(|(_, id)| id);
                level.listed.push_back(Listed { child, node, attributes });
            }
        }
        Ok(Ok(()))
    }

    /// Lists the attributes of some children of the last level; there are no more than children.
    fn list_attributes(
        &mut self,
        from: Vec<u8>,
        children_max: usize,
    ) -> Result<Vec<(Name, AttributesId)>, StoreError> {
        let Some(level) = self.levels.last_mut() else { return Ok(Vec::new()) };
        let Some(attributes) = level.attributes.clone() else { return Ok(Vec::new()) };
        let listed = self.objects.answer(move |io| async move {
            list_attributes(&io, &attributes, &from, children_max as u64).await
        })?;
        Ok(listed.unwrap_or_else(|lacks| {
            level.attributes = None;
            level.unmirrored = Some(lacks);
            Vec::new()
        }))
    }
}

impl Objects<'_> {
    /// Fetches nodes, in their order.
    ///
    /// # Errors
    ///
    /// Those of the store that are not about one object.
    pub(crate) fn nodes(&self, children: &[Child]) -> Result<Vec<Result<Node, Lacks>>, StoreError> {
        let mut nodes = Vec::with_capacity(children.len());
        for children in children.chunks(CHILDREN_AT_MOST) {
            let ids: Vec<ObjectId> = children.iter().map(|child| child.id.into()).collect();
            let fetched = match wait(self.records.fetch_objects(self.workspace, &ids)) {
                Ok(fetched) => fetched.into_iter().map(Ok).collect(),
                // One of them is damaged: the others are asked for one by one.
                Err(StoreError::Damaged { .. }) => self.fetch_each(&ids)?,
                Err(error) => return Err(error),
            };
            for (child, fetched) in children.iter().zip(fetched) {
                nodes.push(fetched.and_then(|bytes| check_node(child, bytes)));
            }
        }
        Ok(nodes)
    }

    /// Fetches a node of which only the id is known.
    ///
    /// # Errors
    ///
    /// As [`Objects::nodes`].
    pub(crate) fn node(&self, id: NodeId) -> Result<Result<Node, Lacks>, StoreError> {
        let id = ObjectId::from(id);
        let fetched = match wait(self.records.fetch_objects(self.workspace, &[id])) {
            Ok(mut fetched) => Ok(fetched.pop().flatten()),
            Err(error @ StoreError::Damaged { .. }) => Err(Lacks::of(error.into())),
            Err(error) => return Err(error),
        };
        Ok(fetched.and_then(|bytes| match bytes {
            Some(bytes) => prove_node(id, &bytes).map_err(|error| Lacks::of(error.into())),
            None => Err(Lacks::of(Error::MissingObject { id }.into())),
        }))
    }

    /// Fetches attributes.
    ///
    /// # Errors
    ///
    /// As [`Objects::nodes`].
    pub(super) fn attributes(
        &self,
        ids: &[AttributesId],
    ) -> Result<Vec<Result<Attributes, Lacks>>, StoreError> {
        let ids: Vec<ObjectId> = ids.iter().map(|id| (*id).into()).collect();
        let fetched = match wait(self.records.fetch_objects(self.workspace, &ids)) {
            Ok(fetched) => fetched.into_iter().map(Ok).collect(),
            Err(StoreError::Damaged { .. }) => self.fetch_each(&ids)?,
            Err(error) => return Err(error),
        };
        let check = |(id, fetched): (&ObjectId, Result<Option<bytes::Bytes>, Lacks>)| {
            let bytes =
                fetched?.ok_or_else(|| Lacks::of(Error::MissingObject { id: *id }.into()))?;
            let object = Object::check(*id, &bytes).map_err(|error| Lacks::of(error.into()))?;
            let attributes = object.as_attributes().cloned();
            attributes.ok_or_else(|| Lacks::of(Error::AnswersOutOfOrder.into()))
        };
        Ok(ids.iter().zip(fetched).map(check).collect())
    }

    fn fetch_each(
        &self,
        ids: &[ObjectId],
    ) -> Result<Vec<Result<Option<bytes::Bytes>, Lacks>>, StoreError> {
        let fetch = |id: &ObjectId| match wait(self.records.fetch_objects(self.workspace, &[*id])) {
            Ok(mut fetched) => Ok(Ok(fetched.pop().flatten())),
            Err(error @ StoreError::Damaged { .. }) => Ok(Err(Lacks::of(error.into()))),
            Err(error) => Err(error),
        };
        ids.iter().map(fetch).collect()
    }

    /// Lists some children of a directory, from a name on.
    ///
    /// # Errors
    ///
    /// As [`Objects::nodes`].
    pub(crate) fn list(
        &self,
        directory: &Directory,
        from: Vec<u8>,
        children_max: usize,
    ) -> Result<Result<Vec<NamedChild>, Lacks>, StoreError> {
        let directory = *directory;
        self.answer(move |io| async move {
            list_directory(&io, &directory, &from, children_max as u64).await
        })
    }

    /// Runs an operation.
    fn answer<T, F>(&self, operation: impl FnOnce(Io) -> F) -> Result<Result<T, Lacks>, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let answered = Step::start(operation)
            .map_err(DriveError::from)
            .and_then(|step| drive(step, self.records, self.workspace));
        match answered {
            Ok(answer) => Ok(Ok(answer)),
            Err(DriveError::Store(error)) if !matches!(error, StoreError::Damaged { .. }) => {
                Err(error)
            }
            Err(error) => Ok(Err(Lacks::of(error))),
        }
    }
}

impl Lacks {
    fn of(error: DriveError) -> Self {
        let why = match error {
            DriveError::Engine(Error::MissingObject { .. }) => Lack::ObjectMissing,
            _ => Lack::Damaged,
        };
        Self { why, error }
    }
}

/// Proves that bytes are the node that a directory names.
fn check_node(child: &Child, bytes: Option<bytes::Bytes>) -> Result<Node, Lacks> {
    let id = ObjectId::from(child.id);
    let Some(bytes) = bytes else {
        let why = if child.kind.is_sealed() { Lack::Withheld } else { Lack::ObjectMissing };
        return Err(Lacks { why, error: Error::MissingObject { id }.into() });
    };
    let proven = prove_node(id, &bytes).and_then(|node| child.check(&node).map(|()| node));
    proven.map_err(|error| Lacks::of(error.into()))
}

fn prove_node(id: ObjectId, bytes: &[u8]) -> Result<Node, Error> {
    let object = Object::check(id, bytes)?;
    object.as_node().cloned().ok_or(Error::AnswersOutOfOrder)
}

/// How many names are remembered before fewer are listed at a time.
const PENDING_MAX: usize = 1 << 15;
/// How many children of a directory are listed at once.
const CHILDREN_AT_MOST: usize = 1_024;
/// The same when many names are remembered.
const CHILDREN_AT_LEAST: usize = 8;
