//! Trees of files, symlinks and directories.

use alloc::{boxed::Box, vec::Vec};

use markerbed_core::{
    AttributesId, Error, NodeId, Object, ObjectId, ObjectKind,
    codec::Canonical,
    tree::{
        self, Child, Counts, Directory, Expansion, File, Name, NewChild, Node, NodeBody, NodeKind,
        Path, ProofOf, Resolved, Snapshot, Symlink, TreeChange, build_directory,
    },
};

use super::{maps::pages, writer::Writer};
use crate::{
    bindings::{exports::markerbed::engine::trees, types},
    drive::drive,
    guest::Guest,
};

impl trees::Guest for Guest {
    type Writer = Writer;

    fn encode_node(node: trees::Node) -> Result<types::Object, types::Error> {
        let node: Node = match node {
            trees::Node::File(file) => {
                File::new(file.executable, file.size, file.content.into())?.into()
            }
            trees::Node::Symlink(target) => Symlink::new(&target)?.into(),
            trees::Node::Directory(directory) => {
                let trees::Directory { children, nodes, files, bytes } = directory;
                Directory::new(children.into(), Counts { nodes, files, bytes })?.into()
            }
        };
        Ok(node_object(&node))
    }

    fn decode_node(object: types::Object) -> Result<trees::Node, types::Error> {
        let object = Object::check(object.id.into(), &object.bytes)?;
        let node = object.as_node().ok_or(Error::NodeMismatch)?;
        Ok(match node.body() {
            NodeBody::File(file) => trees::Node::File(trees::File {
                executable: file.is_executable(),
                size: file.size_bytes(),
                content: file.content().into(),
            }),
            NodeBody::Symlink(symlink) => trees::Node::Symlink(symlink.target().to_vec()),
            NodeBody::Directory(directory) => {
                let Counts { nodes, files, bytes } = directory.below();
                let children = directory.children().into();
                trees::Node::Directory(trees::Directory { children, nodes, files, bytes })
            }
        })
    }

    fn build_directory(
        children: Vec<trees::NamedNode>,
    ) -> Result<trees::BuiltDirectory, types::Error> {
        let child = |child: trees::NamedNode| {
            let node = Node::decode(&child.node)?;
            let name = Name::new(&child.name)?;
            Ok(NewChild { name, child: Child::of(&node), adds: node.adds()? })
        };
        let children = children.into_iter().map(child).collect::<Result<_, Error>>()?;
        let built = build_directory(children)?;
        let node = node_object(&Node::from(built.directory));
        Ok(trees::BuiltDirectory { node, pages: pages(built.pages) })
    }

    fn resolve(
        workspace: types::Id,
        root: types::Id,
        path: Vec<u8>,
    ) -> Result<trees::Resolved, types::Error> {
        let (root, path) = (NodeId::from(root), Path::new(&path)?);
        let resolve = move |io| async move { tree::resolve(&io, root, &path).await };
        Ok(match drive(workspace, resolve)? {
            Resolved::Found { node, .. } => trees::Resolved::Found(node_object(&node)),
            Resolved::Absent { depth } => trees::Resolved::Absent(depth),
            Resolved::NotDirectory { depth } => trees::Resolved::NotDirectory(depth),
        })
    }

    fn resolve_attributes(
        workspace: types::Id,
        root: types::Id,
        path: Vec<u8>,
    ) -> Result<Option<types::Id>, types::Error> {
        let (root, path) = (AttributesId::from(root), Path::new(&path)?);
        let resolve = move |io| async move { tree::resolve_attributes(&io, root, &path).await };
        Ok(drive(workspace, resolve)?.map(Into::into))
    }

    fn list_directory(
        workspace: types::Id,
        directory: types::Id,
        from: Vec<u8>,
        max: u64,
    ) -> Result<Vec<trees::Child>, types::Error> {
        let id = NodeId::from(directory);
        let listed = drive(workspace, move |io| async move {
            let node = io.fetch_node(id).await?;
            let directory = node.as_directory().ok_or(Error::NodeMismatch)?;
            tree::list_directory(&io, directory, &from, max).await
        })?;
        let child = |named: tree::NamedChild| trees::Child {
            name: named.name.as_bytes().to_vec(),
            kind: node_kind(named.child.kind),
            id: named.child.id.into(),
        };
        Ok(listed.into_iter().map(child).collect())
    }

    fn compare(
        workspace: types::Id,
        before: types::Id,
        after: types::Id,
        everything: bool,
        max: u64,
    ) -> Result<trees::Changes, types::Error> {
        let (before, after) = (NodeId::from(before), NodeId::from(after));
        let expansion = if everything { Expansion::Everything } else { Expansion::Whole };
        let compare =
            move |io| async move { tree::difference(&io, before, after, expansion, max).await };
        let found = drive(workspace, compare)?;
        let changes = found.changes.into_iter().map(change).collect();
        Ok(trees::Changes { changes, complete: found.is_complete })
    }

    fn prove(
        workspace: types::Id,
        root: types::Id,
        snapshot: Option<Vec<u8>>,
        path: Vec<u8>,
        grade: trees::Grade,
    ) -> Result<Option<Vec<u8>>, types::Error> {
        let (root, path) = (NodeId::from(root), Path::new(&path)?);
        let of = match snapshot {
            Some(bytes) => {
                let snapshot = Snapshot::decode(&bytes)?;
                if snapshot.root != root {
                    return Err(Error::RootMismatch.into());
                }
                ProofOf::Snapshot(Box::new(snapshot))
            }
            None => ProofOf::Root(root),
        };
        let grade = match grade {
            trees::Grade::Full => tree::Grade::Full,
            trees::Grade::Blind => tree::Grade::Blind,
        };
        let prove = move |io| async move { tree::prove_path(&io, of, &path, grade).await };
        Ok(drive(workspace, prove)?.map(|proof| proof.encode()))
    }
}

/// A node as an object.
pub(super) fn node_object(node: &Node) -> types::Object {
    let bytes = node.encode();
    let id = ObjectId { kind: ObjectKind::Node, bytes: *node.id().as_bytes() };
    types::Object { id: id.into(), bytes }
}

fn change(change: TreeChange) -> trees::Change {
    match change {
        TreeChange::Added { path, child } => trees::Change::Added(placed(&path, child)),
        TreeChange::Removed { path, child } => trees::Change::Removed(placed(&path, child)),
        TreeChange::Changed { path, before, after } => {
            trees::Change::Changed((placed(&path, before), placed(&path, after)))
        }
        TreeChange::Mode { path, before, after, executable } => {
            trees::Change::Mode((placed(&path, before), placed(&path, after), executable))
        }
        TreeChange::Moved { from, to, child } => {
            trees::Change::Moved((placed(&from, child), placed(&to, child)))
        }
    }
}

fn placed(path: &Path, Child { kind, id }: Child) -> trees::Placed {
    trees::Placed { path: path.as_bytes().to_vec(), kind: node_kind(kind), id: id.into() }
}

const fn node_kind(kind: NodeKind) -> trees::NodeKind {
    match kind {
        NodeKind::File => trees::NodeKind::File,
        NodeKind::Symlink => trees::NodeKind::Symlink,
        NodeKind::Directory => trees::NodeKind::Directory,
        NodeKind::SealedFile => trees::NodeKind::SealedFile,
        NodeKind::SealedSymlink => trees::NodeKind::SealedSymlink,
        NodeKind::SealedDirectory => trees::NodeKind::SealedDirectory,
    }
}
